package operator_test

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
)

func showing(id uint64, departments ...engine.DepartmentID) operator.Connect {
	c := connect(id)
	c.Departments = departments
	return c
}

func newer(id uint64, departments ...engine.DepartmentID) operator.Rescope {
	return operator.Rescope{Connection: id, Departments: departments}
}

// A session that none of its owner's connections may see has lost its owner, alone of
// all that the owner has; it has it back with the first connection that may see it.
func TestWhatNoConnectionMaySeeHasLostItsOwner(t *testing.T) {
	missing, here := gone(engine.CauseOperatorLost), operator.TellOwned{}
	draining := operator.TellOwned{Gone: true, Cause: engine.CauseOperatorSignedOut, Drain: true}
	drain := say(engine.IntentSignedOut)
	drain.Drain = true
	widened := *lawTenant
	widened.Departments = append([]engine.Department{}, lawTenant.Departments...)
	widened.Departments[1].Steps = []engine.Step{{For: time.Minute}, {Also: []engine.DepartmentID{"night"}}}
	with := func(t *engine.Tenant, known bool) operator.Configure {
		return operator.Configure{Operator: engine.Operator{ID: "ada", PushReach: reach}, Known: known, Grace: grace, Tenant: t}
	}
	phone := mobile(1)
	phone.Departments = []engine.DepartmentID{"sales"}
	for _, c := range []struct {
		name           string
		in             []operator.Input
		sales, support operator.TellOwned
	}{
		{"a wide token", []operator.Input{connect(1)}, here, here},
		{"a narrow one from the beginning", []operator.Input{showing(1, "sales")}, here, missing},
		{"narrowed", []operator.Input{connect(1), newer(1, "sales")}, here, missing},
		{"by a step of the department's own", []operator.Input{connect(1), newer(1, "support")}, here, here},
		{"narrowed to neither", []operator.Input{connect(1), newer(1, "night")}, missing, missing},
		{"narrowed and widened", []operator.Input{connect(1), newer(1, "night"), newer(1, "sales", "support")}, here, here},
		{"another's token is still wide", []operator.Input{connect(1), connect(2), newer(1, "night")}, here, here},
		{"the wider connection goes", []operator.Input{connect(1), showing(2, "sales"), operator.Disconnect{Connection: 1}}, here, missing},
		{"a wider one comes", []operator.Input{showing(1, "sales"), connect(2)}, here, here},
		{"together they see both", []operator.Input{showing(1, "sales"), showing(2, "support")}, here, here},
		{"the last one goes", []operator.Input{showing(1, "sales"), operator.Disconnect{Connection: 1}}, missing, missing},
		{"and comes as narrow", []operator.Input{showing(1, "sales"), operator.Disconnect{Connection: 1}, showing(2, "sales")}, here, missing},
		{"reachable for what its token named", []operator.Input{phone, operator.Disconnect{Connection: 1}}, here, missing},
		{"signed out", []operator.Input{showing(1, "sales"), say(engine.IntentSignedOut)}, gone(engine.CauseOperatorSignedOut), gone(engine.CauseOperatorSignedOut)},
		{"drains what it sees", []operator.Input{showing(1, "sales"), drain}, draining, missing},
		{"drains, and sees it again", []operator.Input{showing(1, "sales"), drain, newer(1)}, draining, draining},
		{"a configuration lets others see it", []operator.Input{showing(1, "night"), with(&widened, true)}, missing, here},
		{"and no longer", []operator.Input{showing(1, "night"), with(&widened, true), with(lawTenant, true)}, missing, missing},
		{"removed", []operator.Input{showing(1, "sales"), with(lawTenant, false)}, gone(engine.CauseOperatorRemoved), gone(engine.CauseOperatorRemoved)},
		{"the server stops", []operator.Input{connect(1), operator.Drain{}, newer(1, "night")}, here, here},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.configure(func(c *operator.Configure) { c.Tenant = lawTenant })
			d.step(operator.Gained{Session: sid(1), Epoch: 1, Department: "sales"}, operator.Gained{Session: sid(2), Epoch: 1, Department: "support"})
			d.step(c.in...)
			d.told(1, c.sales)
			d.told(2, c.support)
		})
	}
}

// What goes on being unseen is said once; a session that comes meanwhile hears of it
// too, and so does one that was rebuilt.
func TestAnUnseenSessionIsToldOnce(t *testing.T) {
	d := newDesk(t)
	owned := operator.Gained{Session: sid(2), Epoch: 3, Department: "support"}
	d.step(showing(1, "sales"), operator.Gained{Session: sid(1), Epoch: 1, Department: "sales"}, owned)
	d.told(2, gone(engine.CauseOperatorLost))
	heard := len(d.heard)
	d.step(operator.SetAway{Connection: 1, On: true}, newer(1, "sales", "night"), operator.Tick{})
	if len(d.heard) != heard {
		t.Errorf("told again: %+v", d.heard[heard:])
	}
	d.step(owned)
	if len(d.heard) != heard+1 || d.heard[heard].Sessions[0] != operator.Owned(owned) || d.heard[heard].Cause != engine.CauseOperatorLost {
		t.Errorf("a rebuilt one: got %+v", d.heard[heard:])
	}
}

// After a start nobody is missed for a while; who comes with a narrower token than it
// had is missing to what it may not see from then on, not from the start.
func TestAfterAStartANarrowTokenIsNoOwner(t *testing.T) {
	d := newDesk(t)
	d.step(operator.Restore{
		Intent:   engine.IntentInfo{Intent: engine.IntentAccepting},
		Sessions: []operator.Owned{{Session: sid(1), Department: "sales"}, {Session: sid(2), Department: "support"}},
	})
	if len(d.heard) != 0 {
		t.Fatalf("told at the start: %+v", d.heard)
	}
	d.now = d.now.Add(time.Second)
	d.step(showing(1, "sales"))
	d.told(1, operator.TellOwned{})
	d.told(2, gone(engine.CauseOperatorLost))
	if since := d.sessions[sid(2)].Since; !since.IsZero() {
		t.Errorf("since %v", since)
	}
}
