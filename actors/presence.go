package actors

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/invariant"
	"github.com/parleyhq/parley/engine/operator"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/engine/session"
)

// What an operator's machine wants is carried out in order, and what follows a
// declared intent waits for that to be durable: it survives restarts.

// heldIntent is an effect of the machine's. then is of operator.Store: whose wish
// it was.
type heldIntent struct {
	effect operator.Effect
	then   intentStored
}

// begin makes the machine: of what is stored, or, after a panic inside it, of what
// it still knows. Who was not seen since the process began is in grace from then on.
func (a *operatorActor) begin(now time.Time) {
	if a.machine != nil && !a.stepping {
		return
	}
	before, restored := a.machine, a.h.tenant.since
	a.machine, a.stepping = operator.New(a.h.id), false
	settings := operator.SettingsOf(a.h.tenant.config(), a.h.id)
	a.serves = settings.Operator.Departments
	inputs := []operator.Input{settings}
	restore := operator.Restore{Intent: a.intent}
	var offers []engine.Offer
	if before != nil {
		restored = now
		restore.Intent, restore.Sessions = a.meant, before.Owned(nil)
		offers = before.Offers(nil)
	}
	a.meant = restore.Intent
	for _, s := range a.seats {
		inputs = append(inputs, s.connect(), operator.SetAway{Connection: s.number, On: s.away})
	}
	inputs = append(inputs, restore)
	for _, o := range offers {
		inputs = append(inputs, operator.Offered{Offer: o})
	}
	if a.h.tenant.isDraining() {
		inputs = append(inputs, operator.Drain{})
	}
	first := len(a.held)
	for _, in := range inputs {
		a.think(in, restored, intentStored{})
	}
	a.think(operator.Tick{}, now, intentStored{})
	a.held = onlyLastReport(a.held, first)
	a.shown = shownIntent{a.intent, a.machine.Away()}
}

// onlyLastReport leaves of several reports from an index on the last: the router
// need not see what the operator never was.
func onlyLastReport(held []heldIntent, from int) []heldIntent {
	last := -1
	for i := from; i < len(held); i++ {
		if _, ok := held[i].effect.(operator.Report); ok {
			last = i
		}
	}
	kept := held[:from]
	for i := from; i < len(held); i++ {
		if _, ok := held[i].effect.(operator.Report); !ok || i == last {
			kept = append(kept, held[i])
		}
	}
	return kept
}

// step lets the machine take an input, and carries out what it may.
func (a *operatorActor) step(in operator.Input, now time.Time) {
	a.think(in, now, intentStored{})
	a.carryOn()
}

// think lets the machine take an input. then is whose wish an intent is that this
// declares.
func (a *operatorActor) think(in operator.Input, now time.Time, then intentStored) {
	a.stepping = true
	a.out = a.machine.Step(in, now, a.out[:0])
	a.stepping = false
	wish := -1
	for i, effect := range a.out {
		a.out[i] = nil
		if store, ok := effect.(operator.Store); ok {
			wish, a.meant = len(a.held), store.Intent
		}
		a.held = append(a.held, heldIntent{effect: effect})
	}
	if wish >= 0 { // of two the first is a pause that was over
		a.held[wish].then = then
		a.handed(then.tag)
	}
}

// carryOn carries out what waits for no intent.
func (a *operatorActor) carryOn() {
	for !a.storing && len(a.held) > 0 {
		next := a.held[0]
		a.held[0] = heldIntent{}
		if a.held = a.held[1:]; len(a.held) == 0 {
			a.held = nil
		}
		a.carryOut(next)
	}
}

func (a *operatorActor) carryOut(next heldIntent) {
	switch e := next.effect.(type) {
	case operator.Store:
		a.store(e.Intent, next.then)
	case operator.Report:
		a.h.tenant.router.tell(routing.OperatorIs{
			Operator: a.h.id, Routable: e.Routable, Present: e.Present, Reachable: e.Reachable, Breathing: e.Breathing,
			Departments: e.Departments,
		})
	case operator.RevokeOffers:
		for _, o := range e.Offers {
			a.h.tenant.tellSession(o.Session, revoke{Operator: a.h.id, Offer: o.ID, Cause: e.Cause})
		}
	case operator.TellOwned:
		a.tellOwned(e)
	case operator.Changed:
		a.showIntent()
	}
}

// tellOwned tells sessions whether their owner is there.
func (a *operatorActor) tellOwned(e operator.TellOwned) {
	for _, s := range e.Sessions {
		var in session.Input = session.OwnerBack{Operator: a.h.id, Epoch: s.Epoch}
		if e.Gone {
			in = session.OwnerGone{Operator: a.h.id, Epoch: s.Epoch, Cause: e.Cause, Drain: e.Drain, Since: e.Since}
		}
		a.h.tenant.tellSession(s.Session, order{in})
	}
}

// showIntent tells the connections what has changed of the operator's own state.
func (a *operatorActor) showIntent() {
	is := shownIntent{a.intent, a.machine.Away()}
	if is == a.shown {
		return
	}
	a.sayPaused(a.shown.intent, is.intent)
	a.shown = is
	a.tellMe(func(rev uint64) engine.Signal {
		return engine.IntentChanged{Rev: rev, Intent: is.intent, Away: is.away}
	})
}

// store keeps an intent, and tells the actor then.
func (a *operatorActor) store(info engine.IntentInfo, then intentStored) {
	if v := invariant.CheckIntent(a.h.id, a.intent, info); v != nil {
		a.h.tenant.sys.alarm.note(a.h.tenant.id, v, a.h.tenant.sys.cfg.Clock())
	}
	a.storing, a.calling = true, true
	a.h.tenant.sys.cfg.Store.PutIntent(a.h.tenant.id, a.h.id, info, a.memo(then.tag, info), func(err error) {
		then.info, then.err = info, err
		a.h.tell(then)
	})
	a.calling = false
}

func (a *operatorActor) intentStored(item intentStored, now time.Time) {
	a.storing = false
	if item.err != nil {
		a.h.tenant.sys.cfg.Logger.Warn("an operator's intent was not stored", "tenant", string(a.h.tenant.id), "error", item.err.Error())
		a.unsay()
	} else {
		a.intent = item.info
	}
	a.think(operator.Kept{Intent: item.info, OK: item.err == nil}, now, intentStored{})
	if a.machine.Intent() == item.info {
		a.intent = item.info // a pause by the miss rule stands, stored or not
	}
	a.carryOn()
	answer := engine.Answer{Intent: &item.info}
	if item.err != nil {
		item.info = engine.IntentInfo{}
		answer = engine.Answer{Err: engine.ErrBusy}
	}
	if item.asked.seat != nil {
		item.asked.seat.answer(item.asked.draft, answer)
	}
	if item.reply != nil {
		item.reply(item.info, answer.Err)
	}
	a.did(item.tag, item.info, answer.Err)
}

// unsay leaves out of what waits what an intent that was not kept would have done to
// the operator's sessions: it cannot be taken back, and they are told anew.
func (a *operatorActor) unsay() {
	until := slices.IndexFunc(a.held, func(h heldIntent) bool { _, next := h.effect.(operator.Store); return next })
	if until < 0 {
		until = len(a.held)
	}
	undone := func(h heldIntent) bool {
		told, ok := h.effect.(operator.TellOwned)
		return ok && told.Cause == engine.CauseOperatorSignedOut
	}
	rest := slices.Clone(a.held[until:])
	a.held = append(slices.DeleteFunc(a.held[:until], undone), rest...)
}
