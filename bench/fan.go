package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/client"
	"golang.org/x/sync/errgroup"
)

// FanOptions says what load Fan makes. The zero value of each field but N means
// its default.
type FanOptions struct {
	N        int           // sockets that listen
	Mode     string        // "saturated" (default): a closed loop; "fixed": an open loop at Rate
	InFlight int           // saturated: messages under way; 0 means 16, 4 or 2 by N
	Rate     float64       // fixed: deliveries per second; 0 means 40,000
	Duration time.Duration // 0 means 10 s
	Warmup   time.Duration // 0 means 2 s
	Size     int           // bytes of a message's text; 0 means 128
	Seed     uint64        // of the texts
}

func (o *FanOptions) ensureDefaults() error {
	if o.N < 1 {
		return errors.New("n: want at least one listening socket")
	}
	switch {
	case o.Mode == "":
		o.Mode = "saturated"
	case o.Mode != "saturated" && o.Mode != "fixed":
		return errors.New("mode: saturated or fixed")
	}
	if o.InFlight == 0 {
		o.InFlight = 2
		if o.N <= 100 {
			o.InFlight = 16
		} else if o.N <= 1000 {
			o.InFlight = 4
		}
	}
	if o.Rate == 0 {
		o.Rate = 40_000
	}
	if o.Duration == 0 {
		o.Duration = 10 * time.Second
	}
	if o.Warmup == 0 {
		o.Warmup = 2 * time.Second
	}
	if o.Size == 0 {
		o.Size = 128
	}
	return nil
}

// lateBy is from when on a scheduled send counts as missed by the generator,
// and lateShare how many of those make the generator the bottleneck.
const (
	lateBy    = 5 * time.Millisecond
	lateShare = 0.05
)

// Fan measures one session with N sockets that all listen, one message to all.
// The listeners are devices of one visitor: the tenant must allow N+1.
func Fan(ctx context.Context, t *Target, o FanOptions) (Row, error) {
	if err := o.ensureDefaults(); err != nil {
		return Row{}, err
	}
	f, err := openFan(ctx, t, o)
	if err != nil {
		return Row{}, err
	}
	defer f.close()
	return f.measure(ctx)
}

// fan is one run.
type fan struct {
	t         *Target
	o         FanOptions
	sid       engine.SessionID
	sender    *client.Client
	listeners []*listener
	body      engine.Body
	baseRSS   float64
	connRSS   float64

	scheduled []atomic.Int64 // by message number modulo: nanoseconds of the clock
	missing   []atomic.Int32 // by message number modulo: deliveries outstanding
	tokens    chan struct{}  // saturated: who has one may send
	measured  atomic.Int64   // number of the first message that counts; latencies before it are warm-up
	delivered atomic.Int64
	epoch     time.Time
}

// window is how many messages may be outstanding at all.
const window = 1 << 14

type listener struct {
	*client.Client
	next      int64 // the number expected next
	lost      int64
	twice     int64
	latencies *hdrhistogram.Histogram
}

func openFan(ctx context.Context, t *Target, o FanOptions) (*fan, error) {
	text := make([]byte, o.Size)
	for i := range text {
		text[i] = "abcdefghijklmnopqrstuvwxyz "[(o.Seed*31+uint64(i)*7)%27]
	}
	f := &fan{
		t: t, o: o, scheduled: make([]atomic.Int64, window), missing: make([]atomic.Int32, window),
		tokens: make(chan struct{}, o.InFlight), epoch: time.Now(), body: engine.NewBody(text),
	}
	f.measured.Store(1 << 62)
	begin := newStarter()
	sender, err := connect(ctx, t, t.Token, begin.saw)
	if err != nil {
		return nil, err
	}
	f.sender = sender
	if f.sid, err = begin.start(ctx, sender); err != nil {
		f.close()
		return nil, err
	}
	if t.PID != 0 {
		f.baseRSS, _ = residentKiB(t.PID)
	}
	if err := f.connectAll(ctx, sender.Welcome.Token); err != nil {
		f.close()
		return nil, err
	}
	if t.PID != 0 {
		f.connRSS, _ = residentKiB(t.PID)
	}
	return f, nil
}

func (f *fan) connectAll(ctx context.Context, token string) error {
	f.listeners = make([]*listener, f.o.N)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	for i := range f.listeners {
		g.Go(func() error {
			l := &listener{latencies: hdrhistogram.New(1, 60_000_000, 2)}
			c, err := connect(ctx, f.t, token, func(frame []byte) { f.heard(l, frame) })
			if err == nil {
				l.Client = c
				f.listeners[i] = l
			}
			return err
		})
	}
	return g.Wait()
}

func (f *fan) close() {
	if f.sender != nil {
		f.sender.Abort()
	}
	for _, l := range f.listeners {
		if l != nil {
			l.Abort()
		}
	}
}

func (f *fan) now() int64 { return int64(time.Since(f.epoch)) }

