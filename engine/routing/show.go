package routing

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// show marks a session whose row in the published lines may have changed.
func (r *Router) show(s *session) {
	if !s.isChanged {
		s.isChanged = true
		r.changes = append(r.changes, s)
	}
}

// publishLines publishes what the step changed in the waiting lines, if anything.
// Only what sessions have reported is shown, and so only what is durable: a
// promise is not.
func (r *Router) publishLines() {
	var q *engine.Queue
	if len(r.changes) > 0 {
		r.left = r.left[:0]
	}
	r.stirred = r.stirred[:0]
	for _, s := range r.changes {
		s.isChanged = false
		if s.isSeen {
			row := shownRow{line: s.line, since: s.since, isOffered: s.state == engine.StateOffered}
			if !s.isShown || s.shown != row {
				if s.isShown && s.shown.line != s.line {
					r.left = append(r.left, leaving{s.ref.Session, s.shown.line.id})
				}
				r.stirred = append(r.stirred, s.shown.line, s.line) // of one that waits elsewhere now: both
				s.shown, s.isShown = row, true
				if q == nil {
					q = r.newRow()
				}
				q.Rows = append(q.Rows, s.queueRow())
			}
		} else if s.isShown {
			r.stirred = append(r.stirred, s.shown.line)
			r.left = append(r.left, leaving{s.ref.Session, s.shown.line.id})
			s.isShown, s.position, s.toldAt = false, 0, 0
			if q == nil {
				q = r.goneRow()
			}
			q.Gone = append(q.Gone, s.ref.Session)
		}
	}
	clear(r.changes)
	if r.changes = r.changes[:0]; q != nil {
		r.do(Show{Queue: q})
	}
}

// leaving is a session that waits no longer in a line, or not in that one.
type leaving struct {
	session    engine.SessionID
	department engine.DepartmentID
}

// shownRow is what a session's published row says.
type shownRow struct {
	line      *line // a department's line is one for ever
	since     int64
	isOffered bool
}

// newRow is a change of the published lines that begins with a row, goneRow one
// that begins with a session that waits no longer. Most changes are of one session
// and need no more room than this.
func (r *Router) newRow() *engine.Queue {
	r.rev++
	one := &struct {
		engine.Queue
		row [1]engine.QueueRow
	}{Queue: engine.Queue{Rev: r.rev}}
	one.Rows = one.row[:0]
	return &one.Queue
}

func (r *Router) goneRow() *engine.Queue {
	r.rev++
	one := &struct {
		engine.Queue
		gone [1]engine.SessionID
	}{Queue: engine.Queue{Rev: r.rev}}
	one.Gone = one.gone[:0]
	return &one.Queue
}

// queueRow is the session's row as last published.
func (s *session) queueRow() engine.QueueRow {
	return engine.QueueRow{Session: s.ref.Session, Department: s.shown.line.id, Since: moment(s.shown.since), Offered: s.shown.isOffered}
}

// snapshot shows an operator the lines of its departments, in the order in
// which they are served, as of the last published revision. What one connection's
// token leaves out of them is the operator's actor's business.
func (r *Router) snapshot(to engine.OperatorID) {
	o := r.operators[to]
	var shown []*session
	for _, s := range r.sessions {
		if s.isShown && o != nil && o.whole.serves(s.shown.line.id) {
			shown = append(shown, s)
		}
	}
	slices.SortFunc(shown, compareSessions)
	q := &engine.Queue{Rev: r.rev, Snapshot: true, Rows: make([]engine.QueueRow, len(shown))}
	for i, s := range shown {
		q.Rows[i] = s.queueRow()
	}
	q.Figures = &engine.QueueFigures{}
	for _, l := range r.byLine {
		if l.isKnown && o != nil && o.whole.serves(l.id) {
			q.Figures.Lines = append(q.Figures.Lines, r.queueLine(l))
		}
	}
	r.do(Snapshot{To: to, Queue: q})
}

// For is the change that was published last as one operator may see it: without what
// is of departments that the operator does not serve, with the same revision, so that
// no operator's watch has a hole. A session that has left the operator's departments
// for another has gone, as far as it sees. It answers q itself when nothing differs.
func (r *Router) For(to engine.OperatorID, q *engine.Queue) *engine.Queue {
	o := r.operators[to]
	serves := func(d engine.DepartmentID) bool { return o != nil && o.whole.serves(d) }
	hidden := func(row engine.QueueRow) bool { return !serves(row.Department) }
	secret := func(l engine.QueueLine) bool { return !serves(l.Department) }
	elsewhere := func(id engine.SessionID) bool {
		was := slices.IndexFunc(r.left, func(l leaving) bool { return l.session == id })
		return was >= 0 && !serves(r.left[was].department)
	}
	if !slices.ContainsFunc(q.Rows, hidden) && !slices.ContainsFunc(q.Lines(), secret) && !slices.ContainsFunc(q.Gone, elsewhere) {
		return q
	}
	mine := *q
	mine.Rows = slices.DeleteFunc(slices.Clone(q.Rows), hidden)
	mine.Gone = slices.DeleteFunc(slices.Clone(q.Gone), elsewhere)
	for _, l := range r.left {
		if serves(l.department) && slices.ContainsFunc(q.Rows, func(row engine.QueueRow) bool { return row.Session == l.session && hidden(row) }) {
			mine.Gone = append(mine.Gone, l.session)
		}
	}
	mine.Figures = &engine.QueueFigures{Lines: slices.DeleteFunc(slices.Clone(q.Lines()), secret)}
	return &mine
}
