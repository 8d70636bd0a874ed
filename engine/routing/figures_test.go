package routing_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// TestOvertakenCountsWhoCouldHaveBeenServed: not who had turned the operator down, not
// who is passed over by a pick, and not who overtakes because it was boosted.
func TestOvertakenCountsWhoCouldHaveBeenServed(t *testing.T) {
	tenant := shop(1, "ada", "bob")
	d := newDesk(t, tenant)
	overtaken := func(want time.Duration) {
		t.Helper()
		if got := d.router.Fairness()[0].Overtaken; got != want {
			t.Errorf("overtaken by %s, want %s", got, want)
		}
	}
	d.routable("ada")
	d.arrive(1)
	d.decline(1)
	d.after(30 * time.Second)
	d.arrive(2) // ada takes it: she has just turned down the other
	d.want(2, "ada")
	overtaken(0)
	d.accept(2)
	d.arrive(3)
	d.now = d.now.Add(10 * time.Second)
	d.arrive(4)
	d.routable("bob") // bob has turned nobody down
	d.want(1, "bob")
	d.accept(1)
	d.close(2)
	d.want(3, "ada")
	d.accept(3)
	d.now = d.now.Add(10 * time.Second)
	d.arrive(5)
	d.rows[5].Service.Warned = true // she takes more than she has room for
	d.step(routing.Pick{Session: sessionID(5), Operator: "ada", Epoch: 1, Force: true})
	d.accept(5)
	overtaken(0)
	d.close(1)
	d.want(4, "bob")
	d.arrive(6)
	d.now = d.now.Add(20 * time.Second)
	d.arrive(7, func(row *engine.Row) { row.Priority = 1 })
	d.accept(4)
	d.close(4)
	d.want(6, "", 7, "bob")
	overtaken(20 * time.Second)
}

// TestOldestHasWaited: how long somebody has waited now, wherever in line it is, and
// not since it first came.
func TestOldestHasWaited(t *testing.T) {
	d := newDesk(t, shop(1, "ada"))
	d.arrive(1, func(row *engine.Row) { row.FirstQueued, row.Boost = d.now.Add(-time.Hour), engine.RequeueBoost })
	d.now = d.now.Add(time.Minute)
	d.arrive(2, func(row *engine.Row) { row.Priority = engine.MaxPriority })
	if got := d.router.Fairness()[0].Oldest; got != time.Minute {
		t.Errorf("got %s, want a minute", got)
	}
	d.close(1)
	d.after(time.Second)
	if got := d.router.Fairness()[0].Oldest; got != time.Second {
		t.Errorf("got %s, want a second", got)
	}
}

// TestNeedsThatDoNotHoldMakeNoClass: at the last step sessions with needs of their own
// wait among the others, else each visitor could make every decision dearer.
func TestNeedsThatDoNotHoldMakeNoClass(t *testing.T) {
	tenant := shop(1, "ada")
	tenant.Departments[0].Steps = []engine.Step{{For: time.Minute}, {}}
	d := newDesk(t, tenant)
	hard := engine.Need{Skill: "lang:fr", Hard: true}
	for n := range 50 {
		d.arrive(n+1, func(row *engine.Row) {
			row.Service.Needs = []engine.Need{{Skill: fmt.Sprint("made up ", n)}}
			if n%2 == 0 {
				row.Service.Needs = append(row.Service.Needs, hard)
			}
		})
	}
	d.after(time.Minute)
	if got := d.router.Waiting(); got != 2 {
		t.Errorf("they wait in %d classes, want two: with the hard need and without", got)
	}
	d.routable("ada")
	d.want(1, "", 2, "ada")
}

// TestNobodyCame: who comes just after a start, before it is known whether anybody is
// there, is judged once it is; who waited before the start is not.
func TestNobodyCame(t *testing.T) {
	for _, c := range []struct {
		name   string
		silent engine.OperatorID // who says nothing yet
		there  bool
		want   bool
	}{
		{"nobody is there", "ada", false, true},
		{"somebody comes", "ada", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			tenant := shop(1, "ada")
			tenant.Departments[0].WhenNobody = engine.OtherwiseUnattended
			d := &desk{TB: t, router: routing.New(), now: epoch0, rows: map[int]*engine.Row{}, offers: map[int]routing.Offer{}, load: map[engine.OperatorID]routing.LoadIs{}, status: map[engine.DepartmentID]engine.Status{}, places: map[int]routing.PositionIs{}}
			tenant.EnsureDefaults()
			d.step(routing.Configure{Tenant: tenant})
			d.arrive(1, func(row *engine.Row) { row.FirstQueued = epoch0.Add(-time.Minute) })
			d.arrive(2)
			d.arrive(3)
			if _, deferred := did[routing.Defer](d); deferred {
				t.Error("sent away before it is known who is there")
			}
			if c.there {
				d.routable(c.silent)
			}
			d.after(engine.DefaultOperatorGrace)
			away := map[int]bool{}
			for _, e := range d.effects {
				if e, is := e.(routing.Defer); is && e.Cause == engine.CauseNobody {
					away[number(e.Session.Session)] = true
				}
			}
			if away[1] || away[2] != c.want || away[3] != c.want {
				t.Errorf("sent away: %v", away)
			}
		})
	}
}

// TestLongestIdleIsWithoutAChat: an offer that comes to nothing is no chat.
func TestLongestIdleIsWithoutAChat(t *testing.T) {
	tenant := shop(1, "ada", "bob")
	tenant.Departments[0].Strategy = engine.LongestIdle
	d := newDesk(t, tenant)
	d.routable("ada")
	d.arrive(1)
	d.accept(1)
	d.close(1) // ada has had a chat
	d.after(time.Minute)
	d.routable("bob")
	d.arrive(2)
	d.want(2, "bob")
	d.accept(2)
	d.close(2) // and bob, later
	d.after(time.Minute)
	d.arrive(3)
	d.want(3, "ada")
	d.decline(3) // she has still been without one for longer
	d.close(3)
	d.arrive(4)
	d.want(4, "ada")
}

// TestHandedOnWaitsBeforeNewcomers: whom somebody hands on to a busy department is served
// there before those who came before it, whatever their priority, and the wait is no overtaking.
func TestHandedOnWaitsBeforeNewcomers(t *testing.T) {
	tenant := shop(1, "ada", "bob")
	tenant.Departments = append(tenant.Departments, engine.Department{ID: "support"})
	tenant.Operators[0].Departments, tenant.Operators[1].Departments = []engine.DepartmentID{"sales"}, []engine.DepartmentID{"support"}
	d := newDesk(t, tenant)
	d.routable("ada", "bob")
	inSupport := func(row *engine.Row) { row.Department, row.Priority = "support", engine.MaxPriority }
	d.arrive(1, inSupport)
	d.accept(1)
	d.arrive(2, inSupport)
	d.after(time.Minute)
	d.arrive(3)
	d.accept(3)
	d.report(3, transferTo(10, engine.Target{Department: "support"}, engine.OrWait))
	d.close(1)
	d.want(2, "", 3, "bob")
	if got := d.router.Fairness()[1].Overtaken; got != 0 {
		t.Errorf("overtaken by %s", got)
	}
}
