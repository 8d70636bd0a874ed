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

// Whoever serves the department that a session has left is told that it has gone
// there; whoever serves both, or the new one, gets the row.
func TestASessionThatMovesHasGoneForThoseWhoServedIt(t *testing.T) {
	tenant := twoLines(true)
	tenant.Operators = append(tenant.Operators, engine.Operator{ID: "sam", Capacity: 1, Departments: []engine.DepartmentID{"support"}})
	d := newDesk(t, tenant)
	d.arrive(1)
	moved := *d.rows[1]
	moved.Department = "support"
	d.step(routing.SessionIs{Row: &moved})
	var q *engine.Queue
	for _, e := range d.effects {
		if e, ok := e.(routing.Show); ok {
			q = e.Queue
		}
	}
	if q == nil || len(q.Rows) != 1 {
		t.Fatalf("published: %+v", q)
	}
	for _, want := range []struct {
		to         engine.OperatorID
		rows, gone int
	}{{"ada", 0, 1}, {"sam", 1, 0}, {"eve", 1, 0}, {"stranger", 0, 0}} {
		got := d.router.For(want.to, q)
		if len(got.Rows) != want.rows || len(got.Gone) != want.gone || got.Rev != q.Rev {
			t.Errorf("%s: got %+v, want %d rows and %d gone", want.to, got, want.rows, want.gone)
		}
	}
	d.arrive(2)
	for _, e := range d.effects {
		if e, ok := e.(routing.Show); ok && len(d.router.For("sam", e.Queue).Gone) != 0 {
			t.Error("a later change tells it again")
		}
	}
}

// Who does not serve a department does not learn which sessions no longer wait there.
func TestWhoLeavesALineHasGoneForThoseWhoServeIt(t *testing.T) {
	tenant := twoLines(true)
	tenant.Operators = append(tenant.Operators, engine.Operator{ID: "sam", Capacity: 1, Departments: []engine.DepartmentID{"support"}})
	d := newDesk(t, tenant)
	d.arrive(1)
	closed := *d.rows[1]
	closed.State = engine.StateClosed
	d.step(routing.SessionIs{Row: &closed})
	told := false
	for _, e := range d.effects {
		e, ok := e.(routing.Show)
		if !ok || len(e.Queue.Gone) == 0 {
			continue
		}
		told = true
		for to, gone := range map[engine.OperatorID]int{"ada": 1, "eve": 1, "sam": 0, "stranger": 0} {
			if got := d.router.For(to, e.Queue); len(got.Gone) != gone || got.Rev != e.Queue.Rev {
				t.Errorf("%s: got %+v, want %d gone", to, got, gone)
			}
		}
	}
	if !told {
		t.Fatal("nobody was told")
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
