package actors

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

const fileText = "what was agreed"

// begin announces fileText.
func (p *person) begin(key string) *engine.FileLink {
	p.w.t.Helper()
	return p.good(p.w.t, p.do(engine.Draft{Op: engine.OpFile, ClientID: key, File: &engine.File{
		Name: engine.BodyOf("a.txt"), Bytes: int64(len(fileText)), Media: "text/plain", Sum: sha256.Sum256([]byte(fileText)),
	}})).File
}

func (w *world) upload(link *engine.FileLink, text string) error {
	return w.sys.Upload(w.t.Context(), link.Tenant, link.File, link.Token, strings.NewReader(text))
}

func (p *person) sendFile(id engine.FileID, key string) string {
	return p.do(engine.Draft{Op: engine.OpMessage, ClientID: key, Format: engine.FormatFile, File: &engine.File{ID: id}})
}

// download asks for a link and reads by it.
func (p *person) download(id engine.FileID) (string, error) {
	p.w.t.Helper()
	a := p.answer(p.w.t, p.do(engine.Draft{Op: engine.OpFetch, File: &engine.File{ID: id}}))
	if a.Err != nil {
		return "", a.Err
	}
	return p.w.read(a.File)
}

func (w *world) read(link *engine.FileLink) (string, error) {
	_, r, err := w.sys.Download(w.t.Context(), link.Tenant, link.File, link.Token)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(r)
	return string(text), errors.Join(err, r.Close())
}

// kept is how many files the store and the locker hold.
func (w *world) kept() (stored, awaited int) {
	w.store.Memory.mu.Lock()
	defer w.store.Memory.mu.Unlock()
	return len(w.store.files), w.sys.locker.size()
}

func (w *world) wantKept(when string, stored, awaited int) {
	w.t.Helper()
	synctest.Wait()
	if s, a := w.kept(); s != stored || a != awaited {
		w.t.Errorf("%s: %d files are stored and %d awaited, want %d and %d", when, s, a, stored, awaited)
	}
}

// TestFileSurvivesItsSessionsTroubles: the disk is full when the file is sent, its
// actor panics, and it rests: the upload is there when it is tried again.
func TestFileSurvivesItsSessionsTroubles(t *testing.T) {
	inWorld(t, func(c *Config, _ *engine.Tenant) { c.IdleAfter = time.Minute }, func(w *world) {
		p := w.visitor("")
		p.start("hello")
		link := p.begin("k")
		if err := w.upload(link, fileText); err != nil {
			t.Fatal(err)
		}
		w.wantKept("uploaded", 1, 1)
		w.store.setFailing(engine.ErrFull)
		if a := p.answer(t, p.sendFile(link.File, "m")); a.Err == nil {
			t.Fatal("sent while the disk is full")
		}
		w.store.setFailing(nil)
		w.wantKept("after a full disk", 1, 1)
		p.onEntry = func(e *engine.Entry) {
			if e.Kind == engine.KindMessageNew && e.Format == engine.FormatText {
				p.onEntry = nil
				panic("an outlet that panics")
			}
		}
		p.say("boom")
		synctest.Wait()
		w.wantKept("after a panic", 1, 1)
		time.Sleep(5 * time.Minute) // the actor rests
		p.good(t, p.sendFile(link.File, "m"))
		w.wantKept("sent", 1, 0)
		if got, err := p.download(link.File); err != nil || got != fileText {
			t.Errorf("got %q, %v", got, err)
		}
		time.Sleep(2 * engine.FileLife)
		w.wantKept("later", 1, 0)
	})
}

// TestForgottenFilesLeaveNothing: not sent in time, or when the session ends.
func TestForgottenFilesLeaveNothing(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		p := w.visitor("")
		p.start("hello")
		link := p.begin("k")
		if err := w.upload(link, fileText); err != nil {
			t.Fatal(err)
		}
		p.begin("never filled")
		time.Sleep(engine.FileLife + time.Second)
		w.wantKept("too late", 0, 0)
		if err := w.upload(link, fileText); !errors.Is(err, engine.ErrAuthExpired) {
			t.Errorf("an upload too late: got %v", err)
		}
		late, open := p.begin("k2"), p.begin("k3")
		if err := w.upload(late, fileText); err != nil {
			t.Fatal(err)
		}
		p.good(t, p.do(engine.Draft{Op: engine.OpClose}))
		w.wantKept("after the end", 0, 0)
		if err := w.upload(open, fileText); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("an upload after the end: got %v", err)
		}
	})
}

