package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport"
	"github.com/parleyhq/parley/transport/client"
	"github.com/parleyhq/parley/transport/wire"
)

// slowRig is a server in this process with one chat: a visitor who writes and an
// operator whose connections all get what is written.
type slowRig struct {
	t        *testing.T
	parts    parts
	stack    *stack
	address  string
	visitor  *client.Client
	operator *client.Client
	session  engine.SessionID

	mu     sync.Mutex
	sent   map[string]time.Time // guarded by mu, as what follows: by key
	delays []time.Duration
}

func newSlowRig(t *testing.T) *slowRig {
	t.Helper()
	tenants, err := engine.NewTenants(&engine.Tenant{
		ID: networkTenant, Origins: []string{networkOrigin}, Transcripts: true,
		Departments: []engine.Department{{ID: "sales"}},
		Operators:   []engine.Operator{{ID: "ada"}},
		Keys:        []engine.TokenKey{{ID: "k", Algorithm: "HS256", Secret: engine.BodyOf(networkSecret)}},
		Limits:      engine.Limits{MessagesPerSecond: 100_000, OperatorDevices: 100},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &slowRig{t: t, parts: testParts(t, tenants), sent: map[string]time.Time{}}
	r.parts.sockets = transport.Options{OutboxBytes: 64 << 10}
	if r.stack, err = startStack(r.parts); err != nil {
		t.Fatal(err)
	}
	r.address = r.parts.listeners.public.Addr().String()
	r.chat()
	return r
}

func (r *slowRig) stop() {
	r.t.Helper()
	_, _ = r.visitor.Close(), r.operator.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := r.stack.stop(ctx); err != nil {
		r.t.Error(err)
	}
}

// chat connects both and lets the operator take the visitor's chat.
func (r *slowRig) chat() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	token, err := operatorToken("ada")
	if err != nil {
		r.t.Fatal(err)
	}
	r.operator, err = client.DialOperator(ctx, client.Options{Addr: r.address, Tenant: networkTenant, Token: token, Intent: engine.IntentAccepting, Buffer: 1 << 14})
	if err != nil {
		r.t.Fatal(err)
	}
	r.visitor, err = client.DialVisitor(ctx, client.Options{Addr: r.address, Tenant: networkTenant, Origin: networkOrigin, Buffer: 1 << 14})
	if err != nil {
		r.t.Fatal(err)
	}
	go drainFrames(r.visitor) // ends with the connection
	if _, err := r.visitor.Start(ctx, "sales", "hi"); err != nil {
		r.t.Fatal(err)
	}
	for frame := range r.operator.Frames() {
		var o wire.Offer
		if frame.Type == "offer.new" && frame.Read(&o) == nil {
			session, number, _ := wire.ParseOfferID(o.ID)
			r.session = session
			go r.measure() // ends with the connection
			if _, err := r.operator.Accept(ctx, session, number, o.Epoch); err != nil {
				r.t.Fatal(err)
			}
			return
		}
	}
	r.t.Fatal("no offer came")
}

func drainFrames(c *client.Client) {
	for range c.Frames() { //nolint:revive // until it ends
	}
}

// measure notes how long messages took to the operator that reads.
func (r *slowRig) measure() {
	for frame := range r.operator.Frames() {
		if frame.Type != "message.new" {
			continue
		}
		r.mu.Lock()
		if at, ok := r.sent[frame.Client]; ok {
			r.delays = append(r.delays, time.Since(at))
			delete(r.sent, frame.Client)
		}
		r.mu.Unlock()
	}
}

// write sends messages at a pace, each of so many bytes, and answers the delays
// of those that the operator got.
func (r *slowRig) write(n, bytes int, every time.Duration) []time.Duration {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	text := strings.Repeat("x", bytes)
	r.mu.Lock()
	r.delays = nil
	r.mu.Unlock()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for range n {
		key := r.visitor.Key()
		r.mu.Lock()
		r.sent[key] = time.Now()
		r.mu.Unlock()
		if _, err := r.visitor.Do(ctx, engine.Draft{Op: engine.OpMessage, Session: r.session, ClientID: key, Body: engine.BodyOf(text)}); err != nil {
			r.t.Fatal(err)
		}
		<-tick.C
	}
	for ctx.Err() == nil {
		r.mu.Lock()
		left, delays := len(r.sent), r.delays
		r.mu.Unlock()
		if left == 0 {
			return delays
		}
		time.Sleep(time.Millisecond) // between two looks
	}
	r.t.Fatal("not every message came")
	return nil
}

// deaf connects a device of the operator's that never reads, with little room
// in its socket.
func (r *slowRig) deaf() net.Conn {
	r.t.Helper()
	socket, err := net.Dial("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = socket.(*net.TCPConn).SetReadBuffer(64 << 10)
	fmt.Fprintf(socket, "GET /v1/operator HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Protocol: parley.v1+json\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", r.address)
	response, err := http.ReadResponse(bufio.NewReaderSize(socket, 256), nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		r.t.Fatalf("upgrade: %v %v", response, err)
	}
	token, err := operatorToken("ada")
	if err != nil {
		r.t.Fatal(err)
	}
	auth := wire.AppendAuth(nil, "auth", &wire.Auth{Tenant: networkTenant, Token: token, Have: []engine.Have{{Session: r.session, Seq: 3}}})
	frame := binary.BigEndian.AppendUint16([]byte{0x81, 0x80 | 126}, uint16(len(auth)))
	frame = append(frame, 0, 0, 0, 0) // a mask of zeros changes nothing
	if _, err := socket.Write(append(frame, auth...)); err != nil {
		r.t.Fatal(err)
	}
	return socket
}

// slowClosed is how many connections were closed as slow consumers.
func (r *slowRig) slowClosed() int {
	r.t.Helper()
	return int(counter(r.t, r.parts.registry, "parley_bye_total", "slow_consumer"))
}

func counter(t *testing.T, from prometheus.Gatherer, suffix, label string) float64 {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, family := range families {
		if !strings.HasSuffix(family.GetName(), strings.TrimPrefix(suffix, "parley_")) {
			continue
		}
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetValue() == label {
					sum += m.GetCounter().GetValue()
				}
			}
		}
	}
	return sum
}

