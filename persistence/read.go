package persistence

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/seal"
)

// ReadFrom reads durable entries: see engine.Log. A session whose keys were
// destroyed answers both engine.ErrUnknown and engine.ErrErased.
func (s *Store) ReadFrom(ref engine.SessionRef, after engine.Seq, limit int, done func([]*engine.Entry, error)) {
	if s.closed.Load() || !s.readers.do(func() { done(s.readFrom(ref, after, limit)) }) {
		go done(nil, ErrStoreClosed)
	}
}

func (s *Store) readFrom(ref engine.SessionRef, after engine.Seq, limit int) ([]*engine.Entry, error) {
	for try := 0; ; try++ {
		entries, err := s.tryReadFrom(ref, after, limit)
		switch {
		case errors.Is(err, seal.ErrForgotten):
			continue // released meanwhile: read again with keys of our own
		case try == 0 && (errors.Is(err, engine.ErrErased) || errors.Is(err, engine.ErrCorrupt)):
			continue // a redaction may have fallen between the snapshot and the keys
		case errors.Is(err, engine.ErrErased):
			return nil, fmt.Errorf("%w: %w", engine.ErrUnknown, err)
		case err != nil:
			s.reportCorrupt(err)
			return nil, err
		}
		return entries, nil
	}
}

// tryReadFrom takes a snapshot first and asks second how far the session is
// durable: Pebble shows a batch before its sync, and a session with such a batch
// is in memory until the sync is done. What was durable before the snapshot must
// be in it.
func (s *Store) tryReadFrom(ref engine.SessionRef, after engine.Seq, limit int) (entries []*engine.Entry, err error) {
	_, whole := s.durableOf(ref)
	snapshot := s.db.NewSnapshot()
	defer snapshot.Close()
	o, upTo := s.durableOf(ref)
	if o == nil {
		var h header
		if o, h, err = s.openSession(snapshot, ref); err != nil {
			return nil, err
		}
		if o == nil {
			return nil, fmt.Errorf("session %s: %w", ref, engine.ErrUnknown)
		}
		defer o.forget()
		upTo = ^engine.Seq(0)
		if h.Closed {
			whole = h.Last
		}
	}
	if limit <= 0 || after >= upTo {
		return nil, nil
	}
	last, err := s.scan(snapshot, o, ref, after, upTo, func(e *engine.Entry) bool {
		entries = append(entries, e)
		return len(entries) < limit
	})
	if err != nil {
		return nil, err
	}
	if len(entries) < limit && last < whole {
		return nil, fmt.Errorf("log of session %s ends at %d, not at %d: %w", ref, last, whole, engine.ErrCorrupt)
	}
	return entries, nil
}

// durableOf is a session that is in memory, and how far its log is durable; nil
// if it is not there.
func (s *Store) durableOf(ref engine.SessionRef) (*opened, engine.Seq) {
	held := s.session(ref)
	if held == nil {
		return nil, 0
	}
	return held.opened.Load(), engine.Seq(held.durable.Load())
}

// scan opens the entries above after, up to and with upTo, in order, until visit
// says that it is enough. It answers the last number it saw, or after.
// engine.ErrCorrupt: one does not open, or one is missing.
func (s *Store) scan(r pebble.Reader, o *opened, ref engine.SessionRef, after, upTo engine.Seq, visit func(*engine.Entry) bool) (last engine.Seq, err error) {
	it, err := r.NewIter(recordBounds(o, after, upTo))
	if err != nil {
		return after, err
	}
	defer func() { err = errors.Join(err, asCorrupt(it.Close())) }()
	work := s.scratch()
	defer s.giveBack(work)
	last = after
	for ok := it.First(); ok; ok = it.Next() {
		seq := recordSeq(it.Key())
		if seq != last+1 {
			return last, fmt.Errorf("log of session %s has no entry %d: %w", ref, last+1, engine.ErrCorrupt)
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return last, asCorrupt(err)
		}
		e, err := s.openEntry(work, o, ref, seq, it.Key(), value)
		if err != nil {
			return last, err
		}
		last = seq
		if !visit(e) {
			break
		}
	}
	return last, asCorrupt(it.Error())
}

