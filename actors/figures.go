package actors

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// What an operator of the platform sees of the service (names: docs/PROTOCOL.md). No
// label names a tenant, a session or a person (I14): departments of one name are added
// up over tenants, and only the first maxDepartments have a label of their own.

const (
	maxDepartments = 200
	otherName      = "other"
	measureEvery   = 5 * time.Second
)

// figures are counted as entries become durable.
type figures struct {
	waits      *prometheus.HistogramVec
	replies    prometheus.Histogram
	offers     *prometheus.CounterVec
	requeued   *prometheus.CounterVec
	matchRound prometheus.Histogram
}

func newFigures() *figures {
	waiting := []float64{1, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200}
	return &figures{
		waits: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "parley_wait_seconds", Help: "How long sessions waited since they were last queued, by how it ended.", Buckets: waiting,
		}, []string{"outcome"}),
		replies: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "parley_first_reply_seconds", Help: "From an assignment to the owner's first message.", Buckets: waiting,
		}),
		offers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_offers_total", Help: "Offers that ended, by how: accepted, or the cause.",
		}, []string{"outcome"}),
		requeued: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_requeued_total", Help: "Sessions that went back to the line, by cause.",
		}, []string{"cause"}),
		matchRound: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "parley_match_round_seconds", Help: "One turn of a router: all that waited in its mailbox.", Buckets: prometheus.ExponentialBuckets(1e-5, 4, 10),
		}),
	}
}

func (f *figures) all() []prometheus.Collector {
	return []prometheus.Collector{f.waits, f.replies, f.offers, f.requeued, f.matchRound}
}

// stopwatch is since when a session waits, and its owner owes a reply. Zero: it does not.
type stopwatch struct {
	waiting, owed time.Time
	owner         engine.OperatorID
}

// resume begins with a session as its log left it.
func (s *stopwatch) resume(row *engine.Row) {
	*s = stopwatch{}
	switch row.State {
	case engine.StateQueued, engine.StateOffered:
		s.waiting = row.Service.Queued
	case engine.StateActive, engine.StateDetached:
		if !row.Service.Replied {
			s.owed, s.owner = row.Service.Assigned, row.Owner
		}
	default:
	}
}

// entry counts a durable entry.
func (f *figures) entry(s *stopwatch, e *engine.Entry) {
	switch e.Kind {
	case engine.KindSessionQueued:
		s.waiting = e.At
	case engine.KindSessionRequeued:
		s.waiting, s.owed = e.At, time.Time{}
		f.requeued.WithLabelValues(e.Cause.String()).Inc()
	case engine.KindOfferEnded:
		f.offers.WithLabelValues(e.Cause.String()).Inc()
	case engine.KindSessionAssigned:
		if e.Offer != 0 {
			f.offers.WithLabelValues("accepted").Inc()
		}
		f.waited(s, "assigned", e.At)
		s.owed, s.owner = e.At, e.Operator
	case engine.KindSessionUnattended:
		f.waited(s, "unattended", e.At)
	case engine.KindSessionClosing, engine.KindSessionRefused:
		f.waited(s, e.Cause.String(), e.At)
		s.owed = time.Time{}
	case engine.KindMessageNew:
		if s.isReply(e) {
			f.replies.Observe(e.At.Sub(s.owed).Seconds())
			s.owed = time.Time{}
		}
	default:
	}
}

// isReply reports whether an entry is the message that the owner owes.
func (s *stopwatch) isReply(e *engine.Entry) bool {
	return e.Kind == engine.KindMessageNew && !s.owed.IsZero() && e.Author == (engine.Author{Kind: engine.AuthorOperator, Operator: s.owner}) && e.IsVisible(engine.VisibleToAll)
}

func (f *figures) waited(s *stopwatch, outcome string, at time.Time) {
	if !s.waiting.IsZero() {
		f.waits.WithLabelValues(outcome).Observe(at.Sub(s.waiting).Seconds())
		s.waiting = time.Time{}
	}
}

// measure asks a router for its figures.
type measure struct{}

// measured are a router's figures of a moment.
type measured struct {
	lines  []routing.Fairness
	census routing.Census
}

// measurable is a routing.Router.
type measurable interface {
	Fairness() []routing.Fairness
	Census() routing.Census
}

