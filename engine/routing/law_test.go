package routing_test

import (
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
	"pgregory.net/rapid"
)

var (
	someOperators   = rapid.SampledFrom([]engine.OperatorID{"ada", "bob", "cem", "eve", "fay"})
	someDepartments = rapid.SampledFrom([]engine.DepartmentID{"sales", "sales", "support", "gone"})
	someSkills      = rapid.SampledFrom([]string{"billing", "lang:fr"})
)

func one(t *rapid.T, in int, label string) bool { return rapid.IntRange(1, in).Draw(t, label) == in }

func drawTenant(t *rapid.T) *engine.Tenant {
	tenant := &engine.Tenant{ID: "acme"}
	for _, id := range []engine.DepartmentID{"sales", "support"} {
		tenant.Departments = append(tenant.Departments, drawDepartment(t, id))
	}
	for _, id := range []engine.OperatorID{"ada", "bob", "cem", "eve"} {
		if one(t, 5, "absent") {
			continue
		}
		o := engine.Operator{ID: id, Capacity: rapid.IntRange(1, 3).Draw(t, "capacity"), Bot: one(t, 6, "bot"), Skills: map[string]int{}, Tiers: map[engine.DepartmentID]engine.Tier{}}
		o.Departments = rapid.SliceOfNDistinct(rapid.SampledFrom([]engine.DepartmentID{"sales", "support"}), 0, 2, rapid.ID).Draw(t, "departments")
		if one(t, 4, "open cap") {
			o.OpenCap = rapid.IntRange(1, 4).Draw(t, "cap")
		}
		if one(t, 2, "skills") {
			o.Skills[someSkills.Draw(t, "skill")] = rapid.IntRange(1, 3).Draw(t, "level")
			o.Skills[someSkills.Draw(t, "skill")] = rapid.IntRange(1, 3).Draw(t, "level")
		}
		if one(t, 3, "tiers") {
			o.Tiers[someDepartments.Draw(t, "tier of")] = engine.Tier(rapid.IntRange(0, 2).Draw(t, "tier"))
		}
		tenant.Operators = append(tenant.Operators, o)
	}
	return tenant
}

func drawDepartment(t *rapid.T, id engine.DepartmentID) engine.Department {
	d := engine.Department{ID: id, QueueLimit: rapid.IntRange(1, 4).Draw(t, "limit")}
	if one(t, 2, "plain") {
		return d
	}
	d.Strategy = engine.Strategy(rapid.IntRange(0, 4).Draw(t, "strategy"))
	d.Parallel = rapid.IntRange(0, 3).Draw(t, "parallel")
	d.AutoAccept = one(t, 5, "auto")
	if one(t, 4, "breathing") {
		d.Breathing = time.Duration(rapid.IntRange(1, 30).Draw(t, "breath")) * time.Second
	}
	if one(t, 3, "nobody") {
		d.WhenNobody = engine.OtherwiseUnattended
	}
	if one(t, 3, "steps") {
		d.Steps = drawSteps(t)
	}
	if one(t, 4, "hours") {
		d.Hours = &engine.Hours{}
		for i := range d.Hours.Weekly {
			d.Hours.Weekly[i] = []engine.Span{{From: 9 * time.Hour, Until: 9*time.Hour + 4*time.Minute}, {From: 9*time.Hour + 6*time.Minute, Until: 9*time.Hour + 20*time.Minute}}
		}
		d.StopBefore = time.Duration(rapid.IntRange(0, 1).Draw(t, "stop")) * time.Minute
		d.OnClose = rapid.SampledFrom([]engine.Otherwise{engine.OtherwiseQueue, engine.OtherwiseUnattended}).Draw(t, "on close")
	}
	return d
}

