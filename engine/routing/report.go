package routing

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// What a session's report changes in what the router knows of it.

// sessionIs takes a report in. It answers the session if it has just entered the
// waiting line for the first time.
func (r *Router) sessionIs(in *SessionIs) (entered *session) {
	id := in.Row.Ref.Session
	isOpen := in.Row.State.IsOpen() && in.Row.State != engine.StateNew
	s := r.sessions[id]
	if s == nil {
		if !isOpen {
			return nil
		}
		s = r.newSession(in.Row.Ref)
		r.sessions[id] = s
		if in.Row.State == engine.StateQueued && !in.Recovered && !in.Row.FirstQueued.Before(r.born) {
			entered, s.isEarly = s, !r.settled
		}
	}
	r.leave(s)
	if len(s.promised) > 0 && !s.stillPromised(in) {
		s.promised = s.promised[:0]
	}
	s.life = in.Life
	if in.Recovered || in.Row.Epoch != s.epoch || in.Row.State != s.state {
		s.dismissed = false
	}
	was, had := s.state, s.owner
	r.learn(s, in.Row, in.Recovered)
	if in.Row.State == engine.StateClosed {
		r.breathe(had)
	}
	if had != nil && had != s.owner { // an offer is no chat
		had.idleSince = r.now
	}
	r.settle(s)
	if !isOpen {
		r.forget(s)
		return nil
	}
	if was != s.state && s.isSeen && s.owner != nil && !s.isVisible() {
		s.line.assigned(r.now)
	}
	r.find(s)
	return entered
}

// stillPromised reports whether a report leaves the outstanding offer open.
//
// A number that is not the offer's is from before it, or from an earlier life of
// this router. A closed session takes no offer any more, and its actor may be gone
// before it sees this one (I12). Another life than the offer was made to takes no notice
// of it, so the slot is free, and the session waits as its row says: whether the life
// before took the offer, and what became of it, was heard before this report or is gone
// with that life. So no session can take one promise twice (I2), however often it is
// rebuilt and whatever is under way.
func (s *session) stillPromised(in *SessionIs) bool {
	return in.Life == s.life && in.Number != s.number && in.Row.State.IsOpen()
}

// learn takes the routing facts out of a row.
func (r *Router) learn(s *session, row *engine.Row, recovered bool) {
	l := s.line // almost always the same: a look-up less
	if l == nil || l.id != row.Department {
		l = r.line(row.Department)
	}
	since := nanos(row.FirstQueued)
	if since == 0 { // it has never waited for a person
		since = nanos(row.Service.Queued)
	}
	arrival := since - int64(row.Priority)*int64(engine.PriorityCredit) - int64(boostOf(row))
	if s.isSeen && (arrival != s.arrival || l != s.line) {
		r.see(s, false)
	}
	isSame := row.State == engine.StateUnattended && l == s.line && arrival == s.arrival
	// One that was rebuilt where it was has answered nothing: what it was told is in its
	// inbox still, and its visitor, if it is back, makes it report once more.
	if s.shelf != nil && (!recovered || !isSame || row.Epoch != s.epoch) {
		r.unshelve(s, isSame)
	}
	queued := nanos(row.Service.Queued)
	if queued == 0 {
		queued = since
	}
	if queued != s.queued || l != s.line || recovered || row.Epoch != s.epoch {
		s.stepTold = row.Service.Step
		if queued != s.queued || l != s.line {
			s.step = 0
		}
	}
	if s.line != nil {
		*s.line.states.at(s.state)--
	}
	*l.states.at(row.State)++
	s.line, s.since, s.arrival, s.queued = l, since, arrival, queued
	s.state, s.epoch, s.boosted, s.people = row.State, row.Epoch, boostOf(row) > 0, row.Service.Handed
	s.isGivenUp = row.Service.Aside == engine.CauseQueueTimeout || row.Service.Aside == engine.CauseVisitorLeft
	s.step = max(s.step, row.Service.Step)
	s.stepTold = max(s.stepTold, row.Service.Step)
	if s.weight = row.Weight; s.weight <= 0 {
		s.weight = engine.DefaultWeight
	}
	r.learnPeople(s, row)
	r.learnWish(s, row, recovered)
}

