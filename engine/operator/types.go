package operator

import (
	"slices"
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
	// Departments are those that its token names; empty: all of the operator's.
	Departments []engine.DepartmentID
}

// Rescope says that a connection shows a newer token, which names these departments.
type Rescope struct {
	Connection  uint64
	Departments []engine.DepartmentID // empty: all of the operator's
}

// Disconnect says that a connection is gone. With the last one its offers end.
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
	Reason string    // a code; empty: none
}

// SetAway says that a connection's person is away, or back.
type SetAway struct {
	Connection uint64
	On         bool
}

// Owned is a session that an operator owns, and the epoch by which it does: what is
// said to the session, because of the operator, is said to that epoch of it. The
// department is the session's own; it is the same for all of an epoch.
type Owned struct {
	Session    engine.SessionID
	Epoch      engine.Epoch
	Department engine.DepartmentID
}

// Gained, Lost, Offered and OfferEnded are what sessions tell.
type (
	// Gained: the operator owns the session. A session that was rebuilt says it again,
	// and is told anew whether its owner is there. No effect if it owns the session by a
	// later epoch.
	Gained Owned
	// Lost: it does no longer. Served: the session came to its end in its hands. No
	// effect if it owns the session by a later epoch than Epoch.
	Lost struct {
		Session engine.SessionID
		Epoch   engine.Epoch
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
// no longer. SettingsOf makes one of a tenant.
type Configure struct {
	Operator  engine.Operator
	Known     bool
	Grace     time.Duration // the longest of its departments; 0 means the default
	Shortest  time.Duration // the shortest of its departments'; 0 means Grace
	Breathing time.Duration // the longest of its departments
	MaxMisses int           // 0 means the default; negative: misses never pause
	// Tenant says who else may see a department's chats. It is never changed; nil:
	// nobody but those whose tokens name it.
	Tenant *engine.Tenant
}

// Restore is the first input after a start: the stored intent, and the sessions
// that the log says it owns. The operator counts as in grace from now on.
type Restore struct {
	Intent   engine.IntentInfo
	Sessions []Owned
}

// Drain says that the server is about to stop: no new offers, and connections
// that go from here on are not the operator's doing, so no grace runs for them.
type Drain struct{}

// Kept says what came of a Store. An intent that could not be kept is taken back,
// unless it was changed again meanwhile.
type Kept struct {
	Intent engine.IntentInfo
	OK     bool
}

// Again asks for a fresh report: the router lost its memory.
type Again struct{}

// Tick says that time has passed.
type Tick struct{}

func (Connect) input()    {}
func (Rescope) input()    {}
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
func (Drain) input()      {}
func (Kept) input()       {}
func (Again) input()      {}
func (Tick) input()       {}

// Effect is something to carry out. The types below are all there are.
type Effect interface{ effect() }

// Store asks for the intent to be kept before anything else that this step said
// is carried out: it survives restarts.
type Store struct{ Intent engine.IntentInfo }

// Report tells the router what the operator is now, after a change.
type Report struct {
	Routable  bool      // connected or reachable, accepting and not away
	Present   bool      // connected, reachable or within its grace: its sessions stay with it
	Reachable bool      // has no connection, but a device that can be pushed
	Breathing time.Time // no offers until then; in the past, or zero: it does not breathe
	// Departments are those that its connections' tokens name, together: chats of others
	// are not for it. Sorted; empty: all. It is never changed.
	Departments []engine.DepartmentID
}

// isSame reports whether a report says nothing new.
func (r Report) isSame(as Report) bool {
	return r.Routable == as.Routable && r.Present == as.Present && r.Reachable == as.Reachable && r.Breathing.Equal(as.Breathing) &&
		slices.Equal(r.Departments, as.Departments)
}

// RevokeOffers ends live offers.
type RevokeOffers struct {
	Offers []engine.Offer
	Cause  engine.Cause
}

// TellOwned tells sessions it owns that it is gone (and why), or back.
type TellOwned struct {
	Sessions []Owned
	Gone     bool
	Cause    engine.Cause // of Gone: operator_lost (or no connection of its may see them), operator_signed_out or operator_removed
	Drain    bool         // of CauseOperatorSignedOut: it keeps what is open
	Since    time.Time    // of CauseOperatorLost after a start: when its grace began; zero: now
}

// Changed tells its connections that intent, away or connectivity changed.
type Changed struct{}

func (Store) effect()        {}
func (Report) effect()       {}
func (RevokeOffers) effect() {}
func (TellOwned) effect()    {}
func (Changed) effect()      {}

// Connectivity is how an operator can be reached.
type Connectivity uint8

// The connectivities.
const (
	Gone      Connectivity = iota // not at all
	Connected                     // by a connection
	Reachable                     // by a push, until a time
	InGrace                       // not, but it may be back soon; until a time
)

func (c Connectivity) String() string {
	return [...]string{"gone", "connected", "reachable", "grace"}[c&3]
}
