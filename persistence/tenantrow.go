package persistence

import (
	"fmt"

	"github.com/parleyhq/parley/engine"
)

// Rows of a tenant's that belong to no session: sealed under its row key, bound to
// their place, one write each.

// putOp writes such rows, and makes the tenant if the store does not have it.
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

// eachRow opens a tenant's sealed rows of a kind and yields what read makes of them,
// in no order, until yield says no. Rows that do not open, or that read cannot read,
// are left out; the error then says how many of what, and is engine.ErrCorrupt. read
// must not keep its arguments.
func eachRow[K, V any](s *Store, name engine.TenantID, kind byte, what string, read func(key, plain []byte) (K, V, error), yield func(K, V) bool) error {
	return s.ofTenant(name, func(t *tenant) error {
		work := s.scratch()
		defer s.giveBack(work)
		var damaged int
		err := s.rows(tenantPrefix(nil, kind, t.number), tenantPrefix(nil, kind, t.number+1), func(key, value []byte) bool {
			plain, err := t.row.Open(&work.seal, work.plain[:0], key, keyGeneration, value)
			if err != nil {
				s.reportCorrupt(notOpened(fmt.Sprintf("row of %s of tenant %s", what, t.name), err))
				damaged++
				return true
			}
			work.plain = plain
			k, v, err := read(key, plain)
			if err != nil {
				s.reportCorrupt(err)
				damaged++
				return true
			}
			return yield(k, v)
		})
		return countDamaged(err, damaged, what)
	})
}

// ofTenant has read look into a tenant's rows while the store is open. A tenant that
// the store does not have has none.
func (s *Store) ofTenant(name engine.TenantID, read func(*tenant) error) error {
	unuse, ok := s.use()
	if !ok {
		return ErrStoreClosed
	}
	defer unuse()
	t := s.tenant(name)
	if t == nil || t.err != nil {
		return tenantErr(t)
	}
	return read(t)
}

func tenantErr(t *tenant) error {
	if t == nil {
		return nil
	}
	return t.err
}

// ofVisitor reads a row that is kept under a visitor's id.
func ofVisitor[V any](decode func(plain []byte) (V, error)) func(key, plain []byte) (engine.VisitorID, V, error) {
	return func(key, plain []byte) (id engine.VisitorID, value V, err error) {
		_, id, ok := scopeOf(key)
		if !ok {
			return id, value, fmt.Errorf("key of a row about a visitor: %w", engine.ErrCorrupt)
		}
		value, err = decode(plain)
		return id, value, err
	}
}
