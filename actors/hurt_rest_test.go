package actors

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

// a visitor who has waited silently longer than IdleAfter loses its connection
// for a moment; anything that wakes the session (REST, an offer) makes it be given up at once.
func TestGraceSurvivesRest(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v := w.visitor("")
		v.start("hello")
		time.Sleep(11 * time.Minute)
		v.seat.Leave()
		time.Sleep(time.Second)
		ref := engine.SessionRef{Tenant: "demo", Session: v.id}
		if info, err := w.sys.SessionInfo(w.t.Context(), ref); err != nil || info.State != engine.StateQueued {
			t.Fatalf("got %v %v", info.State, err)
		}
		time.Sleep(5 * time.Second)
		back := w.visitor(v.token)
		if back.id != v.id {
			t.Errorf("6 s after the connection was lost (grace is 45 s): the session is gone")
		}
	})
}

// the same by way of an offer.
func TestOfferWithinGraceAfterRest(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v := w.visitor("")
		v.start("hello")
		time.Sleep(11 * time.Minute)
		v.seat.Leave()
		ada := w.operator("ada")
		time.Sleep(5 * time.Second)
		if r, revoked := lastSignal[engine.OfferRevoked](ada.screen); revoked {
			t.Errorf("offer revoked within the grace: %v", r.Cause)
		}
		back := w.visitor(v.token)
		if back.id != v.id {
			t.Errorf("the session was given up 5 s after the connection was lost")
		}
	})
}

// sessions whose people are connected and silent cost nothing.
func TestSilentSessionIsNotTicked(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v, _ := talking(w)
		time.Sleep(11 * time.Minute)
		h := w.sys.tenant("demo").known(v.id)
		ticks := 0
		for range 40 {
			time.Sleep(w.sys.cfg.SweepEvery)
			ticks += len(w.sys.sweep.due(time.Now(), w.sys.cfg.IdleAfter))
			synctest.Wait()
		}
		_ = h
		if ticks > 2 {
			t.Errorf("a silent session was due %d times in 10 s", ticks)
		}
	})
}

// a session in wrap-up is still its operator's after a restart.
func TestWrapUpAfterRestart(t *testing.T) {
	ref := engine.SessionRef{Tenant: "demo", Session: engine.SessionID{9}}
	inWorld(t, func(c *Config, _ *engine.Tenant) {
		f := c.Store.(*fakeStore)
		f.rows = []*engine.Row{{Ref: ref, State: engine.StateClosing, Owner: "ada", Weight: 1000, Department: "sales", CloseBy: time.Now().Add(time.Hour)}}
	}, func(w *world) {
		synctest.Wait()
		info, _ := w.sys.OperatorInfo(w.t.Context(), "demo", "ada")
		if info.Used != 1000 || len(info.Sessions) != 1 {
			t.Errorf("used %d, sessions %d", info.Used, len(info.Sessions))
		}
	})
}

// after a restart an operator is back before a waiting visitor is.
func TestOfferAfterRestartBeforeVisitorIsBack(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v := w.visitor("")
		v.start("hello")
		w.store.Memory.mu.Lock()
		row := copyRow(w.store.Memory.sessions[engine.SessionRef{Tenant: "demo", Session: v.id}].row)
		w.store.Memory.mu.Unlock()
		w.stop()
		w.store.rows = []*engine.Row{row}
		appends := 0
		w.store.onAdd = func([]engine.Append) {
			if appends++; appends > 1000 {
				w.store.setFailing(engine.ErrFenced) // else this never ends
			}
		}
		w.start(Config{Store: w.store})
		w.operator("ada")
		time.Sleep(time.Second)
		if appends > 10 {
			t.Errorf("%d appends for one offer", appends)
		}
		w.store.setFailing(nil)
	})
}

// a grace longer than IdleAfter is counted from when the visitor left, not from when the session began.
func TestLongGraceSurvivesRest(t *testing.T) {
	inWorld(t, func(_ *Config, tn *engine.Tenant) { tn.Departments[0].QueueGrace = 30 * time.Minute }, func(w *world) {
		v := w.visitor("")
		v.start("hello")
		time.Sleep(25 * time.Minute)
		v.seat.Leave()
		time.Sleep(11 * time.Minute) // it rests
		ref := engine.SessionRef{Tenant: "demo", Session: v.id}
		for range 2 {
			if info, err := w.sys.SessionInfo(w.t.Context(), ref); err != nil || info.State != engine.StateQueued {
				t.Fatalf("11 of 30 minutes after the visitor left: %v %v", info.State, err)
			}
			time.Sleep(time.Second)
		}
		time.Sleep(20 * time.Minute)
		if info, _ := w.sys.SessionInfo(w.t.Context(), ref); info.State != engine.StateClosed {
			t.Errorf("after the grace: %v", info.State)
		}
	})
}
