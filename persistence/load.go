package persistence

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/seal"
)

// loaded is what a claim answers. opened is nil for a session that the store
// does not know.
type loaded struct {
	opened *opened
	head   engine.Head
	tail   []*engine.Entry
}

// errNoRow is for a subject that the store does not know.
var errNoRow = errors.New("no such row")

// isGone reports that a visitor has no key any more, or never had one.
func isGone(err error) bool { return errors.Is(err, errNoRow) || errors.Is(err, engine.ErrErased) }

// readSession reads a session that is not in memory: its header, keys and log.
// On a reader's goroutine. Nobody writes to the session meanwhile.
func (s *Store) readSession(claim engine.Claim) (*loaded, error) {
	snapshot := s.db.NewSnapshot()
	defer snapshot.Close()
	found, h, err := s.openSession(snapshot, claim.Ref)
	if err != nil || found == nil {
		return &loaded{}, err
	}
	l := &loaded{opened: found}
	end := extent{upTo: ^engine.Seq(0)} // nobody writes: all there is, is durable
	if h.Closed {
		end = extent{upTo: h.Last, exact: true}
	}
	if err := s.readAll(snapshot, l, claim, h, end); err != nil {
		found.forget()
		return nil, err
	}
	return l, nil
}

// readLog reads the log of a session that is in memory, up to its last entry.
func (s *Store) readLog(claim engine.Claim, o *opened, last engine.Seq) (*loaded, error) {
	snapshot := s.db.NewSnapshot()
	defer snapshot.Close()
	key := scopedKey(nil, kindHeader, o.tenant.number, o.session)
	value, err := getFrom(snapshot, key)
	if err != nil {
		return nil, err
	}
	h, err := s.headerOf(claim.Ref, o, key, value)
	if err != nil {
		return nil, err
	}
	l := &loaded{opened: o}
	return l, s.readAll(snapshot, l, claim, h, extent{upTo: last, exact: true})
}

// extent is how far to read a log; exact: it must reach that far.
type extent struct {
	upTo  engine.Seq
	exact bool
}

// openSession finds a session's keys and header; nil if the store does not know
// it.
func (s *Store) openSession(r pebble.Reader, ref engine.SessionRef) (*opened, header, error) {
	t := s.tenant(ref.Tenant)
	if t == nil {
		return nil, header{}, nil
	}
	if t.err != nil {
		return nil, header{}, t.err
	}
	key := scopedKey(nil, kindHeader, t.number, ref.Session)
	value, err := getFrom(r, key)
	if err != nil || value == nil {
		return nil, header{}, err
	}
	o, err := s.unwrap(r, t, ref, value)
	if err != nil {
		return nil, header{}, fmt.Errorf("keys of session %s: %w", ref, err)
	}
	h, err := s.headerOf(ref, o, key, value)
	if err != nil {
		o.forget()
		return nil, header{}, err
	}
	return o, h, nil
}

func (s *Store) headerOf(ref engine.SessionRef, o *opened, key, value []byte) (header, error) {
	work := s.scratch()
	defer s.giveBack(work)
	if _, _, err := splitClear("session header", value); err != nil {
		return header{}, fmt.Errorf("session %s: %w", ref, err)
	}
	h, err := o.openHeader(&work.seal, key, value)
	if err == nil && h.Visitor != o.visitor {
		err = engine.ErrCorrupt
	}
	if err != nil {
		return header{}, notOpened(fmt.Sprintf("header of session %s", ref), err)
	}
	return h, nil
}

// unwrap walks from a session's slot up to its visitor, whose slot names the
// visitor, and down again with the keys.
func (s *Store) unwrap(r pebble.Reader, t *tenant, ref engine.SessionRef, value []byte) (*opened, error) {
	slot, sealed, err := splitClear("session header", value)
	if err != nil {
		return nil, err
	}
	generation := seal.Generation(sealed)
	parent, err := s.ring.Parent(slot, t.sessionOwner(ref.Session, engine.VisitorID{}, generation))
	if err != nil {
		return nil, err
	}
	visitor := engine.VisitorID(parent)
	owner, err := s.loadSubject(r, t, visitor)
	if errors.Is(err, errNoRow) {
		err = fmt.Errorf("its visitor has no row: %w", engine.ErrCorrupt)
	}
	if err != nil {
		return nil, err
	}
	key, err := s.ring.Load(slot, t.sessionOwner(ref.Session, visitor, generation), owner.key)
	if err != nil {
		owner.key.Forget()
		return nil, err
	}
	o := &opened{
		tenant: t, session: ref.Session, slot: slot, key: s.cache.Key(&key), generation: generation,
		visitor: visitor, subject: owner,
	}
	clear(key[:])
	return o, nil
}

