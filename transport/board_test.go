package transport

import (
	"context"
	"encoding/binary"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
	"github.com/parleyhq/parley/transport/client"
	"github.com/parleyhq/parley/transport/internal/rfc6455"
	"github.com/parleyhq/parley/transport/wire"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),    // fasthttp's, for the life of the process
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"), // fasthttp's, sleeps 10 s before it sees that its server has stopped
	)
}

const testOrigin = "https://shop.example"

var (
	testSecret        = []byte(strings.Repeat("s", 32))
	testVisitorSecret = []byte(strings.Repeat("v", 32))
)

// testBoard is a switchboard with one session that everybody is in: what one
// says, all get. Texts steer it: "panic" panics in Post.
type testBoard struct {
	mu      sync.Mutex
	session engine.SessionID
	seq     engine.Seq
	seats   map[*testSeat]bool
	left    int
	signals []engine.Signal
	visits  []engine.Visit

	attended []engine.Attendance
	refuse   error // of Visit and Attend
	busy     bool  // Post answers ErrBusy
}

type testSeat struct {
	board  *testBoard
	outlet engine.Outlet
	author engine.Author
}

func newBoard() *testBoard {
	return &testBoard{session: engine.SessionID{0: 1, 15: 1}, seats: map[*testSeat]bool{}}
}

func (b *testBoard) Visit(_ context.Context, v engine.Visit, o engine.Outlet) (engine.Seat, error) {
	b.mu.Lock()
	b.visits = append(b.visits, v)
	b.mu.Unlock()
	return b.seat(o, engine.Author{Kind: engine.AuthorVisitor}, engine.Answer{
		Request: v.Request, Welcome: &engine.Welcome{Visitor: engine.VisitorID{15: 1}, Token: "token", Expires: v.Until, Verified: v.Subject != "", Session: b.session},
	})
}

func (b *testBoard) Attend(_ context.Context, a engine.Attendance, o engine.Outlet) (engine.Seat, error) {
	b.mu.Lock()
	b.attended = append(b.attended, a)
	b.mu.Unlock()
	return b.seat(o, engine.Author{Kind: engine.AuthorOperator, Operator: a.Principal.Operator}, engine.Answer{
		Request: a.Request, Welcome: &engine.Welcome{Me: &engine.Me{Rev: 1, Operator: a.Principal.Operator}},
	})
}

func (b *testBoard) seat(o engine.Outlet, author engine.Author, hello engine.Answer) (engine.Seat, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse != nil {
		return nil, b.refuse
	}
	s := &testSeat{b, o, author}
	o.Answer(hello)
	b.seats[s] = true
	return s, nil
}

func (b *testBoard) message(author engine.Author, key string, body engine.Body) *engine.Entry {
	b.seq++
	return &engine.Entry{
		Session: b.session, Seq: b.seq, PrevAll: b.seq - 1, Epoch: 1, At: time.Now(), Author: author,
		Kind: engine.KindMessageNew, ClientID: key, Body: body,
	}
}

// say delivers a message to everybody.
func (b *testBoard) say(author engine.Author, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.message(author, "", engine.BodyOf(text))
	for s := range b.seats {
		s.outlet.Deliver(e)
	}
}

func (b *testBoard) count() (seated, left int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.seats), b.left
}

// only is the outlet of the one who is there.
func (b *testBoard) only(t testing.TB) engine.Outlet {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.seats {
		return s.outlet
	}
	t.Fatal("nobody is seated")
	return nil
}

func (s *testSeat) Post(d engine.Draft) *engine.Error {
	b := s.board
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy {
		return engine.ErrBusy
	}
	if string(d.Body.Reveal()) == "panic" {
		panic("canary-7f3a")
	}
	a := engine.Answer{Request: d.Request, Op: d.Op, Session: b.session, Seq: b.seq, At: time.Now()}
	if d.Op == engine.OpMessage {
		e := b.message(s.author, d.ClientID, d.Body)
		a.Seq, a.At = e.Seq, e.At
		for other := range b.seats {
			other.outlet.Deliver(e)
		}
	}
	s.outlet.Answer(a)
	return nil
}

func (s *testSeat) Signal(_ engine.SessionID, signal engine.Signal) {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	s.board.signals = append(s.board.signals, signal)
}

