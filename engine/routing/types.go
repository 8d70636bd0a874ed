package routing

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// Input is something that happens to a router. The types in this file are all
// there are.
type Input interface{ input() }

// SessionIs is a session's report of what it is now. The latest report says
// everything about the session, except that a report whose Number is below that
// of the router's last offer to it does not answer that offer yet: the promised
// operator stays reserved. Recovered: the session was rebuilt
// and does not know what it was offered: an offer that it could still take is
// made again under its number, any other is over.
type SessionIs struct {
	Row       engine.Row
	Number    uint64
	Recovered bool
}

// OperatorIs is an operator's report of what it is now.
type OperatorIs struct {
	Operator engine.OperatorID
	// Routable: connected, accepting and not away. The rest the router knows.
	Routable bool
}

// Configure gives the router its tenant's configuration, first of all and
// whenever it changes.
type Configure struct{ Tenant *engine.Tenant }

// Tick says that time has passed: declines may be over.
type Tick struct{}

// WatchQueue asks for a whole snapshot of the waiting lines, for an operator's
// connections that have just come.
type WatchQueue struct{ Operator engine.OperatorID }

func (SessionIs) input()  {}
func (OperatorIs) input() {}
func (Configure) input()  {}
func (Tick) input()       {}
func (WatchQueue) input() {}

// Effect is something to carry out. The types below are all there are.
type Effect interface{ effect() }

// Offer offers a session to an operator; the slot is reserved until the
// session's report with this Number, or a later one, arrives.
type Offer struct {
	Session  engine.SessionRef
	Operator engine.OperatorID
	Epoch    engine.Epoch
	Number   uint64 // counts this router's offers, from 1
	Why      Decision
}

// Refuse tells a session that it cannot wait.
type Refuse struct {
	Session engine.SessionRef
	Epoch   engine.Epoch
	Cause   engine.Cause
}

// Show publishes a change of the waiting lines to the operators of its
// departments. To is empty, or the one operator who asked for a snapshot.
type Show struct {
	To    engine.OperatorID
	Queue *engine.Queue
}

// LoadIs tells an operator its load after a change.
type LoadIs struct {
	Operator engine.OperatorID
	Used     int // milli-units
	Capacity int // milli-units
}

func (Offer) effect()  {}
func (Refuse) effect() {}
func (Show) effect()   {}
func (LoadIs) effect() {}

// Decision is why an operator was chosen: facts the router saw, no personal data.
type Decision struct {
	Rule       string // "balanced", then what broke the tie
	Eligible   int    // operators who could have been chosen
	Used       int    // the winner's load before, milli-units
	Capacity   int    // the winner's
	LastChosen time.Time
}
