package actors

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// A file's way: file.begin makes the session's rules announce it, and a deposit
// awaits its bytes; they come by Upload, on a goroutine of the network's, into the
// session's vault; the actor is told, and message.send makes the file an entry,
// with its key. Whoever may read the entry gets a link, and Download judges the
// right again.

var _ engine.FileExchange = (*System)(nil)

// vault is where the session's files are: where its log is.
func (h *handle) vault() engine.Vault {
	if h.log == engine.Log(h.tenant.memory) {
		return h.tenant.memory
	}
	return h.sys.cfg.Store
}

// To a session, control lane: at most one of each per request of a file's bytes.
type (
	// uploaded says that a file's bytes are there; reply has room for one.
	uploaded struct {
		file  engine.FileID
		key   engine.Body
		reply chan *engine.Error
	}
	// fetch asks which entry holds a file that somebody may read; reply has room for one.
	fetch struct {
		claims fileClaims
		reply  chan fetched
	}
	fetched struct {
		seq engine.Seq
		err *engine.Error
	}
)

// named draws the id of a file that is announced.
func (a *sessionActor) named(d engine.Draft, now time.Time) engine.Draft {
	if d.Op == engine.OpFile && d.File != nil {
		f := *d.File
		f.ID = engine.FileID(a.sys.cfg.NewID(now))
		d.File = &f
	}
	return d
}

// announce makes a place for a file's bytes.
func (a *sessionActor) announce(e session.Announce) {
	a.sys.locker.add(&deposit{Announced: e.Announced, ref: a.h.ref, vault: a.h.vault()})
}

// takeUpFiles tells the rules of a new life what was announced in an earlier one.
func (a *sessionActor) takeUpFiles(now time.Time) {
	for _, f := range a.sys.locker.of(a.h.ref, a.rules.IsSent) {
		a.step(f, now)
	}
}

func (a *sessionActor) uploaded(item uploaded, now time.Time) {
	if a.rules.IsSent(item.file) { // an upload repeated beside its message
		item.reply <- nil
		return
	}
	err := a.rules.Awaits(item.file, now)
	switch {
	case a.frozen != nil:
		err = a.frozen
	case err == nil:
		a.step(session.Uploaded{File: item.file, Key: item.key}, now)
	}
	item.reply <- err
}

// fetch finds the entry of a file for who may read it now, whatever was so when the
// link was made (I10).
func (a *sessionActor) fetch(item fetch) {
	c := item.claims
	if !a.mayFetch(c) {
		item.reply <- fetched{err: engine.ErrNotFound}
		return
	}
	seq, err := a.rules.FileAt(c.author, c.file)
	item.reply <- fetched{seq, err}
}

// fileLink answers a request for a link to read a file.
func (a *sessionActor) fileLink(item draftPosted, now time.Time) {
	d, seat := item.draft, item.seat
	if d.File == nil {
		seat.answer(d, engine.Answer{Err: engine.ErrBadRequest.In("file_id")})
		return
	}
	if _, err := a.rules.FileAt(seat.author, d.File.ID); err != nil {
		seat.answer(d, engine.Answer{Err: err})
		return
	}
	a.answerLink(item, fileClaims{version: fileDownload, file: d.File.ID, expires: now.Add(engine.FileLinkLife)}, now)
}

// answerLink answers with a link that is sealed now.
func (a *sessionActor) answerLink(item draftPosted, c fileClaims, now time.Time) {
	c.session = a.h.ref.Session
	link, err := a.sys.link(a.h.tenant, item.seat, c, now)
	if err != nil {
		item.seat.answer(item.draft, engine.Answer{Err: engine.ErrBusy})
		return
	}
	item.seat.answer(item.draft, engine.Answer{Session: a.h.ref.Session, File: link})
}

// Download implements engine.FileExchange.
func (s *System) Download(ctx context.Context, tenant engine.TenantID, id engine.FileID, token string) (*engine.File, io.ReadSeekCloser, error) {
	t, c, err := s.openLink(tenant, id, fileDownload, token)
	if err != nil {
		return nil, nil, err
	}
	ask := fetch{claims: c, reply: make(chan fetched, 1)}
	h, err := t.ask(c.session, ask)
	if err != nil {
		return nil, nil, err
	}
	select {
	case got := <-ask.reply:
		if got.err != nil {
			return nil, nil, got.err
		}
		return h.openFile(ctx, got.seq, id)
	case <-ctx.Done():
		return nil, nil, engine.ErrBusy
	}
}

// openFile reads the entry, which has the file's key, and opens the bytes.
func (h *handle) openFile(ctx context.Context, seq engine.Seq, id engine.FileID) (*engine.File, io.ReadSeekCloser, error) {
	type read struct {
		entries []*engine.Entry
		err     error
	}
	done := make(chan read, 1)
	h.log.ReadFrom(h.ref, seq-1, 1, func(entries []*engine.Entry, err error) { done <- read{entries, err} })
	select {
	case got := <-done:
		switch {
		case errors.Is(got.err, engine.ErrUnknown), got.err == nil && (len(got.entries) == 0 || got.entries[0].Seq != seq || got.entries[0].File == nil || got.entries[0].File.File != id):
			return nil, nil, engine.ErrNotFound // removed meanwhile
		case got.err != nil:
			return nil, nil, got.err
		}
		facts, err := engine.FileOf(got.entries[0].Body)
		if err != nil {
			return nil, nil, err
		}
		bytes, err := h.vault().OpenFile(h.ref, *got.entries[0].File)
		return facts, bytes, err
	case <-ctx.Done():
		return nil, nil, engine.ErrBusy
	}
}

// ask tells a session something that it answers, starting its actor if need be.
func (t *tenancy) ask(id engine.SessionID, item any) (*handle, error) {
	if t.isEnding() {
		return nil, engine.ErrBusy
	}
	for range 3 { // a handle found may end before it is asked
		if h := t.lookup(id); h.tell(item) {
			return h, nil
		}
	}
	return nil, engine.ErrBusy
}

// afterFile answers who asks for a file when the life is over.
func (a *sessionActor) afterFile(item any) {
	refused := a.refusal
	switch {
	case refused != nil:
	case a.rules != nil && !a.rules.State().IsOpen():
		refused = engine.ErrClosed
	default:
		refused = engine.ErrBusy
	}
	switch item := item.(type) {
	case uploaded:
		item.reply <- refused
	case fetch:
		if a.rules != nil { // it ended a moment ago: who may read it may still
			a.fetch(item)
			return
		}
		item.reply <- fetched{err: refused}
	default:
	}
}
