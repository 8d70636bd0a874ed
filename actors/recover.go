package actors

import (
	"fmt"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/engine/session"
)

// takeUp rebuilds ledgers from the rows of open sessions: routers hear what
// each session is, operators what they own or take part in. A session's actor starts
// when its deadline comes, when somebody asks for it, or at its owner's word; at once
// where an offer was live: it did not survive. Nobody else finds the tenants yet, or
// the system has not started. First all is read, then all are told, so that nobody's
// grace runs while nobody can come back.
func (s *System) takeUp(tenants map[engine.TenantID]*tenancy) error {
	if len(tenants) == 0 {
		return nil
	}
	for _, t := range tenants {
		if err := s.takeUpTenant(t); err != nil {
			return fmt.Errorf("tenant %s: %w", t.id, err)
		}
	}
	var all []found
	open := func(log engine.Log) func(*engine.Row) bool {
		return func(row *engine.Row) bool {
			if t := tenants[row.Ref.Tenant]; t != nil {
				all = append(all, found{t.recover(row, log), row})
			} else if s.tenant(row.Ref.Tenant) == nil {
				s.cfg.Logger.Warn("an open session's tenant is not configured; it is left alone", "session", row.Ref.String())
			}
			return true
		}
	}
	err := s.cfg.Store.OpenSessions(open(s.cfg.Store))
	if err == nil {
		err = s.memory.OpenSessions(open(s.memory)) // of a tenant that was let go and is back
	}
	if err != nil {
		return err
	}
	now := s.cfg.Clock()
	for _, t := range tenants {
		t.since = now
	}
	offered := map[*tenancy][]engine.SessionID{}
	for _, f := range all {
		f.takeUp(now)
		if t := f.h.tenant; f.row.State == engine.StateOffered {
			offered[t] = append(offered[t], f.row.Ref.Session)
		}
	}
	for _, t := range tenants {
		t.endBanned()
		t.wakeRivals()
	}
	for t, sessions := range offered {
		t.router.tell(routing.Await{Sessions: sessions})
	}
	return nil
}

// takeUpTenant reads what is kept of a tenant besides its sessions.
func (s *System) takeUpTenant(t *tenancy) error {
	if !s.known[t.id] { // else what the host has not taken is in memory still
		s.known[t.id] = true
		if err := s.recoverEvents(t); err != nil { // before a session can go on
			return err
		}
	}
	err := s.cfg.Store.Intents(t.id, func(id engine.OperatorID, info engine.IntentInfo) bool {
		o := t.operator(id)
		o.state.intent = info
		if !info.Revoked.IsZero() {
			o.revoked.Store(info.Revoked.UnixNano())
		}
		return true
	})
	if err != nil {
		return err
	}
	if err := s.recoverMemos(t); err != nil {
		return err
	}
	if err := t.recoverRevocations(s.cfg.Clock()); err != nil {
		return err
	}
	return t.recoverBans(s.cfg.Clock())
}

// found is an open session of the start-up scan.
type found struct {
	h   *handle
	row *engine.Row
}

// takeUp tells whom it concerns of an open session, as it is now.
func (f found) takeUp(now time.Time) {
	t := f.h.tenant
	f.h.since = now
	f.h.setDeadline(session.DeadlineOf(*f.row, now, t.rules(f.h)))
	if f.row.Owner != "" {
		f.takesPart(f.row.Owner, session.Gained)
	}
	for _, m := range f.row.Service.Members {
		if !m.Hidden { // who watched unseen does so no longer
			f.takesPart(m.Operator, session.Joined)
		}
	}
	t.router.tell(routing.SessionIs{Row: f.row, Recovered: true})
}

// takesPart tells an operator what it has to do with the session. Its owner counts as
// in grace from now on.
func (f found) takesPart(who engine.OperatorID, as session.Note) {
	n := session.Notify{Note: as, Operator: who, Offer: engine.Offer{Session: f.h.ref.Session, Epoch: f.row.Epoch, Department: f.row.Department}}
	f.h.told.note(n)
	f.h.tenant.operator(who).tell(notice{Notify: n})
}
