package bench

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Row is one measurement. Fields that a scenario does not measure are zero.
type Row struct {
	Scenario               string    `json:"scenario"`
	Server                 string    `json:"server"`
	N                      int       `json:"n"`
	Mode                   string    `json:"mode"`
	DeliveriesPerSecond    float64   `json:"deliveries_per_s"`
	MessagesPerSecond      float64   `json:"messages_per_s"`
	ServerCPUPerDelivery   float64   `json:"server_cpu_us_per_delivery"` // µs, user and system
	ServerCPUPerMessage    float64   `json:"server_cpu_us_per_message"`
	P50                    float64   `json:"p50_ms"`
	P99                    float64   `json:"p99_ms"`
	P999                   float64   `json:"p999_ms"`
	Max                    float64   `json:"max_ms"`
	RSSPerConnection       float64   `json:"rss_kib_per_conn"`
	RSSPerSession          float64   `json:"rss_kib_per_session,omitempty"`
	Lost                   int64     `json:"lost"`
	Duplicated             int64     `json:"duplicated"`
	GeneratorLimited       bool      `json:"generator_limited"`
	Transcripts            bool      `json:"transcripts"`
	Repetitions            int       `json:"repetitions"`
	DeliveriesPerSecondAll []float64 `json:"deliveries_per_s_all,omitempty"` // of each repetition
}

// Report is what a run prints with --json: where it ran, and its rows.
type Report struct {
	GoVersion  string `json:"go_version"`
	Commit     string `json:"commit,omitempty"`
	CPUs       int    `json:"cpus"`
	GOMAXPROCS int    `json:"gomaxprocs"`
	OS         string `json:"os"`
	Arch       string `json:"arch"`
	Rows       []Row  `json:"rows"`
}

// NewReport describes this machine and build.
func NewReport(rows ...Row) Report {
	r := Report{
		GoVersion: runtime.Version(), CPUs: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0),
		OS: runtime.GOOS, Arch: runtime.GOARCH, Rows: rows,
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				r.Commit = s.Value
			}
		}
	}
	return r
}

// WriteTable prints rows for people.
func WriteTable(w io.Writer, rows []Row) error {
	const head = "%-8s %6s %-10s %12s %10s %9s %9s %8s %8s %8s %9s %6s %6s\n"
	if _, err := fmt.Fprintf(w, head, "scenario", "n", "mode", "deliveries/s", "messages/s", "µs/deliv.", "µs/msg",
		"p50 ms", "p99 ms", "max ms", "KiB/conn", "lost", "twice"); err != nil {
		return err
	}
	for _, r := range rows {
		note := ""
		if r.GeneratorLimited {
			note = "  (the generator was the bottleneck)"
		}
		if _, err := fmt.Fprintf(w, "%-8s %6d %-10s %12.0f %10.1f %9.2f %9.1f %8.2f %8.2f %8.2f %9.1f %6d %6d%s\n", r.Scenario, r.N, r.Mode,
			r.DeliveriesPerSecond, r.MessagesPerSecond, r.ServerCPUPerDelivery, r.ServerCPUPerMessage,
			r.P50, r.P99, r.Max, r.RSSPerConnection, r.Lost, r.Duplicated, note); err != nil {
			return err
		}
	}
	return nil
}

// Median is the row whose delivery rate is the middle one, with what was lost,
// doubled or limited in any.
func Median(rows []Row) Row {
	sorted := slices.Clone(rows)
	slices.SortFunc(sorted, func(a, b Row) int {
		return int(math.Copysign(1, a.DeliveriesPerSecond-b.DeliveriesPerSecond))
	})
	m := sorted[len(sorted)/2]
	m.Repetitions, m.Lost, m.Duplicated, m.GeneratorLimited = len(rows), 0, 0, false
	m.DeliveriesPerSecondAll = nil
	for _, r := range rows {
		m.Lost += r.Lost
		m.Duplicated += r.Duplicated
		m.GeneratorLimited = m.GeneratorLimited || r.GeneratorLimited
		m.DeliveriesPerSecondAll = append(m.DeliveriesPerSecondAll, r.DeliveriesPerSecond)
	}
	return m
}

// latencies fills a row's percentiles from microseconds.
func (r *Row) latencies(h *hdrhistogram.Histogram) {
	ms := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1000 }
	r.P50, r.P99, r.P999, r.Max = ms(50), ms(99), ms(99.9), float64(h.Max())/1000
}

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, 60_000_000, 3) // 1 µs to 1 min
}
