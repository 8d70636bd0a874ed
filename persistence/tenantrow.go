package persistence

import (
	"fmt"

	"github.com/parleyhq/parley/engine"
)

// Rows of a tenant's that belong to no session: sealed under its row key, bound to
// their place, one write each.

// putOp writes such rows.
type putOp struct {
	tenant engine.TenantID
	frees  bool // it only takes away, so that it may be done in a full store
	write  func(*writer, *tenant) error
	done   func(error)
	err    error
}

// put has the writer write. done is called as by Log's methods.
func (s *Store) put(o *putOp) {
	if !s.submit(o) {
		go o.done(ErrStoreClosed)
	}
}

func (o *putOp) apply(w *writer) bool {
	if w.full && !o.frees {
		o.err = engine.ErrFull
		return true
	}
	t, err := w.tenantFor(o.tenant)
	if err == nil {
		err = o.write(w, t)
	}
	o.err = err
	return true
}

func (o *putOp) settle(_ *writer, err error) {
	if err == nil {
		err = o.err
	}
	o.done(err)
}

// setSealed seals a row under the tenant's row key and adds it to the batch.
func (w *writer) setSealed(t *tenant, key, plain []byte) error {
	value, err := t.row.Seal(&w.scratchPd.seal, nil, key, keyGeneration, plain)
	if err != nil {
		return err
	}
	w.set(key, value)
	return nil
}

// eachSealed opens a tenant's rows of a kind, in no order, until take says no. Rows
// that do not open, or that take cannot read, are left out; the error then says how
// many of what, and is engine.ErrCorrupt. take must not keep its arguments.
func (s *Store) eachSealed(name engine.TenantID, kind byte, what string, take func(key, plain []byte) (more bool, err error)) error {
	unuse, ok := s.use()
	if !ok {
		return ErrStoreClosed
	}
	defer unuse()
	t := s.tenant(name)
	if t == nil || t.err != nil {
		return tenantErr(t)
	}
	work := s.scratch()
	defer s.giveBack(work)
	var damaged int
	err := s.rows(tenantPrefix(nil, kind, t.number), tenantPrefix(nil, kind, t.number+1), func(key, value []byte) bool {
		more := true
		plain, err := t.row.Open(&work.seal, work.plain[:0], key, keyGeneration, value)
		if err != nil {
			err = notOpened(fmt.Sprintf("row of %s of tenant %s", what, t.name), err)
		} else {
			work.plain = plain
			more, err = take(key, plain)
		}
		if err != nil {
			s.reportCorrupt(err)
			damaged++
			return true
		}
		return more
	})
	return countDamaged(err, damaged, what)
}

func tenantErr(t *tenant) error {
	if t == nil {
		return nil
	}
	return t.err
}

// visitorOf is the visitor in the key of a row about one.
func visitorOf(key []byte) (engine.VisitorID, error) {
	_, id, ok := scopeOf(key)
	if !ok {
		return id, fmt.Errorf("key of a row about a visitor: %w", engine.ErrCorrupt)
	}
	return id, nil
}
