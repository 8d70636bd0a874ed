package persistence

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/seal"
	"github.com/parleyhq/parley/persistence/storetest"
)

// benchBody makes an entry whose sealed value has 257 bytes: a plaintext of 224.
const (
	benchBody  = 195
	benchValue = 224 + seal.Overhead
)

// appender appends the next entry of one session and waits until it is durable.
type appender func() error

// load runs writers in a closed loop until the number of appends is done.
func load(b testing.TB, total int64, writers []appender) (perSecond float64) {
	var left atomic.Int64
	left.Store(total)
	var all sync.WaitGroup
	begin := time.Now()
	for _, write := range writers {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				if err := write(); err != nil {
					b.Errorf("append: %v", err)
					return
				}
			}
		})
	}
	all.Wait()
	return float64(total) / time.Since(begin).Seconds()
}

func storeWriters(b testing.TB, s *Store, count int) (writers []appender) {
	body := engine.NewBody(make([]byte, benchBody))
	for range count {
		ref := storetest.NewRef("acme")
		term := storetest.Create(b, s, ref, storetest.NewVisitor())
		answer := make(chan error, 1)
		done := func(errs []error) { answer <- errs[0] }
		var seq engine.Seq
		appends := make([]engine.Append, 1)
		writers = append(writers, func() error {
			seq++
			e := &engine.Entry{
				Session: ref.Session, Seq: seq, PrevAll: seq - 1, Epoch: 1, At: time.UnixMilli(1_772_000_000_000),
				Author: engine.Author{Kind: engine.AuthorVisitor}, Kind: engine.KindMessageNew, Body: body,
			}
			appends[0] = engine.Append{Ref: ref, Term: term, Entries: []*engine.Entry{e}}
			s.Append(appends, done)
			return <-answer
		})
	}
	return writers
}

func yardWriters(y *Yardstick, count int) (writers []appender) {
	// As random as ciphertext: disks have been seen to be kinder to zeros.
	noise := make([]byte, 1<<20)
	_, _ = rand.Read(noise)
	for range count {
		key := recordKey(nil, 1, storetest.NewRef("acme").Session, 0)
		answer := make(chan error, 1)
		done := func(err error) { answer <- err }
		seq := uint64(0)
		writers = append(writers, func() error {
			seq++
			binary.BigEndian.PutUint64(key[scopedKeyLen:], seq)
			at := int(seq*7919) % (len(noise) - benchValue)
			y.Put(key, noise[at:at+benchValue], done)
			return <-answer
		})
	}
	return writers
}

// BenchmarkAppend is the store's durable appends: closed loop, one session per
// writer.
func BenchmarkAppend(b *testing.B) {
	for _, count := range []int{1, 64, 512} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			s := openTest(b, b.TempDir(), Options{})
			writers := storeWriters(b, s, count)
			b.ReportAllocs()
			b.ResetTimer()
			b.ReportMetric(load(b, int64(b.N), writers), "appends/s")
		})
	}
}

// BenchmarkRawPebble is the same bytes through the yardstick.
func BenchmarkRawPebble(b *testing.B) {
	for _, count := range []int{1, 64, 512} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			y := openYard(b)
			writers := yardWriters(y, count)
			b.ReportAllocs()
			b.ResetTimer()
			b.ReportMetric(load(b, int64(b.N), writers), "appends/s")
		})
	}
}

func openYard(t testing.TB) *Yardstick {
	y, err := OpenYardstick(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = y.Close() })
	return y
}

// BenchmarkAppendRatio interleaves both and reports the median of the rounds'
// ratios: the store's rate over raw Pebble's, the same bytes in the same minute.
func BenchmarkAppendRatio(b *testing.B) {
	for _, count := range []int{64, 512} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			s, y := openTest(b, b.TempDir(), Options{}), openYard(b)
			store, yard := storeWriters(b, s, count), yardWriters(y, count)
			var ratios, ours, theirs, cost, rawCost []float64
			const total = 200_000 // several memtables: in a shorter round one side's flushes may always fall into the other's
			for round := 0; b.Loop(); round++ {
				// Each goes first in turn: flushes of one run into the other's time.
				var mine, raw, mineCost, theirCost float64
				if round%2 == 0 {
					mine, mineCost = measured(b, total, store)
				}
				raw, theirCost = measured(b, total, yard)
				if round%2 == 1 {
					mine, mineCost = measured(b, total, store)
				}
				ratios, ours, theirs = append(ratios, mine/raw), append(ours, mine), append(theirs, raw)
				cost, rawCost = append(cost, mineCost), append(rawCost, theirCost)
			}
			b.ReportMetric(meanBatch(s), "entries/sync")
			b.ReportMetric(float64(y.puts.Load())/float64(y.syncs.Load()), "raw-entries/sync")
			b.ReportMetric(median(cost), "cpu-ns/append")
			b.ReportMetric(median(rawCost), "raw-cpu-ns/append")
			b.ReportMetric(median(ratios), "ratio")
			b.ReportMetric(median(ours), "appends/s")
			b.ReportMetric(median(theirs), "raw-appends/s")
			b.ReportMetric(probeSync(b), "fsync-us")
		})
	}
}

// measured is load with the processor time of an append in nanoseconds.
func measured(b *testing.B, total int64, writers []appender) (perSecond, cpu float64) {
	begin := processTime()
	perSecond = load(b, total, writers)
	return perSecond, float64((processTime() - begin).Nanoseconds() / total)
}

// meanBatch is how many entries one sync made durable.
func meanBatch(s *Store) float64 {
	var m dto.Metric
	if err := s.metrics.batchEntries.Write(&m); err != nil {
		return 0
	}
	return m.GetHistogram().GetSampleSum() / float64(m.GetHistogram().GetSampleCount())
}

// processTime is the processor time that the process has taken: it drifts less
// than rates do on a shared machine.
func processTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// probeSync is what one sync of 16 KiB costs now: a figure without it means
// nothing on a shared disk.
func probeSync(b *testing.B) float64 {
	file, err := os.CreateTemp(b.TempDir(), "probe")
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	var costs []float64
	for range 100 {
		begin := time.Now()
		if _, err := file.Write(make([]byte, 16<<10)); err != nil {
			b.Fatal(err)
		}
		if err := file.Sync(); err != nil {
			b.Fatal(err)
		}
		costs = append(costs, float64(time.Since(begin).Microseconds()))
	}
	return median(costs)
}

// BenchmarkClaim is a claim of a released session with 20 entries.
func BenchmarkClaim(b *testing.B) {
	s := openTest(b, b.TempDir(), Options{})
	ref := storetest.NewRef("acme")
	term := storetest.Create(b, s, ref, storetest.NewVisitor())
	storetest.Append(b, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, 20)})
	b.ReportAllocs()
	for b.Loop() {
		s.Release(ref)
		storetest.Claim(b, s, engine.Claim{Ref: ref, Tail: 20})
	}
}

// BenchmarkCreate makes sessions of new visitors, 64 at a time.
func BenchmarkCreate(b *testing.B) {
	s := openTest(b, b.TempDir(), Options{})
	var writers []appender
	for range 64 {
		writers = append(writers, func() error {
			storetest.Create(b, s, storetest.NewRef("acme"), storetest.NewVisitor())
			return nil
		})
	}
	b.ResetTimer()
	b.ReportMetric(load(b, int64(b.N), writers), "creates/s")
}
