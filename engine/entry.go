package engine

import (
	"strconv"
	"sync/atomic"
	"time"
)

// Kind says what happened. The text form is the wire's and the transcript's.
type Kind uint8

// The kinds of entry. A number, once given, is never reused: it is on disk.
const (
	KindNone              Kind = iota
	KindSessionStarted         // the log's first entry
	KindSessionQueued          // began, or began again, to wait in Department
	KindOfferMade              // offered to Operator until Deadline; its Seq is the offer's id
	KindOfferEnded             // the offer numbered Offer ended otherwise than by assignment; Cause says how
	KindSessionAssigned        // Operator owns the session from here
	KindMessageNew             // somebody wrote Body
	KindSessionClosing         // no message follows; Cause says why; its owner has until Deadline for notes
	KindSessionClosed          // the session is over
	KindSessionRefused         // the session was not taken; Cause says why
	KindMessageEdited          // the message numbered Target now reads Body
	KindMessageRedacted        // the message numbered Target, and its edits, were removed from the log
	KindIdentityUpgraded       // the visitor has proven who it is; earlier entries were anonymous
	KindAttrsSet               // what is held about the visitor is Body from here on; Target is the entry that said so before, whose Body goes
	KindStepRelaxed            // the search for an operator has gone a step further
	KindSessionDetached        // the owner's connection is lost; it has until Deadline to come back
	KindSessionRestored        // the owner is back
	KindSessionRequeued        // waits again, where its age puts it; Cause says why
	KindSessionUnattended      // nobody can serve it now: it is a message for later
	KindTransferStarted        // the owner, or a supervisor, hands the session on
	KindTransferEnded          // the transfer numbered Target was accepted, failed or was cancelled
	KindParticipantJoined      // Operator takes part without owning the session
	KindParticipantLeft        // Operator does so no longer
	KindTagsSet                // its tags are these
	KindPrioritySet            // its priority, or what it needs, has changed
	KindIdleOn                 // nobody has written for a while: it weighs less
	KindIdleOff                // somebody has
	KindWarned                 // the visitor was asked whether it is still there
	KindNudged                 // the owner was reminded that the visitor waits
	KindWrapUpEnded            // the owner has finished its notes
	KindRatingRequested        // the visitor is asked for a rating until Deadline
	KindRated                  // the visitor rated the session
	KindNoteAdded              // a note after the end: an operator's, or the visitor's comment with its rating
	KindWrapUpExtended         // the owner has until Deadline for its notes
	KindFormFilled             // what the visitor said before the chat is Body: Form.Encode
)

var kindNames = [...]string{
	KindNone: "none", KindSessionStarted: "session.started", KindSessionQueued: "session.queued",
	KindOfferMade: "offer.made", KindOfferEnded: "offer.ended", KindSessionAssigned: "session.assigned",
	KindMessageNew: "message.new", KindSessionClosing: "session.closing", KindSessionClosed: "session.closed",
	KindSessionRefused: "session.refused", KindMessageEdited: "message.edited", KindMessageRedacted: "message.redacted",
	KindIdentityUpgraded: "identity.upgraded", KindAttrsSet: "attrs.set", KindStepRelaxed: "step.relaxed",
	KindSessionDetached: "session.detached", KindSessionRestored: "session.restored", KindSessionRequeued: "session.requeued",
	KindSessionUnattended: "session.unattended", KindTransferStarted: "transfer.started", KindTransferEnded: "transfer.ended",
	KindParticipantJoined: "participant.joined", KindParticipantLeft: "participant.left", KindTagsSet: "tags.set",
	KindPrioritySet: "priority.set", KindIdleOn: "idle.on", KindIdleOff: "idle.off", KindWarned: "warned", KindNudged: "nudged",
	KindWrapUpEnded: "wrapup.ended", KindRatingRequested: "rating.requested", KindRated: "rated", KindNoteAdded: "note.added",
	KindWrapUpExtended: "wrapup.extended", KindFormFilled: "form.filled",
}

func (k Kind) String() string { return nameOf(kindNames[:], int(k), "kind") }

// IsValid reports whether k is a kind this version knows.
func (k Kind) IsValid() bool { return k > KindNone && int(k) < len(kindNames) }

// Cause says why something happened: a closed list.
type Cause uint8

