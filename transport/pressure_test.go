package transport

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/client"
	"github.com/parleyhq/parley/transport/internal/rfc6455"
)

var system = engine.Author{}

// A client that does not read is closed with 4001; what waits for it is bounded,
// and others are not concerned.
func TestSlowConsumer(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		o.OutboxBytes = 256 << 10
		r := serve(t, o)
		reader := r.visitor()
		slow := r.seated()
		text := strings.Repeat("x", 8000)
		conns := r.server.registry.open(nil)
		for range 2000 {
			r.board.say(system, text)
			next(t, reader, "evt", "message.new")
			for _, c := range conns {
				c.out.mu.Lock()
				pending := c.out.pending
				c.out.mu.Unlock()
				if pending > o.OutboxBytes {
					t.Fatalf("outbox: got %d bytes, want at most %d", pending, o.OutboxBytes)
				}
			}
		}
		eventually(t, "the slow one is gone", func() bool { seated, left := r.board.count(); return seated == 1 && left == 1 })
		if n := r.metric("parley_bye_total", "slow_consumer"); n != 1 {
			t.Errorf("bye_total: got %v, want 1", n)
		}
		_ = slow.Close()
	})
}

// Who reads again in time is told why it was closed.
func TestSlowConsumerIsTold(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		o.OutboxBytes, o.WriteTimeout, o.CloseTimeout = 64<<10, 5*time.Second, 5*time.Second
		r := serve(t, o)
		slow := r.seated()
		text := strings.Repeat("x", 8000)
		eventually(t, "it is too slow", func() bool {
			r.board.say(system, text)
			return r.metric("parley_bye_total", "slow_consumer") > 0
		})
		if code, bye := slow.closed(); code != 4001 || !strings.Contains(bye, `"reconnect":"yes"`) {
			t.Errorf("got %d %s, want 4001", code, bye)
		}
	})
}

// Ephemeral frames give way before the outbox is full, events never do.
func TestSignalsAreDroppedWhenCrowded(t *testing.T) {
	s := NewServer(newBoard(), Options{Tenants: testTenants(t)})
	c := &conn{server: s, ended: endNone}
	c.tenant, _ = s.options.Tenants.Tenant("acme")
	c.out.limit, c.out.writing = 64<<10, true // a writer is stuck
	typing := engine.Typing{Session: engine.SessionID{15: 1}, On: true}
	for range 2000 {
		if !c.Notify(typing) {
			t.Fatal("a dropped signal must not look like a closed outlet")
		}
	}
	if c.out.pending > c.out.limit/2+1000 {
		t.Errorf("pending: got %d, want at most about half of %d", c.out.pending, c.out.limit)
	}
	before := len(c.out.queue.frames)
	if !c.Notify(engine.MineChanged{Rev: 1}) || !c.Deliver(&engine.Entry{Kind: engine.KindMessageNew, Seq: 1}) {
		t.Error("a lasting signal or an entry was refused")
	}
	if got := len(c.out.queue.frames); got != before+2 {
		t.Errorf("queued: got %d, want %d", got, before+2)
	}
}

// Many goroutines deliver to one outlet: everything arrives once, each sender's
// in order.
func TestOutboxConcurrency(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		r := serve(t, o)
		const senders, each = 8, 200
		counts := map[string]int{}
		done := make(chan struct{})
		c := r.dial(client.DialVisitor, client.Options{Origin: testOrigin, Raw: func(message []byte) {
			var sender, n int
			at := bytes.Index(message, []byte(`"text":"`))
			if at < 0 {
				return
			}
			if _, err := fmt.Sscanf(string(message[at:]), `"text":"%d-%d"`, &sender, &n); err != nil {
				t.Error(err)
			}
			if key := fmt.Sprint(sender); counts[key] != n {
				t.Errorf("sender %d: got %d, want %d", sender, n, counts[key])
			} else {
				counts[key]++
			}
			if counts["all"]++; counts["all"] == senders*each {
				close(done)
			}
		}})
		outlet := r.board.only(t)
		var wg sync.WaitGroup
		for sender := range senders {
			wg.Go(func() {
				for n := range each {
					outlet.Deliver(&engine.Entry{Kind: engine.KindMessageNew, Seq: 1, Body: engine.BodyOf(fmt.Sprintf("%d-%d", sender, n))})
					outlet.Notify(engine.Typing{})
				}
			})
		}
		wg.Wait()
		select {
		case <-done:
		case <-soon(t).Done():
			t.Error("not everything came")
		}
		_ = c.Close()
	})
}

