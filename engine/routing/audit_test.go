package routing_test

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// TestAuditFinds: what is spoilt is found, and only that.
func TestAuditFinds(t *testing.T) {
	for _, test := range []struct {
		name, want string
		spoil      func(*routing.Router)
	}{
		{"nothing", "", func(*routing.Router) {}},
		{"the load", "I2", func(r *routing.Router) { r.SpoilLoad("ada") }},
		{"a place in the line", "I4", func(r *routing.Router) { r.SpoilPlace() }},
		{"a round", "I5", func(r *routing.Router) { r.SpoilRound("bob") }},
		{"an operator's presence", "I7", func(r *routing.Router) { r.SpoilPresence("ada") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, now := routing.New(), epoch0
			tenant := shop(2, "ada", "bob")
			tenant.ID = "acme"
			tenant.EnsureDefaults()
			r.Step(routing.Configure{Tenant: tenant}, now, nil)
			r.Step(routing.OperatorIs{Operator: "ada", Routable: true, Present: true}, now, nil)
			row := func(n byte, s engine.State, owner engine.OperatorID) {
				r.Step(routing.SessionIs{Row: &engine.Row{
					Ref: engine.SessionRef{Tenant: "acme", Session: engine.SessionID{15: n}}, State: s, Owner: owner, Epoch: 1,
					Department: "sales", FirstQueued: now, Weight: 1000,
				}}, now, nil)
			}
			row(1, engine.StateActive, "ada")
			row(2, engine.StateActive, "ada")
			row(3, engine.StateQueued, "")
			row(4, engine.StateUnattended, "")
			row(5, engine.StateActive, "ada")
			row(5, engine.StateClosed, "ada")
			now = now.Add(time.Minute)
			test.spoil(r)
			var got string
			for _, f := range r.Audit() {
				got = f.Invariant
			}
			if got != test.want {
				t.Errorf("got %q, want %q: %+v", got, test.want, r.Audit())
			}
		})
	}
}

// TestAuditFindsWhoOvertook: of the offers looked at, each that was out of order is told
// once. In order, none is.
func TestAuditFindsWhoOvertook(t *testing.T) {
	d := newDesk(t, shop(1, "ada"))
	d.arrive(1)
	d.router.SpoilRound("ada") // ada is there, and nobody has looked who waits
	d.arrive(2)
	d.want(1, "", 2, "ada")
	found := d.router.Audit()
	if len(found) != 1 || found[0].Invariant != "I6" || found[0].Operator != "ada" || !found[0].Session.IsZero() {
		t.Errorf("got %+v", found)
	}
	if again := d.router.Audit(); len(again) != 0 {
		t.Errorf("told again: %+v", again)
	}
	d = newDesk(t, shop(3, "ada", "bob"))
	d.routable("ada")
	for n := 1; n <= 200; n++ {
		d.arrive(n, func(row *engine.Row) { row.Priority = n % 7 })
		if n%3 == 0 {
			d.routable("bob")
		}
		for old := range n {
			if d.offered(old) != "" && d.rows[old].State == engine.StateQueued {
				d.accept(old)
				d.close(old)
			}
		}
	}
	if found := d.router.Audit(); len(found) != 0 || len(d.offers) < 150 {
		t.Errorf("of %d offers: %+v", len(d.offers), found)
	}
}
