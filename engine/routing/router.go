package routing

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Router is one tenant's router. Not safe for concurrent use: one actor owns it.
type Router struct {
	configured bool
	born       time.Time // the first step, to the millisecond: who waited before is not new
	sessions   map[engine.SessionID]*session
	operators  map[engine.OperatorID]*operator
	lines      map[engine.DepartmentID]*line
	everyone   *pool            // the operators who serve all departments
	wakes      order[*operator] // those with a wake, the earliest first
	number     uint64           // offers made
	rev        uint64           // of the waiting lines as published

	// One step's scratch.
	now     time.Time
	out     []Effect
	touched []*operator
	bids    order[bid]
}

// New is a router that knows nothing yet. The first input should be Configure;
// until then sessions wait and nobody is refused.
func New() *Router {
	return &Router{
		sessions:  map[engine.SessionID]*session{},
		operators: map[engine.OperatorID]*operator{},
		lines:     map[engine.DepartmentID]*line{},
		everyone:  newPool(),
		wakes:     newOrder(wakeLess),
		bids:      newOrder(bidLess),
	}
}

func wakeLess(a, b *operator) bool {
	if c := a.wake.Compare(b.wake); c != 0 {
		return c < 0
	}
	return a.id < b.id
}

// Step applies one input and appends its effects to out. now must not run
// backwards; the caller reads the clock once per batch.
func (r *Router) Step(in Input, now time.Time, out []Effect) []Effect {
	r.now, r.out = now, out
	if r.born.IsZero() {
		r.born = now.Truncate(time.Millisecond)
	}
	var told *session
	var entered bool
	switch in := in.(type) {
	case Configure:
		r.configure(in.Tenant)
	case SessionIs:
		told, entered = r.sessionIs(in)
	case OperatorIs:
		r.operatorIs(in)
	case WatchQueue:
		r.snapshot(in.Operator)
	case Tick:
	}
	r.coolDownsOver()
	if _, all := in.(Configure); all {
		r.matchAll()
	} else {
		r.match(told)
	}
	if entered {
		r.limit(told)
	}
	r.settleTouched()
	if told != nil {
		r.show(told)
	}
	out, r.out = r.out, nil
	return out
}

// Deadline is when the next Tick matters: the earliest end of a decline that
// keeps a waiting session from an operator who could otherwise take it. Zero if
// there is none.
func (r *Router) Deadline() time.Time {
	if o, found := r.wakes.min(); found {
		return o.wake
	}
	return time.Time{}
}

func (r *Router) do(e Effect) { r.out = append(r.out, e) }

// coolDownsOver touches the operators whom a waiting session may ask again.
func (r *Router) coolDownsOver() {
	r.wakes.each(func(o *operator) bool {
		if o.wake.After(r.now) {
			return false
		}
		r.touch(o)
		return true
	})
}

// limit refuses a session that has just entered an overfull line and was not
// placed. Sessions that waited before, under this router or an earlier one, are
// never refused.
func (r *Router) limit(s *session) {
	if s.line == nil || s.line.limit == 0 || s.line.waiting.size <= s.line.limit {
		return
	}
	r.leave(s)
	s.refused = true
	r.do(Refuse{Session: s.ref, Epoch: s.epoch, Cause: engine.CauseDepartmentClosed})
}

// settleTouched brings what is kept about the touched operators up to date, and
// tells them their load.
func (r *Router) settleTouched() {
	for _, o := range r.touched {
		o.touched = false
		r.setWake(o)
		if o.tell || o.used != o.toldUsed || o.capacity != o.toldCapacity {
			o.tell, o.toldUsed, o.toldCapacity = false, o.used, o.capacity
			r.do(LoadIs{Operator: o.id, Used: o.used, Capacity: o.capacity})
		}
	}
	clear(r.touched)
	r.touched = r.touched[:0]
}

// setWake finds the earliest end of a decline that would let the operator take
// a waiting session.
func (r *Router) setWake(o *operator) {
	for {
		c, found := o.cooling.min()
		if !found || c.until.After(r.now) {
			break
		}
		o.cooling.remove(c)
	}
	var wake time.Time
	if o.listedRoom > 0 {
		c, found := o.cooling.first(o.listedRoom, func(c cooling) bool { return o.serves(c.s.department) })
		if found {
			wake = c.until
		}
	}
	if wake.Equal(o.wake) {
		return
	}
	if !o.wake.IsZero() {
		r.wakes.remove(o)
	}
	if o.wake = wake; !wake.IsZero() {
		r.wakes.insert(o, 0)
	}
}

// configure takes a configuration over: departments' limits, operators'
// departments and capacities.
func (r *Router) configure(t *engine.Tenant) {
	r.configured = true
	for _, o := range r.operators {
		r.unlist(o)
		o.configured, o.capacity, o.departments, o.lines = false, 0, nil, nil
	}
	for _, l := range r.lines {
		l.limit = engine.DefaultQueueLimit
	}
	for _, d := range t.Departments {
		if r.line(d.ID).limit = d.QueueLimit; d.QueueLimit <= 0 {
			r.line(d.ID).limit = engine.DefaultQueueLimit
		}
	}
	for _, o := range t.Operators {
		r.configureOperator(o)
	}
	r.relistAll()
}

func (r *Router) configureOperator(configured engine.Operator) {
	o := r.operator(configured.ID)
	o.configured = true
	o.capacity = 1000 * configured.Capacity
	if o.capacity <= 0 {
		o.capacity = 1000 * engine.DefaultCapacity
	}
	for _, d := range configured.Departments {
		if !slices.Contains(o.departments, d) {
			o.departments = append(o.departments, d)
			o.lines = append(o.lines, r.line(d))
		}
	}
}

// relistAll lists everybody anew and forgets operators whom nothing names any
// more. Those whose actors have not spoken and who have no load are not told
// their capacity: they have no actor to hear it.
func (r *Router) relistAll() {
	all := make([]*operator, 0, len(r.operators))
	for id, o := range r.operators {
		if !o.configured && !o.reported && o.used == 0 && o.cooling.size == 0 {
			delete(r.operators, id)
		}
		if !o.reported && o.used == 0 {
			o.toldUsed, o.toldCapacity = o.used, o.capacity
		}
		all = append(all, o)
	}
	slices.SortFunc(all, compareNames) // effects come in the same order each time
	for _, o := range all {
		r.list(o)
		r.touch(o)
	}
}
