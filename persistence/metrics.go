package persistence

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"
	"github.com/prometheus/client_golang/prometheus"
)

// metrics is what the store tells about itself. No label names a tenant, a
// session or a person.
type metrics struct {
	appendSeconds prometheus.Histogram
	batchEntries  prometheus.Histogram
	entries       prometheus.Counter
	bytes         prometheus.Counter
	refused       prometheus.Counter
	failed        prometheus.Gauge
	full          prometheus.Gauge
	stalls        prometheus.Counter
	slowDisk      prometheus.Counter
	background    prometheus.Counter
	corruptions   prometheus.Counter
}

func newMetrics() *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	return &metrics{
		appendSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "parley_append_seconds", Buckets: prometheus.ExponentialBuckets(50e-6, 2, 16),
			Help: "Time from an append to its sync, of the oldest append of each batch: an upper bound.",
		}),
		batchEntries: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "parley_append_batch_entries", Buckets: prometheus.ExponentialBuckets(1, 2, 14),
			Help: "Entries made durable by one sync.",
		}),
		entries:     counter("parley_append_entries_total", "Entries made durable."),
		bytes:       counter("parley_append_bytes_total", "Bytes of batches made durable."),
		refused:     counter("parley_append_refused_total", "Appends refused because they were fenced or space ran out."),
		failed:      gauge("parley_store_failed", "1 after a write or sync failed: nothing is accepted until the store is opened again."),
		full:        gauge("parley_store_full", "1 while free space is below the reserve and appends are refused."),
		stalls:      counter("parley_store_write_stalls_total", "Times that writes had to wait for flushes or compactions."),
		slowDisk:    counter("parley_store_slow_disk_total", "Disk operations that took longer than five seconds."),
		background:  counter("parley_store_background_errors_total", "Flushes and compactions that did not succeed."),
		corruptions: counter("parley_store_corruptions_total", "Stored blocks and values that failed their check."),
	}
}

// collectors are all of a store's metrics; some are computed when asked for.
func (s *Store) collectors() []prometheus.Collector {
	m := s.metrics
	computed := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	pebbleValue := func(value func(*pebble.Metrics) float64) func() float64 {
		return func() float64 {
			unuse, ok := s.use()
			if !ok {
				return 0
			}
			defer unuse()
			return value(s.db.Metrics())
		}
	}
	return []prometheus.Collector{
		m.appendSeconds, m.batchEntries, m.entries, m.bytes, m.refused, m.failed, m.full, m.stalls, m.slowDisk, m.background, m.corruptions,
		computed("parley_store_sessions", "Sessions that are claimed.", func() float64 { return float64(s.liveSessions()) }),
		computed("parley_store_waiting", "Calls that wait for the writer.", func() float64 { return float64(s.queue.Len()) }),
		computed("parley_keyring_slots", "Slots of the keyring that hold a key.", func() float64 { live, _ := s.ring.Slots(); return float64(live) }),
		computed("parley_store_disk_bytes", "Bytes of the store's files.", pebbleValue(func(m *pebble.Metrics) float64 { return float64(m.DiskSpaceUsage()) })),
		computed("parley_store_compaction_debt_bytes", "Bytes that compactions have still to rewrite.", pebbleValue(func(m *pebble.Metrics) float64 { return float64(m.Compact.EstimatedDebt) })),
	}
}

// register offers the metrics to the host's registry, all or none.
func (s *Store) register() error {
	if s.opts.Registerer == nil {
		return nil
	}
	for _, c := range s.collectors() {
		if err := s.opts.Registerer.Register(c); err != nil {
			s.unregister()
			return errors.Join(errors.New("register the store's metrics"), err)
		}
		s.registered = append(s.registered, c)
	}
	return nil
}

func (s *Store) unregister() {
	for _, c := range s.registered {
		s.opts.Registerer.Unregister(c)
	}
	s.registered = nil
}
