package routing

import (
	"slices"
	"strings"
	"time"

	"github.com/parleyhq/parley/engine"
)

// operator is what the router knows of one operator.
type operator struct {
	id          engine.OperatorID
	hash        uint64 // breaks ties in the same way everywhere
	configured  bool   // the tenant names this operator
	routable    bool   // connected, accepting and not away, by the operator's own report
	reported    bool   // the operator's actor has spoken
	departments []engine.DepartmentID
	lines       []*line // of departments; nil if it serves all
	capacity    int     // milli-units
	used        int     // milli-units. Invariant: the sum over the sessions charged to it
	lastChosen  time.Time

	listedRoom int // the room it is listed with; 0: not listed
	// cooling holds the waiting sessions that this operator declined, the
	// earliest end first. Ends that have passed may linger.
	cooling order[cooling]
	wake    time.Time // the earliest end that would make a match possible; zero: none

	touched                bool // is in Router.touched
	tell                   bool // tell the load whether it changed or not
	toldUsed, toldCapacity int
}

// cooling is a decline as the decliner's index sees it.
type cooling struct {
	until time.Time
	s     *session
}

func coolingLess(a, b cooling) bool {
	if c := a.until.Compare(b.until); c != 0 {
		return c < 0
	}
	return compareIDs(a.s.ref.Session, b.s.ref.Session) < 0
}

func newOperator(id engine.OperatorID) *operator {
	return &operator{id: id, hash: engine.BodyOf(string(id)).Digest(), cooling: newOrder(coolingLess)}
}

// room is how much more the operator can take, in milli-units. Negative when
// the configuration shrank below the load.
func (o *operator) room() int { return o.capacity - o.used }

func (o *operator) servesAll() bool { return len(o.departments) == 0 }

func (o *operator) serves(d engine.DepartmentID) bool {
	return o.configured && (o.servesAll() || slices.Contains(o.departments, d))
}

// operatorLess is the strategy "balanced": the lowest load/capacity, compared
// as integers by cross multiplication, then the longest since last chosen, then
// a stable hash.
func operatorLess(a, b *operator) bool {
	if l, r := a.used*b.capacity, b.used*a.capacity; l != r {
		return l < r
	}
	if c := a.lastChosen.Compare(b.lastChosen); c != 0 {
		return c < 0
	}
	if a.hash != b.hash {
		return a.hash < b.hash
	}
	return a.id < b.id
}

// ruleBetween names the rule that preferred the winner to the runner-up.
func ruleBetween(winner, next *operator) string {
	switch {
	case next == nil || winner.used*next.capacity != next.used*winner.capacity:
		return "balanced"
	case !winner.lastChosen.Equal(next.lastChosen):
		return "balanced, longest since last chosen"
	default:
		return "balanced, stable hash"
	}
}

// pool is a set of operators with room, in the order in which they are chosen.
type pool struct {
	operators order[*operator]
	rooms     []roomCount // ascending; few: loads are multiples of common weights
}

type roomCount struct{ room, operators int }

func newPool() *pool { return &pool{operators: newOrder(operatorLess)} }

func (p *pool) add(o *operator, room int) {
	p.operators.insert(o, -room)
	i, found := p.find(room)
	if !found {
		p.rooms = slices.Insert(p.rooms, i, roomCount{room: room})
	}
	p.rooms[i].operators++
}

func (p *pool) drop(o *operator, room int) {
	p.operators.remove(o)
	i, _ := p.find(room)
	if p.rooms[i].operators--; p.rooms[i].operators == 0 {
		p.rooms = slices.Delete(p.rooms, i, i+1)
	}
}

// fitting counts the operators who have room for weight.
func (p *pool) fitting(weight int) (n int) {
	for i := len(p.rooms) - 1; i >= 0 && p.rooms[i].room >= weight; i-- {
		n += p.rooms[i].operators
	}
	return n
}

func (p *pool) find(room int) (int, bool) {
	return slices.BinarySearchFunc(p.rooms, room, func(c roomCount, room int) int { return c.room - room })
}

// pools yields the pools that the operator is listed in while it has room.
func (r *Router) pools(o *operator, yield func(*pool)) {
	if o.servesAll() {
		yield(r.everyone)
		return
	}
	for _, l := range o.lines {
		yield(l.pool)
	}
}

// list makes the operator choosable, if it is.
func (r *Router) list(o *operator) {
	if room := o.room(); o.configured && o.routable && room > 0 {
		o.listedRoom = room
		r.pools(o, func(p *pool) { p.add(o, room) })
	}
}

// unlist takes the operator out of the pools, so that it can be changed.
func (r *Router) unlist(o *operator) {
	if o.listedRoom > 0 {
		r.pools(o, func(p *pool) { p.drop(o, o.listedRoom) })
		o.listedRoom = 0
	}
}

// load changes an operator's load.
func (r *Router) load(o *operator, by int) {
	r.unlist(o)
	o.used += by
	r.list(o)
	r.touch(o)
}

// touch marks an operator for this step's match and bookkeeping.
func (r *Router) touch(o *operator) {
	if !o.touched {
		o.touched = true
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
	r.unlist(o)
	o.routable, o.reported = in.Routable, true
	o.tell = true // its actor may be new and not know its load
	r.list(o)
	r.touch(o)
}

func compareIDs(a, b engine.SessionID) int { return slices.Compare(a[:], b[:]) }

func compareNames(a, b *operator) int { return strings.Compare(string(a.id), string(b.id)) }
