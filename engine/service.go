package engine

import "time"

// Service is how an open session is to be served: the part of its routing facts
// that a department's policy works on. It holds no text.
type Service struct {
	Queued    time.Time  `json:"queued"`              // when it last began to wait; the steps count from here
	Step      int        `json:"step,omitempty"`      // the step reached since
	Needs     []Need     `json:"needs,omitempty"`     // its own, besides the steps'
	Weight    int        `json:"weight,omitempty"`    // its own while it is served, milli-units; 0: its department's
	Preferred OperatorID `json:"preferred,omitempty"` // goes first while a step says so, or while Returning
	Returning bool       `json:"returning,omitempty"` // lost its operator: Preferred is offered it back first, at any step
	Transfer  *Transfer  `json:"transfer,omitempty"`  // pending, of StateActive and StateDetached
	Members   []Member   `json:"members,omitempty"`   // who else is in it
	Assigned  time.Time  `json:"assigned,omitzero"`   // since when the owner has it; the first reply's deadline counts from here
	Direct    bool       `json:"direct,omitempty"`    // assigned without an offer: the first reply has a deadline
	Replied   bool       `json:"replied,omitempty"`   // the owner has written since it owns the session
	GraceBy   time.Time  `json:"grace_by,omitzero"`   // of StateDetached: when the session goes back to the line
	Handed    bool       `json:"handed,omitempty"`    // a bot handed it over, or a person has had it: only people are asked from here on
	Draining  bool       `json:"draining,omitempty"`  // the owner has signed out and keeps what is open
	TurnSince time.Time  `json:"turn_since,omitzero"` // since when Turn's silence counts: see package session, silence.go
	Warned    bool       `json:"warned,omitempty"`    // the visitor was asked whether it is still there
	Nudged    bool       `json:"nudged,omitempty"`    // the operator was reminded
	Idle      bool       `json:"idle,omitempty"`      // weighs IdleWeight
	BothWrote Both       `json:"both,omitempty"`      // whose messages there are
	ReviewBy  time.Time  `json:"review_by,omitzero"`  // of StateUnattended: when it is given up
	Aside     Cause      `json:"aside,omitempty"`     // of StateUnattended: why it is a message; see session.resume
	Verified  bool       `json:"verified,omitempty"`  // the visitor has proven who it is
	Previous  SessionID  `json:"previous,omitzero"`   // the session that this one continues
	Tags      []string   `json:"tags,omitempty"`      // set by operators
	Followed  time.Time  `json:"follow_up,omitzero"`  // when the owner wants to come back to it
	RateBy    time.Time  `json:"rate_by,omitzero"`    // of StateClosing: until when the visitor may rate it
	Rated     bool       `json:"rated,omitempty"`
	Rev       Seq        `json:"rev,omitempty"` // the last entry that changed priority, needs, tags or department: what Plan.IfRev is compared with
}

// Both says which sides have written.
type Both uint8

// The sides.
const (
	VisitorWrote  Both = 1 << iota
	OperatorWrote      // visible to the visitor
)

// LiveOffer is an offer that still stands, and to whom.
type LiveOffer struct {
	Offer
	Operator OperatorID
}

// Target is where a transfer goes: exactly one field is set.
type Target struct {
	Operator   OperatorID   `json:"operator,omitempty"`
	Department DepartmentID `json:"department,omitempty"`
	Skill      string       `json:"skill,omitempty"`
}

// IsZero reports whether no target is named.
func (t Target) IsZero() bool { return t == Target{} }

// Transfer is a change of owner that has been asked for. Until it is accepted the
// session's owner stays responsible, unless the transfer is cold.
type Transfer struct {
	ID     Seq        `json:"id"` // the entry transfer.started
	Target Target     `json:"target"`
	By     OperatorID `json:"by"`
	Cold   bool       `json:"cold,omitempty"`  // the source leaves now
	Or     Fallback   `json:"or,omitempty"`    // when nobody of the target can take it
	Until  time.Time  `json:"until,omitzero"`  // of OrWait: when it fails
	Force  bool       `json:"force,omitempty"` // a supervisor's: capacity does not matter, OpenCap does
}

// Fallback says what becomes of a transfer that nobody can take.
type Fallback uint8

// The fallbacks.
const (
	OrFail  Fallback = iota // it fails and nothing has changed
	OrQueue                 // the session waits in the target's department
	OrWait                  // it stays pending for a while
)

var fallbackNames = [...]string{"fail", "queue", "wait"}

func (f Fallback) String() string { return nameOf(fallbackNames[:], int(f), "fallback") }

// ParseFallback reads a fallback's text.
func ParseFallback(text string) (Fallback, bool) {
	for i, name := range fallbackNames {
		if name == text {
			return Fallback(i), true
		}
	}
	return OrFail, false
}

// Part is how an operator who does not own a session takes part in it.
type Part uint8

// The parts.
const (
	PartMember   Part = iota // writes to the visitor
	PartWhisper              // writes to the operators only
	PartObserver             // reads; needs a right; the others see it unless it is hidden
	PartFollower             // is told of new messages, reads
)

var partNames = [...]string{"member", "whisper", "observer", "follower"}

