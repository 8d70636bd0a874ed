package actors

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

func (p *person) offers() (n int) {
	synctest.Wait()
	for _, signal := range p.signalsSoFar() {
		if _, ok := signal.(engine.OfferNew); ok {
			n++
		}
	}
	return n
}

func (s *screen) signalsSoFar() []engine.Signal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]engine.Signal(nil), s.signals...)
}

// An operator gets no chats that none of its connections may see, and gets them as
// soon as one of its connections may.
func TestOffersFollowTheTokens(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		narrow := w.attendAs("ada", []engine.Role{engine.RoleOperator}, "support")
		visitor := w.visitor("")
		visitor.id = visitor.good(t, visitor.do(engine.Draft{Op: engine.OpStart, Department: "sales"})).Session
		visitor.wantState(t, engine.StateQueued, "")
		if n := narrow.offers(); n != 0 {
			t.Fatalf("%d offers of a department that the token does not name", n)
		}
		wide := w.attendAs("ada", []engine.Role{engine.RoleOperator})
		wide.acceptOffer()
		visitor.wantState(t, engine.StateActive, "ada")

		wide.seat.Leave()
		synctest.Wait()
		second := w.visitor("")
		second.id = second.good(t, second.do(engine.Draft{Op: engine.OpStart, Department: "sales"})).Session
		second.wantState(t, engine.StateQueued, "")
		p := engine.Principal{Operator: "ada", Roles: []engine.Role{engine.RoleOperator}, Issued: time.Now(), Expires: time.Now().Add(time.Hour)}
		if _, err := narrow.seat.Renew(engine.Renewal{Principal: p}); err != nil {
			t.Fatal(err)
		}
		narrow.acceptOffer()
		second.wantState(t, engine.StateActive, "ada")
	})
}

// Who is handed a chat of another department accepts it on a connection whose token
// names the one that it goes to.
func TestATransferIsAcceptedWhereItGoes(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		visitor, owner := talking(w)
		target := w.attendAs("grace", []engine.Role{engine.RoleOperator}, "support")
		owner.good(t, owner.do(engine.Draft{
			Op: engine.OpTransfer, ClientID: "hand on", Plan: &engine.Plan{Target: engine.Target{Department: "support"}},
		}))
		target.acceptOffer()
		visitor.wantState(t, engine.StateActive, "grace")
	})
}
