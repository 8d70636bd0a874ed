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
	roster     []*operator // those whom the configuration names, by id
	lines      map[engine.DepartmentID]*line
	byLine     []*line           // by id
	specials   map[string]*class // of sessions with needs of their own, or with a transfer
	uses       uint64            // of classes
	timers     order[timer]
	number     uint64 // of the last offer made
	decisions  uint64
	rev        uint64     // of the waiting lines as published
	spare      []*session // records of closed sessions, for new ones

	// After a start an operator counts as in grace until its actor has spoken:
	// nobody is said to be away before all have, or their grace is over.
	settled   bool
	settlesAt int64
	silent    int // operators in the roster who have not spoken

	// While sessions are awaited, operators' reports are put aside: see Await.
	awaited    map[engine.SessionID]struct{}
	awaitUntil int64
	asked      uint64 // what their answers carry
	put        []OperatorIs

	misordered []Finding // since the last audit

	// One step's scratch.
	now            int64
	out            []Effect
	touched        []*operator
	touchedLines   []*line
	fresh          []*session // who began to wait, or may ask again
	ended          []*session
	changes        []*session            // whose row in the published lines may have changed
	was, wasOfGone []engine.DepartmentID // of Show: kept from step to step
	bids           bids
	found          []*member
	foundPreferred *member
	winners        []*operator
	charges        []charge
	key            []byte
	needs          []engine.Need
}

// New is a router that knows nothing yet. The first input should be Configure;
// until then sessions wait and nobody is refused.
func New() *Router {
	return &Router{
		sessions:  map[engine.SessionID]*session{},
		awaited:   map[engine.SessionID]struct{}{},
		operators: map[engine.OperatorID]*operator{},
		lines:     map[engine.DepartmentID]*line{},
		specials:  map[string]*class{},
		timers:    newOrder(timerLess),
	}
}

// Step applies one input and appends its effects to out. now must not run
// backwards; the caller reads the clock once per batch.
func (r *Router) Step(in Input, now time.Time, out []Effect) []Effect {
	r.now, r.out = now.UnixNano(), out
	if r.born.IsZero() {
		r.born = now.Truncate(time.Millisecond)
		r.settlesAt = r.now + int64(engine.DefaultOperatorGrace)
	}
	var entered *session
	switch in := in.(type) {
	case Configure:
		r.configure(in.Tenant)
	case SessionIs:
		r.heard(&in)
		entered = r.sessionIs(&in)
	case OperatorIs:
		if !r.early(in) {
			r.operatorIs(in)
		}
	case Await:
		r.await(in)
	case Pick:
		r.pick(in)
	case Explain:
		r.explain(in)
	case Targets:
		r.targets(in)
	case Tick:
	}
	if len(r.put) > 0 || len(r.awaited) > 0 {
		r.awaitNoMore()
	}
	r.due()
	for i := 0; i < len(r.touchedLines); i++ {
		r.sendAway(r.touchedLines[i])
	}
	r.round()
	if entered != nil {
		r.limit(entered)
	}
	r.settleOperators()
	r.settleLines()
	if _, isTick := in.(Tick); isTick {
		r.tellPositions()
		for _, l := range r.byLine {
			r.tellRisk(l)
		}
	}
	r.publishLines()
	r.recycle()
	out, r.out = r.out, nil
	return out
}

// Deadline is when the next Tick matters: a decline, a step, breathing time or a
// department's hours end, or positions are to be told. Zero if there is none.
func (r *Router) Deadline() time.Time {
	var first int64
	consider := func(at int64) {
		if at != 0 && (first == 0 || at < first) {
			first = at
		}
	}
	if t, found := r.timers.min(); found {
		consider(t.at)
	}
	if r.configured && !r.settled {
		consider(r.settlesAt)
	}
	if len(r.awaited) > 0 {
		consider(r.awaitUntil)
	}
	for _, l := range r.byLine {
		consider(l.changes)
		consider(l.walkAt)
		consider(l.riskAt())
		if l.resuming > 0 && l.unattended.size > 0 {
			consider(l.resumedAt + answerWithin)
		}
	}
	return moment(first)
}

func (r *Router) do(e Effect) { r.out = append(r.out, e) }

// settleOperators brings what is kept about the touched operators up to date, and
// tells them their load.
func (r *Router) settleOperators() {
	for _, o := range r.touched {
		o.isTouched = false
		r.census(o)
		now := load{o.used, o.capacity(), o.open, o.openCap()}
		if o.tell || now != o.told {
			o.tell, o.told = false, now
			r.do(LoadIs{Operator: o.id, Used: now.used, Capacity: now.capacity, Open: now.open, OpenCap: now.openCap})
		}
	}
	clear(r.touched)
	r.touched = r.touched[:0]
}

// census brings an operator's part of its lines' sums up to date.
func (r *Router) census(o *operator) {
	now := census{routable: o.routable && o.profile != nil, present: o.present && o.profile != nil}
	if o.standing() == listed {
		now.room = o.room()
	}
	was := o.counted
	if now == was {
		return
	}
	o.counted = now
	if now.room != was.room {
		for _, l := range o.lines {
			if had, has := was.room >= l.weight, now.room >= l.weight; had != has {
				l.roomy += sign(has)
				r.touchLine(l)
			}
		}
	}
	if now.routable == was.routable && now.present == was.present {
		return
	}
	for _, l := range o.reaches {
		if now.routable != was.routable {
			l.routable += sign(now.routable)
		}
		if now.present != was.present {
			l.present += sign(now.present)
		}
		r.touchLine(l)
	}
}

func sign(up bool) int {
	if up {
		return 1
	}
	return -1
}

// uncount takes an operator out of its lines' sums.
func (r *Router) uncount(o *operator) {
	was := o.counted
	o.counted = census{}
	for _, l := range o.lines {
		if was.room >= l.weight {
			l.roomy--
		}
	}
	for _, l := range o.reaches {
		if was.routable {
			l.routable--
		}
		if was.present {
			l.present--
		}
	}
}

// chart finds the lines that an operator serves, and those whose sessions may
// come to it at some step.
func (r *Router) chart(o *operator) {
	o.lines, o.reaches = o.lines[:0], o.reaches[:0]
	takes := func(d engine.DepartmentID) bool { return o.serves(d) && o.profile.tiers[d] < engine.TierNever }
	for _, l := range r.byLine {
		if takes(l.id) {
			o.lines = append(o.lines, l)
		}
		if slices.ContainsFunc(l.reach, takes) {
			o.reaches = append(o.reaches, l)
		}
	}
}
