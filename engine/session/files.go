package session

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/parleyhq/parley/engine"
)

// file is what is known of a file of the session: announced, or a message's.
type file struct {
	Announced
	seq engine.Seq // the message that it is; 0: it is none yet
}

// begin announces a file: its bytes come beside the socket, and a message makes
// it seen.
func (t *turn) begin(by engine.Author, d engine.Draft) {
	if err := t.mayBegin(by, d); err != nil {
		t.refuse(d, err)
		return
	}
	t.forgetFiles()
	if before, known := t.begun(by, d.ClientID); known {
		if !before.announces(d.File) {
			t.refuse(d, engine.ErrIdemConflict)
			return
		}
		t.reply(d, 0, engine.Answer{File: &engine.FileLink{File: before.File.ID, Expires: before.Until}})
		return
	}
	if err := t.fitsFile(d.File); err != nil {
		t.refuse(d, err)
		return
	}
	a := Announced{File: *d.File, Author: by, ClientID: d.ClientID, Until: t.now.Add(engine.FileLife)}
	t.setFile(a.File.ID, file{Announced: a})
	t.do(Announce{a})
	t.reply(d, 0, engine.Answer{File: &engine.FileLink{File: a.File.ID, Expires: a.Until}})
}

func (t *turn) mayBegin(by engine.Author, d engine.Draft) *engine.Error {
	switch {
	case !t.MayRead(by), t.row.State == engine.StateNew:
		return engine.ErrNotFound
	case t.bannedFrom(by) != nil:
		return t.bannedFrom(by)
	case t.closed != 0:
		return engine.ErrClosed.At(t.closed)
	case d.ClientID == "":
		return engine.ErrBadRequest.In("idem")
	case d.File == nil || !isFileName(d.File.Name.Reveal()):
		return engine.ErrBadRequest.In("name")
	case d.File.Bytes < 1:
		return engine.ErrBadRequest.In("size")
	case !engine.IsMediaType(d.File.Media):
		return engine.ErrBadRequest.In("mime")
	case t.rules.Files.Off:
		return engine.ErrForbidden.Because("files are not taken here")
	}
	return nil
}

// isFileName reports a name that is one on every system: no path, nothing that
// does not print or that turns the order of what is read.
func isFileName(name []byte) bool {
	if len(name) == 0 || len(name) > engine.MaxFileName || !utf8.Valid(name) || strings.Trim(string(name), ". ") == "" {
		return false
	}
	return !strings.ContainsFunc(string(name), func(r rune) bool {
		return r == '/' || r == '\\' || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != '\u200d'
	})
}

// fitsFile judges a file by what the tenant takes and by what is there already.
func (t *turn) fitsFile(f *engine.File) *engine.Error {
	limits := &t.rules.Files
	switch {
	case !limits.Allows(f.Media):
		return engine.ErrTypeNotAllowed
	case f.Bytes > limits.Bytes:
		return engine.ErrTooLarge.UpTo(limits.Bytes)
	}
	pending, total := 0, int64(0)
	for _, other := range t.files {
		total += other.File.Bytes
		if other.seq == 0 {
			pending++
		}
	}
	switch {
	case len(t.files) >= limits.PerSession:
		return engine.ErrRateLimited.After(engine.FileLife).Because("the session has as many files as it may")
	case pending >= engine.MaxFilesPending:
		return engine.ErrRateLimited.Because("too many files are announced and not sent")
	case total+f.Bytes > limits.SessionBytes:
		return engine.ErrTooLarge.UpTo(max(0, limits.SessionBytes-total)).Because("the session's files are as large as they may be together")
	}
	return nil
}

// begun finds what was announced under a key.
func (s *Session) begun(by engine.Author, clientID string) (file, bool) {
	for _, f := range s.files {
		if f.Author == by && f.ClientID == clientID && f.ClientID != "" {
			return f, true
		}
	}
	return file{}, false
}

