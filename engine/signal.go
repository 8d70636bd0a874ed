package engine

import (
	"sync/atomic"
	"time"
)

// Signal is something passing: it has no number, is in no log, and may be
// dropped when its receiver is slow, unless Lasting says otherwise.
// The types below are all there are.
type Signal interface {
	// Lasting reports that the signal must not be dropped: a later one does not
	// repeat what it says.
	Lasting() bool
}

// Typing says that somebody is, or no longer is, writing.
type Typing struct {
	Session SessionID
	Author  Author
	On      bool
}

// Peek is what a visitor has typed and not sent: passed to the operators of the
// session where the tenant enables it, and never stored.
type Peek struct {
	Session SessionID
	Author  Author
	Body    Body
}

// Presence says whether a participant has a connection. LastActivity is rounded
// down to the minute and is pushed at most every 30 s (0 if unknown or if the
// tenant keeps no transcripts).
type Presence struct {
	Session      SessionID
	Author       Author
	Present      bool
	LastActivity time.Time
}

// ReadMoved says how far a participant has read.
type ReadMoved struct {
	Session SessionID
	Author  Author
	Seq     Seq
}

// Situation is a session's state as of entry Head: sent when an outlet is
// seated, before any entry.
type Situation struct {
	Session      SessionID
	State        State
	Epoch        Epoch
	Head         Seq // the last durable entry that the receiver may see
	Department   DepartmentID
	Owner        OperatorID
	Turn         Turn
	Visitor      Presence
	ReadVisitor  Seq
	ReadOperator Seq
	Deadline     time.Time // of StateDetached, StateClosing and StateUnattended: when that ends by itself
	RateBy       time.Time // until when the visitor may rate it; zero: it may not
	Serving      *Serving  // of an operator's; nil for a visitor
	Identity     *Identity // what is held about the visitor; nil: nothing
	// Replay says what follows: entries From to Head, or, with Reset, only
	// the last ones from From on, because the gap is too long; earlier entries come
	// by OpHistory and whatever the client holds is to be dropped.
	From  Seq
	Reset bool
}

// Serving is how a session is being served, for operators. It is a copy: who gets
// it may keep it.
type Serving struct {
	FirstQueued time.Time
	Queued      time.Time // when it last began to wait
	Step        int
	Priority    int
	Needs       []Need
	Weight      int // its own, milli-units; 0: its department's
	Tags        []string
	Rev         Seq       // for Plan.IfRev
	TurnSince   time.Time // when silence began
	Idle        bool
	Transfer    *Transfer // pending
	Members     []Member  // without hidden observers
	Previous    SessionID
	FollowUp    time.Time
}

// Me is the implicit watch of an operator's own state: a snapshot with its
// revision. The operator's actor alone numbers and sends it.
type Me struct {
	Rev       uint64
	Operator  OperatorID
	Intent    IntentInfo
	Away      bool
	Used      int // load in milli-units: offers and sessions
	Capacity  int
	Open      int         // sessions that count against OpenCap
	OpenCap   int         // 0: not known yet
	Sessions  []SessionID // owned
	Offers    []Offer     // live
	Briefs    []*Brief    // of Offers, in their order; nil, or one of them nil: not known any more
	Breathing time.Time   // no offers until then; zero: it does not breathe
}

// OfferNew is a delta of Me: a chat is offered.
type OfferNew struct {
	Rev   uint64
	Offer Offer
	Brief *Brief
}

// Offer is an offer as its operator sees it.
type Offer struct {
	Session    SessionID
	ID         Seq // the number of the entry offer.made
	Epoch      Epoch
	Department DepartmentID
	Deadline   time.Time
	Waiting    time.Time // since when the visitor has waited
}

// OfferRevoked is a delta of Me: an offer has ended.
type OfferRevoked struct {
	Rev     uint64
	Session SessionID
	ID      Seq
	Cause   Cause
}

// MineChanged is a delta of Me: the operator gained (Owned) or lost a session, or
// its load changed.
type MineChanged struct {
	Rev     uint64
	Session SessionID
	Owned   bool
	Used    int
	Open    int
	OpenCap int
}

