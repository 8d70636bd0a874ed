package session

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// offer carries out what the router promised. A stale offer only gets the router a
// report. One to another life of the session is over: a router that hears of a new life
// takes back what it promised to the one before, and promises anew (I2).
func (t *turn) offer(in Offer) {
	if in.Life != t.life {
		return
	}
	t.number, t.routed = in.Number, true
	if in.Epoch != t.row.Epoch {
		return
	}
	if in.Direct && t.granted(in) {
		return
	}
	if in.Transfer != 0 {
		if pending := t.row.Service.Transfer; pending == nil || pending.ID != in.Transfer || len(t.row.Offers) > 0 {
			return
		}
	} else if t.row.State != engine.StateQueued {
		return
	}
	to := t.askable(in)
	if len(to) == 0 {
		return
	}
	if in.Transfer != 0 && t.row.Service.Transfer.Cold { // somebody is there to take it: the source leaves
		t.toLine(accepted, engine.CauseTransfer)
	}
	if in.Direct {
		t.assign(assignment{to: to[0], cause: t.why(to[0], in), direct: true, isTransfer: in.Transfer != 0, decision: in.Why})
		return
	}
	t.make(to, in)
}

// askable is whom an offer may go to: each once, nobody who has it or who has just
// turned it down.
func (t *turn) askable(in Offer) (to []engine.OperatorID) {
	for i := range 1 + len(in.Also) {
		o := in.Operator
		if i > 0 {
			o = in.Also[i-1]
		}
		if o != "" && o != t.row.Owner && len(to) < engine.MaxParallel && !t.hasDeclined(o) && !slices.Contains(to, o) {
			to = append(to, o)
		}
		if in.Direct {
			break
		}
	}
	return to
}

// make writes one offer for each operator who is asked.
func (t *turn) make(to []engine.OperatorID, in Offer) {
	department := t.department()
	if t.row.State == engine.StateQueued {
		t.row.State = engine.StateOffered
	}
	t.change()
	offers := make([]engine.LiveOffer, 0, len(to))
	for _, o := range to {
		deadline := t.now.Add(department.OfferTimeout)
		if slices.Contains(in.Reachable, o) {
			deadline = t.now.Add(max(department.PushTimeout, department.OfferTimeout))
		}
		id := t.write(with(&engine.Entry{
			Kind: engine.KindOfferMade, Cause: t.why(o, in), Visibility: engine.VisibleToOperators, Operator: o, Deadline: deadline,
		}, &engine.Facts{Decision: in.Why}))
		offer := engine.Offer{
			Session: t.row.Ref.Session, ID: id, Epoch: t.row.Epoch, Department: t.row.Department,
			Deadline: deadline, Waiting: t.row.FirstQueued,
		}
		offers = append(offers, engine.LiveOffer{Offer: offer, Operator: o})
		t.do(Notify{After: id, Operator: o, Note: Offered, Offer: offer, Brief: t.brief(o, len(to), in.Why)})
	}
	t.row.Offers = offers
}

// why is the cause of an offer to an operator, and of its becoming the owner.
func (t *turn) why(o engine.OperatorID, in Offer) engine.Cause {
	switch {
	case in.Transfer != 0:
		return engine.CauseTransfer
	case o == t.row.Service.Preferred:
		return engine.CauseSticky
	}
	return engine.CauseAuto
}

// mine finds the live offer that a draft is about, or says why it cannot act on one.
func (t *turn) mine(by engine.Author, d engine.Draft) *engine.Error {
	at := slices.IndexFunc(t.row.Offers, func(o engine.LiveOffer) bool { return o.ID == d.Offer })
	switch {
	case by.Kind != engine.AuthorOperator:
		return engine.ErrForbidden
	case at < 0:
		return engine.ErrOfferGone
	case t.row.Offers[at].Operator != by.Operator:
		return engine.ErrOfferNotYours
	}
	return t.current(d)
}

// accept makes the operator the owner: the first who accepts has it.
func (t *turn) accept(by engine.Author, d engine.Draft) {
	if t.repeated(by, engine.KindSessionAssigned, d) {
		return
	}
	t.tick() // an offer that has run out is gone, whether or not the sweeper has been by
	if err := t.mine(by, d); err != nil {
		t.refuse(d, err)
		return
	}
	isTransfer := t.row.Service.Transfer != nil
	cause := t.why(by.Operator, Offer{})
	if isTransfer {
		cause = engine.CauseTransfer
	}
	seq := t.assign(assignment{to: by.Operator, by: by, draft: d, offer: d.Offer, cause: cause, isTransfer: isTransfer})
	t.done(d, seq, t.now)
}

