package actors

import (
	"context"

	"github.com/parleyhq/parley/engine"
)

// What operators and servers do about a visitor: look at what it is, and ban it.

// ban takes an operator's order. Who may, is judged by the visitor's sessions as
// they are kept: whoever supervises the department of one of them.
func (s *seat) ban(d engine.Draft) *engine.Error {
	switch {
	case s.desk == nil:
		return engine.ErrForbidden
	case d.ClientID == "":
		return engine.ErrBadRequest.In("idem")
	case d.Session.IsZero() && d.Visitor.IsZero():
		return engine.ErrBadRequest.In("visitor", "sid")
	case d.Ban == nil:
		return engine.ErrBadRequest.In("days")
	}
	s.stamp()
	q := engine.SessionQuery{Only: d.Session, Visitor: d.Visitor, Limit: engine.MaxListed}
	s.tenant.list(q, func(page engine.SessionPage, refused *engine.Error) {
		visitor, department, err := s.bans(page)
		switch {
		case refused != nil:
			err = refused
		case s.left.Load():
			return
		case err == nil:
			order := banOrder{BanOrder: *d.Ban, visitor: visitor, by: s.author, key: d.ClientID}
			order.Department, order.Scope = department, s.goodFor()
			s.tenant.ban(order, func(ban engine.Ban, refused *engine.Error) {
				answer := engine.Answer{Err: refused, At: ban.At}
				if refused == nil {
					answer.Visitor = &engine.VisitorInfo{Visitor: visitor, Ban: ban}
				}
				s.answer(d, answer)
			})
			return
		}
		s.answer(d, engine.Answer{Err: err})
	})
	return nil
}

// bans is whom a seat may ban, by its sessions, and the department of the one by which
// it may.
func (s *seat) bans(page engine.SessionPage) (engine.VisitorID, engine.DepartmentID, *engine.Error) {
	err := engine.ErrNotFound
	for i := range page.Sessions {
		one := &page.Sessions[i]
		if !s.mayList(one) {
			continue
		}
		if s.rights(one.Department).Has(engine.RightSupervise) {
			return one.Visitor, one.Department, nil
		}
		err = engine.ErrForbidden // it knows the visitor
	}
	return engine.VisitorID{}, "", err
}

// goodFor is what a supervisor's word about a visitor is good for; nil: the whole tenant.
func (s *seat) goodFor() []engine.DepartmentID {
	p := s.principal.Load()
	if o, known := s.tenant.config().Operator(p.Operator); known && len(o.Departments) == 0 && len(p.Departments) == 0 {
		return nil
	}
	return append([]engine.DepartmentID{}, s.supervised()...)
}

// askAboutVisitor finds the session that is to answer what a visitor is: the one
// that is named, or the visitor's newest that the asker may know of.
func (s *seat) askAboutVisitor(d engine.Draft) *engine.Error {
	switch {
	case s.desk == nil:
		return engine.ErrForbidden
	case !d.Session.IsZero():
		s.stamp()
		return s.postTo(d.Session, draftPosted{seat: s, draft: d})
	case d.Visitor.IsZero():
		return engine.ErrBadRequest.In("visitor", "sid")
	}
	s.stamp()
	s.tenant.list(engine.SessionQuery{Visitor: d.Visitor, Limit: engine.MaxListed}, func(page engine.SessionPage, err *engine.Error) {
		if err == nil {
			err = engine.ErrNotFound
			for i := range page.Sessions {
				if one := &page.Sessions[i]; s.mayList(one) {
					d.Session = one.Session
					err = s.postTo(d.Session, draftPosted{seat: s, draft: d})
					break
				}
			}
		}
		if err != nil {
			s.answer(d, engine.Answer{Err: err})
		}
	})
	return nil
}

// aboutVisitor answers what the session's visitor is, to whoever reads the session
// as an operator does, and to who supervises it. The rest is read meanwhile; the
// right is judged again when it is answered (release).
func (a *sessionActor) aboutVisitor(item draftPosted) {
	if !a.mayExplain(item.seat) {
		item.seat.answer(item.draft, engine.Answer{Err: engine.ErrNotFound})
		return
	}
	t, s, done := a.h.tenant, item.seat, a.readOn(item)
	info := &engine.VisitorInfo{
		Visitor: a.rules.Visitor(), Verified: a.rules.Verified(), Session: a.h.ref.Session, Identity: a.rules.Identity(),
		Ban: t.bans.of(a.rules.Visitor(), a.sys.cfg.Clock()),
	}
	t.lookUp(info, s.mayList, func(refused *engine.Error) {
		if refused != nil {
			done(engine.Answer{Err: refused})
			return
		}
		done(engine.Answer{Session: info.Session, Visitor: info})
	})
}

// lookUp completes what is known of a visitor by its sessions: how many, and the
// last ones that may be shown.
func (t *tenancy) lookUp(info *engine.VisitorInfo, may func(*engine.ListedSession) bool, done func(*engine.Error)) {
	t.count(info.Visitor, func(count int, first engine.SessionID, refused *engine.Error) {
		if refused != nil {
			done(refused)
			return
		}
		info.Sessions = count
		if !first.IsZero() {
			info.Since = engine.ID(first).Time()
		}
		t.list(engine.SessionQuery{Visitor: info.Visitor, Limit: engine.MaxListed}, func(page engine.SessionPage, refused *engine.Error) {
			for i := range page.Sessions {
				if one := &page.Sessions[i]; len(info.Last) < engine.MaxLast && may(one) {
					info.Last = append(info.Last, *one)
				}
			}
			done(refused)
		})
	})
}

// Ban bans a visitor on the word of one of the tenant's servers, or, for 0 days,
// lifts its ban. It answers once that is durable; the visitor's open session ends.
// key makes a repetition harmless, for engine.KeysFor; empty means none.
// Errors: engine.ErrNotFound for no such tenant, engine.ErrForbidden where the order's
// scope is not good for the ban that runs, engine.ErrBadRequest, engine.ErrIdemConflict.
func (s *System) Ban(ctx context.Context, tenant engine.TenantID, visitor engine.VisitorID, order engine.BanOrder, key string) (engine.Ban, error) {
	t := s.tenant(tenant)
	switch {
	case t == nil:
		return engine.Ban{}, engine.ErrNotFound
	case s.stopping.Load():
		return engine.Ban{}, engine.ErrBusy
	}
	o := banOrder{BanOrder: order, visitor: visitor, by: engine.Author{Kind: engine.AuthorIntegration}, key: key}
	return ask(ctx, func(reply func(engine.Ban, *engine.Error)) bool {
		t.ban(o, reply)
		return true
	})
}

// BanOf is a visitor's ban that runs now; without Until: none does.
// engine.ErrNotFound for no such tenant.
func (s *System) BanOf(tenant engine.TenantID, visitor engine.VisitorID) (engine.Ban, error) {
	t := s.tenant(tenant)
	if t == nil {
		return engine.Ban{}, engine.ErrNotFound
	}
	return t.bans.of(visitor, s.cfg.Clock()), nil
}
