package engine

import (
	"context"
	"slices"
	"time"
)

// Op is what a participant asks for.
type Op uint8

// The operations. The comment names who may ask.
const (
	OpNone     Op = iota
	OpStart       // visitor: open a session in Department, as Plan and Form say, or get the open one
	OpMessage     // visitor, owner: add Body
	OpRead        // visitor, owner: has read up to Seq
	OpHistory     // visitor, owner: up to Limit entries before Before
	OpClose       // visitor, owner: end the session
	OpAccept      // operator: take the offer numbered Offer
	OpReject      // operator: decline the offer numbered Offer
	OpIntent      // operator: set Intent
	OpAway        // operator: this connection's person is away (On) or back
	OpEdit        // owner, integration: the message numbered Target, its own, now reads Body
	OpRedact      // visitor, owner, integration: remove the message numbered Target, its own; a supervisor: anybody's
	OpFile        // visitor, owner: announce File, to be sent as a message when its bytes are there
	OpFetch       // visitor, owner: a link to read the bytes of File, of which ID
	OpIdentify    // visitor, owner, integration: set what is held about the visitor, Identity
	OpIdentity    // visitor, owner, integration: what is held about the visitor

	OpPick           // operator with RightPick: take a waiting session
	OpRelease        // owner: give the session back to the line, or to Plan.Target's department
	OpTransfer       // owner, supervisor, integration: hand the session on as Plan says
	OpTransferCancel // who asked for it, owner, supervisor: take the pending transfer back
	OpJoin           // operator of the department, supervisor: take part as Plan.As
	OpLeave          // member: take part no longer
	OpTakeover       // supervisor: become the owner; the old one stays a member
	OpSet            // owner, supervisor, integration: Plan's priority, needs, weight, tags, department
	OpWrapUpExtend   // owner, while closing: more time
	OpWrapUpDone     // owner, while closing: finished
	OpRate           // visitor, within the rating window: Plan.Score, Body an optional comment
	OpNote           // owner, member, supervisor: a note after the end
	OpLeaveQueue     // visitor, while waiting: close, or leave a message (Plan.Message)
	OpHandoff        // a bot that owns the session, or the visitor of one: a person is wanted
	OpContinue       // visitor: a new session that continues a closed one
	OpExplain        // owner, member, supervisor: the router's decisions, and why For was not chosen in that numbered Target
	OpDepartments    // visitor: what the departments are now
	OpWatch          // operator: be shown Topics from now on, each from a snapshot
	OpUnwatch        // operator: be shown Topics no longer
	OpBan            // supervisor of a department that the visitor has or had a session in: Ban, of Visitor or of Session's
	OpVisitor        // whoever reads a session as an operator, supervisor: what its visitor is, Visitor or Session's
	OpTargets        // owner, supervisor: where the session could be handed on to
	OpSessions       // supervisor: the chats that operators have, of Department or of all that it supervises
)

var opNames = [...]string{
	"", "session.start", "message.send", "read.mark", "history.get", "session.close", "offer.accept", "offer.reject", "intent.set", "away.set", "message.edit", "message.redact", "file.begin", "file.get", "client.identify", "identity.get",
	"session.pick", "session.release", "transfer.start", "transfer.cancel", "session.join", "session.leave", "session.takeover",
	"session.set", "wrapup.extend", "wrapup.done", "session.rate", "note.add", "session.leave_queue", "session.handoff", "session.continue", "explain", "department.list",
	"watch", "unwatch",
	"visitor.ban", "visitor.get",
	"transfer.targets",
	"session.list",
}

func (op Op) String() string { return nameOf(opNames[:], int(op), "op") }

// ParseOp reads an operation's wire text.
func ParseOp(text string) (Op, bool) {
	for i, name := range opNames {
		if name == text && i > 0 {
			return Op(i), true
		}
	}
	return OpNone, false
}

