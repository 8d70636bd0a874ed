package routing_test

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

func (m *model) isWaiting(s *modelSession) bool {
	t := s.row.Service.Transfer
	switch {
	case len(s.promised) > 0 || s.dismissed || t != nil && t.ID == s.failed:
		return false
	case s.row.State == engine.StateQueued:
		return true
	default:
		return (s.row.State == engine.StateActive || s.row.State == engine.StateDetached) && t != nil && len(s.row.Offers) == 0
	}
}

func arrival(row engine.Row) time.Time {
	boost := row.Boost
	if row.Service.Transfer != nil && boost < time.Hour { // nobody who is handed on waits behind newcomers
		boost = time.Hour
	}
	return row.FirstQueued.Add(-time.Duration(row.Priority)*time.Minute - boost)
}

func inOrder(a, b *modelSession) int {
	if c := arrival(a.row).Compare(arrival(b.row)); c != 0 {
		return c
	}
	return bytes.Compare(a.row.Ref.Session[:], b.row.Ref.Session[:])
}

// waiting is everyone for whom an operator is sought, in order.
func (m *model) waiting() []*modelSession {
	var line []*modelSession
	for _, s := range m.rows {
		if m.isWaiting(s) {
			line = append(line, s)
		}
	}
	slices.SortFunc(line, inOrder)
	return line
}

func (m *model) inLine(d engine.DepartmentID) (n int) {
	for _, s := range m.waiting() {
		if s.row.Department == d && s.row.State == engine.StateQueued {
			n++
		}
	}
	return n
}

// visible is a department's line as people see it, in order.
func (m *model) visible(d engine.DepartmentID) (line []*modelSession) {
	for _, s := range m.rows {
		if s.row.Department == d && !s.dismissed && (s.row.State == engine.StateQueued || s.row.State == engine.StateOffered) {
			line = append(line, s)
		}
	}
	slices.SortFunc(line, inOrder)
	return line
}

// wants is what a session asks of its operator now.
func (m *model) wants(s *modelSession) (reach []engine.DepartmentID, needs map[string]int, strategy engine.Strategy, target engine.OperatorID) {
	d := m.department(s.row.Department)
	needs = map[string]int{}
	add := func(n engine.Need) { needs[n.Skill] = max(needs[n.Skill], n.Level, 1) }
	if t := s.row.Service.Transfer; t != nil {
		reach, strategy = m.reach(d.ID), d.Strategy
		if t.Target.Operator != "" {
			return reach, nil, strategy, t.Target.Operator
		}
		if t.Target.Department != "" {
			reach, strategy = []engine.DepartmentID{t.Target.Department}, m.department(t.Target.Department).Strategy
		} else {
			add(engine.Need{Skill: t.Target.Skill, Level: 1})
		}
		for _, n := range s.row.Service.Needs {
			if n.Hard {
				add(n)
			}
		}
		return reach, needs, strategy, ""
	}
	k := min(s.step, len(d.Steps)-1)
	step := d.Steps[k]
	for _, n := range step.Require {
		add(n)
	}
	for _, n := range s.row.Service.Needs {
		if n.Hard || len(d.Steps) == 1 || k < len(d.Steps)-1 {
			add(n)
		}
	}
	return append([]engine.DepartmentID{d.ID}, step.Also...), needs, d.Strategy, ""
}

// relax brings everyone who waits to the step that its waiting has earned.
func (m *model) relax() {
	for _, s := range m.waiting() {
		if s.row.State != engine.StateQueued || s.row.Service.Transfer != nil {
			continue
		}
		steps := m.department(s.row.Department).Steps
		s.step = min(max(s.step, s.told), len(steps)-1) // what was told stays so, whatever came between
		reached, end := 0, s.row.Service.Queued
		for ; reached < len(steps)-1; reached++ {
			if end = end.Add(steps[reached].For); m.now.Before(end) {
				break
			}
		}
		s.step = max(s.step, reached)
		for m.settled && steps[s.step].SkipIfNone && s.step < len(steps)-1 && !m.anyRoutable(s) {
			s.step++
		}
		if s.step > s.told {
			s.told = s.step
			m.others = append(m.others, fmt.Sprintf("relax %s to %d", s.row.Ref.Session, s.step))
		}
	}
}

func (m *model) anyRoutable(s *modelSession) bool {
	return slices.ContainsFunc(m.roster(), func(id engine.OperatorID) bool {
		v := m.judge(id, s)
		return !slices.Contains([]string{"not_member", "never_auto", "skills", "not_routable"}, v.reason)
	})
}

// count is how many of a department's operators there are.
func (m *model) count(d engine.DepartmentID, is func(*modelOperator) bool) (n int) {
	for _, id := range m.roster() {
		if tier, ok := m.reaches(id, m.reach(d)); ok && tier < engine.TierNever && is(m.operator(id)) {
			n++
		}
	}
	return n
}

func (m *model) routable(d engine.DepartmentID) int {
	return m.count(d, func(o *modelOperator) bool { return o.routable })
}

func (m *model) sendsAway(d engine.Department) bool {
	if m.tenant != nil && !slices.ContainsFunc(m.tenant.Departments, func(c engine.Department) bool { return c.ID == d.ID }) {
		return !slices.ContainsFunc(m.tenant.Operators, func(o engine.Operator) bool {
			return len(o.Departments) == 0 && o.Tiers[d.ID] < engine.TierNever
		})
	}
	isOpen := d.Hours.OpenAt(m.now)
	present := m.count(d.ID, func(o *modelOperator) bool { return o.present })
	return !isOpen && (d.OnClose == engine.OtherwiseUnattended || m.settled && present == 0)
}
