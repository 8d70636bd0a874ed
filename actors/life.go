package actors

import (
	"errors"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// How a life of a session's actor ends: finish (closed, or the system stops),
// rest (idle), refuseAll (it could not begin), storeFailed and fail (what is in
// memory may be wrong: drop it and start from the log).

// panicsAllowed within panicsWindow before the people are sent away.
const (
	panicsAllowed = 5
	panicsWindow  = time.Minute
)

// claimAgain is how long a session whose log could not be used is left alone.
const claimAgain = 5 * time.Second

// finish releases the log for good: what still comes finds the session through
// the registry, in a new life.
func (a *sessionActor) finish() {
	a.over = true
	a.places = nil
	a.losePicks(engine.ErrBusy) // by a stop: an end has answered them
	a.h.log.Release(a.h.ref)    // before forget: the next life's claim must come after it
	a.h.tenant.forget(a.h)
}

// rest gives memory back; the handle stays and the next post starts a new life.
func (a *sessionActor) rest() verdict {
	a.h.log.Release(a.h.ref)
	a.reset()
	a.over, a.refusal = false, nil
	a.h.running.Store(false)
	return retire
}

// reset drops everything in memory; the next turn claims again.
func (a *sessionActor) reset() {
	if a.rules != nil {
		a.h.since = a.rules.AwaySince(a.sys.cfg.Clock())
	}
	a.pruning, a.reading, a.lost = false, 0, nil
	a.life, a.rules, a.places, a.entries, a.starts, a.held = 0, nil, nil, nil, nil, held{}
}

// refuseAll ends a life that could not begin.
func (a *sessionActor) refuseAll(err *engine.Error) {
	a.over, a.refusal = true, err
	for _, item := range a.early {
		switch item := item.(type) {
		case attach:
			if err == engine.ErrBusy || item.seat.author.Kind == engine.AuthorVisitor && err != engine.ErrNotFound {
				item.seat.outlet.Close(engine.ReasonFailed)
			}
		default:
			a.after(item)
		}
	}
	a.early = nil
	if err != engine.ErrBusy {
		a.countsNoMore()
		a.h.tenant.forget(a.h)
		return
	}
	a.h.setDeadline(a.sys.cfg.Clock().Add(claimAgain)) // however it ends, somebody looks again
}

// after handles what still comes when the life is over.
func (a *sessionActor) after(item any) {
	if late, ok := item.(attach); ok && a.refusal == nil && !a.h.tenant.isEnding() { // it is to see the end
		a.h.tenant.tellSession(a.h.ref.Session, late)
	}
	if asked, ok := item.(upgrade); ok {
		refused := engine.ErrBusy
		if a.refusal == engine.ErrNotFound || a.rules != nil && !a.rules.State().IsOpen() {
			refused = engine.ErrClosed
		}
		a.refuseUpgrade(asked, refused)
	}
	a.afterFile(item)
	if late, ok := item.(readAnswer); ok {
		a.release(late)
	}
	if again, ok := item.(reportAgain); ok && a.rules != nil { // the router may wait for its word
		a.h.tenant.router.tell(routing.SessionIs{Row: new(a.rules.Row()), Life: a.term, Recovered: true, Asked: again.asked})
	}
	if ask, ok := item.(inform); ok {
		switch {
		case a.refusal != nil:
			ask.reply(engine.SessionInfo{}, a.refusal)
		case a.rules != nil:
			ask.reply(a.rules.Info(), nil)
		default:
			ask.reply(engine.SessionInfo{}, engine.ErrBusy)
		}
	}
}

// storeFailed drops state that the log did not take. Nobody was told of it.
func (a *sessionActor) storeFailed(err error, _ time.Time) {
	a.sys.rt.metrics.rebuilds.WithLabelValues("store").Inc()
	a.sys.cfg.Logger.Warn("a session's entries were not stored; it is rebuilt", "session", a.h.ref.String(), "error", err.Error())
	told := engine.ErrBusy
	if errors.Is(err, engine.ErrFull) {
		told = engine.ErrFull
	}
	a.giveBack(told)
	if errors.Is(err, engine.ErrFenced) { // somebody else runs this session: never contend
		a.sendAway()
		a.reset()
		a.refuseAll(engine.ErrBusy)
		return
	}
	if a.rules.Durable() < a.began { // not even what its recovery wrote was taken: do not spin
		a.sendAway()
		a.reset()
		a.refuseAll(engine.ErrBusy)
		return
	}
	a.seatAgain()
	a.reset()
}

// fail is the end after a panic.
func (a *sessionActor) fail(any) {
	a.sys.rt.metrics.rebuilds.WithLabelValues("panic").Inc()
	now := a.sys.cfg.Clock()
	a.h.since = now
	a.h.putBack(append(a.early, a.control...), a.data)
	if a.quitting {
		a.h.tell(quit{})
	}
	// An outlet that panicked may do so again: no other may suffer from it.
	if a.panickedTooOften(now) {
		for _, p := range a.places {
			p.gone = true
			a.sys.rt.safely(&a.h.cell, func() { p.seat.outlet.Close(engine.ReasonFailed) })
		}
	}
	a.seatAgain()
	if a.current.seat != nil {
		a.sys.rt.safely(&a.h.cell, func() { a.current.seat.answer(a.current.draft, engine.Answer{Err: engine.ErrInternal}) })
	}
	for _, asker := range a.held.askers() {
		a.sys.rt.safely(&a.h.cell, func() { asker.seat.answer(asker.draft, engine.Answer{Err: engine.ErrBusy}) })
	}
	for _, asker := range a.takePicks() {
		if asker.seat == a.current.seat && asker.draft.Request == a.current.draft.Request { // answered above
			continue
		}
		a.sys.rt.safely(&a.h.cell, func() { asker.seat.answer(asker.draft, engine.Answer{Err: engine.ErrBusy}) })
	}
}

func (a *sessionActor) panickedTooOften(now time.Time) bool {
	recent := a.h.panics[:0]
	for _, at := range a.h.panics {
		if now.Sub(at) < panicsWindow {
			recent = append(recent, at)
		}
	}
	a.h.panics = append(recent, now)
	return len(a.h.panics) > panicsAllowed
}

// giveBack answers everybody who still waits for an entry to be durable.
func (a *sessionActor) giveBack(err *engine.Error) {
	for _, asker := range a.held.askers() {
		asker.seat.answer(asker.draft, engine.Answer{Err: err})
	}
	a.held = held{}
	a.losePicks(err)
	a.loseUpgrades()
}

// seatAgain asks the next life to seat everybody where delivery stopped.
func (a *sessionActor) seatAgain() {
	for _, p := range a.places {
		if !p.gone {
			a.h.tell(attach{seat: p.seat, have: p.sent})
		}
	}
	for _, p := range a.lost { // the log may not have taken what their right went by
		a.h.tell(attach{seat: p.seat, have: p.sent})
	}
	a.places, a.lost = nil, nil
}

// sendAway closes the connections; they come back by themselves, later.
func (a *sessionActor) sendAway() {
	for _, p := range a.places {
		p.gone = true
		p.seat.outlet.Close(engine.ReasonFailed)
	}
}
