package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport"
	"github.com/parleyhq/parley/transport/client"
)

// link is file.get, which must succeed.
func (s *socket) link(sid, file string) string {
	s.t.Helper()
	return s.ok("file.get", map[string]any{"sid": sid, "file_id": file})["url"].(string)
}

func (d *doorstep) fetch(url string) moved {
	d.t.Helper()
	return move(d.t, http.MethodGet, d.addr, url, "", nil)
}

func wantStatus(t *testing.T, what string, got moved, want int) {
	t.Helper()
	if got.status != want {
		t.Errorf("%s: got %d %s, want %d", what, got.status, got.body, want)
	}
}

// TestFileRightsAreJudgedAtTheDownload: a link that was good ends with the right: when
// the message is removed, when the operator is signed out. Nobody uses it for
// another file, or to write.
func TestFileRightsAreJudgedAtTheDownload(t *testing.T) {
	d := newDoorstep(t, transport.Options{})
	d.people()
	const content = "a visitor's file"
	mine, hers := d.visitor.link(d.mine.sid, d.mine.file), d.ada.link(d.mine.sid, d.mine.file)
	for _, url := range []string{mine, hers} {
		if got := d.fetch(url); got.status != http.StatusOK || string(got.body) != content {
			t.Fatalf("with a good link: got %d %q", got.status, got.body)
		}
	}
	other := d.visitor.sendFile(d.addr, d.mine.sid, "another")
	wantStatus(t, "a link to another file", d.fetch(strings.Replace(mine, d.mine.file, other, 1)), http.StatusNotFound)
	wantStatus(t, "a link of another tenant", d.fetch(strings.Replace(mine, "tenant=acme", "tenant=beta", 1)), http.StatusNotFound)
	wantStatus(t, "a link without its proof", d.fetch(strings.Split(mine, "&token=")[0]), http.StatusNotFound)
	wantStatus(t, "a link to read, written to", move(t, http.MethodPut, d.addr, mine, "", []byte(content)), http.StatusNotFound)
	wantStatus(t, "a visitor's token as a link", d.fetch(strings.Split(mine, "&token=")[0]+"&token="+d.visitor.hello["token"].(string)), http.StatusNotFound)

	note := d.ada.noteFile(d.addr, d.mine.sid, "among us")
	wantStatus(t, "a note's file", d.fetch(d.ada.link(d.mine.sid, note)), http.StatusOK)
	if got := d.visitor.code("file.get", map[string]any{"sid": d.mine.sid, "file_id": note}); got != "not_found" {
		t.Errorf("the visitor asks for a note's file: got %q, want not_found", got)
	}

	seq := d.seqOf(d.mine.file)
	d.visitor.ok("message.redact", map[string]any{"sid": d.mine.sid, "target": seq, "idem": freshKey()})
	wantStatus(t, "the visitor's link to what was removed", d.fetch(mine), http.StatusNotFound)
	wantStatus(t, "the operator's link to what was removed", d.fetch(hers), http.StatusNotFound)
	if got := d.visitor.code("file.get", map[string]any{"sid": d.mine.sid, "file_id": d.mine.file}); got != "not_found" {
		t.Errorf("a link to what was removed: got %q, want not_found", got)
	}
	wantStatus(t, "the file that stays", d.fetch(d.visitor.link(d.mine.sid, other)), http.StatusOK)

	hers = d.ada.link(d.mine.sid, other)
	_, err := d.stack.system.Revoke(t.Context(), "acme", "ada", "")
	must(t, err)
	wantStatus(t, "the link of an operator who was signed out", d.fetch(hers), http.StatusNotFound)
}

// noteFile is sendFile among operators.
func (s *socket) noteFile(addr, sid, content string) string {
	s.t.Helper()
	id, url := s.announce(sid, content)
	wantStatus(s.t, "upload", move(s.t, http.MethodPut, addr, url, "", []byte(content)), http.StatusNoContent)
	s.ok("message.send", map[string]any{"sid": sid, "cmid": freshKey(), "body": fileBody(id), "visibility": "operators"})
	return id
}

// seqOf is the number of a file's message.
func (d *doorstep) seqOf(file string) any {
	d.t.Helper()
	for _, e := range d.visitor.ok("history.get", map[string]any{"sid": d.mine.sid})["events"].([]any) {
		event := e.(map[string]any)
		if body, _ := event["d"].(map[string]any)["body"].(map[string]any); body["file_id"] == file {
			return event["seq"]
		}
	}
	d.t.Fatalf("no message has the file %s", file)
	return nil
}