// Draft is what a participant asks for. It says nothing about who asks: the
// Seat it is posted to knows that. Only the fields that Op's comment names, and
// those below that say "every", are looked at.
type Draft struct {
	Op         Op
	Request    string    // every: the connection's request id, returned in the Answer; empty asks for no answer
	ClientID   string    // every state change: idempotency key, at most MaxClientID bytes
	Session    SessionID // every, except OpStart, OpIntent and OpAway
	Epoch      Epoch     // OpAccept, OpReject, operator's OpClose: what the asker believes; 0 skips the check
	Department DepartmentID
	Offer      Seq
	Seq        Seq             // OpRead
	IfSeq      Seq             // OpMessage: refuse with ErrStaleView if somebody else wrote after it; 0 skips the check
	Before     Seq             // OpHistory: entries below this number; 0 means from the end
	Limit      int             // OpHistory: 1 to MaxHistory; 0 means MaxHistory
	Intent     Intent          // OpIntent
	On         bool            // OpAway
	Target     Seq             // OpEdit, OpRedact; OpExplain: a decision; 0 means all
	Visibility Visibility      // OpMessage of an operator: VisibleToOperators writes a note that the visitor never sees
	Format     Format          // of Body
	Body       Body            // OpMessage, OpEdit, OpNote, OpRate; OpStart: an optional first message; OpTransfer: an optional note
	Plan       *Plan           // of the operations whose comment names it
	Drain      bool            // OpIntent to IntentSignedOut: keep what is open
	For        OperatorID      // OpIntent of a supervisor: whose; OpExplain: why not this one
	Until      time.Time       // OpIntent to IntentPaused: accepting again from then on; zero: until changed
	Reason     string          // OpIntent: a code, or empty
	File       *File           // OpFile; of OpFetch, and of OpMessage of FormatFile, its ID only
	Identity   *IdentityChange // OpIdentify
	Topics     []Topic         // OpWatch, OpUnwatch
	Form       *Form           // OpStart, OpContinue; nil: nothing is said
	Visitor    VisitorID       // OpBan, OpVisitor; zero: Session's
	Ban        *BanOrder       // OpBan
}

// Plan is what an operation asks of how a session is served.
type Plan struct {
	Target   Target
	Cold     bool          // OpTransfer
	Or       Fallback      // OpTransfer
	Wait     time.Duration // OpTransfer with OrWait; at most an hour
	Force    bool          // OpTransfer, OpTakeover of a supervisor
	As       Part          // OpJoin
	Hidden   bool          // OpJoin as PartObserver
	Priority *int          // OpSet, OpStart (signed only)
	Needs    []Need        // OpSet, OpStart; nil: unchanged
	Weight   *int          // OpSet, OpStart (signed only): of the session while it is served, milli-units, MinWeight to MaxWeight
	Tags     []string      // OpSet, OpClose; nil: unchanged
	Score    int           // OpRate: 1 to 5
	FollowUp time.Time     // OpClose
	Reason   string        // OpClose: a code (IsCode), of the department's list where it has one; empty: none
	WrapUp   *bool         // OpClose: false: no time for notes is wanted; nil and true: as the department says
	Message  bool          // OpLeaveQueue: stay as a message
	Previous SessionID     // OpStart: the closed session that is continued
	IfRev    Seq           // OpSet: refuse unless this is the last entry that changed it; 0 skips the check
}

// Rights are what a principal may do beyond its own sessions: bits, judged at
// each use.
type Rights uint8

// The rights.
const (
	RightSupervise Rights = 1 << iota // any session of its departments: join, whisper, take over, force
	RightPick                         // take a waiting session out of turn
	RightHide                         // observe without being seen
	RightPriority                     // of a visitor whose signed proof says so: state a priority, a weight and hard needs
)

// Has reports whether all of want are held.
func (r Rights) Has(want Rights) bool { return r&want == want }

var rightNames = [...]string{"supervise", "pick", "hide", "priority"}

