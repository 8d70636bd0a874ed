package actors

import (
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// A router that panicked starts from nothing: sessions and operators report to it
// again. Where one of these reports is what it panics at, it would do so for ever,
// and with it all of the tenant's chats would wait. So the later of several panics
// are waited out, longer each time; and a session whose report ended several lives
// is left out of the routing for a while, with an alert.
const (
	routerStrikes   = 3 // panics at one session's reports, before it is left out
	routerLeftOut   = 10 * time.Minute
	routerCalm      = time.Minute // without a panic: what was before is forgotten
	routerPause     = 100 * time.Millisecond
	routerPauseMost = 30 * time.Second
)

// trouble is what is remembered of a router's panics, from one life to the next.
// Owned by the actor of the moment.
type trouble struct {
	panics  int // without a calm in between
	last    time.Time
	until   time.Time // the pause that is under way; zero: none
	strikes map[engine.SessionID]int
	leftOut map[engine.SessionID]time.Time // until when
}

// blame notes a panic at an input, and answers how long to pause, and the session
// that is left out from now on, if any.
func (t *trouble) blame(at routing.Input, now time.Time) (pause time.Duration, out engine.SessionID) {
	if now.Sub(t.last) >= routerCalm {
		t.panics, t.strikes = 0, nil
	}
	t.panics, t.last = t.panics+1, now
	if t.panics > 1 { // one alone need not be waited out
		pause = min(routerPause<<min(t.panics-2, 16), routerPauseMost)
	}
	report, ok := at.(routing.SessionIs)
	if !ok {
		return pause, out
	}
	if t.strikes == nil {
		t.strikes = map[engine.SessionID]int{}
	}
	id := report.Row.Ref.Session
	if t.strikes[id]++; t.strikes[id] < routerStrikes {
		return pause, out
	}
	if t.leftOut == nil {
		t.leftOut = map[engine.SessionID]time.Time{}
	}
	delete(t.strikes, id)
	t.leftOut[id] = now.Add(routerLeftOut)
	return pause, id
}

// isLeftOut reports whether an input is of a session that is left out.
func (t *trouble) isLeftOut(in routing.Input) bool {
	report, ok := in.(routing.SessionIs)
	if !ok {
		return false
	}
	_, out := t.leftOut[report.Row.Ref.Session]
	return out
}

// back answers the sessions that are let in again.
func (t *trouble) back(now time.Time) (ids []engine.SessionID) {
	for id, until := range t.leftOut {
		if !now.Before(until) {
			delete(t.leftOut, id)
			ids = append(ids, id)
		}
	}
	return ids
}

// deadline is when the next pause or exclusion ends; zero: none.
func (t *trouble) deadline() time.Time {
	next := t.until
	for _, until := range t.leftOut {
		if next.IsZero() || until.Before(next) {
			next = until
		}
	}
	return next
}

// resume ends a pause and exclusions that are over, and reports whether the router
// may go on. What came during a pause is not missed: all report again.
func (a *routerActor) resume(now time.Time) bool {
	t := &a.h.trouble
	if now.Before(t.until) {
		return false
	}
	if !t.until.IsZero() {
		t.until = time.Time{}
		a.h.asking++
		a.h.tenant.sys.reportAll(a.h.tenant, a.h.asking, a.h.open)
	}
	for _, id := range t.back(now) {
		if h := a.h.tenant.known(id); h != nil {
			h.tell(reportAgain{a.h.asking})
		}
	}
	return true
}

// note keeps which sessions are open as far as the router has heard.
func (h *routerHandle) note(r routing.SessionIs) {
	if r.Row.State.IsOpen() {
		h.open[r.Row.Ref.Session] = struct{}{}
	} else {
		delete(h.open, r.Row.Ref.Session)
	}
}

// await is what a router hears first that is not the first: whose word it waits for.
func (h *routerHandle) await() routing.Await {
	in := routing.Await{Asked: h.asking, Sessions: make([]engine.SessionID, 0, len(h.open))}
	for id := range h.open {
		in.Sessions = append(in.Sessions, id)
	}
	return in
}

// panicked decides what follows a panic: at once, or after a pause, all report
// again.
func (a *routerActor) panicked(now time.Time) {
	sys, t := a.h.tenant.sys, &a.h.trouble
	pause, out := t.blame(a.at, now)
	if !out.IsZero() {
		delete(a.h.open, out)
		sys.rt.metrics.leftOut.Inc()
		sys.cfg.Logger.Error("a session's reports end its tenant's router; it is left out of the routing for a while",
			"tenant", string(a.h.tenant.id), "session", out.String(), "for", routerLeftOut.String())
	}
	if pause == 0 {
		a.h.asking++
		sys.reportAll(a.h.tenant, a.h.asking, a.h.open)
		return
	}
	sys.cfg.Logger.Error("a tenant's router panicked again; it pauses",
		"tenant", string(a.h.tenant.id), "panics", t.panics, "for", pause.String())
	t.until = now.Add(pause)
	a.h.setDeadline(t.deadline())
}
