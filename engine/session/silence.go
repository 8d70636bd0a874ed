package session

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// Silence is judged by whose turn it is, from TurnSince on: the moment of
// assignment; then each message of the operators' side, because it asks the visitor
// anew; and the visitor's first message since theirs, because the ones that follow
// do not make the owner any faster.

// silence sets the deadlines of a session that has an owner.
func (s *Session) silence(c *clock, d *engine.Department) {
	service, limits := &s.row.Service, d.Silence
	since := service.TurnSince
	if service.Direct && !service.Replied {
		c.after(service.Assigned, d.FirstReply, replyAlarm)
	}
	// A visitor who never wrote is silent, whoever's turn it is.
	if s.row.Turn == engine.TurnVisitor || service.BothWrote&engine.VisitorWrote == 0 {
		if !service.Warned {
			c.after(since, limits.VisitorWarn, warnAlarm)
		}
		c.after(since, limits.VisitorClose, silentAlarm)
	}
	if s.row.Turn == engine.TurnVisitor {
		if !service.Idle {
			c.after(since, limits.IdleAfter, idleAlarm)
		}
		return
	}
	if !service.Nudged {
		c.after(since, limits.OperatorNudge, nudgeAlarm)
	}
	c.after(since, limits.OperatorReroute, rerouteAlarm)
}

// silent lets a deadline of silence act.
func (t *turn) silent(due clock) {
	service := &t.row.Service
	switch due.of {
	case replyAlarm:
		t.giveUpOn(engine.CauseNoFirstReply)
	case warnAlarm:
		service.Warned = true
		t.late(due)
		t.change()
		warned := &engine.Entry{Kind: engine.KindWarned, Cause: engine.CauseVisitorSilent}
		if d := t.department(); d.Silence.VisitorClose > 0 {
			warned.Deadline = service.TurnSince.Add(d.Silence.VisitorClose)
		}
		t.write(warned)
	case silentAlarm:
		t.closeFor(engine.CauseVisitorSilent, engine.Author{}, engine.Draft{})
	case nudgeAlarm:
		service.Nudged = true
		t.change() // those who watch the router's view see it too: supervisors
		t.write(&engine.Entry{
			Kind: engine.KindNudged, Cause: engine.CauseOperatorSilent, Visibility: engine.VisibleToOperators, Operator: t.row.Owner,
		})
		t.notify(t.row.Owner, Nudge, engine.CauseOperatorSilent)
	case rerouteAlarm:
		t.giveUpOn(engine.CauseOperatorSilent)
	case idleAlarm:
		service.Idle = true
		t.row.Weight = t.idleWeight()
		t.change()
		t.write(&engine.Entry{Kind: engine.KindIdleOn, Visibility: engine.VisibleToOperators})
	default:
	}
}

// late moves the beginning of silence by as much as a warning comes too late, so
// that the visitor has the time that it is told, however long the server was away.
func (t *turn) late(due clock) {
	t.row.Service.TurnSince = t.row.Service.TurnSince.Add(t.now.Sub(due.at))
}

// giveUpOn takes the session from an owner who does not write.
func (t *turn) giveUpOn(cause engine.Cause) {
	owner := t.row.Owner
	t.decline(owner)
	if cause == engine.CauseNoFirstReply { // as an offer that ran out: the place in line is what it was
		t.requeue(requeue{cause: cause})
		t.notify(owner, Missed, cause)
		return
	}
	t.requeue(requeue{cause: cause, boost: true})
}

// spoke notes what a message means for silence. What changes seldom goes into the
// row; the rest a restored session takes from its tail.
func (t *turn) spoke(e *engine.Entry) {
	service := &t.row.Service
	side := sideOf(e)
	if !e.IsVisible(engine.VisibleToAll) || side == 0 && e.Author.Kind != engine.AuthorIntegration {
		return
	}
	isFirst := service.BothWrote&side == 0 && side != 0
	t.flipTurn(e)
	replied := t.owns(e.Author) && !service.Replied
	if isFirst || replied || service.Warned {
		t.dirty = true
	}
	service.BothWrote |= side
	service.Replied = service.Replied || replied
	service.Warned = false
	if service.Nudged && side != engine.VisitorWrote {
		service.Nudged = false
		t.change()
	}
	if service.Idle {
		service.Idle = false
		t.row.Weight = t.servedWeight()
		t.change()
		t.write(&engine.Entry{Kind: engine.KindIdleOff, Visibility: engine.VisibleToOperators})
	}
}

func sideOf(e *engine.Entry) engine.Both {
	switch e.Author.Kind {
	case engine.AuthorVisitor:
		return engine.VisitorWrote
	case engine.AuthorOperator:
		return engine.OperatorWrote
	default:
		return 0
	}
}

// flipTurn gives the turn to whoever did not write last. A note among operators
// is not part of the conversation: it flips nothing, and IfSeq does not see it.
func (s *Session) flipTurn(e *engine.Entry) {
	if !e.IsVisible(engine.VisibleToAll) {
		return
	}
	s.takeTurn(e)
	s.wrote.wrote(e.Author, e.Seq)
}

func (s *Session) takeTurn(e *engine.Entry) {
	if e.Author.Kind != engine.AuthorVisitor {
		s.row.Turn, s.row.Service.TurnSince = engine.TurnVisitor, e.At
		return
	}
	if s.row.Turn == engine.TurnVisitor || s.row.Service.BothWrote&engine.VisitorWrote == 0 {
		s.row.Service.TurnSince = e.At
	}
	s.row.Turn = engine.TurnOperator
}

// listen begins silence anew: somebody has just come to own the session, or it
// waits again.
func (t *turn) listen(since time.Time) {
	s := &t.row.Service
	s.TurnSince, s.Warned, s.Nudged, s.Idle, s.Replied = since, false, false, false, false
}
