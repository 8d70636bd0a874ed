package actors

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
	"github.com/parleyhq/parley/engine/session"
)

// What connections and sessions tell an operator's actor.

// attend seats a connection: welcome first, then the sessions it has a part in,
// then the waiting lines.
func (a *operatorActor) attend(item attend, now time.Time) {
	if item.seat.left.Load() {
		return
	}
	if a.h.tenant.suspended.Load() { // since Attend looked, as below
		item.seat.outlet.Close(engine.ReasonSuspended)
		return
	}
	if a.h.isRevoked(*item.seat.principal.Load(), now) {
		item.seat.outlet.Close(engine.ReasonSignedOut)
		return
	}
	if a.h.tenant.isDraining() { // it had no connection when that was said
		a.think(operator.Drain{}, now, intentStored{})
	}
	a.seated++
	s := &operatorSeat{seat: item.seat, number: a.seated, have: item.have}
	a.seats = append(a.seats, s)
	in := s.connect()
	in.Intent = item.intent
	a.think(in, now, intentStored{})
	me := a.me(s.seat)
	welcome := &engine.Welcome{Me: &me, Expires: item.seat.principal.Load().Expires, Rights: s.seat.allRights()}
	s.seat.outlet.Answer(engine.Answer{Request: item.request, Welcome: welcome})
	a.carryOn()
	for _, id := range a.parts() {
		a.lend(s, id)
	}
	a.topics(s, item.watch)
}

// lend seats a connection in a session that the operator has a part in.
func (a *operatorActor) lend(s *operatorSeat, id engine.SessionID) {
	a.h.tenant.tellSession(id, attach{seat: s.seat, have: haveOf(s.have, id)})
}

// leave takes a connection away. The sessions hear of it too.
func (a *operatorActor) leave(of *seat, now time.Time) {
	i := slices.IndexFunc(a.seats, func(s *operatorSeat) bool { return s.seat == of })
	if i < 0 {
		return
	}
	number := a.seats[i].number
	defer a.revokeUnseen()
	a.seats = slices.Delete(a.seats, i, i+1)
	a.recount()
	for _, id := range a.parts() {
		a.h.tenant.lookup(id).tell(detach{of})
	}
	a.step(operator.Disconnect{Connection: number}, now)
}

func (a *operatorActor) draft(item draftPosted, now time.Time) {
	switch d := item.draft; d.Op {
	case engine.OpIntent:
		a.setIntent(item, now)
	case engine.OpAway:
		for _, s := range a.seats {
			if s.seat == item.seat {
				s.away = d.On
				a.step(operator.SetAway{Connection: s.number, On: d.On}, now)
			}
		}
		item.seat.answer(d, engine.Answer{})
	case engine.OpWatch, engine.OpUnwatch:
		a.watchDraft(item)
	default:
		item.seat.answer(d, engine.Answer{Err: engine.ErrUnknownOp})
	}
}

// setIntent takes the word of the operator, or of a supervisor, whose right to it
// the seat has judged.
func (a *operatorActor) setIntent(item draftPosted, now time.Time) {
	d, by := item.draft, item.seat.author.Operator
	if d.Intent == engine.IntentNone {
		item.seat.answer(d, engine.Answer{Err: engine.ErrBadRequest.In("intent")})
		return
	}
	if d.Reason != "" && !engine.IsCode(d.Reason) {
		item.seat.answer(d, engine.Answer{Err: engine.ErrBadRequest.In("reason")})
		return
	}
	in := operator.SetIntent{Intent: d.Intent, Cause: engine.CauseManual, By: by, Device: item.seat.device.id, Until: d.Until, Drain: d.Drain, Reason: d.Reason}
	names := intentKeyNames
	if by != a.h.id {
		in.Cause = engine.CauseSupervisor
		names += " by " + string(by) // a key is good for whoever asks only
	}
	tag, known := a.once(names, d.ClientID, intentDigest(d), now, func(info engine.IntentInfo, refused *engine.Error) {
		item.seat.answer(d, engine.Answer{Err: refused, Intent: &info})
	})
	switch {
	case known:
	case isOver(d, now):
		refused := engine.ErrBadRequest.In("until")
		a.did(tag, engine.IntentInfo{}, refused)
		item.seat.answer(d, engine.Answer{Err: refused})
	default:
		a.think(in, now, intentStored{asked: item, tag: tag})
		a.carryOn()
	}
}

// isOver reports whether a pause would be over before it begins: refused, for it must
// not become one without an end. A repetition may come later than the end.
func isOver(d engine.Draft, now time.Time) bool {
	return d.Intent == engine.IntentPaused && !d.Until.IsZero() && !d.Until.After(now)
}

// intentDigest tells apart what is asked for under one key.
func intentDigest(d engine.Draft) uint64 {
	digest := uint64(d.Intent)
	if d.Drain {
		digest |= 1 << 8
	}
	if !d.Until.IsZero() {
		digest |= uint64(d.Until.UnixMilli()) << 9
	}
	if d.Reason != "" {
		digest ^= engine.BodyOf(d.Reason).Digest()
	}
	return digest
}

// notice takes what a session tells its operator.
func (a *operatorActor) notice(n notice, now time.Time) {
	id := n.Offer.Session
	switch n.Note {
	case session.Offered:
		a.offered(n)
		a.step(operator.Offered{Offer: n.Offer}, now)
		a.revokeUnseen()
	case session.OfferEnded:
		a.forgetBrief(id, n.Offer.ID)
		a.tellMe(func(rev uint64) engine.Signal {
			return engine.OfferRevoked{Rev: rev, Session: id, ID: n.Offer.ID, Cause: n.Cause}
		})
		a.step(operator.OfferEnded{Session: id, ID: n.Offer.ID, Cause: n.Cause}, now)
	case session.Gained:
		a.gained(operator.Gained{Session: id, Epoch: n.Offer.Epoch, Department: n.Offer.Department}, now)
	case session.Lost:
		a.step(operator.Lost{Session: id, Epoch: n.Offer.Epoch, Served: n.served}, now)
		a.tellMine(id, false)
	case session.Joined:
		a.join(id)
	case session.Left:
		a.joined = slices.DeleteFunc(a.joined, func(s engine.SessionID) bool { return s == id })
	case session.Missed:
		a.step(operator.Missed{Session: id}, now)
	case session.Hushed:
		a.hushBrief(id, n.Offer.ID)
	case session.Nudge: // its connections see the entry; there is none yet that could be woken
	}
}

func (a *operatorActor) gained(is operator.Gained, now time.Time) {
	id := is.Session
	again := a.owns(id)
	delete(a.briefs, id)
	a.step(is, now)
	if again {
		return
	}
	a.tellMine(id, true)
	for _, s := range a.seats {
		a.lend(s, id)
	}
}

func (a *operatorActor) join(id engine.SessionID) {
	if slices.Contains(a.joined, id) {
		return
	}
	a.joined = append(a.joined, id)
	for _, s := range a.seats {
		a.lend(s, id)
	}
}
