package routing_test

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// TestOfferedBeforeTheRestartKeepsItsPlace: a session whose offer a restart has ended
// says so only after operators have come back. It is offered before who came after it
// (SEMANTICS 3.5.9, I6), and where it stays silent the others are served in the end.
func TestOfferedBeforeTheRestartKeepsItsPlace(t *testing.T) {
	for _, silent := range []bool{false, true} {
		r := routing.New()
		now := epoch0.Add(time.Minute)
		tenant := &engine.Tenant{
			Departments: []engine.Department{{ID: "sales"}},
			Operators:   []engine.Operator{{ID: "ada", Capacity: 1}, {ID: "bob", Capacity: 1}},
		}
		tenant.EnsureDefaults()
		step := func(in routing.Input) (offered []engine.SessionID) {
			for _, e := range r.Step(in, now, nil) {
				if o, ok := e.(routing.Offer); ok {
					offered = append(offered, o.Session.Session)
				}
			}
			return offered
		}
		row := func(n int, state engine.State) *engine.Row {
			at := epoch0.Add(time.Duration(n) * time.Second)
			return &engine.Row{
				Ref: engine.SessionRef{Session: sessionID(n)}, State: state, Department: "sales", Epoch: 1, Weight: 1000, FirstQueued: at,
				Service: engine.Service{Queued: at},
			}
		}
		elder, younger := row(1, engine.StateOffered), row(2, engine.StateQueued)
		elder.Offers = []engine.LiveOffer{{Offer: engine.Offer{ID: 3, Epoch: 1, Session: elder.Ref.Session, Deadline: now.Add(time.Hour)}, Operator: "bob"}}
		step(routing.Configure{Tenant: tenant})
		step(routing.SessionIs{Row: elder, Recovered: true})
		step(routing.SessionIs{Row: younger, Recovered: true})
		step(routing.Await{Sessions: []engine.SessionID{elder.Ref.Session}})
		if got := step(routing.OperatorIs{Operator: "ada", Routable: true}); len(got) > 0 {
			t.Fatalf("%v is offered before all of the line is known", got)
		}
		want := elder
		var got []engine.SessionID
		if silent {
			want, now = younger, now.Add(engine.DefaultOperatorGrace)
			got = step(routing.Tick{})
		} else {
			got = step(routing.SessionIs{Row: row(1, engine.StateQueued), Recovered: true})
		}
		if len(got) != 1 || got[0] != want.Ref.Session {
			t.Errorf("silent %v: got %v offered, want %v", silent, got, want.Ref.Session)
		}
	}
}
