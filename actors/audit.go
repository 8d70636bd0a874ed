package actors

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/invariant"
	"github.com/parleyhq/parley/engine/routing"
)

// A router is audited every few minutes (Config.AuditEvery): its sums are computed
// anew, and every open session is looked for. Sums that are wrong say nothing about a
// single session: the router begins anew from what all report. A session that is not
// as it should be reports again; if it is found so twice, it is frozen.

// audit asks a router to look at itself.
type audit struct{}

// auditor is a routing.Router.
type auditor interface {
	Audit() []routing.Finding
	Knows(id engine.SessionID) bool
}

// doubt is what was found once of a session.
type doubt struct {
	session   engine.SessionID
	epoch     engine.Epoch
	invariant string
}

// audit asks all routers that have ever run to look at themselves.
func (s *System) audit() {
	for _, t := range s.tenancies() {
		if t.router.isAwake() {
			t.router.tell(audit{})
		}
	}
}

// audit looks at the router and at who should be known to it.
func (a *routerActor) audit(now time.Time) {
	rules, ok := a.rules.(auditor)
	if !ok {
		return
	}
	tn, broken := a.h.tenant, false
	findings := slices.Concat(rules.Audit(), tn.orphans(rules, &a.h.trouble), tn.doubles())
	doubts := map[doubt]bool{}
	for _, f := range findings {
		v := &invariant.Violation{Invariant: f.Invariant, Session: f.Session, Detail: f.Detail}
		if f.Session.IsZero() {
			tn.sys.alarm.note(tn.id, v, now)
			broken = true
			continue
		}
		d := doubt{f.Session, f.Epoch, f.Invariant}
		if a.doubts[d] {
			tn.tellSession(f.Session, freeze{v})
			continue
		}
		doubts[d] = true
		tn.tellSession(f.Session, reportAgain{})
	}
	a.doubts = doubts
	tn.sys.alarm.audited(now)
	if broken { // as after a panic
		a.rules = nil
		a.panicked(now)
	}
}

// orphans are the open sessions that rest and that the router does not know: nobody
// would ever look for their operator.
func (t *tenancy) orphans(rules auditor, trouble *trouble) []routing.Finding {
	var all []routing.Finding
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, v := range t.visitors {
		if v.open == nil || v.open.running.Load() || rules.Knows(v.open.ref.Session) || t.sys.alarm.refusal(v.open.ref) != nil {
			continue
		}
		if _, out := trouble.leftOut[v.open.ref.Session]; !out {
			all = append(all, routing.Finding{Invariant: "I4", Session: v.open.ref.Session, Detail: "rests, and its router does not know it"})
		}
	}
	return all
}

// isAwake reports whether somebody runs behind a cell.
func (c *cell) isAwake() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pid != nil
}
