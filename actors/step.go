package actors

import (
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// step runs the rules and carries out what needs no waiting.
func (a *sessionActor) step(in session.Input, now time.Time) {
	if a.frozen != nil {
		return
	}
	a.out = a.rules.Step(in, now, a.out[:0])
	for i, effect := range a.out {
		a.out[i] = nil
		a.watch.effect(effect)
		switch e := effect.(type) {
		case session.Write:
			a.entries = append(a.entries, e.Entry)
			a.held.add(e.Entry.Seq, e, nil)
			if e.Entry.File != nil {
				a.sys.locker.hold(e.Entry.File.File)
			}
		case session.Announce:
			a.announce(e)
		case session.Reply:
			a.carryOut(e.After, e)
		case session.Pick:
			if a.current.seat != nil { // else a repetition
				a.picks[e.Number] = a.current
			}
			a.carryOut(e.After, e)
		case session.Begin:
			a.carryOut(e.After, e)
		case session.Report:
			a.counts(e.Row)
			a.carryOut(e.After, e)
		case session.Notify:
			a.carryOut(e.After, e)
		case session.Tell:
			a.notify(e)
		}
	}
	a.judge()
}

// deadline is when the session is to be told the time; zero: never.
func (a *sessionActor) deadline() time.Time {
	if a.frozen != nil {
		return time.Time{}
	}
	return a.rules.Deadline()
}

func (a *sessionActor) carryOut(after engine.Seq, effect session.Effect) {
	var asker *draftPosted
	switch e := effect.(type) {
	case session.Reply:
		item := a.current
		if e.Pick != 0 {
			item = a.picks[e.Pick]
			delete(a.picks, e.Pick)
		}
		asker = &item
	case session.Begin:
		item := a.current
		asker = &item
	default:
	}
	if reply, ok := effect.(session.Reply); ok && reply.Answer.Held != nil {
		after = a.rules.Last() // its asker's right may rest on what is not yet durable
	}
	if after <= a.rules.Durable() {
		a.effect(effect, asker)
		return
	}
	a.held.add(after, effect, asker)
}

// flush hands this turn's entries to the log: one append, whole or not at all.
func (a *sessionActor) flush() {
	if a.rules == nil || len(a.entries) == 0 || a.freezes {
		return
	}
	entries := a.entries
	a.entries = nil
	add := engine.Append{Ref: a.h.ref, Term: a.term, Entries: entries, Row: a.rules.TakeRow(), Starts: a.starts}
	a.starts, add.Tell = nil, a.sys.feed != nil
	if !a.rules.State().IsOpen() {
		filed := a.rules.Filed()
		add.Close, add.Row, add.Activity, add.Filed = true, nil, a.rules.Info().LastActivity, &filed
	}
	for _, e := range entries {
		switch e.Kind {
		case engine.KindMessageRedacted:
			add.Redact = append(add.Redact, e.Target)
		case engine.KindAttrsSet:
			if e.Target != 0 {
				add.Redact = append(add.Redact, e.Target)
			}
		case engine.KindIdentityUpgraded: // alone in its append: see upgrade
			add.Visitor = a.rules.Row().Visitor
		default:
		}
	}
	a.sys.rt.metrics.batch.Observe(float64(len(entries)))
	through, life := entries[len(entries)-1].Seq, a.life
	a.h.log.Append([]engine.Append{add}, func(errs []error) {
		a.h.tell(stored{life: life, through: through, err: errs[0]})
	})
}

// stored releases what waited for entries to be durable.
func (a *sessionActor) stored(item stored, now time.Time) {
	if item.err != nil {
		a.storeFailed(item.err, now)
		return
	}
	if a.watch.isOver(item.through) {
		a.countsNoMore()
	}
	a.step(session.Stored{Through: item.through}, now)
	for {
		h, ok := a.held.next(item.through)
		if !ok {
			break
		}
		a.effect(h.effect, h.asker)
	}
	a.upgraded(item.through)
	a.prune(now)
	a.depose()
}
