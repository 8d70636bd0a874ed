package session

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/parleyhq/parley/engine"
)

// remember keeps what an entry means for later drafts. A removal makes the
// message and its edits forget what they said: a store does as well.
func (s *Session) remember(r *engine.Result) {
	if r.ClientID != "" {
		s.results.keep(r)
	}
	switch r.Kind {
	case engine.KindSessionStarted: // of a closed session there may be nothing else that says when
		s.row.Started = r.At
	case engine.KindMessageNew, engine.KindFormFilled:
		s.messages.keep(&written{seq: r.Seq, author: r.Author, visibility: r.Visibility, file: r.File})
		if !r.File.IsZero() {
			s.rememberFile(r)
		}
	case engine.KindRated:
		s.row.Service.Rated = true
	case engine.KindMessageRedacted:
		delete(s.files, s.messages.remove(r.Target, r.Seq, r.At))
		s.results.forget(r.Target)
		s.forgetForm(r.Target)
	default:
	}
}

// edit changes what a message of the asker's says. A visitor takes a message
// back and writes another.
func (t *turn) edit(by engine.Author, d engine.Draft) {
	if t.repeated(by, engine.KindMessageEdited, d) {
		return
	}
	m, err := t.target(by, d)
	switch {
	case err != nil:
	case by.Kind == engine.AuthorVisitor:
		err = engine.ErrForbidden
	case m.removed != 0:
		err = engine.ErrNotFound
	case !m.file.IsZero():
		err = engine.ErrBadRequest.In("target").Because("a file is not edited; remove it and send another")
	default:
		err = t.fault(d)
	}
	if err != nil {
		t.refuse(d, err)
		return
	}
	seq := t.write(&engine.Entry{
		Author: by, Kind: engine.KindMessageEdited, Visibility: m.visibility, ClientID: d.ClientID,
		Target: d.Target, Format: d.Format, Body: d.Body,
	})
	t.done(d, seq, t.now)
}

// redact removes a message of the asker's, whatever it said meanwhile. Asked
// again, by whatever key, it answers the first removal.
func (t *turn) redact(by engine.Author, d engine.Draft) {
	d.Body = engine.Body{}
	if t.repeated(by, engine.KindMessageRedacted, d) {
		return
	}
	m, err := t.target(by, d)
	switch {
	case err != nil:
		t.refuse(d, err)
		return
	case m.removed != 0:
		t.done(d, m.removed, m.removedAt)
		return
	}
	hushes := t.form.seq == d.Target
	seq := t.write(&engine.Entry{
		Author: by, Kind: engine.KindMessageRedacted, Visibility: m.visibility, ClientID: d.ClientID, Target: d.Target,
	})
	if hushes {
		t.hush(seq)
	}
	t.done(d, seq, t.now)
}

// target finds the message that a draft is about, and judges whether the asker
// may change it: a note that a visitor may not see is no message to it.
func (t *turn) target(by engine.Author, d engine.Draft) (written, *engine.Error) {
	isSupervisor := d.Op == engine.OpRedact && by.Kind == engine.AuthorOperator && t.rights.Has(engine.RightSupervise)
	switch {
	case !t.MayRead(by) && !isSupervisor, t.row.State == engine.StateNew:
		return written{}, engine.ErrNotFound
	case t.closed != 0:
		return written{}, engine.ErrClosed.At(t.closed)
	case d.ClientID == "":
		return written{}, engine.ErrBadRequest.In("idem")
	}
	m := t.messages.of(d.Target)
	switch {
	case m == nil, by.Kind == engine.AuthorVisitor && m.visibility != engine.VisibleToAll:
		return written{}, engine.ErrNotFound
	case m.author != by && !isSupervisor, by.Kind == engine.AuthorOperator && !isSupervisor && !t.MayWrite(by, engine.VisibleToOperators):
		return written{}, engine.ErrForbidden
	}
	return *m, nil
}

// fault says what is wrong with a draft's body, or nil. A form's or a button's
// answer is one JSON object (RFC 8259 section 4): it goes into frames as it is.
func (t *turn) fault(d engine.Draft) *engine.Error {
	text := d.Body.Reveal()
	switch {
	case len(text) == 0:
		return engine.ErrBadRequest.In("body")
	case len(text) > t.rules.BodyBytes:
		return engine.ErrTooLarge
	case d.Format == engine.FormatText:
		return nil
	case d.Format != engine.FormatForm && d.Format != engine.FormatPostback, !utf8.Valid(text), !json.Valid(text), !isObject(text):
		return engine.ErrBadRequest.In("body")
	}
	return nil
}

func isObject(valid []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(valid, " \t\r\n"), []byte("{"))
}

// peek passes on what the visitor has typed and not sent, where the tenant lets
// operators see it. It is in no log.
func (t *turn) peek(in Peek) {
	if !t.rules.Peek || in.By.Kind != engine.AuthorVisitor || t.closed != 0 || t.row.State == engine.StateNew || in.Body.Len() > t.rules.BodyBytes {
		return
	}
	t.touch()
	t.do(Tell{To: engine.VisibleToOperators, Signal: engine.Peek{Session: t.row.Ref.Session, Author: in.By, Body: in.Body}})
}
