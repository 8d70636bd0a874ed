package actors

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/parleyhq/parley/engine"
)

// reaching is a session whose last append has not come back, and an operator who
// reaches for it meanwhile. back lets the append come back.
func reaching(w *world, hook *hooked) (v, grace *person, request string, back func(error)) {
	w.t.Helper()
	grace = w.operator("grace")
	grace.good(w.t, grace.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentPaused})) // nothing is offered
	v = w.visitor("")
	v.start("hello")
	grace.id = v.id
	var done func([]error)
	hook.append = func(_ []engine.Append, d func([]error)) bool {
		hook.append = nil
		done = d
		return true
	}
	v.say("more")
	synctest.Wait()
	request = grace.do(engine.Draft{Op: engine.OpPick})
	synctest.Wait()
	return v, grace, request, func(err error) {
		go done([]error{err})
		synctest.Wait()
	}
}

func inPicking(t *testing.T, test func(*world, *hooked)) {
	t.Helper()
	var hook *hooked
	inWorld(t, func(c *Config, tn *engine.Tenant) {
		hook = &hooked{fakeStore: c.Store.(*fakeStore)}
		c.Store = hook
		tn.Operators[1].MayPick = true
	}, func(w *world) { test(w, hook) })
}

// who reaches for a session that is rebuilt is told so, and may reach again.
func TestPickBesideStoreFailure(t *testing.T) {
	inPicking(t, func(w *world, hook *hooked) {
		_, grace, request, back := reaching(w, hook)
		back(engine.ErrFull)
		if a := grace.answer(w.t, request); !errors.Is(a.Err, engine.ErrFull) {
			t.Errorf("got %v, want %v", a.Err, engine.ErrFull)
		}
		if a := grace.good(w.t, grace.do(engine.Draft{Op: engine.OpPick})); a.Epoch == 0 {
			t.Error("picked, and owns nothing")
		}
	})
}

// a connection that breaks the session's actor is not its operators' fault.
func TestPickBesidePanic(t *testing.T) {
	inPicking(t, func(w *world, hook *hooked) {
		v, grace, request, back := reaching(w, hook)
		v.mu.Lock()
		v.onEntry = func(*engine.Entry) { panic("broken outlet") }
		v.mu.Unlock()
		back(nil)
		if a := grace.answer(w.t, request); !errors.Is(a.Err, engine.ErrBusy) {
			t.Errorf("got %v, want %v", a.Err, engine.ErrBusy)
		}
	})
}

// the router's word comes too late for who reaches when the system stops.
func TestPickBesideStop(t *testing.T) {
	inPicking(t, func(w *world, hook *hooked) {
		_, grace, request, back := reaching(w, hook)
		stopped := make(chan error)
		go func() { stopped <- w.sys.Stop(context.Background()) }()
		synctest.Wait()
		back(nil)
		if err := <-stopped; err != nil {
			t.Errorf("stop: %v", err)
		}
		if a := grace.answer(w.t, request); a.Err == nil {
			t.Error("picked beside a stop: the session cannot have heard of it")
		}
	})
}