// A history that would fill the outbox loses its oldest entries, not the
// connection.
func TestLargeHistoryFits(t *testing.T) {
	r := serve(t, Options{OutboxBytes: 256 << 10})
	visitor := r.visitor()
	var entries []*engine.Entry
	for i := range 100 {
		entries = append(entries, &engine.Entry{Kind: engine.KindMessageNew, Seq: engine.Seq(i + 1), Body: engine.BodyOf(strings.Repeat("x", 8000))})
	}
	if !r.board.only(t).Answer(engine.Answer{Request: "h", Op: engine.OpHistory, Entries: entries}) {
		t.Fatal("the outlet is gone")
	}
	frame := next(t, visitor, "res", "")
	var d struct {
		Events []struct{ Seq int }
		More   bool
	}
	if err := frame.Read(&d); err != nil || !d.More || len(d.Events) == 0 || len(d.Events) > 20 || d.Events[len(d.Events)-1].Seq != 100 {
		t.Errorf("got %d events, more=%v, %v", len(d.Events), d.More, err)
	}
}

// A panic ends one connection and says nothing of what was typed.
func TestPanicEndsOneConnection(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		var log bytes.Buffer
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		r := serve(t, o)
		other := r.visitor()
		c := r.seated()
		c.text(`{"k":"req","id":"x","op":"message.send","d":{"sid":"01JTDKRQGG000000000000001A","cmid":"k","body":{"type":"text","text":"panic"}}}`)
		if code, bye := c.closed(); code != 1011 || !strings.Contains(bye, "internal") {
			t.Errorf("got %d %s, want 1011", code, bye)
		}
		eventually(t, "its seat is left", func() bool { seated, _ := r.board.count(); return seated == 1 })
		if _, err := other.Send(soon(t), r.board.session, "still here"); err != nil {
			t.Errorf("the other: %v", err)
		}
		if n := r.metric("parley_ws_panics_total"); n != 1 {
			t.Errorf("panics: got %v, want 1", n)
		}
		if strings.Contains(log.String(), "canary") || !strings.Contains(log.String(), "panic caught") {
			t.Errorf("log: %s", log.String())
		}
	})
}

func TestBadFramesCloseInTheEnd(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		o.BadFrames = 3
		c := serve(t, o).seated()
		for range 3 {
			c.text(`{"k":"req"`)
		}
		if code, _ := c.closed(); code != 4505 {
			t.Errorf("got %d, want 4505", code)
		}
	})
}