// TestFailedSendIsForgottenInTime: a message that the log did not take holds its file
// no longer than any other.
func TestFailedSendIsForgottenInTime(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		p := w.visitor("")
		p.start("hello")
		link := p.begin("k")
		if err := w.upload(link, fileText); err != nil {
			t.Fatal(err)
		}
		w.store.setFailing(engine.ErrFull)
		p.answer(t, p.sendFile(link.File, "m"))
		w.store.setFailing(nil)
		time.Sleep(engine.FileLife + time.Second)
		w.wantKept("in time", 0, 0)
	})
}

// TestSessionEndsDuringAnUpload: the bytes that still come are for nobody.
func TestSessionEndsDuringAnUpload(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		p := w.visitor("")
		p.start("hello")
		link := p.begin("k")
		from, to := io.Pipe()
		done := make(chan error, 1)
		go func() { done <- w.sys.Upload(w.t.Context(), link.Tenant, link.File, link.Token, from) }() // ends when the pipe closes
		_, err := to.Write([]byte(fileText))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.upload(link, fileText); !errors.Is(err, engine.ErrBusy) {
			t.Errorf("a second upload meanwhile: got %v", err)
		}
		p.good(t, p.do(engine.Draft{Op: engine.OpClose}))
		_ = to.Close()
		if err := <-done; !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("got %v", err)
		}
		w.wantKept("after the end", 0, 0)
	})
}

// TestLinksOfOthers: a link is its asker's; the right is judged when it is used.
func TestLinksOfOthers(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ada := w.operator("ada")
		p := w.visitor("")
		p.start("hello")
		ada.acceptOffer()
		link := p.begin("k")
		if err := w.upload(&engine.FileLink{Tenant: link.Tenant, File: engine.FileID{1}, Token: link.Token}, fileText); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("another file: got %v", err)
		}
		if err := w.upload(&engine.FileLink{Tenant: "nobody", File: link.File, Token: link.Token}, fileText); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("another tenant: got %v", err)
		}
		if err := w.upload(link, fileText); err != nil {
			t.Fatal(err)
		}
		p.good(t, p.sendFile(link.File, "m"))
		hers := ada.good(t, ada.do(engine.Draft{Op: engine.OpFetch, File: &engine.File{ID: link.File}})).File
		if got, err := w.read(hers); err != nil || got != fileText {
			t.Fatalf("the owner reads: got %q, %v", got, err)
		}
		if _, err := w.read(&engine.FileLink{Tenant: link.Tenant, File: link.File, Token: link.Token}); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("reading by the link to write: got %v", err)
		}
		ctx, cancel := context.WithCancel(w.t.Context())
		cancel()
		if err := w.sys.Upload(ctx, link.Tenant, link.File, link.Token, strings.NewReader(fileText)); err == nil {
			t.Error("an upload of what is a message already")
		}
		if _, err := w.sys.Revoke(w.t.Context(), "demo", "ada", "k"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.read(hers); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("signed out: got %v", err)
		}
		mine := p.good(t, p.do(engine.Draft{Op: engine.OpFetch, File: &engine.File{ID: link.File}})).File
		time.Sleep(engine.FileLinkLife + time.Second)
		if _, err := w.read(mine); !errors.Is(err, engine.ErrAuthExpired) {
			t.Errorf("an old link: got %v", err)
		}
	})
}

// FuzzFileClaims: claims are read as they were written, or not at all.
func FuzzFileClaims(f *testing.F) {
	at := time.Unix(1_700_000_000, 0).UTC()
	for _, c := range []fileClaims{
		{version: fileUpload, file: engine.FileID{1}, session: engine.SessionID{2}, issued: at, expires: at, author: engine.Author{Kind: engine.AuthorVisitor}, visitor: engine.VisitorID{3}},
		{version: fileDownload, file: engine.FileID{1}, session: engine.SessionID{2}, issued: at, expires: at, author: engine.Author{Kind: engine.AuthorOperator, Operator: "ada"}},
	} {
		f.Add(c.append(nil))
	}
	f.Add([]byte{passAnonymous})
	f.Fuzz(func(t *testing.T, claims []byte) {
		c, ok := readFileClaims(claims)
		if ok && !bytes.Equal(c.append(nil), claims) {
			t.Errorf("%x is read as %+v", claims, c)
		}
	})
}

// size is how many deposits the locker holds.
func (l *locker) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.files)
}