// drawSteps draws steps that only drop needs and add departments.
func drawSteps(t *rapid.T) []engine.Step {
	need := engine.Need{Skill: someSkills.Draw(t, "need"), Level: rapid.IntRange(1, 3).Draw(t, "level")}
	lower := need
	lower.Level = 1
	steps := []engine.Step{
		{For: 20 * time.Second, Require: []engine.Need{need}, SkipIfNone: one(t, 2, "skip"), Prefer: one(t, 2, "prefer")},
		{For: 30 * time.Second, Require: []engine.Need{lower}, SkipIfNone: one(t, 2, "skip")},
		{Also: []engine.DepartmentID{"support"}, Prefer: one(t, 2, "prefer")},
	}
	return steps[rapid.IntRange(0, 2).Draw(t, "first step"):]
}

// drawRow changes a session's facts in any way that a session could, and in some
// that it could not: the ledger must hold whatever is reported.
func (w *world) drawRow(row engine.Row) engine.Row {
	was := row.State
	row.State = rapid.SampledFrom([]engine.State{
		engine.StateQueued, engine.StateQueued, engine.StateQueued, engine.StateOffered, engine.StateActive, engine.StateActive,
		engine.StateDetached, engine.StateClosing, engine.StateUnattended, engine.StateClosed,
	}).Draw(w.T, "state")
	row.Offers, row.Service.Transfer = nil, nil
	row.Service.Idle = false
	if one(w.T, 5, "weight changes") {
		row.Weight = 500
	}
	offer := func() {
		for range rapid.IntRange(1, 2).Draw(w.T, "offers") {
			row.Offers = append(row.Offers, engine.LiveOffer{Operator: someOperators.Draw(w.T, "to")})
		}
	}
	switch row.State {
	case engine.StateOffered:
		offer()
	case engine.StateActive, engine.StateDetached:
		if was != engine.StateActive && was != engine.StateDetached {
			row.Epoch++
			row.Owner = someOperators.Draw(w.T, "owner")
		}
		if one(w.T, 2, "transfer") {
			row.Service.Transfer = w.drawTransfer()
			if one(w.T, 4, "offered") {
				offer()
			}
		}
	case engine.StateClosing:
		row.Owner = someOperators.Draw(w.T, "owner")
		row.Epoch++
	case engine.StateQueued:
		w.drawWait(&row, was)
	}
	return row
}

func (w *world) drawWait(row *engine.Row, was engine.State) {
	row.Owner = ""
	if one(w.T, 2, "declined") {
		d := engine.Decline{
			Operator: someOperators.Draw(w.T, "decliner"),
			Until:    w.now.Add(time.Duration(rapid.IntRange(-5, 60).Draw(w.T, "until")) * time.Second),
		}
		row.Declines = append(slices.Clone(row.Declines), d)
	}
	if was != engine.StateQueued && was != engine.StateOffered || one(w.T, 4, "requeued") {
		row.Epoch++
		row.Boost = time.Duration(rapid.IntRange(0, 2).Draw(w.T, "boost")) * time.Hour
		row.Service.Queued, row.Service.Step = w.now, 0
		row.Service.Returning = one(w.T, 2, "returning")
		row.Service.Handed = one(w.T, 4, "handed")
		row.Service.Preferred = someOperators.Draw(w.T, "preferred")
	}
	if one(w.T, 6, "moved") {
		row.Department, row.Service.Queued = someDepartments.Draw(w.T, "department"), w.now
	}
}

func (w *world) drawTransfer() *engine.Transfer {
	t := &engine.Transfer{ID: engine.Seq(rapid.IntRange(1, 3).Draw(w.T, "transfer id")), Force: one(w.T, 4, "force"), Or: engine.Fallback(rapid.IntRange(0, 2).Draw(w.T, "or"))}
	switch rapid.IntRange(0, 2).Draw(w.T, "target") {
	case 0:
		t.Target.Operator = someOperators.Draw(w.T, "target operator")
	case 1:
		t.Target.Department = someDepartments.Draw(w.T, "target department")
	default:
		t.Target.Skill = someSkills.Draw(w.T, "target skill")
	}
	return t
}

