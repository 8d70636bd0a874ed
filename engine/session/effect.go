package session

import "github.com/parleyhq/parley/engine"

// Effect is something to carry out. Every effect is a value; those with After
// wait until the entry of that number is durable (0: at once).
type Effect interface{ effect() }

// Write adds an entry to the log. Once durable it is delivered to every
// participant who may see it.
type Write struct{ Entry *engine.Entry }

// Reply answers the draft that was stepped. A draft that repeats one whose
// entry is not yet durable waits for the same entry.
type Reply struct {
	After  engine.Seq
	Answer engine.Answer
}

// Tell passes a signal on at once to the other participants: to the visitor
// (VisibleToAll) or to the operators in the session.
type Tell struct {
	To     engine.Visibility // VisibleToAll: visitor; VisibleToOperators: operators
	Signal engine.Signal
}

// Announce says that the bytes of a file are awaited from here on.
type Announce struct{ Announced }

// Report tells the router what the session is now. Reports are states, not
// events: the latest says everything.
type Report struct {
	After engine.Seq
	// Number is the router's last offer that the session has seen.
	Number    uint64
	Recovered bool // the session was rebuilt and has seen no offer since
	Row       engine.Row
}

// Notify tells an operator's actor what concerns it.
type Notify struct {
	After    engine.Seq
	Operator engine.OperatorID
	Note     Note
	Offer    engine.Offer // of Offered, and its ID of OfferEnded
	Cause    engine.Cause // of OfferEnded
}

// Note is what an operator's actor is told.
type Note uint8

// The notes.
const (
	Offered    Note = iota + 1 // a chat is offered
	OfferEnded                 // an offer ended otherwise than by this operator's accepting
	Gained                     // the operator owns the session; lend it your outlets
	Lost                       // the operator owns it no longer
)

func (Write) effect()    {}
func (Reply) effect()    {}
func (Tell) effect()     {}
func (Announce) effect() {}
func (Report) effect()   {}
func (Notify) effect()   {}
