package routing_test

import (
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// The tests here are named for the failures that users of such systems report:
// each tells the story in which it would show.

func TestFailure01_slot_freed_goes_to_who_waits(t *testing.T) {
	d := newDesk(t, shop(1, "ada"))
	d.routable("ada")
	d.arrive(1)
	d.accept(1)
	d.after(10 * time.Second)
	d.arrive(2)
	d.after(10 * time.Second)
	d.arrive(3)
	d.close(1)
	d.want(2, "ada", 3, "")
	d.arrive(4) // comes in the moment the slot is free again
	d.accept(2)
	d.close(2)
	d.want(3, "ada", 4, "")
}

func TestFailure02_oldest_first(t *testing.T) {
	d := newDesk(t, shop(1, "ada", "bob", "cem"))
	for n := 9; n >= 1; n-- { // reports come in any order, age decides
		d.arrive(n, func(row *engine.Row) { row.FirstQueued = epoch0.Add(time.Duration(n) * time.Second) })
	}
	d.routable("ada", "bob", "cem")
	d.want(1, "ada", 2, "bob", 3, "cem", 4, "", 9, "")
}

func TestFailure03_nobody_there_at_first(t *testing.T) {
	d := newDesk(t, shop(1, "ada"))
	d.arrive(1)
	d.after(8 * time.Hour)
	d.want(1, "")
	d.routable("ada")
	d.want(1, "ada")
}

func TestFailure04_a_line_instead_of_overload(t *testing.T) {
	d := newDesk(t, shop(3, "ada", "bob"))
	d.routable("ada", "bob")
	for n := 1; n <= 20; n++ {
		d.arrive(n)
	}
	for _, id := range []engine.OperatorID{"ada", "bob"} {
		if got := d.load[id]; got.Used != 3000 || got.Open != 3 {
			t.Errorf("%s: got %+v, want 3 chats of 3", id, got)
		}
	}
	d.want(6, d.offered(6), 7, "")
}

func TestFailure05_the_very_old_are_served_first(t *testing.T) {
	d := newDesk(t, shop(1, "ada"))
	d.arrive(1, func(row *engine.Row) { row.FirstQueued = epoch0.Add(-60 * 24 * time.Hour) })
	d.arrive(2)
	d.arrive(3, func(row *engine.Row) { row.Priority = engine.MaxPriority })
	d.routable("ada")
	d.want(1, "ada", 2, "", 3, "")
}

func TestFailure10_order_of_reports_does_not_matter(t *testing.T) {
	for _, order := range [][]int{{1, 2, 3}, {3, 2, 1}, {2, 3, 1}} {
		d := newDesk(t, shop(1, "ada", "bob"))
		for _, n := range order {
			d.arrive(n, func(row *engine.Row) { row.FirstQueued = epoch0.Add(time.Duration(n) * time.Millisecond) })
		}
		for range 5 { // one browser polls all the time
			d.report(3, func(*engine.Row) {})
		}
		d.routable("ada", "bob")
		d.want(1, "ada", 2, "bob", 3, "")
	}
}

func TestFailure11_every_line_moves(t *testing.T) {
	tenant := shop(1, "ada")
	tenant.Departments = append(tenant.Departments, engine.Department{ID: "support"}, engine.Department{ID: "billing"})
	tenant.Operators = append(tenant.Operators,
		engine.Operator{ID: "bob", Capacity: 1, Departments: []engine.DepartmentID{"support"}},
		engine.Operator{ID: "cem", Capacity: 1, Departments: []engine.DepartmentID{"billing"}})
	tenant.Operators[0].Departments = []engine.DepartmentID{"sales"}
	d := newDesk(t, tenant)
	for n, line := range []engine.DepartmentID{"sales", "support", "billing"} {
		d.arrive(n+1, func(row *engine.Row) { row.Department = line })
	}
	d.routable("cem", "bob", "ada")
	d.want(1, "ada", 2, "bob", 3, "cem")
}

func TestFailure12_positions_are_right_and_told(t *testing.T) {
	d := newDesk(t, shop(1, "ada"))
	d.routable("ada")
	for n := 1; n <= 5; n++ {
		d.arrive(n)
		d.now = d.now.Add(time.Second)
	}
	d.accept(1)
	d.after(0)
	for n := 2; n <= 5; n++ {
		if got := d.places[n].Position; got != n-1 {
			t.Errorf("session %d is number %d, want %d", n, got, n-1)
		}
	}
	d.close(3) // one gives up
	if d.after(time.Second); d.places[5].Position != 4 {
		t.Errorf("told again after a second: %+v", d.places[5])
	}
	if d.after(engine.PositionEvery - time.Second); d.places[4].Position != 2 || d.places[5].Position != 3 {
		t.Errorf("got %d and %d, want 2 and 3", d.places[4].Position, d.places[5].Position)
	}
	clear(d.places)
	if d.after(engine.PositionRefresh - time.Second); len(d.places) > 1 {
		t.Errorf("told without a change after %s: %v", engine.PositionRefresh-time.Second, d.places)
	}
	if d.after(time.Second); len(d.places) != 3 {
		t.Errorf("not told again after %s: %v", engine.PositionRefresh, d.places)
	}
}

func TestFailure13_waits_come_from_the_pace_of_assignments(t *testing.T) {
	d := newDesk(t, shop(1, "ada"))
	d.routable("ada")
	for n := 1; n <= 12; n++ {
		d.arrive(n)
	}
	for n := 1; n <= 6; n++ {
		d.now = d.now.Add(30 * time.Second)
		d.accept(n)
		d.after(0)
		if p50 := d.places[n+1].P50; (p50 != 0) != (n >= engine.WaitSamples) {
			t.Errorf("after %d assignments the wait is said to be %s", n, p50)
		}
		d.close(n)
	}
	d.after(engine.PositionEvery)
	for n := 7; n <= 12; n++ { // one assignment per 30 s, without spread
		want := time.Duration(n-6) * 30 * time.Second
		if got := d.places[n]; (got.P50-want).Abs() > time.Second || (got.P90-want).Abs() > time.Second {
			t.Errorf("session %d at %d: got %s and %s, want %s", n, got.Position, got.P50, got.P90, want)
		}
	}
	d.gone("ada")
	if d.after(engine.PositionRefresh); d.places[9].P50 != 0 {
		t.Errorf("nobody is there, and the wait is %s", d.places[9].P50)
	}
}

func TestFailure14_out_of_turn_only_by_pick(t *testing.T) {
	tenant := shop(1, "ada", "bob")
	tenant.Departments[0].Strategy = engine.Manual
	d := newDesk(t, tenant)
	d.routable("ada", "bob")
	d.arrive(1)
	d.arrive(2)
	d.want(1, "", 2, "")
	d.step(routing.Pick{Session: sessionID(2), Operator: "ada", Epoch: 1, Request: 1})
	if d.want(2, "ada"); !d.offers[2].Direct || d.offers[2].Decision.Rule != "pick" {
		t.Errorf("got %+v", d.offers[2])
	}
	d.step(routing.Pick{Session: sessionID(1), Operator: "ada", Epoch: 1, Request: 2})
	if e, ok := did[routing.Picked](d); !ok || e.Request != 2 || e.Err.Code != engine.ErrCapacityExceeded.Code {
		t.Errorf("a second pick over capacity: got %+v", e)
	}
	d.step(routing.Pick{Session: sessionID(2), Operator: "bob", Epoch: 1, Request: 3})
	if e, ok := did[routing.Picked](d); !ok || e.Err.Code != engine.ErrOfferNotYours.Code {
		t.Errorf("a pick of what is another's: got %+v", e)
	}
}

// A limit of three, four chats: the report that crossed the offer frees nothing.
func TestFailure16_crossing_reports(t *testing.T) {
	d := newDesk(t, shop(3, "ada"))
	d.routable("ada")
	for n := 1; n <= 4; n++ {
		d.arrive(n)
		d.step(routing.SessionIs{Row: d.rows[n]}) // written before the offer was seen
	}
	d.want(4, "")
	if d.load["ada"].Open != 3 {
		t.Errorf("got %+v, want 3 open", d.load["ada"])
	}
}

func TestFailure17_a_burst_never_exceeds_the_limit(t *testing.T) {
	d := newDesk(t, shop(2, "ada", "bob", "cem"))
	d.routable("ada", "bob", "cem")
	next := 0
	for range 200 { // everything at once, answers late and in any order
		next++
		d.arrive(next)
		for n := 1; n < next; n++ {
			switch row := d.rows[n]; {
			case row.State == engine.StateQueued && d.offers[n].Number > 0 && (n+next)%3 == 0:
				d.accept(n)
			case row.State == engine.StateActive && (n+next)%5 == 0:
				d.close(n)
			}
		}
	}
	if len(d.offers) < 100 {
		t.Errorf("only %d were offered", len(d.offers))
	}
}

func TestFailure18_who_refused_or_is_full_is_not_chosen_again(t *testing.T) {
	d := newDesk(t, shop(1, "ada", "bob"))
	d.routable("ada", "bob")
	d.arrive(1)
	first := d.offered(1)
	d.decline(1)
	if second := d.offered(1); second == "" || second == first {
		t.Fatalf("asked %q, then %q", first, second)
	}
	d.decline(1)
	d.want(1, "")
	d.after(engine.DefaultDeclineFor - time.Second)
	d.want(1, "")
	d.after(time.Second)
	if d.offered(1) == "" {
		t.Error("not asked again after the cool-down")
	}
}

func TestFailure19_one_limit_across_departments(t *testing.T) {
	tenant := shop(2, "ada")
	tenant.Departments = append(tenant.Departments, engine.Department{ID: "support"})
	d := newDesk(t, tenant)
	d.routable("ada")
	d.arrive(1)
	d.arrive(2, func(row *engine.Row) { row.Department = "support" })
	d.arrive(3)
	d.arrive(4, func(row *engine.Row) { row.Department = "support" })
	d.want(1, "ada", 2, "ada", 3, "", 4, "")
	d.close(1)
	d.want(3, "ada", 4, "")
}

func TestFailure20_who_was_away_is_not_flooded(t *testing.T) {
	d := newDesk(t, shop(10, "ada", "bob"))
	d.routable("bob")
	for n := 1; n <= 100; n++ { // a hundred chats without ada
		d.arrive(n)
		d.accept(n)
		d.close(n)
	}
	d.routable("ada")
	got := map[engine.OperatorID]int{}
	for n := 101; n <= 110; n++ {
		d.arrive(n)
		got[d.offered(n)]++
	}
	if got["ada"] != 5 || got["bob"] != 5 {
		t.Errorf("got %v, want five each: open chats count, not those ever had", got)
	}
}

func TestFailure21_load_is_even(t *testing.T) {
	d := newDesk(t, shop(10, "ada", "bob", "cem", "eve"))
	d.routable("ada", "bob", "cem", "eve")
	for n := 1; n <= 32; n++ {
		d.arrive(n)
		d.accept(n)
	}
	if f := d.router.Fairness()[0]; f.Jain < 0.999 || f.Routable != 4 {
		t.Errorf("Jain's index is %f of %d, want 1 of 4", f.Jain, f.Routable)
	}
	for n := 1; n <= 32; n++ {
		if d.offered(n) == "ada" {
			d.close(n)
		}
	}
	if f := d.router.Fairness()[0]; f.Jain > 0.76 {
		t.Errorf("Jain's index is %f with one of four idle, want 3/4", f.Jain)
	}
	for n := 33; n <= 38; n++ { // who has less gets more, until all are even
		d.arrive(n)
		d.want(n, "ada")
	}
}

// day is a department that is open from nine to five.
func day() engine.Department {
	d := engine.Department{ID: "sales", Hours: &engine.Hours{}, ResumeUnattended: true, WhenNobody: engine.OtherwiseUnattended}
	for i := range d.Hours.Weekly {
		d.Hours.Weekly[i] = []engine.Span{{From: 9 * time.Hour, Until: 17 * time.Hour}}
	}
	return d
}

func TestFailure23_nobody_inherits_the_nights_backlog(t *testing.T) {
	tenant := shop(2, "ada", "bob")
	tenant.Departments[0] = day()
	tenant.Departments[0].QueueLimit = 10
	d := newDesk(t, tenant)
	d.now = epoch0.Add(12 * time.Hour) // nine in the evening
	d.after(0)
	for n := 30; n >= 1; n-- {
		d.arrive(n, func(row *engine.Row) {
			row.State, row.FirstQueued = engine.StateUnattended, epoch0.Add(12*time.Hour+time.Duration(n)*time.Minute)
		})
	}
	d.now = epoch0.Add(24 * time.Hour)
	d.after(0) // nine in the morning, and nobody is there yet
	if _, ok := did[routing.Resume](d); ok {
		t.Error("resumed with nobody there")
	}
	var order []int
	resumed := func() {
		for _, e := range d.effects {
			if e, ok := e.(routing.Resume); ok {
				order = append(order, number(e.Session.Session))
			}
		}
	}
	d.routable("ada")
	resumed()
	for i := 0; i < len(order); i++ { // those who were told wait in line again; their visitors are there
		d.report(order[i], func(row *engine.Row) { row.State, row.Service.Queued = engine.StateQueued, d.now })
		resumed()
	}
	if load := d.load["ada"]; load.Used != 2000 {
		t.Errorf("the first operator has %+v, want two chats", load)
	}
	if len(order) != 12 || !slices.IsSorted(order) { // two with ada, ten in line
		t.Errorf("resumed %v, want the first 12 in their old order", order)
	}
	d.want(1, "ada", 2, "ada", 3, "")
}

func TestFailure26_idle_chats_that_wake_up(t *testing.T) {
	tenant := shop(2, "ada")
	tenant.Operators[0].OpenCap = 4
	d := newDesk(t, tenant)
	d.routable("ada")
	for n := 1; n <= 5; n++ {
		d.arrive(n)
		if n <= 4 {
			d.accept(n)
			d.report(n, func(row *engine.Row) { row.Weight, row.Service.Idle = engine.DefaultIdleWeight, true })
		}
	}
	d.want(4, "ada", 5, "") // 1200 of 2000, but four are open
	for n := 1; n <= 3; n++ {
		d.report(n, func(row *engine.Row) { row.Weight, row.Service.Idle, row.Service.Warned = 1000, false, true })
	}
	if d.load["ada"].Used != 3300 || d.router.Fairness()[0].Overload != 1 {
		t.Errorf("got %+v, want an overload that shows", d.load["ada"])
	}
	d.close(1)
	d.want(5, "")
	d.close(2)
	d.want(5, "") // 1300 of 2000: a whole chat has no room
	d.close(4)
	d.want(5, "ada")
}

func TestFailure29_no_ghosts(t *testing.T) {
	d := newDesk(t, shop(1, "ada"))
	d.routable("ada")
	d.arrive(1)
	d.arrive(2)
	d.step(routing.SessionIs{Row: &engine.Row{Ref: d.rows[1].Ref, State: engine.StateClosed}}) // it never saw the offer
	d.want(2, "ada")
	d.accept(2)
	d.report(2, func(row *engine.Row) { row.State, row.Weight = engine.StateClosing, engine.DefaultWrapUpWeight })
	if d.load["ada"].Used != engine.DefaultWrapUpWeight {
		t.Errorf("wrap-up: got %+v", d.load["ada"])
	}
	if d.close(2); d.load["ada"].Used != 0 || d.load["ada"].Open != 0 {
		t.Errorf("after the end: got %+v", d.load["ada"])
	}
	d.close(2) // said twice
	if d.load["ada"].Used != 0 {
		t.Errorf("after a repeated end: got %+v", d.load["ada"])
	}
}

func transferTo(id engine.Seq, target engine.Target, or engine.Fallback) func(*engine.Row) {
	return func(row *engine.Row) {
		row.Service.Transfer = &engine.Transfer{ID: id, Target: target, By: row.Owner, Or: or}
	}
}

func TestFailure30_transfer_to_a_full_department(t *testing.T) {
	tenant := shop(1, "ada")
	tenant.Departments = append(tenant.Departments, engine.Department{ID: "support"}, engine.Department{ID: "empty"})
	tenant.Operators[0].Departments = []engine.DepartmentID{"sales"}
	tenant.Operators = append(tenant.Operators, engine.Operator{ID: "bob", Capacity: 1, Departments: []engine.DepartmentID{"support"}})
	d := newDesk(t, tenant)
	d.routable("ada")
	d.arrive(1)
	d.accept(1)
	fails := func(id engine.Seq, target engine.Target, want engine.Cause) {
		t.Helper()
		d.report(1, transferTo(id, target, engine.OrFail))
		if e, ok := did[routing.TransferFailed](d); !ok || e.Cause != want || e.Transfer != id || e.Epoch != 2 {
			t.Errorf("transfer to %+v: got %+v, %v, want %s", target, e, ok, want)
		}
	}
	support := engine.Target{Department: "support"}
	fails(10, support, engine.CauseTargetOffline)
	fails(11, engine.Target{Department: "empty"}, engine.CauseTargetNotMember)
	fails(12, engine.Target{Operator: "bob"}, engine.CauseTargetNotMember)
	fails(13, engine.Target{Skill: "lang:fr"}, engine.CauseTargetNotMember)
	d.routable("bob")
	d.arrive(2, func(row *engine.Row) { row.Department = "support" })
	d.accept(2)
	fails(14, support, engine.CauseTargetFull)
	d.report(1, transferTo(15, support, engine.OrWait))
	if _, ok := did[routing.TransferFailed](d); ok {
		t.Error("a transfer that waits failed")
	}
	d.close(2)
	if d.want(1, "bob"); d.offers[1].Transfer != 15 || d.offers[1].Direct || d.load["ada"].Open != 1 {
		t.Errorf("got %+v; ada keeps it until bob accepts: %+v", d.offers[1], d.load["ada"])
	}
	d.accept(1)
	if d.load["ada"].Open != 0 || d.load["bob"].Open != 1 {
		t.Errorf("ada has %+v, bob %+v", d.load["ada"], d.load["bob"])
	}
}

func TestFailure33_overflow_only_where_a_step_says_so(t *testing.T) {
	tenant := shop(1, "ada", "bob")
	tenant.Departments = append(tenant.Departments, engine.Department{ID: "support", Steps: []engine.Step{
		{For: time.Minute}, {Also: []engine.DepartmentID{"sales"}},
	}}, engine.Department{ID: "billing"})
	for i := range tenant.Operators {
		tenant.Operators[i].Departments = []engine.DepartmentID{"sales"}
	}
	d := newDesk(t, tenant)
	d.routable("ada", "bob")
	d.arrive(1, func(row *engine.Row) { row.Department = "billing" })
	d.arrive(2, func(row *engine.Row) { row.Department = "support" })
	d.after(59 * time.Second)
	d.want(1, "", 2, "")
	if got := d.router.Deadline(); !got.Equal(epoch0.Add(time.Minute)) && got.After(epoch0.Add(time.Minute)) {
		t.Errorf("deadline %s, want the step's end", got)
	}
	d.after(time.Second)
	if e, ok := did[routing.Relax](d); !ok || e.Step != 1 || number(e.Session.Session) != 2 {
		t.Errorf("got %+v, %v", e, ok)
	}
	if d.offered(2) == "" || d.offers[2].Decision.Also[0] != "sales" {
		t.Errorf("got %+v", d.offers[2])
	}
	d.after(24 * time.Hour)
	d.want(1, "")
}

func TestFailure43_nobody_there_is_said_before_anybody_types(t *testing.T) {
	tenant := shop(1, "ada")
	tenant.Departments[0] = day()
	tenant.Departments[0].StopBefore = 15 * time.Minute
	d := newDesk(t, tenant)
	status := func(want engine.Status) {
		t.Helper()
		if got := d.status["sales"]; got != want {
			t.Errorf("at %s: got %s, want %s", d.now.Format(time.TimeOnly), got, want)
		}
	}
	status(engine.StatusAway)
	d.arrive(1)
	if e, ok := did[routing.Defer](d); !ok || e.Cause != engine.CauseNobody {
		t.Errorf("got %+v, %v, want a message for later", e, ok)
	}
	d.report(1, func(row *engine.Row) { row.State = engine.StateUnattended })
	d.routable("ada")
	status(engine.StatusOpen)
	if _, ok := did[routing.Resume](d); !ok {
		t.Error("service is back, and the message is not told")
	}
	d.arrive(2)
	d.accept(2)
	status(engine.StatusOpenQueue)
	d.gone("ada")
	status(engine.StatusAway)
	d.routable("ada")
	d.now = epoch0.Add(7*time.Hour + 45*time.Minute)
	d.after(0)
	status(engine.StatusClosed)
	if e, _ := did[routing.StatusIs](d); !e.OpensAt.Equal(epoch0.Add(24 * time.Hour)) {
		t.Errorf("opens at %s", e.OpensAt)
	}
	d.arrive(3)
	d.now = epoch0.Add(8 * time.Hour)
	d.gone("ada") // closed, and nobody is left for who waits
	if e, ok := did[routing.Defer](d); !ok || e.Cause != engine.CauseDepartmentClosed || number(e.Session.Session) != 3 {
		t.Errorf("got %+v, %v, want a message for later", e, ok)
	}
}

// TestLimitWithHysteresis: a full line takes nobody until a tenth of it has gone,
// so that it does not open and close with each visitor.
func TestLimitWithHysteresis(t *testing.T) {
	tenant := shop(1, "ada")
	tenant.Departments[0].QueueLimit = 20
	d := newDesk(t, tenant)
	refused := func(n int, want bool) {
		t.Helper()
		d.arrive(n)
		if e, got := did[routing.Refuse](d); got != want || got && e.Cause != engine.CauseQueueFull {
			t.Errorf("session %d: refused %v, %s, want %v", n, got, e.Cause, want)
		}
	}
	for n := 1; n <= 20; n++ {
		refused(n, false)
	}
	refused(21, true)
	d.close(1)
	refused(22, true) // 19 wait
	d.close(2)
	refused(23, false) // 18 did
	refused(24, false)
	refused(25, true)
}
