package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/parleyhq/parley/actors"
	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence"
	"github.com/parleyhq/parley/persistence/seal"
	"github.com/parleyhq/parley/transport"
	"github.com/parleyhq/parley/transport/auth"
	"github.com/parleyhq/parley/transport/client"
)

// canaries are planted by a chat over real sockets. What is stored must be found
// when sealing is off, or the search itself would prove nothing.
var canaries = struct{ stored, never map[string]string }{
	stored: map[string]string{
		"a visitor's words":    "canary-visitor-words-7f3a",
		"an operator's words":  "canary-operator-words-7f3a",
		"a note":               "canary-note-7f3a",
		"an edit's words":      "canary-edit-7f3a",
		"a form's answer":      "canary-form-7f3a",
		"what a chat is about": "canary-subject-7f3a",
		"a visitor's e-mail":   "canary-mail-7f3a@example.org",
		"a visitor's name":     "Canary Visitor 7f3a",
		"a visitor's phone":    "+43 316 70 31 41 59 26",
		"a rectified e-mail":   "canary-old-7f3a@example.org",
		"an idempotency key":   "canary-key-7f3a",
		"a file's bytes":       "canary-file-bytes-7f3a",
		"a file's name":        "canary-file-name-7f3a",
		"an operator's id":     "canary-operator-id-7f3a",
		"a department":         "canary-department-7f3a",
		"an operator's device": "canary-device-7f3a",
	},
	never: map[string]string{
		"the page's origin":         "canary-origin-7f3a",
		"an operator's shown name":  "Canary Shown Name 7f3a",
		"the tenant's shown name":   "Canary Tenant Name 7f3a",
		"a department's shown name": "Canary Department Name 7f3a",
		"the visitor's address":     "127.9.8.7",
		"the operator's address":    "127.9.8.6",
		"what was not sent":         "canary-peek-7f3a",
		"a token key":               "canary-secret-7f3a-0123456789abcdef0123",
	},
}

func TestNothingReadableIsStored(t *testing.T) { canaryRun(t, false) }

// TestCanarySearchFindsPlaintext is the control: without sealing the same search
// finds every canary of a stored field, and still no token or address.
func TestCanarySearchFindsPlaintext(t *testing.T) { canaryRun(t, true) }

func canaryRun(t *testing.T, plaintext bool) {
	dir := t.TempDir()
	logs := &safeBuffer{}
	registry := prometheus.NewRegistry()
	tokens := canaryChat(t, dir, logs, registry, plaintext, func(when string, more map[string]string) {
		canarySearch(t, when, dir, plaintext, more)
	})
	canarySearch(t, "after a stop", dir, plaintext, tokens)
	var metrics bytes.Buffer
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&metrics, f); err != nil {
			t.Fatal(err)
		}
	}
	for _, set := range []map[string]string{canaries.stored, canaries.never, tokens} {
		for what, canary := range set {
			if strings.Contains(logs.String(), canary) {
				t.Errorf("the log holds %s", what)
			}
			if strings.Contains(metrics.String(), canary) {
				t.Errorf("the metrics hold %s", what)
			}
		}
	}
}

// canarySearch reads every file of the data folder.
func canarySearch(t *testing.T, when, dir string, plaintext bool, tokens map[string]string) {
	t.Helper()
	var all []byte
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) || err == nil && d.IsDir() {
			return nil // a file may go between the listing and the look
		}
		text, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		files++
		all = append(append(all, path...), text...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 3 {
		t.Fatalf("%s: only %d files: this is not the data folder", when, files)
	}
	for what, canary := range canaries.stored {
		if found := bytes.Contains(all, []byte(canary)); found != plaintext {
			t.Errorf("%s: %s: found %v, want %v", when, what, found, plaintext)
		}
	}
	for _, set := range []map[string]string{canaries.never, tokens} {
		for what, canary := range set {
			if bytes.Contains(all, []byte(canary)) {
				t.Errorf("%s: the data folder holds %s", when, what)
			}
		}
	}
}

