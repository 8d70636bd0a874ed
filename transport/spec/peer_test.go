package spec_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/parleyhq/parley/actors"
	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence"
	"github.com/parleyhq/parley/persistence/seal"
	"github.com/parleyhq/parley/transport"
)

const patience = 10 * time.Second

// house is a running server of real parts.
type house struct {
	addr string
	stop func()
}

// open starts a server; the test's end stops it, if the test did not.
func open(t *testing.T, tenant *engine.Tenant, sockets transport.Options) *house {
	t.Helper()
	tenants, err := engine.NewTenants(tenant)
	must(t, err)
	key := filepath.Join(t.TempDir(), "root.key")
	must(t, seal.GenerateRootFile(key))
	root, err := seal.RootFromFile(key)
	must(t, err)
	logger := slog.New(slog.DiscardHandler)
	store, err := persistence.Open(filepath.Join(t.TempDir(), "data"), persistence.Options{Root: root, Logger: logger})
	must(t, err)
	system, err := actors.Start(actors.Config{Store: store, Tenants: tenants, Logger: logger})
	must(t, err)
	sockets.Tenants = tenants
	server := transport.NewServer(system, sockets)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	serving, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(serving, listener) }() // ends with serving; heard in stop
	h := &house{addr: listener.Addr().String()}
	h.stop = sync.OnceFunc(func() {
		cancel()
		limit, done := context.WithTimeout(context.Background(), patience)
		defer done()
		for what, err := range map[string]error{"serve": <-served, "system": system.Stop(limit), "store": store.Close()} {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
	t.Cleanup(h.stop)
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// book is what was said, by the frames' names, each judged as it was heard.
type book struct {
	all    schemas
	mu     sync.Mutex
	count  map[string]int // guarded by mu
	codes  map[string]int // guarded by mu: of refusals
	faults []string       // guarded by mu
}

func (b *book) note(name string, frame map[string]any) {
	err := b.all.check(name, frame)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count[name]++
	if e, refused := frame["e"].(map[string]any); refused {
		b.codes[word(e, "code")]++
	}
	if err != nil {
		b.faults = append(b.faults, err.Error())
	}
}

func (b *book) fault(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, err.Error())
}

// peer is a client that speaks the protocol by hand, so that the first frame,
// pings and what it says itself are recorded as well.
type peer struct {
	t       *testing.T
	side    string
	book    *book
	conn    *websocket.Conn
	heard   chan struct{} // holds one token when something came
	closed  chan struct{} // closed when reading has ended
	writing sync.Mutex

	mu    sync.Mutex
	ids   asked            // guarded by mu
	inbox []map[string]any // guarded by mu: what nobody has waited for yet
	next  int              // guarded by mu
}

func (b *book) dial(t *testing.T, addr, side, origin string) *peer {
	t.Helper()
	header := http.Header{}
	if origin != "" {
		header.Set("Origin", origin)
	}
	dialer := websocket.Dialer{Subprotocols: []string{transport.Subprotocol}, HandshakeTimeout: patience}
	conn, _, err := dialer.Dial("ws://"+addr+"/v1/"+side, header)
	must(t, err)
	p := &peer{t: t, side: side, book: b, conn: conn, heard: make(chan struct{}, 1), closed: make(chan struct{}), ids: asked{}}
	go p.read() // ends with the socket, which the cleanup closes and waits for
	t.Cleanup(func() { _ = conn.Close(); <-p.closed })
	return p
}

func (p *peer) read() {
	defer close(p.closed)
	for {
		_, text, err := p.conn.ReadMessage()
		if err != nil {
			return
		}
		frame, err := decode(text)
		if err != nil {
			p.book.fault(err)
			return
		}
		p.mu.Lock()
		name := p.ids.serverFrame(frame)
		p.book.note(name, frame)
		frame["name"] = name // for await; added after it was judged
		p.inbox = append(p.inbox, frame)
		p.mu.Unlock()
		if name == "ctl.ping" {
			p.say(`{"k":"ctl","t":"pong"}`)
		}
		select {
		case p.heard <- struct{}{}:
		default:
		}
	}
}

// say sends a good frame, which is recorded.
func (p *peer) say(text string) {
	frame := parse(p.t, []byte(text))
	p.mu.Lock()
	name := p.ids.clientFrame(p.side, frame)
	p.mu.Unlock()
	p.book.note(name, frame)
	p.spoil(text)
}

// spoil sends a frame that is recorded nowhere: it may be wrong.
func (p *peer) spoil(text string) {
	p.writing.Lock()
	defer p.writing.Unlock()
	_ = p.conn.WriteMessage(websocket.TextMessage, []byte(text)) // a closed socket shows in reading
}

// request sends a request and answers its result, refused or not.
func (p *peer) request(op string, d map[string]any) map[string]any {
	p.t.Helper()
	p.mu.Lock()
	p.next++
	id := "c" + strconv.Itoa(p.next)
	p.mu.Unlock()
	text, err := json.Marshal(map[string]any{"k": "req", "id": id, "op": op, "d": d})
	must(p.t, err)
	p.say(string(text))
	return p.await(id, func(f map[string]any) bool { return f["k"] == "res" && f["id"] == id })
}

// ask is a request that must succeed; it answers the result's d.
func (p *peer) ask(op string, d map[string]any) map[string]any {
	p.t.Helper()
	result := p.request(op, d)
	if result["ok"] != true {
		p.t.Fatalf("%s %s: refused: %v", p.side, op, result["e"])
	}
	return result["d"].(map[string]any)
}

// refused is a request that must be refused with that code.
func (p *peer) refused(code, op string, d map[string]any) {
	p.t.Helper()
	result := p.request(op, d)
	if e, _ := result["e"].(map[string]any); e == nil || e["code"] != code {
		p.t.Errorf("%s %s: got %v, want %s", p.side, op, result, code)
	}
}

// named waits for the next frame of that name and answers its d.
func (p *peer) named(name string) map[string]any {
	p.t.Helper()
	d, _ := p.await(name, func(f map[string]any) bool { return f["name"] == name })["d"].(map[string]any)
	return d
}

// await takes the first frame that matches out of the inbox.
func (p *peer) await(what string, match func(map[string]any) bool) map[string]any {
	p.t.Helper()
	limit := time.After(patience)
	for {
		p.mu.Lock()
		if i := slices.IndexFunc(p.inbox, match); i >= 0 {
			frame := p.inbox[i]
			p.inbox = slices.Delete(p.inbox, i, i+1)
			p.mu.Unlock()
			return frame
		}
		names := make([]string, 0, len(p.inbox))
		for _, f := range p.inbox {
			names = append(names, fmt.Sprint(f["name"]))
		}
		p.mu.Unlock()
		select {
		case <-p.heard:
		case <-limit:
			p.t.Fatalf("%s waits for %s in vain; it has %s", p.side, what, strings.Join(names, " "))
		}
	}
}

// gone waits until the server has closed.
func (p *peer) gone() {
	p.t.Helper()
	select {
	case <-p.closed:
	case <-time.After(patience):
		p.t.Fatalf("%s: the server does not close", p.side)
	}
}
