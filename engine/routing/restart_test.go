package routing_test

import (
	"maps"
	"reflect"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
	"pgregory.net/rapid"
)

// TestRestart rebuilds a router from rows in two random orders, before or after
// the configuration: the ledger is the rows' sum, and both routers then decide alike.
func TestRestart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.now = epoch0
		tenant := drawTenant(t)
		w.model.tenant = tenant
		var rows []engine.Row
		for range rapid.IntRange(0, 20).Draw(t, "sessions") {
			row := w.drawRow(w.newRow())
			if rows = append(rows, row); row.State.IsOpen() {
				w.model.rows[row.Ref.Session] = &modelSession{row: row}
			}
		}
		first, again := rebuilt(t, tenant, rows), rebuilt(t, tenant, rows)
		if !maps.Equal(first.used, again.used) {
			t.Fatalf("ledger depends on the order: %v and %v", first.used, again.used)
		}
		for _, id := range []engine.OperatorID{"ada", "bob", "cem", "eve", "fay"} {
			want, _ := w.model.load(id)
			if got := first.used[id]; got != want {
				t.Fatalf("load of %s: got %d, want %d", id, got, want)
			}
			if got, want := again.comes(id), first.comes(id); !reflect.DeepEqual(got, want) {
				t.Fatalf("%s comes: got %v, want %v", id, got, want)
			}
		}
	})
}

type rebuild struct {
	router *routing.Router
	used   map[engine.OperatorID]int
}

func rebuilt(t *rapid.T, tenant *engine.Tenant, rows []engine.Row) rebuild {
	r := rebuild{routing.New(), map[engine.OperatorID]int{}}
	inputs := []routing.Input{routing.Configure{Tenant: tenant}}
	for _, row := range rows {
		inputs = append(inputs, routing.SessionIs{Row: &row, Recovered: true})
	}
	for _, in := range rapid.Permutation(inputs).Draw(t, "order") {
		if offers := r.step(in); len(offers) > 0 {
			t.Fatalf("offers to operators who have not spoken: %v", offers)
		}
	}
	return r
}

func (r rebuild) comes(id engine.OperatorID) []routing.Offer {
	return r.step(routing.OperatorIs{Operator: id, Routable: true})
}

func (r rebuild) step(in routing.Input) (offers []routing.Offer) {
	for _, e := range r.router.Step(in, epoch0.Add(time.Second), nil) {
		switch e := e.(type) {
		case routing.LoadIs:
			r.used[e.Operator] = e.Used
			if e.Used == 0 {
				delete(r.used, e.Operator)
			}
		case routing.Offer:
			offers = append(offers, e)
		}
	}
	return offers
}
