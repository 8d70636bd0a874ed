package actors

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Who was offered a session, or is named in a decision about it, may ask why, for its
// own part: of itself everything, of others nothing but how many there were. What it
// learns has no word of what was said.

// mayExplainOwn reports whether a seat may ask for its own part of what was decided,
// should it have one. Who is not good for the department is answered as if there were
// no such session, before anything is read.
func (a *sessionActor) mayExplainOwn(s *seat) bool {
	return s.author.Kind == engine.AuthorOperator && s.desk != nil && !s.isSignedOut() && s.isGoodFor(a.rules.Department())
}

// explained is an answer as its asker may have it: all, its own part, or nothing.
func (a *sessionActor) explained(s *seat, all *engine.Decisions) *engine.Decisions {
	switch {
	case a.mayExplain(s):
		return all
	case !a.mayExplainOwn(s):
		return nil
	}
	mine := ownPart(all.Last, s.author.Operator)
	if len(mine) == 0 {
		return nil
	}
	reduced := &engine.Decisions{Last: mine, More: all.More}
	isMine := func(d engine.Decided) bool { return all.Why != nil && d.Seq == all.Why.Seq }
	if all.Why != nil && all.Why.Operator == s.author.Operator && slices.ContainsFunc(mine, isMine) {
		reduced.Why = all.Why
	}
	return reduced
}

// ownPart leaves of decisions those that an operator was asked by, or is named in, and
// of these what is about it. To do so again changes nothing.
func ownPart(all []engine.Decided, id engine.OperatorID) (mine []engine.Decided) {
	for _, d := range all {
		isAsked := d.Operator == id
		if !isAsked && !names(&d.Decision, id) {
			continue
		}
		d.Decision = ownDecision(d.Decision, id)
		if !isAsked { // who was, and what became of it, is not for it
			d.Operator, d.Accepted, d.Ended = "", false, engine.CauseNone
			d.EndedAt = time.Time{}
		}
		mine = append(mine, d)
	}
	return mine
}

// names reports whether a decision is about an operator by name.
func names(d *engine.Decision, id engine.OperatorID) bool {
	return d.Winner.Operator == id || d.Target == id || d.Owner == id || slices.Contains(d.Declined, id) ||
		slices.ContainsFunc(d.Next, func(c engine.Candidate) bool { return c.Operator == id })
}

// ownDecision is a decision without what is about others.
func ownDecision(d engine.Decision, id engine.OperatorID) engine.Decision {
	if d.Winner.Operator != id {
		d.Winner = engine.Candidate{}
	}
	if d.Target != id {
		d.Target = ""
	}
	if d.Owner != id {
		d.Owner = ""
	}
	d.Declined = slices.DeleteFunc(slices.Clone(d.Declined), func(other engine.OperatorID) bool { return other != id })
	d.Next = slices.DeleteFunc(slices.Clone(d.Next), func(c engine.Candidate) bool { return c.Operator != id })
	return d
}
