package session

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// assignment is how somebody comes to own the session.
type assignment struct {
	to       engine.OperatorID
	by       engine.Author
	draft    engine.Draft
	offer    engine.Seq // that was accepted; 0: none
	cause    engine.Cause
	decision *engine.Decision

	direct     bool // without having been asked: the first reply has a deadline
	isTransfer bool // it ends the pending transfer as accepted
	stays      bool // the owner before stays as a member
}

// assign makes an operator the owner. Whoever owned it does so no longer (I1).
func (t *turn) assign(a assignment) engine.Seq {
	if a.offer != 0 {
		t.row.Offers = slices.DeleteFunc(slices.Clone(t.row.Offers), func(o engine.LiveOffer) bool { return o.ID == a.offer })
	}
	t.endOffers(engine.CauseTaken)
	t.row.Offers = nil
	if pending := t.row.Service.Transfer; pending != nil {
		outcome, cause := cancelled, engine.CauseSupervisor
		if a.isTransfer {
			outcome, cause = accepted, engine.CauseTransfer
			if pending.Target.Department != "" {
				t.row.Department = pending.Target.Department
			}
		}
		t.endTransfer(outcome, cause, engine.Author{}, engine.Draft{})
	}
	before := t.row.Owner
	t.row.Epoch++
	t.row.Owner = a.to
	t.row.Weight = t.servedWeight()
	s := &t.row.Service
	t.listen(t.now)
	s.Assigned, s.Direct = t.now, a.direct
	s.Handed = s.Handed || !t.isBot(a.to)
	s.Preferred, s.Returning, s.Draining, s.Aside = "", false, false, engine.CauseNone
	s.Members = without(s.Members, a.to)
	t.ended()
	t.move(engine.StateActive)
	seq := t.write(with(&engine.Entry{
		Author: a.by, Kind: engine.KindSessionAssigned, Cause: a.cause, ClientID: a.draft.ClientID, Operator: a.to, Offer: a.offer,
	}, &engine.Facts{Decision: a.decision}))
	if before != "" {
		t.notify(before, Lost, a.cause)
		if a.stays && t.isBot(before) == t.isBot(a.to) {
			t.admit(engine.Member{Operator: before}, &engine.Entry{Kind: engine.KindParticipantJoined, Cause: a.cause})
		}
	}
	t.do(Notify{
		After: seq, Operator: a.to, Note: Gained,
		Offer: engine.Offer{Session: t.row.Ref.Session, ID: a.offer, Epoch: t.row.Epoch, Department: t.row.Department},
	})
	return seq
}

// ended forgets the deadlines of the states that a session has left.
func (t *turn) ended() {
	t.row.Service.GraceBy, t.row.Service.ReviewBy = time.Time{}, time.Time{}
}

// requeue is how a session with an owner comes to wait again.
type requeue struct {
	cause      engine.Cause
	by         engine.Author
	draft      engine.Draft
	boost      bool                // to the head of the line
	prefer     engine.OperatorID   // who is asked first
	department engine.DepartmentID // where it waits; empty: where it is
}

// requeue takes the session from its owner: it waits again. Its age counts (it was
// queued first when it was), and with boost nobody who came later is before it.
func (t *turn) requeue(q requeue) engine.Seq {
	before := t.row.Owner
	t.endTransfer(cancelled, q.cause, engine.Author{}, engine.Draft{})
	if q.department != "" {
		t.row.Department = q.department
	}
	t.row.Owner = ""
	if q.boost {
		t.row.Boost = engine.RequeueBoost
	}
	t.row.Service.Preferred, t.row.Service.Returning = q.prefer, q.prefer != ""
	t.wait()
	seq := t.write(&engine.Entry{
		Author: q.by, Kind: engine.KindSessionRequeued, Cause: q.cause, ClientID: q.draft.ClientID, Department: t.row.Department, Operator: before,
	})
	if before != "" {
		t.notify(before, Lost, q.cause)
	}
	return seq
}

// wait puts the session into its department's line.
func (t *turn) wait() {
	t.row.Epoch++
	t.row.Weight = t.servedWeight()
	t.row.Turn = engine.TurnOperator
	s := &t.row.Service
	s.Queued, s.Step, s.Aside = t.now, 0, engine.CauseNone
	s.Assigned, s.Direct, s.Draining = time.Time{}, false, false
	t.listen(t.now)
	t.ended()
	t.move(engine.StateQueued)
}

// ownerGone notes what happened to an operator, if it owns this session or was asked.
func (t *turn) ownerGone(in OwnerGone) {
	if in.Epoch != t.row.Epoch { // of when it had the session before (I13)
		return
	}
	t.revokeOf(in.Operator, in.Cause)
	if in.Operator == "" || in.Operator != t.row.Owner {
		return
	}
	switch t.row.State {
	case engine.StateActive, engine.StateDetached:
	default:
		return
	}
	switch {
	case in.Cause == engine.CauseOperatorSignedOut && in.Drain:
		t.row.Service.Draining = true
		t.change()
	case in.Cause != engine.CauseOperatorLost:
		t.ownerLost(in.Cause)
	case t.row.State == engine.StateActive:
		since := t.now
		if !in.Since.IsZero() && in.Since.Before(since) {
			since = in.Since.UTC().Truncate(time.Millisecond)
		}
		t.row.Service.GraceBy = since.Add(t.department().OperatorGrace)
		t.move(engine.StateDetached)
		t.write(&engine.Entry{Kind: engine.KindSessionDetached, Cause: in.Cause, Operator: in.Operator, Deadline: t.row.Service.GraceBy})
	}
}

