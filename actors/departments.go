package actors

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// departments is what a tenant's departments are for visitors, as its router says.
// A busy department changes often, so visitors hear of it at most every
// engine.PositionEvery.
type departments struct {
	// Guarded by mu.
	mu  sync.Mutex
	all map[engine.DepartmentID]*departmentState
}

type departmentState struct {
	is, told engine.DepartmentStatus
	at       time.Time // of told; zero: nobody was told yet
}

func (d *departments) set(is engine.DepartmentStatus) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all == nil {
		d.all = map[engine.DepartmentID]*departmentState{}
	}
	if s := d.all[is.Department]; s != nil {
		s.is = is
		return
	}
	d.all[is.Department] = &departmentState{is: is}
}

// due answers what visitors are to be told at now, and takes it as told. What the
// configuration no longer names is kept, and not told.
func (d *departments) due(now time.Time, of *engine.Tenant) (tell []engine.DepartmentStatus) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.all {
		if _, known := of.Department(s.is.Department); !known {
			s.at = time.Time{}
			continue
		}
		if s.at.IsZero() || s.is != s.told && now.Sub(s.at) >= engine.PositionEvery {
			s.told, s.at = s.is, now
			tell = append(tell, s.is)
		}
	}
	slices.SortFunc(tell, compareStatuses)
	return tell
}

func (d *departments) now(of *engine.Tenant) (all []engine.DepartmentStatus) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.all {
		if _, known := of.Department(s.is.Department); known {
			all = append(all, s.is)
		}
	}
	slices.SortFunc(all, compareStatuses)
	return all
}

func compareStatuses(a, b engine.DepartmentStatus) int {
	return strings.Compare(string(a.Department), string(b.Department))
}

// tellStatuses tells visitors who are about to begin a session what has become of
// the departments, and how long their lines are then. Those who have one hear of it
// by that.
func (t *tenancy) tellStatuses(now time.Time) {
	if tell := t.departments.due(now, t.config()); len(tell) > 0 && len(t.undecided()) > 0 {
		t.survey(func(tallies []routing.Tally) { t.tellUndecided(tell, linesOf(tallies)) })
	}
}

func (t *tenancy) tellUndecided(tell []engine.DepartmentStatus, counts map[engine.DepartmentID]engine.QueueLine) {
	for i := range tell {
		if d, known := t.config().Department(tell[i].Department); known {
			tell[i].Queue = queueOf(&d, counts)
		}
	}
	for _, s := range t.undecided() {
		t.sys.rt.safely(&t.router.cell, func() {
			for _, status := range tell {
				if !s.outlet.Notify(status) {
					return
				}
			}
		})
	}
}

// undecided lists the connections of visitors without a session.
func (t *tenancy) undecided() (seats []*seat) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, v := range t.visitors {
		if v.open == nil {
			seats = append(seats, v.seats...)
		}
	}
	return seats
}

// Departments says what a tenant's departments are for visitors now, in the order
// of their ids. engine.ErrNotFound if there is no such tenant.
func (s *System) Departments(tenant engine.TenantID) ([]engine.DepartmentStatus, error) {
	t := s.tenant(tenant)
	if t == nil {
		return nil, engine.ErrNotFound
	}
	return t.departments.now(t.config()), nil
}
