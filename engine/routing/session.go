package routing

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// credit is how much earlier one point of priority makes a session arrive.
const credit = time.Minute

// session is what the router knows of one open session.
type session struct {
	ref        engine.SessionRef
	state      engine.State
	epoch      engine.Epoch
	department engine.DepartmentID
	since      time.Time // first queued; never reset
	arrival    time.Time // virtual arrival: what the line is ordered by
	weight     int       // milli-units
	declines   []engine.Decline
	holder     *operator // whom it is offered to or owned by; nil: nobody
	promised   *operator // whom the unanswered offer names; nil: none
	number     uint64    // of that offer
	why        Decision  // of that offer
	line       *line     // where it waits; nil: it does not, or it is promised
	refused    bool      // told that it cannot wait; it has not answered yet

	charged       [2]*operator // whose load it is part of
	chargedWeight int

	shown *engine.QueueRow // as last published; nil: not
}

// line is a department's waiting line.
type line struct {
	limit   int // waiting sessions beyond which new ones are refused; 0: no configuration yet
	waiting order[*session]
	pool    *pool // the operators who serve this department by name
}

// compareSessions orders by virtual arrival, then by id.
func compareSessions(a, b *session) int {
	if c := a.arrival.Compare(b.arrival); c != 0 {
		return c
	}
	return compareIDs(a.ref.Session, b.ref.Session)
}

func sessionLess(a, b *session) bool { return compareSessions(a, b) < 0 }

// hasDeclined reports whether the operator turned the session down so recently
// that it is not asked again.
func (s *session) hasDeclined(o *operator, now time.Time) bool {
	for _, d := range s.declines {
		if d.Operator == o.id && now.Before(d.Until) {
			return true
		}
	}
	return false
}

// isVisible reports whether the session is in the waiting lines that people see.
func (s *session) isVisible() bool {
	return (s.state == engine.StateQueued || s.state == engine.StateOffered) && !s.refused
}

// sessionIs takes a report in. It answers the session, and whether it has just
// entered the waiting line for the first time; nil if the report changes nothing.
func (r *Router) sessionIs(in SessionIs) (s *session, entered bool) {
	id := in.Row.Ref.Session
	s = r.sessions[id]
	isOpen := in.Row.State.IsOpen() && in.Row.State != engine.StateNew
	if s == nil {
		if !isOpen {
			return nil, false
		}
		s = &session{ref: in.Row.Ref}
		r.sessions[id] = s
		entered = in.Row.State == engine.StateQueued && !in.Recovered && !in.Row.FirstQueued.Before(r.born)
	}
	r.leave(s)
	if s.promised != nil && !r.stillPromised(s, in) {
		s.promised = nil
	}
	s.refused = s.refused && !in.Recovered && in.Row.Epoch == s.epoch && in.Row.State == engine.StateQueued
	r.learn(s, in.Row)
	r.settle(s)
	switch {
	case !isOpen:
		delete(r.sessions, id)
	case s.promised != nil && in.Recovered:
		r.offer(s) // again: nobody knows whether the first one was lost
	case s.state == engine.StateQueued && s.promised == nil && !s.refused:
		r.enter(s)
	}
	return s, entered
}

// stillPromised reports whether a report leaves the outstanding offer open.
//
// A number that is not the offer's is from before it, or from an earlier life of
// this router. A closed session takes no offer any more, and its actor may be gone
// before it sees this one (I12). A session that was rebuilt does not know which
// offers it saw: if it could still take this one, freeing the slot could give it
// away twice (I2), so the offer stands and is made again, under its number.
func (r *Router) stillPromised(s *session, in SessionIs) bool {
	if !in.Recovered {
		return in.Number != s.number && in.Row.State.IsOpen()
	}
	hasAnswered := slices.ContainsFunc(in.Row.Declines, func(d engine.Decline) bool {
		return d.Operator == s.promised.id && r.now.Before(d.Until)
	})
	return in.Row.State == engine.StateQueued && in.Row.Epoch == s.epoch && !hasAnswered
}

// learn takes the routing facts out of a row.
func (r *Router) learn(s *session, row engine.Row) {
	s.state, s.epoch, s.department = row.State, row.Epoch, row.Department
	s.since = row.FirstQueued.UTC() // rows from a store and from memory compare alike
	s.arrival = row.FirstQueued.Add(-time.Duration(row.Priority)*credit - row.Boost)
	s.weight = row.Weight
	if s.weight <= 0 {
		s.weight = engine.DefaultWeight
	}
	s.declines = append(s.declines[:0], row.Declines...)
	s.holder = nil
	holder := row.Owner
	switch row.State {
	case engine.StateOffered:
		holder = row.OfferedTo()
	case engine.StateActive, engine.StateDetached, engine.StateClosing:
	default:
		return
	}
	if holder != "" {
		s.holder = r.operator(holder)
	}
}

// settle makes the session part of the load of exactly those whom it is promised
// to, offered to or owned by. What it was part of before is remembered with
// the session, so a repeated report changes nothing and a lost one leaves no ghost.
func (r *Router) settle(s *session) {
	var want [2]*operator
	switch {
	case s.promised == nil:
		want[0] = s.holder
	case s.holder == s.promised:
		want[0] = s.promised
	default:
		want = [2]*operator{s.promised, s.holder}
	}
	if want == s.charged && (s.weight == s.chargedWeight || want[0] == nil) {
		return
	}
	for _, o := range s.charged {
		if o != nil {
			r.load(o, -s.chargedWeight)
		}
	}
	s.charged, s.chargedWeight = want, s.weight
	for _, o := range s.charged {
		if o != nil {
			r.load(o, s.chargedWeight)
		}
	}
}

// enter puts the session into its department's line, at its place.
func (r *Router) enter(s *session) {
	s.line = r.line(s.department)
	s.line.waiting.insert(s, s.weight)
	for _, d := range s.declines {
		if r.now.Before(d.Until) {
			o := r.operator(d.Operator)
			o.cooling.insert(cooling{d.Until, s}, s.weight)
			r.touch(o)
		}
	}
}

// leave takes the session out of the line it waits in, if it does.
func (r *Router) leave(s *session) {
	if s.line == nil {
		return
	}
	s.line.waiting.remove(s)
	s.line = nil
	for _, d := range s.declines {
		if o := r.operators[d.Operator]; o != nil && o.cooling.remove(cooling{d.Until, s}) {
			r.touch(o)
		}
	}
}

// line finds or makes a department's line. One that the configuration does not
// name, or names no longer, keeps its sessions: operators who serve all serve it.
func (r *Router) line(id engine.DepartmentID) *line {
	l := r.lines[id]
	if l == nil {
		l = &line{waiting: newOrder(sessionLess), pool: newPool()}
		if r.configured {
			l.limit = engine.DefaultQueueLimit
		}
		r.lines[id] = l
	}
	return l
}
