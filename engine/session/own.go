package session

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// offer records the router's offer. A stale one only gets the router a report;
// so does one that was seen before: the router repeats an offer to a session
// that was rebuilt, not knowing whether the first is still under way.
func (t *turn) offer(in Offer) {
	repeated := in.Number <= t.number
	t.number, t.recovered = max(t.number, in.Number), false
	if repeated || t.hasDeclined(in.Operator) || t.row.State != engine.StateQueued || t.row.Epoch != in.Epoch {
		t.report()
		return
	}
	deadline := t.now.Add(t.department().OfferTimeout)
	t.move(engine.StateOffered)
	id := t.write(&engine.Entry{
		Kind: engine.KindOfferMade, Cause: engine.CauseAuto, Visibility: engine.VisibleToOperators,
		Operator: in.Operator, Deadline: deadline,
	})
	offer := engine.Offer{
		Session: t.row.Ref.Session, ID: id, Epoch: t.row.Epoch, Department: t.row.Department,
		Deadline: deadline, Waiting: t.row.FirstQueued,
	}
	t.row.Offers = []engine.LiveOffer{{Offer: offer, Operator: in.Operator}}
	t.report()
	t.do(Notify{After: id, Operator: in.Operator, Note: Offered, Offer: offer})
}

// mine says why a draft about an offer cannot act on it, or nil.
func (t *turn) mine(by engine.Author, d engine.Draft) *engine.Error {
	switch {
	case by.Kind != engine.AuthorOperator:
		return engine.ErrForbidden
	case t.row.State != engine.StateOffered || !t.row.HasOffer(d.Offer):
		return engine.ErrOfferGone
	case t.row.OfferedTo() != by.Operator:
		return engine.ErrOfferNotYours
	case d.Epoch != 0 && d.Epoch != t.row.Epoch:
		return engine.ErrStaleEpoch.InEpoch(t.row.Epoch)
	}
	return nil
}

// accept makes the operator the owner.
func (t *turn) accept(by engine.Author, d engine.Draft) {
	if t.repeated(by, engine.KindSessionAssigned, d) {
		return
	}
	t.tick() // an offer that has run out is gone, whether or not the sweeper has been by
	if err := t.mine(by, d); err != nil {
		t.refuse(d, err)
		return
	}
	t.row.Epoch++
	t.row.Owner, t.row.Offers = by.Operator, nil
	t.move(engine.StateActive)
	seq := t.write(&engine.Entry{
		Author: by, Kind: engine.KindSessionAssigned, Cause: engine.CauseAuto, ClientID: d.ClientID,
		Operator: by.Operator, Offer: d.Offer,
	})
	t.report()
	t.do(Notify{After: seq, Operator: by.Operator, Note: Gained, Offer: engine.Offer{Session: t.row.Ref.Session, ID: d.Offer, Epoch: t.row.Epoch}})
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
	seq := t.endOffer(engine.CauseRejected, by, d)
	t.report()
	t.done(d, seq, t.now)
}

// endOffer takes the live offer back: the session waits again, where it was.
func (t *turn) endOffer(cause engine.Cause, by engine.Author, d engine.Draft) engine.Seq {
	operator, offer := t.row.Offers[0].Operator, t.row.Offers[0].Offer
	t.row.Offers = nil
	t.move(engine.StateQueued)
	if cause == engine.CauseRejected || cause == engine.CauseMissed {
		t.decline(operator)
	}
	seq := t.write(&engine.Entry{
		Author: by, Kind: engine.KindOfferEnded, Cause: cause, Visibility: engine.VisibleToOperators,
		ClientID: d.ClientID, Operator: operator, Offer: offer.ID,
	})
	t.do(Notify{After: seq, Operator: operator, Note: OfferEnded, Offer: offer, Cause: cause})
	return seq
}

// hasDeclined reports whether the operator is not to be asked again yet.
func (t *turn) hasDeclined(operator engine.OperatorID) bool {
	return slices.ContainsFunc(t.row.Declines, func(d engine.Decline) bool {
		return d.Operator == operator && t.now.Before(d.Until)
	})
}

// decline remembers who turned the session down, and forgets old refusals.
func (t *turn) decline(operator engine.OperatorID) {
	t.row.Declines = slices.DeleteFunc(slices.Clone(t.row.Declines), func(old engine.Decline) bool {
		return old.Operator == operator || !t.now.Before(old.Until)
	})
	t.row.Declines = append(t.row.Declines, engine.Decline{Operator: operator, Until: t.now.Add(t.department().DeclineFor)})
}

// close ends the session on somebody's word.
func (t *turn) close(by engine.Author, d engine.Draft) {
	if t.repeated(by, engine.KindSessionClosing, d) {
		return
	}
	switch {
	case !t.MayRead(by), t.row.State == engine.StateNew:
		t.refuse(d, engine.ErrNotFound)
	case t.closed != 0:
		t.refuse(d, engine.ErrClosed.At(t.closed))
	case d.Epoch != 0 && d.Epoch != t.row.Epoch:
		t.refuse(d, engine.ErrStaleEpoch.InEpoch(t.row.Epoch))
	default:
		cause := engine.CauseManual
		switch by.Kind {
		case engine.AuthorVisitor:
			cause = engine.CauseVisitorLeft
		case engine.AuthorIntegration:
			cause = engine.CauseIntegration
		default:
		}
		t.closeFor(cause, by, d)
		t.done(d, t.closed, t.now)
	}
}

// closeFor writes the closing entry; a session that had an owner wraps up first.
func (t *turn) closeFor(cause engine.Cause, by engine.Author, d engine.Draft) {
	if t.row.State == engine.StateOffered {
		t.endOffer(cause, engine.Author{}, engine.Draft{})
	}
	wrapUp := t.department().WrapUp
	hadOwner := t.row.Owner != ""
	t.move(engine.StateClosing)
	t.closed = t.write(&engine.Entry{Author: by, Kind: engine.KindSessionClosing, Cause: cause, ClientID: d.ClientID})
	if !hadOwner || wrapUp == 0 {
		t.finish(engine.CauseNone)
		return
	}
	t.row.CloseBy = t.now.Add(wrapUp)
	t.report()
}

// finish writes the last entry and frees everybody.
func (t *turn) finish(cause engine.Cause) {
	t.move(engine.StateClosed)
	seq := t.write(&engine.Entry{
		Kind: engine.KindSessionClosed, Cause: cause,
		// The row goes with the session; its last entry says what of it still matters.
		Operator: t.row.Owner, Department: t.row.Department,
	})
	if t.closed == 0 {
		t.closed = seq
	}
	t.report()
	if t.row.Owner != "" {
		t.do(Notify{After: seq, Operator: t.row.Owner, Note: Lost, Offer: engine.Offer{Session: t.row.Ref.Session}})
	}
}
