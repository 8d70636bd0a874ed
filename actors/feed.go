package actors

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/parleyhq/parley/engine"
)

// feed delivers to Config.Events. Each session with something to deliver has a lane;
// one goroutine at a time works on it, and at most Events.Parallel at once. Owned by
// the System, which ends it; its errors become pauses and counters.
type feed struct {
	// Fixed after construction.
	sys    *System
	events Events
	ctx    context.Context //nolint:containedctx // ends with stop; Deliver gets its children
	cancel context.CancelFunc
	work   sync.WaitGroup

	// Guarded by mu.
	mu      sync.Mutex
	lanes   map[engine.SessionRef]*lane
	ready   []*lane // wait for a worker
	working int
	stopped bool
}

// lane is one session's undelivered entries: those above taken, up to through.
type lane struct {
	// Fixed after construction.
	ref engine.SessionRef
	log engine.Log

	// Guarded by feed.mu.
	taken, through engine.Seq
	asks           bool            // Events.From is to be asked first
	further        bool            // the log may go on after through
	backlog        []*engine.Entry // contiguous, the first ones above taken; the rest is in the log
	busy           bool            // is ready, being worked on, or pauses after a failure
	failures       int
	timer          *time.Timer // of the pause, or of the rest before the lane ends
}

// room is how many entries wait in memory: more where the log keeps no more.
func (l *lane) room() int {
	if l.isMemory() {
		return memoryEntries
	}
	return EventBacklog
}

// isMemory reports whether nothing of the session is to be kept.
func (l *lane) isMemory() bool {
	_, ok := l.log.(*Memory)
	return ok
}

func newFeed(s *System, events Events) *feed {
	events.ensureDefaults()
	f := &feed{sys: s, events: events, lanes: map[engine.SessionRef]*lane{}}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

// resume opens the lane of a session from before the start.
func (f *feed) resume(ref engine.SessionRef, log engine.Log) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := &lane{ref: ref, log: log, asks: true, further: true}
	f.lanes[ref] = l
	f.push(l)
}

// more says that a session's entries up to through are durable, the last of which is
// e; nil: it is to be read. It never blocks.
func (f *feed) more(h *handle, through engine.Seq, e *engine.Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.lanes[h.ref]
	if l == nil {
		l = &lane{ref: h.ref, log: h.log, taken: h.fed, through: h.fed}
		f.lanes[h.ref] = l
	}
	next := l.taken + engine.Seq(len(l.backlog)) + 1
	if e != nil && !l.asks && e.Seq == next && len(l.backlog) < l.room() {
		l.backlog = append(l.backlog, e)
	}
	l.through = max(l.through, through)
	if !l.busy {
		if l.timer != nil {
			l.timer.Stop()
		}
		f.push(l)
	}
}

// push gives a lane to a worker, a new one if there may be one. Call with mu held.
func (f *feed) push(l *lane) {
	l.busy = true
	if f.stopped {
		return
	}
	f.ready = append(f.ready, l)
	if f.working < f.events.Parallel {
		f.working++
		f.work.Go(f.worker)
	}
}

// worker works until no lane is ready.
func (f *feed) worker() {
	for {
		f.mu.Lock()
		if len(f.ready) == 0 || f.stopped {
			f.working--
			f.mu.Unlock()
			return
		}
		l := f.ready[0]
		f.ready[0] = nil
		f.ready = f.ready[1:]
		f.mu.Unlock()
		f.settle(l, f.deliver(l))
	}
}

// deliver delivers a lane's next entries, and answers what stopped it.
func (f *feed) deliver(l *lane) error {
	entries, err := f.next(l)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := f.tell(l, e); err != nil {
			return err
		}
		f.mu.Lock()
		l.taken, l.failures = e.Seq, 0
		if len(l.backlog) > 0 && l.backlog[0].Seq <= e.Seq {
			l.backlog = l.backlog[1:]
		}
		f.mu.Unlock()
	}
	return nil
}

