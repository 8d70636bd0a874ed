package actors

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

// a session that closes while a connection catches up.
func TestCloseWhileCatchingUp(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		v, ada := talking(w)
		ada.good(t, ada.say("one"))
		var answer func()
		hook.read = func(ref engine.SessionRef, after engine.Seq, limit int, done func([]*engine.Entry, error)) bool {
			answer = func() { hook.fakeStore.ReadFrom(ref, after, limit, done) }
			return true
		}
		tab := w.visitor(v.token)
		if tab.id != v.id {
			t.Fatal("no session in the welcome")
		}
		synctest.Wait()
		hook.read = nil
		ada.good(t, ada.do(engine.Draft{Op: engine.OpClose}))
		answer()
		synctest.Wait()
		if _, ok := lastSignal[engine.Situation](tab.screen); !ok {
			t.Error("the second tab was welcomed to a session and never heard of it")
		}
		if k := tab.kinds(); len(k) == 0 || k[len(k)-1] != engine.KindSessionClosed {
			t.Errorf("the second tab saw %v", k)
		}
	})
}

// a panic after quit.
func TestStopEndsAfterPanic(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		v, ada := talking(w)
		var finish func()
		hook.append = func(a []engine.Append, done func([]error)) bool {
			finish = func() { hook.fakeStore.Append(a, done) }
			return true
		}
		v.say("boom")
		synctest.Wait()
		hook.append = nil
		ada.screen.onEntry = func(*engine.Entry) { ada.screen.onEntry = nil; panic("broken outlet") }
		stopped := make(chan error)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			stopped <- w.sys.Stop(ctx)
		}()
		synctest.Wait() // quit has been told and waits for the append
		finish()
		if err := <-stopped; err != nil {
			t.Errorf("stop: %v", err)
		}
	})
}

// a start that looked the open session up before the system stopped.
func TestStartBesideStopOpensNoSecondSession(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v := w.visitor("")
		v.start("hello")
		// What Stop does, while a goroutine is inside seat.Post, behind its check of stopping.
		w.sys.stopping.Store(true)
		if err := w.sys.stopSessions(w.t.Context()); err != nil {
			t.Fatal(err)
		}
		err := w.sys.tenant("demo").start(v.seat.(*seat), engine.Draft{Op: engine.OpStart, Request: "late", ClientID: "late"})
		synctest.Wait()
		open := 0
		w.store.Memory.mu.Lock()
		for _, r := range w.store.Memory.sessions {
			if !r.closed && r.last > 0 {
				open++
			}
		}
		w.store.Memory.mu.Unlock()
		if open != 1 {
			t.Errorf("I8: the visitor has %d open sessions in the store (start answered %v)", open, err)
		}
		w.sys.stopping.Store(false)
	})
}

// a session that never started is forgotten with its visitor.
func TestSessionThatNeverStartedIsForgotten(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v := w.visitor("")
		w.store.setFailing(engine.ErrFull)
		if a := v.answer(t, v.do(engine.Draft{Op: engine.OpStart})); a.Err == nil {
			t.Fatal("started on a full store")
		}
		w.store.setFailing(nil)
		v.seat.Leave()
		time.Sleep(24 * time.Hour)
		tn := w.sys.tenant("demo")
		if len(tn.visitors) != 0 || len(tn.sessions) != 0 || w.sys.sweep.size() != 0 {
			t.Errorf("a day later: %d visitors, %d sessions, %d swept", len(tn.visitors), len(tn.sessions), w.sys.sweep.size())
		}
	})
}

// a start that meets the session's end opens the next session.
func TestStartMeetsEnd(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		v := w.visitor("")
		v.start("hello")
		first := v.id
		h := w.sys.tenant("demo").known(v.id)
		hook.release = func(ref engine.SessionRef) { // between the verdict and leave
			hook.release = nil
			h.post(draftPosted{seat: v.seat.(*seat), draft: engine.Draft{Op: engine.OpStart, Request: "late", ClientID: "late", Body: engine.BodyOf("again")}})
		}
		v.do(engine.Draft{Op: engine.OpClose})
		if a := v.answer(t, "late"); a.Err != nil || a.Session == first {
			t.Errorf("start: got %v", a.Err)
		}
	})
}

// a start while the closing entry is on its way to the log.
func TestStartMeetsClosing(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		v := w.visitor("")
		v.start("hello")
		first := v.id
		var late string
		hook.append = func(a []engine.Append, done func([]error)) bool {
			hook.append = nil
			late = v.do(engine.Draft{Op: engine.OpStart, Body: engine.BodyOf("again")})
			return false
		}
		v.do(engine.Draft{Op: engine.OpClose})
		synctest.Wait()
		if a := v.answer(t, late); a.Err != nil || a.Session == first {
			t.Errorf("start: got %v", a.Err)
		}
	})
}

// questions after the stop are answered.
func TestInfoAfterStop(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v, _ := talking(w)
		w.stop()
		ctx, cancel := context.WithTimeout(w.t.Context(), time.Hour)
		defer cancel()
		if _, err := w.sys.SessionInfo(ctx, engine.SessionRef{Tenant: "demo", Session: v.id}); errors.Is(err, context.DeadlineExceeded) {
			t.Error("SessionInfo waits for ever")
		}
		if _, err := w.sys.OperatorInfo(ctx, "demo", "ada"); errors.Is(err, context.DeadlineExceeded) {
			t.Error("OperatorInfo waits for ever")
		}
	})
}

// what a signed-out operator's connection still says has no effect.
func TestSignedOutStaysSignedOut(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v, ada := talking(w)
		if _, err := w.sys.Revoke(w.t.Context(), "demo", "ada", "k"); err != nil {
			t.Fatal(err)
		}
		ada.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentAccepting})
		ada.say("after the sign-out")
		synctest.Wait()
		if got := w.store.intents["ada"].Intent; got != engine.IntentSignedOut {
			t.Errorf("stored intent: %v", got)
		}
		if texts := v.texts(); len(texts) != 1 {
			t.Errorf("the visitor was told %q", texts)
		}
	})
}

// an offer that was on its way when its operator signed out.
func TestOfferOnItsWayToSignedOut(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		ada := w.operator("ada")
		v := w.visitor("")
		hook.append = func(a []engine.Append, done func([]error)) bool {
			if a[0].Entries[0].Kind != engine.KindOfferMade {
				return false
			}
			hook.append = nil
			ada.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentSignedOut})
			go func() {
				time.Sleep(time.Second)
				hook.fakeStore.Append(a, done)
			}()
			return true
		}
		v.start("hello")
		time.Sleep(2 * time.Second)
		if r, ok := lastSignal[engine.OfferRevoked](ada.screen); !ok {
			t.Errorf("a signed-out operator keeps an offer: %v", r)
		}
	})
}
