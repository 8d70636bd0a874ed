package routing_test

import (
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// risky is a router of a department that promises a minute; nobody is there.
type risky struct {
	t      *testing.T
	router *routing.Router
	now    time.Time
	tenant *engine.Tenant
}

func newRisky(t *testing.T, sla time.Duration) *risky {
	t.Helper()
	r := &risky{t: t, router: routing.New(), now: epoch0}
	r.promise(sla)
	return r
}

func (r *risky) promise(sla time.Duration) {
	r.tenant = &engine.Tenant{ID: "demo", Departments: []engine.Department{{ID: "sales", SLA: sla}, {ID: "support"}}}
	r.tenant.EnsureDefaults()
	r.step(routing.Configure{Tenant: r.tenant})
}

func (r *risky) step(in routing.Input) (words []routing.RiskIs) {
	for _, e := range r.router.Step(in, r.now, nil) {
		if word, is := e.(routing.RiskIs); is {
			words = append(words, word)
		}
	}
	return words
}

// waits is a session that has waited since a moment.
func (r *risky) waits(n int, since time.Time, state engine.State, of engine.DepartmentID) {
	r.step(routing.SessionIs{Row: &engine.Row{
		Ref: engine.SessionRef{Tenant: "demo", Session: engine.SessionID{15: byte(n)}}, State: state, Epoch: 1, Department: of,
		FirstQueued: since, Weight: 1000, Service: engine.Service{Queued: since},
	}})
}

// until ticks at each deadline up to a time, as the sweeper does.
func (r *risky) until(at time.Duration) (words []routing.RiskIs) {
	for {
		next := r.router.Deadline()
		if next.IsZero() || next.After(epoch0.Add(at)) {
			r.now = epoch0.Add(at)
			return append(words, r.step(routing.Tick{})...)
		}
		if next.After(r.now) {
			r.now = next
		}
		words = append(words, r.step(routing.Tick{})...)
	}
}

func TestWhoWaitsTooLongIsToldOfOnce(t *testing.T) {
	r := newRisky(t, time.Minute)
	r.waits(1, epoch0, engine.StateQueued, "sales")
	r.waits(2, epoch0.Add(time.Second), engine.StateQueued, "sales")
	r.waits(3, epoch0, engine.StateQueued, "support")
	if words := r.until(59 * time.Second); len(words) > 0 {
		t.Fatalf("too early: %+v", words)
	}
	want := []routing.RiskIs{{Department: "sales", Waited: time.Minute, Sessions: 1}, {Department: "sales", Waited: 62 * time.Second, Sessions: 1}}
	if words := r.until(10 * time.Minute); !slices.Equal(words, want) {
		t.Fatalf("got %+v, want %+v", words, want)
	}
	r.waits(1, epoch0, engine.StateActive, "sales")
	r.waits(1, r.now, engine.StateQueued, "sales") // it waits again
	if words := r.until(20 * time.Minute); len(words) > 0 {
		t.Errorf("told again: %+v", words)
	}
}

func TestPromisesThatChange(t *testing.T) {
	r := newRisky(t, 0)
	r.waits(1, epoch0, engine.StateQueued, "sales")
	if words := r.until(time.Hour); len(words) > 0 {
		t.Fatalf("nothing is promised: %+v", words)
	}
	r.promise(2 * time.Hour)
	if words := r.until(119 * time.Minute); len(words) > 0 {
		t.Fatalf("two hours are promised: %+v", words)
	}
	r.promise(time.Minute)
	if words := r.until(2 * time.Hour); len(words) != 1 || words[0].Sessions != 1 {
		t.Errorf("got %+v, want one", words)
	}
	r.waits(2, r.now, engine.StateQueued, "sales")
	r.waits(2, r.now, engine.StateClosed, "sales")
	if words := r.until(3 * time.Hour); len(words) > 0 {
		t.Errorf("it waits no longer: %+v", words)
	}
}

// A router names those of whom it knows that they have no connection.
func TestOffersNameWhoIsWoken(t *testing.T) {
	do, row := narrow(t, engine.Step{})
	for _, reachable := range []bool{true, false} {
		do(routing.OperatorIs{Operator: "bob", Routable: true, Present: true, Reachable: reachable})
		offer, found := firstOf[routing.Offer](do(routing.SessionIs{Row: row(1+offerNumber(reachable), "support")}))
		if !found || slices.Contains(offer.Reachable, "bob") != reachable {
			t.Errorf("reachable %v: got %+v", reachable, offer)
		}
	}
}

func offerNumber(first bool) int {
	if first {
		return 0
	}
	return 1
}
