package routing_test

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// TestBreathing: a chat has come to its end, somebody waits, and the operator has
// its time to breathe all the same, whatever its actor has come to say by then.
func TestBreathing(t *testing.T) {
	tenant := shop(1, "ada")
	tenant.Departments[0].Breathing = 10 * time.Second
	d := newDesk(t, tenant)
	d.routable("ada")
	d.arrive(1)
	d.accept(1)
	d.arrive(2)
	d.close(1)
	d.want(2, "")
	d.after(4 * time.Second)
	d.routable("ada") // what its actor said before it heard of the end
	d.want(2, "")
	d.step(routing.OperatorIs{Operator: "ada", Routable: true, Present: true, Breathing: d.now.Add(7 * time.Second)})
	d.after(6 * time.Second)
	d.want(2, "") // the later of the two counts
	if at := d.router.Deadline(); !at.Equal(d.now.Add(time.Second)) {
		t.Errorf("breathes until %s, wants to be told at %s", d.now.Add(time.Second), at)
	}
	d.after(time.Second)
	d.want(2, "ada")
}

// TestBreathingIsOfWhoServed: a session that nobody had, or that goes on, lets nobody
// breathe.
func TestBreathingIsOfWhoServed(t *testing.T) {
	tenant := shop(1, "ada")
	tenant.Departments[0].Breathing = 10 * time.Second
	d := newDesk(t, tenant)
	d.routable("ada")
	d.arrive(1)
	d.arrive(2)
	d.close(1) // its visitor gave up while it was offered
	d.want(2, "ada")
	d.accept(2)
	d.report(2, func(row *engine.Row) { row.State, row.Owner = engine.StateQueued, "" })
	d.want(2, "ada")
}
