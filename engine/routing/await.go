package routing

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// offersBits is how many bits of an offer's number count the offers of one router; those
// above say which router it was, as Await.Asked does. So a report that has seen an offer
// of the router before is never taken for the answer to one of this router's.
const offersBits = 40

// await begins a life that knows nothing: offers of the one before may still be on
// their way to sessions, which answer them before they answer this router. Until all
// have reported, or have had the time to, nobody is believed to have room: else a
// slot could be promised twice (I2).
func (r *Router) await(in Await) {
	r.asked, r.number = in.Asked, max(r.number, in.Asked<<offersBits)
	for _, id := range in.Sessions {
		r.awaited[id] = struct{}{}
	}
	if len(r.awaited) > 0 {
		r.awaitUntil = r.now + int64(engine.DefaultOperatorGrace)
	}
}

// heard takes a session off the list. One that was asked says so; one that was rebuilt
// meanwhile may have been asked in its former life, and may still be given an offer of
// the router before: it is asked again. A closed one takes nothing any more.
func (r *Router) heard(in *SessionIs) {
	if !in.Recovered || len(r.awaited) == 0 {
		return
	}
	id := in.Row.Ref.Session
	if _, isAwaited := r.awaited[id]; !isAwaited {
		return
	}
	if in.Asked == r.asked || !in.Row.State.IsOpen() {
		delete(r.awaited, id)
		return
	}
	r.do(Ask{Session: in.Row.Ref, Asked: r.asked})
}

// early puts an operator's report aside while sessions are awaited; the latest counts.
func (r *Router) early(in OperatorIs) bool {
	if len(r.awaited) == 0 {
		return false
	}
	r.put = slices.DeleteFunc(r.put, func(before OperatorIs) bool { return before.Operator == in.Operator })
	r.put = append(r.put, in)
	return true
}

// awaitNoMore takes in what was put aside, once all have been heard or it is time.
func (r *Router) awaitNoMore() {
	if len(r.awaited) > 0 && r.now < r.awaitUntil {
		return
	}
	clear(r.awaited)
	put := r.put
	r.put = nil
	for _, in := range put {
		r.operatorIs(in)
	}
}
