package actors

import (
	"context"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Revoked reports whether an operator's token was issued before the operator was
// last signed out: what is refused at sockets is refused everywhere. Any goroutine.
func (s *System) Revoked(tenant engine.TenantID, p engine.Principal) bool {
	t := s.tenant(tenant)
	if t == nil {
		return true
	}
	t.mu.RLock()
	h := t.operators[p.Operator]
	t.mu.RUnlock()
	return h != nil && h.isRevoked(p, s.cfg.Clock())
}

// RevokeVisitor signs a visitor out: its connections end with
// engine.ReasonSignedOut, and what it was given or signed up to now is refused from
// now on, over restarts too: its own tokens, and the tenant's that say `iat`, to
// the second, or nothing about when they were made. It answers once that is
// durable. Said again, it counts from then on. engine.ErrNotFound if there is no
// such tenant.
func (s *System) RevokeVisitor(ctx context.Context, tenant engine.TenantID, id engine.VisitorID) error {
	t := s.tenant(tenant)
	switch {
	case t == nil:
		return engine.ErrNotFound
	case s.stopping.Load():
		return engine.ErrBusy
	}
	at := s.cfg.Clock().UTC()
	t.revokeVisitor(id, at)
	for _, seat := range t.seatsOf(id) {
		seat.revoked.Store(true)
		seat.outlet.Close(engine.ReasonSignedOut)
	}
	for _, h := range t.sessionsOf(id) {
		h.tell(judge{})
	}
	done := make(chan error, 1)
	s.cfg.Store.PutRevocation(tenant, id, at, func(err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// sessionsOf lists the sessions that a visitor may be seated in.
func (t *tenancy) sessionsOf(id engine.VisitorID) (all []*handle) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if v := t.visitors[id]; v != nil {
		for _, h := range [...]*handle{v.open, v.ended} {
			if h != nil {
				all = append(all, h)
			}
		}
	}
	return all
}

func (t *tenancy) revokeVisitor(id engine.VisitorID, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.revoked[id] = at
}

// hasRevoked reports that a visitor was signed out after what it shows was made.
func (t *tenancy) hasRevoked(id engine.VisitorID, issued time.Time) bool {
	t.mu.RLock()
	at, revoked := t.revoked[id]
	t.mu.RUnlock()
	return revoked && !issued.After(at)
}

// recoverRevocations takes up who was signed out, and lets those go whose tokens
// of before have all ended by themselves.
func (t *tenancy) recoverRevocations(now time.Time) error {
	longest := max(t.config().Limits.TokenTTL, revokedFor)
	var over []engine.VisitorID
	err := t.sys.cfg.Store.Revocations(t.id, func(id engine.VisitorID, at time.Time) bool {
		if now.Sub(at) > longest {
			over = append(over, id)
		} else {
			t.revoked[id] = at
		}
		return true
	})
	for _, id := range over {
		t.sys.cfg.Store.PutRevocation(t.id, id, time.Time{}, func(error) {}) // tried again at the next start
	}
	return err
}

var (
	errRevoked   = engine.ErrAuthInvalid.Denied(engine.DenialRevoked)
	errBound     = engine.ErrAuthInvalid.Denied(engine.DenialBound)
	errNotItself = engine.ErrForbidden.Denied(engine.DenialSomebodyElse)
)
