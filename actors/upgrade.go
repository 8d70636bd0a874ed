package actors

import (
	"context"
	"errors"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// An anonymous visitor that proves who it is takes its open session along, and
// nothing else: no conversations are merged, and if the verified visitor has an
// open session already, each stays where it is. The tenancy names both visitors
// as having the session until the log has it; the session's actor then settles
// whose it is.

// upgrade moves the open session of the anonymous visitor whose token the visit
// shows besides its proof, if there is one. A token that is no longer good moves
// nothing: the proof alone says who the visitor is. Neither does that of a
// verified visitor, who may be somebody else at the same screen.
func (s *System) upgrade(ctx context.Context, t *tenancy, v engine.Visit, to engine.VisitorID, now time.Time) error {
	if v.Token == "" {
		return nil
	}
	p, err := s.openPass(t, v.Token, v.Origin, now)
	if err != nil || p.verified || p.visitor == to {
		return nil //nolint:nilerr // said above
	}
	ask := upgrade{from: p.visitor, to: to, reply: make(chan *engine.Error, 1)}
	if !t.reserve(ask) {
		if s.stopping.Load() { // it may have ended for that reason only
			return engine.ErrBusy
		}
		return nil
	}
	select {
	case refused := <-ask.reply:
		if refused == nil || errors.Is(refused, engine.ErrClosed) {
			return nil
		}
		return refused
	case <-ctx.Done(): // whatever comes of it, the visitor comes again
		return engine.ErrBusy
	}
}

// reserve asks the anonymous visitor's open session to move. Until it has, both
// visitors have it: neither can start another.
func (t *tenancy) reserve(ask upgrade) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	from := t.visitors[ask.from]
	if from == nil || from.open == nil {
		return false
	}
	h, to := from.open, t.visitor(ask.to)
	if to.open != nil && to.open != h {
		return false
	}
	to.open = h
	if !h.tell(ask) { // it has just ended
		to.open = nil
		t.tidy(ask.to)
		return false
	}
	return true
}

// belongs settles whose the session is: of the two, only the owner keeps it.
func (t *tenancy) belongs(h *handle, ask upgrade, owner engine.VisitorID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range [...]engine.VisitorID{ask.from, ask.to} {
		if v := t.visitors[id]; v != nil && v.open == h && id != owner {
			v.open = nil
			v.keys.forget()
			t.tidy(id)
		}
		if id != owner {
			t.openings.ends(id, h.ref.Session)
		}
	}
}

// proof is an upgrade whose entry is numbered and not yet durable.
type proof struct {
	upgrade
	seq engine.Seq
}

// upgrade steps an upgrade. Its entry has an append of its own: no other may
// change the session's key with it.
func (a *sessionActor) upgrade(ask upgrade, now time.Time) {
	a.h.unsure = append(a.h.unsure, proof{upgrade: ask}) // should this panic
	a.flush()
	a.step(session.Upgrade{From: ask.from, To: ask.to}, now)
	a.counts(a.rules.Facts())
	a.judge()
	a.flush()
	a.h.unsure = a.h.unsure[:len(a.h.unsure)-1]
	if a.rules.Row().Visitor != ask.to {
		a.refuseUpgrade(ask, engine.ErrClosed)
		return
	}
	a.proofs = append(a.proofs, proof{ask, a.rules.Last()})
	a.prune(now)
	a.upgraded(a.rules.Durable()) // asked twice, it may be durable already
}

// upgraded ends the upgrades that are durable. Other connections of the anonymous
// visitor have had no part in the session since the upgrade's step (lose); they
// come again, with the token that the verified visitor left in their browser or
// without a session. Those of the verified visitor that were there before have it now.
func (a *sessionActor) upgraded(through engine.Seq) {
	for len(a.proofs) > 0 && a.proofs[0].seq <= through {
		done := a.proofs[0]
		a.proofs = a.proofs[1:]
		a.h.tenant.belongs(a.h, done.upgrade, done.to)
		if ban := a.h.tenant.bans.of(done.to, a.sys.cfg.Clock()); !ban.Until.IsZero() {
			a.h.tell(banned{by: ban.By}) // it was nobody's to bring along
		}
		for _, s := range a.h.tenant.seatsOf(done.to) {
			a.h.tell(attach{seat: s})
		}
		done.reply <- nil
	}
}

// refuseUpgrade leaves the session where it is. ErrClosed: there is nothing to
// move, and the visitor goes on without.
func (a *sessionActor) refuseUpgrade(ask upgrade, err *engine.Error) {
	owner := ask.from
	if a.rules != nil {
		owner = a.rules.Row().Visitor
	}
	a.h.tenant.belongs(a.h, ask, owner)
	ask.reply <- err
}

// loseUpgrades answers those whose entries may or may not become durable: the
// next life finds out.
func (a *sessionActor) loseUpgrades() {
	for _, lost := range a.proofs {
		lost.reply <- engine.ErrBusy
	}
	a.h.unsure = append(a.h.unsure, a.proofs...)
	a.proofs = nil
}

// settleUpgrades is what a life does about upgrades that an earlier one lost.
func (a *sessionActor) settleUpgrades() {
	for _, lost := range a.h.unsure {
		a.h.tenant.belongs(a.h, lost.upgrade, a.rules.Row().Visitor)
	}
	a.h.unsure = nil
}