// announces reports whether a repetition says what was said first. The id is the
// server's and is drawn anew for each request.
func (f *file) announces(other *engine.File) bool {
	return f.File.Bytes == other.Bytes && f.File.Media == other.Media && f.File.Sum == other.Sum &&
		string(f.File.Name.Reveal()) == string(other.Name.Reveal())
}

// forgetFiles lets go of what was announced and has not become a message in time.
func (t *turn) forgetFiles() {
	for id, f := range t.files {
		if f.seq == 0 && !t.now.Before(f.Until) {
			delete(t.files, id)
		}
	}
}

// announced takes up a file that an earlier life of the session's actor announced.
func (t *turn) announced(in Announced) {
	if _, known := t.files[in.File.ID]; !known && t.closed == 0 {
		t.setFile(in.File.ID, file{Announced: in})
	}
}

// setFile keeps a file; most sessions have none.
func (s *Session) setFile(id engine.FileID, f file) {
	if s.files == nil {
		s.files = map[engine.FileID]file{}
	}
	s.files[id] = f
}

// uploaded notes that an announced file's bytes are there.
func (t *turn) uploaded(in Uploaded) {
	if f, known := t.files[in.File]; known && f.seq == 0 {
		f.Key = in.Key
		t.files[in.File] = f
	}
}

// sendable says why a file cannot become a message, or nil. Somebody else's file
// is no file to the asker.
func (t *turn) sendable(by engine.Author, d engine.Draft) *engine.Error {
	if d.File == nil {
		return engine.ErrBadRequest.In("body")
	}
	t.forgetFiles()
	f, known := t.files[d.File.ID]
	switch {
	case !known, f.Author != by:
		return engine.ErrNotFound.In("file_id").Because("no such file, or not yours, or forgotten")
	case f.seq != 0:
		return engine.ErrBadRequest.In("file_id").Because("the file is a message already")
	case f.Key.Len() == 0:
		return engine.ErrBadRequest.In("file_id").Because("the file's bytes have not come yet")
	}
	return nil
}

// attach gives an entry its file, as the server has verified it.
func (t *turn) attach(e *engine.Entry, id engine.FileID) {
	f := t.files[id]
	e.Body = f.File.Facts()
	e.File = &engine.Attachment{File: id, Bytes: f.File.Bytes, Key: f.Key}
}

// rememberFile keeps what a message's entry says of its file. The key is in the
// entry and nowhere else from here on.
func (s *Session) rememberFile(r *engine.Result) {
	f := s.files[r.File]
	f.Key, f.Author, f.seq = engine.Body{}, r.Author, r.Seq
	f.File.ID, f.File.Bytes = r.File, r.FileBytes
	s.setFile(r.File, f)
}

// Awaits says why the bytes of a file are not taken, or nil: it was announced and
// is no message yet.
func (s *Session) Awaits(id engine.FileID, now time.Time) *engine.Error {
	f, known := s.files[id]
	switch {
	case s.closed != 0:
		return engine.ErrClosed.At(s.closed)
	case !known, f.seq != 0, !now.Before(f.Until):
		return engine.ErrNotFound
	}
	return nil
}

// IsSent reports whether a file is a message, durable or not.
func (s *Session) IsSent(id engine.FileID) bool { return s.files[id].seq != 0 }

// FileAt is the durable message of a file that a participant may read.
// ErrNotFound in every other case: it is nobody's business which.
func (s *Session) FileAt(by engine.Author, id engine.FileID) (engine.Seq, *engine.Error) {
	f, known := s.files[id]
	m := s.messages.of(f.seq)
	switch {
	case !known, m == nil, f.seq == 0, f.seq > s.durable, m.removed != 0, !s.MayRead(by):
		return 0, engine.ErrNotFound
	case by.Kind == engine.AuthorVisitor && m.visibility != engine.VisibleToAll:
		return 0, engine.ErrNotFound
	}
	return f.seq, nil
}
