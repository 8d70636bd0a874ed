package actors

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/parleyhq/parley/engine"
)

// TestSpots: of many frames about one in thirty-two is looked at, and the first of all.
func TestSpots(t *testing.T) {
	s := newSpots(engine.SessionID{12: 7, 15: 3})
	const frames, readers = 320_000, 32
	seen, of := 0, map[int]int{}
	for i := range frames {
		if !s.pass() {
			if seen == 0 && i > 0 {
				t.Errorf("the first that is looked at: got frame %d", i)
			}
			seen++
			of[i%readers]++
			s.next()
		}
	}
	if seen < frames/40 || seen > frames/25 {
		t.Errorf("looked at: got %d of %d, want about one in 32", seen, frames)
	}
	for r := range readers {
		if of[r] < seen/readers/2 {
			t.Errorf("of reader %d: got %d, want about %d", r, of[r], seen/readers)
		}
	}
}

// misled lets a connection of ada's count as good for what its token does not name.
func misled(w *world, ada *person, in *sessionActor) {
	s := ada.seat.(*seat)
	token := *s.principal.Load()
	token.Departments = []engine.DepartmentID{"elsewhere"}
	s.principal.Store(&token)
	s.good.Store(&good{tenant: s.tenant.config(), principal: &token, department: in.rules.Department(), is: true})
}

// TestPagesAreLookedAt: a page of the log goes to nobody who may not have it, though the
// session's own judgement is misled; nor does anything else of the session after that.
func TestPagesAreLookedAt(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.violates = true
		ada := w.operator("ada")
		v := served(w, ada)
		misled(w, ada, w.inside(v.id))
		a := ada.answer(t, ada.do(engine.Draft{Op: engine.OpHistory, Session: v.id}))
		wantFrozen(t, a)
		if len(a.Entries) > 0 {
			t.Errorf("the answer has %d entries, want none", len(a.Entries))
		}
		ada.mu.Lock()
		shown := len(ada.entries)
		ada.mu.Unlock()
		synctest.Wait()
		ada.mu.Lock()
		defer ada.mu.Unlock()
		if len(ada.entries) != shown || !slices.Contains(ada.closed, engine.ReasonFailed) {
			t.Errorf("after that: got %d more entries, closed %v; want none, closed", len(ada.entries)-shown, ada.closed)
		}
		if r := w.sys.Invariants(); r.Violations["I10"] == 0 || len(r.Frozen) != 1 {
			t.Errorf("invariants: got %+v, want it frozen for I10", r)
		}
		if got := w.visitor(v.token, engine.Have{Session: v.id}).texts(); !slices.Equal(got, []string{"hello", "good day"}) {
			t.Errorf("its visitor reads %v", got)
		}
	})
}

// TestNothingInternalReachesTheVisitor: its connection is misled about which side it is
// on. What it is told first is looked at: it gets nothing.
func TestNothingInternalReachesTheVisitor(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.violates = true
		ada := w.operator("ada")
		v := served(w, ada)
		v.mu.Lock()
		signals, entries := len(v.signals), len(v.entries)
		v.mu.Unlock()
		v.seat.(*seat).reader = engine.VisibleToOperators
		w.inside(v.id)
		v.mu.Lock()
		defer v.mu.Unlock()
		if len(v.signals) != signals || len(v.entries) != entries || len(v.closed) != 1 {
			t.Errorf("got %v and %d entries more, closed %v; want nothing, closed once", v.signals[signals:], len(v.entries)-entries, v.closed)
		}
	})
}

// TestWhatIsHeldIsLookedAt: nor does what is held about the visitor.
func TestWhatIsHeldIsLookedAt(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.violates = true
		ada := w.operator("ada")
		v := served(w, ada)
		if a := v.identify(change(engine.BasisContract, "name", "Vera")); a.Err != nil {
			t.Fatal(a.Err)
		}
		misled(w, ada, w.inside(v.id))
		a := ada.answer(t, ada.do(engine.Draft{Op: engine.OpIdentity, Session: v.id}))
		wantFrozen(t, a)
		if a.Held != nil {
			t.Error("the answer says what is held")
		}
	})
}
