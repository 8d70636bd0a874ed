package persistence

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/seal"
)

// A tenant's sessions are found by their headers: row c of each, whose key is its
// own, and of an open one row o. There is no index that an erasure would have to
// look after; a page opens at most engine.MaxExamined headers.

// Sessions answers one page of a tenant's sessions, newest first. What it tells may
// be one sync ahead of what is durable. done is called as by Log's methods.
// Sessions whose keys were destroyed are not there; those that do not open are left
// out and counted as corrupt.
func (s *Store) Sessions(name engine.TenantID, q engine.SessionQuery, done func(engine.SessionPage, error)) {
	if s.closed.Load() || !s.readers.do(func() { done(s.sessions(name, &q)) }) {
		go done(engine.SessionPage{}, ErrStoreClosed)
	}
}

func (s *Store) sessions(name engine.TenantID, q *engine.SessionQuery) (page engine.SessionPage, err error) {
	t := s.tenant(name)
	if t == nil || t.err != nil {
		return page, tenantErr(t)
	}
	snapshot := s.db.NewSnapshot()
	defer snapshot.Close()
	prefix := tenantPrefix(nil, kindHeader, t.number)
	if !q.Visitor.IsZero() { // the visitor's sessions are filed under it
		prefix = scopedKey(nil, kindOwned, t.number, q.Visitor)
	}
	it, err := snapshot.NewIter(boundsOf(prefix, q))
	if err != nil {
		return page, err
	}
	defer func() { err = errors.Join(err, asCorrupt(it.Close())) }()
	l := lister{store: s, tenant: t, r: snapshot}
	limit := min(max(q.Limit, 1), engine.MaxListed)
	examined := 0
	for ok := it.Last(); ok; ok = it.Prev() {
		if examined == engine.MaxExamined || len(page.Sessions) == limit {
			return page, nil // Next is the last one looked at
		}
		examined++
		id := engine.SessionID(it.Key()[len(it.Key())-16:])
		page.Next = id
		var value []byte
		if q.Visitor.IsZero() {
			value = it.Value()
		}
		if one, there := l.look(id, value); there && q.Wants(&one) {
			page.Sessions = append(page.Sessions, one)
		}
	}
	page.Next = engine.SessionID{}
	return page, asCorrupt(it.Error())
}

// boundsOf is where to look for the query's sessions: keys are a prefix and an id.
func boundsOf(prefix []byte, q *engine.SessionQuery) *pebble.IterOptions {
	first, end := q.Bounds()
	lower := append(append([]byte{}, prefix...), first[:]...)
	upper := append(append([]byte{}, prefix...), end[:]...)
	if end.IsZero() {
		for i := len(prefix); i < len(upper); i++ {
			upper[i] = 0xff
		}
		upper = append(upper, 0)
	}
	return &pebble.IterOptions{LowerBound: lower, UpperBound: upper}
}

// lister reads sessions' facts out of one snapshot.
type lister struct {
	store  *Store
	tenant *tenant
	r      pebble.Reader
}

// look answers a session's facts; false: it is not there, or not yet. value is its
// row c, nil: to be read.
func (l *lister) look(id engine.SessionID, value []byte) (one engine.ListedSession, there bool) {
	ref := engine.SessionRef{Tenant: l.tenant.name, Session: id}
	one, there, err := l.facts(l.r, ref, value)
	if isChanged(err) { // a redaction may have fallen between the snapshot and the keys
		one, there, err = l.facts(l.store.db, ref, nil)
	}
	if err != nil {
		if !errors.Is(err, engine.ErrErased) {
			l.store.reportCorrupt(err)
		}
		return one, false
	}
	return one, there
}

func isChanged(err error) bool {
	return errors.Is(err, engine.ErrErased) || errors.Is(err, engine.ErrCorrupt) || errors.Is(err, seal.ErrForgotten)
}

func (l *lister) facts(r pebble.Reader, ref engine.SessionRef, value []byte) (one engine.ListedSession, there bool, err error) {
	key := scopedKey(nil, kindHeader, l.tenant.number, ref.Session)
	if value == nil {
		if value, err = getFrom(r, key); err != nil || value == nil {
			return one, false, err
		}
	}
	o, err := l.store.unwrap(r, l.tenant, ref, value)
	if err != nil {
		return one, false, err
	}
	defer o.forget()
	h, err := l.store.headerOf(ref, o, key, value)
	if err != nil {
		return one, false, err
	}
	if h.Closed {
		filed := engine.Filed{}
		if h.Filed != nil {
			filed = *h.Filed
		}
		return engine.ListedFiled(ref.Session, h.Visitor, filed), true, nil
	}
	row := scopedKey(nil, kindOpen, l.tenant.number, ref.Session)
	sealed, err := getFrom(r, row)
	if err != nil || sealed == nil { // it was made and nothing was ever written
		return one, false, err
	}
	open, err := l.store.openRow(l.tenant, ref, row, sealed)
	if err != nil {
		return one, false, err
	}
	return engine.ListedRow(open), true, nil
}

// CountSessions answers how many sessions a visitor has, up to engine.MaxCounted,
// and which was the first. It needs no key. done is called as by Log's methods.
func (s *Store) CountSessions(name engine.TenantID, visitor engine.VisitorID, done func(count int, first engine.SessionID, err error)) {
	if s.closed.Load() || !s.readers.do(func() { done(s.countSessions(name, visitor)) }) {
		go done(0, engine.SessionID{}, ErrStoreClosed)
	}
}

func (s *Store) countSessions(name engine.TenantID, visitor engine.VisitorID) (count int, first engine.SessionID, err error) {
	t := s.tenant(name)
	if t == nil || t.err != nil {
		return 0, first, tenantErr(t)
	}
	all := boundsOf(scopedKey(nil, kindOwned, t.number, visitor), &engine.SessionQuery{})
	err = s.rows(all.LowerBound, all.UpperBound, func(key, _ []byte) bool {
		if count == 0 {
			first = engine.SessionID(key[len(key)-16:])
		}
		count++
		return count < engine.MaxCounted
	})
	return count, first, err
}
