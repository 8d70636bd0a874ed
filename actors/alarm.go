package actors

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/invariant"
)

// recentViolations is how many violations are remembered.
const recentViolations = 100

type (
	// Violated is a broken invariant, as it was found.
	Violated = engine.Violated
	// Invariants is what the checks of a running system have come to.
	Invariants = engine.Invariants
)

// alarm is where violations are told. Several actors use it.
type alarm struct {
	// Fixed after construction.
	sys *System

	// Guarded by mu.
	mu        sync.Mutex
	frozen    map[engine.SessionRef]*frozen
	recent    []Violated
	counts    map[countOf]uint64
	audits    uint64
	lastAudit time.Time
}

// countOf is what violations are counted by.
type countOf struct {
	tenant    engine.TenantID
	invariant string
}

type frozen struct {
	violated Violated
	refusal  *engine.Error
}

func newAlarm(s *System) *alarm {
	return &alarm{sys: s, frozen: map[engine.SessionRef]*frozen{}, counts: map[countOf]uint64{}}
}

// freeze notes that a session is frozen and answers what drafts are refused with.
func (a *alarm) freeze(ref engine.SessionRef, v *invariant.Violation, now time.Time) *engine.Error {
	found := Violated{
		Tenant: ref.Tenant, Session: ref.Session, Invariant: v.Invariant, Detail: v.Detail, At: now.UTC(), Ref: a.sys.cfg.NewID(now).String(),
	}
	f := &frozen{violated: found, refusal: engine.ErrInternal.Because("the session is frozen until somebody has looked at it; ref " + found.Ref)}
	a.mu.Lock()
	a.frozen[ref] = f
	a.mu.Unlock()
	a.tell(found, v)
	return f.refusal
}

// note tells of a violation that is not one session's.
func (a *alarm) note(tenant engine.TenantID, v *invariant.Violation, now time.Time) {
	a.tell(Violated{Tenant: tenant, Session: v.Session, Invariant: v.Invariant, Detail: v.Detail, At: now.UTC()}, v)
}

// tell raises the alarm: counter, log and host.
func (a *alarm) tell(found Violated, v *invariant.Violation) {
	a.mu.Lock()
	a.counts[countOf{found.Tenant, found.Invariant}]++
	if len(a.recent) == recentViolations {
		a.recent = slices.Delete(a.recent, 0, 1)
	}
	a.recent = append(a.recent, found)
	a.mu.Unlock()
	a.sys.rt.metrics.violations.WithLabelValues(found.Invariant).Inc()
	session := ""
	if !found.Session.IsZero() {
		session = found.Session.String()
	}
	a.sys.cfg.Logger.Error("an invariant is broken", "invariant", found.Invariant, "tenant", string(found.Tenant), "session", session, "detail", found.Detail, "ref", found.Ref)
	if a.sys.cfg.OnViolation == nil {
		return
	}
	defer func() {
		if cause := recover(); cause != nil {
			a.sys.cfg.Logger.Error("the host's OnViolation panicked", "cause", fmt.Sprintf("%T", cause))
		}
	}()
	a.sys.cfg.OnViolation(v)
}

// audited notes that a router was audited.
func (a *alarm) audited(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.audits++
	a.lastAudit = now.UTC()
}

// refusal is what drafts to a frozen session get; nil: it is not frozen.
func (a *alarm) refusal(ref engine.SessionRef) *engine.Error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f := a.frozen[ref]; f != nil {
		return f.refusal
	}
	return nil
}

func (a *alarm) unfreeze(ref engine.SessionRef) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, was := a.frozen[ref]
	delete(a.frozen, ref)
	return was
}

// report says what was found, of one tenant; empty means of all.
func (a *alarm) report(tenant engine.TenantID) Invariants {
	of := func(t engine.TenantID) bool { return tenant == "" || t == tenant }
	a.mu.Lock()
	defer a.mu.Unlock()
	r := Invariants{Violations: map[string]uint64{}, Audits: a.audits, LastAudit: a.lastAudit}
	for each, n := range a.counts {
		if of(each.tenant) {
			r.Violations[each.invariant] += n
		}
	}
	for _, found := range a.recent {
		if of(found.Tenant) {
			r.Recent = append(r.Recent, found)
		}
	}
	for _, f := range a.frozen {
		if of(f.violated.Tenant) {
			r.Frozen = append(r.Frozen, f.violated)
		}
	}
	slices.SortFunc(r.Frozen, func(x, y Violated) int {
		if c := x.At.Compare(y.At); c != 0 {
			return c
		}
		return slices.Compare(x.Session[:], y.Session[:])
	})
	return r
}

// Invariants says which invariants were found broken since the start, and which
// sessions are frozen because of it.
func (s *System) Invariants() Invariants { return s.alarm.report("") }

// InvariantsOf is Invariants, of one tenant. Audits are of all routers.
func (s *System) InvariantsOf(tenant engine.TenantID) Invariants { return s.alarm.report(tenant) }

// Unfreeze lets a frozen session live again, from what its log holds. It is for
// after somebody has looked at it: if what is stored breaks an invariant by itself,
// it is frozen again. engine.ErrNotFound if it is not frozen.
func (s *System) Unfreeze(ref engine.SessionRef) error {
	t := s.tenant(ref.Tenant)
	if t == nil || !s.alarm.unfreeze(ref) {
		return engine.ErrNotFound
	}
	s.cfg.Logger.Warn("a frozen session lives again", "session", ref.String())
	t.tellSession(ref.Session, thaw{})
	return nil
}
