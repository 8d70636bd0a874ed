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
	if len(r.changes) == 0 {
		return
	}
	var q *engine.Queue
	r.was, r.wasOfGone = r.was[:0], r.wasOfGone[:0]
	for _, s := range r.changes {
		s.isChanged = false
		if s.isSeen {
			row := shownRow{line: s.line, since: s.since, isOffered: s.state == engine.StateOffered}
			if !s.isShown || s.shown != row {
				r.was = append(r.was, s.shownIn())
				s.shown, s.isShown = row, true
				if q == nil {
					q = r.newRow()
				}
				q.Rows = append(q.Rows, s.queueRow())
			}
		} else if s.isShown {
			r.wasOfGone = append(r.wasOfGone, s.shownIn())
			s.isShown, s.position, s.toldAt = false, 0, 0
			if q == nil {
				q = r.goneRow()
			}
			q.Gone = append(q.Gone, s.ref.Session)
		}
	}
	clear(r.changes)
	if r.changes = r.changes[:0]; q != nil {
		r.was = append(r.was, r.wasOfGone...)
		r.do(Show{Queue: q, Was: r.was})
	}
}

// shownIn is the department whose published line has the session; empty: none has.
func (s *session) shownIn() engine.DepartmentID {
	if !s.isShown {
		return ""
	}
	return s.shown.line.id
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

// WaitingIn is who waits, in the order in which they are served, in the lines of the
// departments that shown answers true for: as of the last published change.
func (r *Router) WaitingIn(shown func(engine.DepartmentID) bool) []engine.QueueRow {
	var all []*session
	for _, s := range r.sessions {
		if s.isShown && shown(s.shown.line.id) {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, compareSessions)
	rows := make([]engine.QueueRow, len(all))
	for i, s := range all {
		rows[i] = s.queueRow()
	}
	return rows
}