// Renew believes whatever the server has verified; an opaque token is good for a
// day if it is "token".
func (s *testSeat) Renew(r engine.Renewal) (engine.Renewed, error) {
	switch {
	case r.Principal.Operator != "":
		return engine.Renewed{Expires: r.Principal.Expires}, nil
	case r.Subject != "":
		return engine.Renewed{Expires: r.Until, Token: "token"}, nil
	case r.Token == "token":
		return engine.Renewed{Expires: time.Now().Add(24 * time.Hour), Token: "token"}, nil
	}
	return engine.Renewed{}, engine.ErrAuthInvalid
}

func (s *testSeat) Leave() {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	delete(s.board.seats, s)
	s.board.left++
}

func testTenants(t testing.TB) *engine.Tenants {
	t.Helper()
	tenants, err := engine.NewTenants(
		&engine.Tenant{
			ID: "acme", Name: "Acme", Origins: []string{testOrigin, "http://127.0.0.1:7000"}, Departments: []engine.Department{{ID: "sales"}},
			Operators:   []engine.Operator{{ID: "ada", Name: "Ada Lovelace"}, {ID: "grace", Name: "Grace Hopper"}},
			Keys:        []engine.TokenKey{{Algorithm: "HS256", Secret: engine.NewBody(testSecret)}},
			VisitorKeys: []engine.TokenKey{{Algorithm: "HS256", Secret: engine.NewBody(testVisitorSecret)}},
			Limits:      engine.Limits{MessagesPerSecond: 1e6},
		},
		&engine.Tenant{
			ID: "slow", Origins: []string{testOrigin}, Departments: []engine.Department{{ID: "sales"}},
			Limits: engine.Limits{MessagesPerSecond: 2, Connections: 2},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return tenants
}

// rig is a server at work.
type rig struct {
	t        testing.TB
	server   *Server
	board    *testBoard
	registry *prometheus.Registry
	addr     string
	cancel   context.CancelFunc
	served   chan error
}

// paths runs a test on both ways to read and write.
func paths(t *testing.T, test func(t *testing.T, o Options)) {
	for name, fast := range map[string]bool{"library": false, "fast": true} {
		t.Run(name, func(t *testing.T) { test(t, Options{FastPath: fast}) })
	}
}

func serve(t testing.TB, o Options) *rig {
	t.Helper()
	r := &rig{t: t, board: newBoard(), registry: prometheus.NewRegistry(), served: make(chan error, 1)}
	o.Tenants, o.Registerer = testTenants(t), r.registry
	if o.CloseTimeout == 0 {
		o.CloseTimeout = time.Second
	}
	r.server = NewServer(r.board, o)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() { r.served <- r.server.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-r.served; err != nil {
			t.Errorf("serve: %v", err)
		}
		if n := r.server.Connections(); n != 0 {
			t.Errorf("connections after the drain: got %d, want 0", n)
		}
		if seated, _ := r.board.count(); seated != 0 {
			t.Errorf("seats after the drain: got %d, want 0", seated)
		}
	})
	return r
}

func (r *rig) token(operator engine.OperatorID) string {
	r.t.Helper()
	token, err := auth.Sign(testSecret, "", auth.Claims{Tenant: "acme", Operator: operator, Issued: time.Now()})
	if err != nil {
		r.t.Fatal(err)
	}
	return token
}

func (r *rig) visitor() *client.Client {
	r.t.Helper()
	return r.dial(client.DialVisitor, client.Options{Origin: testOrigin})
}

func (r *rig) operator(id engine.OperatorID) *client.Client {
	r.t.Helper()
	return r.dial(client.DialOperator, client.Options{Token: r.token(id)})
}

func (r *rig) dial(how func(context.Context, client.Options) (*client.Client, error), o client.Options) *client.Client {
	r.t.Helper()
	if o.Addr == "" {
		o.Addr = r.addr
	}
	if o.Tenant == "" {
		o.Tenant = "acme"
	}
	c, err := how(soon(r.t), o)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close() })
	return c
}

// metric is the sum of a counter or gauge.
func (r *rig) metric(name string, labels ...string) float64 {
	r.t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	sum := 0.0
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			matches := 0
			for _, label := range m.GetLabel() {
				for _, want := range labels {
					if label.GetValue() == want {
						matches++
					}
				}
			}
			if matches == len(labels) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
		<-tick.C
	}
}

