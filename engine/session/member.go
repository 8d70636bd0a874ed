package session

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// join lets an operator take part without owning the session.
func (t *turn) join(by engine.Author, d engine.Draft) {
	if t.repeated(by, engine.KindParticipantJoined, d) {
		return
	}
	if err := t.mayJoin(by, d); err != nil {
		t.refuse(d, err)
		return
	}
	m := engine.Member{Operator: by.Operator, As: d.Plan.As, Hidden: d.Plan.Hidden}
	if slices.Contains(t.row.Service.Members, m) { // it does already
		t.reply(d, t.last, engine.Answer{})
		return
	}
	if !slices.ContainsFunc(t.row.Service.Members, isOf(m.Operator)) && len(t.row.Service.Members) >= engine.MaxMembers {
		t.refuse(d, engine.ErrCapacityExceeded)
		return
	}
	t.done(d, t.admit(m, planned(engine.KindParticipantJoined, by, d)), t.now)
}

func (t *turn) mayJoin(by engine.Author, d engine.Draft) *engine.Error {
	supervises := t.rights.Has(engine.RightSupervise)
	switch {
	case by.Kind != engine.AuthorOperator:
		return engine.ErrForbidden
	case t.row.State == engine.StateNew, !supervises && !t.serves(by.Operator) && !t.MayRead(by):
		return engine.ErrNotFound
	case t.owns(by) && t.closed == 0:
		return engine.ErrAlreadyOwner
	case t.row.State != engine.StateActive && t.row.State != engine.StateDetached:
		return t.unfit()
	case d.Plan.As > engine.PartFollower:
		return engine.ErrBadRequest.In("as")
	case d.Plan.Hidden && d.Plan.As != engine.PartObserver:
		return engine.ErrBadRequest.In("hidden")
	case d.Plan.As == engine.PartObserver && !supervises, d.Plan.Hidden && !t.rights.Has(engine.RightHide):
		return engine.ErrForbidden
	}
	return nil
}

// serves reports whether the configuration has the operator in the session's
// department.
func (t *turn) serves(id engine.OperatorID) bool {
	if t.rules.Operator == nil {
		return false
	}
	o, known := t.rules.Operator(id)
	return known && (len(o.Departments) == 0 || slices.Contains(o.Departments, t.row.Department))
}

// admit makes somebody a member, and logs it, unless it is hidden: then it is told
// to nobody, and ends with a restart (who watched is in the audit log).
func (t *turn) admit(m engine.Member, e *engine.Entry) (seq engine.Seq) {
	if before, known := t.member(m.Operator); known && !before.Hidden && m.Hidden { // the others see it go
		t.logLeft(before, e.Author, "")
	}
	t.row.Service.Members = append(without(t.row.Service.Members, m.Operator), m)
	t.change()
	if !m.Hidden {
		e.Operator = m.Operator
		if m.As != engine.PartMember {
			e.Visibility = engine.VisibleToOperators
		}
		if e.Body.Len() == 0 {
			e.Body, e.Format = asked(e.Kind, &engine.Plan{As: m.As})
		}
		seq = t.write(e)
	}
	t.notify(m.Operator, Joined, e.Cause)
	return seq
}

// leave ends an operator's taking part. The owner hands the session on instead.
func (t *turn) leave(by engine.Author, d engine.Draft) {
	if t.repeated(by, engine.KindParticipantLeft, d) {
		return
	}
	at := slices.IndexFunc(t.row.Service.Members, isOf(by.Operator))
	switch {
	case by.Kind != engine.AuthorOperator:
		t.refuse(d, engine.ErrForbidden)
		return
	case t.owns(by) && t.closed == 0:
		t.refuse(d, engine.ErrAlreadyOwner)
		return
	case at < 0:
		t.refuse(d, engine.ErrNotFound)
		return
	}
	t.done(d, t.left(t.row.Service.Members[at], by, d), t.now)
}

// left ends a member's part, and logs it, unless it was hidden.
func (t *turn) left(m engine.Member, by engine.Author, d engine.Draft) (seq engine.Seq) {
	t.row.Service.Members = without(t.row.Service.Members, m.Operator)
	t.change()
	if !m.Hidden {
		seq = t.logLeft(m, by, d.ClientID)
	}
	t.notify(m.Operator, Left, engine.CauseManual)
	return seq
}

func (t *turn) logLeft(m engine.Member, by engine.Author, key string) engine.Seq {
	e := &engine.Entry{Author: by, Kind: engine.KindParticipantLeft, ClientID: key, Operator: m.Operator}
	if m.As != engine.PartMember {
		e.Visibility = engine.VisibleToOperators
	}
	return t.write(e)
}

func without(members []engine.Member, id engine.OperatorID) []engine.Member {
	rest := slices.DeleteFunc(slices.Clone(members), isOf(id))
	if len(rest) == 0 {
		return nil
	}
	return rest
}

func (s *Session) member(id engine.OperatorID) (engine.Member, bool) {
	at := slices.IndexFunc(s.row.Service.Members, isOf(id))
	if at < 0 || id == "" {
		return engine.Member{}, false
	}
	return s.row.Service.Members[at], true
}

// MayRead reports whether a participant may see the session at all: judged at
// each delivery (I10). Whoever takes part as anything reads everything.
func (s *Session) MayRead(by engine.Author) bool {
	switch by.Kind {
	case engine.AuthorVisitor, engine.AuthorIntegration:
		return true
	case engine.AuthorOperator:
		_, isMember := s.member(by.Operator)
		return isMember || s.owns(by)
	default:
		return false
	}
}

// MayWrite reports whether a participant may write messages of that visibility:
// whisperers write notes only, observers and followers nothing. While a bot owns
// the session, only bots answer the visitor, and while a person does, only people
// do: they never talk over each other (I1).
func (s *Session) MayWrite(by engine.Author, v engine.Visibility) bool {
	switch by.Kind {
	case engine.AuthorVisitor:
		return v == engine.VisibleToAll
	case engine.AuthorIntegration:
		return true
	case engine.AuthorOperator:
		if s.owns(by) {
			return true
		}
		m, isMember := s.member(by.Operator)
		if !isMember || m.As == engine.PartObserver || m.As == engine.PartFollower {
			return false
		}
		return v == engine.VisibleToOperators || m.As == engine.PartMember && s.isBot(by.Operator) == s.isBot(s.row.Owner)
	default:
		return false
	}
}

func isOf(id engine.OperatorID) func(engine.Member) bool {
	return func(m engine.Member) bool { return m.Operator == id }
}
