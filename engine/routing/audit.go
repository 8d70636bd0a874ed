package routing

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/parleyhq/parley/engine"
)

// Finding is something that an audit did not find as it should be. It holds ids and
// counts only.
type Finding struct {
	Invariant string           // I2, I4, I5, I6, I7 or I12
	Session   engine.SessionID // zero: of the router itself, which is to begin anew
	Epoch     engine.Epoch     // of Session
	Operator  engine.OperatorID
	Detail    string
}

// Audit compares what the router keeps up to date with what it comes to when it is
// computed anew: everybody's load from the sessions (I2), that who waits is where it is
// looked for and counted as what it is (I4), that nobody waits whom somebody could take
// (I5), that nobody's session is with an operator who is gone (I7), that nothing is kept
// of closed sessions (I12). It says too which offers since the last audit, of those looked
// at, were out of order (I6). It walks everything: ask every few minutes.
//
// A finding about a session may be that it has just changed and its next report is on
// the way: only one that is found twice counts.
func (r *Router) Audit() []Finding {
	var all []Finding
	sums := make(map[*operator]load, len(r.operators))
	counts := make(map[*line]*tallies, len(r.byLine))
	for _, l := range r.byLine {
		counts[l] = &tallies{}
	}
	for _, s := range r.sessions {
		*counts[s.line].at(s.state)++
		if f := s.audit(); f.Invariant != "" {
			f.Session, f.Epoch = s.ref.Session, s.epoch
			all = append(all, f)
		}
		s.sum(sums)
	}
	for _, o := range r.operators {
		if sum := sums[o]; sum.used != o.used || sum.open != o.open {
			all = append(all, Finding{Invariant: "I2", Operator: o.id, Detail: fmt.Sprintf(
				"operator %s carries %d in %d sessions, the router counts %d in %d", o.id, sum.used, sum.open, o.used, o.open)})
		}
	}
	for _, l := range r.byLine {
		if *counts[l] != l.states {
			all = append(all, Finding{Invariant: "I4", Detail: fmt.Sprintf("department %s has %v sessions by state, the router counts %v", l.id, *counts[l], l.states)})
		}
	}
	all = append(all, r.unplaced()...)
	all = append(all, r.takeMisordered()...)
	slices.SortFunc(all, func(a, b Finding) int {
		if c := compareIDs(a.Session, b.Session); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(a.Operator, b.Operator), cmp.Compare(a.Invariant, b.Invariant), cmp.Compare(a.Detail, b.Detail))
	})
	return all
}

// Knows reports whether the session is open, as far as the router was told.
func (r *Router) Knows(id engine.SessionID) bool { return r.sessions[id] != nil }

// audit looks at one session.
func (s *session) audit() (f Finding) {
	owned := s.state == engine.StateActive || s.state == engine.StateDetached
	switch {
	case !s.state.IsOpen():
		return Finding{Invariant: "I12", Detail: fmt.Sprintf("%v, and still kept", s.state)}
	case owned && s.owner == nil:
		return Finding{Invariant: "I4", Detail: fmt.Sprintf("%v, and has no owner", s.state)}
	case s.state == engine.StateActive && s.owner.reported && !s.owner.present:
		return Finding{Invariant: "I7", Operator: s.owner.id, Detail: "active, and its operator " + string(s.owner.id) + " is gone"}
	case s.isWaiting() != (s.class != nil):
		return Finding{Invariant: "I4", Detail: fmt.Sprintf("%v, and waits: %v, in a line: %v", s.state, s.isWaiting(), s.class != nil)}
	case s.state == engine.StateUnattended && s.shelf == nil:
		return Finding{Invariant: "I4", Detail: "unattended, and on no shelf"}
	}
	return f
}

// sum adds the session to the loads of those who carry it: once to each, at the most
// that it weighs for one.
func (s *session) sum(sums map[*operator]load) {
	add := func(o *operator, weight, before int) {
		l := sums[o]
		l.used += max(weight, before) - before
		if before == 0 {
			l.open++
		}
		sums[o] = l
	}
	for i, o := range s.promised {
		if !slices.Contains(s.promised[:i], o) {
			add(o, s.lease, 0)
		}
	}
	for i, o := range s.offers {
		if !slices.Contains(s.offers[:i], o) && !slices.Contains(s.promised, o) {
			add(o, s.lease, 0)
		}
	}
	if s.owner == nil {
		return
	}
	before := 0
	if slices.Contains(s.promised, s.owner) || slices.Contains(s.offers, s.owner) {
		before = s.lease
	}
	add(s.owner, s.weight, before)
}
