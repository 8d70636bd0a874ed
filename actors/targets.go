package actors

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// Where a session could be handed on to: the session says who may ask and which targets
// a transfer takes at all, its router who could take it.

// targetsAsked asks a router; reply is called once, by its actor, and does not block.
type targetsAsked struct {
	session engine.SessionID
	reply   func([]engine.TransferTarget, *engine.Error)
}

func (a *sessionActor) targets(item draftPosted, now time.Time) {
	if err := a.mayList(item, now); err != nil {
		item.seat.answer(item.draft, engine.Answer{Err: err})
		return
	}
	done := a.readOn(item)
	told := a.h.tenant.router.tell(targetsAsked{session: a.h.ref.Session, reply: func(all []engine.TransferTarget, err *engine.Error) {
		if err != nil {
			done(engine.Answer{Err: err})
			return
		}
		done(engine.Answer{Targets: slices.Concat([]engine.TransferTarget{}, all)})
	}})
	if !told {
		done(engine.Answer{Err: engine.ErrBusy})
	}
}

func (a *sessionActor) mayList(item draftPosted, now time.Time) *engine.Error {
	return a.rules.MayTransfer(item.seat.author, item.seat.rights(a.rules.Department()), item.draft, now)
}

// listed is an answer as it may be given now: the asker may have lost its right
// meanwhile, and what a transfer would refuse is not routable.
func (a *sessionActor) listed(item draftPosted, answer engine.Answer) engine.Answer {
	now := a.sys.cfg.Clock()
	if err := a.mayAsk(item.seat, engine.OpTargets); err != nil {
		return engine.Answer{Err: err}
	}
	if err := a.mayList(item, now); err != nil {
		return engine.Answer{Err: err}
	}
	if item.seat.isSignedOut() {
		return engine.Answer{Err: engine.ErrNotFound}
	}
	answer.Targets = slices.DeleteFunc(answer.Targets, func(t engine.TransferTarget) bool {
		err := a.rules.MayGoTo(t.Target, now)
		return err != nil && !engine.ErrDepartmentClosed.Is(err)
	})
	for i := range answer.Targets {
		if t := &answer.Targets[i]; a.rules.MayGoTo(t.Target, now) != nil {
			t.Routable, t.Reason = false, "closed"
		}
	}
	slices.SortStableFunc(answer.Targets, func(a, b engine.TransferTarget) int { return sign(b.Routable) - sign(a.Routable) })
	return answer
}

func sign(is bool) int {
	if is {
		return 1
	}
	return 0
}

// targets asks the rules.
func (a *routerActor) targets(ask targetsAsked, now time.Time) {
	if a.rules == nil {
		ask.reply(nil, engine.ErrBusy)
		return
	}
	a.listing = ask.reply
	a.step(routing.Targets{Session: ask.session}, now)
	if a.listing != nil { // rules that do not know the question
		a.listing = nil
		ask.reply(nil, engine.ErrBusy)
	}
}

func (a *routerActor) targetsAre(e routing.TargetsAre) {
	if reply := a.listing; reply != nil {
		a.listing = nil
		reply(e.Targets, e.Err)
	}
}
