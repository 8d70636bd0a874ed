package routing

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// tallies are a line's open sessions by state, as they were last reported. They are
// kept up to date by each report, so that nobody is walked for them.
type tallies [16]int32

// at is the counter of a state. States are few; what a damaged row says counts
// nowhere in particular.
func (t *tallies) at(s engine.State) *int32 { return &t[s&15] }

// Tally is a department in counts, as far as sessions have reported.
type Tally struct {
	engine.QueueLine
	Waiting, Offered, Active, Detached, Closing, Unattended int
}

// Tallies counts the departments that the configuration names, in the order of their
// ids. It costs as much as there are departments, whatever waits in them.
func (r *Router) Tallies() []Tally {
	all := make([]Tally, 0, len(r.byLine))
	for _, l := range r.byLine {
		if !l.isKnown {
			continue
		}
		count := func(s engine.State) int { return int(*l.states.at(s)) }
		all = append(all, Tally{
			QueueLine: r.queueLine(l), Waiting: count(engine.StateQueued), Offered: count(engine.StateOffered), Active: count(engine.StateActive),
			Detached: count(engine.StateDetached), Closing: count(engine.StateClosing), Unattended: count(engine.StateUnattended),
		})
	}
	return all
}

// Line is a department's waiting line in figures; false of one that nobody has ever
// waited in and that the configuration does not name.
func (r *Router) Line(of engine.DepartmentID) (engine.QueueLine, bool) {
	l := r.lines[of]
	if l == nil {
		return engine.QueueLine{}, false
	}
	return r.queueLine(l), true
}

// queueLine is a waiting line in figures; the wait is of one that joined it now.
func (r *Router) queueLine(l *line) engine.QueueLine {
	q := engine.QueueLine{Department: l.id, Length: l.visible.size}
	if since, found := l.visible.oldest(); found {
		q.OldestSince = moment(since).Truncate(time.Millisecond)
	}
	q.P50, q.P90 = r.waits(l, l.visible.size+1)
	return q
}
