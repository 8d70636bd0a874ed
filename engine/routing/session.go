package routing

import (
	"bytes"
	"time"

	"github.com/parleyhq/parley/engine"
)

// session is what the router knows of one open session.
type session struct {
	ref     engine.SessionRef
	state   engine.State
	epoch   engine.Epoch
	line    *line // of its department
	since   int64 // first queued; never reset
	arrival int64 // virtual arrival: what the lines are ordered by
	queued  int64 // when it last began to wait: the steps count from here
	boosted bool  // it was boosted: it may overtake whom it likes
	weight  int   // milli-units, of its owner
	own     int   // milli-units that it was said to weigh while it is served; 0: nothing was said
	lease   int   // milli-units, of whom it is promised or offered to
	people  bool  // bots are not asked

	owner     *operator
	offers    []*operator // who hold a live offer
	declines  []decline
	preferred *operator
	returning bool // preferred is offered it back first
	needs     []engine.Need
	transfer  *engine.Transfer // pending; nil: none
	failed    engine.Seq       // the transfer that was said to fail and has not been answered yet

	promised  []*operator // whom the unanswered offer names
	life      engine.Term // of the session, as it last reported
	number    uint64      // of that offer
	dismissed bool        // told that it cannot wait; it has not answered yet
	isEarly   bool        // came before it was known who is there, and was not promised yet

	step     int // reached, never below what it has logged
	stepTold int
	class    *class // in which it waits; nil: it does not, or it is promised
	timer    int64  // when a decline or a step ends, as a timer; 0: none
	isFresh  bool   // is in Router.fresh
	charges  []charge

	isSeen             bool             // is in the line that people see
	shelf              *order[*session] // of the line's messages, where it is one
	isAsked            bool             // told that it may wait again; it has not answered yet
	isGivenUp          bool             // a message although service was there
	shown              shownRow         // as last published
	isShown            bool
	isChanged          bool // is in Router.changes
	position           int  // as last told; 0: not
	toldAt             int64
	riskFrom           int64 // since when it waits, as the line's promise counts
	isExpected, isLate bool  // is in line.expected; was told to wait too long
}

// charge is a session's part of an operator's load.
type charge struct {
	o      *operator
	weight int
}

type decline struct {
	o     *operator
	until int64
}

// sessionLess orders by virtual arrival, then by id.
func sessionLess(a, b *session) bool {
	if a.arrival != b.arrival {
		return a.arrival < b.arrival
	}
	return a != b && compareIDs(a.ref.Session, b.ref.Session) < 0
}

func compareSessions(a, b *session) int {
	switch {
	case sessionLess(a, b):
		return -1
	case sessionLess(b, a):
		return 1
	default:
		return 0
	}
}

func compareIDs(a, b engine.SessionID) int { return bytes.Compare(a[:], b[:]) }

// nanos is a moment as the router counts; 0 for none.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// refuses reports whether the session is not to be given to that operator: it
// has it, or turned it down so recently that it is not asked again.
func (s *session) refuses(o *operator, now int64) bool {
	return o == s.owner || s.hasDeclined(o, now)
}

func (s *session) hasDeclined(o *operator, now int64) bool {
	for _, d := range s.declines {
		if d.o == o && now < d.until {
			return true
		}
	}
	return false
}

// isForced reports whether capacity does not matter.
func (s *session) isForced() bool { return s.transfer != nil && s.transfer.Force }

// need is the room that the session asks for in the order of the waiting.
func (s *session) need() int {
	if s.isForced() {
		return 0
	}
	return s.lease
}

// isWaiting reports whether an operator is to be found for the session.
func (s *session) isWaiting() bool {
	switch {
	case len(s.promised) > 0 || s.dismissed:
		return false
	case s.state == engine.StateQueued:
		return s.transfer == nil || s.transfer.ID != s.failed
	case s.state == engine.StateActive || s.state == engine.StateDetached:
		return s.transfer != nil && len(s.offers) == 0 && s.transfer.ID != s.failed
	default:
		return false
	}
}

