package actors

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the package's own; all names begin with parley_.
type metrics struct {
	refused     prometheus.Counter
	panics      prometheus.Counter
	deadLetters prometheus.Counter
	entries     *prometheus.CounterVec
	batch       prometheus.Histogram
	rebuilds    *prometheus.CounterVec
	decisions   prometheus.Counter
	leftOut     prometheus.Counter
	violations  *prometheus.CounterVec
	events      *prometheus.CounterVec
	eventsLost  prometheus.Counter
	figures     *figures
}

func newMetrics(registerer prometheus.Registerer, s *System) (*metrics, error) {
	m := &metrics{
		refused:     counter("parley_inbox_refused_total", "Drafts refused because an actor's inbox was full."),
		panics:      counter("parley_actor_panics_total", "Panics that ended an actor's life."),
		deadLetters: counter("parley_dead_letters_total", "Messages to actors that were gone."),
		entries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_entries_total", Help: "Log entries made durable, by kind.",
		}, []string{"kind"}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "parley_session_batch_entries", Help: "Entries that one turn of a session hands to its log.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 9),
		}),
		rebuilds: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_session_rebuilds_total", Help: "Sessions dropped from memory and rebuilt from their log, by cause.",
		}, []string{"cause"}),
		decisions: counter("parley_router_offers_total", "Offers that routers decided on."),
		leftOut:   counter("parley_router_left_out_total", "Sessions left out of the routing because their reports ended the router several times."),
		violations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_invariant_violations_total", Help: "Broken invariants that the checks of the running engine found, by invariant.",
		}, []string{"invariant"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_event_batches_total", Help: "Runs of entries of one session handed to the embedding host, by result.",
		}, []string{"result"}),
		eventsLost: counter("parley_events_lost_total", "Entries without a transcript that were gone before the embedding host took them."),
		figures:    newFigures(),
	}
	if registerer == nil {
		return m, nil
	}
	open := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "parley_open_sessions", Help: "Sessions that are not closed.",
	}, func() float64 { return float64(s.openSessions()) })
	live := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "parley_session_cells", Help: "Sessions known in memory, with or without a running actor.",
	}, func() float64 { return float64(s.sweep.size()) })
	for _, c := range []prometheus.Collector{m.refused, m.panics, m.deadLetters, m.entries, m.batch, m.rebuilds, m.decisions, m.leftOut, m.violations, m.events, m.eventsLost, open, live} {
		if err := registerer.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, m.figures.register(registerer, s)
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
}
