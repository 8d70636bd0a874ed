package actors

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

// hooked lets a test stand between the actors and the store.
type hooked struct {
	*fakeStore
	append  func(a []engine.Append, done func([]error)) bool
	claim   func(c engine.Claim, done func(engine.Head, []*engine.Entry, error)) bool
	read    func(ref engine.SessionRef, after engine.Seq, limit int, done func([]*engine.Entry, error)) bool
	release func(engine.SessionRef)
}

func (h *hooked) Append(a []engine.Append, done func([]error)) {
	if h.append == nil || !h.append(a, done) {
		h.fakeStore.Append(a, done)
	}
}

func (h *hooked) Claim(c engine.Claim, done func(engine.Head, []*engine.Entry, error)) {
	if h.claim == nil || !h.claim(c, done) {
		h.fakeStore.Claim(c, done)
	}
}

func (h *hooked) ReadFrom(ref engine.SessionRef, after engine.Seq, limit int, done func([]*engine.Entry, error)) {
	if h.read == nil || !h.read(ref, after, limit, done) {
		h.fakeStore.ReadFrom(ref, after, limit, done)
	}
}

func (h *hooked) Release(ref engine.SessionRef) {
	if h.release != nil {
		h.release(ref)
	}
}

func inHooked(t *testing.T, test func(*world, *hooked)) {
	t.Helper()
	var hook *hooked
	inWorld(t, func(c *Config, _ *engine.Tenant) {
		hook = &hooked{fakeStore: c.Store.(*fakeStore)}
		c.Store = hook
	}, func(w *world) { test(w, hook) })
}

// a draft in the same batch as a failed append.
func TestDraftBesideStoreFailure(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		visitor, operator := talking(w)
		var second, third string
		hook.append = func(a []engine.Append, done func([]error)) bool {
			hook.append = nil
			second = visitor.say("second")
			third = operator.say("third")
			told := make(chan struct{})
			go func() { done([]error{engine.ErrFull}); close(told) }()
			<-told
			return true
		}
		first := visitor.say("first")
		if a := visitor.answer(t, first); !errors.Is(a.Err, engine.ErrFull) {
			t.Errorf("first: %v", a.Err)
		}
		visitor.good(t, second)
		operator.good(t, third)
		if strings.Contains(w.logs.String(), "panicked") {
			t.Errorf("an actor panicked: %s", w.logs.String())
		}
	})
}

// the store is full while an offer is live: the rebuild writes offer.ended, fails, is rebuilt ...
func TestFullStoreDoesNotSpin(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		w.operator("ada")
		v := w.visitor("")
		v.start("hello")
		n := 0
		hook.append = func(a []engine.Append, done func([]error)) bool {
			n++
			if n > 1000 {
				return false
			}
			go done([]error{engine.ErrFull})
			return true
		}
		v.say("x")
		synctest.Wait()
		if n > 50 {
			t.Errorf("%d appends without any time passing", n)
		}
		hook.append = nil
	})
}

// one session whose log is damaged must not take its owner's other chats.
func TestCorruptSessionDoesNotLockOperatorOut(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		v, ada := talking(w)
		v.seat.Leave()
		ada.seat.Leave()
		time.Sleep(time.Hour) // the actor rests
		hook.claim = func(c engine.Claim, done func(engine.Head, []*engine.Entry, error)) bool {
			go done(engine.Head{}, nil, engine.ErrCorrupt)
			return true
		}
		back := w.operator("ada")
		synctest.Wait()
		if len(back.closed) != 0 {
			t.Errorf("the operator's whole connection was closed: %v", back.closed)
		}
	})
}

// a claim that fails once must not leave a waiting session without a deadline.
func TestFailedClaimIsTriedAgain(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		v := w.visitor("")
		v.start("hello")
		w.store.setFailing(engine.ErrFull)
		var good atomic.Bool
		hook.claim = func(c engine.Claim, done func(engine.Head, []*engine.Entry, error)) bool {
			if good.Load() {
				return false
			}
			go done(engine.Head{}, nil, engine.ErrBusy)
			return true
		}
		v.say("x")
		synctest.Wait()
		v.seat.Leave()
		synctest.Wait()
		w.store.setFailing(nil)
		good.Store(true)
		time.Sleep(time.Hour)
		info, err := w.sys.SessionInfo(w.t.Context(), engine.SessionRef{Tenant: "demo", Session: v.id})
		if err != nil || info.State != engine.StateClosed {
			t.Errorf("an hour after its visitor left: %v %v", info.State, err)
		}
	})
}
