package actors

import (
	"fmt"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/engine/session"
)

// takeUp rebuilds ledgers from the rows of open sessions: routers hear what
// each session is, operators what they own or take part in. A session's actor starts
// when its deadline comes, when somebody asks for it, or at its owner's word; at once
// where an offer was live: it did not survive. Nobody else finds the tenants yet, or
// the system has not started.
func (s *System) takeUp(tenants map[engine.TenantID]*tenancy) error {
	if len(tenants) == 0 {
		return nil
	}
	for _, t := range tenants {
		if err := s.takeUpTenant(t); err != nil {
			return fmt.Errorf("tenant %s: %w", t.id, err)
		}
	}
	offered := map[*tenancy][]engine.SessionID{}
	open := func(log engine.Log) func(*engine.Row) bool {
		return func(row *engine.Row) bool {
			t := tenants[row.Ref.Tenant]
			if t == nil {
				if s.tenant(row.Ref.Tenant) == nil {
					s.cfg.Logger.Warn("an open session's tenant is not configured; it is left alone", "session", row.Ref.String())
				}
				return true
			}
			s.takeUpSession(t, row, log)
			if row.State == engine.StateOffered {
				offered[t] = append(offered[t], row.Ref.Session)
			}
			return true
		}
	}
	err := s.cfg.Store.OpenSessions(open(s.cfg.Store))
	if err == nil {
		err = s.memory.OpenSessions(open(s.memory)) // of a tenant that was let go and is back
	}
	for _, t := range tenants {
		t.endBanned()
	}
	for t, sessions := range offered {
		t.router.tell(routing.Await{Sessions: sessions})
	}
	return err
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

func (s *System) takeUpSession(t *tenancy, row *engine.Row, log engine.Log) {
	h := t.recover(row, log)
	h.setDeadline(session.DeadlineOf(*row, h.since, t.rules(h)))
	if row.Owner != "" {
		s.takesPart(t, h, row, row.Owner, session.Gained)
	}
	for _, m := range row.Service.Members {
		if !m.Hidden { // who watched unseen does so no longer
			s.takesPart(t, h, row, m.Operator, session.Joined)
		}
	}
	t.router.tell(routing.SessionIs{Row: row, Recovered: true})
}

// takesPart tells an operator what it has to do with a session found by the start-up
// scan. Its owner counts as in grace from now on.
func (s *System) takesPart(t *tenancy, h *handle, row *engine.Row, who engine.OperatorID, as session.Note) {
	n := session.Notify{Note: as, Operator: who, Offer: engine.Offer{Session: h.ref.Session, Epoch: row.Epoch}}
	h.told.note(n)
	t.operator(who).tell(notice{Notify: n})
}
