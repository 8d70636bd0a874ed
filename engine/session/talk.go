package session

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// message adds what a member wrote.
func (t *turn) message(by engine.Author, d engine.Draft) {
	if t.repeated(by, engine.KindMessageNew, d) {
		return
	}
	if err := t.mayWrite(by, d); err != nil {
		t.refuse(d, err)
		return
	}
	t.done(d, t.say(by, d), t.now)
}

func (t *turn) mayWrite(by engine.Author, d engine.Draft) *engine.Error {
	switch {
	case !t.MayRead(by):
		return engine.ErrNotFound
	case t.bannedFrom(by) != nil:
		return t.bannedFrom(by)
	case t.closed != 0:
		return engine.ErrClosed.At(t.closed)
	case t.row.State == engine.StateNew:
		return engine.ErrNotFound
	case d.ClientID == "":
		return engine.ErrBadRequest.In("cmid")
	case !t.MayWrite(by, d.Visibility):
		return engine.ErrForbidden
	}
	fault := t.fault
	if d.Format == engine.FormatFile {
		fault = func(d engine.Draft) *engine.Error { return t.sendable(by, d) }
	}
	if err := fault(d); err != nil {
		return err
	}
	if last := t.wrote.notBy(by); d.IfSeq != 0 && last > d.IfSeq {
		return engine.ErrStaleView.At(last)
	}
	return nil
}

func (t *turn) say(by engine.Author, d engine.Draft) engine.Seq {
	e := &engine.Entry{
		Author: by, Kind: engine.KindMessageNew, Cause: t.spokenFor(), Visibility: d.Visibility, ClientID: d.ClientID, Format: d.Format, Body: d.Body,
	}
	if d.Format == engine.FormatFile {
		t.attach(e, d.File.ID)
	}
	seq := t.write(e)
	t.spoke(e)
	return seq
}

// read moves a read mark, which only grows. It is stored with the next entry.
func (t *turn) read(by engine.Author, d engine.Draft) {
	if !t.MayRead(by) {
		t.refuse(d, engine.ErrNotFound)
		return
	}
	if by.Kind == engine.AuthorIntegration { // a server reads for nobody
		t.refuse(d, engine.ErrForbidden)
		return
	}
	if by.Kind == engine.AuthorOperator && !t.owns(by) { // a member reads for itself: no mark of the session's
		t.reply(d, 0, engine.Answer{})
		return
	}
	mark, to := &t.row.ReadOperator, engine.VisibleToAll
	if by.Kind == engine.AuthorVisitor {
		mark, to = &t.row.ReadVisitor, engine.VisibleToOperators
	}
	if seq := min(d.Seq, t.last); seq > *mark {
		*mark = seq
		t.dirty = t.dirty || t.row.State.IsOpen()
		moved := engine.ReadMoved{Session: t.row.Ref.Session, Author: by, Seq: seq}
		t.do(Tell{To: to, Signal: moved})
	}
	t.reply(d, 0, engine.Answer{})
}

// typing passes on that somebody writes; it is in no log.
func (t *turn) typing(in Typing) {
	if !t.MayWrite(in.By, engine.VisibleToAll) || t.closed != 0 {
		return
	}
	to := engine.VisibleToAll
	if in.By.Kind == engine.AuthorVisitor {
		to = engine.VisibleToOperators
		t.touch()
	}
	t.do(Tell{To: to, Signal: engine.Typing{Session: t.row.Ref.Session, Author: in.By, On: in.On}})
}

// visitorPresence notes that the visitor came or went.
func (t *turn) visitorPresence(on bool) {
	if t.present == on {
		return
	}
	t.present = on
	if on {
		t.goneSince = time.Time{}
		t.stamp()
		// Of a message: the router may have said in vain that service is back.
		t.routed = t.routed || t.row.State == engine.StateUnattended
	} else {
		t.goneSince = t.now
	}
	t.push()
}

// touch stamps the visitor's last activity and tells the operators at most
// every 30 s.
func (t *turn) touch() {
	t.stamp()
	if t.now.Sub(t.pushed) >= activityEvery {
		t.push()
	}
}

func (t *turn) stamp() {
	if t.rules.Keeps {
		t.row.LastActivity = laterMinute(t.row.LastActivity, t.now)
	}
}

func (t *turn) push() {
	t.pushed = t.now
	t.do(Tell{To: engine.VisibleToOperators, Signal: t.presence()})
}

func (s *Session) presence() engine.Presence {
	return engine.Presence{
		Session: s.row.Ref.Session, Author: engine.Author{Kind: engine.AuthorVisitor},
		Present: s.present, LastActivity: s.row.LastActivity,
	}
}