func (p Part) String() string { return nameOf(partNames[:], int(p), "part") }

// ParsePart reads a part's text.
func ParsePart(text string) (Part, bool) {
	for i, name := range partNames {
		if name == text {
			return Part(i), true
		}
	}
	return PartMember, false
}

// Member is an operator who takes part in a session without owning it.
type Member struct {
	Operator OperatorID `json:"operator"`
	As       Part       `json:"as"`
	Hidden   bool       `json:"hidden,omitempty"` // of PartObserver
}

// Facts are what an entry says besides its own fields: the Body of an entry with
// FormatFacts is their JSON. They hold ids, numbers and closed words, no text that
// anybody typed, tags excepted.
type Facts struct {
	Step       *int         `json:"step,omitempty"`
	Department DepartmentID `json:"department,omitempty"`
	Target     *Target      `json:"target,omitempty"`
	Mode       string       `json:"mode,omitempty"` // of a transfer: warm or cold
	Fallback   string       `json:"on_unavailable,omitempty"`
	Outcome    string       `json:"outcome,omitempty"` // of transfer.ended: accepted, failed, cancelled
	As         string       `json:"as,omitempty"`      // of participant.joined
	Hidden     bool         `json:"hidden,omitempty"`
	Force      bool         `json:"force,omitempty"`
	Previous   *SessionID   `json:"previous,omitempty"`
	Needs      []Need       `json:"needs,omitempty"`
	Tags       []string     `json:"tags,omitempty"`
	Priority   *int         `json:"priority,omitempty"`
	Weight     *int         `json:"weight,omitempty"` // its own, milli-units
	Score      *int         `json:"score,omitempty"`
	FollowUp   *time.Time   `json:"follow_up,omitempty"`
	Reason     string       `json:"reason_code,omitempty"` // of session.closing: the tenant's own code
	WrapUp     *bool        `json:"wrapup,omitempty"`      // of session.closing: as it was asked for
	Deadline   *time.Time   `json:"deadline,omitempty"`
	Language   string       `json:"language,omitempty"`
	Decision   *Decision    `json:"decision,omitempty"` // of offer.made and of a direct session.assigned
}

// Decision is why a session went to an operator: what the router saw and which
// rule decided. It holds declared facts only: no text, profile or history score
// (GDPR Art. 22; Art. 15(1)(h)).
type Decision struct {
	Revision   uint64         `json:"revision"` // counts the router's decisions
	Department DepartmentID   `json:"department"`
	Also       []DepartmentID `json:"also,omitempty"` // whose operators could take it too
	Step       int            `json:"step"`
	Needs      []Need         `json:"needs,omitempty"`
	Weight     int            `json:"weight"`                // of the session, milli-units
	Target     OperatorID     `json:"target,omitempty"`      // of a transfer: the only one who could take it
	Owner      OperatorID     `json:"owner,omitempty"`       // of a transfer: whose the session is
	Declined   []OperatorID   `json:"declined,omitempty"`    // who had turned it down just before
	PeopleOnly bool           `json:"people_only,omitempty"` // a bot had handed it over
	Waited     int64          `json:"waited_ms"`
	Position   int            `json:"position"` // among the department's waiting when it was decided, 1 first; 0: it did not wait
	Strategy   string         `json:"strategy"`
	// Rule is what preferred the winner to the next: returning, preferred, tier,
	// fit, the strategy's name, last_chosen or hash; only (there was no next),
	// pick (an operator took it) or force (a supervisor's transfer).
	Rule     string      `json:"rule"`
	Winner   Candidate   `json:"winner,omitzero"` // zero: somebody else, to a reader who may know of itself only
	Next     []Candidate `json:"next,omitempty"`  // the eligible after the winner, at most MaxCandidates
	Eligible int         `json:"eligible"`
	Rest     Reasons     `json:"rest,omitzero"`
}

// Reasons counts the operators who could not be chosen, each by the first of
// these reasons that holds for it.
type Reasons struct {
	NotMember   int `json:"not_member,omitempty"` // of none of the departments that may take it
	NeverAuto   int `json:"never_auto,omitempty"` // by its tier; a bot, where people are asked for
	Skills      int `json:"skills,omitempty"`
	NotRoutable int `json:"not_routable,omitempty"` // not connected, not accepting or away
	Breathing   int `json:"breathing,omitempty"`
	OpenCap     int `json:"open_cap,omitempty"`
	Full        int `json:"full,omitempty"`
	Owner       int `json:"owner,omitempty"` // has it already
	Declined    int `json:"declined,omitempty"`
}

// MaxCandidates is how many runners-up a Decision names.
const MaxCandidates = 8

// Candidate is an operator as the router saw it.
type Candidate struct {
	Operator   OperatorID `json:"operator"`
	Preferred  bool       `json:"preferred,omitempty"`
	Tier       Tier       `json:"tier"`
	Fit        int        `json:"fit"`      // sum of levels above what is required
	Used       int        `json:"used"`     // milli-units, before
	Capacity   int        `json:"capacity"` // milli-units
	Open       int        `json:"open"`
	LastChosen time.Time  `json:"last_chosen,omitzero"`
}
