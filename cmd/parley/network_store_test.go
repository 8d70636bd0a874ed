package main

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parleyhq/parley/actors"
	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence"
	"github.com/parleyhq/parley/persistence/seal"
)

// disk is what survives a server.
type disk interface {
	// mount opens the store that is on it.
	mount() (actors.Store, error)
	// crash forgets what is not synced: nothing that the mounted store still does
	// is found by the next.
	crash()
	// unmount closes the store.
	unmount() error
}

// pebbleDisk keeps the real store on a file system in memory.
type pebbleDisk struct {
	root  seal.Root
	fs    *vfs.MemFS
	store *persistence.Store
}

// testRoot makes a root key.
func testRoot(t *testing.T) seal.Root {
	t.Helper()
	key := filepath.Join(t.TempDir(), "root.key")
	if err := seal.GenerateRootFile(key); err != nil {
		t.Fatal(err)
	}
	root, err := seal.RootFromFile(key)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func (d *pebbleDisk) mount() (_ actors.Store, err error) {
	d.store, err = persistence.Open("data", persistence.Options{
		Root: d.root, FS: d.fs, CacheBytes: 1 << 20, MemTableBytes: 1 << 20, ReserveBytes: -1,
	})
	return d.store, err
}

func (d *pebbleDisk) crash() { d.fs = d.fs.CrashClone(vfs.CrashCloneCfg{}) }

func (d *pebbleDisk) unmount() error { return d.store.Close() }

// memoryDisk keeps whole logs in memory, and outlives servers: cheap, so that
// many rounds can be played.
type memoryDisk struct {
	mu      sync.Mutex
	logs    map[engine.SessionRef]*memoryLog
	starts  map[engine.VisitorID]map[engine.Tag]engine.SessionID
	intents map[engine.OperatorID]engine.IntentInfo
}

type memoryLog struct {
	head    engine.Head
	entries []*engine.Entry
}

func newMemoryDisk() *memoryDisk {
	return &memoryDisk{
		logs: map[engine.SessionRef]*memoryLog{}, starts: map[engine.VisitorID]map[engine.Tag]engine.SessionID{},
		intents: map[engine.OperatorID]engine.IntentInfo{},
	}
}

func (d *memoryDisk) mount() (actors.Store, error) { return &memoryStore{memoryDisk: d}, nil }

func (d *memoryDisk) crash() {} // what is appended is durable

func (d *memoryDisk) unmount() error { return nil }

// memoryStore is what a server holds of a memoryDisk. It calls done on the
// caller's stack: it is used behind a slowStore, whose worker is the caller.
type memoryStore struct {
	unbanned
	revocations map[engine.VisitorID]time.Time // guarded by mu
	*memoryDisk
	engine.Vault // none: nobody sends files here
}

func (s *memoryStore) Claim(c engine.Claim, done func(engine.Head, []*engine.Entry, error)) {
	s.mu.Lock()
	l := s.logs[c.Ref]
	if l == nil && c.Create != nil {
		l = &memoryLog{head: engine.Head{Visitor: c.Create.Visitor}}
		s.logs[c.Ref] = l
	}
	if l == nil {
		s.mu.Unlock()
		done(engine.Head{}, nil, engine.ErrUnknown)
		return
	}
	l.head.Term++
	head := l.head
	tail := append([]*engine.Entry(nil), l.entries[max(len(l.entries)-c.Tail, 0):]...)
	s.mu.Unlock()
	done(head, tail, nil)
}

func (s *memoryStore) Append(appends []engine.Append, done func([]error)) {
	errs := make([]error, len(appends))
	s.mu.Lock()
	for i := range appends {
		a := &appends[i]
		if errs[i] = s.logs[a.Ref].add(a); errs[i] == nil {
			s.keepStarts(s.logs[a.Ref].head.Visitor, a)
		}
	}
	s.mu.Unlock()
	done(errs)
}

// keepStarts files the starts of an append. Call with mu held.
func (s *memoryStore) keepStarts(visitor engine.VisitorID, a *engine.Append) {
	for _, start := range a.Starts {
		if s.starts[visitor] == nil {
			s.starts[visitor] = map[engine.Tag]engine.SessionID{}
		}
		s.starts[visitor][start.Tag] = a.Ref.Session
	}
}

func (s *memoryStore) Recall(_ engine.TenantID, visitor engine.VisitorID, done func(map[engine.Tag]engine.SessionID, error)) {
	s.mu.Lock()
	found := maps.Clone(s.starts[visitor])
	s.mu.Unlock()
	done(found, nil)
}

func (s *memoryStore) ForgetKeys(time.Time) {} // a round is shorter than that

func (l *memoryLog) add(a *engine.Append) error {
	if l == nil || l.head.Closed || a.Term != l.head.Term || a.Entries[0].Seq != l.head.Last+1 {
		return engine.ErrFenced
	}
	for _, e := range a.Entries {
		l.entries = append(l.entries, e)
		l.head.Last = e.Seq
		if r, worth := engine.ResultOf(e); worth {
			l.head.Results = append(l.head.Results, r)
		}
	}
	if a.Row != nil {
		row := *a.Row
		l.head.Row = &row
	}
	if a.Close {
		l.head.Closed, l.head.Row, l.head.Activity = true, nil, a.Activity
	}
	return nil
}

func (s *memoryStore) ReadFrom(ref engine.SessionRef, after engine.Seq, limit int, done func([]*engine.Entry, error)) {
	s.mu.Lock()
	l := s.logs[ref]
	if l == nil {
		s.mu.Unlock()
		done(nil, engine.ErrUnknown)
		return
	}
	from := min(int(after), len(l.entries))
	entries := append([]*engine.Entry(nil), l.entries[from:min(from+limit, len(l.entries))]...)
	s.mu.Unlock()
	done(entries, nil)
}

func (s *memoryStore) Release(engine.SessionRef) {}

func (s *memoryStore) OpenSessions(yield func(*engine.Row) bool) error {
	s.mu.Lock()
	var rows []*engine.Row
	for _, l := range s.logs {
		if l.head.Row != nil {
			copied := *l.head.Row
			rows = append(rows, &copied)
		}
	}
	s.mu.Unlock()
	for _, row := range rows {
		if !yield(row) {
			break
		}
	}
	return nil
}

func (s *memoryStore) SealToken(tenant engine.TenantID, claims []byte) (string, error) {
	return string(tenant) + "." + base64.RawURLEncoding.EncodeToString(claims), nil
}

func (s *memoryStore) OpenToken(tenant engine.TenantID, token string) ([]byte, error) {
	claims, ok := strings.CutPrefix(token, string(tenant)+".")
	if !ok {
		return nil, engine.ErrAuthInvalid
	}
	return base64.RawURLEncoding.DecodeString(claims)
}

func (s *memoryStore) PseudonymOf(tenant engine.TenantID, kind, name string) (id [16]byte, _ error) {
	sum := sha256.Sum256([]byte(string(tenant) + " " + kind + " " + name))
	copy(id[:], sum[:])
	return id, nil
}

func (s *memoryStore) PutIntent(_ engine.TenantID, o engine.OperatorID, info engine.IntentInfo, _ *engine.Memo, done func(error)) {
	s.mu.Lock()
	s.intents[o] = info
	s.mu.Unlock()
	go done(nil)
}

func (s *memoryStore) Intents(_ engine.TenantID, yield func(engine.OperatorID, engine.IntentInfo) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for o, info := range s.intents {
		if !yield(o, info) {
			break
		}
	}
	return nil
}

func (s *memoryStore) Memos(engine.TenantID, engine.OperatorID, func(engine.Memo) bool) error {
	return nil // nobody repeats an intent here
}

func (s *memoryStore) Err() error { return nil }

// slowStore puts a slow and unreliable disk in front of a store: calls take
// their time, in order; some appends find the disk full; some callers panic,
// before or after the entries were handed over; and a store that is severed, as
// by a crash, does nothing of what waits.
type slowStore struct {
	actors.Store
	moved chan struct{} // has room for one
	ended chan struct{} // the worker has

	mu      sync.Mutex
	rng     *rand.Rand // guarded by mu, as all that follows
	calls   []call
	full    bool // appends are refused
	panics  int  // so many of the next appends panic
	severed bool
	closed  bool
}

type call struct {
	do   func()
	drop func() // of a severed store
	wait time.Duration
}

var errSevered = errors.New("the store is gone")

func newSlowStore(store actors.Store, seed uint64) *slowStore {
	s := &slowStore{Store: store, rng: rand.New(rand.NewPCG(seed, 3)), moved: make(chan struct{}, 1), ended: make(chan struct{})}
	go s.work() // ends with finish
	return s
}

func (s *slowStore) work() {
	defer close(s.ended)
	for {
		s.mu.Lock()
		if len(s.calls) == 0 {
			closed := s.closed
			s.mu.Unlock()
			if closed {
				return
			}
			<-s.moved
			continue
		}
		c := s.calls[0]
		s.calls = s.calls[1:]
		s.mu.Unlock()
		time.Sleep(c.wait) // the disk's time, which is virtual
		s.mu.Lock()
		severed := s.severed
		s.mu.Unlock()
		if severed {
			c.drop()
		} else {
			c.do()
		}
	}
}

func (s *slowStore) queue(do, drop func()) {
	s.mu.Lock()
	wait := time.Duration(s.rng.Int64N(int64(2 * time.Millisecond)))
	if s.rng.IntN(50) == 0 {
		wait *= 100
	}
	s.calls = append(s.calls, call{do, drop, wait})
	s.mu.Unlock()
	s.nudge()
}

func (s *slowStore) nudge() {
	select {
	case s.moved <- struct{}{}:
	default:
	}
}

// sever is the crash: what waits is never done.
func (s *slowStore) sever() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.severed = true
}

