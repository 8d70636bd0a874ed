package session

import "github.com/parleyhq/parley/engine"

// Effect is something to carry out. Every effect is a value; those with After
// wait until the entry of that number is durable (0: at once).
type Effect interface{ effect() }

// Write adds an entry to the log. Once durable it is delivered to every
// participant who may see it.
type Write struct{ Entry *engine.Entry }

// Reply answers the draft that was stepped, or, with Pick, the one that the Pick
// of that number was about. A draft that repeats one whose
// entry is not yet durable waits for the same entry.
type Reply struct {
	After  engine.Seq
	Pick   uint64
	Answer engine.Answer
}

// Pick asks the router to promise Operator this session out of turn: the draft
// that was stepped is answered later, by a Reply with this Number. The same Number
// may come again: the router lost its memory.
type Pick struct {
	After    engine.Seq
	Life     engine.Term // of the session
	Number   uint64      // counts the picks of this life, from 1
	Operator engine.OperatorID
	Epoch    engine.Epoch
	Force    bool
}

// Begin asks for a new session of the same visitor, which continues this one: the
// draft that was stepped is to be answered there.
type Begin struct {
	After   engine.Seq // this session's end must be durable first
	Inherit Inherit
}

// Inherit is what a session takes over from the one that it continues.
type Inherit struct {
	Previous   engine.SessionID
	Department engine.DepartmentID
	Preferred  engine.OperatorID
	Needs      []engine.Need
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
	// Life is the session's: the term of its log, 0 of one that has not been rebuilt yet.
	Life engine.Term
	// Number is the router's last offer to this life that the session has seen.
	Number    uint64
	Recovered bool // the first report of a life, or the answer to an Again
	// Asked is the Again that this answers; 0: none. Whatever the router sent before it
	// the session has seen.
	Asked uint64
	// Row is a copy that never changes. TakeRow answers the same one, so that the
	// log and the router share it.
	Row *engine.Row
}

// Notify tells an operator's actor what concerns it.
type Notify struct {
	After    engine.Seq
	Operator engine.OperatorID
	Note     Note
	Offer    engine.Offer  // of Offered, and its ID of OfferEnded
	Cause    engine.Cause  // of OfferEnded
	Brief    *engine.Brief // of Offered: what the offer is about
}

// Note is what an operator's actor is told.
type Note uint8

// The notes.
const (
	Offered    Note = iota + 1 // a chat is offered
	OfferEnded                 // an offer ended otherwise than by this operator's accepting; one that it missed is told as Missed too
	Gained                     // the operator owns the session; lend it your outlets
	Lost                       // the operator owns it no longer
	Joined                     // the operator takes part; lend it your outlets
	Left                       // it takes part no longer
	Missed                     // the operator let an offer, or a first reply, run out
	Nudge                      // the visitor waits for an answer
	Hushed                     // the subject that an offer named was removed
)

func (Write) effect()    {}
func (Reply) effect()    {}
func (Tell) effect()     {}
func (Report) effect()   {}
func (Notify) effect()   {}
func (Pick) effect()     {}
func (Begin) effect()    {}
func (Announce) effect() {}