func (w *world) newRow() engine.Row {
	w.next++
	waited := w.now.Add(-time.Duration(rapid.IntRange(0, 200).Draw(w.T, "waited")) * time.Second)
	row := engine.Row{
		Ref:         engine.SessionRef{Tenant: "acme", Session: sessionID(w.next * 7919 % 1000)},
		State:       engine.StateQueued,
		Epoch:       1,
		Department:  someDepartments.Draw(w.T, "department"),
		FirstQueued: waited,
		Priority:    rapid.IntRange(-2, 3).Draw(w.T, "priority"),
		Weight:      rapid.SampledFrom([]int{1000, 1000, 1000, 300, 1500}).Draw(w.T, "weight"),
		Service:     engine.Service{Queued: waited},
	}
	if one(w.T, 3, "needs") {
		need := engine.Need{Skill: someSkills.Draw(w.T, "need"), Level: rapid.IntRange(0, 3).Draw(w.T, "level"), Hard: one(w.T, 2, "hard")}
		row.Service.Needs = []engine.Need{need}
	}
	if one(w.T, 4, "preferred") {
		row.Service.Preferred = someOperators.Draw(w.T, "preferred")
	}
	if one(w.T, 4, "a weight of its own") {
		row.Service.Weight = rapid.SampledFrom([]int{200, 700, 2500}).Draw(w.T, "own")
		row.Weight = row.Service.Weight
	}
	return row
}

// someSession picks a known session.
func (w *world) someSession() *modelSession {
	if len(w.model.rows) == 0 {
		w.Skip("no sessions")
	}
	return rapid.SampledFrom(w.model.sorted()).Draw(w.T, "session")
}

// somePromised picks one that is promised and has not answered.
func (w *world) somePromised() *modelSession {
	promised := slices.DeleteFunc(w.model.sorted(), func(s *modelSession) bool { return len(s.promised) == 0 })
	if len(promised) == 0 {
		w.Skip("none is promised")
	}
	return rapid.SampledFrom(promised).Draw(w.T, "session")
}

// TestLaws checks I2, I5 and I6, the order, the ledger, the steps, decisions and
// their reasons, statuses, positions and the published lines against the model,
// whatever is reported in whatever order.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		if one(t, 3, "early") {
			w.now = epoch0.Add(time.Second)
		}
		w.router.Step(routing.Tick{}, epoch0, nil) // its life begins
		if !one(t, 4, "not configured") {
			w.step(routing.Configure{Tenant: drawTenant(t)})
		}
		for _, id := range []engine.OperatorID{"ada", "bob", "cem"} {
			if one(t, 2, "there") {
				w.step(routing.OperatorIs{Operator: id, Routable: true})
			}
		}
		t.Repeat(w.actions())
	})
}

