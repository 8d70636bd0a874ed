package routing

import "github.com/parleyhq/parley/engine"

// bid is a reason to try a session: an operator who could take it, or, without
// one, the session itself, which has just begun to wait or may ask again somebody
// who turned it down.
type bid struct {
	s    *session
	o    *operator
	back bool // o lost the session and gets it back before all others
}

func bidLess(a, b *bid) bool {
	switch {
	case a.back != b.back:
		return a.back
	case a.s != b.s:
		return sessionLess(a.s, b.s)
	case a.o == nil || b.o == nil:
		return a.o == nil && b.o != nil
	default:
		return a.o.id < b.o.id
	}
}

// bids is a binary heap, the first bid on top. Equal bids are the same bid: the
// order in which they come out does not matter. A session's place in the order of
// sessions must not change while a bid names it.
type bids []bid

func (h *bids) push(b bid) {
	all := append(*h, b)
	*h = all
	for at := len(all) - 1; at > 0; {
		up := (at - 1) / 2
		if !bidLess(&all[at], &all[up]) {
			return
		}
		all[at], all[up] = all[up], all[at]
		at = up
	}
}

// pop takes the first bid out. There must be one.
func (h *bids) pop() bid {
	all := *h
	first, last := all[0], len(all)-1
	all[0], all[last] = all[last], bid{}
	all = all[:last]
	*h = all
	for at := 0; ; {
		down := 2*at + 1
		if down >= len(all) {
			return first
		}
		if other := down + 1; other < len(all) && bidLess(&all[other], &all[down]) {
			down = other
		}
		if !bidLess(&all[down], &all[at]) {
			return first
		}
		all[at], all[down] = all[down], all[at]
		at = down
	}
}

// bid enters the session that comes first of those that the operator could take.
func (r *Router) bid(o *operator) {
	standing := o.standing()
	if standing != listed && standing != full {
		return
	}
	room, now := max(o.room(), 0), r.now
	if o.returning.size > 0 {
		s, found := o.returning.first(room, func(s *session) bool { return r.takesBack(s, o) })
		if found {
			r.bids.push(bid{s: s, o: o, back: true})
			return
		}
	}
	var earliest *session
	willing := func(s *session) bool { return !s.refuses(o, now) }
	for _, m := range o.memberships {
		if m.c.waiting.size == 0 || m.c.manual {
			continue
		}
		s, found := m.c.waiting.first(room, willing)
		if found && (earliest == nil || sessionLess(s, earliest)) {
			earliest = s
		}
	}
	if earliest != nil {
		r.bids.push(bid{s: earliest, o: o})
	}
}

// takesBack reports whether an operator can have a session back that it lost.
// It has served it before: tiers and skills do not matter.
func (r *Router) takesBack(s *session, o *operator) bool {
	return s.class != nil && s.state == engine.StateQueued && s.class.reaches(o) && o.fits(s.lease, false) && !s.refuses(o, r.now)
}