// reject declines the offer: the operator is not asked again for a while.
func (t *turn) reject(by engine.Author, d engine.Draft) {
	if t.repeated(by, engine.KindOfferEnded, d) {
		return
	}
	t.tick()
	if err := t.mine(by, d); err != nil {
		t.refuse(d, err)
		return
	}
	t.decline(by.Operator)
	seq := t.endOffer(d.Offer, engine.CauseRejected, by, d)
	t.offersOver(engine.CauseRejected)
	t.done(d, seq, t.now)
}

// offersMissed ends the offers that have run out.
func (t *turn) offersMissed() {
	for _, o := range t.row.Offers {
		if t.now.Before(o.Deadline) {
			continue
		}
		t.decline(o.Operator)
		t.endOffer(o.ID, engine.CauseMissed, engine.Author{}, engine.Draft{})
		t.notify(o.Operator, Missed, engine.CauseMissed)
	}
	t.offersOver(engine.CauseMissed)
}

// revoke ends the offer to an operator to whom something happened.
func (t *turn) revoke(in Revoke) {
	for _, o := range t.row.Offers {
		if o.ID == in.Offer && o.Operator == in.Operator {
			t.revokeOf(in.Operator, in.Cause)
			return
		}
	}
}

// revokeOf ends the offer to an operator, whichever it is.
func (t *turn) revokeOf(operator engine.OperatorID, cause engine.Cause) {
	for _, o := range t.row.Offers {
		if o.Operator == operator {
			t.endOffer(o.ID, cause, engine.Author{}, engine.Draft{})
			t.offersOver(cause)
			return
		}
	}
}

// endOffers ends all live offers, without more.
func (t *turn) endOffers(cause engine.Cause) {
	for _, o := range t.row.Offers {
		t.endOffer(o.ID, cause, engine.Author{}, engine.Draft{})
	}
}

// endOffer ends one.
func (t *turn) endOffer(id engine.Seq, cause engine.Cause, by engine.Author, d engine.Draft) engine.Seq {
	at := slices.IndexFunc(t.row.Offers, func(o engine.LiveOffer) bool { return o.ID == id })
	ended := t.row.Offers[at]
	t.row.Offers = slices.Delete(slices.Clone(t.row.Offers), at, at+1)
	t.change()
	seq := t.write(&engine.Entry{
		Author: by, Kind: engine.KindOfferEnded, Cause: cause, Visibility: engine.VisibleToOperators,
		ClientID: d.ClientID, Operator: ended.Operator, Offer: id,
	})
	t.do(Notify{After: seq, Operator: ended.Operator, Note: OfferEnded, Offer: ended.Offer, Cause: cause})
	return seq
}

// offersOver says what follows when the last offer has ended: a waiting session
// waits on, where it was; a transfer to one operator has failed, and to others goes on.
func (t *turn) offersOver(cause engine.Cause) {
	if len(t.row.Offers) > 0 {
		return
	}
	t.row.Offers = nil
	if t.row.State == engine.StateOffered {
		t.move(engine.StateQueued)
		return
	}
	pending := t.row.Service.Transfer
	if pending == nil || pending.Target.Operator == "" {
		return
	}
	if cause == engine.CauseRejected || cause == engine.CauseMissed {
		t.endTransfer(failed, cause, engine.Author{}, engine.Draft{})
		return
	}
	t.unavailable(engine.CauseTargetOffline)
}

// hasDeclined reports whether the operator is not to be asked again yet.
func (t *turn) hasDeclined(operator engine.OperatorID) bool {
	return slices.ContainsFunc(t.row.Declines, func(d engine.Decline) bool {
		return d.Operator == operator && t.now.Before(d.Until)
	})
}

// decline remembers who turned the session down, and forgets old refusals.
func (t *turn) decline(operator engine.OperatorID) {
	declines := slices.DeleteFunc(slices.Clone(t.row.Declines), func(old engine.Decline) bool {
		return old.Operator == operator || !t.now.Before(old.Until)
	})
	t.row.Declines = append(declines, engine.Decline{Operator: operator, Until: t.now.Add(t.department().DeclineFor)})
	t.change()
}

// relax notes how far the router's search has come, so that a restart does not
// begin it again.
func (t *turn) relax(in Relax) {
	waits := t.row.State == engine.StateQueued || t.row.State == engine.StateOffered
	if !waits || in.Epoch != t.row.Epoch || in.Step <= t.row.Service.Step {
		return
	}
	t.row.Service.Step = in.Step
	t.change()
	e := &engine.Entry{Kind: engine.KindStepRelaxed, Cause: engine.CauseStep, Visibility: engine.VisibleToOperators}
	if steps := t.department().Steps; in.Step < len(steps) && steps[in.Step].OfferNote {
		e.Visibility = engine.VisibleToAll // the visitor may leave a message instead
	}
	t.write(with(e, &engine.Facts{Step: &in.Step}))
}
