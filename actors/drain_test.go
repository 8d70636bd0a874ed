package actors

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

// A planned drain is nobody's going away: however long it takes, owners who were sent
// away keep their sessions, visitors keep their places, and no audit finds an owner
// gone (I7).
func TestALongDrainIsNobodysGoingAway(t *testing.T) {
	short := func(c *Config, tenant *engine.Tenant) {
		noSilence(c, tenant)
		c.AuditEvery = time.Minute
		for i := range tenant.Departments {
			tenant.Departments[i].VisitorGrace = time.Minute
		}
	}
	inWorld(t, short, func(w *world) {
		visitor, ada := talking(w)
		waiting := w.visitor("")
		ada.declare(t, engine.IntentPaused)
		waiting.start("and I?")
		before := lastOf(t, w.store, w.ref(visitor.id))
		gone := w.operator("grace")
		gone.declare(t, engine.IntentPaused)
		gone.seat.Leave()
		time.Sleep(time.Minute) // its grace: from here on nobody has to tell it anything
		w.sys.Drain()
		synctest.Wait()
		late := w.operator("grace")
		late.declare(t, engine.IntentAccepting) // let in just before the door was closed
		waiting.wantState(t, engine.StateQueued, "")
		for _, p := range []*person{visitor, waiting, ada, late} {
			p.seat.Leave()
		}
		w.sys.tenant("demo").operator("ada").tell(tick{})
		for range 3 {
			time.Sleep(10 * time.Minute)
			for _, p := range []*person{visitor, waiting} { // wakes those at rest
				w.sys.tenant("demo").lookup(p.id).tell(tick{})
			}
		}
		synctest.Wait()
		visitor.wantState(t, engine.StateActive, "ada")
		waiting.wantState(t, engine.StateQueued, "")
		if got := lastOf(t, w.store, w.ref(visitor.id)); got != before {
			t.Errorf("%d entries were written in the drain", got-before)
		}
		if r := w.sys.Invariants(); r.Audits == 0 || len(r.Violations) > 0 {
			t.Errorf("after %d audits: %+v", r.Audits, r.Recent)
		}
	})
}

// An operator's actor that panics during a drain is rebuilt into it.
func TestADrainOutlivesAPanic(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		visitor, ada := talking(w)
		w.sys.Drain()
		ada.seat.Leave()
		synctest.Wait()
		desk := w.sys.tenant("demo").operator("ada")
		desk.state.stepping = true // as a panic inside the machine leaves it
		desk.tell(tick{})
		time.Sleep(30 * time.Minute)
		visitor.wantState(t, engine.StateActive, "ada")
	})
}

// An owner who is back soon after a restart costs its sessions no entry: they were
// never detached, and are as they were. A visitor who comes meanwhile finds its chat.
func TestARestartThatNobodyNoticesWritesNothing(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		visitor, _ := talking(w)
		w.crash()
		before := lastOf(t, w.store, w.ref(visitor.id))
		time.Sleep(3 * time.Second)
		back := w.visitor(visitor.token)
		time.Sleep(3 * time.Second)
		ada := w.operator("ada")
		time.Sleep(time.Minute)
		back.wantState(t, engine.StateActive, "ada")
		if got := lastOf(t, w.store, w.ref(visitor.id)); got != before {
			t.Errorf("%d entries were written", got-before)
		}
		ada.id = visitor.id
		ada.good(t, ada.say("still here"))
		if got := back.texts(); len(got) == 0 || got[len(got)-1] != "still here" {
			t.Errorf("the visitor reads %v", got)
		}
	})
}

// The grace of those who were connected before a start begins when they can come back,
// not while open sessions are still being taken up.
func TestGraceBeginsWhenTheStartIsOver(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		visitor, _ := talking(w)
		w.store.scan = engine.DefaultOperatorGrace - time.Second
		w.crash()
		time.Sleep(engine.DefaultOperatorGrace - time.Second)
		back := w.visitor(visitor.token)
		w.operator("ada")
		time.Sleep(time.Minute)
		back.wantState(t, engine.StateActive, "ada")
	})
}
