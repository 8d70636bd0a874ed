package actors

import (
	"math"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// What leaves a session for a reader is judged when it leaves (I10): entries by
// hand, signals by notify, situations by situate, pages of the log and what is held
// about the visitor by release and reply, a file's bytes by fetch. Rights come of
// three sides, and all must agree: the session's rules (who owns it, who takes
// part), the configuration (who is declared), and what the connection showed (its
// token's departments and roles, until it is signed out).

// To a session, control lane: at most one of each per change of somebody's rights,
// and one readAnswer per draft.
type (
	// judge says that somebody's rights may have changed. With a seat, that one may
	// have gained some: it is seated if it may be.
	judge struct{ seat *seat }
	// readAnswer is an answer whose content was read from the log meanwhile.
	readAnswer struct {
		life   uint64
		asked  draftPosted
		answer engine.Answer
	}
)

// mayRead reports whether a seat may see this session now.
func (a *sessionActor) mayRead(s *seat) bool {
	switch {
	case !a.knows(s), !a.rules.MayRead(s.author), s.isSignedOut():
		return false
	case s.desk == nil:
		return true
	case !s.isGoodFor(a.rules.Department()):
		return false
	case a.rules.Owns(s.author):
		return true
	}
	part, _ := a.rules.PartOf(s.author.Operator)
	want := needed(part)
	return want == 0 || s.rights(a.rules.Department()).Has(want)
}

// needed is what somebody must be allowed to go on taking part as it does: who
// watches as a supervisor does so only while it is one.
func needed(part engine.Member) (r engine.Rights) {
	if part.As == engine.PartObserver {
		r |= engine.RightSupervise
	}
	if part.Hidden {
		r |= engine.RightHide
	}
	return r
}

// mayAsk says why a seat may not ask for something in this session, or nil. The
// rules judge the rest. An offer may be declined by any connection of its operator:
// it is the operator's.
func (a *sessionActor) mayAsk(s *seat, op engine.Op) *engine.Error {
	switch {
	case !a.knows(s):
		return engine.ErrNotFound
	case s.desk == nil, op == engine.OpReject, s.isGoodFor(a.rules.Department()):
		return nil
	case op == engine.OpAccept && a.goesTo(s):
		return nil
	case op == engine.OpAccept: // the offer was shown to it
		return engine.ErrForbidden
	}
	return engine.ErrNotFound
}

// goesTo reports whether the session is being handed on to a department that the
// connection is good for: accepting it makes it one of those.
func (a *sessionActor) goesTo(s *seat) bool {
	pending := a.rules.Row().Service.Transfer
	return pending != nil && pending.Target.Department != "" && s.isGoodFor(pending.Target.Department)
}

// isSignedOut reports that what the connection showed counts no more.
func (s *seat) isSignedOut() bool {
	if s.desk == nil {
		return s.revoked.Load()
	}
	return s.desk.revoked.Load() != 0 && s.desk.isRevoked(*s.principal.Load(), s.sys.cfg.Clock())
}

// isGoodFor reports whether an operator's connection is good for a department's
// sessions: the operator is declared, and the token names the department, or one
// whose operators may take its sessions too.
func (s *seat) isGoodFor(id engine.DepartmentID) bool {
	t, p := s.tenant.config(), s.principal.Load()
	if at := s.good.Load(); at != nil && at.tenant == t && at.principal == p && at.department == id {
		return at.is
	}
	_, is := t.Operator(p.Operator)
	is = is && t.MaySee(p.Departments, id)
	s.good.Store(&good{tenant: t, principal: p, department: id, is: is})
	return is
}

// good is what isGoodFor found last: it is asked at each delivery.
type good struct {
	tenant     *engine.Tenant
	principal  *engine.Principal
	department engine.DepartmentID
	is         bool
}

// lose ends a place whose right is gone: nothing more of this session goes there.
// An operator hears of it from its own watch; a visitor whose session it is no
// longer comes again without it. Should the log not take what the right went by,
// the next life seats it again.
func (a *sessionActor) lose(p *place) {
	p.gone, p.backlog = true, nil
	a.pruning = true
	if !a.knows(p.seat) {
		p.seat.outlet.Close(engine.ReasonFailed)
		return
	}
	a.lost = append(a.lost, p)
}

// settle ends a turn: who has lost its place is absent, and who lost it by what is
// durable has lost it for good.
func (a *sessionActor) settle(now time.Time) {
	if a.rules == nil {
		return
	}
	if a.pruning {
		a.prune(now)
	}
	if a.rules.InFlight() == 0 && len(a.entries) == 0 {
		a.lost = nil
	}
}

// rejudge drops who has lost its right, and seats who may have gained one. What
// such a connection holds is from another time: it gets the last entries anew.
func (a *sessionActor) rejudge(item judge, now time.Time) {
	a.prune(now)
	if item.seat != nil && a.mayRead(item.seat) {
		a.attach(attach{seat: item.seat, have: math.MaxUint64}, now)
		a.introduce(item.seat, now) // its newer token may say more about it
	}
}

// readOn notes that an answer waits for the log; release ends that.
func (a *sessionActor) readOn(asked draftPosted) func(engine.Answer) {
	life, h := a.life, a.h
	a.reading++
	return func(answer engine.Answer) {
		if !h.tell(readAnswer{life: life, asked: asked, answer: answer}) {
			asked.seat.answer(asked.draft, engine.Answer{Err: engine.ErrBusy})
		}
	}
}

// release lets an answer go that was read from the log, if its asker may still
// have it.
func (a *sessionActor) release(item readAnswer) {
	if item.life == a.life {
		a.reading--
	}
	answer, asked := item.answer, item.asked
	switch {
	case answer.Entries == nil && answer.Decisions == nil && answer.Visitor == nil && answer.Targets == nil:
	case a.rules == nil:
		answer = engine.Answer{Err: engine.ErrBusy}
	case asked.seat.desk != nil && a.rules.InFlight() > 0 && item.life != 0: // its right may rest on what is not yet durable
		a.held.add(a.rules.Last(), session.Reply{After: a.rules.Last(), Answer: answer}, &asked)
		return
	case answer.Targets != nil:
		answer = a.listed(asked, answer)
	case answer.Decisions != nil:
		if answer.Decisions = a.explained(asked.seat, answer.Decisions); answer.Decisions == nil {
			answer = engine.Answer{Err: engine.ErrNotFound}
		}
	case answer.Visitor != nil && a.mayExplain(asked.seat):
	case answer.Visitor != nil || !a.mayRead(asked.seat):
		answer = engine.Answer{Err: engine.ErrNotFound}
	default:
		answer = a.checked(asked.seat, answer)
	}
	asked.seat.answer(asked.draft, answer)
}

// withheld is an answer without what its asker may no longer see.
func (a *sessionActor) withheld(s *seat, answer engine.Answer) engine.Answer {
	if answer.Held == nil {
		return answer
	}
	if a.mayRead(s) {
		return a.checked(s, answer)
	}
	answer.Held = nil
	if answer.Op == engine.OpIdentity { // it asked for nothing else
		answer.Err = engine.ErrNotFound
	}
	return answer
}

// mayFetch reports whether a link's bearer may still have bytes of this session,
// as far as a link says who that is.
func (a *sessionActor) mayFetch(c fileClaims) bool {
	switch c.author.Kind {
	case engine.AuthorVisitor:
		return c.visitor == a.rules.Visitor()
	case engine.AuthorOperator:
		_, declared := a.h.tenant.config().Operator(c.author.Operator)
		return declared
	default:
		return true
	}
}
