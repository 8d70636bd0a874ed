package actors

import (
	"errors"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/engine/session"
)

// effect carries out what follows a durable entry.
func (a *sessionActor) effect(effect session.Effect, asker *draftPosted) {
	switch e := effect.(type) {
	case session.Write:
		a.sys.rt.metrics.entries.WithLabelValues(e.Entry.Kind.String()).Inc()
		if e.Entry.File != nil {
			a.sys.locker.sent(e.Entry.File.File)
		}
		a.deliver(e.Entry)
		a.feedEntry(e.Entry)
		a.h.tenant.wall.hours.entry(a.rules.Department(), a.clock, e.Entry)
		a.sys.rt.metrics.figures.entry(&a.clock, e.Entry)
		if e.Entry.Kind == engine.KindNudged {
			a.sayNudged(e.Entry)
		}
	case session.Reply:
		a.reply(e.Answer, asker)
	case session.Report:
		if s := e.Row.State; s != engine.StateQueued && s != engine.StateOffered {
			a.position = engine.QueuePosition{}
		}
		a.h.tenant.router.tell(reported(e))
	case session.Pick:
		a.h.tenant.router.tell(routing.Pick{Session: a.h.ref.Session, Operator: e.Operator, Epoch: e.Epoch, Force: e.Force, Life: e.Life, Request: e.Number})
	case session.Begin:
		a.continueIn(e.Inherit, asker)
	case session.Notify:
		a.h.told.note(e)
		a.h.tenant.operator(e.Operator).tell(notice{Notify: e, served: !a.rules.State().IsOpen()})
	}
}

// reply answers; a stale view is answered with what was missed.
func (a *sessionActor) reply(answer engine.Answer, asker *draftPosted) {
	if asker == nil || asker.seat == nil {
		return
	}
	if answer.Entries != nil || answer.Targets != nil || answer.Decisions != nil || answer.Visitor != nil {
		a.release(readAnswer{asked: *asker, answer: answer})
		return
	}
	if answer.Op == engine.OpStart && engine.ErrClosed.Is(answer.Err) { // the visitor's next session is to answer
		if a.rules.InFlight() > 0 {
			a.held.add(a.rules.Last(), session.Reply{After: a.rules.Last(), Answer: answer}, asker)
			return
		}
		a.depose()
		if asker.again { // it knows nothing of the key, whatever was said of it
			a.h.tenant.forgetStart(asker)
		}
		asker.seat.repost(asker.draft, a.h)
		return
	}
	if answer.File != nil {
		a.answerLink(*asker, fileClaims{version: fileUpload, file: answer.File.File, expires: answer.File.Expires}, a.sys.cfg.Clock())
		return
	}
	if answer.Err == nil || !errors.Is(answer.Err, engine.ErrStaleView) {
		asker.seat.outlet.Answer(a.withheld(asker.seat, answer))
		return
	}
	seat, done := asker.seat, a.readOn(*asker)
	a.h.log.ReadFrom(a.h.ref, asker.draft.IfSeq, engine.MaxHistory, func(entries []*engine.Entry, _ error) {
		answer.Entries = visible(entries, seat.reader)
		done(answer)
	})
}
