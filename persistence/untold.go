package persistence

import "github.com/parleyhq/parley/engine"

// Told takes away the mark that engine.Append.Tell has set: somebody outside has taken
// the session's entries up to through. It stays if the log has gone on since. done is
// called as by Log's methods.
func (s *Store) Told(ref engine.SessionRef, through engine.Seq, done func(error)) {
	if !s.submit(&toldOp{ref: ref, through: through, done: done}) {
		go done(ErrStoreClosed)
	}
}

type toldOp struct {
	ref     engine.SessionRef
	through engine.Seq
	done    func(error)
	err     error
}

func (o *toldOp) apply(w *writer) bool {
	o.err = o.write(w)
	return true
}

func (o *toldOp) write(w *writer) error {
	t, err := w.tenantFor(o.ref.Tenant)
	if err != nil {
		return err
	}
	w.flush() // the record after through may be in the batch
	if next, err := w.get(recordKey(nil, t.number, o.ref.Session, o.through+1)); err != nil || next != nil {
		return err
	}
	w.remove(scopedKey(nil, kindUntold, t.number, o.ref.Session))
	w.mu.Lock()
	held := w.live[o.ref]
	w.mu.Unlock()
	if held != nil {
		held.untold = false
	}
	return nil
}

func (o *toldOp) settle(_ *writer, err error) {
	if err == nil {
		err = o.err
	}
	o.done(err)
}

// Untold yields a tenant's sessions of which not all entries were taken by somebody
// outside, in the order in which they began, until yield says no. It is for the start.
func (s *Store) Untold(name engine.TenantID, yield func(engine.SessionID) bool) error {
	unuse, ok := s.use()
	if !ok {
		return ErrStoreClosed
	}
	defer unuse()
	t := s.tenant(name)
	if t == nil || t.err != nil {
		return tenantErr(t)
	}
	lower := tenantPrefix(nil, kindUntold, t.number)
	upper := tenantPrefix(nil, kindUntold, t.number+1)
	return s.rows(lower, upper, func(key, _ []byte) bool {
		_, id, ok := scopeOf(key)
		return !ok || yield(id)
	})
}
