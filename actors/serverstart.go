package actors

import (
	"context"

	"github.com/parleyhq/parley/engine"
)

// Sessions answers a page of a tenant's sessions, newest first: those that are open
// and those that are kept. engine.ErrNotFound for no such tenant.
func (s *System) Sessions(ctx context.Context, tenant engine.TenantID, q engine.SessionQuery) (engine.SessionPage, error) {
	t := s.tenant(tenant)
	if t == nil {
		return engine.SessionPage{}, engine.ErrNotFound
	}
	q.Limit = min(max(q.Limit, 1), engine.MaxListed)
	return ask(ctx, func(reply func(engine.SessionPage, *engine.Error)) bool {
		t.list(q, reply)
		return true
	})
}

// Visitor says what a visitor is to a server of the tenant's that may know of the
// departments' sessions; nil: of all. engine.ErrNotFound: it has none of these, nor,
// for who may know of all, a connection or a ban.
func (s *System) Visitor(ctx context.Context, tenant engine.TenantID, visitor engine.VisitorID, departments []engine.DepartmentID) (engine.VisitorInfo, error) {
	t := s.tenant(tenant)
	if t == nil {
		return engine.VisitorInfo{}, engine.ErrNotFound
	}
	may := func(l *engine.ListedSession) bool { return (&engine.SessionQuery{Departments: departments}).Wants(l) }
	info, err := ask(ctx, func(reply func(engine.VisitorInfo, *engine.Error)) bool {
		info := engine.VisitorInfo{Visitor: visitor, Ban: t.bans.of(visitor, s.cfg.Clock())}
		t.lookUp(&info, may, func(refused *engine.Error) { reply(info, refused) })
		return true
	})
	if err != nil {
		return engine.VisitorInfo{}, err
	}
	here, verified := t.isHere(visitor)
	if len(info.Last) == 0 && (departments != nil || info.Sessions == 0 && !here && info.Ban.Until.IsZero()) {
		return engine.VisitorInfo{}, engine.ErrNotFound
	}
	info.Verified = verified
	if len(info.Last) == 0 {
		return info, nil
	}
	info.Verified, info.Session = verified || info.Last[0].Verified, info.Last[0].Session
	ref := engine.SessionRef{Tenant: tenant, Session: info.Session}
	held, err := s.PostAs(ctx, ref, engine.Author{Kind: engine.AuthorIntegration}, engine.Draft{Op: engine.OpIdentity})
	switch {
	case engine.ErrNotFound.Is(err), engine.ErrErased.Is(err): // it has gone since it was listed
	case err != nil:
		return engine.VisitorInfo{}, err
	}
	info.Identity = held.Held
	return info, nil
}

// isHere reports whether a visitor has a connection, and has proven on it who it is.
func (t *tenancy) isHere(visitor engine.VisitorID) (here, verified bool) {
	for _, s := range t.seatsOf(visitor) {
		here, verified = true, verified || s.verified
	}
	return here, verified
}

// StartFor carries out an OpStart on the word of one of the tenant's servers, in the
// visitor's name: entries say that (engine.CauseIntegration). It may state a
// priority and hard needs. The draft's ClientID is the visitor's: a repetition by
// either is one. engine.ErrNotFound: the tenant knows no such visitor;
// engine.ErrBanned and what else a start may be refused with.
func (s *System) StartFor(ctx context.Context, tenant engine.TenantID, visitor engine.VisitorID, d engine.Draft) (engine.Answer, error) {
	t := s.tenant(tenant) // also if it is let go meanwhile: it then refuses
	info, err := s.Visitor(ctx, tenant, visitor, nil)
	if err != nil {
		return engine.Answer{}, err
	}
	answers := make(answerOutlet, 1)
	seat := &seat{
		sys: s, tenant: t, author: engine.Author{Kind: engine.AuthorVisitor}, reader: engine.VisibleToAll,
		visitor: visitor, verified: info.Verified, server: true, outlet: answers,
	}
	d.Op, d.Request = engine.OpStart, "host"
	if err := seat.Post(d); err != nil {
		return engine.Answer{}, err
	}
	return answers.wait(ctx)
}

// wait is the one answer.
func (o answerOutlet) wait(ctx context.Context) (engine.Answer, error) {
	select {
	case a := <-o:
		if a.Err != nil {
			return a, a.Err
		}
		return a, nil
	case <-ctx.Done():
		return engine.Answer{}, context.Cause(ctx)
	}
}
