package actors

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

// unhurried is an outlet that takes its time to write the welcome: Visit has found
// the visitor's open session by then, and has not seated the connection there yet.
type unhurried struct {
	*screen
	takes time.Duration
}

func (u *unhurried) Answer(a engine.Answer) bool {
	if a.Welcome != nil {
		time.Sleep(u.takes)
	}
	return u.screen.Answer(a)
}

// empty reports what the system still holds of sessions and visitors.
func (w *world) empty(when string) {
	w.t.Helper()
	synctest.Wait()
	tn := w.sys.tenant("demo")
	tn.mu.Lock()
	defer tn.mu.Unlock()
	if len(tn.sessions)+len(tn.visitors)+w.sys.sweep.size() != 0 {
		w.t.Errorf("%s: %d sessions, %d visitors, %d swept are left", when, len(tn.sessions), len(tn.visitors), w.sys.sweep.size())
	}
}

// neverStarted leaves a visitor with an open session to which the store could not
// write, and nobody connected.
func neverStarted(w *world) *person {
	w.t.Helper()
	v := w.visitor("")
	w.store.setFailing(engine.ErrFull)
	if a := v.answer(w.t, v.do(engine.Draft{Op: engine.OpStart})); a.Err == nil {
		w.t.Fatal("started on a full store")
	}
	w.store.setFailing(nil)
	v.seat.Leave()
	synctest.Wait()
	return v
}

// a connection that found a session which then ended without ever having started
// was seated in one that nothing ended: nobody knew any more that it sat there.
func TestConnectionMeetsEndOfWhatNeverStarted(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		token := neverStarted(w).token
		late := &unhurried{screen: newScreen(), takes: 2 * w.sys.cfg.IdleAfter}
		visit := engine.Visit{Request: "hi", Tenant: w.tenant, Token: token, Origin: "https://shop.example"}
		seat, err := w.sys.Visit(context.Background(), visit, late)
		if err != nil {
			t.Fatal(err)
		}
		found := late.good(t, "hi").Welcome.Session
		if found.IsZero() {
			t.Fatal("the connection found no session: there is nothing to try")
		}
		if sit, shown := lastSignal[engine.Situation](late.screen); shown {
			t.Errorf("it was seated in what had ended: %s", sit.State)
		}
		p := &person{screen: late.screen, w: w, seat: seat, token: token}
		if p.start("hello"); p.id == found {
			t.Error("what had ended started")
		}
		p.good(t, p.do(engine.Draft{Op: engine.OpClose}))
		seat.Leave()
		w.empty("when all have left")
	})
}

// the same, between the verdict on it and the end of its actor.
func TestConnectionMeetsVerdictOnWhatNeverStarted(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		var meets atomic.Pointer[func()]
		hook.release = func(engine.SessionRef) {
			if meet := meets.Swap(nil); meet != nil {
				(*meet)()
			}
		}
		v := neverStarted(w)
		tn, ending := w.sys.tenant("demo"), w.sys.sweep.all()[0]
		late := &seat{
			sys: w.sys, tenant: tn, author: engine.Author{Kind: engine.AuthorVisitor},
			visitor: v.seat.(*seat).visitor, outlet: newScreen(),
		}
		var told atomic.Bool
		meet := func() { told.Store(ending.tell(attach{seat: late})) }
		meets.Store(&meet)
		time.Sleep(2 * w.sys.cfg.IdleAfter)
		synctest.Wait()
		if !told.Load() {
			t.Fatal("the session did not end, or not then")
		}
		w.empty("with nobody there")
	})
}

// an end that the store could not take is taken later: whatever was due is due
// still, although nobody is there and nothing else wakes the session.
func TestEndThatWasNotStoredComesLater(t *testing.T) {
	inWorld(t, func(_ *Config, tn *engine.Tenant) { tn.Departments[0].WrapUp = time.Minute }, func(w *world) {
		v, ada := talking(w)
		ada.good(t, ada.do(engine.Draft{Op: engine.OpClose}))
		v.seat.Leave()
		ada.seat.Leave()
		synctest.Wait()
		w.store.setFailing(engine.ErrFull)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		w.store.setFailing(nil)
		time.Sleep(2 * claimAgain)
		w.empty("after the notes' time")
		if info, err := w.sys.OperatorInfo(w.t.Context(), "demo", "ada"); err != nil || info.Used != 0 || len(info.Sessions) != 0 {
			t.Errorf("the operator still has %d of load and %d sessions: %v", info.Used, len(info.Sessions), err)
		}
	})
}

// so is that of a session that waits, which the router would count for ever.
func TestWaitingThatWasNotEndedEndsLater(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v := w.visitor("")
		v.start("hello")
		v.seat.Leave()
		synctest.Wait()
		w.store.setFailing(engine.ErrFull)
		time.Sleep(time.Hour)
		synctest.Wait()
		w.store.setFailing(nil)
		time.Sleep(2 * claimAgain)
		w.empty("an hour after its visitor left")
	})
}

// a start whose visitor leaves while the store is asked for its keys is carried
// out once they are known: the store was asked again and again, for ever.
func TestVisitorLeavesWhileItsKeysAreAsked(t *testing.T) {
	inRecalling(t, func(w *world, store *recalling) {
		asked := 0
		store.recall = func(done func(map[engine.Tag]engine.SessionID, error)) bool {
			asked++
			time.AfterFunc(time.Second, func() { done(nil, nil) })
			return true
		}
		first := w.visitor("")
		first.seat.Leave()
		v := w.visitor(first.token)
		request := v.do(engine.Draft{Op: engine.OpStart})
		v.seat.Leave()
		time.Sleep(time.Minute)
		synctest.Wait()
		if asked != 1 {
			t.Errorf("the store was asked %d times for one visitor's keys", asked)
		}
		v.id = v.good(t, request).Session
		time.Sleep(time.Hour)
		info, err := w.sys.SessionInfo(w.t.Context(), engine.SessionRef{Tenant: "demo", Session: v.id})
		if err != nil || info.State != engine.StateClosed {
			t.Errorf("an hour later: %v, %v", info.State, err)
		}
		w.empty("an hour later")
	})
}
