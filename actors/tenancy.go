package actors

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// tenancy is one tenant's part of the system: what exists in it, by id. Look-ups
// go through here, so that no id of another tenant can be found (I14).
type tenancy struct {
	// Fixed after construction.
	sys    *System
	id     engine.TenantID
	memory *Memory   // keeps sessions where transcripts are off
	since  time.Time // it is served: who is absent then counts as gone from then on
	router *routerHandle

	// Atomic.
	current   atomic.Pointer[engine.Tenant] // the configuration; see Reconfigure
	suspended atomic.Bool                   // served no longer: see System.Apply

	liveSessions, liveOthers liveCount // its actors that run

	departments departments
	wall        wall
	bans        bans
	listing     listing
	openings    openings

	// Guarded by mu.
	mu        sync.RWMutex
	sessions  map[engine.SessionID]*handle
	visitors  map[engine.VisitorID]*visitorState
	operators map[engine.OperatorID]*operatorHandle
	revoked   map[engine.VisitorID]time.Time // up to when visitors' tokens were made that are refused
}

// visitorState is a visitor's connections and open session. At most one session
// per visitor is open (I8): it is started under the tenancy's lock.
type visitorState struct {
	seats []*seat
	open  *handle
	ended *handle // the last one that was open, while it winds up
	keys  startKeys
}

func newTenancy(s *System, t *engine.Tenant) *tenancy {
	tn := &tenancy{
		sys: s, id: t.ID, memory: s.memory, since: s.cfg.Clock(),
		sessions:  map[engine.SessionID]*handle{},
		visitors:  map[engine.VisitorID]*visitorState{},
		operators: map[engine.OperatorID]*operatorHandle{}, revoked: map[engine.VisitorID]time.Time{},
	}
	tn.current.Store(t)
	tn.router = newRouterHandle(tn)
	return tn
}

// config is the tenant's configuration now. It never changes: a newer one takes its
// place.
func (t *tenancy) config() *engine.Tenant { return t.current.Load() }

// log is where a new session of the tenant is kept.
func (t *tenancy) log() engine.Log {
	if t.config().Transcripts {
		return t.sys.cfg.Store
	}
	return t.memory
}

// rules is what the session rules need of the configuration.
func (t *tenancy) rules(h *handle) session.Rules {
	c := t.config()
	return session.Rules{
		Keeps: h.log != engine.Log(t.memory), Department: c.Department, BodyBytes: c.Limits.MessageBytes,
		Peek: c.Peek, Attributes: c.Attributes, Operator: c.Operator, Files: c.Files,
	}
}

// known is the session's handle, or nil if it is not in memory.
func (t *tenancy) known(id engine.SessionID) *handle {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.sessions[id]
}

