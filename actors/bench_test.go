package actors

import (
	"context"
	"fmt"
	"log/slog"
	runtime_ "runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/parleyhq/parley/engine"
)

// BenchmarkInbox posts to an actor through its cell, and beside it through
// Proto.Actor's own mailboxes: the figures of docs/decisions/0001.
func BenchmarkInbox(b *testing.B) {
	for _, senders := range []int{1, 2} {
		b.Run(fmt.Sprintf("cell/senders=%d", senders), func(b *testing.B) { benchCell(b, senders) })
		b.Run(fmt.Sprintf("mailbox/senders=%d", senders), func(b *testing.B) {
			benchMailbox(b, senders, actor.Unbounded())
		})
		b.Run(fmt.Sprintf("bounded-mailbox/senders=%d", senders), func(b *testing.B) {
			benchMailbox(b, senders, actor.Bounded(1024))
		})
	}
}

type counting struct {
	c    *cell
	seen *atomic.Int64
}

func (o counting) turn() verdict {
	_, data := o.c.take(batchLimit)
	o.seen.Add(int64(len(data)))
	o.c.recycle(data)
	if o.c.depth() > 0 {
		return again
	}
	return wait
}

func (counting) fail(any) {}

func benchCell(b *testing.B, senders int) {
	m, _ := newMetrics(nil, nil)
	rt := newRuntime(slog.New(slog.DiscardHandler), m)
	defer rt.system.Shutdown()
	var live liveCount
	var seen atomic.Int64
	c := &cell{rt: rt, name: "bench", limit: 1024, live: &live}
	c.birth = func() owner { return counting{c, &seen} }
	item := any(&seen)
	send(b, senders, func() {
		for c.post(item) != nil {
			runtime_.Gosched()
		}
	}, &seen)
}

func benchMailbox(b *testing.B, senders int, mailbox actor.MailboxProducer) {
	m, _ := newMetrics(nil, nil)
	rt := newRuntime(slog.New(slog.DiscardHandler), m)
	defer rt.system.Shutdown()
	var seen atomic.Int64
	pid := rt.root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		if _, ok := ctx.Message().(*atomic.Int64); ok {
			seen.Add(1)
		}
	}, actor.WithMailbox(mailbox)))
	send(b, senders, func() { rt.root.Send(pid, &seen) }, &seen)
}

func send(b *testing.B, senders int, post func(), seen *atomic.Int64) {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for s := range senders {
		n := b.N / senders
		if s == 0 {
			n += b.N % senders
		}
		wg.Go(func() {
			for range n {
				post()
			}
		})
	}
	wg.Wait()
	for seen.Load() < int64(b.N) {
		runtime_.Gosched()
	}
}

// countingOutlet counts deliveries.
type countingOutlet struct{ n *atomic.Int64 }

func (o countingOutlet) Deliver(*engine.Entry) bool { o.n.Add(1); return true }
func (countingOutlet) Notify(engine.Signal) bool    { return true }
func (countingOutlet) Close(engine.Reason)          {}
func (countingOutlet) Answer(engine.Answer) bool    { return true }

// BenchmarkFan posts a message to a session with N outlets, transcripts off, and
// waits until all have it: ns per delivery.
func BenchmarkFan(b *testing.B) {
	for _, n := range []int{2, 100, 1000} {
		b.Run(fmt.Sprintf("outlets=%d", n), func(b *testing.B) { benchFan(b, n) })
	}
}

func benchFan(b *testing.B, n int) {
	tenant := demoTenant()
	tenant.Transcripts, tenant.Limits.VisitorDevices = false, n+1
	tenants, err := engine.NewTenants(tenant)
	if err != nil {
		b.Fatal(err)
	}
	sys, err := Start(Config{Store: newFakeStore(), Tenants: tenants})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = sys.Stop(context.Background()) }()
	var got atomic.Int64
	sender := &waitingOutlet{answers: make(chan engine.Answer, 64)}
	seat, err := sys.Visit(context.Background(), engine.Visit{Request: "hi", Tenant: tenant}, sender)
	if err != nil {
		b.Fatal(err)
	}
	token := (<-sender.answers).Welcome.Token
	for range n - 1 {
		if _, err := sys.Visit(context.Background(), engine.Visit{Tenant: tenant, Token: token}, countingOutlet{&got}); err != nil {
			b.Fatal(err)
		}
	}
	_ = seat.Post(engine.Draft{Op: engine.OpStart, Request: "start", ClientID: "start"})
	id := (<-sender.answers).Session
	base := got.Load()
	body := engine.BodyOf("a message of some thirty bytes")
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		for seat.Post(engine.Draft{Op: engine.OpMessage, Request: "m", ClientID: fmt.Sprint(i), Session: id, Body: body}) != nil {
			runtime_.Gosched()
		}
		<-sender.answers
	}
	for got.Load() < base+int64(i*(n-1)) {
		runtime_.Gosched()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/delivery")
}

type waitingOutlet struct{ answers chan engine.Answer }

func (*waitingOutlet) Deliver(*engine.Entry) bool { return true }
func (*waitingOutlet) Notify(engine.Signal) bool  { return true }
func (*waitingOutlet) Close(engine.Reason)        {}
func (o *waitingOutlet) Answer(a engine.Answer) bool {
	o.answers <- a
	return true
}
