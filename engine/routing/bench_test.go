package routing_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// crowd is a tenant at its limit: every operator is full and sessions wait.
type crowd struct {
	router *routing.Router
	now    time.Time
	names  []engine.DepartmentID
	rows   []engine.Row // by number, a ring: those who came first have gone first
	owned  []int        // in the order of assignment
	next   int
	out    []routing.Effect
	late   []routing.Effect // of the answers
	offers int
}

func newCrowd(operators, waiting, departments int) *crowd {
	c := &crowd{router: routing.New(), now: epoch0, rows: make([]engine.Row, waiting+3*operators+1000)}
	tenant := &engine.Tenant{ID: "acme"}
	for i := range departments {
		c.names = append(c.names, department(i))
		tenant.Departments = append(tenant.Departments, engine.Department{ID: department(i), QueueLimit: 1 << 30})
	}
	for i := range operators {
		o := engine.Operator{ID: engine.OperatorID(fmt.Sprintf("operator-%d", i)), Capacity: 3}
		if departments > 1 {
			o.Departments = []engine.DepartmentID{department(i % departments), department((i + 1) % departments)}
		}
		tenant.Operators = append(tenant.Operators, o)
	}
	c.step(routing.Configure{Tenant: tenant})
	for _, o := range tenant.Operators {
		c.step(routing.OperatorIs{Operator: o.ID, Routable: true})
	}
	for range waiting + 3*operators {
		c.arrive()
	}
	return c
}

func department(i int) engine.DepartmentID { return engine.DepartmentID(fmt.Sprintf("d%d", i)) }

// arrive lets a new session wait.
func (c *crowd) arrive() {
	c.next++
	c.now = c.now.Add(time.Millisecond)
	row := &c.rows[c.next%len(c.rows)]
	row.Ref, row.State, row.Epoch = engine.SessionRef{Tenant: "acme", Session: sessionID(c.next)}, engine.StateQueued, 1
	row.Department, row.FirstQueued, row.Weight, row.Owner = c.names[c.next%len(c.names)], c.now, engine.DefaultWeight, ""
	c.step(routing.SessionIs{Row: row})
}

// step steps and lets each offer be made and accepted.
func (c *crowd) step(in routing.Input) {
	c.out = c.router.Step(in, c.now, c.out[:0])
	for _, e := range c.out {
		offer, ok := e.(routing.Offer)
		if !ok {
			continue
		}
		c.offers++
		id := number(offer.Session.Session)
		row := &c.rows[id%len(c.rows)]
		row.State, row.Offers = engine.StateOffered, append(row.Offers[:0], engine.LiveOffer{Operator: offer.Operator})
		c.late = c.router.Step(routing.SessionIs{Row: row, Number: offer.Number}, c.now, c.late[:0])
		row.State, row.Offers, row.Owner, row.Epoch = engine.StateActive, row.Offers[:0], offer.Operator, row.Epoch+1
		c.late = c.router.Step(routing.SessionIs{Row: row, Number: offer.Number}, c.now, c.late[:0])
		c.owned = append(c.owned, id)
	}
}

// leave closes the session that was assigned first.
func (c *crowd) leave() {
	id := c.owned[0]
	c.owned = c.owned[1:]
	row := &c.rows[id%len(c.rows)]
	row.State = engine.StateClosed
	c.step(routing.SessionIs{Row: row, Number: 1 << 60})
}

// used is the processor time that the process has had, its collector's included:
// what a busy machine cannot distort.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkDecision is one session's whole way: it arrives in a line that stays
// as long as it is, one chat ends, the head of the line is offered, reported as
// offered and as owned. Four reports, one decision.
func BenchmarkDecision(b *testing.B) {
	for _, size := range []struct{ operators, waiting, departments int }{
		{1_000, 10_000, 1}, {10_000, 100_000, 1}, {1_000, 10_000, 20}, {10_000, 100_000, 20},
	} {
		b.Run(fmt.Sprintf("operators=%d/waiting=%d/departments=%d", size.operators, size.waiting, size.departments), func(b *testing.B) {
			c := newCrowd(size.operators, size.waiting, size.departments)
			before := c.offers
			b.ReportAllocs()
			cpu := used()
			for b.Loop() {
				c.arrive()
				c.leave()
			}
			b.ReportMetric(float64(used()-cpu)/float64(b.N), "cpu-ns/decision")
			if made := c.offers - before; made != b.N {
				b.Fatalf("%d decisions in %d rounds", made, b.N)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
}

// BenchmarkArrival is a session that comes when many operators are free.
func BenchmarkArrival(b *testing.B) {
	for _, operators := range []int{1_000, 10_000} {
		b.Run(fmt.Sprintf("operators=%d", operators), func(b *testing.B) {
			c := newCrowd(operators, -operators, 1) // two of three slots taken
			b.ReportAllocs()
			for b.Loop() {
				c.arrive()
				c.leave()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
}

// BenchmarkMonday is a full line meeting operators who all come at once.
func BenchmarkMonday(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		c := newCrowd(0, 10_000, 1)
		tenant := &engine.Tenant{Departments: []engine.Department{{ID: department(0), QueueLimit: 1 << 30}}}
		for i := range 1_000 {
			tenant.Operators = append(tenant.Operators, engine.Operator{ID: engine.OperatorID(fmt.Sprintf("operator-%d", i)), Capacity: 3})
			c.step(routing.OperatorIs{Operator: tenant.Operators[i].ID, Routable: true})
		}
		b.StartTimer()
		c.step(routing.Configure{Tenant: tenant})
		if c.offers != 3_000 {
			b.Fatalf("%d offers, want 3000", c.offers)
		}
	}
}
