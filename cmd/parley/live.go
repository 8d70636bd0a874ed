package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// readings are what the live line and the summary say, taken from the same
// registry that /metrics serves.
type readings struct {
	connections float64
	messages    float64
	sessions    float64
	appends     buckets // seconds until durable
}

// buckets are a histogram's cumulative counts by upper bound, the last of
// which is infinite.
type buckets struct {
	bounds []float64
	counts []uint64
}

func read(gatherer prometheus.Gatherer) readings {
	families, _ := gatherer.Gather() // what could be gathered is what is shown
	var r readings
	for _, family := range families {
		switch family.GetName() {
		case "parley_ws_connections":
			r.connections = total(family, "", "")
		case "parley_entries_total":
			r.messages = total(family, "kind", kindMessage)
			r.sessions = total(family, "kind", kindStarted)
		case "parley_append_seconds":
			r.appends = histogram(family)
		}
	}
	return r
}

// The kinds of entry that are counted, as the metric's label writes them.
const (
	kindMessage = "message.new"
	kindStarted = "session.started"
)

// total adds a family's values, or those that carry a label.
func total(family *dto.MetricFamily, label, value string) float64 {
	sum := 0.0
	for _, metric := range family.GetMetric() {
		carries := label == ""
		for _, pair := range metric.GetLabel() {
			carries = carries || pair.GetName() == label && pair.GetValue() == value
		}
		if carries {
			sum += metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
		}
	}
	return sum
}

func histogram(family *dto.MetricFamily) buckets {
	var b buckets
	for _, metric := range family.GetMetric() {
		for _, bucket := range metric.GetHistogram().GetBucket() {
			b.bounds = append(b.bounds, bucket.GetUpperBound())
			b.counts = append(b.counts, bucket.GetCumulativeCount())
		}
		b.bounds = append(b.bounds, math.Inf(1))
		b.counts = append(b.counts, metric.GetHistogram().GetSampleCount())
	}
	return b
}

// quantile is the smallest bound under which a share of what came since an
// earlier reading lies; false when nothing came.
func (b buckets) quantile(q float64, since buckets) (bound float64, ok bool) {
	grown := make([]uint64, len(b.counts))
	for i, count := range b.counts {
		grown[i] = count
		if len(since.counts) == len(b.counts) {
			grown[i] -= since.counts[i]
		}
	}
	if len(grown) == 0 || grown[len(grown)-1] == 0 {
		return 0, false
	}
	want := uint64(math.Ceil(q * float64(grown[len(grown)-1])))
	i := slices.IndexFunc(grown, func(count uint64) bool { return count >= want })
	return b.bounds[i], true
}

// describe says how long it took until entries were durable; empty when there
// were none.
func (b buckets) describe(since buckets) string {
	bound, ok := b.quantile(0.99, since)
	switch {
	case !ok:
		return ""
	case math.IsInf(bound, 1):
		return fmt.Sprintf(", on disk later than %s (p99)", seconds(b.bounds[len(b.bounds)-2]))
	}
	return fmt.Sprintf(", on disk within %s (p99)", seconds(bound))
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(10 * time.Microsecond)
}

// liveLine rewrites one line of a terminal every second.
type liveLine struct {
	out  io.Writer
	stop chan struct{}
	done sync.WaitGroup
}

// startLiveLine begins a line, if out is a terminal; finish ends it.
func startLiveLine(out io.Writer, gatherer prometheus.Gatherer) *liveLine {
	l := &liveLine{out: out, stop: make(chan struct{})}
	if isTerminal(out) {
		l.done.Go(func() { l.run(gatherer) })
	}
	return l
}

func (l *liveLine) run(gatherer prometheus.Gatherer) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	before := read(gatherer)
	for {
		select {
		case <-l.stop:
			fmt.Fprint(l.out, "\r\x1b[K")
			return
		case <-tick.C:
			now := read(gatherer)
			fmt.Fprintf(l.out, "\r\x1b[K%s", lineOf(now, before))
			before = now
		}
	}
}

// finish clears the line and waits for its goroutine.
func (l *liveLine) finish() {
	close(l.stop)
	l.done.Wait()
}

// lineOf says what a second brought.
func lineOf(now, before readings) string {
	return fmt.Sprintf("%.0f connections, %.0f messages/s", now.connections, now.messages-before.messages) + now.appends.describe(before.appends)
}

// summary says what the whole run brought.
func (r readings) summary() string {
	return fmt.Sprintf("chats: %.0f, messages: %.0f", r.sessions, r.messages) + r.appends.describe(buckets{})
}

// isTerminal reports whether somebody watches.
func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
