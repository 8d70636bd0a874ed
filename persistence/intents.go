package persistence

import (
	"fmt"

	"github.com/parleyhq/parley/engine"
)

// PutIntent keeps an operator's intent, in place of the one before, and in the same
// batch the idempotency key under which it was set, if memo is not nil. done is
// called as by Log's methods; nil means durable.
func (s *Store) PutIntent(name engine.TenantID, operator engine.OperatorID, info engine.IntentInfo, memo *engine.Memo, done func(error)) {
	if !s.submit(&intentOp{tenant: name, operator: operator, info: info, memo: memo, done: done}) {
		go done(ErrStoreClosed)
	}
}

type intentOp struct {
	tenant   engine.TenantID
	operator engine.OperatorID
	info     engine.IntentInfo
	memo     *engine.Memo
	done     func(error)
	err      error
}

func (o *intentOp) apply(w *writer) bool {
	o.err = o.write(w)
	return true
}

func (o *intentOp) write(w *writer) error {
	if w.full {
		return engine.ErrFull
	}
	t, err := w.tenantFor(o.tenant)
	if err != nil {
		return err
	}
	key := scopedKey(nil, kindIntent, t.number, t.tag(o.operator))
	value, err := t.row.Seal(&w.scratchPd.seal, nil, key, keyGeneration, appendIntent(nil, o.operator, o.info))
	if err != nil {
		return err
	}
	w.set(key, value)
	if o.memo != nil {
		return w.writeMemo(t, o.operator, *o.memo)
	}
	return nil
}

func (o *intentOp) settle(_ *writer, err error) {
	if err == nil {
		err = o.err
	}
	o.done(err)
}

// Intents yields every intent of a tenant, in no order, until yield says no. It
// is for the start. Rows that do not open are left out; the error then says how
// many, and is engine.ErrCorrupt.
func (s *Store) Intents(name engine.TenantID, yield func(engine.OperatorID, engine.IntentInfo) bool) error {
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
	lower := tenantPrefix(nil, kindIntent, t.number)
	upper := tenantPrefix(nil, kindIntent, t.number+1)
	err := s.rows(lower, upper, func(key, value []byte) bool {
		operator, info, err := s.openIntent(t, key, value)
		if err != nil {
			s.reportCorrupt(err)
			damaged++
			return true
		}
		return yield(operator, info)
	})
	return countDamaged(err, damaged, "intents")
}

func tenantErr(t *tenant) error {
	if t == nil {
		return nil
	}
	return t.err
}

func (s *Store) openIntent(t *tenant, key, value []byte) (engine.OperatorID, engine.IntentInfo, error) {
	work := s.scratch()
	defer s.giveBack(work)
	plain, err := t.row.Open(&work.seal, work.plain[:0], key, keyGeneration, value)
	if err != nil {
		return "", engine.IntentInfo{}, notOpened(fmt.Sprintf("intent of tenant %s", t.name), err)
	}
	work.plain = plain
	return decodeIntent(plain)
}
