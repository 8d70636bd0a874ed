package session

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// setAside makes the session a message for later: it waits for nobody, and is
// looked at until ReviewBy.
func (t *turn) setAside(cause engine.Cause, by engine.Author, d engine.Draft) engine.Seq {
	t.endOffers(cause)
	t.row.Offers = nil
	t.row.Service.ReviewBy = t.now.Add(t.department().UnattendedFor)
	t.row.Service.Aside = cause
	t.move(engine.StateUnattended)
	return t.write(&engine.Entry{
		Author: by, Kind: engine.KindSessionUnattended, Cause: cause, ClientID: d.ClientID,
		Department: t.row.Department, Deadline: t.row.Service.ReviewBy,
	})
}

// resume lets a message wait in line again when service has returned: at the place
// that its age gives it, and only if the visitor is there to be served, so that
// nobody inherits a night's backlog. What its visitor chose to leave as a message
// stays one. In any case the router hears what it is.
func (t *turn) resume(in Resume) {
	isWanted := t.present && t.row.Service.Aside != engine.CauseVisitorLeft && t.department().ResumeUnattended
	if t.row.State != engine.StateUnattended || in.Epoch != t.row.Epoch || !isWanted {
		t.routed = t.row.State.IsOpen()
		return
	}
	t.routed = true
	t.queue(engine.CauseDepartmentOpened)
}

// queue begins the waiting.
func (t *turn) queue(cause engine.Cause) {
	t.wait()
	t.write(&engine.Entry{Kind: engine.KindSessionQueued, Cause: cause, Department: t.row.Department})
}

// leaveQueue ends the waiting on the visitor's word; what it wrote may stay as a
// message.
func (t *turn) leaveQueue(by engine.Author, d engine.Draft) {
	if t.repeated(by, engine.KindSessionClosing, d) || t.repeated(by, engine.KindSessionUnattended, d) {
		return
	}
	isMessage := d.Plan.Message
	d.Plan = nil
	switch {
	case by.Kind != engine.AuthorVisitor:
		t.refuse(d, engine.ErrForbidden)
	case t.row.State != engine.StateQueued && t.row.State != engine.StateOffered:
		t.refuse(d, t.unfit())
	case isMessage:
		t.done(d, t.setAside(engine.CauseVisitorLeft, by, d), t.now)
	default:
		t.closeFor(engine.CauseVisitorLeft, by, d)
		t.done(d, t.closed, t.now)
	}
}

// isOpen reports whether the department takes new sessions.
func (t *turn) isOpen(d *engine.Department) bool {
	if !d.Hours.OpenAt(t.now) {
		return false
	}
	closes := d.Hours.NextChange(t.now)
	return closes.IsZero() || closes.Sub(t.now) > d.StopBefore
}

// closedNow says that a department is closed, and when it opens, if that is known.
func (t *turn) closedNow(d *engine.Department) *engine.Error {
	opens := d.Hours.NextChange(t.now)
	if d.Hours.OpenAt(t.now) { // it is about to close
		opens = d.Hours.NextChange(opens)
	}
	return engine.ErrDepartmentClosed.Until(opens)
}

// closesAt is when a session that waits is set aside because its department
// closes. One that began to wait after hours is the router's to judge.
func (s *Session) closesAt(d *engine.Department) time.Time {
	if d.Hours == nil || d.OnClose != engine.OtherwiseUnattended {
		return time.Time{}
	}
	queued := s.row.Service.Queued
	if c := &s.closing; c.hours != d.Hours || !c.queued.Equal(queued) {
		*c = closingTime{hours: d.Hours, queued: queued}
		if d.Hours.OpenAt(queued) {
			c.at = d.Hours.NextChange(queued)
		}
	}
	return s.closing.at
}

// closingTime remembers what hours answered: they are asked at each turn.
type closingTime struct {
	hours  *engine.Hours
	queued time.Time
	at     time.Time
}
