package actors

import (
	"log/slog"
	"slices"
	"sync"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/parleyhq/parley/engine"
)

// batchLimit is how many drafts one turn handles before it lets other actors run.
const batchLimit = 256

// cell is an actor's place in the system: a bounded inbox, which outlives the
// actor, and the process that empties it while there is one. It stands in front
// of Proto.Actor's mailbox, which then never holds more than a wake or two:
// callers get an error instead of an unbounded queue, a stop loses nothing, and
// a turn handles a batch (docs/decisions/0001).
type cell struct {
	// Fixed after construction.
	rt    *runtime
	name  string // for logs: kind and id
	limit int    // of the data lane
	birth func() owner
	live  *liveCount

	pulse

	// Guarded by mu.
	mu      sync.Mutex
	control []any // never refused; bounded by construction: see messages.go
	data    []any
	spare   []any // an emptied data lane, to be filled again
	woken   bool  // a wake is on its way, or a turn will look again
	closed  bool
	pid     *actor.PID // nil: nobody runs; the next wake spawns
}

// owner is the actor proper: what a cell's process runs. One goroutine at a time.
type owner interface {
	// turn empties what it can of the cell's inbox.
	turn() verdict
	// fail is called once after turn panicked, and the owner is not used again.
	fail(cause any)
}

// verdict is what an owner wants after a turn.
type verdict uint8

const (
	wait   verdict = iota // until something is posted
	again                 // another turn, after others had theirs
	retire                // end the process; the next post starts a new one
	end                   // end the process and the cell: posts answer ErrClosed
)

// post adds to the data lane and wakes the actor. Any goroutine.
func (c *cell) post(item any) *engine.Error {
	c.mu.Lock()
	switch {
	case c.closed:
		c.mu.Unlock()
		return engine.ErrClosed
	case len(c.data) >= c.limit:
		c.mu.Unlock()
		c.rt.metrics.refused.Inc()
		return engine.ErrBusy
	}
	c.data = append(c.data, item)
	c.unlockAndWake()
	return nil
}

// tell adds to the control lane and wakes the actor; false if the cell has
// ended. Any goroutine.
func (c *cell) tell(item any) bool {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return false
	}
	c.control = append(c.control, item)
	c.unlockAndWake()
	return true
}

func (c *cell) unlockAndWake() {
	sleeping := !c.woken
	c.woken = true
	c.mu.Unlock()
	if sleeping {
		c.wake()
	}
}

// wake sends the process its wake, starting one if there is none. Who comes late
// finds what it posted taken, and perhaps the cell ended: a process that began then
// would claim the log of a session that may live elsewhere, and wait for ever.
func (c *cell) wake() {
	c.mu.Lock()
	if !c.woken {
		c.mu.Unlock()
		return
	}
	if c.pid == nil {
		c.live.add(1)
		c.pid = c.rt.spawn()
	}
	pid := c.pid
	c.mu.Unlock()
	c.rt.root.Send(pid, c)
}

// take swaps out the control lane and up to room drafts. Called by the owner.
func (c *cell) take(room int) (control, data []any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.woken = false
	control, c.control = c.control, nil
	n := min(room, batchLimit, len(c.data))
	if n == len(c.data) {
		data, c.data, c.spare = c.data, c.spare, nil
		return control, data
	}
	data = append(c.spare, c.data[:n]...)
	c.spare = nil
	left := copy(c.data, c.data[n:])
	clear(c.data[left:])
	c.data = c.data[:left]
	return control, data
}

// recycle gives back what take answered as data, once it has been handled. A
// lane that was mostly empty goes to the collector instead: an idle actor holds
// next to nothing.
func (c *cell) recycle(data []any) {
	if cap(data) > 64 && len(data) < cap(data)/8 {
		return
	}
	clear(data)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.spare == nil {
		c.spare = data[:0]
	}
}

// putBack returns what a panicking turn took and did not get to, to the front,
// so that the order of a sender's drafts stays.
func (c *cell) putBack(control, data []any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Copied, because the lane that data is part of may be spare already.
	c.control = slices.Concat(control, c.control)
	c.data = slices.Concat(data, c.data)
}

// depth is how many drafts wait.
func (c *cell) depth() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.data)
}

// leave gives the process up if nothing waits; final also closes the cell.
func (c *cell) leave(final bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.woken || len(c.control)+len(c.data) > 0 {
		return false
	}
	c.pid = nil
	c.closed = c.closed || final
	return true
}

// closeIfDormant ends a cell that nobody runs and that has nothing waiting.
func (c *cell) closeIfDormant() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pid != nil || c.woken || len(c.control)+len(c.data) > 0 {
		return false
	}
	c.closed = true
	return true
}

// abandon gives the process up after a panic; what waits wakes the next one.
func (c *cell) abandon() {
	c.mu.Lock()
	c.pid = nil
	c.woken = c.woken || len(c.control)+len(c.data) > 0
	woken := c.woken
	c.mu.Unlock()
	if woken {
		c.wake()
	}
}

// LogValue keeps what waits in the inbox out of logs: a cell is what Proto.Actor
// carries as a message, and it logs undelivered messages whole.
func (c *cell) LogValue() slog.Value { return slog.StringValue(c.name) }

// String is the cell's name.
func (c *cell) String() string { return c.name }

// process is the Proto.Actor actor: it runs a cell's owner. It learns its cell
// from its first wake, so that one producer serves all and has no effects.
type process struct {
	owner owner
	dead  bool
}

// Receive runs a turn. Only wakes matter; Proto.Actor's own lifecycle messages do not.
func (p *process) Receive(ctx actor.Context) {
	c, ok := ctx.Message().(*cell)
	if !ok || p.dead {
		return
	}
	defer func() {
		if cause := recover(); cause != nil {
			c.rt.panicked(c, cause)
			p.bury(c, cause)
			p.die(ctx, c)
		}
	}()
	if p.owner == nil {
		p.owner = c.birth()
	}
	p.next(ctx, c)
}

func (p *process) next(ctx actor.Context, c *cell) {
	switch v := p.owner.turn(); v {
	case again:
		ctx.Send(ctx.Self(), c)
	case retire, end:
		if !c.leave(v == end) {
			ctx.Send(ctx.Self(), c)
			return
		}
		p.die(ctx, c)
	default:
	}
}

func (p *process) die(ctx actor.Context, c *cell) {
	p.dead = true
	ctx.Stop(ctx.Self())
	c.live.add(-1)
}

// bury lets the owner give back what it held; a second panic there is only counted.
func (p *process) bury(c *cell, cause any) {
	defer c.abandon()
	defer func() {
		if second := recover(); second != nil {
			c.rt.panicked(c, second)
		}
	}()
	if p.owner != nil {
		p.owner.fail(cause)
	}
}