func (w *world) actions() map[string]func(*rapid.T) {
	start := func(recovered bool) func(*rapid.T) {
		return func(*rapid.T) { w.step(routing.SessionIs{Row: new(w.newRow()), Recovered: recovered}) }
	}
	operator := func(*rapid.T) {
		is := routing.OperatorIs{Operator: someOperators.Draw(w.T, "operator"), Routable: !one(w.T, 4, "not routable"), Present: one(w.T, 2, "present")}
		if one(w.T, 4, "breathing") {
			is.Breathing = w.now.Add(time.Duration(rapid.IntRange(-5, 30).Draw(w.T, "breath")) * time.Second)
		}
		if one(w.T, 4, "a token for some departments") {
			is.Departments = rapid.SliceOfNDistinct(someDepartments, 1, 2, rapid.ID).Draw(w.T, "scope")
			slices.Sort(is.Departments)
		}
		w.step(is)
	}
	return map[string]func(*rapid.T){
		"start":    start(false),
		"start2":   start(false),
		"start3":   start(false),
		"restored": func(*rapid.T) { w.step(routing.SessionIs{Row: new(w.drawRow(w.newRow())), Recovered: true}) },
		"answer": func(*rapid.T) { // the session has seen the offer
			s := w.someSession()
			w.step(routing.SessionIs{Row: new(w.drawRow(s.row)), Life: s.life, Number: s.number})
		},
		"accept": func(*rapid.T) { // as it mostly goes
			s := w.somePromised()
			row := s.row
			row.State, row.Owner, row.Epoch, row.Offers, row.Service.Transfer = engine.StateActive, s.promised[0], row.Epoch+1, nil, nil
			w.step(routing.SessionIs{Row: new(row), Life: s.life, Number: s.number})
		},
		"offered": func(*rapid.T) {
			s := w.somePromised()
			row := s.row
			switch row.State {
			case engine.StateQueued, engine.StateOffered:
				row.State = engine.StateOffered
			case engine.StateActive, engine.StateDetached:
			default:
				w.Skip("it takes no offer")
			}
			row.Offers = nil
			for _, id := range s.promised {
				row.Offers = append(row.Offers, engine.LiveOffer{Operator: id})
			}
			w.step(routing.SessionIs{Row: new(row), Life: s.life, Number: s.number})
		},
		"close": func(*rapid.T) {
			s := w.someSession()
			row := s.row
			row.State = engine.StateClosed
			w.step(routing.SessionIs{Row: new(row), Life: s.life})
		},
		"stale": func(*rapid.T) { // or it has not
			s := w.somePromised()
			number := s.number - 1
			if one(w.T, 2, "former life") { // of a router that counted further
				number = s.number + 50
			}
			w.step(routing.SessionIs{Row: new(w.drawRow(s.row)), Life: s.life, Number: number})
		},
		"recovered": func(*rapid.T) {
			s := w.someSession()
			w.step(routing.SessionIs{Row: new(w.drawRow(s.row)), Life: s.life + 1, Recovered: true})
		},
		"lives": func(*rapid.T) {
			s := w.someSession()
			w.step(routing.SessionIs{Row: new(s.row), Life: s.life + 1, Recovered: true})
		},
		"asked": func(*rapid.T) { // and it has seen what it has seen
			s := w.someSession()
			w.step(routing.SessionIs{Row: new(s.row), Life: s.life, Number: s.number - uint64(rapid.IntRange(0, 1).Draw(w.T, "unseen")), Recovered: true})
		},
		"repeat": func(*rapid.T) {
			s := w.someSession()
			w.step(routing.SessionIs{Row: new(s.row), Life: s.life, Number: s.number})
		},
		"operator":  operator,
		"operator2": operator,
		"pick": func(*rapid.T) {
			s := w.someSession()
			epoch := s.row.Epoch + engine.Epoch(rapid.IntRange(0, 5).Draw(w.T, "stale")/5)
			w.step(routing.Pick{Session: s.row.Ref.Session, Operator: someOperators.Draw(w.T, "operator"), Epoch: epoch, Force: one(w.T, 3, "force"), Request: 7})
		},
		"explain": func(*rapid.T) {
			if len(w.decisions) == 0 {
				w.Skip("no decisions")
			}
			w.step(routing.Explain{Operator: someOperators.Draw(w.T, "operator"), Decision: rapid.SampledFrom(w.decisions).Draw(w.T, "decision")})
		},
		"targets": w.targets,
		"time":    func(*rapid.T) { w.pass(); w.step(routing.Tick{}) },
		"watch":   func(*rapid.T) { w.waiting(someOperators.Draw(w.T, "operator")) },
		"configure": func(*rapid.T) {
			if one(w.T, 4, "really") {
				w.step(routing.Configure{Tenant: drawTenant(w.T)})
			}
		},
	}
}

func (w *world) pass() {
	w.now = w.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(w.T, "seconds")) * time.Second)
}
