package session

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// alarm is a deadline that a session may have. None is ever set: all follow from
// what the session is now, so none can act on what it was (I13).
type alarm uint8

const (
	noAlarm         alarm = iota
	offerAlarm            // an offer has run out
	visitorAlarm          // the visitor does not come back
	queueAlarm            // it has waited long enough
	hoursAlarm            // the department has closed
	graceAlarm            // the owner does not come back
	transferAlarm         // nobody has taken the transfer
	replyAlarm            // the first reply is missing
	warnAlarm             // the visitor is silent
	silentAlarm           // the visitor is silent for good
	nudgeAlarm            // the owner is silent
	rerouteAlarm          // the owner is silent for good
	idleAlarm             // nobody writes
	wrapUpAlarm           // the notes are over
	unattendedAlarm       // nobody has answered the message
)

// clock finds the earliest of a session's deadlines; of equal ones, the first set.
type clock struct {
	at time.Time
	of alarm
}

func (c *clock) set(at time.Time, of alarm) {
	if !at.IsZero() && (c.of == noAlarm || at.Before(c.at)) {
		c.at, c.of = at, of
	}
}

// after sets a deadline that counts from something; a span of zero is none.
func (c *clock) after(from time.Time, span time.Duration, of alarm) {
	if span > 0 && !from.IsZero() {
		c.set(from.Add(span), of)
	}
}

// Deadline is when the next Tick matters; zero if never.
func (s *Session) Deadline() time.Time { return s.next().at }

func (s *Session) next() clock {
	var c clock
	switch s.row.State {
	case engine.StateQueued:
		d := s.department()
		c.after(s.waitingAlone(), d.QueueGrace, visitorAlarm)
		c.after(s.row.Service.Queued, d.Silence.QueueMax, queueAlarm)
		c.set(s.closesAt(&d), hoursAlarm)
	case engine.StateOffered:
		s.offers(&c)
		d := s.department()
		c.after(s.waitingAlone(), d.QueueGrace, visitorAlarm)
	case engine.StateActive:
		s.offers(&c)
		s.transferEnd(&c)
		d := s.department()
		s.silence(&c, &d)
		if !s.present {
			c.after(s.goneSince, d.VisitorGrace, visitorAlarm)
		}
	case engine.StateDetached:
		s.offers(&c)
		s.transferEnd(&c)
		c.set(s.row.Service.GraceBy, graceAlarm)
	case engine.StateClosing:
		c.set(s.row.CloseBy, wrapUpAlarm)
	case engine.StateUnattended:
		c.set(s.row.Service.ReviewBy, unattendedAlarm)
	default:
	}
	return c
}

func (s *Session) offers(c *clock) {
	for i := range s.row.Offers {
		c.set(s.row.Offers[i].Deadline, offerAlarm)
	}
}

// DeadlineOf is when a session must be looked at that is stored and that no actor runs:
// not after the Deadline it will have, because a row does not tell whose turn it is
// now. since is from when on its visitor counts as gone. Zero if never.
func DeadlineOf(row engine.Row, since time.Time, rules Rules) time.Time {
	if len(row.Offers) > 0 || row.State == engine.StateOffered || row.State == engine.StateNew {
		return since // no offer survives, and what never began has nobody
	}
	t := turn{Session: &Session{rules: rules, row: row, goneSince: since}, now: since}
	t.fillIn()
	at := t.Deadline()
	if row.State == engine.StateActive {
		t.row.Turn = engine.TurnOperator + engine.TurnVisitor - t.row.Turn
		if other := t.Deadline(); at.IsZero() || !other.IsZero() && other.Before(at) {
			at = other
		}
	}
	return at
}

// waitingAlone is since when a waiting session's visitor is gone: not before it
// began to wait, because a served visitor is given more time. Zero: it is there.
func (s *Session) waitingAlone() time.Time {
	if s.present || s.goneSince.IsZero() {
		return time.Time{}
	}
	if queued := s.row.Service.Queued; queued.After(s.goneSince) {
		return queued
	}
	return s.goneSince
}

// tick lets due deadlines act, the earlier first: an operator whose offer was
// still open when the visitor was given up has missed nothing.
func (t *turn) tick() {
	for {
		due := t.next()
		if due.of == noAlarm || t.now.Before(due.at) {
			return
		}
		t.ring(due)
	}
}

// ring lets one deadline act. Each ends what it was derived from.
func (t *turn) ring(due clock) {
	nobody, nothing := engine.Author{}, engine.Draft{}
	switch due.of {
	case offerAlarm:
		t.offersMissed()
	case visitorAlarm:
		t.closeFor(engine.CauseVisitorLeft, nobody, nothing)
	case queueAlarm:
		t.setAside(engine.CauseQueueTimeout, nobody, nothing)
	case hoursAlarm:
		t.setAside(engine.CauseDepartmentClosed, nobody, nothing)
	case graceAlarm:
		t.ownerLost(engine.CauseOperatorLost)
	case transferAlarm:
		t.endTransfer(failed, engine.CauseQueueTimeout, nobody, nothing)
	case wrapUpAlarm:
		t.finish(engine.CauseNone)
	case unattendedAlarm:
		t.closeFor(engine.CauseQueueTimeout, nobody, nothing)
	default:
		t.silent(due)
	}
}
