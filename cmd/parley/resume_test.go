package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/client"
	"github.com/parleyhq/parley/transport/wire"
)

// lossy is a network between a client and its server that loses frames from the
// server: whole ones, as a broken proxy does, or everything, as a half-open
// connection does.
type lossy struct {
	server string
	lose   atomic.Pointer[func(frame []byte) bool] // nil: nothing is lost
	deaf   atomic.Bool                             // what the client says is lost
	lost   atomic.Int64
	dials  atomic.Int64
}

func (l *lossy) losing(which func([]byte) bool) { l.lose.Store(&which) }

func (l *lossy) dial(ctx context.Context) (net.Conn, error) {
	socket, err := new(net.Dialer).DialContext(ctx, "tcp", l.server)
	if err != nil {
		return nil, err
	}
	l.dials.Add(1)
	return &lossyConn{Conn: socket, network: l, from: bufio.NewReader(socket)}, nil
}

// lossyConn is one connection through it. Its client must be one goroutine that
// reads and any that write.
type lossyConn struct {
	net.Conn
	network *lossy
	from    *bufio.Reader
	upgrade sync.Once
	ready   bytes.Buffer
}

func (c *lossyConn) Write(p []byte) (int, error) {
	if c.network.deaf.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func (c *lossyConn) Read(p []byte) (int, error) {
	var err error
	c.upgrade.Do(func() {
		for err == nil && !bytes.HasSuffix(c.ready.Bytes(), []byte("\r\n\r\n")) {
			var b byte
			if b, err = c.from.ReadByte(); err == nil {
				c.ready.WriteByte(b)
			}
		}
	})
	for err == nil && c.ready.Len() == 0 {
		err = c.frame()
	}
	if err != nil {
		return 0, err
	}
	return c.ready.Read(p)
}

// frame reads one frame, and keeps it unless it is lost.
func (c *lossyConn) frame() error {
	head := make([]byte, 2, 10)
	if _, err := io.ReadFull(c.from, head); err != nil {
		return err
	}
	size := uint64(head[1])
	if more := map[byte]int{126: 2, 127: 8}[head[1]]; more > 0 {
		head = head[:2+more]
		if _, err := io.ReadFull(c.from, head[2:]); err != nil {
			return err
		}
		size = binary.BigEndian.Uint64(append(make([]byte, 8-more), head[2:]...))
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(c.from, payload); err != nil {
		return err
	}
	if which := c.network.lose.Load(); which != nil && (*which)(payload) {
		c.network.lost.Add(1)
		return nil
	}
	c.ready.Write(head)
	c.ready.Write(payload)
	return nil
}

func isEvent(payload []byte) bool { return bytes.HasPrefix(payload, []byte(`{"k":"evt"`)) }

// halfOpen is a server of real parts, and a visitor on a lossy network with an
// open session.
type halfOpen struct {
	t       *testing.T
	stack   *stack
	tenant  *engine.Tenant
	network *lossy
	visitor *client.Resuming
	ref     engine.SessionRef
	seqs    chan engine.Seq // of the visitor's events

	mu     sync.Mutex
	missed []wire.Missed
}

func newHalfOpen(t *testing.T, fast bool) *halfOpen {
	t.Helper()
	tenants := oneTenant(t)
	p := testParts(t, tenants)
	p.sockets.PingEvery, p.sockets.PongTimeout, p.sockets.FastPath = 800*time.Millisecond, 400*time.Millisecond, fast
	p.sockets.SelfOrigin = true
	s, err := startStack(p)
	must(t, err)
	addr := s.bound.public.Addr().String()
	h := &halfOpen{t: t, stack: s, network: &lossy{server: addr}, seqs: make(chan engine.Seq, 100)}
	h.tenant, _ = tenants.Tenant(demoTenant)
	h.visitor = client.ResumeVisitor(client.ResumeOptions{
		Options: client.Options{Addr: addr, Tenant: demoTenant, Origin: "http://" + addr}, Dial: h.network.dial,
		MinBackoff: 10 * time.Millisecond, MaxBackoff: 50 * time.Millisecond, Silence: 3 * time.Second,
		Recovered: func(m wire.Missed) { h.mu.Lock(); h.missed = append(h.missed, m); h.mu.Unlock() },
	})
	read := make(chan struct{})
	go func() { // ends with the visitor; waited for below
		defer close(read)
		for f := range h.visitor.Frames() {
			if f.Kind == "evt" {
				h.seqs <- f.Seq
			}
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(func() {
		_ = h.visitor.Close()
		<-read
		if err := s.stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		cancel()
	})
	started, err := h.visitor.Start(ctx, "", "hello?")
	must(t, err)
	h.ref = engine.SessionRef{Tenant: demoTenant, Session: started.Session}
	h.await(started.Seq)
	return h
}

// post writes on the visitor's behalf from elsewhere.
func (h *halfOpen) post(key string) engine.Seq {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	a, err := h.stack.system.PostAs(ctx, h.ref, engine.Author{Kind: engine.AuthorIntegration}, engine.Draft{Op: engine.OpMessage, ClientID: key, Body: engine.BodyOf(key)})
	must(h.t, err)
	return a.Seq
}

// await reads the visitor's events up to one.
func (h *halfOpen) await(want engine.Seq) {
	h.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case seq := <-h.seqs:
			if seq == want {
				return
			}
		case <-limit:
			h.t.Fatalf("event %d did not come: %+v", want, h.visitor.Stats())
		}
	}
}

// The last events of a session are lost on the way while all else comes: the next
// ping tells, and the client asks for them. Nobody writes, nothing reconnects, and
// both ends still count alike.
func TestALostTailIsNoticed(t *testing.T) {
	for name, fast := range map[string]bool{"library": false, "fast": true} {
		t.Run(name, func(t *testing.T) {
			h := newHalfOpen(t, fast)
			h.network.losing(isEvent)
			h.post("one")
			last := h.post("two")
			waitFor(t, "two events are lost", func() bool { return h.network.lost.Load() == 2 })
			h.network.losing(func([]byte) bool { return false })
			h.await(last)
			if got := h.visitor.Stats(); got.Behind != 1 || got.Connections != 1 || got.Gaps != 0 {
				t.Errorf("got %+v, want behind once, on one connection", got)
			}
			pings := atomic.Int64{}
			h.network.losing(func(payload []byte) bool {
				if bytes.Contains(payload, []byte(`"t":"ping"`)) {
					pings.Add(1)
					if bytes.Contains(payload, []byte("heads")) && pings.Load() > 2 {
						t.Errorf("all has come, and a ping says %s", payload)
					}
				}
				return false
			})
			waitFor(t, "four pings", func() bool { return pings.Load() >= 4 })
			if h.await(h.post("three")); h.visitor.Stats().Connections != 1 {
				t.Errorf("got %+v, want one connection", h.visitor.Stats())
			}
		})
	}
}

// Nothing of the server's comes any more: the client gives the connection up, and
// the next one is told what was missed.
func TestASilentServerIsLeft(t *testing.T) {
	h := newHalfOpen(t, false)
	h.network.losing(func([]byte) bool { return h.network.dials.Load() == 1 })
	last := h.post("one")
	h.await(last)
	waitFor(t, "it is told", func() bool { h.mu.Lock(); defer h.mu.Unlock(); return len(h.missed) == 1 })
	h.mu.Lock()
	defer h.mu.Unlock()
	if m := h.missed[0]; len(m.Gaps) != 1 || m.Gaps[0].Session != h.ref.Session.String() || m.Gaps[0].To != last || len(m.Reset)+len(m.Ended) != 0 {
		t.Errorf("missed: got %+v, want up to %d", m, last)
	}
}

// Nothing of the client's comes any more: the server closes the half-open
// connection, and the client comes back.
func TestASilentClientIsClosed(t *testing.T) {
	h := newHalfOpen(t, true)
	h.network.deaf.Store(true)
	waitFor(t, "it is closed", func() bool { return !h.visitor.Connected() || h.network.dials.Load() > 1 })
	h.network.deaf.Store(false)
	h.await(h.post("one"))
}

func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
		<-tick.C
	}
}