// Over its rate a client is refused; it is not read for a while if it goes on.
func TestRateLimit(t *testing.T) {
	r := serve(t, Options{})
	c := r.dial(client.DialVisitor, client.Options{Tenant: "slow", Origin: testOrigin})
	refused := 0
	for i := range 12 {
		if err := c.Post(engine.Draft{Op: engine.OpRead, Session: r.board.session, Seq: engine.Seq(i + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	for range 12 {
		if f := next(t, c, "res", ""); !f.OK {
			if f.Refusal.Code != "rate_limited" || f.Refusal.Retry <= 0 || f.Refusal.Retry > 600 {
				t.Errorf("got %+v", f.Refusal)
			}
			refused++
		}
	}
	if refused != 4 { // a burst of four seconds' worth of 2/s
		t.Errorf("refused: got %d, want 4", refused)
	}
}

// Who persists is paused, and closed in the end.
func TestRateLimitPersisted(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		o.pause = 5 * time.Millisecond
		r := serve(t, o)
		c := r.raw()
		c.text(`{"k":"req","id":"a","op":"auth","d":{"tenant":"slow","anonymous":true}}`)
		for range 8 * (maxPauses + 3) {
			_, _ = c.Write(masked(true, rfc6455.OpText, marker)) // it may be closed by now
		}
		if code, bye := c.closed(); code != 4506 || !strings.Contains(bye, `"reconnect":"no"`) {
			t.Errorf("got %d %s, want 4506", code, bye)
		}
	})
}

// Time is the test's, so that the bucket refills when it says.
func TestLimiter(t *testing.T) {
	now := time.Now()
	s := NewServer(newBoard(), Options{Tenants: testTenants(t), Clock: func() time.Time { return now }})
	var l limiter
	for range 8 {
		if wait := l.take(s.now(), 2); wait != 0 {
			t.Fatalf("within the burst: got %s", wait)
		}
	}
	if wait := l.take(s.now(), 2); wait != 500*time.Millisecond {
		t.Errorf("wait: got %s, want 500ms", wait)
	}
	now = now.Add(500 * time.Millisecond)
	if wait := l.take(s.now(), 2); wait != 0 {
		t.Errorf("after the wait: got %s", wait)
	}
	if l.isFull(now) || !l.isFull(now.Add(4*time.Second)) {
		t.Error("the bucket fills in four seconds")
	}
}

func TestPingAndNoPong(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		o.PingEvery, o.PongTimeout = 400*time.Millisecond, 200*time.Millisecond
		r := serve(t, o)
		polite, silent := r.visitor(), r.seated() // polite answers by itself
		if code, bye := silent.closed(); code != 4003 || !strings.Contains(bye, `"reconnect":"yes"`) {
			t.Errorf("silent: got %d %s, want 4003", code, bye)
		}
		// Another round: the polite one has answered several pings.
		third := r.seated()
		if code, _ := third.closed(); code != 4003 {
			t.Errorf("third: got %d", code)
		}
		if _, err := polite.Send(soon(t), r.board.session, "x"); err != nil {
			t.Errorf("polite: %v", err)
		}
	})
}

func TestAuthTimeout(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		o.AuthTimeout, o.PingEvery = 50*time.Millisecond, time.Second
		c := serve(t, o).raw()
		c.say(masked(true, rfc6455.OpPing, "x")) // does not help
		if code, bye := c.closed(); code != 4004 || !strings.Contains(bye, "auth_timeout") {
			t.Errorf("got %d %s, want 4004", code, bye)
		}
	})
}

func TestClientLeaves(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		r := serve(t, o)
		c := r.seated()
		c.text(`{"k":"ctl","t":"bye"}`)
		if code, bye := c.closed(); code != 1000 || bye != "" {
			t.Errorf("got %d %q, want 1000 and no bye", code, bye)
		}
		r.visitor().Abort()
		eventually(t, "both seats are left", func() bool { _, left := r.board.count(); return left == 2 })
	})
}

func TestDrain(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		r := serve(t, o)
		var clients []*client.Client
		for range 20 {
			clients = append(clients, r.visitor())
		}
		eventually(t, "all are seated", func() bool { return r.metric("parley_ws_connections") == 20 })
		r.board.say(system, "the last words")
		r.cancel()
		for _, c := range clients {
			if e := next(t, c, "evt", "message.new"); e.Seq != 1 {
				t.Errorf("got %+v", e)
			}
			next(t, c, "ctl", "going_away")
			var d struct {
				Reason, Reconnect string
				Retry             int `json:"retry_after_ms"`
			}
			if err := next(t, c, "ctl", "bye").Read(&d); err != nil || d.Reason != "shutdown" || d.Reconnect != "after" || d.Retry < 1000 {
				t.Errorf("bye: got %+v, %v", d, err)
			}
			if code := c.CloseCode(); code != 4000 {
				t.Errorf("code: got %d, want 4000", code)
			}
		}
		if _, err := client.DialVisitor(soon(t), client.Options{Addr: r.addr, Tenant: "acme", Origin: testOrigin}); err == nil {
			t.Error("a new connection was taken")
		}
	})
}

func TestDrainCutsOffWhoStays(t *testing.T) {
	r := serve(t, Options{CloseTimeout: time.Minute})
	r.seated() // never answers the close frame
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := r.server.Drain(ctx); err == nil {
		t.Error("got nil, want an error that says that one was cut off")
	}
	eventually(t, "it is gone", func() bool { return r.server.Connections() == 0 })
}

