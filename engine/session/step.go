package session

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// Step applies one input and appends its effects to out. now must not run
// backwards; the caller reads the clock once per batch.
func (s *Session) Step(in Input, now time.Time, out []Effect) []Effect {
	t := turn{s, now.UTC().Truncate(time.Millisecond), out}
	switch in := in.(type) {
	case Ask:
		t.ask(in)
	case Typing:
		t.typing(in)
	case Peek:
		t.peek(in)
	case Present:
		t.visitorPresence(in.On)
	case Introduce:
		t.introduce(in.Claims)
	case Upgrade:
		t.upgrade(in)
	case Announced:
		t.announced(in)
	case Uploaded:
		t.uploaded(in)
	case Offer:
		t.offer(in)
	case Revoke:
		if s.row.State == engine.StateOffered && s.row.OfferedTo == in.Operator {
			t.endOffer(in.Cause, engine.Author{}, engine.Draft{})
			t.report()
		}
	case Refuse:
		if s.row.State == engine.StateQueued && s.row.Epoch == in.Epoch {
			t.write(&engine.Entry{Kind: engine.KindSessionRefused, Cause: in.Cause})
			t.finish(in.Cause)
		}
	case Recover:
		t.recover(in.Since)
	case Again:
		t.number, t.recovered = 0, true
		if t.row.State.IsOpen() && t.row.State != engine.StateNew {
			t.report()
		}
	case Tick:
		t.tick()
	case Stored:
		s.durable = max(s.durable, in.Through)
	}
	return t.out
}

// turn is one Step in progress.
type turn struct {
	*Session
	now time.Time
	out []Effect
}

func (t *turn) do(e Effect) { t.out = append(t.out, e) }

// write numbers an entry and hands it to the log.
func (t *turn) write(e *engine.Entry) engine.Seq {
	t.last++
	e.Session, e.Seq, e.PrevAll, e.Epoch, e.At = t.row.Ref.Session, t.last, t.row.PrevAll, t.row.Epoch, t.now
	if e.IsVisible(engine.VisibleToAll) {
		t.row.PrevAll = e.Seq
	}
	switch e.Kind {
	case engine.KindMessageEdited, engine.KindMessageRedacted, engine.KindAttrsSet:
		t.dirty = true
	case engine.KindMessageNew:
		// A restored session takes the turn and the last visible entry from its tail
		// where messages end it, and else from the row.
		t.dirty = t.dirty || !e.IsVisible(engine.VisibleToAll)
	default:
	}
	if r, matters := engine.ResultOf(e); matters {
		t.remember(r)
	}
	t.do(Write{e})
	return e.Seq
}

// move changes the state; the row goes into the same batch.
func (t *turn) move(to engine.State) {
	t.row.State = to
	t.dirty = true
}

// report tells the router what the session is, once what was written is durable.
func (t *turn) report() {
	t.do(Report{After: t.last, Number: t.number, Recovered: t.recovered, Row: t.Row()})
}

func (t *turn) reply(d engine.Draft, after engine.Seq, a engine.Answer) {
	if d.Request == "" {
		return
	}
	a.Request, a.Op, a.Session = d.Request, d.Op, t.row.Ref.Session
	t.do(Reply{After: after, Answer: a})
}

func (t *turn) refuse(d engine.Draft, err *engine.Error) { t.reply(d, 0, engine.Answer{Err: err}) }

// done answers with the entry that the draft added.
func (t *turn) done(d engine.Draft, seq engine.Seq, at time.Time) {
	a := engine.Answer{Seq: seq, At: at}
	if d.Op == engine.OpAccept {
		a.Epoch = t.row.Epoch
	}
	t.reply(d, seq, a)
}

// repeated answers a draft whose idempotency key is known, and reports whether it was.
func (t *turn) repeated(by engine.Author, kind engine.Kind, d engine.Draft) bool {
	if d.ClientID == "" {
		return false
	}
	r, known := t.results[key{by, kind, d.ClientID}]
	if !known {
		return false
	}
	if !asksSame(r, d) {
		t.refuse(d, engine.ErrIdemConflict)
		return true
	}
	t.done(d, r.Seq, r.At)
	return true
}

// asksSame reports whether a draft asks for what was done under its key. Of a
// text that was removed nothing is known any more: any is the same.
func asksSame(r engine.Result, d engine.Draft) bool {
	digest := d.Body.Digest()
	if d.Format == engine.FormatFile && d.File != nil {
		digest = engine.FileDigest(d.File.ID)
	}
	text := r.Format == d.Format && r.Digest == digest || r.Format == engine.FormatRedacted
	switch r.Kind {
	case engine.KindMessageNew:
		return text && r.Visibility == d.Visibility
	case engine.KindMessageEdited:
		return text && r.Target == d.Target
	case engine.KindMessageRedacted:
		return r.Target == d.Target
	default:
		return r.Digest == d.Body.Digest()
	}
}

func (t *turn) ask(in Ask) {
	if len(in.Draft.ClientID) > engine.MaxClientID {
		field := "idem"
		if in.Draft.Op == engine.OpMessage {
			field = "cmid"
		}
		t.refuse(in.Draft, engine.ErrBadRequest.In(field))
		return
	}
	if in.By.Kind == engine.AuthorVisitor {
		t.touch()
	}
	switch in.Draft.Op {
	case engine.OpStart:
		t.start(in.By, in.Draft)
	case engine.OpMessage:
		t.message(in.By, in.Draft)
	case engine.OpEdit:
		t.edit(in.By, in.Draft)
	case engine.OpRedact:
		t.redact(in.By, in.Draft)
	case engine.OpFile:
		t.begin(in.By, in.Draft)
	case engine.OpIdentify:
		t.identify(in.By, in.Draft)
	case engine.OpIdentity:
		t.held(in.By, in.Draft)
	case engine.OpRead:
		t.read(in.By, in.Draft)
	case engine.OpClose:
		t.close(in.By, in.Draft)
	case engine.OpAccept:
		t.accept(in.By, in.Draft)
	case engine.OpReject:
		t.reject(in.By, in.Draft)
	default:
		t.refuse(in.Draft, engine.ErrUnknownOp)
	}
}

// tick lets due deadlines act, the earlier first: an operator whose offer was
// still open when the visitor was given up has missed nothing.
func (t *turn) tick() {
	end := t.graceEnd()
	waiting := t.row.State == engine.StateQueued || t.row.State == engine.StateOffered
	gone := waiting && !end.IsZero() && !t.now.Before(end)
	if offer := t.row.Offer.Deadline; t.row.State == engine.StateOffered && !t.now.Before(offer) && !(gone && end.Before(offer)) {
		t.endOffer(engine.CauseMissed, engine.Author{}, engine.Draft{})
		t.report()
	}
	if gone {
		t.closeFor(engine.CauseVisitorLeft, engine.Author{}, engine.Draft{})
	}
	if t.row.State == engine.StateClosing && !t.now.Before(t.row.CloseBy) {
		t.finish(engine.CauseNone)
	}
}

// recover makes a restored session whole: an offer was no durable promise.
func (t *turn) recover(since time.Time) {
	if t.row.State == engine.StateOffered {
		t.endOffer(engine.CauseRestart, engine.Author{}, engine.Draft{})
	}
	if !t.present && t.goneSince.IsZero() {
		if t.goneSince = since; since.IsZero() {
			t.goneSince = t.now // I4: a waiting session always has a deadline or a visitor
		}
	}
	if t.row.State.IsOpen() && t.row.State != engine.StateNew {
		t.report()
	}
}
