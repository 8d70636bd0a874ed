package storetest

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/parleyhq/parley/engine"
)

// NewFile makes up a file's name.
func NewFile() engine.FileID { return engine.FileID(newID()) }

// Keep puts bytes into a vault and answers what an entry says of them.
func Keep(t testing.TB, vault engine.Vault, ref engine.SessionRef, content []byte) *engine.Attachment {
	t.Helper()
	id := NewFile()
	w, err := vault.CreateFile(ref, id, int64(len(content)))
	if err != nil {
		t.Fatalf("create file: %v", err)
	}
	for rest := content; len(rest) > 0; {
		n := min(len(rest), 1+rand.IntN(40_000))
		if _, err := w.Write(rest[:n]); err != nil {
			t.Fatalf("write file: %v", err)
		}
		rest = rest[n:]
	}
	key, err := w.Commit()
	if err != nil {
		t.Fatalf("commit file: %v", err)
	}
	w.Abort() // does nothing any more
	return &engine.Attachment{File: id, Bytes: int64(len(content)), Key: key}
}

// FileMessage makes a message entry of a file.
func FileMessage(ref engine.SessionRef, seq engine.Seq, at *engine.Attachment) *engine.Entry {
	e := Message(ref, seq, `{"name":"a.png"}`)
	e.Format, e.File = engine.FormatFile, at
	return e
}

// Content reads a file whole.
func Content(vault engine.Vault, ref engine.SessionRef, at *engine.Attachment) ([]byte, error) {
	r, err := vault.OpenFile(ref, *at)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(r)
	return content, errors.Join(err, r.Close())
}

// Random is content that nothing else has.
func Random(size int) []byte {
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(rand.Uint32())
	}
	return content
}

// files: bytes come back as they were, from any place on, and with nobody else's
// key, name or session.
func (s *suite) files() {
	vault, ok := s.log.(engine.Vault)
	if !ok {
		s.Skip("no vault")
	}
	ref, other := NewRef("acme"), NewRef("acme")
	term := s.create(ref)
	s.create(other)
	const part = 64 << 10
	var all []*engine.Attachment
	var entries []*engine.Entry
	contents := map[engine.FileID][]byte{}
	for i, size := range []int{1, 31, 32, 33, part - 1, part, part + 1, 3*part + 500} {
		content := Random(size)
		at := Keep(s, vault, ref, content)
		all, contents[at.File] = append(all, at), content
		entries = append(entries, FileMessage(ref, engine.Seq(i+1), at))
	}
	s.append(engine.Append{Ref: ref, Term: term, Entries: entries}, nil)
	s.wantLog(ref, entries)
	for _, at := range all {
		got, err := Content(vault, ref, at)
		s.wantErr(err, nil)
		if !bytes.Equal(got, contents[at.File]) {
			s.Errorf("a file of %d bytes comes back as %d others", at.Bytes, len(got))
		}
		s.wrongFile(vault, ref, engine.Attachment{File: at.File, Bytes: at.Bytes, Key: all[0].Key}, at == all[0])
		s.wrongFile(vault, ref, engine.Attachment{File: at.File, Bytes: at.Bytes + 1000, Key: at.Key}, false)
		s.wrongFile(vault, ref, engine.Attachment{File: NewFile(), Bytes: at.Bytes, Key: at.Key}, false)
		s.wrongFile(vault, other, *at, false)
	}
	s.seek(vault, ref, all[len(all)-1], contents[all[len(all)-1].File])
}

func (s *suite) wrongFile(vault engine.Vault, ref engine.SessionRef, at engine.Attachment, right bool) {
	s.Helper()
	if _, err := Content(vault, ref, &at); (err == nil) != right {
		s.Errorf("a file of %d bytes opened: %v", at.Bytes, err)
	}
}

func (s *suite) seek(vault engine.Vault, ref engine.SessionRef, at *engine.Attachment, want []byte) {
	r, err := vault.OpenFile(ref, *at)
	s.wantErr(err, nil)
	defer r.Close()
	for range 50 {
		from := rand.Int64N(at.Bytes)
		if got, err := r.Seek(from, io.SeekStart); got != from || err != nil {
			s.Fatalf("seek to %d: got %d, %v", from, got, err)
		}
		n := rand.Int64N(at.Bytes - from + 1)
		got := make([]byte, n)
		if _, err := io.ReadFull(r, got); err != nil {
			s.Fatal(err)
		}
		if !bytes.Equal(got, want[from:from+n]) {
			s.Fatalf("bytes %d to %d differ", from, from+n)
		}
	}
	if end, err := r.Seek(0, io.SeekEnd); end != at.Bytes || err != nil {
		s.Errorf("the end: got %d, %v", end, err)
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		s.Errorf("read at the end: got %d, %v", n, err)
	}
}

// filesGo: a removed message's file is gone, for those who read it as well, and no
// other is.
func (s *suite) filesGo() {
	vault, ok := s.log.(engine.Vault)
	if !ok {
		s.Skip("no vault")
	}
	ref := NewRef("acme")
	term := s.create(ref)
	content := Random(200_000)
	kept, gone, atOnce, unsent := Keep(s, vault, ref, content), Keep(s, vault, ref, content), Keep(s, vault, ref, content), Keep(s, vault, ref, content)
	s.append(engine.Append{Ref: ref, Term: term, Entries: []*engine.Entry{FileMessage(ref, 1, kept), FileMessage(ref, 2, gone)}}, nil)
	reading, err := vault.OpenFile(ref, *gone)
	s.wantErr(err, nil)
	defer reading.Close()
	if _, err := io.ReadFull(reading, make([]byte, 10)); err != nil {
		s.Fatal(err)
	}
	removed := func(seq, target engine.Seq) *engine.Entry {
		e := Message(ref, seq, "")
		e.Kind, e.Target = engine.KindMessageRedacted, target
		return e
	}
	s.append(engine.Append{Ref: ref, Term: term, Entries: []*engine.Entry{removed(3, 2)}, Redact: []engine.Seq{2}}, nil)
	s.append(engine.Append{Ref: ref, Term: term, Entries: []*engine.Entry{FileMessage(ref, 4, atOnce), removed(5, 4)}, Redact: []engine.Seq{4}}, nil)
	vault.RemoveFile(ref, unsent.File)
	for what, at := range map[string]*engine.Attachment{"removed": gone, "removed at once": atOnce, "never sent": unsent} {
		if _, err := Content(vault, ref, at); !errors.Is(err, engine.ErrNotFound) {
			s.Errorf("a file that was %s: got %v", what, err)
		}
	}
	if _, err := io.Copy(io.Discard, reading); err == nil {
		s.Error("who reads a removed file reads on")
	}
	if got, err := Content(vault, ref, kept); err != nil || !bytes.Equal(got, content) {
		s.Errorf("the file that stays: got %d bytes, %v", len(got), err)
	}
	w, err := vault.CreateFile(ref, NewFile(), 10)
	s.wantErr(err, nil)
	_, err = w.Write([]byte("cut"))
	s.wantErr(err, nil)
	w.Abort()
	entries, err := ReadFrom(s, s.log, ref, 0, 10)
	s.wantErr(err, nil)
	for _, e := range entries {
		if (e.File != nil) != (e.Seq == 1) {
			s.Errorf("entry %d: file %v", e.Seq, e.File != nil)
		}
	}
}
