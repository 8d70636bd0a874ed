package actors

import (
	"slices"
	"sync"
	"time"

	"github.com/parleyhq/parley/engine"
)

// memoryEntries is how many of a session's last entries a Memory keeps. What is
// older is gone: it is not read back, and its idempotency keys are forgotten.
const memoryEntries = 1000

// Memory is an engine.Log that keeps sessions in memory only: the log of tenants
// whose transcripts are off. What it holds dies with the process, and with the
// session once that is closed and released: what is left then is which keys its
// starts had, and no text (keys.go). Terms, fencing and idempotency are
// as in any other log. Calls take effect at once, in the order in which they are
// made; done is called in the same order, on a goroutine that ends when no call
// waits, so there is nothing to close.
type Memory struct {
	// Guarded by mu.
	mu       sync.Mutex
	sessions map[engine.SessionRef]*remembered
	files    map[fileAt]*memoryFile
	// fileBytes is what files take, with those under way. Invariant: at most fileLimit.
	fileBytes, fileLimit int64
	starts               map[ownerKey]map[engine.Tag]engine.SessionID
	owned                map[ownerKey][]engine.SessionID // sessions of which more than keys is left
	ended                []engine.SessionRef             // closed and released sessions whose keys are kept, oldest first
	calls                []func()                        // to be made, in order
	calling              bool                            // a goroutine makes them
}

// remembered is one session.
type remembered struct {
	term     engine.Term // grows with each claim
	claimed  bool        // the term is somebody's
	visitor  engine.VisitorID
	last     engine.Seq
	entries  []*engine.Entry // the last ones, contiguous up to last
	row      *engine.Row     // nil before the first, and after the end
	closed   bool
	activity time.Time // of a closed session
	filed    *engine.Filed
	keys     startsOf
	identity *engine.Entry // the last of engine.KindAttrsSet; nil: none
	form     *engine.Entry // the last of engine.KindFormFilled; nil: none, or it was removed
}

var _ engine.Log = (*Memory)(nil)

// NewMemory is an empty Memory.
func NewMemory() *Memory {
	return &Memory{
		sessions: map[engine.SessionRef]*remembered{}, files: map[fileAt]*memoryFile{}, fileLimit: DefaultMemoryFiles,
		starts: map[ownerKey]map[engine.Tag]engine.SessionID{}, owned: map[ownerKey][]engine.SessionID{},
	}
}

