package actors

import (
	"sync"
	"time"

	"github.com/parleyhq/parley/engine"
)

// hours counts what became of departments' lines in the last hour, minute by minute,
// as entries become durable. It is not kept over a restart: engine.Hour.Since says
// from when on it counts.
type hours struct {
	// Guarded by mu.
	mu  sync.Mutex
	all map[engine.DepartmentID]*hour
}

// hour is a ring of sixty minutes and the one that runs.
type hour [61]minuteCount

type minuteCount struct {
	minute                     int64 // Unix minutes; another one's counts are over
	served, abandoned, replies int
	replied                    time.Duration // sum
}

// entry counts a durable entry of a department's session; s is the session's watch
// from before the entry.
func (h *hours) entry(id engine.DepartmentID, s stopwatch, e *engine.Entry) {
	switch {
	case e.Kind == engine.KindSessionAssigned && !s.waiting.IsZero():
		h.at(id, e.At, func(m *minuteCount) { m.served++ })
	case e.Kind == engine.KindSessionClosing && !s.waiting.IsZero():
		h.at(id, e.At, func(m *minuteCount) { m.abandoned++ })
	case s.isReply(e):
		h.at(id, e.At, func(m *minuteCount) { m.replies++; m.replied += e.At.Sub(s.owed) })
	}
}

func (h *hours) at(id engine.DepartmentID, at time.Time, count func(*minuteCount)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all == nil {
		h.all = map[engine.DepartmentID]*hour{}
	}
	ring := h.all[id]
	if ring == nil {
		ring = &hour{}
		h.all[id] = ring
	}
	minute := at.Unix() / 60
	m := &ring[minute%int64(len(ring))]
	if m.minute != minute {
		*m = minuteCount{minute: minute}
	}
	count(m)
}

// of sums up the hour before now, of a system that began at started.
func (h *hours) of(id engine.DepartmentID, now, started time.Time) (sum engine.Hour) {
	if now.Sub(started) < time.Hour {
		sum.Since = started.UTC().Truncate(time.Millisecond)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	ring := h.all[id]
	if ring == nil {
		return sum
	}
	last := now.Unix() / 60
	var replied time.Duration
	for i := range ring {
		if m := &ring[i]; m.minute > last-60 && m.minute <= last {
			sum.Served, sum.Abandoned, sum.Replies = sum.Served+m.served, sum.Abandoned+m.abandoned, sum.Replies+m.replies
			replied += m.replied
		}
	}
	if sum.Replies > 0 {
		sum.FirstReply = (replied / time.Duration(sum.Replies)).Round(time.Millisecond)
	}
	return sum
}
