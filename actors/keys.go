package actors

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// A Memory forgets a session that has ended, but a visitor's start that was
// repeated late must still get the first answer. So it keeps, of the last sessions
// that have ended, which keys their starts had and what came of them: numbers,
// times and a digest of the text, for engine.KeysFor.

// memoryEnded bounds how many sessions that have ended a Memory keeps the keys of.
const memoryEnded = 10_000

// ownerKey is a visitor of a tenant.
type ownerKey struct {
	tenant  engine.TenantID
	visitor engine.VisitorID
}

// startsOf are the starts that a session carried out.
type startsOf struct {
	tags    []engine.Tag
	results []engine.Result
	ended   time.Time // when the session was closed
	only    bool      // nothing else is left of the session
}

// keepStarts files the starts that an append carries out. Call with mu held.
func (m *Memory) keepStarts(r *remembered, a *engine.Append) {
	for _, start := range a.Starts {
		owner := ownerKey{a.Ref.Tenant, r.visitor}
		if m.starts[owner] == nil {
			m.starts[owner] = map[engine.Tag]engine.SessionID{}
		}
		m.starts[owner][start.Tag] = a.Ref.Session
		r.keys.tags = append(r.keys.tags, start.Tag)
		for _, e := range a.Entries {
			if result, matters := engine.ResultOf(e); matters && e.ClientID == start.ClientID {
				r.keys.results = append(r.keys.results, result)
			}
		}
	}
}

// moveStarts files a session's starts under another visitor. Call with mu held.
func (m *Memory) moveStarts(ref engine.SessionRef, r *remembered, to engine.VisitorID) {
	if to == r.visitor || len(r.keys.tags) == 0 {
		return
	}
	m.dropStarts(ref, r)
	owner := ownerKey{ref.Tenant, to}
	if m.starts[owner] == nil {
		m.starts[owner] = map[engine.Tag]engine.SessionID{}
	}
	for _, tag := range r.keys.tags {
		m.starts[owner][tag] = ref.Session
	}
}

// dropStarts forgets a session's starts. Call with mu held.
func (m *Memory) dropStarts(ref engine.SessionRef, r *remembered) {
	owner := ownerKey{ref.Tenant, r.visitor}
	for _, tag := range r.keys.tags {
		if m.starts[owner][tag] == ref.Session {
			delete(m.starts[owner], tag)
		}
	}
	if len(m.starts[owner]) == 0 {
		delete(m.starts, owner)
	}
}

// redact lets the digests of removed texts go.
func (k *startsOf) redact(targets []engine.Seq) {
	for i := range k.results {
		if r := &k.results[i]; (r.Kind == engine.KindMessageNew || r.Kind == engine.KindFormFilled) && slices.Contains(targets, r.Seq) {
			r.Format, r.Digest = engine.FormatRedacted, engine.Body{}.Digest()
		}
	}
}

// keepKeysOnly lets all but the keys of a session that has ended go, and the
// keys of the oldest one if there are too many. Call with mu held.
func (m *Memory) keepKeysOnly(ref engine.SessionRef, r *remembered) {
	last := r.entries[max(0, len(r.entries)-1):] // says whose the session was, and in which epoch
	if len(last) > 0 && last[0].Kind != engine.KindSessionClosed {
		last = nil
	}
	r.entries, r.activity, r.filed = slices.Clone(last), time.Time{}, nil
	m.disown(ref, r)
	if !r.keys.only { // else it was claimed once more
		r.keys.only = true
		m.ended = append(m.ended, ref)
	}
	for len(m.ended) > memoryEnded {
		m.forgetEnded()
	}
}

// forgetEnded forgets the session that ended first. Call with mu held.
func (m *Memory) forgetEnded() {
	ref := m.ended[0]
	m.ended = m.ended[1:]
	if r := m.sessions[ref]; r != nil {
		m.dropStarts(ref, r)
		m.disown(ref, r)
		delete(m.sessions, ref)
	}
}

// Recall implements Store.
func (m *Memory) Recall(tenant engine.TenantID, visitor engine.VisitorID, done func(map[engine.Tag]engine.SessionID, error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[engine.Tag]engine.SessionID{}
	for tag, session := range m.starts[ownerKey{tenant, visitor}] {
		found[tag] = session
	}
	m.call(func() { done(found, nil) })
}

// ForgetKeys implements Store.
func (m *Memory) ForgetKeys(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.ended) > 0 {
		if r := m.sessions[m.ended[0]]; r != nil && now.Sub(r.keys.ended) < engine.KeysFor {
			return
		}
		m.forgetEnded()
	}
}
