package simulate

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// reforms are configurations that change much at once. They are drawn apart from the
// others, so that these stay what they are in stories.
func reforms(r *rand.Rand, base *engine.Tenant) []*engine.Tenant {
	all := []*engine.Tenant{regroup(r, base), retime(r, base), reserve(r, base), retire(r, base)}
	for i, t := range all {
		t.Revision += uint64(10 + i)
		t.EnsureDefaults()
	}
	return all
}

func copyOf(was *engine.Tenant) *engine.Tenant {
	t := *was
	t.Operators, t.Departments = slices.Clone(was.Operators), slices.Clone(was.Departments)
	return &t
}

func idsOf(t *engine.Tenant) (ids []engine.DepartmentID) {
	for i := range t.Departments {
		ids = append(ids, t.Departments[i].ID)
	}
	return ids
}

// regroup gives every operator other departments, tiers, skills and room.
func regroup(r *rand.Rand, base *engine.Tenant) *engine.Tenant {
	t := copyOf(base)
	for i := range t.Operators {
		o := newOperator(r, t.Operators[i].ID, idsOf(t))
		o.MayPick = r.IntN(2) == 0
		t.Operators[i] = o
	}
	return t
}

// retime gives every department other rules, hours and days off.
func retime(r *rand.Rand, base *engine.Tenant) *engine.Tenant {
	t := copyOf(base)
	ids := idsOf(t)
	for i := range t.Departments {
		d := newDepartment(r, ids[i], ids)
		d.Hours = &engine.Hours{Exceptions: []engine.Exception{
			{Year: start.Year(), Month: start.Month(), Day: start.Day() + 1}, // closed all day
			{Year: start.Year(), Month: start.Month(), Day: start.Day() + 2, Open: []engine.Span{{From: 0, Until: 24 * time.Hour}}},
		}}
		for day := range d.Hours.Weekly {
			for from := time.Duration(r.IntN(3)) * time.Hour; from < 20*time.Hour; from += time.Duration(2+r.IntN(3)) * time.Hour {
				d.Hours.Weekly[day] = append(d.Hours.Weekly[day], engine.Span{From: from, Until: from + 90*time.Minute})
			}
		}
		t.Departments[i] = d
	}
	return t
}

// reserve has needs that never drop, steps that offer a note, and lines that people
// take from themselves.
func reserve(r *rand.Rand, base *engine.Tenant) *engine.Tenant {
	t := copyOf(base)
	for i := range t.Departments {
		d := &t.Departments[i]
		hard := engine.Need{Skill: skills[r.IntN(len(skills))], Level: 1, Hard: true}
		d.Steps = []engine.Step{
			{For: 20 * time.Second, Require: []engine.Need{hard, {Skill: "golf", Level: 5}}, SkipIfNone: r.IntN(2) == 0, Prefer: true},
			{For: 30 * time.Second, Require: []engine.Need{hard}, OfferNote: true},
			{Require: []engine.Need{hard}, OfferNote: true},
		}
		if r.IntN(3) == 0 {
			d.Strategy, d.AutoAccept = engine.Manual, false
		}
		d.QueueLimit = 1 + r.IntN(3)
	}
	for i := range t.Operators {
		t.Operators[i].MayPick, t.Operators[i].Bot = true, i == 0 && len(t.Operators) > 1
	}
	return t
}

// retire takes a department away, and an operator, where there are others.
func retire(r *rand.Rand, base *engine.Tenant) *engine.Tenant {
	t := copyOf(base)
	if n := len(t.Departments); n > 1 {
		t.Departments = t.Departments[:n-1]
		gone := base.Departments[n-1].ID
		is := func(d engine.DepartmentID) bool { return d == gone }
		for i := range t.Departments {
			d := &t.Departments[i]
			d.Steps = slices.Clone(d.Steps)
			for j := range d.Steps {
				d.Steps[j].Also = slices.DeleteFunc(slices.Clone(d.Steps[j].Also), is)
			}
		}
		for i := range t.Operators {
			o := &t.Operators[i]
			o.Departments = slices.DeleteFunc(slices.Clone(o.Departments), is)
			o.Tiers = nil
		}
	}
	if n := len(t.Operators); n > 1 {
		i := r.IntN(n)
		t.Operators = slices.Delete(t.Operators, i, i+1)
	}
	return t
}
