package actors

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// TestDecisions: each offer says what the router saw and which rule decided; what
// became of it; and everybody else can ask why not.
func TestDecisions(t *testing.T) {
	change := func(c *Config, tenant *engine.Tenant) {
		tenant.Operators = []engine.Operator{
			{ID: "ada", Capacity: 2},
			{ID: "grace", Capacity: 3},
			{ID: "hedy", Capacity: 3, Departments: []engine.DepartmentID{"support"}},
			{ID: "joan", Capacity: 3},
		}
	}
	inWorld(t, change, func(w *world) {
		ctx := w.t.Context()
		ada := w.operator("ada")
		served(w, ada)
		grace := w.operator("grace")
		w.operator("hedy")
		v := w.visitor("")
		v.start("hello") // grace has nothing to do
		grace.good(t, grace.do(engine.Draft{
			Op: engine.OpReject, Session: v.id, Offer: wantSignal[engine.OfferNew](t, grace.screen).Offer.ID, Epoch: wantSignal[engine.OfferNew](t, grace.screen).Offer.Epoch,
		}))
		synctest.Wait()
		ada.acceptOffer()
		all, err := w.sys.Decisions(ctx, w.ref(v.id))
		if err != nil || len(all) != 2 {
			t.Fatalf("decisions: got %+v, %v, want two", all, err)
		}
		first, second := all[0], all[1]
		if first.Operator != "grace" || first.Accepted || first.Ended != engine.CauseRejected || first.Decision.Winner.Operator != "grace" || first.Decision.Rule != "balanced" {
			t.Errorf("first: got %+v, want grace by balanced, rejected", first)
		}
		if second.Operator != "ada" || !second.Accepted || second.EndedAt.IsZero() {
			t.Errorf("second: got %+v, want ada, accepted", second)
		}
		for _, test := range []struct {
			of   Decided
			who  engine.OperatorID
			want string
		}{
			{first, "grace", "winner"},
			{first, "ada", "next"},
			{first, "hedy", "not_member"},
			{first, "joan", "not_routable"},
			{second, "grace", "declined"},
		} {
			got, err := w.sys.Explain(ctx, w.ref(v.id), test.of.Seq, test.who)
			if err != nil || got.Reason != test.want {
				t.Errorf("why not %s in %d: got %+v, %v, want %s", test.who, test.of.Seq, got, err, test.want)
			}
		}
		if _, err := w.sys.Explain(ctx, w.ref(v.id), 1, "ada"); err != engine.ErrNotFound {
			t.Errorf("no decision: got %v, want not_found", err)
		}
		if _, err := w.sys.Explain(ctx, w.ref(v.id), first.Seq, "nobody"); err != engine.ErrNotFound {
			t.Errorf("no operator: got %v, want not_found", err)
		}
		if _, err := w.sys.Decisions(ctx, w.ref(engine.SessionID{1})); err != engine.ErrNotFound {
			t.Errorf("no session: got %v, want not_found", err)
		}
	})
}

// TestExplainAfterARouterBeganAnew: a decision's number means another one now; what
// the record itself says is still said.
func TestExplainAfterARouterBeganAnew(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ada := w.operator("ada")
		v := served(w, ada)
		time.Sleep(time.Second)
		w.poison(func(routing.Input) bool { return false })
		w.must(ada, ada.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentPaused}))
		grace := w.operator("grace")
		for range 3 { // decisions of the new life
			served(w, grace)
		}
		all, err := w.sys.Decisions(w.t.Context(), w.ref(v.id))
		if err != nil || len(all) != 1 {
			t.Fatalf("decisions: got %+v, %v, want one", all, err)
		}
		for who, want := range map[engine.OperatorID]string{"ada": "winner", "grace": "unknown"} {
			got, err := w.sys.Explain(w.t.Context(), w.ref(v.id), all[0].Seq, who)
			if err != nil || got.Reason != want {
				t.Errorf("why not %s: got %+v, %v, want %s", who, got, err, want)
			}
		}
	})
}