// lookup is the session's handle; one that is not in memory gets a handle whose
// first life asks the store, and ends if the store does not know it.
func (t *tenancy) lookup(id engine.SessionID) *handle {
	if h := t.known(id); h != nil {
		return h
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lookupIn(id, t.sys.cfg.Store)
}

// lookupIn is lookup in a log. Call with mu held.
func (t *tenancy) lookupIn(id engine.SessionID, log engine.Log) *handle {
	if h := t.sessions[id]; h != nil {
		return h
	}
	h := t.sys.newHandle(t, engine.SessionRef{Tenant: t.id, Session: id}, log, nil)
	t.sessions[id] = h
	t.sys.sweep.add(h)
	return h
}

// tellSession tells a session: a handle found may end before it is told.
func (t *tenancy) tellSession(id engine.SessionID, item any) {
	for range 3 {
		if t.lookup(id).tell(item) {
			return
		}
	}
}

// forget takes an ended handle out of the registry.
func (t *tenancy) forget(h *handle) {
	t.mu.Lock()
	if t.sessions[h.ref.Session] == h {
		delete(t.sessions, h.ref.Session)
	}
	if v := t.visitors[h.visitor]; v != nil && v.ended == h {
		v.ended = nil
		t.tidy(h.visitor)
	}
	t.mu.Unlock()
	t.sys.sweep.remove(h)
}

// recover registers an open session found in a log by the start-up scan.
func (t *tenancy) recover(row *engine.Row, log engine.Log) *handle {
	h := t.sys.newHandle(t, row.Ref, log, nil)
	t.mu.Lock()
	t.sessions[row.Ref.Session] = h
	if v := t.visitor(row.Visitor); row.State != engine.StateClosing && (v.open == nil || bytes.Compare(h.ref.Session[:], v.open.ref.Session[:]) < 0) {
		v.open = h
	}
	t.tidy(row.Visitor)
	if takesMessages(row.State) {
		h.counted = row.Visitor
		t.openings.recover(row.Visitor, row.Ref.Session)
	}
	t.mu.Unlock()
	t.sys.sweep.add(h)
	return h
}

// visitor is a visitor's state, made on demand. Call with mu held.
func (t *tenancy) visitor(id engine.VisitorID) *visitorState {
	v := t.visitors[id]
	if v == nil {
		v = &visitorState{}
		t.visitors[id] = v
	}
	return v
}

// tidy forgets a visitor without connection, session or start that waits. Call with
// mu held.
func (t *tenancy) tidy(id engine.VisitorID) {
	if v := t.visitors[id]; v != nil && len(v.seats) == 0 && v.open == nil && !v.keys.areNeeded() {
		delete(t.visitors, id)
	}
}

// arrive adds a visitor's connection and answers the open session, if any. fresh:
// the visitor has just been made, so that nobody has its keys yet.
func (t *tenancy) arrive(s *seat, fresh bool) (*handle, *engine.Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.suspended.Load() { // since it was found
		return nil, engine.ErrTenantUnknown
	}
	v := t.visitor(s.visitor)
	if fresh {
		v.keys.know(nil, t.sys.cfg.Clock())
	} else {
		t.recall(s.visitor, v) // so that a start need not wait for it
	}
	if len(v.seats) >= t.config().Limits.VisitorDevices {
		return nil, engine.ErrTooManyConnections
	}
	v.seats = append(v.seats, s)
	return v.open, nil
}

// depart takes a visitor's connection away and answers the sessions that it may
// be seated in: the open one and the one that winds up, or nil.
func (t *tenancy) depart(s *seat) [2]*handle {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.visitors[s.visitor]
	if v == nil {
		return [2]*handle{}
	}
	v.seats = slices.DeleteFunc(v.seats, func(other *seat) bool { return other == s })
	of := [2]*handle{v.open, v.ended}
	t.tidy(s.visitor)
	return of
}

// visitorDone notes that a session takes no more messages: its visitor may start anew.
func (t *tenancy) visitorDone(id engine.VisitorID, h *handle) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v := t.visitors[id]; v != nil && v.open == h {
		v.open, v.ended, h.visitor = nil, h, id
		v.keys.forget()
		t.tidy(id)
	}
}

// operator is an operator's handle, made on demand: only declared operators, and
// those that own sessions from before, ever get one.
func (t *tenancy) operator(id engine.OperatorID) *operatorHandle {
	t.mu.RLock()
	h := t.operators[id]
	t.mu.RUnlock()
	if h != nil {
		return h
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if h = t.operators[id]; h == nil {
		h = newOperatorHandle(t, id)
		t.operators[id] = h
	}
	return h
}

func (t *tenancy) allOperators() []*operatorHandle {
	t.mu.RLock()
	defer t.mu.RUnlock()
	all := make([]*operatorHandle, 0, len(t.operators))
	for _, h := range t.operators {
		all = append(all, h)
	}
	return all
}

// tickOperators tells operators' actors that time has passed, where it matters.
func (t *tenancy) tickOperators(now time.Time) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, h := range t.operators {
		h.tickIfDue(now)
	}
}
