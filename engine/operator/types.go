package operator

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// Input is something that happens to an operator. The types in this file are all
// there are.
type Input interface{ input() }

// Connect says that a connection has come. Intent is what it states; it counts
// only if the operator is signed out, for a second device never changes the intent.
type Connect struct {
	Connection uint64
	Device     string
	Kind       string // "browser", "mobile", ...; the client's word
	Pushable   bool   // the device can be woken by a push
	Intent     engine.Intent
}

// Disconnect says that a connection is gone.
type Disconnect struct{ Connection uint64 }

// SetIntent is a change of intent by one of the three who may: the operator, a
// supervisor, or the tenant's servers. The miss rule is the machine's own.
type SetIntent struct {
	Intent engine.Intent
	Cause  engine.Cause
	By     engine.OperatorID
	Device string
	Until  time.Time // of IntentPaused: accepting again from then on; zero: until changed
	Drain  bool      // of IntentSignedOut: keeps what is open
}

// SetAway says that a connection's person is away, or back.
type SetAway struct {
	Connection uint64
	On         bool
}

// Gained, Lost, Offered and OfferEnded are what sessions tell.
type (
	// Gained: the operator owns the session.
	Gained struct{ Session engine.SessionID }
	// Lost: it does no longer. Served: it was, and came to its end.
	Lost struct {
		Session engine.SessionID
		Served  bool
	}
	// Offered: a chat is offered.
	Offered struct{ Offer engine.Offer }
	// OfferEnded: the offer has ended otherwise than by acceptance.
	OfferEnded struct {
		Session engine.SessionID
		ID      engine.Seq
		Cause   engine.Cause
	}
)

// Missed says that an offer, or a first reply, ran out.
type Missed struct{ Session engine.SessionID }

// Configure gives the operator its configuration; Known false: the tenant has it
// no longer.
type Configure struct {
	Operator  engine.Operator
	Known     bool
	Grace     time.Duration
	Breathing time.Duration
	MaxMisses int
}

// Restore is the first input after a start: the stored intent, and the sessions
// that the log says it owns. The operator counts as in grace from now on.
type Restore struct {
	Intent   engine.IntentInfo
	Sessions []engine.SessionID
}

// Tick says that time has passed.
type Tick struct{}

func (Connect) input()    {}
func (Disconnect) input() {}
func (SetIntent) input()  {}
func (SetAway) input()    {}
func (Gained) input()     {}
func (Lost) input()       {}
func (Offered) input()    {}
func (OfferEnded) input() {}
func (Missed) input()     {}
func (Configure) input()  {}
func (Restore) input()    {}
func (Tick) input()       {}

// Effect is something to carry out. The types below are all there are.
type Effect interface{ effect() }

// Store asks for the intent to be kept before anything else that this step said
// is carried out: it survives restarts.
type Store struct{ Intent engine.IntentInfo }

// Report tells the router what the operator is now, after a change.
type Report struct {
	Routable  bool
	Present   bool
	Reachable bool
	Breathing time.Time
}

// RevokeOffers ends its live offers.
type RevokeOffers struct{ Cause engine.Cause }

// TellOwned tells each session it owns that it is gone (and why), or back.
type TellOwned struct {
	Sessions []engine.SessionID
	Gone     bool
	Cause    engine.Cause
	Drain    bool
}

// Changed tells its connections that intent, away or connectivity changed.
type Changed struct{}

func (Store) effect()        {}
func (Report) effect()       {}
func (RevokeOffers) effect() {}
func (TellOwned) effect()    {}
func (Changed) effect()      {}