// The causes. A number, once given, is never reused: it is on disk.
const (
	CauseNone              Cause = iota
	CauseManual                  // a person chose so
	CauseAuto                    // the router chose so
	CauseRejected                // the operator declined the offer
	CauseMissed                  // the operator let the offer run out
	CauseOperatorLost            // the operator's last socket went
	CauseOperatorSignedOut       // the operator signed out or paused
	CauseVisitorLeft             // the visitor left
	CauseQueueTimeout            // nobody came in time
	CauseTaken                   // another operator was faster
	CauseRestart                 // the server restarted; offers are no durable promises
	CauseShutdown                // the server is stopping
	CauseIntegration             // a server of the tenant asked by REST
	CauseDepartmentClosed        // the department takes nobody
	CauseSticky                  // the preferred operator
	CauseStep                    // a step of the search began
	CauseNoFirstReply            // the owner did not answer in time
	CauseOperatorRemoved         // the configuration no longer has the operator
	CauseTransfer                // the session was handed on
	CauseVisitorSilent           // the visitor did not write any more
	CauseOperatorSilent          // the owner did not write any more
	CauseBanned                  // the visitor is banned
	CauseSupervisor              // a supervisor did so
	CauseErased                  // erased on request
	CauseHandoff                 // a bot, or the visitor, asked for a person
	CauseQueueFull               // the waiting line is full
	CauseNobody                  // nobody is there
	CauseDepartmentOpened        // service has returned
	CauseTargetOffline           // the transfer's target is not there
	CauseTargetFull              // the transfer's target has no room
	CauseTargetNotMember         // the transfer's target may not take it
	CauseCancelled               // whoever asked for it took it back
	CauseReleased                // the owner gave it back
)

var causeNames = [...]string{
	CauseNone: "", CauseManual: "manual", CauseAuto: "auto", CauseRejected: "rejected", CauseMissed: "missed",
	CauseOperatorLost: "operator_lost", CauseOperatorSignedOut: "operator_signed_out", CauseVisitorLeft: "visitor_left",
	CauseQueueTimeout: "queue_timeout", CauseTaken: "taken", CauseRestart: "restart", CauseShutdown: "shutdown",
	CauseIntegration: "integration", CauseDepartmentClosed: "department_closed", CauseSticky: "sticky", CauseStep: "step",
	CauseNoFirstReply: "no_first_reply", CauseOperatorRemoved: "operator_removed", CauseTransfer: "transfer",
	CauseVisitorSilent: "visitor_silent", CauseOperatorSilent: "operator_silent", CauseBanned: "banned",
	CauseSupervisor: "supervisor", CauseErased: "erased", CauseHandoff: "handoff", CauseQueueFull: "queue_full",
	CauseNobody: "nobody", CauseDepartmentOpened: "department_opened", CauseTargetOffline: "target_offline",
	CauseTargetFull: "target_full", CauseTargetNotMember: "target_not_member", CauseCancelled: "cancelled", CauseReleased: "released",
}

func (c Cause) String() string { return nameOf(causeNames[:], int(c), "cause") }

// Visibility says who may see an entry.
type Visibility uint8

// The visibilities.
const (
	VisibleToAll       Visibility = iota // the visitor and the operators
	VisibleToOperators                   // the operators only
	visibilities
)

func (v Visibility) String() string {
	if v == VisibleToOperators {
		return "operators"
	}
	return "all"
}

// Format says how a Body is to be read.
type Format uint8

// The formats. A number, once given, is never reused: it is on disk.
const (
	FormatText     Format = iota // UTF-8 text as it was typed
	FormatForm                   // a form's answers: a JSON object
	FormatPostback               // a button's answer: a JSON object
	FormatRedacted               // removed; the Body is empty
	FormatFile                   // a file: see File.Facts
	FormatFacts                  // Facts: a JSON object; of entries that nobody typed
)

var formatNames = [...]string{"text", "form_answer", "postback", "redacted", "file", "facts"}

func (f Format) String() string { return nameOf(formatNames[:], int(f), "format") }

// ParseFormat reads a format's wire text, of those that a participant may send.
func ParseFormat(text string) (Format, bool) {
	for i, name := range formatNames {
		if name == text && Format(i) != FormatRedacted {
			return Format(i), true
		}
	}
	return FormatText, false
}

// AuthorKind says what sort of participant acted.
type AuthorKind uint8

// The kinds of author. A number, once given, is never reused: it is on disk.
const (
	AuthorSystem      AuthorKind = iota // the engine itself; no id
	AuthorVisitor                       // the session's visitor
	AuthorOperator                      // an operator, by OperatorID
	AuthorIntegration                   // a server of the tenant, by REST
)

var authorNames = [...]string{"system", "visitor", "operator", "integration"}

func (k AuthorKind) String() string { return nameOf(authorNames[:], int(k), "author") }

// Author is who acted: an id and never a name. Names are looked up when an
// entry is sent, so that a person can be forgotten (GDPR Art. 17).
type Author struct {
	Kind     AuthorKind
	Operator OperatorID // of AuthorOperator
}

