package actors

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
)

// showQueue passes the waiting lines on: deltas to connections that have had
// their snapshot, a snapshot to those that have asked.
func (a *operatorActor) showQueue(q *engine.Queue) {
	for _, s := range a.seats {
		if !s.failed {
			s.prune(engine.TopicQueue)
			s.showLines(q)
		}
		if s.failed || !s.lines || q.Snapshot != (s.asked && !s.queue) {
			continue
		}
		s.queue, s.asked = true, false
		s.failed = !s.seat.outlet.Notify(s.scoped(q))
	}
}

// scoped leaves of the waiting lines what the connection's token allows to be
// seen. A delta of which nothing is left is sent as well: its revision counts.
func (s *operatorSeat) scoped(q *engine.Queue) *engine.Queue {
	departments := s.seat.principal.Load().Departments
	if len(departments) == 0 {
		s.shown = nil
		return q
	}
	if s.shown == nil || q.Snapshot {
		s.shown = map[engine.SessionID]struct{}{}
	}
	mine := *q
	mine.Rows, mine.Gone, mine.Figures = nil, nil, &engine.QueueFigures{}
	for _, l := range q.Lines() {
		if slices.Contains(departments, l.Department) {
			mine.Figures.Lines = append(mine.Figures.Lines, l)
		}
	}
	for _, row := range q.Rows {
		switch _, known := s.shown[row.Session]; {
		case slices.Contains(departments, row.Department):
			s.shown[row.Session] = struct{}{}
			mine.Rows = append(mine.Rows, row)
		case known: // it waits elsewhere now
			delete(s.shown, row.Session)
			mine.Gone = append(mine.Gone, row.Session)
		}
	}
	for _, id := range q.Gone {
		if _, known := s.shown[id]; known {
			delete(s.shown, id)
			mine.Gone = append(mine.Gone, id)
		}
	}
	return &mine
}

// rescope shows a connection the waiting lines anew, and lets its sessions judge
// it: its newer token names other departments or roles.
func (a *operatorActor) rescope(of *seat, now time.Time) {
	for _, id := range a.parts() {
		a.h.tenant.lookup(id).tell(judge{of})
	}
	for _, s := range a.seats {
		if s.seat == of {
			a.step(operator.Rescope{Connection: s.number, Departments: of.principal.Load().Departments}, now)
			a.revokeUnseen()
			s.prune(engine.TopicNone)
			if s.lines {
				a.watch(s, everything)
			}
			a.ask(s)
		}
	}
}
