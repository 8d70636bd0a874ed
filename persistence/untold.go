package persistence

import "github.com/parleyhq/parley/engine"

// Told takes away the mark that engine.Append.Tell has set: somebody outside has taken
// the session's entries up to through. It stays if the log has gone on since. done is
// called as by Log's methods.
func (s *Store) Told(ref engine.SessionRef, through engine.Seq, done func(error)) {
	s.put(&putOp{tenant: ref.Tenant, frees: true, done: done, write: func(w *writer, t *tenant) error {
		w.flush() // the record after through may be in the batch
		if next, err := w.get(recordKey(nil, t.number, ref.Session, through+1)); err != nil || next != nil {
			return err
		}
		w.remove(scopedKey(nil, kindUntold, t.number, ref.Session))
		w.mu.Lock()
		held := w.live[ref]
		w.mu.Unlock()
		if held != nil {
			held.untold = false
		}
		return nil
	}})
}

// Untold yields a tenant's sessions of which not all entries were taken by somebody
// outside, in the order in which they began, until yield says no. It is for the start.
func (s *Store) Untold(name engine.TenantID, yield func(engine.SessionID) bool) error {
	return s.ofTenant(name, func(t *tenant) error {
		lower := tenantPrefix(nil, kindUntold, t.number)
		upper := tenantPrefix(nil, kindUntold, t.number+1)
		return s.rows(lower, upper, func(key, _ []byte) bool {
			_, id, ok := scopeOf(key)
			return !ok || yield(id)
		})
	})
}
