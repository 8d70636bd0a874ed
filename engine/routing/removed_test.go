package routing_test

import (
	"slices"
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// deferred lists the sessions that became messages in the last step.
func (d *desk) deferred() (all []int) {
	for _, e := range d.effects {
		if e, ok := e.(routing.Defer); ok {
			if e.Cause != engine.CauseDepartmentClosed {
				d.Errorf("session %d: cause %v", number(e.Session.Session), e.Cause)
			}
			all = append(all, number(e.Session.Session))
		}
	}
	slices.Sort(all)
	return all
}

// twoLines is a tenant of two departments; specialist serves the second only.
func twoLines(all bool) *engine.Tenant {
	t := &engine.Tenant{
		Departments: []engine.Department{{ID: "sales"}, {ID: "support"}},
		Operators:   []engine.Operator{{ID: "ada", Capacity: 1, Departments: []engine.DepartmentID{"sales"}}},
	}
	if all {
		t.Operators = append(t.Operators, engine.Operator{ID: "eve", Capacity: 1})
	}
	return t
}

func without(t *engine.Tenant, d engine.DepartmentID) *engine.Tenant {
	t.ID = "acme"
	t.Departments = slices.DeleteFunc(t.Departments, func(other engine.Department) bool { return other.ID == d })
	t.EnsureDefaults()
	return t
}

// Who waits in a department that the configuration no longer names becomes a message,
// unless somebody serves all departments: nobody is left waiting for nobody (I4).
func TestWhoWaitsInARemovedDepartment(t *testing.T) {
	for _, servesAll := range []bool{false, true} {
		d := newDesk(t, twoLines(servesAll))
		inSupport := func(row *engine.Row) { row.Department = "support" }
		d.arrive(1, inSupport)
		d.arrive(2)
		d.step(routing.Configure{Tenant: without(twoLines(servesAll), "support")})
		if got, want := d.deferred(), []int{1}; slices.Equal(got, want) == servesAll {
			t.Errorf("somebody serves all %v: deferred %v", servesAll, got)
		}
		d.arrive(3, inSupport) // as one that was released there
		if got, want := d.deferred(), []int{3}; slices.Equal(got, want) == servesAll {
			t.Errorf("somebody serves all %v: later deferred %v", servesAll, got)
		}
		d.routable("ada")
		if d.offers[2].Operator != "ada" {
			t.Errorf("the other department's: got %+v", d.offers[2])
		}
		if servesAll {
			d.routable("eve")
			if d.offers[1].Operator != "eve" {
				t.Errorf("served by who serves all: got %+v", d.offers[1])
			}
		}
	}
}

// The same when the server starts with it: no router knew the department.
func TestARestartWithoutTheDepartment(t *testing.T) {
	d := newDesk(t, without(twoLines(false), "support"))
	row := &engine.Row{
		Ref: engine.SessionRef{Tenant: "acme", Session: sessionID(1)}, State: engine.StateQueued, Epoch: 1, Department: "support",
		FirstQueued: d.now, Weight: 1000, Service: engine.Service{Queued: d.now},
	}
	d.step(routing.SessionIs{Row: row, Recovered: true})
	if got := d.deferred(); !slices.Equal(got, []int{1}) {
		t.Errorf("deferred: got %v, want session 1", got)
	}
}

// A change says in which line a session was shown before: whoever serves that one, and
// not the one that it waits in, sees it go.
func TestAChangeSaysWhereASessionWaitedBefore(t *testing.T) {
	d := newDesk(t, twoLines(true))
	d.arrive(1)
	d.arrive(2)
	moved, closed := *d.rows[1], *d.rows[2]
	moved.Department, closed.State = "support", engine.StateClosed
	for _, step := range []struct {
		row        *engine.Row
		rows, gone int
		was        engine.DepartmentID
	}{{&moved, 1, 0, "sales"}, {&closed, 0, 1, "sales"}} {
		d.step(routing.SessionIs{Row: step.row})
		said := 0
		for _, e := range d.effects {
			e, is := e.(routing.Show)
			if !is {
				continue
			}
			if said++; len(e.Queue.Rows) != step.rows || len(e.Queue.Gone) != step.gone || !slices.Equal(e.Was, []engine.DepartmentID{step.was}) {
				t.Errorf("session %s: got %+v, before %q", step.row.Ref.Session, e.Queue, e.Was)
			}
		}
		if said != 1 {
			t.Errorf("session %s: %d changes, want 1", step.row.Ref.Session, said)
		}
	}
}

// A transfer to a department that is removed while somebody there is asked fails when
// that offer ends: nobody is left who could be.
func TestATransferToARemovedDepartment(t *testing.T) {
	tenant := twoLines(false)
	tenant.Operators = append(tenant.Operators, engine.Operator{ID: "sam", Capacity: 1, Departments: []engine.DepartmentID{"support"}})
	d := newDesk(t, tenant)
	d.routable("ada", "sam")
	d.arrive(1)
	d.accept(1)
	d.report(1, func(row *engine.Row) {
		row.Service.Transfer = &engine.Transfer{ID: 7, Target: engine.Target{Department: "support"}, By: "ada"}
	})
	d.want(1, "sam")
	d.step(routing.Configure{Tenant: without(twoLines(false), "support")})
	d.decline(1)
	if failed, ok := did[routing.TransferFailed](d); !ok || failed.Transfer != 7 {
		t.Errorf("got %+v", d.effects)
	}
}
