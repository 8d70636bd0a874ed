package actors

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

func (p *person) targets() (map[engine.Target]engine.TransferTarget, *engine.Error) {
	a := p.answer(p.w.t, p.do(engine.Draft{Op: engine.OpTargets}))
	all := map[engine.Target]engine.TransferTarget{}
	for _, t := range a.Targets {
		all[t.Target] = t
	}
	return all, a.Err
}

func TestWhereASessionCouldGo(t *testing.T) {
	change := func(c *Config, tenant *engine.Tenant) {
		noSilence(c, tenant)
		tenant.Departments = append(tenant.Departments, engine.Department{ID: "night", Hours: &engine.Hours{Zone: time.UTC}})
		tenant.Operators = append(tenant.Operators,
			engine.Operator{ID: "sam", Departments: []engine.DepartmentID{"support"}}, engine.Operator{ID: "bea", Capacity: 1, Skills: map[string]int{"billing": 3}})
	}
	inWorld(t, change, func(w *world) {
		visitor, ada := talking(w)
		grace, bea := w.operator("grace"), w.operator("bea")
		bea.good(t, bea.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentPaused}))
		got, err := ada.targets()
		if err != nil {
			t.Fatal(err)
		}
		for to, want := range map[engine.Target]string{
			{Operator: "grace"}: "", {Operator: "bea"}: "not_routable", {Department: "sales"}: "", {Department: "support"}: "", {Department: "night"}: "closed", {Skill: "billing"}: "not_routable",
		} {
			if is, named := got[to]; !named || is.Reason != want || is.Routable != (want == "") {
				t.Errorf("%+v: got %+v (%v), want %q", to, is, named, want)
			}
		}
		if len(got) != 6 {
			t.Errorf("got %+v: neither the owner nor who does not serve the department", got)
		}
		if _, err := grace.targetsOf(visitor.id); !engine.ErrNotFound.Is(err) {
			t.Errorf("a colleague: got %v, as if it were not there", err)
		}
		boss := w.attendAs("grace", supervising)
		if got, err := boss.targetsOf(visitor.id); err != nil || len(got) != 6 {
			t.Errorf("a supervisor: got %v, %v", got, err)
		}
		ada.good(t, ada.do(engine.Draft{Op: engine.OpTransfer, Plan: &engine.Plan{Target: engine.Target{Operator: "grace"}}}))
		synctest.Wait()
		if _, err := ada.targets(); !engine.ErrTransferPending.Is(err) {
			t.Errorf("while a transfer is pending: got %v", err)
		}
		grace.acceptOffer()
		if _, err := ada.targets(); !slices.Contains([]string{engine.ErrNotFound.Code, engine.ErrNotOwner.Code}, err.Code) {
			t.Errorf("who has handed it on: got %v", err)
		}
	})
}

func (p *person) targetsOf(id engine.SessionID) (map[engine.Target]engine.TransferTarget, *engine.Error) {
	before := p.id
	p.id = id
	defer func() { p.id = before }()
	return p.targets()
}
