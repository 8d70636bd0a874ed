package routing

import (
	"slices"
	"sort"
	"time"

	"github.com/parleyhq/parley/engine"
)

// How much of an operator's past is kept, to explain decisions with.
const (
	maxRecords = 256
	keptFor    = int64(24 * time.Hour)
)

// record is what an operator was from a decision on: no session, no text.
type record struct {
	after     uint64 // decisions made when it became so
	at        int64
	breathing int64
	last      int64
	profile   *profile
	used      int32
	open      int32
	routable  bool
}

// history is an operator's records, a ring once it is full.
type history struct {
	records []record
	next    int // of a full ring: the oldest
}

// record notes what an operator is. Changes between two decisions are one.
func (r *Router) record(o *operator) {
	now := record{
		after: r.decisions, at: r.now, breathing: o.breathing, last: o.last, profile: o.profile,
		used: int32(o.used), open: int32(o.open), routable: o.routable,
	}
	h := &o.history
	if n := len(h.records); n > 0 {
		if latest := &h.records[(h.next+n-1)%n]; latest.after == now.after {
			*latest = now
			return
		}
	}
	if len(h.records) < maxRecords {
		h.records = append(h.records, now)
		return
	}
	h.records[h.next] = now
	h.next = (h.next + 1) % maxRecords
}

// before is the operator as the n-th decision saw it.
func (h *history) before(decision uint64, now int64) (record, bool) {
	n := len(h.records)
	// The first record that the decision could not see.
	i := sort.Search(n, func(i int) bool { return h.records[(h.next+i)%n].after >= decision })
	if i == 0 {
		return record{}, false
	}
	seen := h.records[(h.next+i-1)%n]
	isOver := i < n && now-h.records[(h.next+i)%n].at > keptFor
	return seen, !isOver
}

// explain says why an operator was not chosen in a decision.
func (r *Router) explain(in Explain) {
	answer := Explained{Request: in.Request, Reason: "unknown", Then: engine.Candidate{Operator: in.Operator}}
	defer func() { r.do(answer) }()
	d := in.Decision
	if d == nil {
		return
	}
	if d.Winner.Operator == in.Operator {
		answer.Reason, answer.Then = "winner", d.Winner
		return
	}
	if i := slices.IndexFunc(d.Next, func(c engine.Candidate) bool { return c.Operator == in.Operator }); i >= 0 {
		answer.Reason, answer.Then = "next", d.Next[i]
		return
	}
	o := r.operators[in.Operator]
	if o == nil {
		return
	}
	then, known := o.history.before(d.Revision, r.now)
	if !known {
		return
	}
	answer.Reason = then.against(in.Operator, d, &answer.Then)
}

// against is the first reason that kept an operator from a decision.
func (then record) against(id engine.OperatorID, d *engine.Decision, c *engine.Candidate) string {
	c.Used, c.Open, c.LastChosen = int(then.used), int(then.open), moment(then.last)
	p := then.profile
	if p == nil {
		return "not_member"
	}
	c.Capacity = p.capacity
	as := operator{id: id, profile: p, routable: then.routable, breathing: then.breathing, used: int(then.used), open: int(then.open)}
	// The same judgement as the router's own, of the operator as it was.
	class := class{reach: append([]engine.DepartmentID{d.Department}, d.Also...), needs: d.Needs, people: d.PeopleOnly, target: d.Target}
	m := class.admit(&as)
	if m == nil {
		switch rest := class.rest; {
		case rest.NotMember > 0:
			return "not_member"
		case rest.NeverAuto > 0:
			return "never_auto"
		default:
			return "skills"
		}
	}
	c.Tier, c.Fit = m.tier, m.fit
	switch as.standing() {
	case notRoutable:
		return "not_routable"
	case breathing:
		return "breathing"
	case atOpenCap:
		return "open_cap"
	default:
	}
	switch {
	case d.Rule != "force" && as.room() < d.Weight:
		return "full"
	case d.Owner == id:
		return "owner"
	case slices.Contains(d.Declined, id):
		return "declined"
	default:
		return "later"
	}
}
