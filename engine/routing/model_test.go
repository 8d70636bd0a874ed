package routing_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// model is the router done the slow way: it walks the whole line and sorts all
// operators each time, and recomputes everything from the reports.
type model struct {
	tenant    *engine.Tenant
	rows      map[engine.SessionID]*modelSession
	operators map[engine.OperatorID]*modelOperator
	full      map[engine.DepartmentID]bool
	born      time.Time
	settled   bool
	number    uint64
	decisions uint64
	now       time.Time
	offers    []string
	others    []string // what else the step does, in any order
	reasons   map[uint64]map[engine.OperatorID]string
	dropped   map[engine.OperatorID]uint64 // decisions when the configuration last lacked it
}

type modelSession struct {
	row       engine.Row
	promised  []engine.OperatorID
	transfer  engine.Seq // that the promise serves
	life      engine.Term
	number    uint64
	text      string // of the offer
	dismissed bool
	early     bool
	failed    engine.Seq
	step      int
	told      int
}

// GoString is what a failure prints.
func (s *modelSession) GoString() string {
	r := &s.row
	return fmt.Sprintf("{%s %s ep %d %s w%d owner %s offers %v pref %s returning %v transfer %v; promised %v #%d dismissed %v step %d}",
		r.Ref.Session, r.State, r.Epoch, r.Department, r.Weight, r.Owner, r.Offers, r.Service.Preferred, r.Service.Returning,
		r.Service.Transfer, s.promised, s.number, s.dismissed, s.step)
}

type modelOperator struct {
	reported, routable, present bool
	breathing, breathes         time.Time
	chosen, idle                time.Time
	scope                       []engine.DepartmentID // of its tokens; empty: all
}

func newModel(born time.Time) *model {
	return &model{
		rows: map[engine.SessionID]*modelSession{}, operators: map[engine.OperatorID]*modelOperator{},
		full: map[engine.DepartmentID]bool{}, born: born, reasons: map[uint64]map[engine.OperatorID]string{}, dropped: map[engine.OperatorID]uint64{},
	}
}

func (m *model) operator(id engine.OperatorID) *modelOperator {
	if m.operators[id] == nil {
		m.operators[id] = &modelOperator{}
	}
	return m.operators[id]
}

func (m *model) configured(id engine.OperatorID) (engine.Operator, bool) {
	if m.tenant == nil {
		return engine.Operator{}, false
	}
	o, ok := m.tenant.Operator(id)
	if o.OpenCap == 0 {
		o.OpenCap = 2 * o.Capacity
	}
	return o, ok
}

func (m *model) roster() []engine.OperatorID {
	var ids []engine.OperatorID
	if m.tenant != nil {
		for _, o := range m.tenant.Operators {
			ids = append(ids, o.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// department is the rules of a line, those of nobody's line if it is not named.
func (m *model) department(id engine.DepartmentID) engine.Department {
	d := engine.Department{ID: id}
	if m.tenant != nil {
		if found, ok := m.tenant.Department(id); ok {
			d = found
		}
		if d.QueueLimit == 0 {
			d.QueueLimit = engine.DefaultQueueLimit
		}
	}
	if d.Weight == 0 {
		d.Weight = engine.DefaultWeight
	}
	if d.Parallel == 0 {
		d.Parallel = 1
	}
	if len(d.Steps) == 0 {
		d.Steps = []engine.Step{{}}
	}
	return d
}

func (m *model) serves(id engine.OperatorID, d engine.DepartmentID) bool {
	scope := m.operator(id).scope
	return m.sees(id, d) && (len(scope) == 0 || slices.Contains(scope, d))
}

// sees reports whether a department's line is shown to an operator: whatever its
// tokens name, for that is judged by connection.
func (m *model) sees(id engine.OperatorID, d engine.DepartmentID) bool {
	o, ok := m.configured(id)
	return ok && (len(o.Departments) == 0 || slices.Contains(o.Departments, d))
}

// reach is whom a department's sessions may come to at some step.
func (m *model) reach(d engine.DepartmentID) []engine.DepartmentID {
	reach := []engine.DepartmentID{d}
	for _, step := range m.department(d).Steps {
		reach = append(reach, step.Also...)
	}
	return reach
}

func (m *model) reaches(id engine.OperatorID, reach []engine.DepartmentID) (best engine.Tier, isMember bool) {
	o, _ := m.configured(id)
	best = engine.TierNever
	for _, d := range reach {
		if m.serves(id, d) {
			isMember, best = true, min(best, o.Tiers[d])
		}
	}
	return best, isMember
}

// lease is what a session loads those with whom it is offered to.
func (m *model) lease(s *modelSession) int {
	switch {
	case s.row.Service.Weight != 0:
		return max(s.row.Weight, s.row.Service.Weight)
	case s.row.Service.Transfer != nil && s.row.Service.Transfer.Target.Department != "":
		return max(s.row.Weight, m.department(s.row.Service.Transfer.Target.Department).Weight)
	case owner(s) != "":
		return max(s.row.Weight, m.department(s.row.Department).Weight)
	default:
		return s.row.Weight
	}
}

func owner(s *modelSession) engine.OperatorID {
	switch s.row.State {
	case engine.StateActive, engine.StateDetached, engine.StateClosing:
		return s.row.Owner
	default:
		return ""
	}
}

// share is a session's part of an operator's load.
func (m *model) share(s *modelSession, id engine.OperatorID) (weight int) {
	if owner(s) == id {
		weight = s.row.Weight
	}
	holds := slices.Contains(s.promised, id)
	if s.row.State != engine.StateClosing && s.row.State != engine.StateQueued {
		holds = holds || slices.ContainsFunc(s.row.Offers, func(o engine.LiveOffer) bool { return o.Operator == id })
	}
	if holds {
		weight = max(weight, m.lease(s))
	}
	return weight
}

func (m *model) load(id engine.OperatorID) (used, open int) {
	for _, s := range m.rows {
		if share := m.share(s, id); share > 0 {
			used, open = used+share, open+1
		}
	}
	return used, open
}

// sorted lists the sessions by id.
func (m *model) sorted() []*modelSession {
	return slices.SortedFunc(maps.Values(m.rows), func(a, b *modelSession) int {
		return bytes.Compare(a.row.Ref.Session[:], b.row.Ref.Session[:])
	})
}
