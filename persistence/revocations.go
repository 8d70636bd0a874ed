package persistence

import (
	"fmt"
	"time"

	"github.com/parleyhq/parley/engine"
)

// A visitor's revocation, before it is sealed: ver 1 | at nanos. It is kept under
// the visitor's id and not under its key: a visitor without a session has none.
const revocationVersion = 1

// PutRevocation keeps from when on a visitor's tokens are good, in place of the time
// before; the zero time takes it away. done is called as by Log's methods; nil
// means durable.
func (s *Store) PutRevocation(name engine.TenantID, visitor engine.VisitorID, at time.Time, done func(error)) {
	if !s.submit(&revocationOp{tenant: name, visitor: visitor, at: at, done: done}) {
		go done(ErrStoreClosed)
	}
}

type revocationOp struct {
	tenant  engine.TenantID
	visitor engine.VisitorID
	at      time.Time
	done    func(error)
	err     error
}

func (o *revocationOp) apply(w *writer) bool {
	o.err = o.write(w)
	return true
}

func (o *revocationOp) write(w *writer) error {
	if w.full && !o.at.IsZero() {
		return engine.ErrFull
	}
	t, err := w.tenantFor(o.tenant)
	if err != nil {
		return err
	}
	key := scopedKey(nil, kindRevoked, t.number, o.visitor)
	if o.at.IsZero() {
		w.remove(key)
		return nil
	}
	value, err := t.row.Seal(&w.scratchPd.seal, nil, key, keyGeneration, appendTime([]byte{revocationVersion}, o.at))
	if err != nil {
		return err
	}
	w.set(key, value)
	return nil
}

func (o *revocationOp) settle(_ *writer, err error) {
	if err == nil {
		err = o.err
	}
	o.done(err)
}

// Revocations yields every revocation of a tenant's visitors, in no order, until
// yield says no. It is for the start. Rows that do not open are left out; the error
// then says how many, and is engine.ErrCorrupt.
func (s *Store) Revocations(name engine.TenantID, yield func(engine.VisitorID, time.Time) bool) error {
	unuse, ok := s.use()
	if !ok {
		return ErrStoreClosed
	}
	defer unuse()
	t := s.tenant(name)
	if t == nil || t.err != nil {
		return tenantErr(t)
	}
	var damaged int
	lower := tenantPrefix(nil, kindRevoked, t.number)
	upper := tenantPrefix(nil, kindRevoked, t.number+1)
	err := s.rows(lower, upper, func(key, value []byte) bool {
		_, id, ok := scopeOf(key)
		at, err := s.openRevocation(t, key, value)
		if !ok || err != nil {
			s.reportCorrupt(err)
			damaged++
			return true
		}
		return yield(id, at)
	})
	return countDamaged(err, damaged, "revocations")
}

func (s *Store) openRevocation(t *tenant, key, value []byte) (time.Time, error) {
	work := s.scratch()
	defer s.giveBack(work)
	plain, err := t.row.Open(&work.seal, work.plain[:0], key, keyGeneration, value)
	if err != nil {
		return time.Time{}, notOpened(fmt.Sprintf("revocation of tenant %s", t.name), err)
	}
	work.plain = plain
	d := decoder{rest: plain}
	d.version(revocationVersion)
	at := d.time()
	return at, d.finish("revocation")
}
