package simulate_test

import (
	"testing"

	"github.com/parleyhq/parley/engine/simulate"
)

// BenchmarkRun steps worlds: one operation is a million events with their checks.
func BenchmarkRun(b *testing.B) {
	b.ReportAllocs()
	events := 0
	for b.Loop() {
		events += simulate.Run(simulate.Options{Seed: 22, Events: 1_000_000}).Events
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}
