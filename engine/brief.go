package engine

import "time"

// Brief is what an operator is told of a chat that it is offered, besides the Offer:
// enough to answer it, of what is held about the visitor nothing but a name, and of what
// it said the subject. It
// is in no row and no log.
type Brief struct {
	Waited   time.Duration // how long the visitor had waited for somebody when it was offered
	Name     Body          // what the visitor is called, where that is held; empty: not known
	Subject  Body          // what the visitor says that it is about; empty: not said
	Verified bool          // the visitor has proven who it is
	Met      []Need        // what is asked for at the search's step and the operator declares
	Parallel int           // operators who are asked at the same time, this one included
	Rule     string        // what preferred the first of them: Decision.Rule
	Step     int           // of the search
	// Reach are the departments whose operators could take it then.
	Reach []DepartmentID
}

// Hushed is the brief without the subject, which was removed.
func (b *Brief) Hushed() *Brief {
	if b == nil {
		return nil
	}
	less := *b
	less.Subject = Body{}
	return &less
}

// MaxCode bounds a code: a reason that the tenant's people name, in bytes.
const MaxCode = 64

// IsCode reports whether a text is a code: 1 to MaxCode of a-z, 0-9, _ and -. A code is
// a word of the tenant's own closed list, and no text that somebody typed.
func IsCode(text string) bool {
	for i := range len(text) {
		c := text[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return text != "" && len(text) <= MaxCode
}

// Load is what an operator carries, for its own connections.
type Load struct {
	Used      int       // milli-units: offers and sessions
	Capacity  int       // milli-units
	Open      int       // sessions that count against OpenCap
	OpenCap   int       // 0: not known yet
	Breathing time.Time // no offers until then; zero: it does not breathe
}

// Notice tells an operator what it should know of, once.
type Notice struct {
	Kind       NoticeKind
	Since      time.Time     // of NoticeMissedPause
	Misses     int           // of NoticeMissedPause: offers in a row that ran out
	Rev        uint64        // of NoticeConfigChanged: the configuration's
	Department DepartmentID  // of NoticeRisk and NoticeSilent
	Waited     time.Duration // of NoticeRisk: the longest
	Sessions   int           // of NoticeRisk: how many have passed the limit since the last notice
	Session    SessionID     // of NoticeSilent
	Operator   OperatorID    // of NoticeSilent: who owns it
}

// NoticeKind says what a Notice is about.
type NoticeKind uint8

// The kinds of notice.
const (
	NoticeMissedPause   NoticeKind = iota + 1 // too many offers ran out: the operator is paused
	NoticeConfigChanged                       // the tenant's configuration has changed
	NoticeGoingAway                           // the server is about to stop: no more offers here
	NoticeRisk                                // visitors wait longer than the department promises
	NoticeSilent                              // an owner does not answer its visitor: for supervisors
)

var noticeNames = [...]string{"", "missed_pause", "config_changed", "going_away", "sla_risk", "operator_silent"}

func (k NoticeKind) String() string { return nameOf(noticeNames[:], int(k), "notice") }

// Lasting: the next change repeats it.
func (Load) Lasting() bool { return false }

// Lasting: said once. A slow reader misses it all the same: nothing is built on it.
func (Notice) Lasting() bool { return false }
