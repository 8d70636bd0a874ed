package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport"
	"github.com/parleyhq/parley/transport/client"
	"github.com/parleyhq/parley/transport/wire"
)

// python finds the interpreter, or skips the test; where PARLEY_TEST_REQUIRE
// says python, its want is a failure.
func python(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err == nil {
		return path
	}
	if slices.Contains(strings.Split(os.Getenv("PARLEY_TEST_REQUIRE"), ","), "python") {
		t.Fatalf("PARLEY_TEST_REQUIRE says python: %v", err)
	}
	t.Skip("python3 is not installed")
	return ""
}

// TestClientIsListed: docs/CLIENT.md shows docs/client.py as it is, and it is as
// short as the page says.
func TestClientIsListed(t *testing.T) {
	docs := filepath.Join(projectRoot(t), "docs")
	page, err := os.ReadFile(filepath.Join(docs, "CLIENT.md"))
	must(t, err)
	program, err := os.ReadFile(filepath.Join(docs, "client.py"))
	must(t, err)
	_, rest, found := strings.Cut(string(page), "```python\n")
	listing, _, ended := strings.Cut(rest, "```")
	if !found || !ended || listing != string(program) {
		t.Error("the listing in docs/CLIENT.md is not docs/client.py")
	}
	if lines := bytes.Count(program, []byte("\n")); lines > 60 {
		t.Errorf("docs/client.py has %d lines, want 60 at most", lines)
	}
}

// TestPythonClient lets the documented client chat through a network that cuts
// it off again and again: what it prints is the session, each event once and in
// order, and what it says is in the session once.
func TestPythonClient(t *testing.T) {
	interpreter := python(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d := newDoorstep(t, transport.Options{})
	operator, err := client.DialOperator(ctx, client.Options{
		Addr: d.addr, Tenant: "acme", Token: d.operatorToken("acme", "ada", acmeSecret), Intent: engine.IntentAccepting,
	})
	must(t, err)
	sessions := make(chan engine.SessionID, 1)
	answering := make(chan struct{})
	go func() { defer close(answering); answerAll(operator, sessions) }() // ends when operator is closed, below
	defer func() { _ = operator.Close(); <-answering }()

	// Cut after so many bytes from the server: within the hello, within events,
	// between an effect and its result. From then on the network is good.
	network := cutting(t, d.addr, 300, 1100, 1300, 900, 1200, 1250, 1500, 1700, 2100, 1400, 1000, 2500, 1600, 9000)
	var said []string
	for i := range 20 {
		size := 3 * i
		if i >= 14 {
			size = 6000 // the page of history at the end is to be larger than 64 KiB
		}
		said = append(said, fmt.Sprintf("line %d \u00e9 \"quoted\" %s.", i, strings.Repeat("x", size)))
	}
	run := exec.CommandContext(ctx, interpreter, filepath.Join(projectRoot(t), "docs", "client.py"))
	run.Env = append(os.Environ(), "PARLEY_ADDR="+network.addr, "PARLEY_ORIGIN="+shopOrigin, "PARLEY_TENANT=acme", "PYTHONIOENCODING=utf-8", "PYTHONUTF8=1")
	run.Stdin = strings.NewReader(strings.Join(said, "\n") + "\n")
	var complaints bytes.Buffer
	run.Stderr = &complaints
	printed, err := run.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, complaints.String(), printed)
	}
	if cuts := network.cuts.Load(); cuts < 10 {
		t.Errorf("the network cut %d times only: the test proves little", cuts)
	}

	kept, err := d.stack.system.History(ctx, engine.SessionRef{Tenant: "acme", Session: <-sessions}, 0, 200)
	must(t, err)
	var want strings.Builder
	var heard []string
	for _, e := range kept {
		if !e.IsVisible(engine.VisibleToAll) {
			continue
		}
		fmt.Fprintf(&want, "%d %s %s %s\n", e.Seq, e.Kind, e.Author.Kind, e.Body.Reveal())
		if e.Kind == engine.KindMessageNew && e.Author.Kind == engine.AuthorVisitor {
			heard = append(heard, string(e.Body.Reveal()))
		}
	}
	sameLines(t, "printed, against the session", strings.Split(string(printed), "\n"), strings.Split(want.String(), "\n"))
	sameLines(t, "in the session, against what was said", heard, said)
}

// sameLines tells the first difference, shortened.
func sameLines(t *testing.T, what string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		a, b := "nothing", "nothing"
		if i < len(got) {
			a = got[i]
		}
		if i < len(want) {
			b = want[i]
		}
		if a != b {
			t.Errorf("%s: line %d of %d and %d: got %.60q, want %.60q", what, i+1, len(got), len(want), a, b)
			return
		}
	}
}

// answerAll takes every offer and answers every message, until the operator's
// connection ends.
func answerAll(operator *client.Client, sessions chan<- engine.SessionID) {
	for frame := range operator.Frames() {
		var data wire.Data
		if frame.Read(&data) != nil {
			continue
		}
		switch {
		case frame.Type == "offer.new":
			session, offer, _ := wire.ParseOfferID(data.Offer)
			sessions <- session
			_ = operator.Post(engine.Draft{Op: engine.OpAccept, Session: session, Offer: offer, Epoch: data.Epoch, ClientID: operator.Key()})
		case frame.Type == "message.new" && frame.By.Kind == "visitor":
			session, _ := engine.ParseSessionID(frame.Session)
			_ = operator.Post(engine.Draft{Op: engine.OpMessage, Session: session, ClientID: operator.Key(), Body: engine.BodyOf("to " + data.Body.Text)})
		}
	}
}

// badNetwork is a way to a server that cuts connections.
type badNetwork struct {
	addr string
	cuts atomic.Int64
}

// cutting passes connections on to a server and cuts the i-th one after budgets[i]
// bytes of the server's; those after the last are left alone. The test's end
// ends it.
func cutting(t *testing.T, to string, budgets ...int64) *badNetwork {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	n := &badNetwork{addr: listener.Addr().String()}
	done := make(chan struct{})
	go func() { // ends with the listener; its connections end with their client
		defer close(done)
		for i := 0; ; i++ {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				_ = from.Close()
				continue
			}
			go func() { _, _ = io.Copy(server, from); _ = server.Close() }()
			budget := int64(1 << 40)
			if i < len(budgets) {
				budget = budgets[i]
			}
			go func() {
				if passed, _ := io.CopyN(from, server, budget); passed == budget {
					n.cuts.Add(1)
				}
				_ = from.(*net.TCPConn).SetLinger(0) // as a network would: nothing is said
				_ = from.Close()
				_ = server.Close()
			}()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return n
}
