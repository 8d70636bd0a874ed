package actors

import (
	"sync/atomic"
	"time"
)

// pulse is when a cell's actor is next to be told that time has passed. Its actor
// sets the deadline, the sweeper looks at it.
type pulse struct {
	// Atomic.
	deadline atomic.Int64 // Unix nanoseconds of the next due tick; 0: none
	ticking  atomic.Bool  // a tick waits in the inbox
}

func (p *pulse) setDeadline(at time.Time) {
	if at.IsZero() {
		p.deadline.Store(0)
		return
	}
	p.deadline.Store(at.UnixNano())
}

// isDue reports whether the deadline has come; stamp is now in Unix nanoseconds.
func (p *pulse) isDue(stamp int64) bool {
	at := p.deadline.Load()
	return at != 0 && at <= stamp
}

// tickOnce posts a tick unless one waits already.
func (c *cell) tickOnce() {
	if !c.ticking.Swap(true) && !c.tell(tick{}) {
		c.ticking.Store(false)
	}
}

func (c *cell) tickIfDue(now time.Time) {
	if c.isDue(now.UnixNano()) {
		c.tickOnce()
	}
}
