package actors

import (
	"bytes"
	"slices"

	"github.com/parleyhq/parley/engine"
)

// A tenant's sessions are in the store, those without transcripts in memory; one
// page may hold both.

// list answers a page of the tenant's sessions, newest first. done is called once,
// on another goroutine, and must not block.
func (t *tenancy) list(q engine.SessionQuery, done func(engine.SessionPage, *engine.Error)) {
	t.sys.cfg.Store.Sessions(t.id, q, func(kept engine.SessionPage, err error) {
		if err != nil {
			t.sys.cfg.Logger.Warn("sessions cannot be listed", "tenant", string(t.id), "error", err.Error())
			done(engine.SessionPage{}, storeRefusal(err))
			return
		}
		t.memory.Sessions(t.id, q, func(passing engine.SessionPage, _ error) {
			done(merged(kept, passing, q.Limit), nil)
		})
	})
}

// merged is one page out of two: as far as both have looked.
func merged(a, b engine.SessionPage, limit int) (page engine.SessionPage) {
	all := slices.Concat(a.Sessions, b.Sessions)
	slices.SortFunc(all, func(x, y engine.ListedSession) int { return bytes.Compare(y.Session[:], x.Session[:]) })
	page.Next = a.Next
	if bytes.Compare(b.Next[:], a.Next[:]) > 0 {
		page.Next = b.Next
	}
	end := slices.IndexFunc(all, func(s engine.ListedSession) bool { return bytes.Compare(s.Session[:], page.Next[:]) < 0 })
	if end >= 0 {
		all = all[:end]
	}
	if len(all) > limit {
		all = all[:limit]
		page.Next = all[limit-1].Session
	}
	page.Sessions = all
	return page
}

// count answers how many sessions a visitor has, as CountSessions of the store does,
// with those in memory.
func (t *tenancy) count(visitor engine.VisitorID, done func(count int, first engine.SessionID, refused *engine.Error)) {
	t.sys.cfg.Store.CountSessions(t.id, visitor, func(kept int, first engine.SessionID, err error) {
		if err != nil {
			done(0, first, storeRefusal(err))
			return
		}
		t.memory.CountSessions(t.id, visitor, func(passing int, also engine.SessionID, _ error) {
			if first.IsZero() || !also.IsZero() && bytes.Compare(also[:], first[:]) < 0 {
				first = also
			}
			done(min(kept+passing, engine.MaxCounted), first, nil)
		})
	})
}

// mayList reports whether a seat may know of a session that it finds in a listing:
// whose it is or was, and who supervises its department.
func (s *seat) mayList(l *engine.ListedSession) bool {
	if s.desk == nil || s.isSignedOut() {
		return false
	}
	return l.Owner == s.desk.id && s.isGoodFor(l.Department) || s.rights(l.Department).Has(engine.RightSupervise)
}

// Sessions implements Store.
func (m *Memory) Sessions(tenant engine.TenantID, q engine.SessionQuery, done func(engine.SessionPage, error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	limit := min(max(q.Limit, 1), engine.MaxListed)
	first, end := q.Bounds()
	var page engine.SessionPage
	look := func(id engine.SessionID, r *remembered) {
		if bytes.Compare(id[:], first[:]) < 0 || bytes.Compare(id[:], page.Next[:]) < 0 || !end.IsZero() && bytes.Compare(id[:], end[:]) >= 0 {
			return
		}
		one, there := r.listed(engine.SessionRef{Tenant: tenant, Session: id})
		if !there || !q.Wants(&one) {
			return
		}
		if page.Sessions = append(page.Sessions, one); len(page.Sessions) >= 4*limit {
			page = merged(page, engine.SessionPage{}, limit) // however many there are, a page's worth is kept
		}
	}
	if !q.Visitor.IsZero() {
		for _, id := range m.owned[ownerKey{tenant, q.Visitor}] {
			look(id, m.sessions[engine.SessionRef{Tenant: tenant, Session: id}])
		}
	} else {
		for ref, r := range m.sessions {
			if ref.Tenant == tenant && !r.keys.only {
				look(ref.Session, r)
			}
		}
	}
	page = merged(page, engine.SessionPage{}, limit)
	m.call(func() { done(page, nil) })
}

func (r *remembered) listed(ref engine.SessionRef) (one engine.ListedSession, there bool) {
	switch {
	case r.row != nil:
		return engine.ListedRow(r.row), true
	case r.closed && r.filed != nil:
		return engine.ListedFiled(ref.Session, r.visitor, *r.filed), true
	case r.closed:
		return engine.ListedFiled(ref.Session, r.visitor, engine.Filed{}), true
	default:
		return one, false
	}
}

// CountSessions implements Store.
func (m *Memory) CountSessions(tenant engine.TenantID, visitor engine.VisitorID, done func(int, engine.SessionID, error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var first engine.SessionID
	owned := m.owned[ownerKey{tenant, visitor}]
	for _, id := range owned {
		if first.IsZero() || bytes.Compare(id[:], first[:]) < 0 {
			first = id
		}
	}
	count := min(len(owned), engine.MaxCounted)
	m.call(func() { done(count, first, nil) })
}

// own files a session under its visitor, so that whoever asks for one visitor's need
// not look at all. Call with mu held.
func (m *Memory) own(ref engine.SessionRef, r *remembered) {
	if owner := (ownerKey{ref.Tenant, r.visitor}); !r.keys.only {
		m.owned[owner] = append(m.owned[owner], ref.Session)
	}
}

// disown takes a session from under its visitor. Call with mu held.
func (m *Memory) disown(ref engine.SessionRef, r *remembered) {
	owner := ownerKey{ref.Tenant, r.visitor}
	left := slices.DeleteFunc(m.owned[owner], func(id engine.SessionID) bool { return id == ref.Session })
	if m.owned[owner] = left; len(left) == 0 {
		delete(m.owned, owner)
	}
}
