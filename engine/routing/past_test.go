package routing_test

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// An operator's past outlives its configurations: each decision is explained by the
// one that held then, until it is so long ago that nothing is known.
func TestPastIsExplainedByItsOwnConfiguration(t *testing.T) {
	const rounds = 700 // more than twice what is kept
	tenant := func(round int) *engine.Tenant {
		t := shop(3, "ada", "bob")
		t.Departments = append(t.Departments, engine.Department{ID: "support"})
		if round%3 == 0 {
			t.Operators[0].Departments = []engine.DepartmentID{"support"}
		}
		t.EnsureDefaults()
		return t
	}
	d := newDesk(t, tenant(0))
	d.routable("bob")
	decisions := make([]*engine.Decision, rounds)
	explain := func(n int, want string) {
		t.Helper()
		d.step(routing.Explain{Operator: "ada", Decision: decisions[n]})
		if got, _ := did[routing.Explained](d); got.Reason != want {
			t.Fatalf("why not ada in %d: got %s, want %s", n, got.Reason, want)
		}
	}
	for n := range rounds {
		d.step(routing.Configure{Tenant: tenant(n)})
		d.arrive(n + 1)
		d.accept(n + 1)
		decisions[n] = d.offers[n+1].Decision
		d.close(n + 1)
		d.after(time.Second)
		if n == 100 {
			explain(0, "not_member") // the first is known still
		}
	}
	for n := range decisions {
		switch {
		case n < rounds-256:
			explain(n, "unknown")
		case n%3 == 0:
			explain(n, "not_member")
		default:
			explain(n, "not_routable")
		}
	}
}