// measure runs warm-up and load and adds up.
func (f *fan) measure(ctx context.Context) (Row, error) {
	run, err := f.load(ctx)
	f.close() // waits for the reading goroutines, which own the counts until then
	if err != nil {
		return Row{}, err
	}
	return f.row(run), nil
}

// heard counts one socket's deliveries. Called by its reading goroutine.
func (f *fan) heard(l *listener, frame []byte) {
	n := messageNumber(frame)
	switch {
	case n < 0:
		return
	case n < l.next:
		l.twice++
		return
	}
	l.lost += n - l.next
	l.next = n + 1
	f.delivered.Add(1)
	if n >= f.measured.Load() {
		_ = l.latencies.RecordValue(max(1, (f.now()-f.scheduled[n%window].Load())/1000))
	}
	if f.missing[n%window].Add(-1) == 0 && f.o.Mode == "saturated" {
		f.tokens <- struct{}{}
	}
}

// spell is what the load loop measured.
type spell struct {
	elapsed   time.Duration
	messages  int64
	delivered int64
	cpu       time.Duration
	late      int64
	own       time.Duration // the generator's CPU time
}

// load sends until the duration is over, then waits for what is outstanding.
func (f *fan) load(ctx context.Context) (spell, error) {
	for range f.o.InFlight {
		f.tokens <- struct{}{}
	}
	var s spell
	var startCPU, startOwn time.Duration
	var started, startDelivered, startNumber int64
	interval := int64(float64(f.o.N) / f.o.Rate * 1e9)
	warmEnd := f.now() + int64(f.o.Warmup)
	end := warmEnd + int64(f.o.Duration)
	due := f.now()
	number := int64(0)
	for {
		now := f.now()
		if started == 0 && now >= warmEnd {
			started, startNumber, startDelivered = now, number, f.delivered.Load()
			startCPU, startOwn = f.serverCPU(), ownCPU()
			f.measured.Store(number)
		}
		if now >= end {
			break
		}
		if err := f.pace(ctx, due); err != nil {
			return s, err
		}
		at := f.now()
		if f.o.Mode == "fixed" {
			if started != 0 && at-due > int64(lateBy) {
				s.late++
			}
			at = due
			due += interval
		}
		if err := f.post(number, at); err != nil {
			return s, err
		}
		number++
	}
	s.elapsed, s.messages = time.Duration(f.now()-started), number-startNumber
	s.delivered = f.delivered.Load() - startDelivered
	s.cpu, s.own = f.serverCPU()-startCPU, ownCPU()-startOwn
	return s, f.settle(ctx, number)
}

// pace waits until the next message may go.
func (f *fan) pace(ctx context.Context, due int64) error {
	if f.o.Mode == "saturated" {
		select {
		case <-f.tokens:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(30 * time.Second):
			return errors.New("nothing was delivered for 30 s")
		}
	}
	if wait := due - f.now(); wait > 0 {
		time.Sleep(time.Duration(wait))
	}
	return ctx.Err()
}

func (f *fan) post(number, at int64) error {
	if f.missing[number%window].Load() > 0 {
		return fmt.Errorf("more than %d messages are outstanding: the server does not keep up", window)
	}
	f.scheduled[number%window].Store(at)
	f.missing[number%window].Store(int32(f.o.N))
	name := strconv.FormatInt(number, 10)
	return f.sender.Post(engine.Draft{Op: engine.OpMessage, Request: name, ClientID: "m" + name, Session: f.sid, Body: f.body})
}

// settle waits for what is outstanding; what does not come within 10 s is lost.
func (f *fan) settle(ctx context.Context, sent int64) error {
	deadline := time.Now().Add(10 * time.Second)
	for f.delivered.Load() < sent*int64(f.o.N) && time.Now().Before(deadline) {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

func (f *fan) serverCPU() time.Duration {
	if f.t.PID == 0 {
		return 0
	}
	cpu, _ := cpuTime(f.t.PID)
	return cpu
}

func (f *fan) row(s spell) Row {
	seconds := s.elapsed.Seconds()
	r := Row{
		Scenario: "fan", Server: "parley", N: f.o.N, Mode: f.o.Mode, Repetitions: 1,
		DeliveriesPerSecond: float64(s.delivered) / seconds, MessagesPerSecond: float64(s.messages) / seconds,
		GeneratorLimited: s.own.Seconds() > 0.97*seconds || float64(s.late) > lateShare*float64(s.messages),
	}
	if f.t.PID != 0 && s.delivered > 0 {
		r.ServerCPUPerDelivery = float64(s.cpu.Microseconds()) / float64(s.delivered)
		r.ServerCPUPerMessage = float64(s.cpu.Microseconds()) / float64(max(s.messages, 1))
		r.RSSPerConnection = (f.connRSS - f.baseRSS) / float64(f.o.N)
	}
	all := newHistogram()
	for _, l := range f.listeners {
		all.Merge(l.latencies)
		r.Lost += l.lost
		r.Duplicated += l.twice
	}
	for i := range f.missing { // what was never seen by the last who should have
		r.Lost += int64(max(0, f.missing[i].Load()))
	}
	r.latencies(all)
	return r
}