func TestEngineCloses(t *testing.T) {
	for reason, want := range map[engine.Reason]int{
		engine.ReasonShutdown: 4000, engine.ReasonSlowConsumer: 4001, engine.ReasonFailed: 4002, engine.ReasonTooMany: 4503, engine.ReasonSignedOut: 4504,
	} {
		r := serve(t, Options{FastPath: reason%2 == 0})
		c := r.seated()
		outlet := r.board.only(t)
		outlet.Deliver(&engine.Entry{Kind: engine.KindMessageNew, Seq: 1})
		outlet.Close(reason)
		if outlet.Deliver(&engine.Entry{Kind: engine.KindMessageNew, Seq: 2}) || outlet.Notify(engine.Typing{}) || outlet.Answer(engine.Answer{}) {
			t.Errorf("reason %d: something goes in after Close", reason)
		}
		if reason != engine.ReasonSlowConsumer {
			if _, payload := c.frame(); !strings.Contains(string(payload), `"seq":1`) {
				t.Errorf("reason %d: what waited was not written: %s", reason, payload)
			}
		}
		if code, _ := c.closed(); code != want {
			t.Errorf("reason %d: got %d, want %d", reason, code, want)
		}
	}
}

// BenchmarkFan delivers one entry to 1,000 outlets whose sockets are never
// written: the price of an outbox.
func BenchmarkFan(b *testing.B) {
	s := NewServer(newBoard(), Options{Tenants: testTenants(b)})
	tenant, _ := s.options.Tenants.Tenant("acme")
	conns := make([]*conn, 1000)
	for i := range conns {
		conns[i] = &conn{server: s, tenant: tenant}
		conns[i].out.limit, conns[i].out.writing = 1<<20, true
	}
	author := engine.Author{Kind: engine.AuthorOperator, Operator: "ada"}
	body := engine.BodyOf(strings.Repeat("x", 128))
	b.ReportAllocs()
	deliveries := 0
	for b.Loop() {
		e := &engine.Entry{Kind: engine.KindMessageNew, Seq: 1, Author: author, Body: body}
		for _, c := range conns {
			c.Deliver(e)
		}
		for _, c := range conns {
			batch, _ := c.out.next(&s.batches, nil)
			c.out.writing = true
			c.out.pending -= batch.bytes
			s.batches.put(batch)
		}
		deliveries += len(conns)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(deliveries), "ns/delivery")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkFanSockets delivers to 100 real sockets of this process, clients
// included.
func BenchmarkFanSockets(b *testing.B) {
	for _, fast := range []bool{false, true} {
		b.Run(fmt.Sprintf("fast=%v", fast), func(b *testing.B) {
			r := serve(b, Options{FastPath: fast, OutboxBytes: 16 << 20})
			const n = 100
			var got sync.WaitGroup
			for range n {
				r.dial(client.DialVisitor, client.Options{Origin: testOrigin, Raw: func(m []byte) {
					if bytes.HasPrefix(m, []byte(`{"k":"evt"`)) {
						got.Done()
					}
				}})
			}
			text := strings.Repeat("x", 128)
			deliveries := 0
			for b.Loop() {
				got.Add(16 * n)
				for range 16 {
					r.board.say(system, text)
				}
				got.Wait()
				deliveries += 16 * n
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(deliveries), "ns/delivery")
		})
	}
}

// BenchmarkIdleConnections says what 1,000 seated, silent connections hold in
// this process's heap and stacks, their clients' sockets included.
func BenchmarkIdleConnections(b *testing.B) {
	for _, fast := range []bool{false, true} {
		b.Run(fmt.Sprintf("fast=%v", fast), func(b *testing.B) {
			for b.Loop() {
				r := serve(b, Options{FastPath: fast})
				before := inUse()
				const n = 1000
				conns := make([]*rawConn, n)
				for i := range conns {
					conns[i] = r.seated()
				}
				b.ReportMetric(float64(inUse()-before)/n/1024, "KiB/conn")
				for _, c := range conns {
					_ = c.Close()
				}
				eventually(b, "all are gone", func() bool { return r.server.Connections() == 0 })
			}
		})
	}
}

func inUse() int64 {
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
