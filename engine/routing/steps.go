package routing

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// timer is a moment at which a waiting session, or an operator, is to be looked
// at again: a decline, a step or breathing time is over.
type timer struct {
	at int64
	s  *session
	o  *operator
}

func timerLess(a, b timer) bool {
	switch {
	case a.at != b.at:
		return a.at < b.at
	case (a.s == nil) != (b.s == nil):
		return a.s != nil
	case a.s != nil:
		return compareIDs(a.s.ref.Session, b.s.ref.Session) < 0
	default:
		return a.o.id < b.o.id
	}
}

// relax brings a waiting session to the step that its waiting has earned. Steps
// count from when it began to wait, and never go back: what was once reached
// stays reached whoever comes or goes.
func (r *Router) relax(s *session) {
	l := s.line
	s.step = min(max(s.step, s.stepTold), len(l.steps)-1) // a configuration in between may have had fewer
	for s.step < len(l.steps)-1 && r.now-s.queued >= l.ends[s.step] {
		s.step++
	}
	if r.settled {
		for l.steps[s.step].SkipIfNone && s.step < len(l.steps)-1 && s.transfer == nil && r.classOf(s).routable() == 0 {
			s.step++
		}
	}
	if s.step > s.stepTold {
		s.stepTold = s.step
		r.do(Relax{Session: s.ref, Epoch: s.epoch, Step: s.step})
	}
}

// wakeSession sets a waiting session's timer to the first end of a decline, or
// of its step.
func (r *Router) wakeSession(s *session) {
	var at int64
	if s.state == engine.StateQueued && s.step < len(s.line.steps)-1 {
		at = s.queued + s.line.ends[s.step]
	}
	for _, d := range s.declines {
		if d.until > r.now && (at == 0 || d.until < at) {
			at = d.until
		}
	}
	if s.timer = at; at != 0 {
		r.timers.insert(timer{at: at, s: s}, 0, 0)
	}
}

// due looks again at those whose time has come.
func (r *Router) due() {
	if !r.settled && r.isSettled() {
		r.settled = true
		r.again()
		for _, l := range r.byLine {
			r.touchLine(l)
		}
	}
	for _, l := range r.byLine {
		if l.changes != 0 && l.changes <= r.now {
			r.look(l)
		}
		if l.resuming > 0 && l.resumedAt+answerWithin <= r.now { // the next may have the place
			l.resuming = 0
			r.touchLine(l)
		}
	}
	for {
		t, found := r.timers.min()
		if !found || t.at > r.now {
			break
		}
		if t.o != nil {
			t.o.breathing = 0
			r.wakeOperator(t.o)
			r.changed(t.o)
			r.census(t.o)
			continue
		}
		r.leave(t.s)
		r.find(t.s)
	}
}

// isSettled reports whether all operators have spoken, or had the time to.
func (r *Router) isSettled() bool { return r.configured && (r.silent == 0 || r.now >= r.settlesAt) }

// nobodyLeft moves on the sessions of steps that nobody routable meets any more.
func (r *Router) nobodyLeft(o *operator) {
	if !r.settled {
		return
	}
	for _, m := range slices.Clone(o.memberships) {
		r.moveOn(m.c)
	}
}

// moveOn looks again at the sessions of a step that is left where nobody routable
// meets it, if that is so.
func (r *Router) moveOn(c *class) {
	if !r.settled || !c.skip || c.waiting.size == 0 || c.routable() > 0 {
		return
	}
	var all []*session
	c.waiting.each(func(s *session) bool { all = append(all, s); return true })
	for _, s := range all {
		r.leave(s)
		r.find(s)
	}
}

// again looks at all waiting sessions anew, in their order.
func (r *Router) again() {
	var all []*session
	for _, s := range r.sessions {
		if s.class != nil {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, compareSessions)
	for _, s := range all {
		r.leave(s)
		r.find(s)
	}
}