// Entry is something that happened in a session. It is immutable once
// numbered and is shared by everyone it is delivered to; it remembers its
// encoded frames, so that it is encoded once however many receive it.
// Never copy an Entry: pass the pointer.
type Entry struct {
	Session    SessionID
	Seq        Seq
	PrevAll    Seq // the last entry before this one that is visible to all; what a visitor's gap check compares
	Epoch      Epoch
	At         time.Time // UTC, whole milliseconds
	Author     Author
	Kind       Kind
	Cause      Cause
	Visibility Visibility
	ClientID   string       // the sender's idempotency key; empty when nobody sent it
	Department DepartmentID // of KindSessionStarted, KindSessionQueued, KindSessionClosed
	Operator   OperatorID   // of KindOfferMade, KindOfferEnded, KindSessionAssigned; of KindSessionClosed: the owner it had
	Offer      Seq          // of KindOfferEnded, KindSessionAssigned: which offer
	Deadline   time.Time    // of the kinds whose comment names it
	Target     Seq          // of KindMessageEdited: which message; of KindMessageRedacted: which message or form; of KindAttrsSet: which entry it takes the place of, 0: none
	Attrs      *AttrsFact   // of KindAttrsSet
	Format     Format       // of Body
	Body       Body         // of KindMessageNew, KindMessageEdited; of KindAttrsSet: Identity.Encode; of KindFormFilled: Form.Encode
	File       *Attachment  // of KindMessageNew of FormatFile: never on the wire

	frames [FrameSlots]atomic.Pointer[Frame]
}

// Prev is the entry before this one among those that a reader of the given
// visibility may see: VisibleToAll for a visitor, VisibleToOperators for an
// operator, who sees everything.
func (e *Entry) Prev(reader Visibility) Seq {
	if reader == VisibleToOperators {
		return e.Seq - 1
	}
	return e.PrevAll
}

// IsVisible reports whether a reader of the given visibility may see the entry.
func (e *Entry) IsVisible(reader Visibility) bool {
	return e.Visibility == VisibleToAll || reader == VisibleToOperators
}

// HoldsTextOf reports whether the entry is the message numbered target, or an
// edit of it, or numbered target and a form, or what is held about the visitor.
func (e *Entry) HoldsTextOf(target Seq) bool {
	switch e.Kind {
	case KindMessageNew, KindAttrsSet, KindFormFilled:
		return e.Seq == target
	case KindMessageEdited:
		return e.Target == target
	default:
		return false
	}
}

// Redacted is the entry without what was typed: what a log keeps of a message
// that was removed.
func (e *Entry) Redacted() *Entry {
	return &Entry{
		Session: e.Session, Seq: e.Seq, PrevAll: e.PrevAll, Epoch: e.Epoch, At: e.At, Author: e.Author, Kind: e.Kind,
		Cause: e.Cause, Visibility: e.Visibility, ClientID: e.ClientID, Department: e.Department, Operator: e.Operator,
		Offer: e.Offer, Deadline: e.Deadline, Target: e.Target, Attrs: e.Attrs, Format: FormatRedacted,
	}
}

// FrameSlots is how many encodings an entry remembers: one per visibility of
// the one protocol there is.
const FrameSlots = int(visibilities)

// Frame is an entry as its readers get it. Like Body it is boxed: it prints as
// its size.
type Frame struct{ Body }

// Frame answers the entry's encoding for readers of the given visibility,
// making it with encode on first use. Two goroutines may both encode at first
// use; one result wins and both are equal. Safe from any goroutine.
func (e *Entry) Frame(reader Visibility, encode func(*Entry, Visibility) []byte) []byte {
	slot := &e.frames[reader]
	if frame := slot.Load(); frame != nil {
		return frame.Reveal()
	}
	slot.CompareAndSwap(nil, &Frame{NewBody(encode(e, reader))})
	return slot.Load().Reveal()
}

// String is what a log may hold of an entry: its address, kind and sizes.
func (e *Entry) String() string {
	return e.Session.String() + "#" + strconv.FormatUint(uint64(e.Seq), 10) + " " + e.Kind.String() + " " + e.Body.String()
}

// ParseKind reads a kind's text.
func ParseKind(text string) (Kind, bool) {
	for i, name := range kindNames {
		if name == text && i > 0 {
			return Kind(i), true
		}
	}
	return KindNone, false
}

// ParseCause reads a cause's text.
func ParseCause(text string) (Cause, bool) {
	for i, name := range causeNames {
		if name == text {
			return Cause(i), true
		}
	}
	return CauseNone, false
}

func nameOf(names []string, i int, what string) string {
	if i < len(names) {
		return names[i]
	}
	return what + "(" + strconv.Itoa(i) + ")"
}
