package routing

import (
	"cmp"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// operator is what the router knows of one operator.
type operator struct {
	id      engine.OperatorID
	hash    uint64   // breaks ties in the same way everywhere
	profile *profile // as configured, less what its tokens leave out; nil: the tenant does not name it
	whole   *profile // as configured
	scope   []engine.DepartmentID

	reported  bool  // its actor has spoken
	routable  bool  // connected or reachable, accepting and not away, by its own report
	present   bool  // connected, or within its grace
	reachable bool  // has no connection, but a device that can be pushed
	breathing int64 // no offers until then: the later of what its actor says and what the router saw; 0: none
	breathes  int64 // the latter
	used      int   // milli-units. Invariant: the sum over the sessions charged to it
	open      int   // sessions. Invariant: their number
	last      int64
	idleSince int64 // since when it has been without a chat, if it is; 0: it has had none

	memberships []*member
	returning   order[*session] // waiting sessions that go back to it first
	lines       []*line         // of its departments
	reaches     []*line         // whose sessions may come to it at some step
	history     history

	counted   census // what the lines' counters hold of it
	wake      int64  // when breathing ends, as a timer; 0: none
	isTouched bool   // is in Router.touched
	tell      bool   // tell the load whether it changed or not
	told      load
}

type load struct{ used, capacity, open, openCap int }

// profile is an operator's configuration. Immutable: records of the past share it.
type profile struct {
	departments []engine.DepartmentID // empty: all
	tiers       map[engine.DepartmentID]engine.Tier
	skills      map[string]int
	capacity    int // milli-units
	openCap     int
	bot         bool
	breathing   int64                 // how long it breathes after a chat
	scope       []engine.DepartmentID // of its tokens; empty: all
}

func newProfile(o engine.Operator) *profile {
	p := &profile{departments: o.Departments, tiers: o.Tiers, skills: o.Skills, capacity: 1000 * o.Capacity, openCap: o.OpenCap, bot: o.Bot}
	if p.capacity <= 0 {
		p.capacity = 1000 * engine.DefaultCapacity
	}
	if p.openCap <= 0 {
		p.openCap = 2 * p.capacity / 1000
	}
	return p
}

func (p *profile) serves(d engine.DepartmentID) bool {
	return p != nil && (len(p.departments) == 0 || slices.Contains(p.departments, d)) && (len(p.scope) == 0 || slices.Contains(p.scope, d))
}

func newOperator(id engine.OperatorID) *operator {
	return &operator{id: id, hash: engine.BodyOf(string(id)).Digest(), returning: newOrder(sessionLess)}
}

func (o *operator) serves(d engine.DepartmentID) bool { return o.profile.serves(d) }

func (o *operator) capacity() int {
	if o.profile == nil {
		return 0
	}
	return o.profile.capacity
}

func (o *operator) openCap() int {
	if o.profile == nil {
		return 0
	}
	return o.profile.openCap
}

// room is how much more the operator can take, in milli-units. Negative when
// the configuration shrank below the load, or idle sessions came back to life.
func (o *operator) room() int { return o.capacity() - o.used }

// standing is whether, and why not, the operator can be given anything.
func (o *operator) standing() standing {
	switch {
	case !o.routable || o.profile == nil:
		return notRoutable
	case o.breathing != 0:
		return breathing
	case o.open >= o.profile.openCap:
		return atOpenCap
	case o.used >= o.profile.capacity:
		return full
	default:
		return listed
	}
}

// fits reports whether the operator can be given a session of that weight now.
// With force capacity does not matter, the open cap does.
func (o *operator) fits(weight int, force bool) bool {
	switch o.standing() {
	case listed:
		return force || o.room() >= weight
	case full:
		return force
	default:
		return false
	}
}

// ratio is used/capacity as a fixed-point number, exact enough to order all
// capacities up to 1,000 chats: two that differ do so by more than 2^-40.
func (o *operator) ratio() uint64 { return uint64(max(o.used, 0)) << 40 / uint64(o.profile.capacity) }

// figure is what the strategy orders operators by, the best first.
func (o *operator) figure(by engine.Strategy) uint64 {
	switch by {
	case engine.LongestIdle:
		if o.open == 0 {
			return uint64(o.idleSince)
		}
		return 1<<63 | o.ratio() // busy ones come last, the least loaded first
	case engine.RoundRobin:
		return 0 // the longest since last chosen
	case engine.Fill:
		return ^o.ratio()
	default:
		return o.ratio()
	}
}

// candidate is the operator as a decision names it.
func (o *operator) candidate() engine.Candidate {
	return engine.Candidate{Operator: o.id, Used: o.used, Capacity: o.capacity(), Open: o.open, LastChosen: moment(o.last)}
}

func moment(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

// charge changes an operator's load by a session, or part of one.
func (r *Router) charge(o *operator, weight, sessions int) {
	o.used += weight
	o.open += sessions
	r.changed(o)
}

// changed notes that an operator is not what its classes believe.
func (r *Router) changed(o *operator) {
	for _, m := range o.memberships {
		if !m.stale {
			m.stale = true
			m.c.stale = append(m.c.stale, m)
		}
	}
	r.record(o)
	r.touch(o)
}

// touch marks an operator for this step's match and bookkeeping.
func (r *Router) touch(o *operator) {
	if !o.isTouched {
		o.isTouched = true
		r.touched = append(r.touched, o)
	}
}

// operator finds or makes the record of an operator.
func (r *Router) operator(id engine.OperatorID) *operator {
	o := r.operators[id]
	if o == nil {
		o = newOperator(id)
		r.operators[id] = o
	}
	return o
}

func (r *Router) operatorIs(in OperatorIs) {
	o := r.operator(in.Operator)
	if !o.reported {
		o.reported = true
		if o.profile != nil {
			r.silent--
		}
	}
	wasRoutable := o.routable
	o.routable, o.present, o.reachable = in.Routable, in.Present || in.Routable, in.Reachable
	if o.breathing = max(nanos(in.Breathing), o.breathes); o.breathing <= r.now {
		o.breathing = 0
	}
	r.rescope(o, in.Departments)
	r.wakeOperator(o)
	o.tell = true // its actor may be new and not know its load
	r.changed(o)
	r.census(o)
	if wasRoutable && !o.routable {
		r.nobodyLeft(o)
	}
}

// breathe begins an operator's breathing time: a chat has come to its end in its
// hands. Its actor says so too, but later than the session says that the slot is
// free, and by then somebody who waits would have it.
func (r *Router) breathe(o *operator) {
	if o == nil || o.whole == nil || o.whole.breathing == 0 {
		return
	}
	o.breathes = r.now + o.whole.breathing
	o.breathing = max(o.breathing, o.breathes)
	r.wakeOperator(o)
}

// wakeOperator keeps the timer of the end of an operator's breathing time.
func (r *Router) wakeOperator(o *operator) {
	if o.wake == o.breathing {
		return
	}
	if o.wake != 0 {
		r.timers.remove(timer{at: o.wake, o: o})
	}
	if o.wake = o.breathing; o.wake != 0 {
		r.timers.insert(timer{at: o.wake, o: o}, 0, 0)
	}
}

func compareNames(a, b *operator) int { return cmp.Compare(a.id, b.id) }
