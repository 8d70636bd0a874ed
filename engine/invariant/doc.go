// Package invariant checks what must always hold of sessions, their logs and the
// router's ledger (SEMANTICS: invariants). The checks are for tests, for the
// simulator and for a running engine alike: each looks at what has just changed and
// costs as much as the change.
//
// They share no code with what they check. Where the rules leave a choice open
// (which of two operators), the checks do not make it; where they say "eligible",
// the checks count only those who certainly are.
//
// A Log looks at one session's entries as they are numbered (I1, I3, I11, I13);
// CheckRow and CheckChange at its routing facts (I1, I4, I12, I13); a Ledger at what
// the router grants (I2, I5, I6, I12); Conversations at which sessions are open (I8);
// CheckEntry and CheckSignal at what is about to leave a session (I10). None of them
// holds text. A Violation says which invariant is broken, in which session, in ids and
// counts only.
//
// Read next: log.go, row.go, ledger.go.
package invariant

import "github.com/parleyhq/parley/engine"

// Violation is a broken invariant.
type Violation struct {
	Invariant string           // I1 to I15
	Session   engine.SessionID // zero: not of one session
	Detail    string           // ids and counts only
}

func (v *Violation) String() string {
	if v.Session.IsZero() {
		return v.Invariant + ": " + v.Detail
	}
	return v.Invariant + ": session " + v.Session.String() + ": " + v.Detail
}
