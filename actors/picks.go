package actors

import (
	"maps"
	"slices"

	"github.com/parleyhq/parley/engine"
)

// losePicks answers those who reach for the session: what the rules knew of them is
// dropped, and the next life numbers its own from the start.
func (a *sessionActor) losePicks(err *engine.Error) {
	for _, item := range a.takePicks() {
		item.seat.answer(item.draft, engine.Answer{Err: err})
	}
}

// takePicks takes the picks that wait for the router's word, in their order.
func (a *sessionActor) takePicks() (waiting []draftPosted) {
	for _, number := range slices.Sorted(maps.Keys(a.picks)) {
		waiting = append(waiting, a.picks[number])
	}
	clear(a.picks)
	return waiting
}