// Claim implements engine.Log.
func (m *Memory) Claim(c engine.Claim, done func(engine.Head, []*engine.Entry, error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.sessions[c.Ref]
	if r == nil {
		if c.Create == nil {
			m.call(func() { done(engine.Head{}, nil, engine.ErrUnknown) })
			return
		}
		r = &remembered{visitor: c.Create.Visitor}
		m.sessions[c.Ref] = r
		m.own(c.Ref, r)
	}
	r.term++
	r.claimed = true
	head := engine.Head{
		Term: r.term, Last: r.last, Visitor: r.visitor, Row: copyRow(r.row), Closed: r.closed,
		Results: r.results(), Activity: r.activity, Filed: r.filed, Identity: r.identity, Form: r.form,
	}
	tail := r.from(r.last-min(r.last, engine.Seq(max(c.Tail, 0))), c.Tail)
	m.call(func() { done(head, tail, nil) })
}

// Append implements engine.Log.
func (m *Memory) Append(appends []engine.Append, done func([]error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	errs := make([]error, len(appends))
	for i := range appends {
		errs[i] = m.add(&appends[i])
	}
	m.call(func() { done(errs) })
}

func (m *Memory) add(a *engine.Append) error {
	r := m.sessions[a.Ref]
	if r == nil || !r.claimed || r.term != a.Term || r.closed && !a.Close {
		return engine.ErrFenced
	}
	for i, e := range a.Entries {
		if e.Seq != r.last+engine.Seq(i)+1 {
			return engine.ErrFenced
		}
	}
	r.last += engine.Seq(len(a.Entries))
	m.dropFilesOf(a.Ref, r.keep(a.Entries))
	m.keepStarts(r, a)
	m.dropFilesOf(a.Ref, r.redact(a.Redact))
	r.keys.redact(a.Redact)
	if a.Row != nil {
		r.row = copyRow(a.Row)
	}
	if !a.Visitor.IsZero() {
		m.moveStarts(a.Ref, r, a.Visitor)
		m.disown(a.Ref, r)
		r.visitor = a.Visitor
		m.own(a.Ref, r)
	}
	if a.Close {
		if n := len(a.Entries); n > 0 {
			r.keys.ended = a.Entries[n-1].At
		}
		r.closed, r.row, r.activity, r.filed = true, nil, a.Activity, a.Filed
	}
	return nil
}

// keep adds entries and lets the oldest go: their texts are not held by the
// slice's unused front. It answers those.
func (r *remembered) keep(entries []*engine.Entry) (gone []*engine.Entry) {
	for _, e := range entries {
		switch e.Kind {
		case engine.KindAttrsSet:
			r.identity = e
		case engine.KindFormFilled:
			r.form = e
		default:
		}
	}
	r.entries = append(r.entries, entries...)
	if over := len(r.entries) - memoryEntries; over > 0 {
		gone = slices.Clone(r.entries[:over])
		clear(r.entries[:over])
		r.entries = r.entries[over:]
	}
	return gone
}

// redact takes the text out of messages and their edits. It answers them as they
// were.
func (r *remembered) redact(targets []engine.Seq) (gone []*engine.Entry) {
	if r.form != nil && slices.ContainsFunc(targets, r.form.HoldsTextOf) {
		r.form = nil
	}
	for i, e := range r.entries {
		if slices.ContainsFunc(targets, e.HoldsTextOf) {
			r.entries[i] = e.Redacted()
			gone = append(gone, e)
		}
	}
	return gone
}

// results lists what must be remembered of the entries that are left.
func (r *remembered) results() (results []engine.Result) {
	results = append(results, r.keys.results...)
	for _, e := range r.entries {
		if result, matters := engine.ResultOf(e); matters {
			results = append(results, result)
		}
	}
	return results
}

func copyRow(row *engine.Row) *engine.Row {
	if row == nil {
		return nil
	}
	copied := *row
	copied.Declines = slices.Clone(row.Declines)
	return &copied
}

// ReadFrom implements engine.Log.
func (m *Memory) ReadFrom(ref engine.SessionRef, after engine.Seq, limit int, done func([]*engine.Entry, error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.sessions[ref]
	if r == nil || r.keys.only {
		m.call(func() { done(nil, engine.ErrUnknown) })
		return
	}
	entries := r.from(after, limit)
	m.call(func() { done(entries, nil) })
}

// from lists up to limit entries numbered above after, of those that are left.
func (r *remembered) from(after engine.Seq, limit int) []*engine.Entry {
	first := r.last + 1 - engine.Seq(len(r.entries))
	start := 0
	if after >= first {
		start = int(min(after-first+1, engine.Seq(len(r.entries))))
	}
	end := min(len(r.entries), start+max(limit, 0))
	return append([]*engine.Entry(nil), r.entries[start:end]...)
}

// OpenSessions yields the routing facts of every open session. The yielded row
// belongs to the callee.
func (m *Memory) OpenSessions(yield func(*engine.Row) bool) error {
	m.mu.Lock()
	rows := make([]*engine.Row, 0, len(m.sessions))
	for _, r := range m.sessions {
		if r.row != nil && !r.closed {
			rows = append(rows, copyRow(r.row))
		}
	}
	m.mu.Unlock()
	for _, row := range rows {
		if !yield(row) {
			break
		}
	}
	return nil
}

// Release implements engine.Log: a closed session is forgotten, one that was
// never written to as well.
func (m *Memory) Release(ref engine.SessionRef) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.sessions[ref]
	if r == nil {
		return
	}
	r.claimed = false
	switch {
	case r.closed && len(r.keys.tags) > 0:
		m.keepKeysOnly(ref, r)
		m.dropSession(ref)
	case r.closed, r.last == 0:
		m.disown(ref, r)
		delete(m.sessions, ref)
		m.dropSession(ref)
	}
}

// call queues a callback: callers may hold locks, so it never runs on their
// stack. The goroutine that runs them ends when none is left. Call with mu held.
func (m *Memory) call(f func()) {
	m.calls = append(m.calls, f)
	if !m.calling {
		m.calling = true
		go m.makeCalls()
	}
}

func (m *Memory) makeCalls() {
	for {
		m.mu.Lock()
		calls := m.calls
		m.calls = nil
		if len(calls) == 0 {
			m.calling = false
			m.mu.Unlock()
			return
		}
		m.mu.Unlock()
		for _, f := range calls {
			f()
		}
	}
}
