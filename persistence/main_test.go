package persistence

import (
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/seal"
	"github.com/parleyhq/parley/persistence/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testDir = "/data"

func testRoot(t testing.TB) seal.Root {
	t.Helper()
	root, err := seal.NewRoot([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// openTest opens a store that the test's end closes.
func openTest(t testing.TB, dir string, opts Options) *Store {
	t.Helper()
	if opts.Root == nil {
		opts.Root = testRoot(t)
	}
	opts.Logger = slog.New(slog.DiscardHandler)
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestConformance(t *testing.T) {
	storetest.Run(t, storetest.Backend{
		New: func(t testing.TB) engine.Log { return openTest(t, testDir, Options{FS: vfs.NewMem()}) },
		Reopen: func(t testing.TB, log engine.Log) engine.Log {
			s := log.(*Store)
			if err := s.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			return openTest(t, s.dir, Options{FS: s.opts.FS})
		},
	})
}

func TestConformanceOnDisk(t *testing.T) {
	storetest.Run(t, storetest.Backend{New: func(t testing.TB) engine.Log { return openTest(t, t.TempDir(), Options{}) }})
}
