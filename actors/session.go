package actors

import (
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// sessionActor is one life of a session's actor: from a claim of its log to the
// release. It runs the session's rules and carries out their effects.
type sessionActor struct {
	h   *handle
	sys *System

	life    uint64           // which claim's answers are awaited; 0 before the first
	rules   *session.Session // nil until the claim is answered
	term    engine.Term
	early   []any // control items that came before the claim was answered
	places  []*place
	lost    []*place   // have lost their right by what may not yet be durable
	pruning bool       // one of the places has lost its right in this turn
	reading int        // answers that wait for a read of the log
	shown   engine.Seq // the last durable entry that visitors may see

	position engine.QueuePosition // while it waits, as last heard
	held     held
	proofs   []proof         // upgrades that are not yet durable
	entries  []*engine.Entry // numbered in this turn, not yet handed to the log
	starts   []engine.Start  // that these carry out
	out      []session.Effect
	current  draftPosted            // being stepped: who gets a Reply
	asked    session.Ask            // being stepped: the rules are handed a pointer to it
	picks    map[uint64]draftPosted // wait for the router's word
	control  []any                  // of this turn, not yet handled
	data     []any                  // of this turn, not yet handled
	watch    watch
	spots    spots
	clock    stopwatch

	frozen   *engine.Error // what drafts get: an invariant was broken; nil: none
	freezes  bool          // in this turn
	quitting bool
	began    engine.Seq    // the last entry of the log, and of what its recovery added
	deposed  bool          // the visitor may start anew
	over     bool          // released: no rule runs any more
	refusal  *engine.Error // of a life that could not begin: what drafts get
}

func newSessionActor(h *handle) *sessionActor {
	return &sessionActor{h: h, sys: h.sys, picks: map[uint64]draftPosted{}, spots: newSpots(h.ref.Session)}
}

// turn handles what waits: control first, then drafts while entries are not too
// far ahead of the log.
func (a *sessionActor) turn() verdict {
	now := a.sys.cfg.Clock()
	a.h.running.Store(true)
	a.quitting = a.quitting || a.h.tenant.isEnding() // a life that begins during the stop is told by nobody
	if a.life == 0 {
		a.claim()
	}
	var taken []any
	a.control, taken = a.h.take(a.room())
	a.data = taken
	for len(a.control) > 0 {
		item := a.control[0]
		a.control = a.control[1:]
		a.command(item, now)
	}
	spared := a.rules == nil && !a.over && len(a.data) > 0
	if spared { // the store has failed in this turn: drafts wait for the next life
		a.h.putBack(nil, a.data)
		a.data = nil
	}
	for len(a.data) > 0 {
		item := a.data[0]
		a.data = a.data[1:]
		a.h.used.Store(now.UnixNano())
		a.participant(item, now)
	}
	if !spared {
		a.h.recycle(taken)
	}
	if a.rules != nil && a.frozen == nil {
		a.watch.end(a.rules.Deadline())
		a.judge()
	}
	if a.freezes {
		a.freezeNow()
	}
	a.settle(now)
	a.flush()
	return a.verdict(now)
}

// room is how many drafts may be stepped now.
func (a *sessionActor) room() int {
	switch {
	case a.over:
		return batchLimit
	case a.rules == nil:
		return 0
	}
	return max(0, engine.MaxInFlight-a.rules.InFlight())
}

func (a *sessionActor) verdict(now time.Time) verdict {
	waiting := a.h.depth() > 0
	switch {
	case a.over && waiting:
		return again
	case a.over && a.refusal == engine.ErrBusy:
		return a.rest()
	case a.over:
		return end
	case a.rules == nil && a.life != 0: // the claim is under way
		return wait
	case a.rules == nil && (waiting || len(a.early) > 0):
		return again
	case a.rules == nil && a.quitting:
		a.finish()
		return end
	case a.rules == nil: // the store failed, and nobody is there to be seated again
		a.h.setDeadline(now.Add(claimAgain)) // the last one was of what was not stored
		return a.rest()
	}
	a.h.setDeadline(a.deadline())
	switch {
	case waiting && a.room() > 0:
		return again
	case waiting || a.rules.InFlight() > 0:
		return wait
	case a.isCatchingUp(), a.reading > 0: // it is to see the end as well
		return wait
	case a.quitting, !a.rules.State().IsOpen():
		a.finish()
		return end
	case now.UnixNano()-a.h.used.Load() < int64(a.sys.cfg.IdleAfter) && !a.h.tenant.isEnding(): // a stop waits for all
		return wait
	case len(a.places) > 0, a.h.tenant.isDraining(): // the next life would miss a visitor who was sent away
		a.h.used.Store(now.UnixNano()) // the sweeper need not ask at each round
		return wait
	}
	if a.frozen != nil {
		return a.rest()
	}
	switch a.rules.State() {
	case engine.StateOffered: // the next life would take the offer back; it has a deadline
		return wait
	case engine.StateNew: // it never started, and nobody is there to start it
		a.h.tenant.visitorDone(a.rules.Row().Visitor, a.h)
		a.finish()
		return end
	default:
		return a.rest()
	}
}

// command handles a control item.
func (a *sessionActor) command(item any, now time.Time) {
	switch item := item.(type) {
	case claimed:
		if item.life == a.life && a.rules == nil && !a.over {
			a.awake(item, now)
		}
		return
	case tick:
		a.h.ticking.Store(false)
	case quit:
		a.quitting = true
		return
	default:
	}
	switch {
	case a.over:
		a.after(item)
	case a.rules == nil:
		a.early = append(a.early, item)
	default:
		a.live(item, now)
	}
}

// live handles a control item of a session whose log is claimed.
func (a *sessionActor) live(item any, now time.Time) {
	if a.isFrozen(item) {
		return
	}
	switch item := item.(type) {
	case stored:
		if item.life == a.life {
			a.stored(item, now)
		}
	case attach:
		a.attach(item, now)
	case detach:
		a.detach(item.seat, now)
	case judge:
		a.rejudge(item, now)
	case readAnswer:
		a.release(item)
	case upgrade:
		a.upgrade(item, now)
	case uploaded:
		a.uploaded(item, now)
	case fetch:
		a.fetch(item)
	case readBack:
		if item.life == a.life {
			a.caughtUp(item, now)
		}
	case banned:
		a.step(session.Banned{By: item.by}, now)
	case order:
		// It stays for the next: an offer to a life that has gone to rest is made again to
		// the one that it wakes.
		a.h.used.Store(now.UnixNano())
		a.step(item.Input, now)
	case placed:
		a.placed(item)
	case reconfigured:
		a.rules.Reconfigure(a.h.tenant.rules(a.h))
		a.prune(now)
	case revoke:
		a.step(session.Revoke(item), now)
	case tick:
		a.step(session.Tick{}, now)
	case reportAgain:
		a.step(session.Again{Asked: item.asked}, now)
	case inform:
		item.reply(a.rules.Info(), nil)
	}
}

// participant handles a draft, typing or a peek.
func (a *sessionActor) participant(item any, now time.Time) {
	switch item := item.(type) {
	case draftPosted:
		switch {
		case item.again && a.refusal == engine.ErrNotFound: // nothing is left of what the key led to
			a.h.tenant.forgetStart(&item)
			item.seat.repost(item.draft, a.h)
		case a.refusal != nil:
			item.seat.answer(item.draft, engine.Answer{Err: a.refusal})
		case a.over:
			item.seat.repost(item.draft, a.h)
		default:
			a.draft(item, now)
		}
	case typed:
		if !a.over && a.mayRead(item.seat) {
			a.step(session.Typing{By: item.seat.author, On: item.on}, now)
		}
	case peeked:
		if !a.over && a.knows(item.seat) {
			a.step(session.Peek{By: item.seat.author, Body: item.body}, now)
		}
	}
}

// knows reports whether a seat has to do with this session at all: it is the
// session's visitor, or the rules judge it (I10).
func (a *sessionActor) knows(s *seat) bool {
	return s.author.Kind != engine.AuthorVisitor || s.visitor == a.rules.Visitor()
}

func (a *sessionActor) draft(item draftPosted, now time.Time) {
	refused := a.mayAsk(item.seat, item.draft.Op)
	switch {
	case refused != nil:
		item.seat.answer(item.draft, engine.Answer{Err: refused})
	case item.draft.Op == engine.OpHistory:
		a.history(item)
	case item.draft.Op == engine.OpExplain:
		a.explain(item)
	case item.draft.Op == engine.OpVisitor:
		a.aboutVisitor(item)
	case item.draft.Op == engine.OpFetch:
		a.fileLink(item, now)
	case a.frozen != nil && item.draft.Op == engine.OpIdentity:
		a.heldOfFrozen(item)
	case a.frozen != nil:
		item.seat.answer(item.draft, engine.Answer{Err: a.frozen})
	case item.draft.Op == engine.OpTargets:
		a.targets(item, now)
	default:
		item.draft = a.named(item.draft, now)
		a.current = item
		written := len(a.entries)
		by := item.seat
		a.asked = session.Ask{
			By: by.author, Rights: by.rights(a.rules.Row().Department), Draft: by.vouched(item.draft), Inherit: item.inherit,
			Verified: by.verified, Banned: a.h.tenant.bans.until(by.visitor, now), Server: by.server,
		}
		a.step(&a.asked, now)
		a.asked = session.Ask{} // an idle session holds no text
		a.noteStart(item, a.entries[written:])
		a.current = draftPosted{}
	}
	if item.draft.Op == engine.OpStart {
		a.introduceAll(now)
	}
}
