package routing_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// desk is a router whose sessions answer by hand: what the stories of failures
// are told with. Sessions go by numbers.
type desk struct {
	testing.TB
	router  *routing.Router
	now     time.Time
	rows    map[int]*engine.Row
	offers  map[int]routing.Offer // the last one to each session
	effects []routing.Effect      // of the last input
	load    map[engine.OperatorID]routing.LoadIs
	status  map[engine.DepartmentID]engine.Status
	places  map[int]routing.PositionIs
}

func newDesk(t testing.TB, tenant *engine.Tenant) *desk {
	d := &desk{
		TB: t, router: routing.New(), now: epoch0, rows: map[int]*engine.Row{}, offers: map[int]routing.Offer{},
		load: map[engine.OperatorID]routing.LoadIs{}, status: map[engine.DepartmentID]engine.Status{}, places: map[int]routing.PositionIs{},
	}
	tenant.ID = "acme"
	tenant.EnsureDefaults()
	if err := tenant.Validate(); err != nil {
		t.Fatal(err)
	}
	d.step(routing.Configure{Tenant: tenant})
	for _, o := range tenant.Operators { // nobody is in grace
		d.step(routing.OperatorIs{Operator: o.ID})
	}
	return d
}

// shop is a tenant of one department.
func shop(capacity int, operators ...engine.OperatorID) *engine.Tenant {
	t := &engine.Tenant{Departments: []engine.Department{{ID: "sales"}}}
	for _, id := range operators {
		t.Operators = append(t.Operators, engine.Operator{ID: id, Capacity: capacity})
	}
	return t
}

func (d *desk) step(in routing.Input) {
	d.effects = d.router.Step(in, d.now, nil)
	for _, e := range d.effects {
		switch e := e.(type) {
		case routing.Offer:
			d.offers[number(e.Session.Session)] = e
		case routing.LoadIs:
			d.load[e.Operator] = e
			if e.Used > e.Capacity && e.Capacity > 0 && !d.mayOverload() {
				d.Fatalf("I2: %s has %d of %d", e.Operator, e.Used, e.Capacity)
			}
		case routing.StatusIs:
			d.status[e.Department] = e.Status
		case routing.PositionIs:
			d.places[number(e.Session.Session)] = e
		}
	}
}

// mayOverload: an idle session has come back to life.
func (d *desk) mayOverload() bool {
	for _, row := range d.rows {
		if row.Service.Warned { // the stories' own mark of it
			return true
		}
	}
	return false
}

func number(id engine.SessionID) int {
	n := 0
	for _, b := range id[8:] {
		n = n<<8 | int(b)
	}
	return n
}

func (d *desk) after(wait time.Duration) {
	d.now = d.now.Add(wait)
	d.step(routing.Tick{})
}

func (d *desk) routable(ids ...engine.OperatorID) {
	for _, id := range ids {
		d.step(routing.OperatorIs{Operator: id, Routable: true, Present: true})
	}
}

func (d *desk) gone(id engine.OperatorID) { d.step(routing.OperatorIs{Operator: id}) }

// arrive lets a session wait.
func (d *desk) arrive(n int, set ...func(*engine.Row)) {
	row := &engine.Row{
		Ref: engine.SessionRef{Tenant: "acme", Session: sessionID(n)}, State: engine.StateQueued, Epoch: 1, Department: "sales",
		FirstQueued: d.now, Weight: engine.DefaultWeight, Service: engine.Service{Queued: d.now},
	}
	for _, f := range set {
		f(row)
	}
	d.rows[n] = row
	d.step(routing.SessionIs{Row: row})
}

// report changes a session and says so, having seen the last offer.
func (d *desk) report(n int, change func(*engine.Row)) {
	row := d.rows[n]
	change(row)
	d.step(routing.SessionIs{Row: row, Number: d.offers[n].Number})
}

// offered is whom the session was offered to last; "" if it is not, or no more.
func (d *desk) offered(n int) engine.OperatorID { return d.offers[n].Operator }

func (d *desk) accept(n int) {
	if d.offers[n].Number == 0 {
		d.Fatalf("session %d is not offered to anybody", n)
	}
	d.report(n, func(row *engine.Row) {
		row.State, row.Owner, row.Offers, row.Service.Transfer = engine.StateActive, d.offers[n].Operator, nil, nil
		row.Epoch++
	})
}

// decline lets the offered operator turn the session down; it may go elsewhere at once.
func (d *desk) decline(n int) {
	was := d.offers[n]
	delete(d.offers, n)
	row := d.rows[n]
	row.Offers = nil
	if row.State == engine.StateOffered {
		row.State = engine.StateQueued
	}
	row.Declines = append(slices.Clone(row.Declines), engine.Decline{Operator: was.Operator, Until: d.now.Add(engine.DefaultDeclineFor)})
	d.step(routing.SessionIs{Row: row, Number: was.Number})
}

func (d *desk) close(n int) { d.report(n, func(row *engine.Row) { row.State = engine.StateClosed }) }

// want checks whom sessions are offered to: pairs of number and operator.
func (d *desk) want(pairs ...any) {
	d.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got, want := d.offered(pairs[i].(int)), engine.OperatorID(fmt.Sprint(pairs[i+1])); got != want {
			d.Errorf("session %d is offered to %q, want %q", pairs[i], got, want)
		}
	}
}

// did finds an effect of the last input.
func did[E routing.Effect](d *desk) (found E, ok bool) {
	for _, e := range d.effects {
		if e, is := e.(E); is {
			return e, true
		}
	}
	return found, false
}
