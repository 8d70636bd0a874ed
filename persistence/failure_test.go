package persistence

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/keyring"
	"github.com/parleyhq/parley/persistence/seal"
	"github.com/parleyhq/parley/persistence/storetest"
)

var errDisk = errors.New("the disk says no")

// failingFS fails syncs of files whose path holds a word, once armed.
func failingFS(armed *atomic.Bool, word string) vfs.FS {
	return errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
			if armed.Load() && strings.Contains(op.Path, word) {
				return errDisk
			}
		}
		return nil
	}))
}

// TestSyncFailureIsSticky: nothing is acknowledged after a failed sync, ever, and
// everything answers the first cause.
func TestSyncFailureIsSticky(t *testing.T) {
	var armed atomic.Bool
	registry := prometheus.NewRegistry()
	s := openTest(t, testDir, Options{FS: failingFS(&armed, ".log"), Registerer: registry})
	ref := storetest.NewRef("acme")
	term := storetest.Create(t, s, ref, storetest.NewVisitor())
	if err := storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, 2)})[0]; err != nil {
		t.Fatal(err)
	}
	armed.Store(true)
	for i := range engine.Seq(3) {
		err := storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 3+i, 1)})[0]
		if !errors.Is(err, ErrStoreFailed) {
			t.Fatalf("append %d after a failed sync: got %v, want %v", i, err, ErrStoreFailed)
		}
		armed.Store(false) // the disk recovers; the store does not: the page may be lost
	}
	if got := storetest.Claim(t, s, engine.Claim{Ref: ref}); !errors.Is(got.Err, ErrStoreFailed) {
		t.Errorf("claim: got %v, want %v", got.Err, ErrStoreFailed)
	}
	if err := s.Err(); !errors.Is(err, ErrStoreFailed) || !strings.Contains(err.Error(), errDisk.Error()) {
		t.Errorf("Err: got %v, want it to tell the first cause", err)
	}
	entries, err := storetest.ReadFrom(t, s, ref, 0, 10)
	if err != nil || len(entries) != 2 {
		t.Errorf("read: got %d entries, error %v, want the 2 that are durable", len(entries), err)
	}
	if got := testutil.ToFloat64(s.metrics.failed); got != 1 {
		t.Errorf("parley_store_failed: got %v, want 1", got)
	}
}

// TestKeyringSyncFailureIsSticky: no session is created when its key is not
// durable.
func TestKeyringSyncFailureIsSticky(t *testing.T) {
	var armed atomic.Bool
	s := openTest(t, testDir, Options{FS: failingFS(&armed, keyring.FileName)})
	armed.Store(true)
	got := storetest.Claim(t, s, engine.Claim{Ref: storetest.NewRef("acme"), Create: &engine.Create{Visitor: storetest.NewVisitor()}})
	if !errors.Is(got.Err, ErrStoreFailed) || !errors.Is(got.Err, errDisk) {
		t.Fatalf("create: got %v, want %v because %v", got.Err, ErrStoreFailed, errDisk)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close after a failure: %v", err)
	}
}

// TestFullDiskRefusesAndResumes: below the reserve appends are refused, reads go
// on, and it ends without a restart.
func TestFullDiskRefusesAndResumes(t *testing.T) {
	fs := vfs.NewMem()
	setFree := func(free uint64) {
		fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: free, TotalBytes: 1 << 40, UsedBytes: 1<<40 - free})
	}
	setFree(1 << 30)
	s := openTest(t, testDir, Options{FS: fs})
	ref, visitor := storetest.NewRef("acme"), storetest.NewVisitor()
	term := storetest.Create(t, s, ref, visitor)
	next := engine.Seq(1)
	try := func() error {
		err := storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, next, 1)})[0]
		if err == nil {
			next++
		}
		return err
	}
	until := func(what string, is func(error) bool) {
		t.Helper()
		for range 1_000_000 {
			if is(try()) {
				return
			}
		}
		t.Fatalf("never: %s", what)
	}
	until("an append", func(err error) bool { return err == nil })
	setFree(1 << 20)
	until("a refusal", func(err error) bool { return errors.Is(err, engine.ErrFull) })
	got := storetest.Claim(t, s, engine.Claim{Ref: storetest.NewRef("acme"), Create: &engine.Create{Visitor: visitor}})
	if !errors.Is(got.Err, engine.ErrFull) {
		t.Errorf("create: got %v, want %v", got.Err, engine.ErrFull)
	}
	if entries, err := storetest.ReadFrom(t, s, ref, 0, int(next)); err != nil || len(entries) != int(next)-1 {
		t.Errorf("read: got %d entries, error %v, want %d", len(entries), err, next-1)
	}
	setFree(1 << 30)
	until("an append again", func(err error) bool { return err == nil })
	if err := s.Err(); err != nil {
		t.Errorf("a full disk must not stick: %v", err)
	}
}

