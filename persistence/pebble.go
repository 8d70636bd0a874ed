package persistence

import (
	"fmt"
	"log/slog"
	"runtime"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// storeFormat pins Pebble's format: an upgrade is one-way and is decided here,
// with golden directories, not by a new version of the library. It is 024, the
// newest of v2.1.7: columnar blocks and WAL sync chunks; value separation, which
// it allows, stays off.
const storeFormat = pebble.FormatValueSeparation

// pebbleOptions is how this store uses Pebble.
func (s *Store) pebbleOptions() *pebble.Options {
	o := &pebble.Options{
		FS:                          noReuse{s.opts.FS},
		FormatMajorVersion:          storeFormat,
		CacheSize:                   s.opts.CacheBytes,
		MemTableSize:                uint64(s.opts.MemTableBytes),
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       24,
		CompactionConcurrencyRange:  func() (int, int) { return 1, max(1, runtime.GOMAXPROCS(0)/2) },
		EventListener:               s.listener(),
		Logger:                      pebbleLog{log: s.opts.Logger, fatal: s.fail},
	}
	// Ciphertext does not compress, and compressing around secrets leaks them.
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionNone })
	for i := range o.Levels {
		o.Levels[i].BlockSize = 16 << 10
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return o
}

// listener turns Pebble's events into metrics. Corruption is no reason to stop:
// what lies in other blocks, and other tenants, stay readable.
func (s *Store) listener() *pebble.EventListener {
	m := s.metrics
	return &pebble.EventListener{
		WriteStallBegin: func(info pebble.WriteStallBeginInfo) {
			m.stalls.Inc()
			s.opts.Logger.Warn("writes stall", slog.String("reason", info.Reason))
		},
		WriteStallEnd: func() {},
		DiskSlow:      func(pebble.DiskSlowInfo) { m.slowDisk.Inc() },
		LowDiskSpace:  func(pebble.LowDiskSpaceInfo) {},
		BackgroundError: func(err error) {
			m.background.Inc()
			s.opts.Logger.Error("background work of the store did not succeed", slog.Any("error", err))
		},
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			m.corruptions.Inc()
			s.opts.Logger.Error("stored blocks are corrupt", slog.String("file", info.Path))
		},
	}
}

// pebbleLog is Pebble's logger. The default one exits the process when a sync
// fails; here Fatalf records the cause and returns. Pebble then answers nil to
// the very Commit that failed, so the writer asks for the cause after each one.
type pebbleLog struct {
	log   *slog.Logger
	fatal func(error)
}

func (pebbleLog) Infof(string, ...any) {}

func (l pebbleLog) Errorf(format string, args ...any) {
	l.log.Error("pebble: " + fmt.Sprintf(format, args...))
}

func (l pebbleLog) Fatalf(format string, args ...any) {
	l.fatal(fmt.Errorf(format, args...)) //nolint:err113 // Pebble's own words
}

// noReuse is a file system whose ReuseForWrite removes the old file and makes a
// new one: a write-ahead log that is written over keeps what was deleted in its
// tail, for as long as nobody writes that far.
type noReuse struct{ vfs.FS }

func (fs noReuse) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := fs.FS.Remove(oldname); err != nil {
		return nil, err
	}
	return fs.FS.Create(newname, category)
}

func (fs noReuse) Unwrap() vfs.FS { return fs.FS }
