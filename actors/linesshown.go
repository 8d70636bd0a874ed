package actors

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// linesShown is a change of the waiting lines, or the lines as they are, for all who
// watch them: the first of a view who looks makes it up, so that the router need not.
// To an operator, control lane: one per change, at most so many a second as lines have
// windows, and one per linesAsked. Immutable but for what mu guards.
type linesShown struct {
	wholes  map[string]*engine.Queue // the answer to linesAsked, by view; nil: a change
	stirs   []*stir
	lines   []engine.DepartmentID // that it is of
	figures []engine.QueueLine    // of lines
	revs    map[string]*viewRev   // by view: of all that were known when it went out

	mu   sync.Mutex
	made map[string]*engine.Queue // guarded by mu: by view
}

// viewRev is a change's revision in a view.
type viewRev struct {
	rev  uint64
	seen *atomic.Bool
}

// to is the change as a view shows it: nil if it shows nothing of it. Unknown: the view
// was not numbered, and is to be asked for anew.
func (c *linesShown) to(v *lineView) (q *engine.Queue, known bool) {
	if !v.hasAny(c.lines) {
		return nil, true
	}
	number := c.revs[v.key]
	if number == nil {
		return nil, false
	}
	number.seen.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	if q = c.made[v.key]; q == nil {
		q = c.delta(v, number.rev)
		if c.made == nil {
			c.made = map[string]*engine.Queue{}
		}
		c.made[v.key] = q
	}
	return q, true
}

// delta makes the change up for a view. A session that waits where the view does not
// look has gone, as far as it shows.
func (c *linesShown) delta(v *lineView, rev uint64) *engine.Queue {
	q := &engine.Queue{Rev: rev, Figures: &engine.QueueFigures{Department: v.of}}
	for _, s := range c.stirs {
		switch {
		case v.has(s.in()):
			q.Rows = append(q.Rows, s.row)
		case v.hasAny(s.was):
			q.Gone = append(q.Gone, s.session)
		}
	}
	for _, line := range c.figures {
		if v.has(line.Department) {
			q.Figures.Lines = append(q.Figures.Lines, line)
		}
	}
	return q
}

// liner is a routing.Router.
type liner interface {
	Tallies() []routing.Tally
	Line(engine.DepartmentID) (engine.QueueLine, bool)
	WaitingIn(func(engine.DepartmentID) bool) []engine.QueueRow
}

// answerLines shows an operator the lines as they are.
func (a *routerActor) answerLines(item linesAsked, now time.Time) {
	rules, ok := a.rules.(liner)
	if !ok {
		return
	}
	c := &linesShown{wholes: make(map[string]*engine.Queue, len(item.views))}
	for _, v := range item.views {
		c.wholes[v.key] = a.h.lines.whole(v, a.h.tenant.config(), now, rules)
	}
	item.operator.tell(c)
}

// publish tells operators what has stirred long enough, each who serves one of the
// lines, and sees to it that the rest follows.
func (a *routerActor) publish(now time.Time) {
	rules, ok := a.rules.(liner)
	if !ok {
		return
	}
	l, t := a.h.lines, a.h.tenant
	if c := l.take(now, rules.Line); c != nil {
		concerned := servingAny(t.config(), c.lines)
		for _, o := range t.allOperators() {
			if _, is := concerned[o.id]; is && o.lines.Load() > 0 {
				o.tell(c)
			}
		}
	}
	if len(l.order) > 0 && l.timer == nil {
		h := a.h
		l.timer = time.AfterFunc(l.due.Sub(now), func() { h.tell(linesDue{}) })
	}
}

// servingAny are the operators whom the configuration makes members of one of the
// departments.
func servingAny(t *engine.Tenant, of []engine.DepartmentID) map[engine.OperatorID]struct{} {
	all := make(map[engine.OperatorID]struct{}, len(t.Operators))
	for i := range t.Operators {
		o := &t.Operators[i]
		if slices.ContainsFunc(of, func(d engine.DepartmentID) bool { return serves(o, d) }) {
			all[o.ID] = struct{}{}
		}
	}
	return all
}

// published ends the wait for what gathers, and answers when its time has come, by a
// clock that may stand still.
func (l *lines) published(now time.Time) time.Time {
	l.timer = nil
	if l.due.After(now) && len(l.order) > 0 {
		return l.due
	}
	return now
}

// stop ends the wait for what gathers. A linesDue that is under way is told for nothing.
func (l *lines) stop() {
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
}
