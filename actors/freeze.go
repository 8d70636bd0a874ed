package actors

import (
	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/invariant"
	"github.com/parleyhq/parley/engine/routing"
)

// A session of which an invariant is broken is frozen: what its last step came to is
// dropped, nothing is written or decided any more, and the router lets it go. Whoever
// may read it still does, from its log. Everybody else goes on. System.Unfreeze, or a
// restart, lets it live again from what is stored.

// freeze is for an actor: freeze this session.
type freeze struct{ violation *invariant.Violation }

// thaw is for an actor: the session is no longer frozen.
type thaw struct{}

// judge ends the rules' part in a session once something is found.
func (a *sessionActor) judge() {
	if a.watch.broken != nil && a.frozen == nil {
		a.frozen = a.sys.alarm.freeze(a.h.ref, a.watch.broken, a.sys.cfg.Clock())
		a.freezes = true
	}
}

// freezeNow drops what is not stored yet, and begins a life that only reads.
func (a *sessionActor) freezeNow() {
	a.freezes = false
	a.sys.rt.metrics.rebuilds.WithLabelValues("invariant").Inc()
	a.giveBack(a.frozen)
	a.seatAgain()
	a.reset()
	a.h.tell(reportAgain{}) // somebody has to tell its operators and the router
}

// heldOfFrozen answers what is held about a frozen session's visitor: that is read, as
// the log is.
func (a *sessionActor) heldOfFrozen(item draftPosted) {
	if !a.mayRead(item.seat) || a.rules.State() == engine.StateNew {
		item.seat.answer(item.draft, engine.Answer{Err: engine.ErrNotFound})
		return
	}
	held := a.rules.Identity()
	item.seat.answer(item.draft, a.withheld(item.seat, engine.Answer{Op: item.draft.Op, Seq: held.Revision(), Held: held}))
}

// isFrozen handles what a frozen session is told, and reports whether it was.
func (a *sessionActor) isFrozen(item any) bool {
	switch item := item.(type) {
	case freeze:
		if a.frozen == nil {
			a.watch.found(item.violation)
			a.judge()
		}
		return true
	case thaw:
		if a.frozen == nil || a.sys.alarm.refusal(a.h.ref) != nil {
			return true
		}
		a.giveBack(engine.ErrBusy)
		a.seatAgain()
		a.reset()
		a.h.tell(reportAgain{})
		return true
	case reportAgain:
		if a.frozen == nil {
			return false
		}
		row := a.rules.Row()
		row.State, row.Owner, row.Offers = engine.StateClosed, "", nil // as far as the router is concerned
		a.h.tenant.router.tell(routing.SessionIs{Row: &row, Life: a.term, Recovered: true, Asked: item.asked})
		return true
	default:
		return false
	}
}
