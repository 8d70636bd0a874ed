package engine

import (
	"slices"
	"time"
)

// State is where a session is in its life (SEMANTICS: sessions).
type State uint8

// The states. A number, once given, is never reused: it is on disk.
const (
	StateNone       State = iota
	StateNew              // begun, not yet admitted
	StateQueued           // waits for an operator
	StateOffered          // offered to one
	StateActive           // has an owner
	StateDetached         // its owner's connection is lost; reserved
	StateClosing          // no more messages; wrap-up
	StateClosed           // over
	StateUnattended       // nobody can serve it now: a message for later
)

var stateNames = [...]string{"none", "new", "queued", "offered", "active", "detached", "closing", "closed", "unattended"}

func (s State) String() string { return nameOf(stateNames[:], int(s), "state") }

// IsOpen reports whether the session still goes on.
func (s State) IsOpen() bool { return s != StateNone && s != StateClosed }

// Turn says who is expected to write next.
type Turn uint8

// The turns. A number, once given, is never reused: it is on disk.
const (
	TurnOperator Turn = iota
	TurnVisitor
)

func (t Turn) String() string {
	if t == TurnVisitor {
		return "visitor"
	}
	return "operator"
}

// Intent is what an operator declares about taking chats. Nobody but the
// operator, a supervisor or the miss rule changes it, and it survives
// reconnects and restarts.
type Intent uint8

// The intents. A number, once given, is never reused: it is on disk.
const (
	IntentNone      Intent = iota // not stated
	IntentAccepting               // takes chats
	IntentPaused                  // keeps open chats, takes no new ones
	IntentSignedOut               // not at work
)

var intentNames = [...]string{"", "accepting", "paused", "signed_out"}

func (i Intent) String() string { return nameOf(intentNames[:], int(i), "intent") }

// ParseIntent reads an intent's wire text.
func ParseIntent(text string) (Intent, bool) {
	for i, name := range intentNames {
		if name == text && i > 0 {
			return Intent(i), true
		}
	}
	return IntentNone, false
}

// IntentInfo is an intent and who set it when.
type IntentInfo struct {
	Intent Intent
	Cause  Cause      // CauseManual, CauseSupervisor, CauseMissed by the miss rule, or CauseIntegration by the tenant's servers
	By     OperatorID // of CauseManual and CauseSupervisor
	Device string     // the device it was set from
	At     time.Time
	Until  time.Time // of IntentPaused: accepting again from then on; zero: until changed
	Drain  bool      // of IntentSignedOut: keeps what is open
	Reason string    // a code (IsCode) of the tenant's own, such as lunch; empty: none was said. Never logged
	// Revoked is when the tenant last signed the operator out: tokens issued up to
	// then are refused. It is kept whatever the intent becomes; zero: never.
	Revoked time.Time
}

// Row is an open session's routing facts: all that start-up needs to route it
// without reading its log. It is sealed, rewritten in the batch of each entry
// that changes it, and deleted at close. It holds no text.
type Row struct {
	Ref          SessionRef
	Visitor      VisitorID
	State        State
	Epoch        Epoch
	Department   DepartmentID
	Started      time.Time
	FirstQueued  time.Time // never reset; the order of waiting rests on it
	Priority     int
	Boost        time.Duration
	Weight       int // milli-units of an operator's capacity, as the session is now
	Owner        OperatorID
	Offers       []LiveOffer // of StateOffered, or to a transfer's target
	Declines     []Decline
	Turn         Turn
	PrevAll      Seq // the last entry visible to all
	ReadVisitor  Seq
	ReadOperator Seq
	CloseBy      time.Time // of StateClosing: when wrap-up ends
	LastActivity time.Time // the visitor's, to the minute; a start after a crash begins from it
	Service      Service
}

// HasOffer reports whether the offer of that number still stands.
func (r *Row) HasOffer(id Seq) bool {
	return slices.ContainsFunc(r.Offers, func(o LiveOffer) bool { return o.ID == id })
}

// OfferedTo is whom the session is offered to, the first of them; empty: nobody.
func (r *Row) OfferedTo() OperatorID {
	if len(r.Offers) == 0 {
		return ""
	}
	return r.Offers[0].Operator
}

// Decline remembers that an operator turned a session down.
type Decline struct {
	Operator OperatorID
	Until    time.Time
}

// SessionInfo is what REST and embedding hosts may learn of a session without
// reading its text.
type SessionInfo struct {
	Ref          SessionRef
	State        State
	Epoch        Epoch
	Department   DepartmentID
	Owner        OperatorID
	Head         Seq
	Turn         Turn
	Present      bool      // the visitor has a connection
	LastActivity time.Time // the visitor's, to the minute; zero where transcripts are off or nothing is known
	Deadline     time.Time // as in Situation
	Serving      *Serving
}

// OperatorInfo is what REST and embedding hosts may learn of an operator.
type OperatorInfo struct {
	Operator     OperatorID
	Connections  int
	Intent       IntentInfo
	Away         bool
	Used         int // milli-units
	Capacity     int // milli-units
	Open         int // sessions it owns or is offered
	OpenCap      int // how many those may be, however little they weigh
	Sessions     []SessionID
	LastActivity time.Time // to the minute; zero if never seen
}
