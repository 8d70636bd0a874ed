package engine

import "time"

// Decided is a decision of the router's and what came of it: an offer, or an
// assignment without one. It is read from the session's log.
type Decided struct {
	Seq      Seq // the entry that holds it; of an offer, the offer's id
	At       time.Time
	Epoch    Epoch
	Operator OperatorID // who was asked; with parallel offers one decision is there for each
	Cause    Cause      // auto, sticky or transfer
	Direct   bool       // assigned without being asked
	Decision Decision
	// Accepted: the operator owned the session. Else Ended is how the offer ended;
	// CauseNone while it stands.
	Accepted bool
	Ended    Cause
	EndedAt  time.Time // zero while it stands
}

// Explanation says why an operator was not chosen in a decision.
type Explanation struct {
	// Reason is one of routing.Explained's: winner, next, not_routable, not_member,
	// never_auto, skills, full, open_cap, declined, breathing, owner, later, or
	// unknown: too long ago, or before the last start.
	Reason string
	Then   Candidate // the operator as the router saw it
}

// MaxExplained is how many decisions an answer to OpExplain holds at most.
const MaxExplained = 20

// Decisions is the answer to OpExplain.
type Decisions struct {
	Last []Decided // oldest first
	More bool      // there were earlier ones
	Why  *Why      // nil: nobody was asked about
}

// Why says why an operator was not chosen in the decision numbered Seq.
type Why struct {
	Seq      Seq
	Operator OperatorID
	Explanation
}
