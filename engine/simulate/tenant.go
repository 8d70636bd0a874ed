package simulate

import (
	"math/rand/v2"
	"time"

	"github.com/parleyhq/parley/engine"
)

var (
	departments = [...]engine.DepartmentID{"sales", "support", "bots"}
	operatorIDs = [...]engine.OperatorID{"op0", "op1", "op2", "op3", "op4", "op5"}
	skills      = [...]string{"lang:fr", "billing"}
)

const (
	maxOperators = len(operatorIDs)
	maxDevices   = 3
)

// start is when worlds begin: a Monday, before opening time.
var start = time.Date(2026, 3, 2, 7, 30, 0, 0, time.UTC)

// newTenant draws a tenant. Its variants are what its configuration changes to.
func newTenant(r *rand.Rand) *engine.Tenant {
	t := &engine.Tenant{ID: "acme", Revision: r.Uint64N(1000), Transcripts: true, MaxMisses: []int{0, 0, 1, 3}[r.IntN(4)]}
	count := 1 + r.IntN(len(departments))
	for _, id := range departments[:count] {
		t.Departments = append(t.Departments, newDepartment(r, id, departments[:count]))
	}
	for _, id := range operatorIDs[:1+r.IntN(maxOperators)] {
		t.Operators = append(t.Operators, newOperator(r, id, departments[:count]))
	}
	t.EnsureDefaults()
	return t
}

func seconds(r *rand.Rand, choices ...int) time.Duration {
	return time.Duration(choices[r.IntN(len(choices))]) * time.Second
}

func newDepartment(r *rand.Rand, id engine.DepartmentID, all []engine.DepartmentID) engine.Department {
	d := engine.Department{
		ID: id, OfferTimeout: seconds(r, 0, 10, 30), DeclineFor: seconds(r, 0, 5, 120), WrapUp: seconds(r, 0, 0, 30, 120),
		QueueLimit: []int{0, 0, 2, 5}[r.IntN(4)], QueueGrace: seconds(r, 0, 5, 100),
		Strategy: engine.Strategy(r.IntN(5)), Parallel: []int{0, 0, 1, 2, 3}[r.IntN(5)], AutoAccept: r.IntN(4) == 0,
		FirstReply: seconds(r, 0, 20), OperatorGrace: seconds(r, 0, 10, 60), VisitorGrace: seconds(r, 0, 60),
		Breathing: seconds(r, 0, 0, 10), RatingWindow: seconds(r, 0, 300, -1),
		WhenClosed: engine.Otherwise(r.IntN(2)), WhenNobody: engine.Otherwise(1 + r.IntN(2)), OnClose: engine.Otherwise(1 + r.IntN(2)),
		ResumeUnattended: r.IntN(2) == 0, UnattendedFor: seconds(r, 0, 3600),
	}
	d.AutoAccept = d.AutoAccept && d.Strategy != engine.Manual
	if r.IntN(3) == 0 {
		d.Weight, d.IdleWeight, d.WrapUpWeight = 500+500*r.IntN(3), 100+100*r.IntN(3), 200
	}
	if r.IntN(2) == 0 {
		d.Silence = &engine.Silence{
			VisitorWarn: seconds(r, 0, 30), VisitorClose: seconds(r, 0, 90), OperatorNudge: seconds(r, 0, 20),
			OperatorReroute: seconds(r, 0, 60), QueueMax: seconds(r, 0, 0, 200), IdleAfter: seconds(r, 0, 40),
		}
	}
	if r.IntN(4) == 0 {
		d.Hours = &engine.Hours{}
		for i := range d.Hours.Weekly {
			d.Hours.Weekly[i] = []engine.Span{{From: 8 * time.Hour, Until: 9 * time.Hour}, {From: 10 * time.Hour, Until: 18 * time.Hour}}
		}
		d.StopBefore = seconds(r, 0, 600)
	}
	if r.IntN(2) == 0 {
		d.Steps = newSteps(r, id, all)
	}
	return d
}

// newSteps drops needs and adds departments from step to step.
func newSteps(r *rand.Rand, id engine.DepartmentID, all []engine.DepartmentID) []engine.Step {
	needs := []engine.Need{{Skill: skills[0], Level: 3}, {Skill: skills[1], Level: 1}}[r.IntN(2):]
	var also []engine.DepartmentID
	var steps []engine.Step
	for range 1 + r.IntN(3) {
		steps = append(steps, engine.Step{
			For: 5*time.Second + seconds(r, 5, 20, 40), Require: needs, Also: also, Prefer: r.IntN(2) == 0, SkipIfNone: r.IntN(3) == 0,
		})
		if len(needs) > 0 && r.IntN(2) == 0 {
			needs = needs[1:]
		}
		if other := all[r.IntN(len(all))]; len(also) == 0 && other != id && r.IntN(2) == 0 {
			also = []engine.DepartmentID{other}
		}
	}
	last := &steps[len(steps)-1]
	last.For, last.SkipIfNone = 0, false
	return steps
}

func newOperator(r *rand.Rand, id engine.OperatorID, all []engine.DepartmentID) engine.Operator {
	o := engine.Operator{
		ID: id, Capacity: 1 + r.IntN(3), OpenCap: []int{0, 0, 2, 4}[r.IntN(4)], Skills: map[string]int{},
		Bot: r.IntN(8) == 0, PushReach: seconds(r, 0, 0, 60),
	}
	for _, d := range all {
		if r.IntN(2) == 0 {
			o.Departments = append(o.Departments, d)
		}
		isMember := len(o.Departments) > 0 && o.Departments[len(o.Departments)-1] == d
		if r.IntN(3) == 0 && isMember {
			if o.Tiers == nil {
				o.Tiers = map[engine.DepartmentID]engine.Tier{}
			}
			o.Tiers[d] = engine.Tier(r.IntN(3))
		}
	}
	for _, s := range skills {
		if level := r.IntN(engine.MaxLevel + 1); level > 0 {
			o.Skills[s] = level
		}
	}
	return o
}

// vary changes a tenant's configuration in a few places.
func vary(r *rand.Rand, was *engine.Tenant) *engine.Tenant {
	t := *was
	t.Revision++
	t.Operators = append([]engine.Operator(nil), was.Operators...)
	t.Departments = append([]engine.Department(nil), was.Departments...)
	ids := make([]engine.DepartmentID, len(t.Departments))
	for i := range t.Departments {
		ids[i] = t.Departments[i].ID
	}
	switch r.IntN(4) {
	case 0:
		i := r.IntN(len(t.Departments))
		t.Departments[i] = newDepartment(r, t.Departments[i].ID, ids)
	case 1:
		i := r.IntN(len(t.Operators))
		t.Operators = append(t.Operators[:i:i], t.Operators[i+1:]...)
	case 2:
		if len(t.Operators) < maxOperators {
			for _, id := range operatorIDs {
				if _, known := t.Operator(id); !known {
					t.Operators = append(t.Operators, newOperator(r, id, ids))
					break
				}
			}
		}
	default:
		if len(t.Operators) > 0 {
			i := r.IntN(len(t.Operators))
			t.Operators[i] = newOperator(r, t.Operators[i].ID, ids)
		}
	}
	if len(t.Operators) == 0 {
		t.Operators = append(t.Operators, newOperator(r, operatorIDs[0], ids))
	}
	t.EnsureDefaults()
	return &t
}
