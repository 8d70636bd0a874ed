package actors

import (
	"sync"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/invariant"
	"github.com/parleyhq/parley/engine/routing"
)

// openings knows which session of each conversation of a tenant takes messages, to check
// that it is one (I8). Sessions' actors say so as they open and once they are durably
// over; whereToStart, which keeps the rule, neither reads it nor writes to it.
type openings struct {
	// Guarded by mu.
	mu  sync.Mutex
	all invariant.Conversations
}

func (o *openings) opens(v engine.VisitorID, s engine.SessionID) *invariant.Violation {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.Opens(v, s)
}

// recover takes in a session that was open when a life of it began, or the process. If
// there are two, audits find it: until then the one may turn out to be gone.
func (o *openings) recover(v engine.VisitorID, s engine.SessionID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = o.all.Recover(v, s)
}

func (o *openings) ends(v engine.VisitorID, s engine.SessionID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all.Ends(v, s)
}

// takesMessages reports whether a session in that state is its conversation's open one.
func takesMessages(s engine.State) bool {
	switch s {
	case engine.StateQueued, engine.StateOffered, engine.StateActive, engine.StateDetached, engine.StateUnattended:
		return true
	default:
		return false
	}
}

// counts takes in what the session's facts have come to.
func (a *sessionActor) counts(row *engine.Row) {
	if takesMessages(row.State) && a.h.counted != row.Visitor {
		a.h.counted = row.Visitor
		a.watch.found(a.h.tenant.openings.opens(row.Visitor, a.h.ref.Session))
	}
}

// countsAnew does so at the beginning of a life.
func (a *sessionActor) countsAnew() {
	row, all := a.rules.Facts(), &a.h.tenant.openings
	if a.h.counted = (engine.VisitorID{}); takesMessages(row.State) {
		a.h.counted = row.Visitor
		all.recover(row.Visitor, a.h.ref.Session)
		return
	}
	all.ends(row.Visitor, a.h.ref.Session)
}

// wakeRivals lets sessions of one conversation that were found together begin a life:
// one that nobody can read any more is none.
func (t *tenancy) wakeRivals() {
	t.openings.mu.Lock()
	rivals := t.openings.all.Rivals()
	t.openings.mu.Unlock()
	for _, id := range rivals {
		t.tellSession(id, reportAgain{})
	}
}

// countsNoMore is for a session that is durably over, or of which nothing is left to
// read: before its visitor may start anew.
func (a *sessionActor) countsNoMore() {
	if !a.h.counted.IsZero() {
		a.h.tenant.openings.ends(a.h.counted, a.h.ref.Session)
	}
}

// doubles are the sessions that are open besides another one of their conversation, or
// that their visitors' next start would not find.
func (t *tenancy) doubles() []routing.Finding {
	if t.isEnding() {
		return nil
	}
	var all []routing.Finding
	t.mu.RLock()
	defer t.mu.RUnlock()
	t.openings.mu.Lock()
	defer t.openings.mu.Unlock()
	for _, v := range t.openings.all.Audit(t.startsIn) {
		if t.sys.alarm.refusal(engine.SessionRef{Tenant: t.id, Session: v.Session}) == nil {
			all = append(all, routing.Finding{Invariant: v.Invariant, Session: v.Session, Detail: v.Detail})
		}
	}
	return all
}

// startsIn is where a visitor's next start would go; zero: to a new session. Call with
// mu held.
func (t *tenancy) startsIn(v engine.VisitorID) (id engine.SessionID) {
	if s := t.visitors[v]; s != nil && s.open != nil {
		id = s.open.ref.Session
	}
	return id
}
