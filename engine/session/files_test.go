package session_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// fileChat is a session of a visitor and ada, with room for a few small files.
func fileChat(change func(*engine.Files)) *chat {
	tenant := &engine.Tenant{ID: "acme", Departments: []engine.Department{{ID: "sales"}}, Files: engine.Files{Bytes: 100, PerSession: 10, SessionBytes: 300}}
	if change != nil {
		change(&tenant.Files)
	}
	tenant.EnsureDefaults()
	with := rules
	with.Files = tenant.Files
	c := &chat{s: session.New(ref, engine.VisitorID{15: 7}, with), now: zero, own: engine.VisitorID{15: 7}}
	c.asks(visitor, engine.Draft{Op: engine.OpStart, ClientID: "start"})
	c.store()
	return c
}

// asks answers what came of a draft.
func (c *chat) asks(by engine.Author, d engine.Draft) engine.Answer {
	d.Request = "r"
	for _, e := range c.step(session.Ask{By: by, Draft: d}) {
		if reply, ok := e.(session.Reply); ok {
			return reply.Answer
		}
	}
	return engine.Answer{Err: engine.ErrInternal}
}

func (c *chat) store() { c.step(session.Stored{Through: c.s.Last()}) }

func aFile(n byte, size int64) *engine.File {
	return &engine.File{ID: engine.FileID{15: n}, Name: engine.BodyOf(fmt.Sprintf("f%d.txt", n)), Bytes: size, Media: "text/plain", Sum: [32]byte{n}}
}

func (c *chat) begins(by engine.Author, key string, f *engine.File) *engine.Error {
	return c.asks(by, engine.Draft{Op: engine.OpFile, ClientID: key, File: f}).Err
}

func (c *chat) sends(by engine.Author, key string, id engine.FileID) engine.Answer {
	return c.asks(by, engine.Draft{Op: engine.OpMessage, ClientID: key, Format: engine.FormatFile, File: &engine.File{ID: id}})
}

func (c *chat) uploads(id engine.FileID) {
	c.step(session.Uploaded{File: id, Key: engine.BodyOf("key")})
}

func wantCode(t testing.TB, what string, got *engine.Error, want string) {
	t.Helper()
	code := ""
	if got != nil {
		code = got.Code
	}
	if code != want {
		t.Errorf("%s: got %q, want %q", what, code, want)
	}
}

// TestFileStory: announced, filled, sent, read, removed.
func TestFileStory(t *testing.T) {
	c := fileChat(nil)
	f := aFile(1, 50)
	wantCode(t, "begin", c.begins(visitor, "k", f), "")
	again := aFile(2, 50) // the caller draws an id for each request
	again.Name, again.Sum = f.Name, f.Sum
	a := c.asks(visitor, engine.Draft{Op: engine.OpFile, ClientID: "k", File: again})
	if a.Err != nil || a.File.File != f.ID || !a.File.Expires.Equal(zero.Add(engine.FileLife)) {
		t.Fatalf("begin again: got %+v", a)
	}
	wantCode(t, "begin another under the key", c.begins(visitor, "k", aFile(3, 50)), "idem_conflict")
	wantCode(t, "begin as somebody who is not in it", c.begins(operator("bob"), "k", f), "not_found")
	wantCode(t, "send too early", c.sends(visitor, "m", f.ID).Err, "bad_request")
	c.uploads(f.ID)
	wantCode(t, "send as a server", c.sends(server, "m", f.ID).Err, "not_found")
	sent := c.sends(visitor, "m", f.ID)
	wantCode(t, "send", sent.Err, "")
	e := c.log[len(c.log)-1]
	facts, err := engine.FileOf(e.Body)
	if err != nil || facts.ID != f.ID || facts.Sum != f.Sum || e.File == nil || string(e.File.Key.Reveal()) != "key" || e.Format != engine.FormatFile {
		t.Fatalf("the entry: got %+v, %v", e, err)
	}
	if _, err := c.s.FileAt(visitor, f.ID); err == nil {
		t.Error("the file is read before its message is durable")
	}
	c.store()
	if seq, err := c.s.FileAt(visitor, f.ID); err != nil || seq != sent.Seq {
		t.Errorf("the file's message: got %d, %v, want %d", seq, err, sent.Seq)
	}
	if _, err := c.s.FileAt(operator("bob"), f.ID); err == nil {
		t.Error("an operator who is not in it reads the file")
	}
	if got := c.sends(visitor, "m", f.ID); got.Seq != sent.Seq {
		t.Errorf("sent again: got %d, want %d", got.Seq, sent.Seq)
	}
	wantCode(t, "send in another message", c.sends(visitor, "m2", f.ID).Err, "bad_request")
	wantCode(t, "another file under the message's key", c.sends(visitor, "m", engine.FileID{9}).Err, "idem_conflict")
	wantCode(t, "edit", c.asks(visitor, engine.Draft{Op: engine.OpEdit, ClientID: "e", Target: sent.Seq, Body: engine.BodyOf("x")}).Err, "forbidden")
	wantCode(t, "remove", c.asks(visitor, engine.Draft{Op: engine.OpRedact, ClientID: "x", Target: sent.Seq}).Err, "")
	c.store()
	if _, err := c.s.FileAt(visitor, f.ID); err == nil {
		t.Error("a removed file is read")
	}
	if got := c.sends(visitor, "m", f.ID); got.Err != nil || got.Seq != sent.Seq {
		t.Errorf("sent again after its removal: got %d, %v", got.Seq, got.Err)
	}
}