func TestWrongRootKeyIsRefused(t *testing.T) {
	fs := vfs.NewMem()
	if err := openTest(t, testDir, Options{FS: fs}).Close(); err != nil {
		t.Fatal(err)
	}
	other, _ := seal.NewRoot(make([]byte, seal.KeySize))
	if _, err := Open(testDir, Options{FS: fs, Root: other}); !errors.Is(err, keyring.ErrWrongRoot) || !strings.Contains(err.Error(), other.ID()) {
		t.Fatalf("got %v, want %v, naming both keys", err, keyring.ErrWrongRoot)
	}
	openTest(t, testDir, Options{FS: fs}) // and the lock was given back
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
		want  error
	}{
		{"no keyring", func(t *testing.T, dir string) { removeAll(t, filepath.Join(dir, keyringDir)) }, ErrLayout},
		{"no store", func(t *testing.T, dir string) { removeAll(t, filepath.Join(dir, storeDir)) }, ErrLayout},
		{"another store's keyring", func(t *testing.T, dir string) {
			other := t.TempDir()
			if err := openTest(t, other, Options{}).Close(); err != nil {
				t.Fatal(err)
			}
			removeAll(t, filepath.Join(dir, keyringDir))
			if err := os.Rename(filepath.Join(other, keyringDir), filepath.Join(dir, keyringDir)); err != nil {
				t.Fatal(err)
			}
		}, ErrLayout},
		{"damaged keyring", func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, keyringDir, keyring.FileName), make([]byte, 8192), 0o600); err != nil {
				t.Fatal(err)
			}
		}, engine.ErrCorrupt},
		{"in use", func(t *testing.T, dir string) { openTest(t, dir, Options{}) }, ErrLocked},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s := openTest(t, dir, Options{})
			storetest.Create(t, s, storetest.NewRef("acme"), storetest.NewVisitor())
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			c.spoil(t, dir)
			_, err := Open(dir, Options{Root: testRoot(t)})
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), dir) {
				t.Fatalf("got %v, want %v, naming the directory", err, c.want)
			}
		})
	}
}

func removeAll(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

// TestCallsAfterClose: every call is answered, none panics.
func TestCallsAfterClose(t *testing.T) {
	s := openTest(t, testDir, Options{FS: vfs.NewMem()})
	ref := storetest.NewRef("acme")
	term := storetest.Create(t, s, ref, storetest.NewVisitor())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	intent := make(chan error, 1)
	s.PutIntent("acme", "olga", engine.IntentInfo{}, nil, func(err error) { intent <- err })
	_, readErr := storetest.ReadFrom(t, s, ref, 0, 1)
	_, tokenErr := s.SealToken("other", nil)
	_, currentErr := s.OpenSession("acme", engine.VisitorID{})
	for what, err := range map[string]error{
		"claim":    storetest.Claim(t, s, engine.Claim{Ref: ref}).Err,
		"append":   storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, 1)})[0],
		"read":     readErr,
		"intent":   <-intent,
		"intents":  s.Intents("acme", nil),
		"sessions": s.OpenSessions(nil),
		"session":  currentErr,
		"token":    tokenErr,
	} {
		if !errors.Is(err, ErrStoreClosed) {
			t.Errorf("%s: got %v, want %v", what, err, ErrStoreClosed)
		}
	}
	s.Release(ref)
	if err := s.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

// TestCloseDrains: what was appended before Close is answered and durable.
func TestCloseDrains(t *testing.T) {
	fs := vfs.NewMem()
	s := openTest(t, testDir, Options{FS: fs})
	ref := storetest.NewRef("acme")
	term := storetest.Create(t, s, ref, storetest.NewVisitor())
	var answers []<-chan []error
	for i := range engine.Seq(100) {
		answers = append(answers, storetest.StartAppend(s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, i+1, 1)}))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for i, answer := range answers {
		if err := (<-answer)[0]; err != nil {
			t.Fatalf("append %d before the close: %v", i, err)
		}
	}
	if got := storetest.Claim(t, openTest(t, testDir, Options{FS: fs}), engine.Claim{Ref: ref}); got.Err != nil || got.Head.Last != 100 {
		t.Fatalf("after reopening: got last %d, error %v, want 100", got.Head.Last, got.Err)
	}
}

// TestTwoStores: two stores in one process, each with a registry of its own; one
// registry takes one store.
func TestTwoStores(t *testing.T) {
	for _, dir := range []string{"/one", "/two"} {
		registry := prometheus.NewRegistry()
		s := openTest(t, dir, Options{FS: vfs.NewMem(), Registerer: registry})
		ref := storetest.NewRef("acme")
		storetest.Append(t, s, engine.Append{Ref: ref, Term: storetest.Create(t, s, ref, storetest.NewVisitor()), Entries: storetest.Messages(ref, 1, 3)})
		if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
			t.Errorf("metrics: %v, %v", problems, err)
		}
		if got := testutil.ToFloat64(s.metrics.entries); got != 3 {
			t.Errorf("parley_append_entries_total: got %v, want 3", got)
		}
		if _, err := Open("/three", Options{FS: vfs.NewMem(), Registerer: registry, Root: testRoot(t)}); err == nil {
			t.Error("two stores in one registry: want an error")
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if left, err := registry.Gather(); err != nil || len(left) != 0 {
			t.Errorf("after Close: got %d metrics, error %v, want none", len(left), err)
		}
	}
}

// TestDirectoryIsPrivate: others may not even list it.
func TestDirectoryIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	openTest(t, dir, Options{})
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("got mode %v, error %v, want 0700", info.Mode().Perm(), err)
	}
}