// IntentChanged is a delta of Me.
type IntentChanged struct {
	Rev    uint64
	Intent IntentInfo
	Away   bool
}

// Queue is the watch of a tenant's waiting lines: with Snapshot the whole, else
// what changed since revision Rev-1. It holds no content.
type Queue struct {
	Rev      uint64
	Snapshot bool
	Rows     []QueueRow    // new or changed
	Gone     []SessionID   // no longer waiting
	Figures  *QueueFigures // of the lines; nil: none

	frame atomic.Pointer[Frame]
}

// Frame answers the change's encoding, made with encode on first use: all who are
// shown the same share it. Two goroutines may both encode at first use; one result
// wins and both are equal. Safe from any goroutine.
func (q *Queue) Frame(encode func(*Queue) []byte) []byte {
	if q.frame.Load() == nil {
		q.frame.CompareAndSwap(nil, &Frame{NewBody(encode(q))})
	}
	return q.frame.Load().Reveal()
}

// QueueFigures is what a change of waiting lines says besides who waits. It is apart
// because most changes are made for nobody, and are to cost little.
type QueueFigures struct {
	Department DepartmentID // of one department's line only; empty: of all that the watcher sees
	Lines      []QueueLine  // of the lines that the rows, and who is gone, belong to
}

// Department is the one whose line alone this is of; empty: of all.
func (q *Queue) Department() DepartmentID {
	if q.Figures == nil {
		return ""
	}
	return q.Figures.Department
}

// Lines are the figures of the lines that this is of, as far as they are said.
func (q *Queue) Lines() []QueueLine {
	if q.Figures == nil {
		return nil
	}
	return q.Figures.Lines
}

// QueueRow is one waiting session.
type QueueRow struct {
	Session    SessionID
	Department DepartmentID
	Since      time.Time
	Offered    bool
}

// QueuePosition is a waiting session's place in line, for its visitor. It comes at
// most every PositionEvery, and again after PositionRefresh.
type QueuePosition struct {
	Session  SessionID
	Position int           // 1 is the next
	P50, P90 time.Duration // how long it will still wait, in half and in nine in ten of cases; zero: not known
}

// DepartmentStatus is what a department is for visitors, after a change.
type DepartmentStatus struct {
	Department DepartmentID
	Status     Status
	OpensAt    time.Time    // of StatusClosed; zero: not known
	Queue      *ListedQueue // nil: not shown, or not known then
}

// ListedDepartment is a department as a visitor may know it.
type ListedDepartment struct {
	Name string
	DepartmentStatus
	Form []FormField // what its visitors are asked before a chat
}

// ListedQueue is a department's waiting line as visitors may know it.
type ListedQueue struct {
	Length int
	P50    time.Duration // how long one that joined it now would wait, as half would; zero: not known
}

// GoingAway says that the server is about to stop.
type GoingAway struct{ Retry time.Duration }

// Lasting: typing fades by itself.
func (Typing) Lasting() bool { return false }

// Lasting: the next keystroke repeats it.
func (Peek) Lasting() bool { return false }

// Lasting: the next change repeats it.
func (Presence) Lasting() bool { return false }

// Lasting: marks only grow, the next repeats it.
func (ReadMoved) Lasting() bool { return false }

// Lasting: the client's view is built on it.
func (Situation) Lasting() bool { return true }

// Lasting: a watch must not miss a revision.
func (Me) Lasting() bool { return true }

// Lasting: a watch must not miss a revision.
func (OfferNew) Lasting() bool { return true }

// Lasting: a watch must not miss a revision.
func (OfferRevoked) Lasting() bool { return true }

// Lasting: a watch must not miss a revision.
func (MineChanged) Lasting() bool { return true }

// Lasting: a watch must not miss a revision.
func (IntentChanged) Lasting() bool { return true }

// Lasting: a watch must not miss a revision.
func (*Queue) Lasting() bool { return true }

// Lasting: the refresh repeats it.
func (QueuePosition) Lasting() bool { return false }

// Lasting: the next change repeats it.
func (DepartmentStatus) Lasting() bool { return false }

// Lasting: said once.
func (GoingAway) Lasting() bool { return true }