func (r *slowRig) connections(want int) {
	r.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for r.stack.public.Connections() != want {
		if time.Now().After(deadline) {
			r.t.Fatalf("connections: got %d, want %d", r.stack.public.Connections(), want)
		}
		time.Sleep(time.Millisecond) // between two looks
	}
}

// TestSlowConsumer: connections that never read are closed as slow, soon; the
// memory that they hold until then is bounded by their outboxes; whoever reads
// gets everything.
func TestSlowConsumer(t *testing.T) {
	r := newSlowRig(t)
	defer r.stop()
	const deaf = 20
	var sockets []net.Conn
	for range deaf {
		socket := r.deaf()
		defer socket.Close()
		sockets = append(sockets, socket)
	}
	r.connections(2 + deaf)
	before := heapInUse()
	begun := time.Now()
	peak := int64(0)
	var closed time.Duration
	for written := 0; r.slowClosed() < deaf; written += 20 {
		if written > 4000 {
			t.Fatalf("%d of %d slow connections closed after %d messages", r.slowClosed(), deaf, written)
		}
		r.write(20, 8000, time.Millisecond)
		peak = max(peak, heapInUse()-before)
	}
	closed = time.Since(begun)
	// Who begins to read before the last write is given up is told why.
	_ = sockets[0].SetReadDeadline(time.Now().Add(10 * time.Second))
	if last, _ := io.ReadAll(sockets[0]); !bytes.HasSuffix(last, append([]byte{0x88, 15, 4001 >> 8, 4001 & 0xff}, "slow_consumer"...)) {
		t.Errorf("the last of %d bytes are %q, want close frame 4001", len(last), last[max(len(last)-40, 0):])
	}
	r.connections(2)
	bound := int64(deaf*(64<<10) + 4<<20) // an outbox each; what the store holds meanwhile
	t.Logf("%d connections that never read: all closed %v after the first message; heap grew by %d KiB at most, bound %d KiB",
		deaf, closed.Round(10*time.Millisecond), peak>>10, bound>>10)
	if closed > 15*time.Second {
		t.Errorf("closed after %v, want 15s at most", closed)
	}
	if peak > bound {
		t.Errorf("heap grew by %d bytes, want %d at most", peak, bound)
	}
	if got := r.write(10, 100, time.Millisecond); len(got) != 10 {
		t.Errorf("the operator that reads got %d of 10", len(got))
	}
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}

// TestSlowConsumerLeavesOthersAlone compares the 99th percentile of delivery to
// an operator that reads, with and without connections of the same operator's
// that never read, in interleaved pairs, and control pairs of twice the same.
func TestSlowConsumerLeavesOthersAlone(t *testing.T) {
	if os.Getenv("PARLEY_TEST_LONG") == "" {
		t.Skip("a measurement: PARLEY_TEST_LONG=1")
	}
	r := newSlowRig(t)
	defer r.stop()
	phase := func(deaf int) time.Duration {
		var sockets []net.Conn
		for range deaf {
			sockets = append(sockets, r.deaf())
		}
		r.connections(2 + deaf)
		delays := r.write(1000, 100, time.Millisecond) // about as much as three buffers hold
		slices.Sort(delays)
		for _, s := range sockets {
			_ = s.Close()
		}
		r.connections(2)
		return delays[len(delays)*99/100]
	}
	phase(0) // warm
	var ratios, control []float64
	for range 21 {
		alone := phase(0)
		ratios = append(ratios, float64(phase(3))/float64(alone))
		again := phase(0)
		control = append(control, float64(phase(0))/float64(again))
	}
	slices.Sort(ratios)
	slices.Sort(control)
	median, spread := ratios[len(ratios)/2], control[len(control)-2]
	t.Logf("p99 with 3 slow connections / without, 21 pairs: median %.3f, from %.3f to %.3f; control pairs: median %.3f, from %.3f to %.3f; %d closed as slow",
		median, ratios[0], ratios[len(ratios)-1], control[len(control)/2], control[0], control[len(control)-1], r.slowClosed())
	if median > max(1.10, spread) {
		t.Errorf("median %.3f: want 1.10 at most, or within what control pairs differ (%.3f)", median, spread)
	}
}
