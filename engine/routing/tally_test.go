package routing_test

import (
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// tallies compares what the router counts with the model, counted anew.
func (w *world) tallies() {
	for _, got := range w.router.Tallies() {
		want := routing.Tally{}
		want.Department = got.Department
		for _, s := range w.model.rows {
			if s.row.Department != got.Department {
				continue
			}
			switch s.row.State {
			case engine.StateQueued:
				want.Waiting++
			case engine.StateOffered:
				want.Offered++
			case engine.StateActive:
				want.Active++
			case engine.StateDetached:
				want.Detached++
			case engine.StateClosing:
				want.Closing++
			case engine.StateUnattended:
				want.Unattended++
			default:
			}
		}
		for _, s := range w.model.visible(got.Department) {
			want.Length++
			if since := s.row.FirstQueued.UTC().Truncate(time.Millisecond); want.OldestSince.IsZero() || since.Before(want.OldestSince) {
				want.OldestSince = since
			}
		}
		want.P50, want.P90 = got.P50, got.P90
		if got != want {
			w.Fatalf("%s: counted %+v, want %+v", got.Department, got, want)
		}
	}
}

// lines checks the figures of the lines that a change is about.
func (w *world) lines(q *engine.Queue) {
	for _, row := range q.Rows {
		l, known := w.router.Line(row.Department)
		if n := len(w.model.visible(row.Department)); !known || n != l.Length || l.Department != row.Department {
			w.Fatalf("%s is said to be %d long (known: %v), it is %d", row.Department, l.Length, known, n)
		}
	}
}
