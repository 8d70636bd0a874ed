package actors

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// TestFigures: what the service looks like is told in numbers, without names.
func TestFigures(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	change := func(c *Config, tenant *engine.Tenant) {
		c.Registerer = registry
		tenant.Operators[0].Capacity = 1
		tenant.Operators[0].OpenCap = 1
	}
	inWorld(t, change, func(w *world) {
		ada := w.operator("ada")
		v := w.visitor("")
		v.start("hello")
		time.Sleep(7 * time.Second)
		ada.acceptOffer()
		time.Sleep(3 * time.Second)
		w.must(ada, ada.say("good day"))
		w.must(ada, ada.say("what is it?"))
		waiting := w.visitor("")
		waiting.start("me too")
		w.visitor("").start("and I")
		w.must(waiting, waiting.do(engine.Draft{Op: engine.OpClose}))
		time.Sleep(2 * measureEvery)
		synctest.Wait()
		want := `
# HELP parley_sessions Open sessions, by state.
# TYPE parley_sessions gauge
parley_sessions{state="active"} 1
parley_sessions{state="closing"} 0
parley_sessions{state="detached"} 0
parley_sessions{state="offered"} 0
parley_sessions{state="queued"} 1
parley_sessions{state="unattended"} 0
# HELP parley_queue_depth Sessions that wait and are not offered, by department.
# TYPE parley_queue_depth gauge
parley_queue_depth{department="sales"} 1
parley_queue_depth{department="support"} 0
# HELP parley_operator_state Operators, by state.
# TYPE parley_operator_state gauge
parley_operator_state{state="accepting"} 1
parley_operator_state{state="gone"} 1
parley_operator_state{state="present"} 0
# HELP parley_offers_total Offers that ended, by how: accepted, or the cause.
# TYPE parley_offers_total counter
parley_offers_total{outcome="accepted"} 1
# HELP parley_overload_operators Operators who carry more than their capacity.
# TYPE parley_overload_operators gauge
parley_overload_operators 0
# HELP parley_frozen_sessions Sessions that are frozen because an invariant was broken.
# TYPE parley_frozen_sessions gauge
parley_frozen_sessions 0
`
		names := []string{
			"parley_sessions", "parley_queue_depth", "parley_operator_state", "parley_offers_total", "parley_overload_operators", "parley_frozen_sessions",
		}
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), names...); err != nil {
			t.Error(err)
		}
		all, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		sums := map[string]float64{}
		for _, family := range all {
			for _, m := range family.GetMetric() {
				if h := m.GetHistogram(); h != nil {
					name := family.GetName()
					for _, l := range m.GetLabel() {
						name += " " + l.GetValue()
					}
					sums[name] = h.GetSampleSum()
				} else if family.GetName() == "parley_queue_oldest_seconds" {
					sums[family.GetName()] = m.GetGauge().GetValue()
				}
			}
		}
		for name, want := range map[string]float64{
			"parley_wait_seconds assigned": 7, "parley_first_reply_seconds": 3, "parley_wait_seconds visitor_left": 0, "parley_queue_oldest_seconds": 5,
		} {
			if got := sums[name]; got < want || got > want+1 {
				t.Errorf("%s: got %v, want %v", name, got, want)
			}
		}
		for name := range sums {
			if strings.Contains(name, "demo") || strings.Contains(name, "ada") {
				t.Errorf("%s names somebody", name)
			}
		}
	})
}

// TestFirstReplyIsTheOwners: a colleague's word, or what a server writes, is not what the
// visitor was promised.
func TestFirstReplyIsTheOwners(t *testing.T) {
	f, s, now := newFigures(), &stopwatch{}, time.Unix(1000, 0)
	says := func(by engine.Author, after time.Duration) {
		f.entry(s, &engine.Entry{Kind: engine.KindMessageNew, Author: by, At: now.Add(after)})
	}
	operator := func(id engine.OperatorID) engine.Author {
		return engine.Author{Kind: engine.AuthorOperator, Operator: id}
	}
	f.entry(s, &engine.Entry{Kind: engine.KindSessionAssigned, Operator: "ada", At: now})
	says(operator("bob"), time.Second)
	says(engine.Author{Kind: engine.AuthorIntegration}, 2*time.Second)
	says(operator("ada"), 5*time.Second)
	says(operator("ada"), 9*time.Second)
	s.resume(&engine.Row{State: engine.StateActive, Owner: "bob", Service: engine.Service{Assigned: now}})
	says(operator("bob"), 7*time.Second)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(f.replies)
	all, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if h := all[0].GetMetric()[0].GetHistogram(); h.GetSampleCount() != 2 || h.GetSampleSum() != 12 {
		t.Errorf("got %v", h)
	}
}

// TestTheSameDepartmentsHaveLabels: where there are more departments than labels, it is
// always the same ones that have one.
func TestTheSameDepartmentsHaveLabels(t *testing.T) {
	tenancies := map[engine.TenantID]*tenancy{}
	for i := range 2 * maxDepartments {
		id := fmt.Sprintf("t%03d", i)
		router := &routerHandle{}
		router.measured.Store(&measured{lines: []routing.Fairness{{Department: engine.DepartmentID("of-" + id), Waiting: 1}}})
		tenancies[engine.TenantID(id)] = &tenancy{router: router}
	}
	sys := &System{}
	sys.tenants.Store(&tenancies)
	for range 3 {
		lines := gauges{sys}.sum().lines
		if len(lines) != maxDepartments+1 || lines["of-t000"].Waiting != 1 || lines["of-t199"].Waiting != 1 || lines[otherName].Waiting != maxDepartments {
			t.Fatalf("%d labels, %d sessions in the rest", len(lines), lines[otherName].Waiting)
		}
	}
}
