package session

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// close ends the session on somebody's word.
func (t *turn) close(by engine.Author, d engine.Draft) {
	if by.Kind == engine.AuthorVisitor { // it sets no tags
		d.Plan = &engine.Plan{}
	}
	if t.repeated(by, engine.KindSessionClosing, d) {
		return
	}
	if err := t.mayClose(by, d); err != nil {
		t.refuse(d, err)
		return
	}
	if d.Plan.Tags != nil {
		t.setTags(by, d)
	}
	if !d.Plan.FollowUp.IsZero() {
		t.row.Service.Followed = d.Plan.FollowUp.UTC().Truncate(time.Millisecond)
	}
	t.closeFor(t.closingCause(by), by, d)
	t.done(d, t.closed, t.now)
}

func (t *turn) closingCause(by engine.Author) engine.Cause {
	switch {
	case by.Kind == engine.AuthorVisitor:
		return engine.CauseVisitorLeft
	case by.Kind == engine.AuthorIntegration:
		return engine.CauseIntegration
	case !t.owns(by):
		return engine.CauseSupervisor
	}
	return engine.CauseManual
}

func (t *turn) mayClose(by engine.Author, d engine.Draft) *engine.Error {
	isSupervisor := by.Kind == engine.AuthorOperator && t.rights.Has(engine.RightSupervise)
	isMember := by.Kind == engine.AuthorOperator && !t.owns(by)
	switch {
	case !t.MayRead(by) && !isSupervisor, t.row.State == engine.StateNew:
		return engine.ErrNotFound
	case t.closed != 0:
		return engine.ErrClosed.At(t.closed)
	case isMember && !isSupervisor:
		return engine.ErrNotOwner
	}
	if err := faultyTags(d.Plan.Tags); err != nil {
		return err
	}
	if code := d.Plan.Reason; code != "" && !t.mayName(code) {
		return engine.ErrBadRequest.In("reason_code")
	}
	return t.current(d)
}

// mayName reports whether a session of the department may be closed with that code.
func (t *turn) mayName(code string) bool {
	if allowed := t.department().CloseReasons; len(allowed) > 0 {
		return slices.Contains(allowed, code)
	}
	return engine.IsCode(code)
}

// skipsWrapUp reports whether whoever closes wants no time for notes.
func skipsWrapUp(d engine.Draft) bool {
	return d.Plan != nil && d.Plan.WrapUp != nil && !*d.Plan.WrapUp
}

// closeFor writes the closing entry: no message follows it. A session that had an
// owner wraps up first; a bot needs no time for that.
func (t *turn) closeFor(cause engine.Cause, by engine.Author, d engine.Draft) {
	t.endTransfer(cancelled, cause, engine.Author{}, engine.Draft{})
	t.endOffers(cause)
	t.row.Offers = nil
	department := t.department()
	t.row.Service.Idle = false
	t.ended()
	t.move(engine.StateClosing)
	wrapsUp := t.row.Owner != "" && department.WrapUp != 0 && !t.isBot(t.row.Owner) && !skipsWrapUp(d)
	e := planned(engine.KindSessionClosing, by, d)
	e.Cause = cause
	if wrapsUp {
		e.Deadline = t.now.Add(department.WrapUp)
	}
	t.closed = t.write(e)
	t.endedAt, t.endedBy = t.now, cause
	t.askRating(&department, cause)
	if !wrapsUp {
		t.finish(engine.CauseNone)
		return
	}
	t.row.CloseBy = e.Deadline
	t.row.Weight = min(department.WrapUpWeight, t.servedWeight())
}

// finish writes the last entry and frees everybody.
func (t *turn) finish(cause engine.Cause) {
	t.move(engine.StateClosed)
	seq := t.write(with(&engine.Entry{
		Kind: engine.KindSessionClosed, Cause: cause,
		// The row goes with the session; its last entry says what of it still matters.
		Operator: t.row.Owner, Department: t.row.Department,
	}, &engine.Facts{Needs: t.row.Service.Needs}))
	if t.closed == 0 {
		t.closed, t.endedAt, t.endedBy = seq, t.now, cause
	}
	for _, m := range t.row.Service.Members {
		t.notify(m.Operator, Left, cause)
	}
	t.row.Service.Members = nil
	if t.row.Owner != "" {
		t.notify(t.row.Owner, Lost, cause)
	}
}

// wrapUpExtend gives the owner as much time for its notes as it had, from now on.
func (t *turn) wrapUpExtend(by engine.Author, d engine.Draft) {
	if t.repeated(by, engine.KindWrapUpExtended, d) {
		return
	}
	t.tick()
	err := t.wrapsUp(by, d)
	if err == nil && !t.isAmendable() {
		err = engine.ErrClosed.At(t.closed)
	}
	if err != nil {
		t.refuse(d, err)
		return
	}
	t.row.CloseBy = t.now.Add(t.department().WrapUp)
	t.change()
	seq := t.write(&engine.Entry{
		Author: by, Kind: engine.KindWrapUpExtended, Visibility: engine.VisibleToOperators, ClientID: d.ClientID, Deadline: t.row.CloseBy,
	})
	t.done(d, seq, t.now)
}

// wrapUpDone ends the wrap-up before its time.
func (t *turn) wrapUpDone(by engine.Author, d engine.Draft) {
	if t.repeated(by, engine.KindWrapUpEnded, d) {
		return
	}
	if err := t.wrapsUp(by, d); err != nil {
		t.refuse(d, err)
		return
	}
	seq := t.write(&engine.Entry{Author: by, Kind: engine.KindWrapUpEnded, Visibility: engine.VisibleToOperators, ClientID: d.ClientID})
	t.finish(engine.CauseNone)
	t.done(d, seq, t.now)
}

func (t *turn) wrapsUp(by engine.Author, d engine.Draft) *engine.Error {
	switch {
	case by.Kind != engine.AuthorOperator:
		return engine.ErrForbidden
	case !t.owns(by) && !t.MayRead(by):
		return engine.ErrNotFound
	case !t.owns(by):
		return engine.ErrNotOwner
	case t.row.State != engine.StateClosing:
		return t.unfit()
	}
	return t.current(d)
}
