package routing_test

import (
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// TestGivenUpGoesInNoCircle: who was given up while service was there is told that it
// may wait again once service has gone and returned, and not at once.
func TestGivenUpGoesInNoCircle(t *testing.T) {
	for _, why := range []engine.Cause{engine.CauseQueueTimeout, engine.CauseVisitorLeft} {
		tenant := shop(1, "ada")
		tenant.Departments[0].ResumeUnattended = true
		d := newDesk(t, tenant)
		d.routable("ada")
		d.arrive(1)
		d.accept(1)
		d.arrive(2)
		told := func(want bool) {
			t.Helper()
			if e, got := did[routing.Resume](d); got != want {
				t.Errorf("%s: told that it may wait again: %v, %+v, want %v", why, got, e, want)
			}
		}
		d.report(2, func(row *engine.Row) { row.State, row.Service.Aside = engine.StateUnattended, why })
		told(false)
		d.report(2, func(*engine.Row) {}) // its visitor has come back
		told(false)
		d.gone("ada")
		told(false)
		d.routable("ada")
		told(true)
		d.report(2, func(*engine.Row) {}) // its visitor is not there
		told(false)
		d.report(1, func(row *engine.Row) { row.State, row.Service.Aside = engine.StateUnattended, engine.CauseNobody })
		told(true)
	}
}