// Names are the words of the rights that are held.
func (r Rights) Names() (names []string) {
	for i, name := range rightNames {
		if r&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// Bounds that every implementation keeps.
const (
	MaxClientID  = 64    // bytes of an idempotency key
	MaxBody      = 32768 // bytes of one message, unless the tenant says less
	MaxHistory   = 100   // entries of one OpHistory
	MaxCatchUp   = 500   // entries replayed to a resuming connection; beyond that it is told to reset
	MaxInFlight  = 256   // entries of one session that are numbered and not yet durable
	MaxRequestID = 64    // bytes of a connection's request id
)

// Answer is what came of a Draft. A Draft with a Request gets exactly one.
type Answer struct {
	Request string
	Op      Op
	Err     *Error      // nil: done, and durable where Op changes something
	Session SessionID   // OpStart, OpMessage, OpClose, OpAccept, OpReject, OpHistory
	Seq     Seq         // the entry that Op added, or that it added the first time
	At      time.Time   // that entry's time
	Epoch   Epoch       // OpStart, OpAccept
	State   State       // OpStart
	Entries []*Entry    // OpHistory, and ErrStaleView's missed entries, oldest first
	More    bool        // OpHistory, OpSessions: there are earlier ones
	Welcome *Welcome    // answer to Visit and Attend
	Intent  *IntentInfo // OpIntent
	Held    *Identity   // OpIdentity: what is held about the visitor; nil: nothing
	File    *FileLink   // OpFile, OpFetch

	Decisions   *Decisions         // OpExplain
	Departments []ListedDepartment // OpDepartments
	Topics      []Topic            // OpWatch, OpUnwatch: all that the connection watches now
	Targets     []TransferTarget   // OpTargets
	Sessions    []ListedSession    // OpSessions, newest first
	Visitor     *VisitorInfo       // OpVisitor; of OpBan its Visitor and Ban
}

// Seat is a participant's way into the engine: what a connection holds. It is
// bound to who the participant is and to the Outlet that Visit or Attend was
// given. Methods never block and may be called from any goroutine until Leave.
type Seat interface {
	// Post hands over a Draft. It answers ErrBusy when the receiver's inbox is
	// full, ErrNotFound for a session that is not this participant's, and
	// ErrClosed after Leave; then no Answer follows. Otherwise the Answer comes
	// by the Outlet.
	Post(Draft) *Error
	// Signal hands over something passing; it may be dropped without a word.
	Signal(SessionID, Signal)
	// Renew takes a newer proof of who the participant is, and answers until when
	// it holds. Errors: ErrAuthInvalid and ErrAuthExpired for a proof that is not
	// good, ErrForbidden for somebody else's; nothing changes then.
	Renew(Renewal) (Renewed, error)
	// Leave says that the connection is gone. Later calls do nothing.
	Leave()
}

// Outlet is the engine's way to a participant: a connection's outbox. Methods
// never block and may be called from any goroutine. False means that this
// outlet is gone: do not call it again.
type Outlet interface {
	// Deliver hands over a durable entry. It is never dropped: an outlet that
	// cannot take it closes itself and its client resumes by Seq.
	Deliver(*Entry) bool
	// Notify hands over something passing; it may be dropped when the outlet is
	// more than half full, unless its type says otherwise (Signal.Lasting).
	Notify(Signal) bool
	// Answer hands over the answer to a Draft. Never dropped.
	Answer(Answer) bool
	// Close ends the connection for a reason, after what is queued was written.
	Close(Reason)
}

// Renewal is a newer proof of who a seated participant is. Transport has verified
// what is signed.
type Renewal struct {
	Principal Principal       // of an operator
	Subject   string          // of a visitor: see Visit
	Until     time.Time       // of Subject
	Issued    time.Time       // of Subject
	Rights    Rights          // of Subject
	Claims    *IdentityChange // of Subject
	Token     string          // of a visitor without Subject: a token from a Welcome
}

// Renewed is the answer to a Renewal.
type Renewed struct {
	Expires time.Time
	Token   string // of a visitor: to be shown at the next connect
}

// Reason says why the engine ends a connection. Package transport maps each to
// a close code and to advice on reconnecting.
type Reason uint8

// The reasons.
const (
	ReasonNone         Reason = iota
	ReasonShutdown            // the server is stopping: reconnect
	ReasonSlowConsumer        // the connection did not read fast enough: reconnect and resume
	ReasonFailed              // the server failed: reconnect later
	ReasonTooMany             // the principal has more connections than allowed: do not
	ReasonSignedOut           // the principal lost its right to be here: do not
	ReasonSuspended           // the tenant is served no longer: do not
)

// Visit is a visitor's connection, authenticated as far as transport can:
// Origin has been judged against the tenant's list.
type Visit struct {
	Request string
	Tenant  *Tenant
	Token   string // a token from an earlier Welcome; empty asks for a new visitor
	// Subject is the tenant's own name for a visitor who has proven it by a signed
	// token (its `sub`); Token is then the anonymous one it had before, or empty.
	Subject string
	Until   time.Time       // of Subject: when its proof ends
	Issued  time.Time       // of Subject: when its proof was made; zero if it does not say
	Rights  Rights          // of Subject: see Proof
	Claims  *IdentityChange // of Subject: see Proof
	Origin  string          // the handshake's Origin; the token is bound to it
	Have    []Have
	Resume  *Resumption // nil: no resume token was shown, or it was not good
}

// Resumption is what a resume token says, which transport has verified: whose
// connection it was and how much had arrived there. It counts only for that very
// visitor, and what Visit.Have says of a session goes before it.
type Resumption struct {
	Visitor VisitorID
	Have    []Have
}

// Attendance is an operator's connection, authenticated.
type Attendance struct {
	Request   string
	Tenant    *Tenant
	Principal Principal
	Device    string // the client's name for its device; at most 64 bytes; may be empty
	Kind      string // of device: browser, mobile, ...; the client's word, at most 64 bytes; may be empty
	Pushable  bool   // the device can be woken by a push: see Operator.PushReach
	Intent    Intent // stated on connecting; used only if the operator was signed out
	Have      []Have
	Watch     []Topic // what it is shown besides its own state; nil: the waiting lines of its departments
}

// Have is how much of a session a resuming client holds already.
type Have struct {
	Session SessionID
	Seq     Seq
}

// Principal is who a token says its bearer is. Source: the `sub`, `roles`,
// `departments`, `iat` and `exp` claims (RFC 7519 section 4.1).
type Principal struct {
	Operator    OperatorID
	Roles       []Role
	Departments []DepartmentID // empty: all of the operator's
	Issued      time.Time      // the `iat` claim; zero if there is none
	Expires     time.Time
}

// Has reports whether the principal holds a role.
func (p Principal) Has(role Role) bool {
	for _, r := range p.Roles {
		if r == role {
			return true
		}
	}
	return false
}

// Serves reports whether the token is good for a department.
func (p Principal) Serves(d DepartmentID) bool {
	return len(p.Departments) == 0 || slices.Contains(p.Departments, d)
}

// Role is what a token allows: a closed list.
type Role string

// The roles.
const (
	RoleOperator   Role = "operator"
	RoleSupervisor Role = "supervisor"
	RoleAdmin      Role = "admin" // the tenant's servers: REST
	RoleBot        Role = "bot"
	RoleAuditor    Role = "auditor"
)

// Switchboard is what sockets need of the system; actors.System is one.
type Switchboard interface {
	// Visit seats a visitor's connection. The Welcome goes to the outlet as an
	// Answer before anything else does. Errors: ErrAuthInvalid, ErrAuthExpired,
	// ErrTooManyConnections, ErrBusy.
	Visit(context.Context, Visit, Outlet) (Seat, error)
	// Attend seats an operator's connection, in the same way.
	Attend(context.Context, Attendance, Outlet) (Seat, error)
}

// Welcome is the answer to Visit and Attend.
type Welcome struct {
	Visitor  VisitorID // of a visitor
	Token    string    // of a visitor: to be shown at the next connect. Holds no readable data
	Expires  time.Time // when Token, or the operator's proof, ends
	Verified bool      // of a visitor: it has proven who it is
	Banned   time.Time // of a visitor: it may neither begin nor write until then; zero: it is not banned
	Session  SessionID // of a visitor: the open session; zero if none
	Me       *Me       // of an operator
	// Rights are what an operator may do in departments beyond its own chats, as its
	// token and the configuration say now; none: not named.
	Rights map[DepartmentID]Rights
}