// isVisible reports whether the session is in the waiting lines that people see.
func (s *session) isVisible() bool {
	return (s.state == engine.StateQueued || s.state == engine.StateOffered) && !s.dismissed
}

// find puts the session where it belongs now: among the waiting, the messages,
// the visible.
func (r *Router) find(s *session) {
	if s.isWaiting() {
		if cause := r.whyAway(s); cause != engine.CauseNone {
			r.dismiss(s, cause)
		} else {
			r.enter(s)
		}
	}
	if s.isVisible() != s.isSeen {
		r.see(s, !s.isSeen)
	}
	if s.state == engine.StateUnattended && s.shelf == nil {
		r.layAside(s)
	}
	r.show(s)
}

// whyAway is why a session cannot wait where it is; CauseNone: it can. Who came before
// it was known whether anybody is there is judged once it is.
func (r *Router) whyAway(s *session) engine.Cause {
	if s.state != engine.StateQueued {
		return engine.CauseNone
	}
	if s.isEarly && r.settled {
		s.isEarly = false
		if r.takesNobody(s.line) {
			return engine.CauseNobody
		}
	}
	if r.sendsAway(s.line) {
		return engine.CauseDepartmentClosed
	}
	return engine.CauseNone
}

// forget lets a closed session go.
func (r *Router) forget(s *session) {
	if s.isSeen {
		r.see(s, false)
	}
	r.show(s)
	*s.line.states.at(s.state)--
	delete(r.sessions, s.ref.Session)
	r.ended = append(r.ended, s)
}

// maxSpare is how many records of closed sessions are kept for new ones.
const maxSpare = 1024

// newSession makes a session's record, of one that is over if there is any.
func (r *Router) newSession(ref engine.SessionRef) *session {
	n := len(r.spare)
	if n == 0 {
		return &session{ref: ref}
	}
	s := r.spare[n-1]
	r.spare = r.spare[:n-1]
	*s = session{
		ref: ref, offers: s.offers[:0], declines: s.declines[:0], needs: s.needs[:0], promised: s.promised[:0], charges: s.charges[:0],
	}
	return s
}

// recycle keeps the records of the sessions that ended in this step. Nothing
// names them any more: they wait nowhere, and what they changed is published.
func (r *Router) recycle() {
	for _, s := range r.ended {
		if len(r.spare) < maxSpare && !s.isFresh {
			s.transfer, s.owner, s.preferred = nil, nil, nil
			r.spare = append(r.spare, s)
		}
	}
	clear(r.ended)
	r.ended = r.ended[:0]
}

// enter puts the session among the waiting of its class, at its place.
func (r *Router) enter(s *session) {
	if s.state == engine.StateQueued {
		if s.transfer == nil {
			r.relax(s)
		}
		s.line.waiting++
		r.touchLine(s.line)
	}
	s.class = r.classOf(s)
	s.class.waiting.insert(s, s.need(), s.since)
	if s.returning && s.state == engine.StateQueued {
		s.preferred.returning.insert(s, s.lease, 0)
	}
	r.wakeSession(s)
	if !s.isFresh {
		s.isFresh = true
		r.fresh = append(r.fresh, s)
	}
}

// leave takes the session out of where it waits, if it does.
func (r *Router) leave(s *session) {
	if s.class == nil {
		return
	}
	s.class.waiting.remove(s)
	s.class = nil
	if s.returning {
		s.preferred.returning.remove(s)
	}
	if s.timer != 0 {
		r.timers.remove(timer{at: s.timer, s: s})
		s.timer = 0
	}
	if s.state == engine.StateQueued {
		s.line.waiting--
		r.touchLine(s.line)
	}
}

// dismiss tells a session that it cannot wait.
func (r *Router) dismiss(s *session, cause engine.Cause) {
	r.leave(s)
	s.dismissed = true
	r.do(Defer{Session: s.ref, Epoch: s.epoch, Cause: cause})
	if s.isSeen {
		r.see(s, false)
	}
	r.show(s)
}
