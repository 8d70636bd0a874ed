package session

import "github.com/parleyhq/parley/engine"

// askRating asks the visitor for a rating, if there was a conversation to rate:
// a session that a timer closed before both sides wrote is nothing to be asked
// about. Who was banned is asked nothing.
func (t *turn) askRating(d *engine.Department, cause engine.Cause) {
	const both = engine.VisitorWrote | engine.OperatorWrote
	if cause == engine.CauseBanned || d.RatingWindow <= 0 || t.row.Service.BothWrote != both {
		return
	}
	t.row.Service.RateBy = t.now.Add(d.RatingWindow)
	t.write(&engine.Entry{Kind: engine.KindRatingRequested, Deadline: t.row.Service.RateBy})
}

// maxAfter bounds what is added after the closing entry, so that a restored
// session's tail always reaches back to it.
const maxAfter = engine.MaxHistory / 2

// isAmendable reports whether ratings, tags and notes may still be added: during
// wrap-up, and as long as the session can be rated. Nothing reopens it.
func (t *turn) isAmendable() bool {
	if t.closed == 0 || t.last >= t.closed+maxAfter {
		return false
	}
	switch t.row.State {
	case engine.StateClosing:
		return true
	case engine.StateClosed:
		window := t.department().RatingWindow
		return window > 0 && !t.endedAt.IsZero() && t.now.Before(t.endedAt.Add(window))
	default:
		return false
	}
}

// rate takes the visitor's rating, once.
func (t *turn) rate(by engine.Author, d engine.Draft) {
	if t.repeated(by, engine.KindRated, d) {
		return
	}
	if err := t.mayRate(by, d); err != nil {
		t.refuse(d, err)
		return
	}
	t.change()
	seq := t.write(planned(engine.KindRated, by, d)) // remembered as rated: see remember
	if d.Body.Len() > 0 {
		t.write(&engine.Entry{Author: by, Kind: engine.KindNoteAdded, Format: d.Format, Body: d.Body})
	}
	t.done(d, seq, t.now)
}

func (t *turn) mayRate(by engine.Author, d engine.Draft) *engine.Error {
	switch {
	case by.Kind != engine.AuthorVisitor:
		return engine.ErrForbidden
	case t.bannedFrom(by) != nil:
		return t.bannedFrom(by)
	case t.row.State == engine.StateNew:
		return engine.ErrNotFound
	case t.closed == 0:
		return engine.ErrForbidden.Because("the session is not over")
	case t.row.Service.Rated:
		return engine.ErrForbidden.Because("rated already")
	case t.row.Service.RateBy.IsZero() || !t.now.Before(t.row.Service.RateBy):
		return engine.ErrClosed.At(t.closed)
	case d.Plan.Score < 1 || d.Plan.Score > 5:
		return engine.ErrBadRequest.In("score")
	case d.ClientID == "": // a rating is found again by its key
		return engine.ErrBadRequest.In("idem")
	}
	if d.Body.Len() > 0 {
		return t.fault(d)
	}
	return nil
}

// note adds an operator's note after the end.
func (t *turn) note(by engine.Author, d engine.Draft) {
	if t.repeated(by, engine.KindNoteAdded, d) {
		return
	}
	_, isMember := t.member(by.Operator)
	mayAdd := by.Kind == engine.AuthorOperator && (t.owns(by) || isMember || t.rights.Has(engine.RightSupervise))
	var err *engine.Error
	switch {
	case by.Kind != engine.AuthorOperator:
		err = engine.ErrForbidden
	case !mayAdd, t.row.State == engine.StateNew:
		err = engine.ErrNotFound
	case t.closed == 0:
		err = engine.ErrForbidden.Because("the session is not over: write a message for operators")
	case !t.isAmendable():
		err = engine.ErrClosed.At(t.closed)
	case d.ClientID == "":
		err = engine.ErrBadRequest.In("idem")
	default:
		err = t.fault(d)
	}
	if err != nil {
		t.refuse(d, err)
		return
	}
	seq := t.write(&engine.Entry{
		Author: by, Kind: engine.KindNoteAdded, Visibility: engine.VisibleToOperators, ClientID: d.ClientID, Format: d.Format, Body: d.Body,
	})
	t.done(d, seq, t.now)
}
