package engine

import "time"

// Board is one department at one moment, in counts: no session, no person.
type Board struct {
	Department  DepartmentID
	Waiting     int // wait for an operator and are offered to nobody
	Offered     int
	Active      int
	Detached    int // their operator's connection is lost
	Closing     int // in wrap-up
	Unattended  int // messages for later
	OldestSince time.Time
	P50, P90    time.Duration // how long one that began to wait now would wait, as half and nine in ten would; zero: not known
	Operators   [OperatorStates]int
	Slots       int // sessions of the department's weight that its operators could take at once
	Hour        Hour
}

// Hour is what became of a department's line in the last hour, to the minute.
type Hour struct {
	Served     int           // found an operator
	Abandoned  int           // ended while they waited
	Replies    int           // assignments whose operator has written
	FirstReply time.Duration // from an assignment to that message, on average; zero: nobody wrote
	Since      time.Time     // counting began then; zero: an hour ago or more
}

// OperatorState is what an operator is for those who watch, whatever its load.
type OperatorState uint8

// The states, each the first that holds.
const (
	OperatorSignedOut    OperatorState = iota // does not work now, or never said so
	OperatorOffline                           // not connected
	OperatorReconnecting                      // its last connection is lost, its grace not over
	OperatorPaused                            // takes no new chats
	OperatorAway                              // nobody sits there
	OperatorAccepting                         // takes chats, as far as its load allows
	OperatorStates                            // how many there are
)

var operatorStates = [...]string{"signed_out", "offline", "reconnecting", "paused", "away", "accepting"}

func (s OperatorState) String() string { return nameOf(operatorStates[:], int(s), "operator state") }

// OperatorRow is an operator as those see it who supervise it. Comparable.
type OperatorRow struct {
	Operator OperatorID
	State    OperatorState
	Since    time.Time // when State began; of one that was not seen since, when the server did
	Used     int       // milli-units
	Capacity int       // milli-units
	Open     int
	OpenCap  int
}

// BoardShown is the watch of a Board: with Snapshot the first, or a first one
// anew, else what it has become since revision Rev-1.
type BoardShown struct {
	Rev      uint64
	Snapshot bool
	At       time.Time // when it was counted
	Board    Board
}

// OperatorsShown is the watch of operators: with Snapshot all that its watcher may
// see, else what changed since revision Rev-1.
type OperatorsShown struct {
	Rev      uint64
	Snapshot bool
	Rows     []OperatorRow // in the order of the ids
	Gone     []OperatorID  // no longer the tenant's, or no longer the watcher's to see
}

// WatchEnded says that a watch is over because its right is gone: nothing more of
// it comes.
type WatchEnded struct {
	Rev   uint64
	Topic Topic
}

// QueueLine is a department's waiting line in figures.
type QueueLine struct {
	Department  DepartmentID
	Length      int       // who waits, offered or not
	OldestSince time.Time // zero: nobody waits
	P50, P90    time.Duration
}

// Lasting: a watch must not miss a revision.
func (BoardShown) Lasting() bool { return true }

// Lasting: a watch must not miss a revision.
func (*OperatorsShown) Lasting() bool { return true }

// Lasting: said once.
func (WatchEnded) Lasting() bool { return true }
