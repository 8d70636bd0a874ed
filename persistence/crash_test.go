package persistence

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/storetest"
)

// journal is what writers were told: per session the last acknowledged number.
type journal struct {
	mu     sync.Mutex
	acked  map[engine.SessionRef]engine.Seq
	closed map[engine.SessionRef]bool
}

func newJournal() *journal {
	return &journal{acked: map[engine.SessionRef]engine.Seq{}, closed: map[engine.SessionRef]bool{}}
}

func (j *journal) note(ref engine.SessionRef, seq engine.Seq, closed bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.acked[ref], j.closed[ref] = seq, closed
}

// copy is the journal at this moment: what it holds was acknowledged before.
func (j *journal) copy() *journal {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := newJournal()
	for ref, seq := range j.acked {
		c.acked[ref], c.closed[ref] = seq, j.closed[ref]
	}
	return c
}

// crash is a file system after a power cut, with what had been acknowledged.
type crash struct {
	fs   *vfs.MemFS
	told *journal
}

// workload writes to a store from several goroutines and takes a crash clone
// after acknowledgements, whenever cut says so.
func workload(t testing.TB, opts Options, sessions, appends int, cut func(*vfs.MemFS) *vfs.MemFS) (crashes []crash) {
	t.Helper()
	fs := vfs.NewCrashableMem()
	opts.FS = fs
	s := openTest(t, testDir, opts)
	told := newJournal()
	var mu sync.Mutex
	var all sync.WaitGroup
	after := func() {
		mu.Lock()
		defer mu.Unlock()
		was := told.copy() // before the cut: a later acknowledgement is not owed
		if clone := cut(fs); clone != nil {
			crashes = append(crashes, crash{clone, was})
		}
	}
	for i := range sessions {
		all.Go(func() {
			ref := storetest.NewRef(engine.TenantID(fmt.Sprintf("tenant-%d", i%2)))
			visitor := storetest.NewVisitor()
			term := storetest.Create(t, s, ref, visitor)
			told.note(ref, 0, false)
			after()
			for n := 1; n <= appends; n++ {
				a := engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, engine.Seq(n), 1)}
				a.Close = n == appends && i%3 == 0
				a.Row = &engine.Row{Ref: ref, Visitor: visitor, State: engine.StateActive, Epoch: engine.Epoch(n)}
				if err := storetest.Append(t, s, a)[0]; err != nil {
					t.Errorf("append: %v", err)
					return
				}
				told.note(ref, engine.Seq(n), a.Close)
				after()
			}
		})
	}
	all.Wait()
	_ = s.Close()
	return crashes
}

// losses opens a crashed store and counts acknowledged entries that it lost;
// anything doubled, out of order or unreadable is an error.
func losses(t testing.TB, c crash) (lost int) {
	t.Helper()
	s := openTest(t, testDir, Options{FS: c.fs})
	defer s.Close()
	for ref, acked := range c.told.acked {
		got := storetest.Claim(t, s, engine.Claim{Ref: ref, Tail: int(acked)})
		if errors.Is(got.Err, engine.ErrUnknown) {
			lost += 1 + int(acked)
			continue
		}
		if got.Err != nil {
			t.Fatalf("claim after the crash: %v", got.Err)
		}
		lost += int(max(0, int64(acked)-int64(got.Head.Last)))
		if c.told.closed[ref] && !got.Head.Closed {
			lost++
		}
		entries, err := storetest.ReadFrom(t, s, ref, 0, int(got.Head.Last)+1)
		if err != nil {
			t.Fatalf("read after the crash: %v", err)
		}
		for i, want := range storetest.Messages(ref, 1, int(got.Head.Last)) {
			if err := storetest.Same(entries[i], want); err != nil {
				t.Fatalf("after the crash: %v", err)
			}
		}
		next := storetest.Messages(ref, got.Head.Last+1, 1)
		err = storetest.Append(t, s, engine.Append{Ref: ref, Term: got.Head.Term, Entries: next})[0]
		if got.Head.Closed != (err != nil) {
			t.Fatalf("append after the crash: closed %v, error %v", got.Head.Closed, err)
		}
	}
	return lost
}

// TestCrashAtEachAck cuts the power right after acknowledgements: everything that
// was not synced is gone, from the records and the keyring alike.
func TestCrashAtEachAck(t *testing.T) {
	crashes := workload(t, Options{}, 4, 10, func(fs *vfs.MemFS) *vfs.MemFS { return fs.CrashClone(vfs.CrashCloneCfg{}) })
	for i, c := range crashes {
		if lost := losses(t, c); lost != 0 {
			t.Fatalf("crash %d of %d: lost %d acknowledged entries, want 0", i, len(crashes), lost)
		}
	}
}

// TestCrashTestNotices is the control: a store that does not sync loses entries
// in the very same test.
func TestCrashTestNotices(t *testing.T) {
	crashes := workload(t, Options{SkipSyncForTests: true}, 4, 6, func(fs *vfs.MemFS) *vfs.MemFS { return fs.CrashClone(vfs.CrashCloneCfg{}) })
	total := 0
	for _, c := range crashes {
		total += losses(t, c)
	}
	if total == 0 {
		t.Fatal("a store without syncs lost nothing: the crash test notices nothing")
	}
}

// TestCrashAtRandomPoints keeps a random part of what was not synced: the
// records may be ahead of the keyring's rest or behind it.
func TestCrashAtRandomPoints(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		percent := rapid.IntRange(0, 100).Draw(rt, "percent")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		crashes := workload(t, Options{}, 3, 3, func(fs *vfs.MemFS) *vfs.MemFS {
			if rng.IntN(4) != 0 {
				return nil
			}
			return fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng})
		})
		for _, c := range crashes {
			if lost := losses(t, c); lost != 0 {
				rt.Fatalf("lost %d acknowledged entries, want 0", lost)
			}
		}
	})
}

// TestCrashBetweenKeyringAndStore cuts the power when the keyring has a batch and
// the records have not: its slots are freed, and only its.
func TestCrashBetweenKeyringAndStore(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := openTest(t, testDir, Options{FS: fs})
	kept := storetest.NewRef("acme")
	storetest.Create(t, s, kept, storetest.NewVisitor())
	live, _ := s.ring.Slots()
	batch := s.ring.Begin()
	tenant, visitor := s.tenant("acme"), storetest.NewVisitor()
	key := testKey(1)
	if _, err := batch.Add(tenant.subjectOwner(visitor), &key, tenant.kek); err != nil {
		t.Fatal(err)
	}
	if err := batch.Commit(); err != nil {
		t.Fatal(err)
	}
	crashed := fs.CrashClone(vfs.CrashCloneCfg{})
	s = openTest(t, testDir, Options{FS: crashed})
	if got, _ := s.ring.Slots(); got != live {
		t.Fatalf("got %d live slots after the crash, want %d: those of the cut batch freed", got, live)
	}
	if got := storetest.Claim(t, s, engine.Claim{Ref: kept}); got.Err != nil {
		t.Fatalf("claim of a session of an earlier batch: %v", got.Err)
	}
}

func testKey(fill byte) (key [32]byte) {
	for i := range key {
		key[i] = fill
	}
	return key
}
