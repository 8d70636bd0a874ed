package actors

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Renew implements engine.Seat. Any goroutine. It says who the participant is
// once more: it never makes it somebody else.
func (s *seat) Renew(r engine.Renewal) (engine.Renewed, error) {
	switch {
	case s.left.Load():
		return engine.Renewed{}, engine.ErrClosed
	case s.tenant.isEnding():
		return engine.Renewed{}, engine.ErrBusy
	case s.desk != nil:
		return s.renewOperator(r.Principal)
	default:
		return s.renewVisitor(r)
	}
}

// renewOperator takes over what the newer token allows.
func (s *seat) renewOperator(p engine.Principal) (engine.Renewed, error) {
	switch {
	case p.Operator != s.author.Operator:
		return engine.Renewed{}, errNotItself
	case s.desk.isRevoked(p, s.sys.cfg.Clock()):
		return engine.Renewed{}, errRevoked
	}
	before := s.principal.Swap(&p)
	if !slices.Equal(before.Departments, p.Departments) || !slices.Equal(before.Roles, p.Roles) {
		s.desk.tell(rescoped{s})
	}
	return engine.Renewed{Expires: p.Expires}, nil
}

// renewVisitor takes a newer proof of the same name, or the visitor's own token.
func (s *seat) renewVisitor(r engine.Renewal) (engine.Renewed, error) {
	now := s.sys.cfg.Clock()
	var p pass
	var err error
	if r.Subject != "" {
		p, err = s.sys.verify(s.tenant, r.Subject, r.Issued, r.Until, s.origin)
	} else {
		p, err = s.sys.openPass(s.tenant, r.Token, s.origin, now)
	}
	if err != nil {
		return engine.Renewed{}, err
	}
	if p.visitor != s.visitor {
		return engine.Renewed{}, errNotItself
	}
	if p, err = s.sys.renew(s.tenant, p, now); err != nil {
		return engine.Renewed{}, err
	}
	if r.Subject != "" {
		s.claims.Store(r.Claims)
		s.granted.Store(uint32(r.Rights & engine.RightPriority))
		for _, h := range s.tenant.sessionsOf(s.visitor) {
			h.tell(judge{s})
		}
	}
	return engine.Renewed{Expires: p.expires, Token: p.token}, nil
}

// revokedFor is how long a token may live that does not say when it was issued:
// as long as any may.
const revokedFor = 24 * time.Hour

// isRevoked reports that a token was issued before its operator was last signed
// out. Tokens say so to the second: those of that very second are refused.
func (h *operatorHandle) isRevoked(p engine.Principal, now time.Time) bool {
	at := h.revoked.Load()
	if at == 0 {
		return false
	}
	if p.Issued.IsZero() {
		return now.Before(time.Unix(0, at).Add(revokedFor))
	}
	return p.Issued.UnixNano() <= at
}