// next is what is to be delivered now: from memory, or from the log.
func (f *feed) next(l *lane) ([]*engine.Entry, error) {
	f.mu.Lock()
	asks, taken, backlog := l.asks, l.taken, l.backlog
	f.mu.Unlock()
	if len(backlog) > 0 {
		return backlog, nil
	}
	if asks {
		if f.events.From != nil {
			from, err := f.events.From(l.ref)
			if err != nil {
				return nil, fmt.Errorf("where the host is: %w", err)
			}
			taken = from
		}
		f.mu.Lock()
		l.taken, l.asks = taken, false
		l.through = max(l.through, taken)
		f.mu.Unlock()
	}
	return f.read(l, taken)
}

// read reads on in the log.
func (f *feed) read(l *lane, after engine.Seq) ([]*engine.Entry, error) {
	type answer struct {
		entries []*engine.Entry
		err     error
	}
	done := make(chan answer, 1)
	l.log.ReadFrom(l.ref, after, EventBacklog, func(entries []*engine.Entry, err error) { done <- answer{entries, err} })
	var got answer
	select {
	case got = <-done:
	case <-f.ctx.Done():
		return nil, f.ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if got.err != nil && !engine.ErrUnknown.Is(got.err) {
		return nil, got.err
	}
	l.further = l.further && len(got.entries) > 0
	next := max(l.through, after) + 1
	if len(got.entries) > 0 {
		next = got.entries[0].Seq
	} else { // it is gone, and with it what was not taken
		l.taken = next - 1
	}
	if lost := next - 1 - after; lost > 0 {
		f.sys.rt.metrics.eventsLost.Add(float64(lost))
	}
	return got.entries, nil
}

// tell delivers one entry.
func (f *feed) tell(l *lane, e *engine.Entry) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the host's Deliver panicked: %T", cause)
		}
	}()
	ctx, cancel := context.WithTimeout(f.ctx, f.events.Timeout)
	defer cancel()
	if l.isMemory() { // I15: what people wrote stays here
		e = e.Unrecorded()
	}
	return f.events.Deliver(ctx, newEvent(l.ref, e))
}

// settle decides how a lane goes on.
func (f *feed) settle(l *lane, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	result := "taken"
	switch {
	case f.stopped:
	case err != nil:
		result = "failed"
		pause := min(eventPause<<min(l.failures, 10), eventPauseMost)
		l.failures++
		l.timer = time.AfterFunc(pause, func() { f.again(l) })
	case l.taken < l.through || l.further:
		f.ready = append(f.ready, l) // behind the others
	default:
		l.busy = false
		l.timer = time.AfterFunc(eventRest, func() { f.end(l) })
	}
	f.sys.rt.metrics.events.WithLabelValues(result).Inc()
}

// again ends a lane's pause.
func (f *feed) again(l *lane) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.push(l)
}

// end ends a lane that has rested. The mark in the store goes only now, so that it does
// not come and go with each message.
func (f *feed) end(l *lane) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !l.busy && f.lanes[l.ref] == l {
		f.told(l)
	}
}

// told ends a lane of which everything was taken. Call with mu held.
func (f *feed) told(l *lane) {
	delete(f.lanes, l.ref)
	if store, ok := l.log.(eventStore); ok && l.taken > 0 {
		store.Told(l.ref, l.taken, func(error) {}) // if the mark stays, the session is told again after a restart
	}
}

// stop ends the feed: what was not taken is marked in the store. It waits for the
// calls under way, whose contexts end.
func (f *feed) stop(ctx context.Context) error {
	f.mu.Lock()
	f.stopped = true
	for _, l := range f.lanes {
		if l.timer != nil {
			l.timer.Stop()
		}
	}
	f.mu.Unlock()
	f.cancel()
	done := make(chan struct{})
	go func() { f.work.Wait(); close(done) }() // ends when Deliver lets go
	select {
	case <-done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.lanes {
		if !l.busy {
			f.told(l)
		}
	}
	return nil
}

// pending is how many sessions have something that the host has not taken.
func (f *feed) pending() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, l := range f.lanes {
		if l.busy {
			n++
		}
	}
	return n
}
