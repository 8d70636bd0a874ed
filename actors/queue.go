package actors

import (
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
)

// showLines passes a change of the waiting lines on to the lists that have begun, or
// the lines as they are to those that have asked. What each may see is judged here. A
// list that is no longer of what it was, or of which a change was missed, begins anew.
func (a *operatorActor) showLines(c *linesShown) {
	for _, s := range a.seats {
		if s.failed {
			continue
		}
		s.prune(engine.TopicQueue)
		anew := false
		for _, w := range s.topics {
			if w.Kind == engine.TopicQueue && !s.showLine(w, c) {
				w.begun, w.asked, anew = false, false, true
			}
		}
		if anew {
			a.ask(s)
		}
	}
}

// showLine shows one list; false if it is to begin anew.
func (s *operatorSeat) showLine(w *topic, c *linesShown) bool {
	v := w.lineView(s.seat)
	if v == nil {
		return true // nothing until its right is back, or it ends
	}
	if c.wholes != nil {
		q := c.wholes[w.view]
		switch {
		case q == nil || !w.asked || w.begun: // another list's
			return true
		case w.view != v.key:
			return false
		}
		w.begun, w.asked, w.rev = true, false, q.Rev
		s.tell(q)
		return true
	}
	if !w.begun {
		return true
	}
	q, known := c.to(v)
	switch {
	case !known || w.view != v.key:
		return false
	case q == nil:
		return true
	case q.Rev != w.rev+1:
		return false
	}
	w.rev = q.Rev
	s.tell(q)
	return true
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
			if s.find(everything) != nil {
				a.watch(s, everything)
			}
			a.ask(s)
		}
	}
}
