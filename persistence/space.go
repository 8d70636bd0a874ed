package persistence

import (
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// space keeps the disk from running full under Pebble, which would then fail for
// good: below the reserve appends are refused and reads go on. Owned by the
// writer.
type space struct {
	fs      vfs.FS
	dir     string
	reserve int64
	log     *slog.Logger

	full    bool
	checked time.Time
	written int64 // since checked
}

const (
	spaceInterval = time.Second
	spaceBytes    = 8 << 20 // an eighth of the default reserve
	fullInterval  = 50 * time.Millisecond
)

// isFull asks the disk at most once a second, or after 8 MiB of writes, and more
// often while it is full.
func (s *space) isFull(now time.Time) bool {
	if s.reserve < 0 {
		return false
	}
	interval := spaceInterval
	if s.full {
		interval = fullInterval
	}
	if s.written < spaceBytes && now.Sub(s.checked) < interval {
		return s.full
	}
	s.checked, s.written = now, 0
	usage, err := s.fs.GetDiskUsage(s.dir)
	if err != nil {
		return s.full // a file system that does not know; Pebble will tell
	}
	full := usage.AvailBytes < uint64(s.reserve)
	if full != s.full {
		s.log.Warn("free space of the store", slog.Bool("below_reserve", full),
			slog.Uint64("available_bytes", usage.AvailBytes), slog.Int64("reserve_bytes", s.reserve))
	}
	s.full = full
	return full
}
