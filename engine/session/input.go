package session

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// Input is something that happens to a session. The types in this file are all
// there are.
type Input interface{ input() }

// Ask is a participant's draft: any operation but OpHistory, OpExplain, OpFetch, OpIntent and
// OpAway; the File of OpFile has an id drawn for it. The answer comes as a Reply, in
// the same step or, after a Pick, in a later one. A pointer to one is an input as well,
// which Step does not keep.
type Ask struct {
	By      engine.Author
	Rights  engine.Rights // of By, at this moment
	Draft   engine.Draft
	Inherit *Inherit // of OpContinue at the new session: what the Begin said
	// Verified: By is a visitor who has proven who it is.
	Verified bool
	// Banned is until when By, a visitor, may neither begin nor write; zero: it may.
	Banned time.Time
	// Server: a server of the tenant's speaks for By, a visitor. What is written
	// says so.
	Server bool
}

// Banned says that the session's visitor was banned on somebody's word: it ends. No
// effect on a session that takes no more messages, or that never began.
type Banned struct{ By engine.Author }

// Picked comes from the router: it does not grant the Pick of that number. A Pick
// that is granted is answered by an Offer that is Direct.
type Picked struct {
	Life   engine.Term // of the Pick: those of another life have the same numbers
	Number uint64
	Err    *engine.Error
}

// Typing says that a participant writes, or stops.
type Typing struct {
	By engine.Author
	On bool
}

// Peek is what the visitor has typed and not sent.
type Peek struct {
	By   engine.Author
	Body engine.Body
}

// Present says that the visitor has, or no longer has, a connection.
type Present struct{ On bool }

// Introduce says what a token that the tenant signed tells about the visitor. No
// effect without a lawful basis, or on a session that takes no more messages.
type Introduce struct{ Claims *engine.IdentityChange }

// Upgrade says that the anonymous visitor From has proven to be To. The session is
// To's from here on; no effect on one that is not From's, or that takes no more
// messages.
type Upgrade struct{ From, To engine.VisitorID }

// Announced is a file that is announced and not a message yet: what an earlier
// life of the session's actor began, after Recover and before anything else.
type Announced struct {
	File     engine.File
	Author   engine.Author
	ClientID string
	Until    time.Time   // it is forgotten then
	Key      engine.Body // once its bytes are there
}

// Uploaded says that the bytes of an announced file are there, and verified.
type Uploaded struct {
	File engine.FileID
	Key  engine.Body
}

// Offer comes from the router: offer the session to an operator. Number is the
// router's own count of offers; it comes back in the next Report.
type Offer struct {
	Operator engine.OperatorID
	Also     []engine.OperatorID // asked at the same time; the first who accepts has it
	Epoch    engine.Epoch        // the epoch the router decided on; a stale one has no effect
	Life     engine.Term         // of the session, that it is made to: no other takes notice of it
	Number   uint64
	// Direct: Operator owns the session at once; its first reply has a deadline.
	Direct bool
	// Transfer is the pending transfer that this serves; 0: the session waits.
	Transfer engine.Seq
	Why      *engine.Decision
	// Reachable are those of Operator and Also who have no connection and are woken by
	// a push: they have longer.
	Reachable []engine.OperatorID
}

// Relax comes from the router: the search for an operator has reached Step.
type Relax struct {
	Epoch engine.Epoch
	Step  int
}

// Defer comes from the router: nobody can serve the session now; it becomes a
// message for later.
type Defer struct {
	Epoch engine.Epoch
	Cause engine.Cause
}

// Resume comes from the router: service has returned, an unattended session may
// wait again.
type Resume struct{ Epoch engine.Epoch }

// TransferFailed comes from the router: nobody of the target can take it.
type TransferFailed struct {
	Epoch    engine.Epoch
	Transfer engine.Seq
	Cause    engine.Cause // target_offline, target_full or target_not_member
}

// OwnerGone says that an operator's last connection is gone (CauseOperatorLost:
// the session waits for it), that it signed out or that the configuration no
// longer has it (the session goes back to the line at once). Epoch is that of the
// session as the operator had it: no effect on the sessions of others, nor on one that
// has changed hands or waited since, though it may have come to the same again.
type OwnerGone struct {
	Operator engine.OperatorID
	Epoch    engine.Epoch
	Cause    engine.Cause
	Drain    bool      // of CauseOperatorSignedOut: it keeps what is open
	Since    time.Time // of CauseOperatorLost: when its grace began; zero: now
}

// OwnerBack says that an operator has a connection again. Epoch is as in OwnerGone.
type OwnerBack struct {
	Operator engine.OperatorID
	Epoch    engine.Epoch
}

// Revoke ends the live offer of that id to an operator, because of what happened to
// the operator. No effect if it has ended: a later one to the same operator stands.
type Revoke struct {
	Operator engine.OperatorID
	Offer    engine.Seq
	Cause    engine.Cause
}

// Refuse comes from the router: the session cannot wait.
type Refuse struct {
	Epoch engine.Epoch
	Cause engine.Cause
}

// Recover is the first input after Restore: offers do not survive a restart.
// Since is from when on the visitor counts as gone: the start of the process
// for sessions it found, so that a restart neither shortens nor doubles the
// visitor's grace.
type Recover struct{ Since time.Time }

// Again asks for a fresh report: the router lost its memory. Asked comes back in it.
type Again struct{ Asked uint64 }

// Tick says that time has passed; due deadlines act.
type Tick struct{}

// Stored says that entries up to Through are durable.
type Stored struct{ Through engine.Seq }

func (Ask) input()     {}
func (Banned) input()  {}
func (Typing) input()  {}
func (Peek) input()    {}
func (Present) input() {}
func (Upgrade) input() {}
func (Offer) input()   {}
func (Revoke) input()  {}
func (Refuse) input()  {}
func (Recover) input() {}
func (Again) input()   {}

func (Relax) input()          {}
func (Defer) input()          {}
func (Resume) input()         {}
func (TransferFailed) input() {}
func (OwnerGone) input()      {}
func (OwnerBack) input()      {}

func (Picked) input()    {}
func (Introduce) input() {}
func (Tick) input()      {}
func (Stored) input()    {}
func (Announced) input() {}
func (Uploaded) input()  {}

// Rules is what a session needs of its tenant's configuration.
type Rules struct {
	Keeps      bool // transcripts are on: last activity may be kept
	Department func(engine.DepartmentID) (engine.Department, bool)
	// Operator looks up who is a bot and who serves which department. Nil: there are
	// no bots, and nobody is known to serve a department.
	Operator   func(engine.OperatorID) (engine.Operator, bool)
	BodyBytes  int
	Peek       bool // operators see what the visitor has not sent yet
	Files      engine.Files
	Attributes []string // what may be held about the visitor besides e-mail, phone and name
}

const activityEvery = 30 * time.Second // how often last activity is pushed at most
