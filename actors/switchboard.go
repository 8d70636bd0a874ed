package actors

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/parleyhq/parley/engine"
)

var _ engine.Switchboard = (*System)(nil)

// Visit implements engine.Switchboard.
func (s *System) Visit(_ context.Context, v engine.Visit, outlet engine.Outlet) (engine.Seat, error) {
	t := s.tenants[v.Tenant.ID]
	switch {
	case t == nil:
		return nil, engine.ErrTenantUnknown
	case s.stopping.Load():
		return nil, engine.ErrBusy
	}
	pass, err := s.admit(t, v)
	if err != nil {
		return nil, err
	}
	seat := &seat{sys: s, tenant: t, author: engine.Author{Kind: engine.AuthorVisitor}, reader: engine.VisibleToAll, visitor: pass.visitor, outlet: outlet}
	open, refused := t.arrive(seat)
	if refused != nil {
		return nil, refused
	}
	welcome := &engine.Welcome{Visitor: pass.visitor, Token: pass.token, Expires: pass.expires}
	if open != nil {
		welcome.Session = open.ref.Session
	}
	outlet.Answer(engine.Answer{Request: v.Request, Welcome: welcome})
	if open != nil {
		open.tell(attach{seat: seat, have: haveOf(v.Have, open.ref.Session)})
	}
	return seat, nil
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
	t := s.tenants[at.Tenant.ID]
	switch {
	case t == nil:
		return nil, engine.ErrTenantUnknown
	case s.stopping.Load():
		return nil, engine.ErrBusy
	}
	if _, declared := t.tenant.Operator(at.Principal.Operator); !declared {
		return nil, engine.ErrAuthInvalid
	}
	desk := t.operator(at.Principal.Operator)
	if desk.connections.Add(1) > int64(t.tenant.Limits.OperatorDevices) {
		desk.connections.Add(-1)
		return nil, engine.ErrTooManyConnections
	}
	seat := &seat{
		sys: s, tenant: t, author: engine.Author{Kind: engine.AuthorOperator, Operator: at.Principal.Operator},
		reader: engine.VisibleToOperators, desk: desk, device: at.Device, outlet: outlet,
	}
	seat.stamp()
	desk.tell(attend{seat: seat, request: at.Request, intent: at.Intent, device: at.Device, have: at.Have})
	return seat, nil
}

// pass is a visitor's admission: who, and the token to show next time.
type pass struct {
	visitor engine.VisitorID
	token   string
	expires time.Time
}

// A visitor token's claims: version, visitor, expiry in Unix seconds, then the
// web origin it is bound to. Sealed by the store under the tenant's token key.
const (
	passVersion = 1
	passHeader  = 1 + 16 + 8
)

// admit judges a visitor's token, or makes a visitor. A token past half its life
// is renewed.
func (s *System) admit(t *tenancy, v engine.Visit) (pass, error) {
	now := s.cfg.Clock()
	if v.Token == "" {
		return s.issue(t, engine.VisitorID(s.cfg.NewID(now)), v.Origin, now)
	}
	claims, err := s.cfg.Store.OpenToken(t.tenant.ID, v.Token)
	if err != nil {
		return pass{}, err
	}
	if len(claims) < passHeader || claims[0] != passVersion || string(claims[passHeader:]) != v.Origin {
		return pass{}, engine.ErrAuthInvalid
	}
	p := pass{token: v.Token, expires: time.Unix(int64(binary.BigEndian.Uint64(claims[17:])), 0).UTC()}
	copy(p.visitor[:], claims[1:])
	switch left := p.expires.Sub(now); {
	case left <= 0:
		return pass{}, engine.ErrAuthExpired
	case left < t.tenant.Limits.TokenTTL/2:
		return s.issue(t, p.visitor, v.Origin, now)
	}
	return p, nil
}

func (s *System) issue(t *tenancy, visitor engine.VisitorID, origin string, now time.Time) (pass, error) {
	p := pass{visitor: visitor, expires: tokenLife(t.tenant, now)}
	claims := make([]byte, 0, passHeader+len(origin))
	claims = append(claims, passVersion)
	claims = append(claims, visitor[:]...)
	claims = binary.BigEndian.AppendUint64(claims, uint64(p.expires.Unix()))
	claims = append(claims, origin...)
	var err error
	p.token, err = s.cfg.Store.SealToken(t.tenant.ID, claims)
	return p, err
}
