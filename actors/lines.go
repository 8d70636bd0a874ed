package actors

import (
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// The waiting lines of a tenant as its operators watch them. A change of a line that
// was quiet goes out at once; while the line goes on changing, its changes gather for
// lineWindow and go out as one. Each view of them is made up and encoded once for all
// who have it, and has revisions of its own: who sees nothing of a change hears nothing.

// lineWindow is how long changes of a line gather at most.
const lineWindow = 100 * time.Millisecond

// lines is what watchers of a tenant's waiting lines are to be told. A frame's number
// is given here, in the order of the changes, before anybody is told.
type lines struct {
	watchers atomic.Int64 // operators' actors with a connection that watches lines

	// Owned by the router's actor of the moment.
	stirs map[engine.SessionID]*stir
	order []*stir   // as they began
	due   time.Time // when the first of them is to go out
	until map[engine.DepartmentID]time.Time
	views map[string]*shownView
	timer *time.Timer // on its way to say linesDue; nil: none is
}

// stir is what has become of a session in the lines since watchers were told.
type stir struct {
	session engine.SessionID
	was     []engine.DepartmentID // lines that somebody was shown it in
	row     engine.QueueRow       // zero if it waits no longer
}

// in is the line that the session waits in; empty: none.
func (s *stir) in() engine.DepartmentID { return s.row.Department }

// lines are all that the change is of.
func (s *stir) lines(yield func(engine.DepartmentID) bool) {
	for _, d := range s.was {
		if !yield(d) {
			return
		}
	}
	if d := s.in(); d != "" {
		yield(d)
	}
}

// shownView is a view that somebody has asked for.
type shownView struct {
	*lineView
	rev    uint64
	whole  *engine.Queue // the last snapshot, while nothing has been told since
	made   time.Time     // whole was
	seen   atomic.Bool   // a watcher has looked at a change of it
	unseen int           // changes since
}

// forgetViewAfter is how many changes nobody looks at until a view is forgotten. Who
// was only slow sees that its number is missing and asks for the whole.
const forgetViewAfter = 100

// linesDue says that changes have gathered long enough. To a router, control lane: one
// at a time.
type linesDue struct{}

// linesAsked asks for lines as they are. To a router, control lane: one per list that
// a connection begins.
type linesAsked struct {
	operator *operatorHandle
	views    []*lineView
}

func newLines() *lines { return &lines{views: map[string]*shownView{}} }

// reset forgets what watchers were told: whoever still is one asks again.
func (l *lines) reset() {
	clear(l.stirs)
	clear(l.order)
	clear(l.until)
	clear(l.views)
	l.order, l.due = l.order[:0], time.Time{}
}

// record takes what a step of the rules has changed. With nobody to tell it is let go.
func (l *lines) record(e routing.Show) {
	if l.watchers.Load() == 0 {
		l.reset()
		return
	}
	for i, row := range e.Queue.Rows {
		l.stir(row.Session, e.Was[i], row)
	}
	for i, id := range e.Queue.Gone {
		l.stir(id, e.Was[len(e.Queue.Rows)+i], engine.QueueRow{})
	}
}

func (l *lines) stir(id engine.SessionID, was engine.DepartmentID, row engine.QueueRow) {
	s, known := l.stirs[id]
	if !known {
		if l.stirs == nil {
			l.stirs = map[engine.SessionID]*stir{}
		}
		s = &stir{session: id}
		s.shown(was)
		l.stirs[id] = s
		l.order = append(l.order, s)
	}
	s.row = row
	if at := l.dueOf(s); len(l.order) == 1 || at.Before(l.due) {
		l.due = at
	}
}

// shown notes that somebody is shown the session in a line; empty: in none.
func (s *stir) shown(in engine.DepartmentID) {
	if in != "" && !slices.Contains(s.was, in) {
		s.was = append(s.was, in)
	}
}

// dueOf is when a session's change goes out: with the first of its lines.
func (l *lines) dueOf(s *stir) (at time.Time) {
	for d := range s.lines {
		until := l.until[d]
		if until.IsZero() {
			return until
		}
		if at.IsZero() || until.Before(at) {
			at = until
		}
	}
	return at
}

// take is the change that is to go out now, and begins the windows of its lines; nil
// if there is none.
func (l *lines) take(now time.Time, figures func(engine.DepartmentID) (engine.QueueLine, bool)) *linesShown {
	if len(l.order) == 0 || now.Before(l.due) {
		return nil
	}
	c := &linesShown{revs: map[string]*viewRev{}}
	kept := l.order[:0]
	for _, s := range l.order {
		if now.Before(l.dueOf(s)) {
			kept = append(kept, s)
			continue
		}
		delete(l.stirs, s.session)
		if len(s.was) > 0 || s.in() != "" { // else it came and went
			c.stirs = append(c.stirs, s)
		}
	}
	clear(l.order[len(kept):])
	l.order = kept
	l.open(c, now, figures)
	l.due = time.Time{}
	for i, s := range l.order {
		if at := l.dueOf(s); i == 0 || at.Before(l.due) {
			l.due = at
		}
	}
	if len(c.stirs) == 0 {
		return nil
	}
	return c
}

// open names the lines of a change, begins their windows and numbers it in each view.
func (l *lines) open(c *linesShown, now time.Time, figures func(engine.DepartmentID) (engine.QueueLine, bool)) {
	maps.DeleteFunc(l.until, func(_ engine.DepartmentID, until time.Time) bool { return !now.Before(until) })
	if l.until == nil {
		l.until = map[engine.DepartmentID]time.Time{}
	}
	for _, s := range c.stirs {
		for d := range s.lines {
			if slices.Contains(c.lines, d) {
				continue
			}
			c.lines, l.until[d] = append(c.lines, d), now.Add(lineWindow)
			if line, known := figures(d); known {
				c.figures = append(c.figures, line)
			}
		}
	}
	for key, v := range l.views {
		switch {
		case !v.hasAny(c.lines):
			continue
		case v.seen.Swap(false):
			v.unseen = 0
		default:
			if v.unseen++; v.unseen > forgetViewAfter {
				delete(l.views, key)
				continue
			}
		}
		v.rev++
		v.whole = nil
		c.revs[key] = &viewRev{rev: v.rev, seen: &v.seen}
	}
}

// whole is a view's lines as they are, as of the revision that was told last; what has
// stirred since comes with the next.
func (l *lines) whole(of *lineView, t *engine.Tenant, now time.Time, rules liner) *engine.Queue {
	v := l.views[of.key]
	if v == nil {
		v = &shownView{lineView: of, rev: 1}
		l.views[of.key] = v
	}
	if v.whole != nil && now.Sub(v.made) < lineWindow {
		return v.whole
	}
	for _, s := range l.order {
		if of.has(s.in()) {
			s.shown(s.in())
		}
	}
	v.made = now
	v.whole = &engine.Queue{Rev: v.rev, Snapshot: true, Rows: rules.WaitingIn(of.has), Figures: &engine.QueueFigures{Department: of.of}}
	for i := range t.Departments {
		if id := t.Departments[i].ID; of.has(id) {
			if line, known := rules.Line(id); known {
				v.whole.Figures.Lines = append(v.whole.Figures.Lines, line)
			}
		}
	}
	return v.whole
}
