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

// record is what an operator was from a decision on: no session, no text. It holds
// no pointers: there are many, and the garbage collector need not look at them.
type record struct {
	after     uint64 // decisions made when it became so
	at        int64
	breathing int64
	last      int64
	profile   uint64 // the number of the profile
	used      int32
	open      int32
	routable  bool
}

// history is an operator's records, a ring once it is full, and the profiles that
// they name.
type history struct {
	records  []record
	next     int // of a full ring: the oldest
	profiles []*profile
	first    uint64 // the number of the first of the profiles
}

// at is the i-th record, the oldest first.
func (h *history) at(i int) *record {
	if i += h.next; i >= len(h.records) {
		i -= len(h.records)
	}
	return &h.records[i]
}

// record notes what an operator is. Changes between two decisions are one.
func (r *Router) record(o *operator) {
	h := &o.history
	if n := len(h.profiles); n == 0 || h.profiles[n-1] != o.profile {
		h.adopt(o.profile)
	}
	var now *record
	switch n := len(h.records); {
	case n > 0 && h.at(n-1).after == r.decisions:
		now = h.at(n - 1)
	case n < maxRecords:
		h.records = append(h.records, record{})
		now = &h.records[n]
	default:
		now = h.at(0)
		if h.next++; h.next == n {
			h.next = 0
		}
	}
	*now = record{
		after: r.decisions, at: r.now, breathing: o.breathing, last: o.last, profile: h.first + uint64(len(h.profiles)-1),
		used: int32(o.used), open: int32(o.open), routable: o.routable,
	}
}

// adopt numbers a profile, and lets those go that no record names any more.
func (h *history) adopt(p *profile) {
	if len(h.records) > 0 {
		gone := h.at(0).profile - h.first
		h.profiles, h.first = slices.Delete(h.profiles, 0, int(gone)), h.first+gone
	}
	h.profiles = append(h.profiles, p)
}

// before is the operator as the n-th decision saw it.
func (h *history) before(decision uint64, now int64) (record, *profile, bool) {
	n := len(h.records)
	// The first record that the decision could not see.
	i := sort.Search(n, func(i int) bool { return h.at(i).after >= decision })
	if i == 0 {
		return record{}, nil, false
	}
	seen := *h.at(i - 1)
	isOver := i < n && now-h.at(i).at > keptFor
	return seen, h.profiles[seen.profile-h.first], !isOver
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
	then, profile, known := o.history.before(d.Revision, r.now)
	if !known {
		return
	}
	answer.Reason = then.against(in.Operator, profile, d, &answer.Then)
}

// against is the first reason that kept an operator from a decision.
func (then record) against(id engine.OperatorID, p *profile, d *engine.Decision, c *engine.Candidate) string {
	c.Used, c.Open, c.LastChosen = int(then.used), int(then.open), moment(then.last)
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
	reason := as.standing().reason()
	switch {
	case reason != "":
		return reason
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
