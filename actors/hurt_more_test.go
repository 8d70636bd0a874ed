package actors

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

// a connection that found the session open and is seated after its end.
func TestAttachMeetsEnd(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		v := w.visitor("")
		v.start("hello")
		tab := w.visitor(v.token)
		h := w.sys.tenant("demo").known(v.id)
		late := &seat{sys: w.sys, tenant: w.sys.tenant("demo"), author: engine.Author{Kind: engine.AuthorVisitor}, visitor: tab.seat.(*seat).visitor, outlet: newScreen()}
		hook.release = func(engine.SessionRef) { // between the verdict and leave
			hook.release = nil
			h.tell(attach{seat: late})
		}
		v.do(engine.Draft{Op: engine.OpClose})
		synctest.Wait()
		if sit, ok := lastSignal[engine.Situation](late.outlet.(*screen)); !ok || sit.State != engine.StateClosed {
			t.Errorf("a connection that was welcomed to the session never heard of it: %v", sit.State)
		}
	})
}

// a visitor who leaves during wrap-up is not present.
func TestVisitorLeavesDuringWrapUp(t *testing.T) {
	inWorld(t, func(_ *Config, tn *engine.Tenant) { tn.Departments[0].WrapUp = time.Hour }, func(w *world) {
		v, ada := talking(w)
		ada.good(t, ada.do(engine.Draft{Op: engine.OpClose}))
		v.seat.Leave()
		synctest.Wait()
		info, err := w.sys.SessionInfo(w.t.Context(), engine.SessionRef{Tenant: "demo", Session: v.id})
		if err != nil || info.Present {
			t.Errorf("present: %v, %v", info.Present, err)
		}
	})
}

type slowIntents struct {
	*fakeStore
	finish func()
}

func (s *slowIntents) PutIntent(tn engine.TenantID, o engine.OperatorID, info engine.IntentInfo, memo *engine.Memo, done func(error)) {
	if info.Intent == engine.IntentPaused {
		s.finish = func() { s.fakeStore.PutIntent(tn, o, info, memo, done) }
		return
	}
	s.fakeStore.PutIntent(tn, o, info, memo, done)
}

// an intent that was taken before the stop is answered.
func TestIntentBesideStopIsAnswered(t *testing.T) {
	var slow *slowIntents
	inWorld(t, func(c *Config, _ *engine.Tenant) {
		slow = &slowIntents{fakeStore: c.Store.(*fakeStore)}
		c.Store = slow
	}, func(w *world) {
		ada := w.operator("ada")
		r := ada.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentPaused})
		synctest.Wait()
		stopped := make(chan error)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			stopped <- w.sys.Stop(ctx)
		}()
		synctest.Wait()
		slow.finish()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		ada.good(t, r)
	})
}
