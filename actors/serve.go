package actors

import (
	"slices"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// rights is what the seat's principal may do in a department beyond its own
// sessions, judged at each use: a token that was renewed with less has less at once.
func (s *seat) rights(department engine.DepartmentID) engine.Rights {
	switch {
	case s.server: // it is the tenant's own word
		return engine.RightPriority
	case s.author.Kind == engine.AuthorVisitor:
		return engine.Rights(s.granted.Load())
	}
	p := s.principal.Load()
	if p == nil || !p.Serves(department) {
		return 0
	}
	declared, known := s.tenant.config().Operator(p.Operator)
	if !known {
		return 0
	}
	return rightsOf(p, &declared, department)
}

// allRights are the rights in each department where there are any.
func (s *seat) allRights() map[engine.DepartmentID]engine.Rights {
	all := map[engine.DepartmentID]engine.Rights{}
	departments := s.tenant.config().Departments // once: the next may have fewer
	for i := range departments {
		id := departments[i].ID
		if r := s.rights(id); r != 0 {
			all[id] = r
		}
	}
	return all
}

// rightsOf is what a token and the configuration allow together.
func rightsOf(p *engine.Principal, declared *engine.Operator, department engine.DepartmentID) engine.Rights {
	if !p.Serves(department) || !serves(declared, department) {
		return 0
	}
	var r engine.Rights
	if p.Has(engine.RoleSupervisor) {
		r |= engine.RightSupervise | engine.RightPick | engine.RightHide
	}
	if declared.MayPick {
		r |= engine.RightPick
	}
	return r
}

// deskOf is whose intent or absence a draft is about: the operator's own, or, of an
// intent, that of somebody whom it supervises.
func (s *seat) deskOf(d engine.Draft) (*operatorHandle, *engine.Error) {
	switch {
	case s.desk == nil:
		return nil, engine.ErrForbidden
	case d.Op != engine.OpIntent || d.For == "" || d.For == s.desk.id:
		return s.desk, nil
	case !s.principal.Load().Has(engine.RoleSupervisor):
		return nil, engine.ErrForbidden
	}
	other, known := s.tenant.config().Operator(d.For)
	if !known {
		return nil, engine.ErrNotFound
	}
	for _, department := range s.tenant.config().Departments {
		serves := len(other.Departments) == 0 || slices.Contains(other.Departments, department.ID)
		if serves && s.rights(department.ID).Has(engine.RightSupervise) {
			return s.tenant.operator(d.For), nil
		}
	}
	return nil, engine.ErrForbidden
}

// catchUpMembers tells those who take part, or no longer do, what an earlier life
// may have failed to tell.
func (a *sessionActor) catchUpMembers(row *engine.Row) {
	told := slices.Clone(a.h.told.members)
	takes := func(o engine.OperatorID) bool {
		return row.State.IsOpen() && slices.ContainsFunc(row.Service.Members, func(m engine.Member) bool { return m.Operator == o })
	}
	for _, o := range told {
		if !takes(o) {
			a.effect(session.Notify{Operator: o, Note: session.Left, Offer: engine.Offer{Session: row.Ref.Session}}, nil)
		}
	}
	for _, m := range row.Service.Members {
		if takes(m.Operator) && !slices.Contains(told, m.Operator) {
			a.effect(session.Notify{Operator: m.Operator, Note: session.Joined, Offer: engine.Offer{Session: row.Ref.Session}}, nil)
		}
	}
}

// continueIn hands a draft to the visitor's next session, with what that one takes
// over from this.
func (a *sessionActor) continueIn(from session.Inherit, asker *draftPosted) {
	if asker == nil || asker.seat == nil {
		return
	}
	a.depose()
	item := *asker
	item.inherit = &from
	if err := a.h.tenant.begin(item); err != nil {
		item.seat.answer(item.draft, engine.Answer{Err: err})
	}
}
