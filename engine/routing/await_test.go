package routing_test

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// TestOlderWordIsNoAnswer: a session that was rebuilt says so, and may take an offer of
// the router before until it has heard the question of this one (I2). It is asked again,
// and nothing is offered before it has answered.
func TestOlderWordIsNoAnswer(t *testing.T) {
	for name, closed := range map[string]bool{"open": false, "closed": true} {
		t.Run(name, func(t *testing.T) {
			r := routing.New()
			now := epoch0.Add(time.Minute)
			tenant := &engine.Tenant{Departments: []engine.Department{{ID: "sales"}}, Operators: []engine.Operator{{ID: "ada", Capacity: 1}}}
			tenant.EnsureDefaults()
			row := &engine.Row{
				Ref: engine.SessionRef{Session: sessionID(1)}, State: engine.StateQueued, Department: "sales", Epoch: 1, Weight: 1000, FirstQueued: epoch0,
				Service: engine.Service{Queued: epoch0},
			}
			waits := *row
			waits.Ref.Session = sessionID(2)
			offers, asks := 0, 0
			step := func(in routing.Input) {
				for _, e := range r.Step(in, now, nil) {
					switch e := e.(type) {
					case routing.Offer:
						offers++
					case routing.Ask:
						if asks++; e.Session != row.Ref || e.Asked != 7 {
							t.Errorf("got %+v, want the question 7 to the session", e)
						}
					default:
					}
				}
			}
			step(routing.Configure{Tenant: tenant})
			step(routing.Await{Sessions: []engine.SessionID{row.Ref.Session}, Asked: 7})
			step(routing.OperatorIs{Operator: "ada", Routable: true, Present: true})
			step(routing.SessionIs{Row: &waits})
			if closed {
				row.State = engine.StateClosed
			}
			step(routing.SessionIs{Row: row, Recovered: true, Asked: 6})
			if want := 1; !closed && (asks != want || offers != 0) || closed && (asks != 0 || offers != 1) {
				t.Errorf("after an older word: asked %d times, %d offers", asks, offers)
			}
			step(routing.SessionIs{Row: row, Recovered: true, Asked: 7})
			if offers != 1 {
				t.Errorf("after the answer: got %d offers, want 1", offers)
			}
		})
	}
}

// TestNumbersAreOfOneRouter: the second router's first offer is not answered by a report
// that has seen the first offer of the router before (I2).
func TestNumbersAreOfOneRouter(t *testing.T) {
	tenant := &engine.Tenant{Departments: []engine.Department{{ID: "sales"}}, Operators: []engine.Operator{{ID: "ada", Capacity: 1}}}
	tenant.EnsureDefaults()
	row := &engine.Row{
		Ref: engine.SessionRef{Session: sessionID(1)}, State: engine.StateQueued, Department: "sales", Epoch: 1, Weight: 1000, FirstQueued: epoch0,
		Service: engine.Service{Queued: epoch0},
	}
	numbers := map[uint64]bool{}
	for asked := range uint64(3) {
		r := routing.New()
		var number uint64
		offers := 0
		step := func(in routing.Input) {
			for _, e := range r.Step(in, epoch0.Add(time.Minute), nil) {
				if o, ok := e.(routing.Offer); ok {
					number, offers = o.Number, offers+1
				}
			}
		}
		step(routing.Configure{Tenant: tenant})
		if asked > 0 {
			step(routing.Await{Sessions: []engine.SessionID{row.Ref.Session}, Asked: asked})
		}
		step(routing.OperatorIs{Operator: "ada", Routable: true, Present: true})
		step(routing.SessionIs{Row: row, Recovered: true, Asked: asked})
		if offers != 1 || numbers[number] {
			t.Fatalf("router %d: got %d offers, number %d, want one of a number that is new", asked, offers, number)
		}
		for before := range numbers {
			step(routing.SessionIs{Row: row, Number: before})
		}
		if offers != 1 {
			t.Errorf("router %d: offered again upon an answer to another router", asked)
		}
		numbers[number] = true
	}
}
