package actors

import (
	"sync"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// listFresh is how long what the lines were told to be is good for visitors who ask:
// however many ask, the router is asked that often at most.
const listFresh = time.Second

// maxListing is how many visitors' questions wait for the router at a time.
const maxListing = 1000

// listing is what visitors who ask for departments are told of their lines.
type listing struct {
	// Guarded by mu.
	mu      sync.Mutex
	at      time.Time // of counts; zero: never
	counts  map[engine.DepartmentID]engine.QueueLine
	asked   bool // the router is
	waiting []draftPosted
}

// listDepartments answers a visitor: what the departments are is what all were told
// last, and no session has a part in it; how long their lines are the router says.
func (s *seat) listDepartments(d engine.Draft) *engine.Error {
	if s.author.Kind != engine.AuthorVisitor {
		return engine.ErrForbidden
	}
	t, now := s.tenant, s.sys.cfg.Clock()
	l := &t.listing
	l.mu.Lock()
	if !l.at.IsZero() && now.Sub(l.at) < listFresh {
		counts := l.counts
		l.mu.Unlock()
		s.answer(d, engine.Answer{Departments: t.listed(counts)})
		return nil
	}
	if len(l.waiting) >= maxListing {
		l.mu.Unlock()
		return engine.ErrBusy
	}
	l.waiting = append(l.waiting, draftPosted{seat: s, draft: d})
	asks := !l.asked
	l.asked = true
	l.mu.Unlock()
	if asks {
		t.survey(t.surveyed)
	}
	return nil
}

// surveyed answers who waits. Without counts the lines' lengths are not known.
func (t *tenancy) surveyed(tallies []routing.Tally) {
	l := &t.listing
	l.mu.Lock()
	if tallies != nil {
		l.counts, l.at = linesOf(tallies), t.sys.cfg.Clock()
	}
	counts, waiting := l.counts, l.waiting
	if tallies == nil {
		counts = nil
	}
	l.waiting, l.asked = nil, false
	l.mu.Unlock()
	list := t.listed(counts)
	for _, item := range waiting {
		t.sys.rt.safely(&t.router.cell, func() { item.seat.answer(item.draft, engine.Answer{Departments: list}) })
	}
}

// listed are the tenant's departments as visitors may know them.
func (t *tenancy) listed(counts map[engine.DepartmentID]engine.QueueLine) []engine.ListedDepartment {
	now := map[engine.DepartmentID]engine.DepartmentStatus{}
	for _, status := range t.departments.now(t.config()) {
		now[status.Department] = status
	}
	declared := t.config().Departments
	list := make([]engine.ListedDepartment, len(declared))
	for i := range declared {
		d := &declared[i]
		list[i] = engine.ListedDepartment{Name: d.Name, DepartmentStatus: now[d.ID], Form: d.Form}
		list[i].Department = d.ID
		list[i].Queue = queueOf(d, counts)
	}
	return list
}

// queueOf is a department's line as visitors may know it; nil: not at all.
func queueOf(d *engine.Department, counts map[engine.DepartmentID]engine.QueueLine) *engine.ListedQueue {
	line, known := counts[d.ID]
	if !known || d.HideQueue {
		return nil
	}
	return &engine.ListedQueue{Length: line.Length, P50: whole(line.P50)}
}

// linesOf are the lines in a router's answer.
func linesOf(tallies []routing.Tally) map[engine.DepartmentID]engine.QueueLine {
	lines := make(map[engine.DepartmentID]engine.QueueLine, len(tallies))
	for i := range tallies {
		lines[tallies[i].Department] = tallies[i].QueueLine
	}
	return lines
}
