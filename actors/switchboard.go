package actors

import (
	"context"
	"slices"

	"github.com/parleyhq/parley/engine"
)

var _ engine.Switchboard = (*System)(nil)

// Visit implements engine.Switchboard.
func (s *System) Visit(ctx context.Context, v engine.Visit, outlet engine.Outlet) (engine.Seat, error) {
	t := s.tenant(v.Tenant.ID)
	switch {
	case t == nil:
		return nil, engine.ErrTenantUnknown
	case s.stopping.Load():
		return nil, engine.ErrBusy
	}
	pass, err := s.admit(ctx, t, v)
	if err != nil {
		return nil, err
	}
	seat := &seat{
		sys: s, tenant: t, author: engine.Author{Kind: engine.AuthorVisitor}, reader: engine.VisibleToAll,
		visitor: pass.visitor, origin: v.Origin, verified: pass.verified, outlet: outlet,
	}
	seat.claims.Store(v.Claims)
	seat.granted.Store(uint32(v.Rights & engine.RightPriority))
	open, refused := t.arrive(seat, v.Token == "" && v.Subject == "")
	if refused != nil {
		return nil, refused
	}
	if t.hasRevoked(pass.visitor, pass.issued) { // since it was admitted
		t.depart(seat)
		return nil, errRevoked
	}
	welcome := &engine.Welcome{Visitor: pass.visitor, Token: pass.token, Expires: pass.expires, Verified: pass.verified}
	welcome.Banned = t.bans.until(pass.visitor, s.cfg.Clock())
	if open != nil {
		welcome.Session = open.ref.Session
	}
	outlet.Answer(engine.Answer{Request: v.Request, Welcome: welcome})
	if open != nil {
		item := attach{seat: seat, have: heldBy(v, pass.visitor, open.ref.Session)}
		if !open.tell(item) {
			t.tellSession(open.ref.Session, item)
		}
	}
	return seat, nil
}

// heldBy is how much of a session the visitor holds: as it says, else as the
// resume token does, if that is of the same visitor.
func heldBy(v engine.Visit, visitor engine.VisitorID, id engine.SessionID) engine.Seq {
	have := v.Have
	if v.Resume != nil && v.Resume.Visitor == visitor {
		have = slices.Concat(have, v.Resume.Have)
	}
	return haveOf(have, id)
}

func haveOf(all []engine.Have, id engine.SessionID) engine.Seq {
	for _, h := range all {
		if h.Session == id {
			return h.Seq
		}
	}
	return 0
}

// Attend implements engine.Switchboard.
func (s *System) Attend(_ context.Context, at engine.Attendance, outlet engine.Outlet) (engine.Seat, error) {
	t := s.tenant(at.Tenant.ID)
	switch {
	case t == nil:
		return nil, engine.ErrTenantUnknown
	case s.stopping.Load():
		return nil, engine.ErrBusy
	}
	if _, declared := t.config().Operator(at.Principal.Operator); !declared {
		return nil, engine.ErrAuthInvalid.Denied(engine.DenialSubject)
	}
	desk := t.operator(at.Principal.Operator)
	if desk.isRevoked(at.Principal, s.cfg.Clock()) {
		return nil, errRevoked
	}
	if desk.connections.Add(1) > int64(t.config().Limits.OperatorDevices) {
		desk.connections.Add(-1)
		return nil, engine.ErrTooManyConnections
	}
	seat := &seat{
		sys: s, tenant: t, author: engine.Author{Kind: engine.AuthorOperator, Operator: at.Principal.Operator},
		reader: engine.VisibleToOperators, desk: desk, device: device{at.Device, at.Kind, at.Pushable}, outlet: outlet,
	}
	seat.principal.Store(&at.Principal)
	seat.stamp()
	desk.tell(attend{seat: seat, request: at.Request, intent: at.Intent, have: at.Have, watch: at.Watch})
	return seat, nil
}
