package actors

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// TestExplainOnASocket: who has the session, or supervises its department, is told
// how it was decided upon; nobody else is.
func TestExplainOnASocket(t *testing.T) {
	change := func(_ *Config, tenant *engine.Tenant) {
		tenant.Operators = []engine.Operator{{ID: "ada", Capacity: 2}, {ID: "grace", Capacity: 3}, {ID: "hedy", Capacity: 3}, {ID: "joan", Capacity: 3}}
	}
	inWorld(t, change, func(w *world) {
		ada := w.operator("ada")
		v := served(w, ada)
		boss := w.attendAs("grace", []engine.Role{engine.RoleOperator, engine.RoleSupervisor})
		other := w.operator("hedy")
		ask := func(p *person, d engine.Draft) engine.Answer {
			d.Op, d.Session = engine.OpExplain, v.id
			return p.answer(t, p.do(d))
		}
		a := ask(ada, engine.Draft{})
		if a.Err != nil || a.Decisions == nil || len(a.Decisions.Last) != 1 || a.Decisions.More || a.Decisions.Why != nil {
			t.Fatalf("got %v, %+v", a.Err, a.Decisions)
		}
		seq := a.Decisions.Last[0].Seq
		if first := a.Decisions.Last[0]; first.Operator != "ada" || !first.Accepted || first.Decision.Winner.Operator != "ada" {
			t.Errorf("got %+v", first)
		}
		for name, test := range map[string]struct {
			who    *person
			draft  engine.Draft
			want   *engine.Error
			reason string
		}{
			"the supervisor":    {boss, engine.Draft{For: "joan", Target: seq}, nil, "not_routable"},
			"of the last":       {boss, engine.Draft{For: "joan"}, nil, "not_routable"},
			"who has it":        {ada, engine.Draft{For: "ada", Target: seq}, nil, "winner"},
			"who has no part":   {other, engine.Draft{For: "hedy"}, engine.ErrNotFound, ""},
			"the visitor":       {v, engine.Draft{}, engine.ErrNotFound, ""},
			"no decision":       {ada, engine.Draft{Target: seq + 1}, engine.ErrNotFound, ""},
			"no operator":       {ada, engine.Draft{For: "nobody"}, engine.ErrBadRequest, ""},
			"another's session": {ada, engine.Draft{Target: 99, For: "ada"}, engine.ErrNotFound, ""},
		} {
			a := ask(test.who, test.draft)
			if test.want != nil {
				if !errors.Is(a.Err, test.want) || a.Decisions != nil {
					t.Errorf("%s: got %v, %+v, want %v", name, a.Err, a.Decisions, test.want)
				}
				continue
			}
			if a.Err != nil || a.Decisions.Why == nil || a.Decisions.Why.Seq != seq || a.Decisions.Why.Reason != test.reason {
				t.Errorf("%s: got %v, %+v, want %s", name, a.Err, a.Decisions, test.reason)
			}
		}
	})
}

// TestExplainWhileTheRouterPanics: who asks is answered, once.
func TestExplainWhileTheRouterPanics(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ada := w.operator("ada")
		v := served(w, ada)
		var healed atomic.Bool
		w.poison(func(in routing.Input) bool {
			_, ok := in.(routing.Explain)
			return ok && !healed.Load()
		})
		first := ada.do(engine.Draft{Op: engine.OpExplain, Session: v.id, For: "ada"})
		second := ada.do(engine.Draft{Op: engine.OpExplain, Session: v.id, For: "ada"})
		for _, request := range []string{first, second} {
			if a := ada.answer(t, request); !errors.Is(a.Err, engine.ErrInternal) && !errors.Is(a.Err, engine.ErrBusy) {
				t.Errorf("got %v", a.Err)
			}
		}
		healed.Store(true)
		time.Sleep(routerPauseMost + time.Second)
		synctest.Wait()
		if a := ada.answer(t, ada.do(engine.Draft{Op: engine.OpExplain, Session: v.id, For: "ada"})); a.Err != nil || a.Decisions.Why.Reason != "winner" {
			t.Errorf("afterwards: got %v, %+v", a.Err, a.Decisions)
		}
	})
}
