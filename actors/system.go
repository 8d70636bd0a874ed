package actors

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/parleyhq/parley/engine"
)

// System is a running engine: an engine.Switchboard for sockets, and the verbs
// of REST and embedding hosts. Several may run in one process. All methods are
// safe from any goroutine.
type System struct {
	// Fixed after Start.
	cfg    Config
	rt     *runtime
	memory *Memory
	sweep  sweeper
	locker locker
	alarm  *alarm
	feed   *feed         // nil: nobody wants events
	stop   chan struct{} // closes to end the sweeper
	swept  sync.WaitGroup

	// Atomic.
	stopping atomic.Bool
	draining atomic.Bool                                  // connections that go are being sent away
	tenants  atomic.Pointer[map[engine.TenantID]*tenancy] // the map never changes: see tenants.go
	recalls  liveCount                                    // questions to the store under way

	// Guarded by applying, which is held while configurations are taken over.
	applying sync.Mutex
	leaving  map[engine.TenantID]*tenancy // were served and may not have ended yet
	known    map[engine.TenantID]bool     // were served since the start
}

// Start builds a system and lets it take up the open sessions that the store
// holds. The caller ends it with Stop, before it closes the store.
func Start(cfg Config) (*System, error) {
	if err := cfg.ensureDefaults(); err != nil {
		return nil, err
	}
	s := &System{cfg: cfg, memory: NewMemory(), stop: make(chan struct{}), leaving: map[engine.TenantID]*tenancy{}, known: map[engine.TenantID]bool{}}
	s.alarm = newAlarm(s)
	s.memory.fileLimit = cfg.MemoryFileBytes
	m, err := newMetrics(cfg.Registerer, s)
	if err != nil {
		return nil, fmt.Errorf("actors: %w", err)
	}
	s.rt = newRuntime(cfg.Logger, m)
	tenants := map[engine.TenantID]*tenancy{}
	for _, t := range cfg.Tenants.All() {
		tenants[t.ID] = newTenancy(s, t)
	}
	s.tenants.Store(&tenants)
	if cfg.Events != nil {
		s.feed = newFeed(s, *cfg.Events)
	}
	if err = s.takeUp(tenants); err != nil {
		if s.feed != nil {
			_ = s.feed.stop(context.Background())
		}
		s.rt.system.Shutdown()
		return nil, fmt.Errorf("actors: take up open sessions: %w", err)
	}
	s.forgetKeys(cfg.Clock()) // before a session can end: those that are open keep theirs
	s.swept.Go(func() { s.sweepLoop(s.stop) })
	return s, nil
}

// reportAll asks every session of a tenant to report again, for a router that
// lost its memory. expected are those that it knew as open: whoever carries them.
func (s *System) reportAll(t *tenancy, asked uint64, expected map[engine.SessionID]struct{}) {
	for _, h := range t.handles() {
		h.tell(reportAgain{asked})
	}
	for id := range expected {
		if t.known(id) == nil {
			t.tellSession(id, reportAgain{asked})
		}
	}
	for _, o := range t.allOperators() {
		o.tell(reportAgain{})
	}
}

// Err says why the system cannot serve: the store's first failure, or that it is
// stopping; nil while it serves.
func (s *System) Err() error {
	if s.stopping.Load() {
		return errors.New("stopping")
	}
	return s.cfg.Store.Err()
}

// Drain says that a stop is near: operators get no new chats, and whose connections go
// from here on has not left: no grace of operators or visitors runs for that, however
// long the drain takes. To be called before the connections are drained. It may be
// called again.
func (s *System) Drain() {
	s.draining.Store(true)
	for _, t := range s.tenancies() {
		for _, o := range t.allOperators() {
			if o.connections.Load() > 0 || o.deadline.Load() != 0 {
				o.tell(drain{})
			}
		}
	}
}

// Stop ends the system: no draft is taken any more, what was taken is made
// durable and answered, then actors end. The connections should be drained
// first (transport.Server). It returns ctx's error if that takes too long; the
// store may be closed then too, at the price of unanswered drafts.
func (s *System) Stop(ctx context.Context) error {
	if s.stopping.Swap(true) {
		return nil
	}
	s.applying.Lock() // a change of configuration that goes on ends first
	defer s.applying.Unlock()
	close(s.stop)
	s.swept.Wait()
	err := s.recalls.wait(ctx)
	if err == nil {
		err = s.stopSessions(ctx)
	}
	if s.feed != nil {
		if stopped := s.feed.stop(ctx); err == nil {
			err = stopped
		}
	}
	for _, t := range s.everybody() {
		t.endOthers()
	}
	for _, t := range s.everybody() {
		if err == nil {
			err = t.liveOthers.wait(ctx)
		}
	}
	s.rt.system.Shutdown()
	return err
}

// stopSessions ends the sessions' actors. A session that ends may still be told
// something by a router or an operator, which starts another life: look again
// until none is left.
func (s *System) stopSessions(ctx context.Context) error {
	for {
		left := false
		for _, h := range s.sweep.all() {
			if !h.closeIfDormant() {
				left = h.tell(quit{}) || left
			}
		}
		for _, t := range s.everybody() {
			if err := t.liveSessions.wait(ctx); err != nil {
				return err
			}
		}
		if !left {
			return nil
		}
	}
}

// everybody are all tenancies of which something may run. Call with applying held.
func (s *System) everybody() (all []*tenancy) {
	for _, t := range s.tenancies() {
		all = append(all, t)
	}
	for _, t := range s.leaving {
		all = append(all, t)
	}
	return all
}

func (s *System) openSessions() int {
	n := 0
	for _, t := range s.tenancies() {
		t.mu.RLock()
		for _, v := range t.visitors {
			if v.open != nil {
				n++
			}
		}
		t.mu.RUnlock()
	}
	return n
}
