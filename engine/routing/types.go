package routing

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// Input is something that happens to a router. The types in this file are all
// there are.
type Input interface{ input() }

// SessionIs is a session's report of what it is now. The latest report says
// everything about the session, except that one of the same life whose Number is not
// that of the router's last offer to it does not answer that offer yet: the promised
// operator stays reserved. The reports of a session are heard in the order in which
// they were made, those of an earlier life first.
//
// The row is the sender's copy and never changes: the report may wait in a mailbox
// beside later ones. The router does not hold on to it.
type SessionIs struct {
	Row       *engine.Row
	Life      engine.Term // which of the session's lives reports: it takes no offer made to another
	Number    uint64
	Recovered bool   // the first report of a life, or one that the router asked for
	Asked     uint64 // the Await whose question this answers; 0: none
}

// OperatorIs is an operator's report of what it is now.
type OperatorIs struct {
	Operator engine.OperatorID
	// Routable: connected or reachable, accepting and not away. The rest the router knows.
	Routable bool
	// Present: connected or within its grace. Its sessions stay with it.
	Present   bool
	Reachable bool      // has no connection, but a device that can be pushed
	Breathing time.Time // no offers until then; zero: none
	// Departments are those that its connections' tokens name: it is a member of no
	// other. Sorted; empty: all of its own. Whoever sends it never changes it.
	Departments []engine.DepartmentID
}

// Configure gives the router its tenant's configuration, first of all and
// whenever it changes.
type Configure struct{ Tenant *engine.Tenant }

// Await names the sessions that were open when the router before this one lost its
// memory: each has been asked to report again. It follows the first Configure. To the
// first router of a process no offer is on its way: it awaits, after the rows of the
// start-up scan, only those that were offered, which wait again and keep their places.
//
// Asked numbers the question: a report that answers it carries the number. One without
// it may be older than offers of the router before, which its session takes meanwhile.
type Await struct {
	Sessions []engine.SessionID
	Asked    uint64 // 0: nobody was asked, a session that has been rebuilt says so by itself
}

// Tick says that time has passed: declines may be over.
type Tick struct{}

// Pick is an operator's wish to own a waiting session out of turn. The router
// promises the slot or says why not: the only place where one is promised (I2).
type Pick struct {
	Session  engine.SessionID
	Operator engine.OperatorID
	Epoch    engine.Epoch
	Force    bool // a supervisor's: capacity does not matter, the open cap does
	Life     engine.Term
	Request  uint64 // counts the wishes of that life of the session
}

// Explain asks why an operator was not chosen in a decision.
type Explain struct {
	Operator engine.OperatorID
	Decision *engine.Decision
	Request  uint64
}

func (SessionIs) input()  {}
func (OperatorIs) input() {}
func (Configure) input()  {}
func (Await) input()      {}
func (Tick) input()       {}
func (Pick) input()       {}
func (Explain) input()    {}

// Effect is something to carry out. The types below are all there are.
type Effect interface{ effect() }

// Offer offers a session to an operator; the slot is reserved until the
// session's report with this Number, or a later one, arrives.
type Offer struct {
	Session  engine.SessionRef
	Operator engine.OperatorID
	Also     []engine.OperatorID // asked at the same time
	Epoch    engine.Epoch
	Life     engine.Term // of the session, that it is made to
	Number   uint64      // counts the offers; those of the tenant's next router are above
	Direct   bool        // assigned at once
	Transfer engine.Seq  // the pending transfer that this serves; 0: none
	Decision *engine.Decision
	// Reachable are those who are asked and have no connection: they are woken by a push.
	Reachable []engine.OperatorID
}

// Relax tells a session that the search for its operator has reached a step.
type Relax struct {
	Session engine.SessionRef
	Epoch   engine.Epoch
	Step    int
}

// Defer tells a session that nobody can serve it now: it becomes a message.
type Defer struct {
	Session engine.SessionRef
	Epoch   engine.Epoch
	Cause   engine.Cause
}

// Resume tells an unattended session that service has returned.
type Resume struct {
	Session engine.SessionRef
	Epoch   engine.Epoch
}

// TransferFailed tells a session that nobody of its transfer's target can take it.
type TransferFailed struct {
	Session  engine.SessionRef
	Epoch    engine.Epoch
	Transfer engine.Seq
	Cause    engine.Cause // target_offline, target_full, target_not_member; rejected: all who could turned it down
}

// PositionIs tells a waiting session's visitor its place in line, 1 first. Waits
// are zero where they are not known.
type PositionIs struct {
	Session  engine.SessionRef
	Position int
	P50, P90 time.Duration
}

// StatusIs tells what a department is for visitors, after a change.
type StatusIs struct {
	Department engine.DepartmentID
	Status     engine.Status
	OpensAt    time.Time // of StatusClosed; zero: not known
}

// Picked answers a Pick that was not granted; one that was is an Offer that is Direct.
type Picked struct {
	Life     engine.Term
	Request  uint64
	Operator engine.OperatorID
	Session  engine.SessionID
	Err      *engine.Error
}

// Explained answers an Explain.
type Explained struct {
	Request uint64
	// Reason: winner, next, not_routable, not_member, never_auto, skills, full,
	// open_cap, declined, breathing, owner, later (eligible, but behind the ones
	// that were named), unknown (too long ago).
	Reason string
	Then   engine.Candidate // the operator as it was at the decision's revision
}

// Refuse tells a session that it cannot wait.
type Refuse struct {
	Session engine.SessionRef
	Epoch   engine.Epoch
	Cause   engine.Cause
}

// Ask asks a session to report again, for a router that waits for its word and has
// heard something older.
type Ask struct {
	Session engine.SessionRef
	Asked   uint64
}

// Show publishes a change of the waiting lines. Queue.Rev counts the changes.
type Show struct {
	Queue *engine.Queue
	// Was says in which department's line each of Queue.Rows, and then each of
	// Queue.Gone, was shown before; empty: in none. Good until the next Step.
	Was []engine.DepartmentID
}

// LoadIs tells an operator its load after a change.
type LoadIs struct {
	Operator engine.OperatorID
	Used     int // milli-units
	Capacity int // milli-units
	Open     int // sessions
	OpenCap  int
}

func (Offer) effect()  {}
func (Refuse) effect() {}
func (Ask) effect()    {}
func (Show) effect()   {}
func (LoadIs) effect() {}

func (Relax) effect()          {}
func (Defer) effect()          {}
func (Resume) effect()         {}
func (TransferFailed) effect() {}
func (PositionIs) effect()     {}
func (StatusIs) effect()       {}
func (Picked) effect()         {}
func (Explained) effect()      {}
