package session

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// start admits the session to its department's waiting line. An open session
// answers as it is, and takes the text as a message: nothing a visitor typed is lost.
func (t *turn) start(by engine.Author, d engine.Draft) {
	d.Visibility, d.Format = engine.VisibleToAll, engine.FormatText // not a start's
	if by.Kind != engine.AuthorVisitor {
		t.refuse(d, engine.ErrForbidden)
		return
	}
	if t.row.State != engine.StateNew {
		t.startAgain(by, d)
		return
	}
	department, ok := t.rules.Department(d.Department)
	switch {
	case !ok:
		t.refuse(d, engine.ErrBadRequest.In("department"))
		return
	case d.Body.Len() > t.rules.BodyBytes:
		t.refuse(d, engine.ErrTooLarge)
		return
	}
	t.row.Department = department.ID
	t.row.Started, t.row.FirstQueued = t.now, t.now
	t.row.Turn = engine.TurnOperator
	first := t.write(&engine.Entry{Author: by, Kind: engine.KindSessionStarted, ClientID: d.ClientID, Department: department.ID})
	t.row.Epoch++
	t.move(engine.StateQueued)
	t.write(&engine.Entry{Author: engine.Author{}, Kind: engine.KindSessionQueued, Department: department.ID})
	if d.Body.Len() > 0 {
		t.say(by, d)
	}
	if !t.present && t.goneSince.IsZero() {
		t.goneSince = t.now
	}
	t.report()
	t.reply(d, t.last, engine.Answer{Seq: first, At: t.now, Epoch: t.row.Epoch, State: t.row.State})
}

func (t *turn) startAgain(by engine.Author, d engine.Draft) {
	first, started := t.results[key{by, engine.KindSessionStarted, d.ClientID}]
	said, hasSaid := t.results[key{by, engine.KindMessageNew, d.ClientID}]
	switch {
	case hasSaid && !asksSame(said, d), started && !hasSaid && d.Body.Len() > 0, started && t.asksElsewhere(first, d):
		t.refuse(d, engine.ErrIdemConflict)
		return
	case started || hasSaid: // repeated: the first answer again, closed or not
	case t.closed != 0:
		t.refuse(d, engine.ErrClosed.At(t.closed))
		return
	case d.Body.Len() > t.rules.BodyBytes:
		t.refuse(d, engine.ErrTooLarge)
		return
	case d.Body.Len() > 0:
		t.say(by, d)
	}
	t.reply(d, t.last, engine.Answer{Seq: 1, At: t.row.Started, Epoch: t.row.Epoch, State: t.row.State})
}

// asksElsewhere reports that a start names another department than it did under
// the same key. One that names none asks for the default, whichever that was.
func (t *turn) asksElsewhere(first engine.Result, d engine.Draft) bool {
	return d.Department != "" && first.Digest != engine.BodyOf(string(d.Department)).Digest()
}

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
	case t.closed != 0:
		return engine.ErrClosed.At(t.closed)
	case t.row.State == engine.StateNew:
		return engine.ErrNotFound
	case d.ClientID == "":
		return engine.ErrBadRequest.In("cmid")
	case d.Visibility != engine.VisibleToAll && by.Kind == engine.AuthorVisitor:
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
		Author: by, Kind: engine.KindMessageNew, Visibility: d.Visibility, ClientID: d.ClientID, Format: d.Format, Body: d.Body,
	}
	if d.Format == engine.FormatFile {
		t.attach(e, d.File.ID)
	}
	seq := t.write(e)
	t.flipTurn(e)
	return seq
}

// flipTurn gives the turn to whoever did not write last. A note among operators
// is not part of the conversation: it flips nothing, and IfSeq does not see it.
func (s *Session) flipTurn(e *engine.Entry) {
	switch {
	case !e.IsVisible(engine.VisibleToAll):
		return
	case e.Author.Kind == engine.AuthorVisitor:
		s.row.Turn = engine.TurnOperator
	default:
		s.row.Turn = engine.TurnVisitor
	}
	s.wrote.wrote(e.Author, e.Seq)
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
	if !t.MayRead(in.By) || t.closed != 0 {
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
