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
		{"an operator's presence", "I7", func(r *routing.Router) { r.SpoilPresence("ada") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, now := routing.New(), epoch0
			tenant := shop(2, "ada")
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
