package actors

import (
	"context"
	"fmt"

	"github.com/parleyhq/parley/engine"
)

// tenant is the tenancy of that name, or nil. Any goroutine: look-ups take no lock.
func (s *System) tenant(id engine.TenantID) *tenancy { return s.tenancies()[id] }

// tenancies are the tenants of this moment: a map that never changes. Another takes
// its place when configurations are read again.
func (s *System) tenancies() map[engine.TenantID]*tenancy { return *s.tenants.Load() }

// Apply gives a running system its tenants as they are configured now: all of them
// together, or, if one cannot be taken over while it runs, none. Revisions are as
// Reconfigure wants them.
//
// A tenant that is new is served once Apply has returned, with the sessions that the
// log holds of it. One that has changed is reconfigured. One that is no longer there
// is let go as by a stop: its connections end with engine.ReasonSuspended, its
// sessions are kept as they are, without deadlines, and go on when it is back. Apply
// waits for that, until ctx ends: what has not ended by then is seen to at the next
// call, and the tenant cannot come back before it has. An error says that nothing has
// changed. One call at a time has effect; others wait.
func (s *System) Apply(ctx context.Context, tenants *engine.Tenants) error {
	s.applying.Lock()
	defer s.applying.Unlock()
	if s.stopping.Load() {
		return engine.ErrBusy
	}
	s.letGoOn(ctx)
	next, err := s.checkAll(tenants)
	if err != nil {
		return err
	}
	before, begun := s.tenancies(), map[engine.TenantID]*tenancy{}
	for id, t := range next {
		if before[id] == nil {
			begun[id] = t
		}
	}
	if err := s.takeUp(begun); err != nil { // before anybody finds them
		s.letGo(ctx, begun, before)
		return fmt.Errorf("actors: take up open sessions: %w", err)
	}
	s.tenants.Store(&next)
	for _, configured := range tenants.All() {
		if t := next[configured.ID]; t.config() != configured {
			t.reconfigure(configured)
		}
	}
	s.letGo(ctx, before, next)
	return nil
}

// checkAll is what the tenants are to be, or why they cannot. Nothing has been done
// then for those that are new.
func (s *System) checkAll(tenants *engine.Tenants) (map[engine.TenantID]*tenancy, error) {
	next := map[engine.TenantID]*tenancy{}
	for _, configured := range tenants.All() {
		switch t := s.tenant(configured.ID); {
		case t != nil && t.config() == configured:
			next[t.id] = t
		case t != nil:
			if err := t.mayBecome(configured); err != nil {
				return nil, err
			}
			next[t.id] = t
		case s.leaving[configured.ID] != nil:
			return nil, fmt.Errorf("actors: tenant %s has not ended yet: %w", configured.ID, engine.ErrBusy)
		default:
			next[configured.ID] = newTenancy(s, configured)
		}
	}
	return next, nil
}

// letGo ends the tenancies that are served no longer.
func (s *System) letGo(ctx context.Context, before, next map[engine.TenantID]*tenancy) {
	for id, t := range before {
		if next[id] != nil {
			continue
		}
		s.leaving[id] = t
	}
	s.letGoOn(ctx)
}

// letGoOn ends what is left of tenants that were let go.
func (s *System) letGoOn(ctx context.Context) {
	for id, t := range s.leaving {
		if err := t.letGo(ctx); err != nil {
			s.cfg.Logger.Warn("a tenant that was let go has not ended yet", "tenant", string(id), "error", err.Error())
			continue
		}
		delete(s.leaving, id)
	}
}

// isEnding reports that the system stops, or that the tenant is served no longer:
// what is taken is finished, and nothing more is.
func (t *tenancy) isEnding() bool { return t.sys.stopping.Load() || t.suspended.Load() }

// isDraining reports that whose connections go has been sent away.
func (t *tenancy) isDraining() bool { return t.sys.draining.Load() || t.suspended.Load() }

// letGo ends all that runs of the tenant, and waits for it.
func (t *tenancy) letGo(ctx context.Context) error {
	t.mu.Lock()
	t.suspended.Store(true) // nobody arrives from here on
	t.mu.Unlock()
	for _, o := range t.allOperators() { // before their connections go: they have not left their visitors
		if o.isAwake() || o.connections.Load() > 0 {
			o.tell(drain{})
			o.tell(evict{engine.ReasonSuspended})
		}
	}
	for _, s := range t.allVisitors() {
		t.sys.rt.safely(&t.router.cell, func() { s.outlet.Close(engine.ReasonSuspended) })
	}
	if err := t.endSessions(ctx); err != nil {
		return err
	}
	t.endOthers()
	return t.liveOthers.wait(ctx)
}

// endOthers tells the operators' actors and the router that it is over.
func (t *tenancy) endOthers() {
	for _, o := range t.allOperators() {
		if !o.closeIfDormant() {
			o.tell(quit{})
		}
	}
	if !t.router.closeIfDormant() {
		t.router.tell(quit{})
	}
}

// endSessions ends the sessions' actors and forgets the sessions. One that ends may
// still be told something, which starts another life of it: look again until none is left.
func (t *tenancy) endSessions(ctx context.Context) error {
	for {
		all := t.handles()
		for _, h := range all {
			if h.closeIfDormant() || !h.tell(quit{}) {
				t.forget(h)
			}
		}
		if err := t.liveSessions.wait(ctx); err != nil || len(all) == 0 {
			return err
		}
	}
}

func (t *tenancy) handles() []*handle {
	t.mu.RLock()
	defer t.mu.RUnlock()
	all := make([]*handle, 0, len(t.sessions))
	for _, h := range t.sessions {
		all = append(all, h)
	}
	return all
}

func (t *tenancy) allVisitors() (all []*seat) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, v := range t.visitors {
		all = append(all, v.seats...)
	}
	return all
}