// TestUploadsThatAreNot: what is not what was announced is refused, seen by nobody,
// and leaves nothing.
func TestUploadsThatAreNot(t *testing.T) {
	d := newDoorstep(t, transport.Options{})
	d.people()
	before := d.files()
	const content = "what was announced"
	id, url := d.visitor.announce(d.mine.sid, content)
	put := func(text string) moved { return move(t, http.MethodPut, d.addr, url, "", []byte(text)) }
	wantStatus(t, "other bytes", put("what was annoUnced"), http.StatusUnprocessableEntity)
	wantStatus(t, "too few bytes", put("what"), http.StatusUnprocessableEntity)
	wantStatus(t, "too many bytes", put(content+"!"), http.StatusUnprocessableEntity)
	wantStatus(t, "no bytes", put(""), http.StatusUnprocessableEntity)
	d.cut(url, len(content))
	if got := d.visitor.code("message.send", map[string]any{"sid": d.mine.sid, "cmid": freshKey(), "body": fileBody(id)}); got != "bad_request" {
		t.Errorf("a message of a file without bytes: got %q, want bad_request", got)
	}
	wantFiles(t, "after refused uploads", d.files, before)
	wantStatus(t, "the very bytes", put(content), http.StatusNoContent)
	wantStatus(t, "the very bytes again", put(content), http.StatusNoContent)
	wantStatus(t, "other bytes later", put("what was annoUnced"), http.StatusUnprocessableEntity)
	for who, s := range map[string]*socket{"the operator": d.ada, "another visitor": d.neighbour} {
		if got := s.code("message.send", map[string]any{"sid": d.mine.sid, "cmid": freshKey(), "body": fileBody(id)}); got != "not_found" {
			t.Errorf("%s sends the visitor's file: got %q, want not_found", who, got)
		}
	}
	send := map[string]any{"sid": d.mine.sid, "cmid": "the-file", "body": fileBody(id)}
	first := d.visitor.ok("message.send", send)
	if again := d.visitor.ok("message.send", send); again["seq"] != first["seq"] {
		t.Errorf("sent again: got event %v, want %v", again["seq"], first["seq"])
	}
	send["cmid"] = "twice"
	if got := d.visitor.code("message.send", send); got != "bad_request" {
		t.Errorf("the file in another message: got %q, want bad_request", got)
	}
	if got := d.ada.code("message.edit", map[string]any{"sid": d.mine.sid, "target": d.seqOf(id), "idem": freshKey(), "body": textBody("x")}); got != "forbidden" {
		t.Errorf("the operator edits the visitor's file: got %q, want forbidden", got)
	}
	page := "<!doctype html><script>alert(1)</script>"
	_, url = d.visitor.announce(d.mine.sid, page)
	wantStatus(t, "a page that says it is text", put(page), http.StatusUnsupportedMediaType)
}

// cut begins an upload and goes away.
func (d *doorstep) cut(url string, length int) {
	d.t.Helper()
	c, err := net.Dial("tcp", d.addr)
	must(d.t, err)
	_, err = fmt.Fprintf(c, "PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\nwhat", url, length)
	must(d.t, err)
	must(d.t, c.(*net.TCPConn).CloseWrite())
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err == nil { // told, or not: it is gone
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode < 400 {
			d.t.Errorf("a cut upload: got %s", answer.Status)
		}
	}
	_ = c.Close()
}

// files is how many files the store has on disk.
func (d *doorstep) files() int {
	d.t.Helper()
	names, err := os.ReadDir(filepath.Join(d.data, "files"))
	must(d.t, err)
	return len(names)
}

// wantFiles waits: what is refused is removed on the server's own goroutine.
func wantFiles(t *testing.T, when string, count func() int, want int) {
	t.Helper()
	for end := time.Now().Add(socketPatience); count() != want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: %d files on disk, want %d", when, count(), want)
		}
	}
}

