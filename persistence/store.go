package persistence

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/internal/gather"
	"github.com/parleyhq/parley/persistence/keyring"
	"github.com/parleyhq/parley/persistence/seal"
)

// Store keeps sessions' logs in one directory of one machine. It is an
// engine.Log. Safe from any goroutine. Open makes one.
//
// Calls are not bounded here but by their callers: a session has at most
// engine.MaxInFlight entries under way, and one claim. An answer comes on the
// writer's goroutine or on a reader's, so done must hand it over and return.
type Store struct {
	// Fixed after construction.
	opts    Options
	dir     string
	cache   *seal.Cache
	metrics *metrics
	db      *pebble.DB
	ring    *keyring.Ring
	lock    io.Closer
	queue   *gather.Queue[op]
	readers *readers
	pools   pools
	durable *pebble.WriteOptions // Sync, except under SkipSyncForTests
	nils    []error              // read-only: the answer to appends that all succeeded

	// Owned by Open and Close.
	registered []prometheus.Collector
	closing    sync.Once
	closeErr   error
	written    sync.WaitGroup // the writer's goroutine

	// using is held, shared, by whoever reads on a goroutine that Close does not
	// wait for; Close takes it whole before it closes the files.
	using sync.RWMutex

	reading reading

	// Atomic.
	failed atomic.Pointer[failure]
	closed atomic.Bool

	// Guarded by mu; changed by the writer only.
	mu       sync.RWMutex
	live     map[engine.SessionRef]*session
	tenants  map[engine.TenantID]*tenant
	byNumber map[tenantNumber]*tenant
}

var _ engine.Log = (*Store)(nil)

type failure struct{ err error }

// Err is why the store accepts nothing any more, or nil: the first failure of a
// write or a sync. It does not recover; open the store again.
func (s *Store) Err() error {
	if f := s.failed.Load(); f != nil {
		return f.err
	}
	return nil
}

// fail keeps the first cause. Pebble calls it as well, from any goroutine.
func (s *Store) fail(cause error) {
	failed := &failure{fmt.Errorf("%w: %w", ErrStoreFailed, cause)}
	if s.failed.CompareAndSwap(nil, failed) {
		s.metrics.failed.Set(1)
		s.opts.Logger.Error("the store has failed and accepts nothing more", slog.Any("cause", cause))
	}
}

// corrupt counts and logs damage that an answer reports.
func (s *Store) corrupt(err error) {
	s.metrics.corruptions.Inc()
	s.opts.Logger.Error("stored values are corrupt", slog.Any("error", err))
}

func (s *Store) session(ref engine.SessionRef) *session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.live[ref]
}

func (s *Store) tenant(name engine.TenantID) *tenant {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.tenants[name]
}

func (s *Store) tenantOf(number tenantNumber) *tenant {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byNumber[number]
}

func (s *Store) liveSessions() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.live)
}

// use keeps the files open until the answer is called. False: they are closed.
func (s *Store) use() (unuse func(), ok bool) {
	s.using.RLock()
	if s.closed.Load() {
		s.using.RUnlock()
		return nil, false
	}
	return s.using.RUnlock, true
}

// submit hands an operation to the writer. False: the store is closed.
func (s *Store) submit(o op) bool { return !s.closed.Load() && s.queue.Put(o) }

// pools are working memory.
type pools struct {
	appends sync.Pool // *appendOp
	scratch sync.Pool // *scratch
}

// scratch is what reading and sealing need besides their results.
type scratch struct {
	seal  seal.Scratch
	key   []byte
	plain []byte
}

func (s *Store) scratch() *scratch {
	if used, ok := s.pools.scratch.Get().(*scratch); ok {
		return used
	}
	return &scratch{}
}

// giveBack clears what somebody typed, and lets a rare large buffer go.
func (s *Store) giveBack(used *scratch) {
	clear(used.plain[:cap(used.plain)])
	if cap(used.plain) > 4<<10 {
		used.plain = nil
	}
	s.pools.scratch.Put(used)
}
