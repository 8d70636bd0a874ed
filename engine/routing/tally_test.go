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

// lines checks that a change says how long the lines are that it is about, and no
// others to those who do not serve them.
func (w *world) lines(q *engine.Queue) {
	w.router.Lines(q)
	named := map[engine.DepartmentID]bool{}
	for _, l := range q.Lines() {
		if named[l.Department] {
			w.Fatalf("%s twice in one change", l.Department)
		}
		named[l.Department] = true
		if n := len(w.model.visible(l.Department)); n != l.Length {
			w.Fatalf("%s is said to be %d long, it is %d", l.Department, l.Length, n)
		}
	}
	for _, row := range q.Rows {
		if !named[row.Department] {
			w.Fatalf("a row of %s, and nothing of its line", row.Department)
		}
	}
	for _, id := range w.model.roster() {
		mine := w.router.For(id, q)
		for _, l := range mine.Lines() {
			if !w.model.sees(id, l.Department) {
				w.Fatalf("%s is told of %s", id, l.Department)
			}
		}
	}
}
