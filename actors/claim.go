package actors

import (
	"errors"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/engine/session"
)

// How a session's actor begins: it claims the log, and builds the rules from it.

// claim asks for the session's log. Its answer is a control item.
func (a *sessionActor) claim() {
	a.h.lives++
	life := a.h.lives
	a.life = life
	claim := engine.Claim{Ref: a.h.ref, Create: a.h.create, Tail: engine.MaxHistory}
	a.h.log.Claim(claim, func(head engine.Head, entries []*engine.Entry, err error) {
		a.h.tell(claimed{life: life, head: head, entries: entries, err: err})
	})
}

// awake begins the life proper.
func (a *sessionActor) awake(c claimed, now time.Time) {
	switch {
	case errors.Is(c.err, engine.ErrUnknown):
		a.refuseAll(engine.ErrNotFound)
		return
	case errors.Is(c.err, engine.ErrCorrupt), errors.Is(c.err, engine.ErrErased): // trying again does not help
		a.sys.cfg.Logger.Error("a session's log cannot be read", "session", a.h.ref.String(), "error", c.err.Error())
		a.refuseAll(engine.ErrInternal)
		return
	case c.err != nil:
		a.sys.cfg.Logger.Error("a session's log cannot be claimed", "session", a.h.ref.String(), "error", c.err.Error())
		a.refuseAll(engine.ErrBusy)
		return
	case c.head.Last == 0 && a.h.create == nil: // it ended unwritten: no start finds it any more, and nobody would end it
		a.h.log.Release(a.h.ref)
		a.refuseAll(engine.ErrNotFound)
		return
	}
	a.term = c.head.Term
	rules := a.h.tenant.rules(a.h)
	if c.head.Last == 0 {
		a.rules = session.New(a.h.ref, c.head.Visitor, rules)
	} else {
		a.rules = session.Restore(a.h.ref, c.head, c.entries, rules)
		a.shown = a.rules.HeadFor(engine.VisibleToAll) // all there is is durable
	}
	if a.frozen = a.sys.alarm.refusal(a.h.ref); a.frozen == nil {
		a.watch.resume(a.h.ref, a.rules, a.h.log == engine.Log(a.h.tenant.memory))
		a.countsAnew()
		a.judge()
	}
	if c.head.Last > 0 {
		a.step(session.Recover{Since: a.h.since}, now)
	}
	a.feedFrom()
	restored := a.rules.Row()
	a.clock.resume(&restored)
	a.takeUpFiles(now)
	a.settleUpgrades()
	a.began = a.rules.Last()
	a.catchUpOn()
	for len(a.early) > 0 { // one by one: what a panic does not reach is for the next life
		item := a.early[0]
		a.early = a.early[1:]
		a.live(item, now)
	}
	a.early = nil
}

// catchUpOn tells what an earlier life may have failed to tell: the operator of
// the offer and the owner hear what became of them, the router that the session
// is over, and the visitor may start anew. A repetition has no effect.
func (a *sessionActor) catchUpOn() {
	row, told := a.rules.Row(), &a.h.told
	for _, o := range slices.Clone(told.offered) {
		if !row.HasOffer(o.Offer.ID) {
			a.effect(session.Notify{Operator: o.Operator, Note: session.OfferEnded, Offer: o.Offer, Cause: engine.CauseRestart}, nil)
		}
	}
	a.catchUpMembers(&row)
	owner := row.Owner
	if !row.State.IsOpen() {
		owner = ""
	}
	if told.owner != owner {
		if told.owner != "" {
			a.effect(session.Notify{Operator: told.owner, Note: session.Lost, Offer: engine.Offer{Session: row.Ref.Session, Epoch: row.Epoch}}, nil)
		}
		if owner != "" {
			a.effect(session.Notify{Operator: owner, Note: session.Gained, Offer: engine.Offer{Session: row.Ref.Session, Epoch: row.Epoch, Department: row.Department}}, nil)
		}
	}
	if !row.State.IsOpen() && a.h.lives > 1 {
		a.h.tenant.router.tell(routing.SessionIs{Row: &row, Life: a.term, Recovered: true})
	}
	a.depose()
}

// depose lets the visitor start anew once the session durably takes no more messages.
func (a *sessionActor) depose() {
	if s := a.rules.State(); !a.deposed && (s == engine.StateClosing || s == engine.StateClosed) && a.rules.InFlight() == 0 {
		a.deposed = true
		a.sys.locker.dropSession(a.h.ref)
		a.h.tenant.visitorDone(a.rules.Row().Visitor, a.h)
	}
}
