package persistence

import (
	"encoding/binary"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parleyhq/parley/engine"
)

// What was done under an idempotency key is read from the log of the session in
// which it was done (docs/decisions/0004). A start names no session: row i says
// which one it was, and the rest is in that one's log. It is written in the batch
// of the entries that the start added. What is done outside a session has no log:
// its row i holds the first answer itself (memos.go).
//
// A row i begins, in clear, with
//
//	ver 1 | session 16, zero: a memo's | hour 4: hours since 1970
//
// The hour is that of the use, or that at which the session was last seen open.

const (
	idemClear  = 1 + 16 + 4
	idemKeyLen = scopedKeyLen + 16
)

func idemKey(dst []byte, tenant tenantNumber, owner [16]byte, tag engine.Tag) []byte {
	return append(scopedKey(dst, kindIdem, tenant, owner), tag[:]...)
}

func appendIdem(dst []byte, session engine.SessionID, hour uint32) []byte {
	dst = append(append(dst, valueVersion), session[:]...)
	return binary.BigEndian.AppendUint32(dst, hour)
}

// splitIdem reads the clear part of a row i.
func splitIdem(value []byte) (session engine.SessionID, hour uint32, ok bool) {
	if len(value) < idemClear || value[0] != valueVersion {
		return session, 0, false
	}
	copy(session[:], value[1:])
	return session, binary.BigEndian.Uint32(value[17:]), true
}

func hourOf(at time.Time) uint32 { return uint32(max(0, at.Unix()/3600)) }

// writeStarts files the starts that a part carries out under its visitor.
func (p *part) writeStarts(w *writer) {
	for _, tag := range p.starts {
		o := p.held.opened.Load()
		w.set(idemKey(nil, o.tenant.number, o.visitor, tag), appendIdem(nil, p.ref.Session, p.hour))
	}
}

// startsOf reads the tags of a session's starts. What was queued before is durable.
func (w *writer) startsOf(o *opened) (tags []engine.Tag, err error) {
	err = w.idemRows(w.db, o.tenant.number, o.visitor, func(key, value []byte) {
		if session, _, ok := splitIdem(value); ok && session == o.session {
			tags = append(tags, engine.Tag(key[scopedKeyLen:]))
		}
	})
	return tags, err
}

// moveStarts files a session's starts under the visitor whom it belongs to now.
func (w *writer) moveStarts(tags []engine.Tag, old, made *opened, hour uint32) {
	number := made.tenant.number
	for _, tag := range tags {
		w.remove(idemKey(nil, number, old.visitor, tag))
		w.set(idemKey(nil, number, made.visitor, tag), appendIdem(nil, made.session, hour))
	}
}

// idemRows visits the rows i of one owner.
func (s *Store) idemRows(r pebble.Reader, number tenantNumber, owner [16]byte, visit func(key, value []byte)) error {
	lower := scopedKey(nil, kindIdem, number, owner)
	upper := idemKey(nil, number, owner, engine.Tag{})
	for i := range upper[scopedKeyLen:] {
		upper[scopedKeyLen+i] = 0xff
	}
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: append(upper, 0)})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		if len(it.Key()) == idemKeyLen {
			visit(it.Key(), it.Value())
		}
	}
	return asCorrupt(it.Close())
}

// Recall answers which session each of a visitor's starts began or wrote to, by
// the tag that engine.Append's Starts gave it: of sessions that are open, and of
// those that ended less than engine.KeysFor ago. done is called as by Log's
// methods.
func (s *Store) Recall(name engine.TenantID, visitor engine.VisitorID, done func(map[engine.Tag]engine.SessionID, error)) {
	if s.closed.Load() || !s.readers.do(func() { done(s.recall(name, visitor)) }) {
		go done(nil, ErrStoreClosed)
	}
}

func (s *Store) recall(name engine.TenantID, visitor engine.VisitorID) (map[engine.Tag]engine.SessionID, error) {
	t := s.tenant(name)
	if t == nil || t.err != nil {
		return nil, tenantErr(t)
	}
	var found map[engine.Tag]engine.SessionID
	err := s.idemRows(s.db, t.number, visitor, func(key, value []byte) {
		session, _, ok := splitIdem(value)
		if !ok || session.IsZero() {
			return
		}
		if found == nil {
			found = map[engine.Tag]engine.SessionID{}
		}
		found[engine.Tag(key[scopedKeyLen:])] = session
	})
	return found, err
}
