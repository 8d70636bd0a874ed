package routing_test

import (
	"slices"
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
	"pgregory.net/rapid"
)

// targets asks where a session that has an owner could be handed on to, and compares
// each answer, and each silence, with what the model makes of such a transfer. Then it
// hands the session on to one of them: what was said comes true.
func (w *world) targets(*rapid.T) {
	owned := slices.DeleteFunc(w.model.sorted(), func(s *modelSession) bool {
		return s.row.State != engine.StateActive && s.row.State != engine.StateDetached || s.row.Service.Transfer != nil || owner(s) == "" || len(s.promised)+len(s.row.Offers) > 0
	})
	if len(owned) == 0 || w.model.tenant == nil {
		w.Skip("nobody has a session")
	}
	s := rapid.SampledFrom(owned).Draw(w.T, "session")
	effects := w.router.Step(routing.Targets{Session: s.row.Ref.Session, Request: 3}, w.now, nil)
	if len(effects) != 1 {
		w.Fatalf("asked for targets: got %v", effects)
	}
	said := effects[0].(routing.TargetsAre)
	if said.Err != nil || said.Request != 3 {
		w.Fatalf("targets of %s: got %+v", s.row.Ref.Session, said)
	}
	unroutable := false
	for _, t := range said.Targets {
		if t.Routable != (t.Reason == "") || t.Routable && unroutable {
			w.Fatalf("%+v among %+v", t, said.Targets)
		}
		unroutable = unroutable || !t.Routable
		as := w.handed(s, t.Target)
		if able := w.model.able(as); len(able) > 0 != t.Routable {
			w.Fatalf("%s to %+v: said %+v, %d could take it", s.row.Ref.Session, t.Target, t, len(able))
		}
		if t.Operator != "" && !t.Routable && w.model.judge(t.Operator, as).reason != t.Reason {
			w.Fatalf("%s to %s: said %s, it is %s", s.row.Ref.Session, t.Operator, t.Reason, w.model.judge(t.Operator, as).reason)
		}
	}
	w.unlisted(s, said.Targets)
	if len(said.Targets) == 0 {
		return
	}
	to := rapid.SampledFrom(said.Targets).Draw(w.T, "target")
	handed := w.handed(s, to.Target)
	handed.row.Service.Transfer.Cold = one(w.T, 2, "cold")
	w.step(routing.SessionIs{Row: &handed.row, Life: s.life, Number: s.number})
	if offered := len(w.model.rows[s.row.Ref.Session].promised) > 0; w.model.settled && offered != to.Routable {
		w.Fatalf("handed on to %+v: offered %v", to, offered)
	}
}

// handed is the session as OpTransfer leaves it.
func (w *world) handed(s *modelSession, to engine.Target) *modelSession {
	as := *s
	as.row.Service.Transfer = &engine.Transfer{ID: 9, Target: to}
	as.row.Declines = slices.DeleteFunc(slices.Clone(s.row.Declines), func(d engine.Decline) bool { return d.Operator == to.Operator })
	return &as
}

// unlisted: who is not named could not be handed the session.
func (w *world) unlisted(s *modelSession, said []engine.TransferTarget) {
	listed := func(to engine.Target) bool {
		return slices.ContainsFunc(said, func(t engine.TransferTarget) bool { return t.Target == to })
	}
	var all []engine.Target
	for _, id := range w.model.roster() {
		all = append(all, engine.Target{Operator: id})
	}
	for _, d := range w.model.tenant.Departments {
		all = append(all, engine.Target{Department: d.ID})
	}
	for _, skill := range []string{"lang:fr", "billing"} {
		all = append(all, engine.Target{Skill: skill})
	}
	for _, to := range all {
		if !listed(to) && len(w.model.able(w.handed(s, to))) > 0 {
			w.Fatalf("%s to %+v: not named, and it could", s.row.Ref.Session, to)
		}
	}
}

// Who is named is asked whatever it turned down before; of a department nobody is who
// did so just now.
func TestTargetsAfterADecline(t *testing.T) {
	d := newDesk(t, shop(1, "ada", "bob"))
	d.routable("ada", "bob")
	d.arrive(1)
	first := d.offered(1)
	d.decline(1)
	d.accept(1)
	d.step(routing.Targets{Session: d.rows[1].Ref.Session})
	said, _ := did[routing.TargetsAre](d)
	want := []engine.TransferTarget{
		{Target: engine.Target{Operator: first}, Routable: true, Capacity: 1000, OpenCap: 2},
		{Target: engine.Target{Department: "sales"}, Reason: "declined"},
	}
	if len(said.Targets) != 2 || said.Targets[0].Operator != want[0].Operator || !said.Targets[0].Routable || said.Targets[1].Reason != want[1].Reason {
		t.Errorf("got %+v, want %+v", said.Targets, want)
	}
}

// The owner is nobody's reason: what is told is why its colleagues could not.
func TestTargetsLeaveTheOwnerOut(t *testing.T) {
	d := newDesk(t, shop(1, "ada", "bob"))
	d.routable("ada")
	d.arrive(1)
	d.accept(1)
	d.step(routing.Targets{Session: d.rows[1].Ref.Session})
	said, _ := did[routing.TargetsAre](d)
	for _, to := range said.Targets {
		if to.Operator == "ada" || to.Reason != "not_routable" {
			t.Errorf("got %+v", to)
		}
	}
	if len(said.Targets) != 2 {
		t.Errorf("got %+v", said.Targets)
	}
}
