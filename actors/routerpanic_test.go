package actors

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// poisoned are routing rules that panic at some inputs.
type poisoned struct {
	routerRules
	panics *atomic.Int64
	at     func(routing.Input) bool
}

func (p poisoned) Step(in routing.Input, now time.Time, out []routing.Effect) []routing.Effect {
	if p.at(in) {
		p.panics.Add(1)
		panic("planted")
	}
	return p.routerRules.Step(in, now, out)
}

// poison lets the tenant's router panic at some inputs from now on, beginning
// with a panic.
func (w *world) poison(at func(routing.Input) bool) *atomic.Int64 {
	w.t.Helper()
	synctest.Wait()
	router, panics := w.sys.tenant("demo").router, &atomic.Int64{}
	healthy := router.newRules
	router.newRules = func() routerRules { return poisoned{healthy(), panics, at} }
	router.tell(routing.Configure{}) // panics: no tenant
	synctest.Wait()
	return panics
}

// A session whose reports end the router is left out after a few times, and the
// others are served. Later it gets another chance.
func TestPoisonousSessionIsLeftOut(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		bad, good := w.visitor(""), w.visitor("")
		bad.start("poison")
		var healed atomic.Bool
		panics := w.poison(func(in routing.Input) bool {
			report, ok := in.(routing.SessionIs)
			return ok && report.Row.Ref.Session == bad.id && !healed.Load()
		})
		time.Sleep(10 * time.Second)
		if n := panics.Load(); n < 1 || n > routerStrikes {
			t.Errorf("got %d panics, want at most %d", n, routerStrikes)
		}
		if n := testutil.ToFloat64(w.sys.rt.metrics.leftOut); n != 1 {
			t.Errorf("got %v sessions left out, want 1", n)
		}
		ada := w.operator("ada")
		good.start("hello")
		time.Sleep(time.Second)
		if o := wantSignal[engine.OfferNew](t, ada.screen).Offer; o.Session != good.id {
			t.Errorf("offered %v, want %v", o.Session, good.id)
		}
		ada.acceptOffer()
		bad.good(t, bad.say("is anybody there?"))
		healed.Store(true)
		time.Sleep(routerLeftOut)
		if o := wantSignal[engine.OfferNew](t, ada.screen).Offer; o.Session != bad.id {
			t.Errorf("after the time out: offered %v, want %v", o.Session, bad.id)
		}
	})
}

// A router that panics at everything does so ever less often, and goes on as soon
// as it can.
func TestRouterThatAlwaysPanicsPauses(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ada := w.operator("ada")
		ada.good(t, ada.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentPaused}))
		var healed atomic.Bool
		panics := w.poison(func(in routing.Input) bool {
			_, ok := in.(routing.OperatorIs)
			return ok && !healed.Load()
		})
		v := w.visitor("")
		v.start("hello")
		time.Sleep(5 * time.Minute)
		if n := panics.Load(); n < 5 || n > 30 {
			t.Errorf("got %d panics in five minutes", n)
		}
		ada.good(t, ada.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentAccepting}))
		healed.Store(true)
		time.Sleep(routerPauseMost + time.Second)
		ada.acceptOffer()
		if ada.id != v.id {
			t.Errorf("offered %v, want %v", ada.id, v.id)
		}
	})
}

// Nobody is kept waiting by one panic.
func TestOnePanicOfARouterIsNotWaitedOut(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ada := w.operator("ada")
		v := w.visitor("")
		w.poison(func(routing.Input) bool { return false })
		v.start("hello")
		ada.acceptOffer()
	})
}

// A stop does not wait for a router's pause.
func TestStopDuringARoutersPause(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.operator("ada")
		w.poison(func(in routing.Input) bool { _, ok := in.(routing.OperatorIs); return ok })
		time.Sleep(time.Minute)
		begun := time.Now()
		if err := w.sys.Stop(context.Background()); err != nil || time.Since(begun) > time.Second {
			t.Errorf("stop: %v after %v", err, time.Since(begun))
		}
	})
}
