package session_test

import (
	"errors"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

func weighing(n int) *engine.Plan { return &engine.Plan{Weight: &n} }

// A start says what the session weighs while it is served; only a signed proof may.
func TestAStartSaysTheWeight(t *testing.T) {
	l := newLife(t)
	start := engine.Draft{Op: engine.OpStart, Department: "strict", Plan: weighing(150)}
	l.bad(engine.ErrForbidden, visitor, start)
	for _, n := range []int{engine.MinWeight - 1, engine.MaxWeight + 1, 0} {
		d := start
		d.Plan = weighing(n)
		if a := l.answer(visitor, engine.RightPriority, d); !errors.Is(a.Err, engine.ErrBadRequest) || a.Err.Fields[0] != "weight" {
			t.Fatalf("%d: got %+v", n, a)
		}
	}
	if a := l.answer(visitor, engine.RightPriority, start); a.Err != nil {
		t.Fatal(a.Err)
	}
	weighs := func(when string, want int) {
		t.Helper()
		if got := l.s.Row().Weight; got != want {
			t.Fatalf("%s: got %d, want %d", when, got, want)
		}
	}
	weighs("waiting", 150)
	if body := string(l.log[0].Body.Reveal()); body != `{"weight":150}` {
		t.Fatalf("the log's first entry says %s", body)
	}
	l.offer("ada")
	l.good(operator("ada"), engine.Draft{Op: engine.OpAccept, Offer: l.s.Row().Offers[0].ID})
	weighs("served", 150)
	l.restarted()
	l.do(session.Recover{Since: l.now})
	weighs("after a restart", 150)
	l.good(operator("ada"), l.say("hello"))
	l.advance(10 * time.Second)
	if d, _ := tenant.Department("strict"); l.last().Kind != engine.KindIdleOn || d.IdleWeight <= 150 {
		t.Fatalf("got %v, idle weighs %d", l.last(), d.IdleWeight)
	}
	weighs("idle, which never weighs more", 150)
	l.good(operator("ada"), engine.Draft{Op: engine.OpSet, Plan: weighing(2500)})
	d, _ := tenant.Department("strict")
	weighs("set while idle", d.IdleWeight)
	l.good(operator("ada"), l.say("are you there?"))
	weighs("served again", 2500)
	l.good(operator("ada"), engine.Draft{Op: engine.OpRelease, Plan: &engine.Plan{Target: engine.Target{Department: "support"}}})
	weighs("in another department", 2500)
	if v := l.s.Situation(engine.VisibleToOperators).Serving; v.Weight != 2500 {
		t.Fatalf("told to operators: %+v", v)
	}
}

// Who may set what a session needs may set what it weighs.
func TestAWeightIsSet(t *testing.T) {
	l := newLife(t)
	l.owned()
	l.bad(engine.ErrForbidden, visitor, engine.Draft{Op: engine.OpSet, Plan: weighing(200)})
	l.bad(engine.ErrBadRequest, server, engine.Draft{Op: engine.OpSet, Plan: weighing(engine.MaxWeight + 1)})
	l.good(server, engine.Draft{Op: engine.OpSet, ClientID: "w", Plan: weighing(200)})
	l.good(server, engine.Draft{Op: engine.OpSet, ClientID: "w", Plan: weighing(200)})
	l.bad(engine.ErrIdemConflict, server, engine.Draft{Op: engine.OpSet, ClientID: "w", Plan: weighing(300)})
	if row := l.s.Row(); row.Weight != 200 || l.last().Kind != engine.KindPrioritySet {
		t.Fatalf("weighs %d after %v", row.Weight, l.last())
	}
	l.good(operator("ada"), engine.Draft{Op: engine.OpClose})
	if row := l.s.Row(); row.State != engine.StateClosing || row.Weight != 200 {
		t.Fatalf("%v weighs %d, want 200", row.State, row.Weight)
	}
}