// TestEditOfFile: its own author may not either.
func TestEditOfFile(t *testing.T) {
	c := fileChat(nil)
	c.begins(server, "k", aFile(1, 1))
	c.uploads(engine.FileID{15: 1})
	sent := c.sends(server, "m", engine.FileID{15: 1})
	wantCode(t, "send", sent.Err, "")
	got := c.asks(server, engine.Draft{Op: engine.OpEdit, ClientID: "e", Target: sent.Seq, Body: engine.BodyOf("x")}).Err
	if !errors.Is(got, engine.ErrBadRequest) || fmt.Sprint(got.Fields) != "[target]" {
		t.Errorf("got %v in %v", got, got.Fields)
	}
}

// TestFileBounds: sizes, numbers, names, and what a tenant does not take.
func TestFileBounds(t *testing.T) {
	c := fileChat(nil)
	big := c.begins(visitor, "big", aFile(1, 101))
	wantCode(t, "too large", big, "too_large")
	if big.Max != 100 {
		t.Errorf("too large: the most is said to be %d, want 100", big.Max)
	}
	for i, name := range []string{"", ".", "..", " ", "a/b", `a\b`, "a\x00b", "a\nb", "\u202egpj.exe", "\xff", string(make([]byte, 256))} {
		f := aFile(1, 1)
		f.Name = engine.BodyOf(name)
		wantCode(t, fmt.Sprintf("name %d", i), c.begins(visitor, "n", f), "bad_request")
	}
	other := aFile(1, 1)
	other.Media = "video/mp4"
	wantCode(t, "another type", c.begins(visitor, "t", other), "type_not_allowed")
	other.Media = "text"
	wantCode(t, "no type", c.begins(visitor, "t", other), "bad_request")
	for i := range byte(2) {
		wantCode(t, "a hundred", c.begins(visitor, fmt.Sprint("s", i), aFile(10+i, 100)), "")
	}
	wantCode(t, "a hundred more", c.begins(visitor, "s2", aFile(12, 99)), "")
	over := c.begins(visitor, "s3", aFile(13, 2))
	wantCode(t, "more than all", over, "too_large")
	if over.Max != 1 {
		t.Errorf("more than all: %d are said to be left, want 1", over.Max)
	}
	c.now = c.now.Add(engine.FileLife)
	wantCode(t, "once the others are forgotten", c.begins(visitor, "s4", aFile(14, 100)), "")

	c = fileChat(nil)
	for i := range byte(engine.MaxFilesPending) {
		wantCode(t, "one more", c.begins(visitor, fmt.Sprint("p", i), aFile(20+i, 1)), "")
	}
	wantCode(t, "one too many", c.begins(visitor, "p", aFile(40, 1)), "rate_limited")
	wantCode(t, "where none are taken", fileChat(func(f *engine.Files) { f.Off = true }).begins(visitor, "o", aFile(1, 1)), "forbidden")

	c = fileChat(nil)
	c.begins(visitor, "k", aFile(1, 1))
	c.asks(visitor, engine.Draft{Op: engine.OpClose, ClientID: "c"})
	wantCode(t, "after the end", c.begins(visitor, "k2", aFile(2, 1)), "session_closed")
	wantCode(t, "bytes after the end", c.s.Awaits(engine.FileID{15: 1}, c.now), "session_closed")
}

// TestForgottenFile: what was not sent in time is no file any more.
func TestForgottenFile(t *testing.T) {
	c := fileChat(nil)
	f := aFile(1, 1)
	c.begins(visitor, "k", f)
	wantCode(t, "bytes in time", c.s.Awaits(f.ID, c.now), "")
	c.uploads(f.ID)
	c.now = c.now.Add(engine.FileLife)
	wantCode(t, "bytes too late", c.s.Awaits(f.ID, c.now), "not_found")
	wantCode(t, "sent too late", c.sends(visitor, "m", f.ID).Err, "not_found")
}

// TestFilesLaw: whatever is asked, a session holds no more than its tenant allows,
// and a restored one knows the same files.
func TestFilesLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := fileChat(nil)
		sent := map[engine.FileID]engine.Seq{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			n := rapid.Byte().Draw(t, "file") % 16
			id := engine.FileID{15: n}
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0, 1:
				if !c.s.IsSent(id) { // ids are drawn once
					c.begins(visitor, fmt.Sprint("k", n), aFile(n, rapid.Int64Range(1, 120).Draw(t, "size")))
				}
			case 2:
				c.uploads(id)
			case 3:
				if a := c.sends(visitor, fmt.Sprint("m", n), id); a.Err == nil && sent[id] == 0 {
					sent[id] = a.Seq
				}
			case 4:
				if seq := sent[id]; seq != 0 {
					c.asks(visitor, engine.Draft{Op: engine.OpRedact, ClientID: fmt.Sprint("x", n), Target: seq})
				}
			default:
				c.now = c.now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "minutes")) * time.Minute)
			}
			c.store()
		}
		var total int64
		count := 0
		for _, e := range c.log {
			if e.File != nil {
				count++
				total += e.File.Bytes
			}
		}
		if count > 10 || total > 300 {
			t.Fatalf("%d files of %d bytes are in the log", count, total)
		}
		head := engine.Head{Last: c.s.Last(), Visitor: c.own, Row: c.row}
		for _, e := range c.log {
			if r, ok := engine.ResultOf(e); ok {
				head.Results = append(head.Results, r)
			}
		}
		restored := session.Restore(ref, head, c.log, rules)
		for n := range byte(16) {
			id := engine.FileID{15: n}
			was, err := c.s.FileAt(visitor, id)
			is, errNow := restored.FileAt(visitor, id)
			if was != is || (err == nil) != (errNow == nil) {
				t.Fatalf("file %d: was message %d, %v; restored %d, %v", n, was, err, is, errNow)
			}
		}
	})
}