// finish ends the worker when nothing waits.
func (s *slowStore) finish() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.nudge()
	<-s.ended
}

func (s *slowStore) setFull(full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.full = full
}

// panicNext lets the next append's caller panic.
func (s *slowStore) panicNext() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.panics = 1
}

func (s *slowStore) Claim(c engine.Claim, done func(engine.Head, []*engine.Entry, error)) {
	s.queue(func() { s.Store.Claim(c, done) }, func() { done(engine.Head{}, nil, errSevered) })
}

func (s *slowStore) Append(appends []engine.Append, done func([]error)) {
	s.mu.Lock()
	full, panics, after := s.full, s.panics > 0, s.rng.IntN(2) == 0
	s.panics = 0
	s.mu.Unlock()
	refuse := func(err error) func() {
		return func() {
			errs := make([]error, len(appends))
			for i := range errs {
				errs[i] = err
			}
			done(errs)
		}
	}
	if panics && !after {
		panic("planted before an append")
	}
	if full {
		s.queue(refuse(engine.ErrFull), refuse(errSevered))
	} else {
		s.queue(func() { s.Store.Append(appends, done) }, refuse(errSevered))
	}
	if panics {
		panic("planted after an append")
	}
}

func (s *slowStore) ReadFrom(ref engine.SessionRef, after engine.Seq, limit int, done func([]*engine.Entry, error)) {
	s.queue(func() { s.Store.ReadFrom(ref, after, limit, done) }, func() { done(nil, errSevered) })
}

func (s *slowStore) Recall(tenant engine.TenantID, visitor engine.VisitorID, done func(map[engine.Tag]engine.SessionID, error)) {
	s.queue(func() { s.Store.Recall(tenant, visitor, done) }, func() { done(nil, errSevered) })
}

func (s *slowStore) Release(ref engine.SessionRef) {
	s.queue(func() { s.Store.Release(ref) }, func() {})
}

func (s *slowStore) PutIntent(tenant engine.TenantID, o engine.OperatorID, info engine.IntentInfo, memo *engine.Memo, done func(error)) {
	s.queue(func() { s.Store.PutIntent(tenant, o, info, memo, done) }, func() { done(errSevered) })
}

func (s *memoryStore) PutRevocation(_ engine.TenantID, v engine.VisitorID, at time.Time, done func(error)) {
	s.mu.Lock()
	if s.revocations == nil {
		s.revocations = map[engine.VisitorID]time.Time{}
	}
	s.revocations[v] = at
	s.mu.Unlock()
	go done(nil)
}

func (s *memoryStore) Revocations(_ engine.TenantID, yield func(engine.VisitorID, time.Time) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for v, at := range s.revocations {
		if !yield(v, at) {
			break
		}
	}
	return nil
}