// loadSubject unwraps a visitor's key; errNoRow if the store does not know it.
func (s *Store) loadSubject(r pebble.Reader, t *tenant, visitor engine.VisitorID) (subject, error) {
	value, err := getFrom(r, scopedKey(nil, kindSubject, t.number, visitor))
	if err != nil {
		return subject{}, err
	}
	if value == nil {
		return subject{}, errNoRow
	}
	slot, _, err := splitClear("subject row", value)
	if err != nil {
		return subject{}, err
	}
	key, err := s.ring.Load(slot, t.subjectOwner(visitor), t.kek)
	if err != nil {
		return subject{}, err
	}
	defer clear(key[:])
	return subject{slot: slot, key: s.cache.Key(&key)}, nil
}

// readAll reads the log from its first entry: the last ones for the tail, those
// with an idempotency key for the results.
func (s *Store) readAll(r pebble.Reader, l *loaded, claim engine.Claim, h header, end extent) error {
	tail := newTail(claim.Tail)
	last, err := s.scan(r, l.opened, claim.Ref, 0, end.upTo, func(e *engine.Entry) bool {
		if result, ok := engine.ResultOf(e); ok {
			l.head.Results = append(l.head.Results, result)
		}
		if e.Kind == engine.KindAttrsSet && e.Format != engine.FormatRedacted {
			l.head.Identity = e
		}
		if e.Kind == engine.KindFormFilled {
			l.head.Form = e
			if e.Format == engine.FormatRedacted {
				l.head.Form = nil
			}
		}
		tail.add(e)
		return true
	})
	if err != nil {
		return err
	}
	if end.exact && last != end.upTo {
		return fmt.Errorf("log of session %s ends at %d, not at %d: %w", claim.Ref, last, end.upTo, engine.ErrCorrupt)
	}
	l.tail = tail.entries()
	l.head.Last, l.head.Visitor, l.head.Closed = last, l.opened.visitor, h.Closed
	if h.Closed {
		l.head.Filed = h.Filed
		return s.readActivity(r, l)
	}
	return s.readRow(r, l, claim.Ref)
}

func (s *Store) readActivity(r pebble.Reader, l *loaded) error {
	o := l.opened
	key := scopedKey(nil, kindSubject, o.tenant.number, o.visitor)
	value, err := getFrom(r, key)
	if err != nil || value == nil {
		return err
	}
	work := s.scratch()
	defer s.giveBack(work)
	if _, _, err := splitClear("subject row", value); err != nil {
		return err
	}
	p, err := o.subject.openProfile(&work.seal, key, value)
	if err != nil {
		return notOpened("row of a subject", err)
	}
	l.head.Activity = p.Activity
	return nil
}

func (s *Store) readRow(r pebble.Reader, l *loaded, ref engine.SessionRef) error {
	key := scopedKey(nil, kindOpen, l.opened.tenant.number, ref.Session)
	value, err := getFrom(r, key)
	if err != nil || value == nil {
		return err
	}
	l.head.Row, err = s.openRow(l.opened.tenant, ref, key, value)
	return err
}

func (s *Store) openRow(t *tenant, ref engine.SessionRef, key, value []byte) (*engine.Row, error) {
	work := s.scratch()
	defer s.giveBack(work)
	plain, err := t.row.Open(&work.seal, work.plain[:0], key, keyGeneration, value)
	if err != nil {
		return nil, notOpened(fmt.Sprintf("row of session %s", ref), err)
	}
	work.plain = plain
	return decodeRow(ref, plain)
}

// tail keeps the last few entries.
type tail struct {
	ring  []*engine.Entry
	count int
}

func newTail(size int) *tail {
	return &tail{ring: make([]*engine.Entry, max(0, min(size, engine.MaxCatchUp*4)))}
}

func (t *tail) add(e *engine.Entry) {
	if len(t.ring) > 0 {
		t.ring[t.count%len(t.ring)] = e
	}
	t.count++
}

// entries are the kept ones, oldest first.
func (t *tail) entries() []*engine.Entry {
	if t.count <= len(t.ring) {
		return t.ring[:min(t.count, len(t.ring))]
	}
	at := t.count % max(1, len(t.ring))
	return append(append([]*engine.Entry{}, t.ring[at:]...), t.ring[:at]...)
}