// next is the next frame of a kind and type; others are skipped.
func next(t testing.TB, c *client.Client, kind, what string) *wire.Server {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case frame, open := <-c.Frames():
			if !open {
				t.Fatalf("closed before %s %s came: %v", kind, what, c.Err())
			}
			if frame.Kind == kind && (what == "" || frame.Type == what) {
				return frame
			}
		case <-deadline:
			t.Fatalf("no %s %s in time", kind, what)
		}
	}
}

// rawConn speaks RFC 6455 by hand.
type rawConn struct {
	net.Conn
	t testing.TB
}

const handshakeHead = "GET /v1/visitor HTTP/1.1\r\nHost: parley\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: parley.v1+json\r\n"

// raw connects and shakes hands, by hand.
func (r *rig) raw() *rawConn {
	r.t.Helper()
	c := r.tcp()
	c.say([]byte(handshakeHead + "Origin: " + testOrigin + "\r\n\r\n"))
	if head := c.head(); !strings.HasPrefix(head, "HTTP/1.1 101 ") || !strings.Contains(head, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") {
		r.t.Fatalf("handshake: got %q", head)
	}
	return c
}

// seated is raw and authenticated.
func (r *rig) seated() *rawConn {
	r.t.Helper()
	c := r.raw()
	c.text(`{"k":"req","id":"a","op":"auth","d":{"tenant":"acme","anonymous":true}}`)
	if op, payload := c.frame(); op != rfc6455.OpText || !strings.Contains(string(payload), `"ok":true`) {
		r.t.Fatalf("auth: got %d %s", op, payload)
	}
	return c
}

func (r *rig) tcp() *rawConn {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(15 * time.Second))
	return &rawConn{conn, r.t}
}

func (c *rawConn) say(data []byte) {
	c.t.Helper()
	if _, err := c.Write(data); err != nil {
		c.t.Fatal(err)
	}
}

func (c *rawConn) text(payload string) {
	c.t.Helper()
	c.say(masked(true, rfc6455.OpText, payload))
}

// masked is a client's frame, final or not.
func masked(final bool, opcode byte, payload string) []byte {
	data := rfc6455.AppendMasked(nil, opcode, []byte(payload), [4]byte{0x37, 0xfa, 0x21, 0x3d})
	if !final {
		data[0] &^= 0x80
	}
	return data
}

// head reads an HTTP response's head, byte by byte so that no frame is eaten.
func (c *rawConn) head() string {
	var head []byte
	for one := make([]byte, 1); !strings.HasSuffix(string(head), "\r\n\r\n"); {
		if _, err := c.Read(one); err != nil {
			return string(head)
		}
		head = append(head, one[0])
	}
	return string(head)
}

// frame reads one frame; opcode 0 means that the connection ended.
func (c *rawConn) frame() (opcode byte, payload []byte) {
	var h [10]byte
	if !c.full(h[:2]) {
		return 0, nil
	}
	opcode = h[0] & 15
	n := int(h[1] & 0x7f)
	switch n {
	case 126:
		if !c.full(h[:2]) {
			return 0, nil
		}
		n = int(binary.BigEndian.Uint16(h[:2]))
	case 127:
		if !c.full(h[:8]) {
			return 0, nil
		}
		n = int(binary.BigEndian.Uint64(h[:8]))
	}
	payload = make([]byte, n)
	if !c.full(payload) {
		return 0, nil
	}
	return opcode, payload
}

func (c *rawConn) full(into []byte) bool {
	for at := 0; at < len(into); {
		n, err := c.Read(into[at:])
		at += n
		if err != nil {
			return false
		}
	}
	return true
}

// closed reads to the close frame, and answers its code and the bye before it.
func (c *rawConn) closed() (code int, bye string) {
	code, _, bye = c.parting()
	return code, bye
}

// parting is closed, with the close frame's reason.
func (c *rawConn) parting() (code int, reason, bye string) {
	for {
		opcode, payload := c.frame()
		switch opcode {
		case 0:
			return 0, "", bye
		case rfc6455.OpClose:
			_, _ = c.Write(masked(true, rfc6455.OpClose, string(payload[:min(2, len(payload))])))
			return rfc6455.CloseCode(payload), string(payload[min(2, len(payload)):]), bye
		case rfc6455.OpText:
			if strings.Contains(string(payload), `"t":"bye"`) {
				bye = string(payload)
			}
		}
	}
}
