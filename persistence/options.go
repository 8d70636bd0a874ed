package persistence

import (
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/parleyhq/parley/persistence/seal"
)

// Defaults of zero Options: those of a store embedded in another program. A
// server of its own does better with 64 MiB of cache and 32 MiB of memtable.
const (
	DefaultCacheBytes    = 16 << 20
	DefaultMemTableBytes = 8 << 20
	DefaultReserveBytes  = 64 << 20
	DefaultLinger        = 60 * time.Microsecond
)

// Options of Open. Only Root is required.
type Options struct {
	// Root is the root key. It must be the same at every Open of a directory.
	Root seal.Root
	// Logger gets ids and counts, never what anybody typed; nil discards.
	Logger *slog.Logger
	// Registerer gets the store's metrics; nil keeps none. Close takes them back.
	Registerer prometheus.Registerer
	// FS is the file system, for tests; nil is the disk.
	FS vfs.FS
	// CacheBytes is Pebble's block cache; 0 means DefaultCacheBytes.
	CacheBytes int64
	// MemTableBytes is one memtable; 0 means DefaultMemTableBytes.
	MemTableBytes int64
	// ReserveBytes is the free space below which appends are refused with
	// engine.ErrFull; 0 means DefaultReserveBytes, negative means no reserve.
	ReserveBytes int64
	// Linger is how long the writer waits at most for a batch to become as large
	// as the last one; 0 means DefaultLinger, negative means not at all.
	Linger time.Duration

	// StorePlaintextForTests writes what people typed to disk as it is. It exists
	// to prove that the scan of stored files would find it.
	StorePlaintextForTests bool
	// SkipSyncForTests acknowledges entries that a crash loses. It exists to prove
	// that the crash tests would notice.
	SkipSyncForTests bool
}

// EnsureDefaults fills zero fields.
func (o *Options) EnsureDefaults() {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = DefaultCacheBytes
	}
	if o.MemTableBytes == 0 {
		o.MemTableBytes = DefaultMemTableBytes
	}
	if o.ReserveBytes == 0 {
		o.ReserveBytes = DefaultReserveBytes
	}
	if o.Linger == 0 {
		o.Linger = DefaultLinger
	}
}

func (o *Options) cache() *seal.Cache {
	if o.StorePlaintextForTests {
		return seal.NewPlaintextCacheForTests()
	}
	return seal.NewCache(0)
}

func (o *Options) warn() {
	if o.StorePlaintextForTests {
		o.Logger.Warn("the store writes plaintext: StorePlaintextForTests is set")
	}
	if o.SkipSyncForTests {
		o.Logger.Warn("the store does not sync, a crash loses acknowledged entries: SkipSyncForTests is set")
	}
}