func (a *routerActor) measure(now time.Time) {
	if rules, ok := a.rules.(measurable); ok {
		a.step(routing.Tick{}, now) // ages are counted up to now
		a.h.measured.Store(&measured{rules.Fairness(), rules.Census()})
	}
}

// measure asks all routers that have ever run. Nobody waits for the answer: a scrape
// gets the last one.
func (s *System) measure() {
	for _, t := range s.tenancies() {
		if t.router.isAwake() {
			t.router.tell(measure{})
		}
	}
}

// gauges is a prometheus.Collector of what routers said last.
type gauges struct{ sys *System }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("parley_"+name, help, labels, nil)
}

// Describe sends nothing: which lines there are is not known beforehand.
func (gauges) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (g gauges) Collect(out chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	sum := g.sum()
	byState := desc("sessions", "Open sessions, by state.", "state")
	for state := engine.StateQueued; state <= engine.StateUnattended; state++ {
		if state.IsOpen() {
			send(byState, float64(sum.states[state]), state.String())
		}
	}
	send(desc("detached_sessions", "Sessions whose owner's connection is lost."), float64(sum.states[engine.StateDetached]))
	depth := desc("queue_depth", "Sessions that wait and are not offered, by department.", "department")
	jain := desc("load_fairness_jain", "Jain's index of the load of a department's routable operators; 1 is even.", "department")
	for name, l := range sum.lines {
		send(depth, float64(l.Waiting), name)
		send(jain, l.Jain, name)
	}
	send(desc("queue_oldest_seconds", "How long the session that has waited longest has waited."), sum.oldest.Seconds())
	send(desc("queue_overtakes_max", "Seconds by which a session of equal needs was overtaken, at most, since the start."), sum.overtaken.Seconds())
	people := desc("operator_state", "Operators, by state.", "state")
	send(people, float64(sum.accepting), "accepting")
	send(people, float64(sum.present), "present")
	send(people, float64(sum.gone), "gone")
	send(desc("overload_operators", "Operators who carry more than their capacity."), float64(sum.overload))
	send(desc("router_mailbox_depth", "What waits for routers, all of them together."), float64(sum.mailbox))
	send(desc("frozen_sessions", "Sessions that are frozen because an invariant was broken."), float64(g.sys.alarm.frozenNow()))
	if g.sys.feed != nil {
		send(desc("events_pending_sessions", "Sessions of which the embedding host has not taken all entries."), float64(g.sys.feed.pending()))
	}
}

// total is all routers' figures together.
type total struct {
	states                             map[engine.State]int
	lines                              map[string]routing.Fairness
	oldest, overtaken                  time.Duration
	accepting, present, gone, overload int
	mailbox                            int
}

func (g gauges) sum() total {
	t := total{states: map[engine.State]int{}, lines: map[string]routing.Fairness{}}
	all := g.sys.tenancies()
	for _, id := range slices.Sorted(maps.Keys(all)) { // in one order: else each scrape would name other departments
		tn := all[id]
		t.mailbox += tn.router.backlog()
		m := tn.router.measured.Load()
		if m == nil {
			continue
		}
		for state, n := range m.census.Sessions {
			t.states[state] += n
		}
		t.accepting, t.present = t.accepting+m.census.Accepting, t.present+m.census.Present
		t.gone, t.overload = t.gone+m.census.Gone, t.overload+m.census.Overload
		for _, l := range m.lines {
			t.line(l)
		}
	}
	return t
}

// line adds a department up with those of its name.
func (t *total) line(l routing.Fairness) {
	name := string(l.Department)
	all, known := t.lines[name]
	if !known && len(t.lines) >= maxDepartments {
		name = otherName
		all, known = t.lines[name]
	}
	if !known {
		all.Jain = 1
	}
	all.Waiting += l.Waiting
	all.Jain = min(all.Jain, l.Jain)
	t.lines[name] = all
	t.oldest, t.overtaken = max(t.oldest, l.Oldest), max(t.overtaken, l.Overtaken)
}

// backlog is how much waits on the control lane.
func (c *cell) backlog() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.control)
}

// frozenNow is how many sessions are frozen.
func (a *alarm) frozenNow() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.frozen)
}

// register registers what this file counts.
func (f *figures) register(to prometheus.Registerer, s *System) error {
	for _, c := range append(f.all(), gauges{s}) {
		if err := to.Register(c); err != nil {
			return fmt.Errorf("register metrics: %w", err)
		}
	}
	return nil
}
