package routing

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// show publishes what a report changed in the waiting lines, if anything. Only
// what sessions have reported is shown, and so only what is durable: a promise
// is not.
func (r *Router) show(s *session) {
	if !s.isVisible() {
		if s.shown != nil {
			s.shown = nil
			r.rev++
			r.do(Show{Queue: &engine.Queue{Rev: r.rev, Gone: []engine.SessionID{s.ref.Session}}})
		}
		return
	}
	row := s.queueRow()
	if s.shown != nil && *s.shown == row {
		return
	}
	s.shown = &row
	r.rev++
	r.do(Show{Queue: &engine.Queue{Rev: r.rev, Rows: []engine.QueueRow{row}}})
}

func (s *session) queueRow() engine.QueueRow {
	return engine.QueueRow{
		Session: s.ref.Session, Department: s.department, Since: s.since,
		Offered: s.state == engine.StateOffered,
	}
}

// snapshot shows an operator the lines of its departments, in the order in
// which they are served, as of the last published revision.
func (r *Router) snapshot(to engine.OperatorID) {
	o := r.operators[to]
	var shown []*session
	for _, s := range r.sessions {
		if s.shown != nil && o != nil && o.serves(s.department) {
			shown = append(shown, s)
		}
	}
	slices.SortFunc(shown, compareSessions)
	q := &engine.Queue{Rev: r.rev, Snapshot: true, Rows: make([]engine.QueueRow, len(shown))}
	for i, s := range shown {
		q.Rows[i] = *s.shown
	}
	r.do(Show{To: to, Queue: q})
}

// For is a published change as one operator may see it: without rows of
// departments that the operator does not serve, with the same revision, so that
// no operator's watch has a hole. It answers q itself when nothing is left out.
func (r *Router) For(to engine.OperatorID, q *engine.Queue) *engine.Queue {
	o := r.operators[to]
	hidden := func(row engine.QueueRow) bool { return o == nil || !o.serves(row.Department) }
	if !slices.ContainsFunc(q.Rows, hidden) {
		return q
	}
	mine := *q
	mine.Rows = slices.DeleteFunc(slices.Clone(q.Rows), hidden)
	return &mine
}
