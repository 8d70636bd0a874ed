package session

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Outcomes of a transfer.
const (
	accepted  = "accepted"
	failed    = "failed"
	cancelled = "cancelled"
)

const maxTransferWait = time.Hour

// transfer hands the session on. A warm one is pending until somebody of the
// target accepts; the owner stays responsible. A cold one is pending until the router
// finds somebody who can take it now: then the owner leaves, whether or not that one
// accepts. Only a cold one to a line that is to queue there goes at once, whoever is there.
func (t *turn) transfer(by engine.Author, d engine.Draft) {
	if t.repeated(by, engine.KindTransferStarted, d) {
		return
	}
	if err := t.mayTransfer(by, d); err != nil {
		t.refuse(d, err)
		return
	}
	t.remark(by, d)
	p := d.Plan
	started := planned(engine.KindTransferStarted, by, d)
	started.Visibility = engine.VisibleToOperators
	pending := &engine.Transfer{Target: p.Target, By: by.Operator, Cold: p.Cold, Or: p.Or, Force: p.Force}
	if p.Or == engine.OrWait {
		pending.Until = t.now.Add(p.Wait).UTC()
		started.Deadline = pending.Until
	}
	pending.ID = t.write(started)
	t.row.Service.Transfer = pending
	t.row.Declines = slices.DeleteFunc(slices.Clone(t.row.Declines), func(d engine.Decline) bool {
		return d.Operator == p.Target.Operator // it is asked by name now
	})
	t.change()
	if p.Cold && p.Target.Operator == "" && p.Or == engine.OrQueue {
		t.toLine(accepted, engine.CauseTransfer)
	}
	t.done(d, pending.ID, t.now)
}

func (t *turn) mayTransfer(by engine.Author, d engine.Draft) *engine.Error {
	if err := t.mayHandOn(by, d); err != nil {
		return err
	}
	switch {
	case d.Plan.Force && !t.rights.Has(engine.RightSupervise):
		return engine.ErrForbidden
	case d.Plan.Or > engine.OrWait:
		return engine.ErrBadRequest.In("on_unavailable")
	case d.Plan.Or == engine.OrWait && (d.Plan.Wait <= 0 || d.Plan.Wait > maxTransferWait):
		return engine.ErrBadRequest.In("wait_s")
	}
	if d.Body.Len() > 0 {
		if err := t.fault(d); err != nil {
			return err
		}
	}
	return t.mayGoTo(d.Plan)
}

// mayHandOn says why somebody may not hand the session on now, wherever to, or nil.
func (t *turn) mayHandOn(by engine.Author, d engine.Draft) *engine.Error {
	if err := t.decides(by, d, true); err != nil {
		return err
	}
	switch {
	case t.row.State != engine.StateActive && t.row.State != engine.StateDetached:
		return t.unfit()
	case t.row.Service.Transfer != nil:
		return engine.ErrTransferPending.At(t.row.Service.Transfer.ID)
	}
	return nil
}

// mayGoTo says what is wrong with a transfer's target, or nil.
func (t *turn) mayGoTo(p *engine.Plan) *engine.Error {
	fields := 0
	for _, isSet := range []bool{p.Target.Operator != "", p.Target.Department != "", p.Target.Skill != ""} {
		if isSet {
			fields++
		}
	}
	switch {
	case fields != 1, len(p.Target.Skill) > engine.MaxTagBytes:
		return engine.ErrBadRequest.In("target")
	case p.Target.Operator != "" && p.Target.Operator == t.row.Owner:
		return engine.ErrAlreadyOwner
	case p.Target.Department == "":
		return nil
	}
	d, known := t.rules.Department(p.Target.Department)
	switch {
	case !known:
		return engine.ErrBadRequest.In("target")
	case p.Or == engine.OrFail && !p.Force && !t.isOpen(&d):
		return t.closedNow(&d)
	}
	return nil
}

// transferCancel takes the pending transfer back.
func (t *turn) transferCancel(by engine.Author, d engine.Draft) {
	if t.repeated(by, engine.KindTransferEnded, d) {
		return
	}
	pending := t.row.Service.Transfer
	err := t.decides(by, d, false)
	if pending != nil && by.Kind == engine.AuthorOperator && by.Operator == pending.By {
		err = t.current(d)
	}
	if err == nil && pending == nil {
		err = engine.ErrNotFound
	}
	if err != nil {
		t.refuse(d, err)
		return
	}
	t.done(d, t.endTransfer(cancelled, engine.CauseCancelled, by, d), t.now)
}

// transferFailed is the router's word that nobody of the target can take it.
func (t *turn) transferFailed(in TransferFailed) {
	pending := t.row.Service.Transfer
	if pending == nil || pending.ID != in.Transfer || in.Epoch != t.row.Epoch || len(t.row.Offers) > 0 {
		return
	}
	t.unavailable(in.Cause)
}

// unavailable does what was asked for if nobody of the target can take it.
func (t *turn) unavailable(cause engine.Cause) {
	switch t.row.Service.Transfer.Or {
	case engine.OrQueue:
		t.toLine(failed, cause)
	case engine.OrWait: // it stays pending, with its deadline
	default:
		t.endTransfer(failed, cause, engine.Author{}, engine.Draft{})
	}
}

// toLine makes the session wait where its transfer goes to: in the department,
// with the skill as a need of its own, or with the operator to be asked first. Who has
// waited before keeps its age and waits before newcomers.
func (t *turn) toLine(outcome string, cause engine.Cause) {
	target := t.row.Service.Transfer.Target
	t.endTransfer(outcome, cause, engine.Author{}, engine.Draft{})
	s := &t.row.Service
	has := func(n engine.Need) bool { return n.Skill == target.Skill }
	if target.Skill != "" && !slices.ContainsFunc(s.Needs, has) {
		s.Needs = append(slices.Clone(s.Needs), engine.Need{Skill: target.Skill, Level: 1})
	}
	if t.row.Owner != "" {
		t.decline(t.row.Owner) // else it might be asked for what it has just handed on
	}
	isFirst := t.isBot(t.row.Owner) && !t.isBot(target.Operator) && !s.Handed
	if isFirst { // a hand-off: it waits for a person for the first time
		t.row.FirstQueued, s.Handed = t.now, true
	}
	t.requeue(requeue{cause: engine.CauseTransfer, boost: !isFirst, department: target.Department, prefer: target.Operator})
}

// endTransfer ends the pending transfer, if there is one, and its offers.
func (t *turn) endTransfer(outcome string, cause engine.Cause, by engine.Author, d engine.Draft) engine.Seq {
	pending := t.row.Service.Transfer
	if pending == nil {
		return 0
	}
	t.endOffers(engine.CauseCancelled)
	t.row.Offers = nil
	t.row.Service.Transfer = nil
	t.change()
	return t.write(with(&engine.Entry{
		Author: by, Kind: engine.KindTransferEnded, Cause: cause, Visibility: engine.VisibleToOperators,
		ClientID: d.ClientID, Target: pending.ID,
	}, &engine.Facts{Outcome: outcome}))
}

// transferEnd sets the deadline of a transfer that waits; an offer that stands
// may come to its end first.
func (s *Session) transferEnd(c *clock) {
	if pending := s.row.Service.Transfer; pending != nil && len(s.row.Offers) == 0 {
		c.set(pending.Until, transferAlarm)
	}
}
