package actors

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/engine/session"
)

// System is a running engine: an engine.Switchboard for sockets, and the verbs
// of REST and embedding hosts. Several may run in one process. All methods are
// safe from any goroutine.
type System struct {
	// Fixed after Start.
	cfg     Config
	rt      *runtime
	memory  *Memory
	started time.Time
	tenants map[engine.TenantID]*tenancy
	sweep   sweeper
	locker  locker
	alarm   *alarm
	feed    *feed         // nil: nobody wants events
	stop    chan struct{} // closes to end the sweeper
	swept   sync.WaitGroup

	// Atomic.
	stopping     atomic.Bool
	liveSessions liveCount
	liveOthers   liveCount
	recalls      liveCount // questions to the store under way
}

// Start builds a system and lets it take up the open sessions that the store
// holds. The caller ends it with Stop, before it closes the store.
func Start(cfg Config) (*System, error) {
	if err := cfg.ensureDefaults(); err != nil {
		return nil, err
	}
	s := &System{cfg: cfg, memory: NewMemory(), started: cfg.Clock(), tenants: map[engine.TenantID]*tenancy{}, stop: make(chan struct{})}
	s.alarm = newAlarm(s)
	s.memory.fileLimit = cfg.MemoryFileBytes
	m, err := newMetrics(cfg.Registerer, s)
	if err != nil {
		return nil, fmt.Errorf("actors: %w", err)
	}
	s.rt = newRuntime(cfg.Logger, m)
	for _, t := range cfg.Tenants.All() {
		s.tenants[t.ID] = newTenancy(s, t)
	}
	if cfg.Events != nil {
		s.feed = newFeed(s, *cfg.Events)
	}
	err = s.recoverEvents() // before a session can go on
	if err == nil {
		err = s.recover()
	}
	if err != nil {
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

// recover rebuilds ledgers from the rows of open sessions: routers hear what
// each session is, operators what they own or take part in. A session's actor starts
// when its deadline comes, when somebody asks for it, or at its owner's word; at once
// where an offer was live: it did not survive.
func (s *System) recover() error {
	for _, t := range s.tenants {
		err := s.cfg.Store.Intents(t.id, func(id engine.OperatorID, info engine.IntentInfo) bool {
			o := t.operator(id)
			o.state.intent = info
			if !info.Revoked.IsZero() {
				o.revoked.Store(info.Revoked.UnixNano())
			}
			return true
		})
		if err != nil {
			return err
		}
		if err := s.recoverMemos(t); err != nil {
			return err
		}
		if err := t.recoverRevocations(s.cfg.Clock()); err != nil {
			return err
		}
	}
	offered := map[*tenancy][]engine.SessionID{}
	err := s.cfg.Store.OpenSessions(func(row *engine.Row) bool {
		t := s.tenants[row.Ref.Tenant]
		if t == nil {
			s.cfg.Logger.Warn("an open session's tenant is not configured; it is left alone", "session", row.Ref.String())
			return true
		}
		h := t.recover(row)
		h.setDeadline(session.DeadlineOf(*row, h.since, t.rules(h)))
		if row.Owner != "" {
			s.takesPart(t, h, row.Owner, session.Gained)
		}
		for _, m := range row.Service.Members {
			if !m.Hidden { // who watched unseen does so no longer
				s.takesPart(t, h, m.Operator, session.Joined)
			}
		}
		t.router.tell(routing.SessionIs{Row: row, Recovered: true})
		if row.State == engine.StateOffered {
			offered[t] = append(offered[t], row.Ref.Session)
		}
		return true
	})
	for t, sessions := range offered {
		t.router.tell(routing.Await{Sessions: sessions})
	}
	return err
}

// takesPart tells an operator what it has to do with a session found by the start-up
// scan. Its owner counts as in grace from now on.
func (s *System) takesPart(t *tenancy, h *handle, who engine.OperatorID, as session.Note) {
	n := session.Notify{Note: as, Operator: who, Offer: engine.Offer{Session: h.ref.Session}}
	h.told.note(n)
	t.operator(who).tell(notice{Notify: n})
}

// reportAll asks every session of a tenant to report again, for a router that
// lost its memory. expected are those that it knew as open: whoever carries them.
func (s *System) reportAll(t *tenancy, expected map[engine.SessionID]struct{}) {
	for _, h := range s.sweep.all() {
		if h.tenant == t {
			h.tell(reportAgain{})
		}
	}
	for id := range expected {
		if t.known(id) == nil {
			t.tellSession(id, reportAgain{})
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
// from here on has not left its visitors. To be called before the connections are
// drained. It may be called again.
func (s *System) Drain() {
	for _, t := range s.tenants {
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
	for _, t := range s.tenants {
		for _, o := range t.allOperators() {
			if !o.closeIfDormant() {
				o.tell(quit{})
			}
		}
		if !t.router.closeIfDormant() {
			t.router.tell(quit{})
		}
	}
	if err == nil {
		err = s.liveOthers.wait(ctx)
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
		if err := s.liveSessions.wait(ctx); err != nil || !left {
			return err
		}
	}
}

func (s *System) openSessions() int {
	n := 0
	for _, t := range s.tenants {
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
