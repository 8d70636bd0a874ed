package routing

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// round is a match round over what the step touched. Before the step no waiting
// session had an eligible operator (I5), so only a session that began to wait
// and an operator who was touched can make a pair. Each touched operator bids
// for the earliest session it could take; the earliest bid of all goes first,
// to the best operator for it, and whoever bid bids again. During a round sessions
// only leave and room only shrinks, so no bid is too late in the order: the
// outcome is that of walking the whole line.
func (r *Router) round() {
	for _, s := range r.fresh {
		s.isFresh = false
		if s.class == nil {
			continue
		}
		if s.returning && r.takesBack(s, s.preferred) {
			r.bids.push(bid{s: s, o: s.preferred, back: true})
		}
		r.bids.push(bid{s: s})
	}
	clear(r.fresh)
	r.fresh = r.fresh[:0]
	for _, o := range r.touched {
		r.bid(o)
	}
	for len(r.bids) > 0 {
		b := r.bids.pop()
		switch {
		case b.s.class == nil:
		case b.back:
			r.giveBack(b.s, b.o)
		case !r.place(b.s):
			r.failTransfer(b.s)
		}
		if b.o != nil {
			r.bid(b.o)
		}
	}
}

// giveBack offers a session to the operator who lost it.
func (r *Router) giveBack(s *session, o *operator) {
	if !r.takesBack(s, o) {
		return
	}
	m := s.class.of(o)
	if m == nil { // its tier or its skills keep it out of the class
		m = &member{o: o, c: s.class, tier: engine.TierNever}
	}
	d := r.decide(s, s.class, append(r.found[:0], m), "returning")
	r.promise(s, []*operator{o}, s.line.conf.AutoAccept || o.profile.bot, d)
}

// place promises the session to the best operators, if there are any: to one, or
// in departments that ask several at a time to so many.
func (r *Router) place(s *session) bool {
	c := s.class
	if c.manual {
		return false
	}
	c.refresh()
	if s.isForced() {
		return r.placeByForce(s)
	}
	direct := s.line.conf.AutoAccept && s.transfer == nil
	several := 1
	if !direct {
		several = s.line.parallel
	}
	r.findFor(s, several+engine.MaxCandidates)
	if len(r.found) == 0 {
		return false
	}
	rule := c.ruleBetween(r.found[0], next(r.found))
	if r.found[0] == r.foundPreferred {
		rule = "preferred"
	}
	r.promiseFound(s, several, direct, rule)
	return true
}

func next(found []*member) *member {
	if len(found) < 2 {
		return nil
	}
	return found[1]
}

// findFor finds the first so many operators who can take a session, the preferred
// one first while its step says so.
func (r *Router) findFor(s *session, most int) {
	c, now := s.class, r.now
	r.found, r.foundPreferred = r.found[:0], nil
	if s.preferred != nil && s.transfer == nil && (s.returning || s.line.steps[s.step].Prefer) {
		if m := c.of(s.preferred); m != nil && m.standing == listed && m.room >= s.lease && !s.refuses(m.o, now) {
			r.found, r.foundPreferred = append(r.found, m), m
		}
	}
	c.pool.within(-s.lease, func(m *member) bool {
		if m != r.foundPreferred && !s.refuses(m.o, now) {
			r.found = append(r.found, m)
		}
		return len(r.found) < most
	})
}

// placeByForce finds the best operator whatever the load, the open cap excepted.
func (r *Router) placeByForce(s *session) bool {
	r.found, r.foundPreferred = r.found[:0], nil
	for _, m := range s.class.members {
		if m.o.fits(s.lease, true) && !s.refuses(m.o, r.now) {
			m.strategy, m.last = r.figureOf(m), r.lastOf(m)
			r.found = append(r.found, m)
		}
	}
	if len(r.found) == 0 {
		return false
	}
	slices.SortFunc(r.found, func(a, b *member) int {
		if memberLess(a, b) {
			return -1
		}
		return 1
	})
	r.promiseFound(s, 1, false, "force")
	return true
}

// promiseFound promises the session to the first of those who were found. A bot
// takes at once and is asked alone.
func (r *Router) promiseFound(s *session, several int, direct bool, rule string) {
	d := r.decide(s, s.class, r.found, rule)
	r.winners = append(r.winners[:0], r.found[0].o)
	if r.found[0].o.profile.bot {
		direct = true
	}
	for _, m := range r.found[1:] {
		if !direct && len(r.winners) < several && !m.o.profile.bot {
			r.winners = append(r.winners, m.o)
		}
	}
	r.promise(s, r.winners, direct, d)
}

// promise reserves the operators for the session, and offers it to them.
func (r *Router) promise(s *session, winners []*operator, direct bool, d *engine.Decision) {
	r.overtakes(s, winners, d.Rule)
	r.number++
	r.inOrder(s, winners[0], d.Rule)
	r.leave(s)
	s.isEarly = false
	s.promised, s.number = append(s.promised[:0], winners...), r.number
	for _, o := range winners {
		o.last = r.now
	}
	r.settle(s)
	offer := Offer{
		Session: s.ref, Operator: s.promised[0].id, Epoch: s.epoch, Life: s.life, Number: s.number, Direct: direct, Decision: d,
	}
	if s.transfer != nil {
		offer.Transfer = s.transfer.ID
	}
	for _, o := range s.promised[1:] {
		offer.Also = append(offer.Also, o.id)
	}
	for _, o := range s.promised {
		if o.reachable {
			offer.Reachable = append(offer.Reachable, o.id)
		}
	}
	r.do(offer)
}

// failTransfer ends a transfer that nobody can take now, unless it waits or the
// operators have not all spoken yet.
func (r *Router) failTransfer(s *session) {
	if s.transfer == nil || s.transfer.Or == engine.OrWait || !r.settled { // the deadline of one that waits is the session's
		return
	}
	cause := r.whyNot(s)
	r.leave(s)
	s.failed = s.transfer.ID
	r.do(TransferFailed{Session: s.ref, Epoch: s.epoch, Transfer: s.transfer.ID, Cause: cause})
}

// whyNot is why nobody of a transfer's target can take it.
func (r *Router) whyNot(s *session) engine.Cause {
	cause := engine.CauseTargetNotMember
	for _, m := range s.class.members {
		switch {
		case m.o == s.owner:
		case m.o.fits(s.lease, s.isForced()):
			return engine.CauseRejected // it could, and was asked before
		case m.o.standing() != notRoutable:
			cause = engine.CauseTargetFull
		case cause == engine.CauseTargetNotMember:
			cause = engine.CauseTargetOffline
		}
	}
	return cause
}
