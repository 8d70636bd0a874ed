package storetest

import (
	"fmt"
	"slices"

	"github.com/parleyhq/parley/engine"
)

// SameRow says how two rows differ, or nothing. Times are compared as instants.
func SameRow(got, want *engine.Row) error {
	g, w := normal(got), normal(want)
	if !slices.Equal(g.Declines, w.Declines) {
		return fmt.Errorf("declines: got %d, want %d, or others", len(g.Declines), len(w.Declines))
	}
	g.Declines, w.Declines = nil, nil
	if fmt.Sprintf("%+v", g) != fmt.Sprintf("%+v", w) {
		return fmt.Errorf("rows differ: got %+v, want %+v", g, w)
	}
	return nil
}

func normal(r *engine.Row) engine.Row {
	row := *r
	row.Started, row.FirstQueued = row.Started.UTC().Round(0), row.FirstQueued.UTC().Round(0)
	row.CloseBy, row.LastActivity = row.CloseBy.UTC().Round(0), row.LastActivity.UTC().Round(0)
	row.Offers = slices.Clone(row.Offers)
	for i := range row.Offers {
		o := &row.Offers[i]
		o.Deadline, o.Waiting = o.Deadline.UTC().Round(0), o.Waiting.UTC().Round(0)
	}
	row.Declines = slices.Clone(row.Declines)
	for i := range row.Declines {
		row.Declines[i].Until = row.Declines[i].Until.UTC().Round(0)
	}
	return row
}