// TestFilesAsPagesSeeThem: which pages may, and how browsers are kept from running
// what they get.
func TestFilesAsPagesSeeThem(t *testing.T) {
	d := newDoorstep(t, transport.Options{})
	d.people()
	url := d.visitor.link(d.mine.sid, d.mine.file)
	got := move(t, http.MethodGet, d.addr, url, shopOrigin, nil)
	wantStatus(t, "a page of the tenant", got, http.StatusOK)
	for name, want := range map[string]string{
		"Content-Disposition": `attachment; filename="a.txt"; filename*=UTF-8''a.txt`, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
		"Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
		"Content-Type":            "text/plain", "Content-Length": "16", "Access-Control-Allow-Origin": shopOrigin, "Vary": "Origin", "Referrer-Policy": "no-referrer",
	} {
		if got := got.header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodOptions} {
		got := move(t, method, d.addr, url, "https://evil.example", nil)
		wantStatus(t, method+" from another page", got, http.StatusForbidden)
		if allowed := got.header.Get("Access-Control-Allow-Origin"); allowed != "" {
			t.Errorf("%s from another page is allowed to %q", method, allowed)
		}
	}
	before := move(t, http.MethodOptions, d.addr, url, shopOrigin, nil)
	if before.status != http.StatusNoContent || !strings.Contains(before.header.Get("Access-Control-Allow-Methods"), "PUT") {
		t.Errorf("preflight: got %d, %v", before.status, before.header)
	}
	wantStatus(t, "another method", move(t, http.MethodPost, d.addr, url, "", nil), http.StatusMethodNotAllowed)
	head := move(t, http.MethodHead, d.addr, url, "", nil)
	if head.status != http.StatusOK || len(head.body) != 0 || head.header.Get("Content-Length") != "16" {
		t.Errorf("HEAD: got %d, %d bytes, length %s", head.status, len(head.body), head.header.Get("Content-Length"))
	}
}

// TestFilesWithoutTranscripts: where nothing may be stored, a file's bytes are on no
// disk and end with the session (I15).
func TestFilesWithoutTranscripts(t *testing.T) {
	d := newDoorstep(t, transport.Options{})
	d.people()
	before := d.files()
	visitor := d.visitorAt("quiet", shopOrigin)
	sid := visitor.ok("session.start", map[string]any{"idem": freshKey()})["sid"].(string)
	secret := "canary-memory-only-" + rand.Text()
	file := visitor.sendFile(d.addr, sid, secret)
	url := visitor.link(sid, file)
	if got := d.fetch(url); string(got.body) != secret {
		t.Errorf("got %d %q", got.status, got.body)
	}
	must(t, filepath.WalkDir(d.data, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil
		}
		text, _ := os.ReadFile(path)
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("%s holds the file", filepath.Base(path))
		}
		return nil
	}))
	if after := d.files(); after != before {
		t.Errorf("%d files on disk, want %d", after, before)
	}
	visitor.ok("session.close", map[string]any{"sid": sid, "idem": freshKey()})
	for end := time.Now().Add(socketPatience); d.fetch(url).status != http.StatusNotFound; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the file outlives its session")
		}
	}
}

// TestFilesOff: a tenant that wants none.
func TestFilesOff(t *testing.T) {
	d := newDoorstep(t, transport.Options{})
	visitor := d.visitorAt("beta", otherOrigin)
	if limits := visitor.hello["limits"].(map[string]any); limits["file_bytes"] != nil {
		t.Errorf("the hello says that files are taken: %v", limits)
	}
	sid := visitor.ok("session.start", map[string]any{"idem": freshKey()})["sid"].(string)
	got := visitor.code("file.begin", map[string]any{"sid": sid, "name": "a", "size": 1, "mime": "text/plain", "sha256": strings.Repeat("0", 64), "idem": "k"})
	if got != "forbidden" {
		t.Errorf("file.begin: got %q, want forbidden", got)
	}
}

// TestLargeFile: a file of many parts, through the Go client, whole and in part.
func TestLargeFile(t *testing.T) {
	d := newDoorstep(t, transport.Options{})
	d.people()
	content := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 5<<20)...)
	_, _ = rand.Read(content[8:])
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, session := d.client(ctx)
	id, sent, err := c.Upload(ctx, session, "picture.png", "image/png", content)
	must(t, err)
	if sent.Seq == 0 {
		t.Error("the message has no number")
	}
	body, err := c.Download(ctx, session, id)
	must(t, err)
	got, err := io.ReadAll(body)
	must(t, err)
	must(t, body.Close())
	if !bytes.Equal(got, content) {
		t.Errorf("got %d other bytes", len(got))
	}
	if _, _, err := c.Upload(ctx, session, "x.png", "image/png", []byte("no picture")); !engine.ErrTypeNotAllowed.Is(err) {
		t.Errorf("no picture: got %v", err)
	}
}

// client is a visitor with an open session.
func (d *doorstep) client(ctx context.Context) (*client.Client, engine.SessionID) {
	d.t.Helper()
	c, err := client.DialVisitor(ctx, client.Options{Addr: d.addr, Tenant: "acme", Origin: shopOrigin})
	must(d.t, err)
	d.t.Cleanup(func() { _ = c.Close() })
	started, err := c.Start(ctx, "", "hello")
	must(d.t, err)
	return c, started.Session
}