// boostOf is how much earlier than it came a session counts as having come. One that
// is being handed on waits before newcomers, as it does once it has been.
func boostOf(row *engine.Row) time.Duration {
	if row.Service.Transfer != nil {
		return max(row.Boost, engine.RequeueBoost)
	}
	return row.Boost
}

// unshelve takes a message that reports off its shelf, unless this is its answer
// to being told that it may wait again: it stays where it is, for the visitor is
// not there. A report that answers nothing says that the visitor is back.
func (r *Router) unshelve(s *session, isSame bool) {
	if s.isAsked && s.line.resuming > 0 {
		s.line.resuming--
	}
	r.touchLine(s.line)
	stays := isSame && (s.isAsked || s.shelf == &s.line.unattended)
	s.isAsked = false
	if !stays {
		s.shelve(nil)
	}
}

// learnPeople takes in who has, is offered, has declined and is preferred.
func (r *Router) learnPeople(s *session, row *engine.Row) {
	s.owner = nil
	switch row.State {
	case engine.StateActive, engine.StateDetached, engine.StateClosing:
		if row.Owner != "" {
			s.owner = r.known(s, row.Owner)
		}
	default:
	}
	s.offers = s.offers[:0]
	if len(row.Offers) > 0 && (row.State == engine.StateOffered || s.owner != nil && row.State != engine.StateClosing) {
		for i := range row.Offers {
			s.offers = append(s.offers, r.known(s, row.Offers[i].Operator))
		}
	}
	s.declines = s.declines[:0]
	for _, d := range row.Declines {
		s.declines = append(s.declines, decline{r.operator(d.Operator), nanos(d.Until)})
	}
	s.preferred, s.returning = nil, false
	if row.Service.Preferred != "" {
		s.preferred, s.returning = r.operator(row.Service.Preferred), row.Service.Returning
	}
}

// known finds an operator, first among those who carry the session already.
func (r *Router) known(s *session, id engine.OperatorID) *operator {
	for _, c := range s.charges {
		if c.o.id == id {
			return c.o
		}
	}
	return r.operator(id)
}

// learnWish takes in what the session needs of whoever takes it.
func (r *Router) learnWish(s *session, row *engine.Row, recovered bool) {
	s.needs = s.needs[:0]
	for _, need := range row.Service.Needs {
		s.needs = addNeed(s.needs, need)
	}
	t := row.Service.Transfer
	switch {
	case t == nil:
		s.transfer = nil
	case s.transfer == nil || *t != *s.transfer:
		copied := *t
		s.transfer = &copied
	}
	if recovered || s.transfer == nil {
		s.failed = 0
	}
	s.own = row.Service.Weight
	switch s.lease = s.weight; { // whoever takes it will serve it
	case s.own != 0:
		s.lease = max(s.lease, s.own)
	case s.transfer != nil && s.transfer.Target.Department != "":
		s.lease = max(s.lease, r.line(s.transfer.Target.Department).weight)
	case s.owner != nil:
		s.lease = max(s.lease, s.line.weight)
	}
}

// settle makes the session part of the load of exactly those whom it is promised
// to, offered to or owned by. What it was part of before is remembered with
// the session, so a repeated report changes nothing and a lost one leaves no ghost.
func (r *Router) settle(s *session) {
	want := r.charges[:0]
	for _, o := range s.promised {
		want = addCharge(want, charge{o, s.lease})
	}
	for _, o := range s.offers {
		want = addCharge(want, charge{o, s.lease})
	}
	if s.owner != nil {
		want = addCharge(want, charge{s.owner, s.weight})
	}
	r.charges = want
	if slices.Equal(want, s.charges) {
		return
	}
	for _, c := range s.charges {
		r.charge(c.o, -c.weight, -1)
	}
	s.charges = append(s.charges[:0], want...)
	for _, c := range s.charges {
		r.charge(c.o, c.weight, 1)
	}
}

func addCharge(charges []charge, c charge) []charge {
	for i := range charges {
		if charges[i].o == c.o {
			charges[i].weight = max(charges[i].weight, c.weight)
			return charges
		}
	}
	return append(charges, c)
}
