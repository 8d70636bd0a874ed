package actors

import (
	"sync"
	"time"
)

// sweeper tells session actors that time has passed: those whose deadline has
// come, and those that have long been idle. It decides nothing: the actor
// compares its own deadlines with the clock. One flat slice serves: a scan of a
// million stamps takes about a millisecond, where a timer per session costs
// memory and a slower collection.
type sweeper struct {
	mu      sync.Mutex
	handles []*handle // each knows its slot
}

func (w *sweeper) add(h *handle) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h.slot = len(w.handles)
	w.handles = append(w.handles, h)
}

func (w *sweeper) remove(h *handle) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if h.slot >= len(w.handles) || w.handles[h.slot] != h {
		return
	}
	last := w.handles[len(w.handles)-1]
	w.handles[h.slot], last.slot = last, h.slot
	w.handles[len(w.handles)-1] = nil
	w.handles = w.handles[:len(w.handles)-1]
}

func (w *sweeper) size() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.handles)
}

// all copies the handles.
func (w *sweeper) all() []*handle {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*handle(nil), w.handles...)
}

// due lists the handles that a tick concerns at now.
func (w *sweeper) due(now time.Time, idleAfter time.Duration) []*handle {
	w.mu.Lock()
	defer w.mu.Unlock()
	var due []*handle
	stamp, idle := now.UnixNano(), now.Add(-idleAfter).UnixNano()
	for _, h := range w.handles {
		if h.isDue(stamp) || h.running.Load() && h.used.Load() < idle {
			due = append(due, h)
		}
	}
	return due
}

// sweepLoop runs until stop closes. Started by Start, ended by Stop, which waits.
func (s *System) sweepLoop(stop <-chan struct{}) {
	ticker := time.NewTicker(s.cfg.SweepEvery)
	defer ticker.Stop()
	keys := s.cfg.Clock().Add(forgetEvery)
	audits := s.cfg.Clock().Add(s.cfg.AuditEvery)
	measures := s.cfg.Clock()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			now := s.cfg.Clock()
			s.sweepOnce(now)
			if !now.Before(keys) {
				s.forgetKeys(now)
				keys = now.Add(forgetEvery)
			}
			if s.cfg.AuditEvery > 0 && !now.Before(audits) {
				s.audit()
				audits = now.Add(s.cfg.AuditEvery)
			}
			if s.cfg.Registerer != nil && !now.Before(measures) {
				s.measure()
				measures = now.Add(measureEvery)
			}
		}
	}
}

// forgetEvery is how often idempotency keys past their time are let go.
const forgetEvery = time.Hour

func (s *System) forgetKeys(now time.Time) {
	s.cfg.Store.ForgetKeys(now)
	s.memory.ForgetKeys(now)
	for _, t := range s.tenancies() {
		t.forgetBans(now)
	}
}

func (s *System) sweepOnce(now time.Time) {
	for _, h := range s.sweep.due(now, s.cfg.IdleAfter) {
		h.tickOnce()
	}
	s.locker.sweep(now)
	for _, t := range s.tenancies() {
		t.router.tickIfDue(now)
		t.tickOperators(now)
		t.tellStatuses(now)
		t.showBoards(now)
	}
}
