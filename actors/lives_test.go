package actors

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// heldBack are routing rules of which a test sees each step, and what comes of it is held
// back until the test has.
type heldBack struct {
	routerRules
	seen func(in routing.Input, out []routing.Effect)
}

func (h heldBack) Step(in routing.Input, now time.Time, out []routing.Effect) []routing.Effect {
	out = h.routerRules.Step(in, now, out)
	h.seen(in, out)
	return out
}

// holdBack gives the tenant's router such rules.
func (w *world) holdBack(seen func(routing.Input, []routing.Effect)) {
	w.t.Helper()
	synctest.Wait()
	router := w.sys.tenant("demo").router
	router.newRules = func() routerRules { return heldBack{routing.New(), seen} }
	router.tell(routing.Configure{}) // panics, and the next life has the rules
	synctest.Wait()
}

// wound ends the life of a session's actor, and waits for the next.
func (w *world) wound(id engine.SessionID) {
	w.sys.tenant("demo").lookup(id).tell(attach{}) // nobody is to be seated: it panics
	time.Sleep(time.Millisecond)
}

// offerName names an offer: its id is its session's.
type offerName struct {
	session engine.SessionID
	id      engine.Seq
}

// standing is how many offers an operator's screen shows.
func (p *person) standing() (n int) {
	p.screen.mu.Lock()
	defer p.screen.mu.Unlock()
	stand := map[offerName]bool{}
	for _, s := range p.screen.signals {
		switch s := s.(type) {
		case engine.OfferNew:
			stand[offerName{s.Offer.Session, s.Offer.ID}] = true
		case engine.OfferRevoked:
			delete(stand, offerName{s.Session, s.ID})
		}
	}
	return len(stand)
}

// A session's actor dies before it has seen an offer, and the next one before the
// router's answer to its first word has come. What the router said to either is nothing
// to the third, whose slot has gone to somebody who has waited longer (I2).
func TestOfferToALifeThatIsOver(t *testing.T) {
	one := func(_ *Config, tn *engine.Tenant) { tn.Operators[0].Capacity, tn.Operators[0].OpenCap = 1, 1 }
	inWorld(t, one, func(w *world) {
		var first, hurt engine.SessionID // the router's
		var deaths atomic.Int32
		w.holdBack(func(in routing.Input, out []routing.Effect) {
			for _, e := range out {
				switch o, ok := e.(routing.Offer); {
				case !ok:
				case first.IsZero():
					first = o.Session.Session
				case hurt.IsZero() && o.Session.Session != first:
					hurt = o.Session.Session
					deaths.Add(1)
					w.wound(hurt)
				}
			}
			if is, ok := in.(routing.SessionIs); ok && is.Recovered && is.Row.Ref.Session == hurt && deaths.Load() == 1 {
				deaths.Add(1)
				time.Sleep(time.Millisecond)
				w.wound(hurt)
				time.Sleep(engine.DefaultDeclineFor) // until the elder may be offered again
			}
		})
		ada, elder, younger := w.operator("ada"), w.visitor(""), w.visitor("")
		elder.start("hello")
		o := wantSignal[engine.OfferNew](t, ada.screen).Offer
		ada.good(t, ada.do(engine.Draft{Op: engine.OpReject, Session: o.Session, Offer: o.ID}))
		younger.start("hello")
		for range 100 {
			time.Sleep(time.Second)
			if n := ada.standing(); n > 1 {
				t.Fatalf("%d offers stand to an operator with room for one", n)
			}
		}
		if n := deaths.Load(); n != 2 {
			t.Errorf("the session's actor died %d times, want 2", n)
		}
		if got := countSignals[engine.OfferNew](ada.screen); got < 3 {
			t.Errorf("got %d offers, want that both are offered in the end", got)
		}
	})
}
