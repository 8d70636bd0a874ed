package routing

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// NextTimer is when a decline, a step or breathing time ends next: Deadline
// without what comes back anyway.
func (r *Router) NextTimer() time.Time {
	t, found := r.timers.min()
	if !found {
		return time.Time{}
	}
	return moment(t.at)
}

// SpoilLoad makes an operator's sums wrong.
func (r *Router) SpoilLoad(id engine.OperatorID) { r.operators[id].used += 300 }

// SpoilPresence lets an operator be gone without its sessions' knowing.
func (r *Router) SpoilPresence(id engine.OperatorID) { r.operators[id].present = false }

// SpoilRound takes a waiting session off the bids: an operator comes, and nobody looks.
func (r *Router) SpoilRound(id engine.OperatorID) {
	o := r.operators[id]
	o.routable, o.present = true, true
	for _, m := range o.memberships {
		m.stale = true
		m.c.stale = append(m.c.stale, m)
	}
}

// SpoilPlace takes the waiting out of the line.
func (r *Router) SpoilPlace() {
	for _, s := range r.sessions {
		s.class = nil
	}
}

// Waiting is in how many classes somebody waits.
func (r *Router) Waiting() (n int) {
	count := func(c *class) {
		if c != nil && c.waiting.size > 0 {
			n++
		}
	}
	for _, l := range r.byLine {
		for _, c := range l.classes {
			count(c)
		}
	}
	for _, c := range r.specials {
		count(c)
	}
	return n
}
