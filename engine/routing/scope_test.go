package routing_test

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// narrow is a router of two departments; bob's tokens name support only.
func narrow(t *testing.T, step engine.Step) (do func(routing.Input) []routing.Effect, row func(int, engine.DepartmentID) *engine.Row) {
	t.Helper()
	tenant := &engine.Tenant{
		ID: "demo",
		Departments: []engine.Department{
			{ID: "sales", Steps: []engine.Step{step, {}}}, {ID: "support"},
		},
		Operators: []engine.Operator{{ID: "bob", Capacity: 3}},
	}
	tenant.EnsureDefaults()
	router, now := routing.New(), epoch0
	do = func(in routing.Input) []routing.Effect { return router.Step(in, now, nil) }
	row = func(n int, d engine.DepartmentID) *engine.Row {
		return &engine.Row{
			Ref: engine.SessionRef{Tenant: "demo", Session: engine.SessionID{15: byte(n)}}, State: engine.StateQueued, Epoch: 1, Department: d,
			FirstQueued: now, Weight: 1000, Service: engine.Service{Queued: now},
		}
	}
	do(routing.Configure{Tenant: tenant})
	return do, row
}

func bob(departments ...engine.DepartmentID) routing.OperatorIs {
	return routing.OperatorIs{Operator: "bob", Routable: true, Present: true, Departments: departments}
}

func firstOf[E routing.Effect](effects []routing.Effect) (first E, found bool) {
	for _, e := range effects {
		if e, ok := e.(E); ok {
			return e, true
		}
	}
	return first, false
}

// An operator is not offered what none of its connections may see, hears of it at
// once when a wider token comes, and is explained so.
func TestNobodyIsOfferedWhatItsTokensDoNotName(t *testing.T) {
	do, row := narrow(t, engine.Step{For: time.Minute})
	do(bob("support"))
	if offer, found := firstOf[routing.Offer](do(routing.SessionIs{Row: row(1, "sales")})); found {
		t.Fatalf("offered: %+v", offer)
	}
	offer, found := firstOf[routing.Offer](do(routing.SessionIs{Row: row(2, "support")}))
	if !found || offer.Operator != "bob" {
		t.Fatalf("of its own department: %+v", offer)
	}
	if got, _ := firstOf[routing.Picked](do(routing.Pick{Session: row(1, "sales").Ref.Session, Operator: "bob", Epoch: 1})); !engine.ErrForbidden.Is(got.Err) {
		t.Errorf("a pick: got %v, want forbidden", got.Err)
	}
	if status, _ := firstOf[routing.StatusIs](do(bob("support", "sales"))); status.Status == engine.StatusAway {
		t.Errorf("sales is %v while bob serves it", status.Status)
	}
	do(bob("support"))
	if status, _ := firstOf[routing.StatusIs](do(bob())); status.Department != "sales" || status.Status == engine.StatusAway {
		t.Errorf("got %+v, want that sales is served again", status)
	}
}

func TestAWiderTokenIsOfferedWhatWaits(t *testing.T) {
	do, row := narrow(t, engine.Step{For: time.Minute})
	do(bob("support"))
	do(routing.SessionIs{Row: row(1, "sales")})
	offer, found := firstOf[routing.Offer](do(bob()))
	if !found || offer.Session.Session != row(1, "sales").Ref.Session || offer.Decision.Rest != (engine.Reasons{}) {
		t.Fatalf("a wider token: got %+v of %v", offer.Decision, found)
	}
}

// The decision counts the operator as no member, and says so of it afterwards.
func TestWhoseTokensDoNotNameItIsNoMember(t *testing.T) {
	do, row := narrow(t, engine.Step{For: time.Minute})
	do(bob("support"))
	tenant := &engine.Tenant{
		ID: "demo", Departments: []engine.Department{{ID: "sales"}, {ID: "support"}},
		Operators: []engine.Operator{{ID: "ada", Capacity: 3}, {ID: "bob", Capacity: 3}},
	}
	tenant.EnsureDefaults()
	do(routing.Configure{Tenant: tenant}) // keeps what the tokens name
	do(routing.OperatorIs{Operator: "ada", Routable: true, Present: true})
	offer, _ := firstOf[routing.Offer](do(routing.SessionIs{Row: row(1, "sales")}))
	if offer.Operator != "ada" || offer.Decision.Rest != (engine.Reasons{NotMember: 1}) {
		t.Fatalf("got %s, rest %+v", offer.Operator, offer.Decision.Rest)
	}
	do(bob())
	why, _ := firstOf[routing.Explained](do(routing.Explain{Operator: "bob", Decision: offer.Decision}))
	if why.Reason != "not_member" {
		t.Errorf("why not bob: got %q, want not_member", why.Reason)
	}
}

// A step that is left where nobody routable meets it is left when the last one who
// did shows a narrower token.
func TestANarrowerTokenMovesTheSearchOn(t *testing.T) {
	do, row := narrow(t, engine.Step{For: time.Hour, SkipIfNone: true})
	do(routing.OperatorIs{Operator: "bob", Routable: true, Present: true, Breathing: epoch0.Add(time.Minute)})
	do(routing.SessionIs{Row: row(1, "sales")})
	narrower := bob("support")
	narrower.Breathing = epoch0.Add(time.Minute)
	if relaxed, found := firstOf[routing.Relax](do(narrower)); !found || relaxed.Step != 1 {
		t.Errorf("got %+v of %v, want step 1", relaxed, found)
	}
}
