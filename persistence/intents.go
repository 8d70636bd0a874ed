package persistence

import "github.com/parleyhq/parley/engine"

// PutIntent keeps an operator's intent, in place of the one before, and in the same
// batch the idempotency key under which it was set, if memo is not nil. done is
// called as by Log's methods; nil means durable.
func (s *Store) PutIntent(name engine.TenantID, operator engine.OperatorID, info engine.IntentInfo, memo *engine.Memo, done func(error)) {
	s.put(&putOp{tenant: name, done: done, write: func(w *writer, t *tenant) error {
		tag := t.tag(operator)
		if err := w.setSealed(t, scopedKey(nil, kindIntent, t.number, tag), appendIntent(nil, operator, info)); err != nil {
			return err
		}
		return w.writeMemo(t, tag, memo)
	}})
}

// Intents yields every intent of a tenant, in no order, until yield says no. It
// is for the start. Rows that do not open are left out; the error then says how
// many, and is engine.ErrCorrupt.
func (s *Store) Intents(name engine.TenantID, yield func(engine.OperatorID, engine.IntentInfo) bool) error {
	return eachRow(s, name, kindIntent, "intents", func(_, plain []byte) (engine.OperatorID, engine.IntentInfo, error) {
		return decodeIntent(plain)
	}, yield)
}