func recordBounds(o *opened, after, upTo engine.Seq) *pebble.IterOptions {
	lower := recordKey(nil, o.tenant.number, o.session, after+1)
	upper := append(recordKey(nil, o.tenant.number, o.session, upTo), 0) // exclusive
	return &pebble.IterOptions{LowerBound: lower, UpperBound: upper}
}

func (s *Store) openEntry(work *scratch, o *opened, ref engine.SessionRef, seq engine.Seq, key, value []byte) (*engine.Entry, error) {
	plain, err := o.open(&work.seal, work.plain[:0], key, value)
	if err != nil {
		return nil, notOpened(fmt.Sprintf("entry %s#%d", ref, seq), err)
	}
	work.plain = plain
	e, err := decodeEntry(ref.Session, seq, plain)
	if err != nil {
		return nil, fmt.Errorf("entry %s#%d: %w", ref, seq, err)
	}
	return e, nil
}

// notOpened is the error of a value that does not open: damaged, or moved from
// where it was written.
func notOpened(what string, err error) error {
	if errors.Is(err, seal.ErrOpen) {
		return fmt.Errorf("%s: %w", what, engine.ErrCorrupt)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// reportCorrupt counts and logs damage on its way to a caller.
func (s *Store) reportCorrupt(err error) {
	if errors.Is(err, engine.ErrCorrupt) {
		s.corrupt(err)
	}
}

// OpenSessions yields the routing facts of every open session, in the order of
// tenants and creation, until yield says no. It is for the start, before
// sessions are claimed. Rows that do not open are left out; the error then says
// how many, and is engine.ErrCorrupt.
func (s *Store) OpenSessions(yield func(*engine.Row) bool) error {
	unuse, ok := s.use()
	if !ok {
		return ErrStoreClosed
	}
	defer unuse()
	var damaged int
	err := s.rows([]byte{kindOpen}, []byte{kindOpen + 1}, func(key, value []byte) bool {
		row, err := s.openRowAt(key, value)
		if err != nil {
			s.reportCorrupt(err)
			damaged++
			return true
		}
		return yield(row)
	})
	return countDamaged(err, damaged, "open sessions")
}

func (s *Store) openRowAt(key, value []byte) (*engine.Row, error) {
	number, id, ok := scopeOf(key)
	t := s.tenantOf(number)
	if !ok || t == nil {
		return nil, fmt.Errorf("row of a session of unknown tenant %d: %w", number, engine.ErrCorrupt)
	}
	if t.err != nil {
		return nil, t.err
	}
	return s.openRow(t, engine.SessionRef{Tenant: t.name, Session: id}, key, value)
}

// OpenSession finds a visitor's open session; the zero id if there is none.
func (s *Store) OpenSession(name engine.TenantID, visitor engine.VisitorID) (session engine.SessionID, err error) {
	unuse, ok := s.use()
	if !ok {
		return session, ErrStoreClosed
	}
	defer unuse()
	t := s.tenant(name)
	if t == nil {
		return session, nil
	}
	value, err := s.get(scopedKey(nil, kindCurrent, t.number, visitor))
	copy(session[:], value)
	return session, err
}

// rows visits a range of rows.
func (s *Store) rows(lower, upper []byte, visit func(key, value []byte) bool) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		if !visit(it.Key(), it.Value()) {
			break
		}
	}
	return asCorrupt(it.Close())
}

func countDamaged(err error, damaged int, what string) error {
	if err != nil || damaged == 0 {
		return err
	}
	return fmt.Errorf("%d rows of %s: %w", damaged, what, engine.ErrCorrupt)
}
