package routing

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// bid is a reason to try a session: an operator who could take it, or, without
// one, the session itself, which has just begun to wait.
type bid struct {
	s *session
	o *operator
}

func bidLess(a, b bid) bool {
	switch {
	case a.s != b.s:
		return sessionLess(a.s, b.s)
	case a.o == nil || b.o == nil:
		return a.o == nil && b.o != nil
	default:
		return a.o.id < b.o.id
	}
}

// match is a match round over what the step touched. Before the step no waiting
// session had an eligible operator (I5), so only a session that began to wait
// and an operator who was touched can make a pair. Each touched operator bids
// for the earliest session it could take; the earliest bid of all goes first,
// to the best operator for it, and whoever bid bids again. During a round sessions
// only leave and room only shrinks, so no bid is too late in the order: the
// outcome is that of walking the whole line.
func (r *Router) match(fresh *session) {
	if fresh != nil && fresh.line != nil {
		r.bids.insert(bid{s: fresh}, 0)
	}
	for _, o := range r.touched {
		r.bid(o)
	}
	for {
		b, found := r.bids.min()
		if !found {
			return
		}
		r.bids.remove(b)
		if b.s.line != nil {
			r.place(b.s)
		}
		if b.o != nil {
			r.bid(b.o)
		}
	}
}

// matchAll is a match round that walks the whole line in order: for a new
// configuration, when everybody would bid for the same sessions.
func (r *Router) matchAll() {
	var waiting []*session
	for _, l := range r.lines {
		l.waiting.each(func(s *session) bool { waiting = append(waiting, s); return true })
	}
	slices.SortFunc(waiting, compareSessions)
	for _, s := range waiting {
		r.place(s)
	}
}

// bid enters the earliest waiting session that the operator could take.
func (r *Router) bid(o *operator) {
	if o.listedRoom == 0 {
		return
	}
	var earliest *session
	willing := func(s *session) bool { return !s.hasDeclined(o, r.now) }
	consider := func(l *line) {
		s, found := l.waiting.first(o.listedRoom, willing)
		if found && (earliest == nil || sessionLess(s, earliest)) {
			earliest = s
		}
	}
	if o.servesAll() {
		for _, l := range r.lines {
			consider(l)
		}
	} else {
		for _, l := range o.lines {
			consider(l)
		}
	}
	if earliest != nil {
		r.bids.insert(bid{earliest, o}, 0)
	}
}

// place promises the session to the best operator, if there is one.
func (r *Router) place(s *session) {
	winner := r.best(s, nil)
	if winner == nil {
		return
	}
	s.why = Decision{
		Rule: ruleBetween(winner, r.best(s, winner)), Eligible: r.eligible(s),
		Used: winner.used, Capacity: winner.capacity, LastChosen: winner.lastChosen,
	}
	r.leave(s)
	r.number++
	s.promised, s.number = winner, r.number
	r.unlist(winner) // its place in the order is about to change
	winner.lastChosen = r.now
	r.settle(s)
	r.offer(s)
}

// offer makes the promise known to the session.
func (r *Router) offer(s *session) {
	r.do(Offer{Session: s.ref, Operator: s.promised.id, Epoch: s.epoch, Number: s.number, Why: s.why})
}

// best is the operator to choose for a waiting session, leaving one out.
func (r *Router) best(s *session, except *operator) *operator {
	var best *operator
	ok := func(o *operator) bool { return o != except && !s.hasDeclined(o, r.now) }
	for _, p := range [...]*pool{s.line.pool, r.everyone} {
		o, found := p.operators.first(-s.weight, ok)
		if found && (best == nil || operatorLess(o, best)) {
			best = o
		}
	}
	return best
}

// eligible counts the operators who could have been chosen.
func (r *Router) eligible(s *session) int {
	n := s.line.pool.fitting(s.weight) + r.everyone.fitting(s.weight)
	for i, d := range s.declines {
		o := r.operators[d.Operator]
		if o != nil && r.now.Before(d.Until) && o.listedRoom >= s.weight && o.serves(s.department) && !declinedBefore(s.declines[:i], d, r) {
			n--
		}
	}
	return n
}

// declinedBefore reports whether an earlier decline already counts for the same operator.
func declinedBefore(earlier []engine.Decline, d engine.Decline, r *Router) bool {
	for _, e := range earlier {
		if e.Operator == d.Operator && r.now.Before(e.Until) {
			return true
		}
	}
	return false
}
