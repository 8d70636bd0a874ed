package routing_test

import (
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// A message that has been told that it may wait again is not told so once more because
// its actor was rebuilt, before its answer or after it: each time would wake it again.
// One whose visitor comes back is.
func TestARebuiltMessageStaysTold(t *testing.T) {
	tenant := shop(1, "ada")
	tenant.Departments[0].ResumeUnattended = true
	d := newDesk(t, tenant)
	d.arrive(1)
	d.report(1, func(row *engine.Row) { row.State, row.Epoch = engine.StateUnattended, 2 })
	resumed := func(when string, want bool) {
		t.Helper()
		if _, got := did[routing.Resume](d); got != want {
			t.Errorf("%s: told that it may wait again: got %v, want %v", when, got, want)
		}
	}
	rebuilt := func() { d.step(routing.SessionIs{Row: d.rows[1], Recovered: true}) }
	d.routable("ada")
	resumed("service is back", true)
	rebuilt()
	resumed("rebuilt by that", false)
	d.report(1, func(*engine.Row) {})
	resumed("its answer", false)
	rebuilt()
	resumed("rebuilt later", false)
	d.report(1, func(*engine.Row) {})
	resumed("its visitor is back", true)
	d.report(1, func(*engine.Row) {})
	d.step(routing.SessionIs{Recovered: true, Row: func() *engine.Row { row := *d.rows[1]; row.Epoch = 4; return &row }()})
	resumed("set aside once more since, and rebuilt", true)
}