// ownerBack ends the waiting for the owner, unless it has lasted too long.
func (t *turn) ownerBack(in OwnerBack) {
	operator := in.Operator
	if in.Epoch != t.row.Epoch {
		return
	}
	if t.tick(); in.Epoch != t.row.Epoch {
		return
	}
	if t.row.Owner == operator && t.row.Service.Draining { // it is told again where the owner still drains
		t.row.Service.Draining = false
		t.change()
	}
	if t.row.State != engine.StateDetached || t.row.Owner != operator {
		return
	}
	t.row.Service.GraceBy = time.Time{}
	t.move(engine.StateActive)
	t.write(&engine.Entry{Kind: engine.KindSessionRestored, Operator: operator})
}

// ownerLost gives the session back to the line, at its head; the owner is the first
// to be asked if it returns while the session still waits.
func (t *turn) ownerLost(cause engine.Cause) {
	back := t.row.Owner
	if cause == engine.CauseOperatorRemoved {
		back = ""
	}
	t.requeue(requeue{cause: cause, boost: true, prefer: back})
}

// release gives the session back, on its owner's word.
func (t *turn) release(by engine.Author, d engine.Draft) {
	switch {
	case by.Kind != engine.AuthorOperator:
		t.refuse(d, engine.ErrForbidden)
		return
	case t.owns(by) && t.isBot(by.Operator):
		t.handoff(by, d)
		return
	}
	if t.repeated(by, engine.KindSessionRequeued, d) {
		return
	}
	if err := t.mayGiveBack(by, d); err != nil {
		t.refuse(d, err)
		return
	}
	t.remark(by, d)
	t.decline(by.Operator) // else it might be asked for what it has just given back
	seq := t.requeue(requeue{cause: engine.CauseReleased, by: by, draft: d, boost: true, department: d.Plan.Target.Department})
	t.done(d, seq, t.now)
}

// handoff asks for a person instead of the bot that owns the session.
func (t *turn) handoff(by engine.Author, d engine.Draft) {
	if t.repeated(by, engine.KindSessionRequeued, d) {
		return
	}
	isVisitor := by.Kind == engine.AuthorVisitor
	if isVisitor { // it chooses no department and writes no notes
		d.Plan, d.Body = &engine.Plan{}, engine.Body{}
	}
	err := t.mayGiveBack(by, d)
	if err == nil && !t.isBot(t.row.Owner) {
		err = engine.ErrForbidden
	}
	if err == nil && d.Plan.Needs != nil {
		err = faultyNeeds(d.Plan.Needs)
	}
	if err != nil {
		t.refuse(d, err)
		return
	}
	t.remark(by, d)
	s := &t.row.Service
	if !s.Handed { // it waits for a person for the first time
		t.row.FirstQueued, s.Handed = t.now, true
	}
	if d.Plan.Needs != nil {
		s.Needs = slices.Clone(d.Plan.Needs)
	}
	seq := t.requeue(requeue{cause: engine.CauseHandoff, by: by, draft: d, department: d.Plan.Target.Department})
	t.done(d, seq, t.now)
}

// mayGiveBack says why a session cannot be given back to the line, or nil.
func (t *turn) mayGiveBack(by engine.Author, d engine.Draft) *engine.Error {
	switch {
	case by.Kind == engine.AuthorIntegration:
		return engine.ErrForbidden
	case !t.MayRead(by), t.row.State == engine.StateNew:
		return engine.ErrNotFound
	case t.closed != 0:
		return engine.ErrClosed.At(t.closed)
	case by.Kind != engine.AuthorVisitor && !t.owns(by):
		return engine.ErrNotOwner
	case t.row.State != engine.StateActive && t.row.State != engine.StateDetached:
		return t.unfit()
	case d.Plan.Target.Operator != "" || d.Plan.Target.Skill != "":
		return engine.ErrBadRequest.In("target")
	}
	if d.Plan.Target.Department != "" {
		if _, known := t.rules.Department(d.Plan.Target.Department); !known {
			return engine.ErrBadRequest.In("department")
		}
	}
	if d.Body.Len() > 0 {
		if err := t.fault(d); err != nil {
			return err
		}
	}
	return t.current(d)
}

// remark writes the note that comes with an operation.
func (t *turn) remark(by engine.Author, d engine.Draft) {
	if d.Body.Len() > 0 {
		t.write(&engine.Entry{Author: by, Kind: engine.KindMessageNew, Visibility: engine.VisibleToOperators, Format: d.Format, Body: d.Body})
	}
}

func (s *Session) isBot(id engine.OperatorID) bool {
	if s.rules.Operator == nil || id == "" {
		return false
	}
	o, known := s.rules.Operator(id)
	return known && o.Bot
}
