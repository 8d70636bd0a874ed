package persistence

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// A visitor's revocation, before it is sealed: ver 1 | at nanos. It is kept under
// the visitor's id and not under its key: a visitor without a session has none.
const revocationVersion = 1

func decodeRevocation(plain []byte) (at time.Time, err error) {
	d := decoder{rest: plain}
	d.version(revocationVersion)
	at = d.time()
	return at, d.finish("revocation")
}

// PutRevocation keeps from when on a visitor's tokens are good, in place of the time
// before; the zero time takes it away. done is called as by Log's methods; nil
// means durable.
func (s *Store) PutRevocation(name engine.TenantID, visitor engine.VisitorID, at time.Time, done func(error)) {
	s.put(&putOp{tenant: name, frees: at.IsZero(), done: done, write: func(w *writer, t *tenant) error {
		key := scopedKey(nil, kindRevoked, t.number, visitor)
		if at.IsZero() {
			w.remove(key)
			return nil
		}
		return w.setSealed(t, key, appendTime([]byte{revocationVersion}, at))
	}})
}

// Revocations yields every revocation of a tenant's visitors, in no order, until
// yield says no. It is for the start. Rows that do not open are left out; the error
// then says how many, and is engine.ErrCorrupt.
func (s *Store) Revocations(name engine.TenantID, yield func(engine.VisitorID, time.Time) bool) error {
	return eachRow(s, name, kindRevoked, "revocations", ofVisitor(decodeRevocation), yield)
}