// canaryChat runs a server of real parts, has a chat in which every canary is
// said, and lets look search while it runs and in a copy of the folder as a
// crash would leave it.
func canaryChat(t *testing.T, dir string, logs *safeBuffer, registry *prometheus.Registry, plaintext bool, look func(string, map[string]string)) (tokens map[string]string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	s, n := canaries.stored, canaries.never
	tenants, err := engine.NewTenants(&engine.Tenant{
		ID: "shop", Name: n["the tenant's shown name"], Transcripts: true, Peek: true, Origins: []string{"https://" + n["the page's origin"] + ".example"},
		Departments: []engine.Department{{ID: engine.DepartmentID(s["a department"]), Name: n["a department's shown name"]}},
		Operators:   []engine.Operator{{ID: engine.OperatorID(s["an operator's id"]), Name: n["an operator's shown name"]}},
		Keys:        []engine.TokenKey{{Algorithm: "HS256", Secret: engine.BodyOf(n["a token key"])}},
	})
	must(t, err)
	key := filepath.Join(t.TempDir(), "root.key")
	must(t, seal.GenerateRootFile(key))
	root, err := seal.RootFromFile(key)
	must(t, err)
	logger := slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	store, err := persistence.Open(dir, persistence.Options{Root: root, Logger: logger, Registerer: registry, StorePlaintextForTests: plaintext})
	must(t, err)
	sys, err := actors.Start(actors.Config{Store: store, Tenants: tenants, Logger: logger, Registerer: registry})
	must(t, err)
	srv := transport.NewServer(sys, transport.Options{Tenants: tenants, Logger: logger, Registerer: registry})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	serving, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- srv.Serve(serving, l) }() // ends with serving; heard below
	tokens = sayCanaries(t, ctx, l.Addr().String())
	look("while running", tokens)
	crashed := t.TempDir()
	must(t, os.CopyFS(crashed, os.DirFS(dir)))
	canarySearch(t, "after a crash", crashed, plaintext, tokens)
	stop()
	must(t, <-served)
	must(t, sys.Stop(ctx))
	must(t, store.Close())
	return tokens
}

// sayCanaries chats, and answers the tokens that were shown.
func sayCanaries(t *testing.T, ctx context.Context, addr string) map[string]string {
	t.Helper()
	s, n := canaries.stored, canaries.never
	jwt, err := auth.Sign([]byte(n["a token key"]), "", auth.Claims{Tenant: "shop", Operator: engine.OperatorID(s["an operator's id"]), Issued: time.Now(), TTL: time.Hour})
	must(t, err)
	from := func(address string) *net.TCPAddr { return &net.TCPAddr{IP: net.ParseIP(address)} }
	operator, err := client.DialOperator(ctx, client.Options{
		Addr: addr, Tenant: "shop", Token: jwt, Device: s["an operator's device"], Intent: engine.IntentAccepting, LocalAddr: from(n["the operator's address"]),
	})
	must(t, err)
	defer operator.Close()
	visitor, err := client.DialVisitor(ctx, client.Options{
		Addr: addr, Tenant: "shop", Origin: "https://" + n["the page's origin"] + ".example", LocalAddr: from(n["the visitor's address"]),
	})
	must(t, err)
	defer visitor.Close()
	started, err := visitor.StartWith(ctx, "", engine.Form{Subject: engine.BodyOf(s["what a chat is about"])}, s["a visitor's words"])
	must(t, err)
	for frame := range operator.Frames() {
		if frame.Kind == "watch" && frame.Type == "offer.new" {
			break
		}
	}
	_, err = operator.Accept(ctx, started.Session, 5, 1)
	must(t, err)
	_, err = operator.Do(ctx, engine.Draft{Op: engine.OpMessage, Session: started.Session, ClientID: s["an idempotency key"], Body: engine.BodyOf(s["an operator's words"])})
	must(t, err)
	note, err := operator.Note(ctx, started.Session, s["a note"])
	must(t, err)
	_, err = operator.Edit(ctx, started.Session, note.Seq, s["an edit's words"])
	must(t, err)
	_, err = visitor.Do(ctx, engine.Draft{
		Op: engine.OpMessage, Session: started.Session, ClientID: "form", Format: engine.FormatForm,
		Body: engine.BodyOf(`{"form":"f","fields":{"answer":"` + s["a form's answer"] + `"}}`),
	})
	must(t, err)
	for key, value := range map[string]string{"phone": s["a visitor's phone"], "name": s["a visitor's name"]} {
		identifyAs(t, ctx, visitor, started.Session, key, value)
	}
	identifyAs(t, ctx, visitor, started.Session, "email", s["a rectified e-mail"])
	identifyAs(t, ctx, visitor, started.Session, "email", s["a visitor's e-mail"])
	file, _, err := visitor.Upload(ctx, started.Session, s["a file's name"]+".txt", "text/plain", []byte(strings.Repeat("x", 70_000)+s["a file's bytes"]))
	must(t, err)
	bytes, err := operator.Download(ctx, started.Session, file)
	must(t, err)
	content, err := io.ReadAll(bytes)
	must(t, errors.Join(err, bytes.Close()))
	if len(content) < 70_000 || !strings.HasSuffix(string(content), s["a file's bytes"]) {
		t.Errorf("the file came back as %d bytes", len(content))
	}
	must(t, visitor.Typing(started.Session, true))
	must(t, visitor.Peek(started.Session, n["what was not sent"]))
	for frame := range operator.Frames() {
		if frame.Type == "peek" {
			break
		}
	}
	return map[string]string{"the visitor's token": visitor.Welcome.Token, "the operator's token": jwt}
}

func identifyAs(t *testing.T, ctx context.Context, c *client.Client, session engine.SessionID, name, value string) {
	t.Helper()
	_, err := c.Do(ctx, engine.Draft{
		Op: engine.OpIdentify, Session: session, ClientID: freshKey(),
		Identity: &engine.IdentityChange{Basis: engine.BasisConsent, Set: []engine.Attr{{Name: name, Value: engine.BodyOf(value)}}},
	})
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
