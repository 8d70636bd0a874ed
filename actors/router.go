package actors

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/engine/session"
)

// routerHandle is a tenant's router's place in the system. Its inputs are states
// ("this is what the session is now") on the control lane: at most a few per
// session and operator wait at any time.
type routerHandle struct {
	cell
	tenant   *tenancy
	measured atomic.Pointer[measured]
	newRules func() routerRules
	lines    *lines

	// Owned by the actor of the moment.
	lives   int
	asking  uint64 // counts how often all were asked to report again
	trouble trouble
	open    map[engine.SessionID]struct{} // sessions, as far as routers have heard
}

// routerRules are a routing.Router, or what stands in for it in a test.
type routerRules interface {
	Step(in routing.Input, now time.Time, out []routing.Effect) []routing.Effect
	Deadline() time.Time
}

func newRouterHandle(t *tenancy) *routerHandle {
	h := &routerHandle{tenant: t, open: map[engine.SessionID]struct{}{}, newRules: func() routerRules { return routing.New() }, lines: newLines()}
	h.cell = cell{rt: t.sys.rt, name: "router " + string(t.id), limit: 1, live: &t.liveOthers}
	h.birth = func() owner { return newRouterActor(h) }
	return h
}

// reported turns a session's report into the router's input.
func reported(r session.Report) routing.SessionIs {
	return routing.SessionIs{Row: r.Row, Life: r.Life, Number: r.Number, Recovered: r.Recovered, Asked: r.Asked}
}

// routerActor runs a tenant's routing rules.
type routerActor struct {
	h     *routerHandle
	rules routerRules // nil before the first turn
	out   []routing.Effect
	quit  bool
	batch []any         // of this turn
	at    routing.Input // being stepped

	doubts  map[doubt]bool                               // of the last audit
	since   time.Time                                    // when the rules began
	asked   func(Explanation, *engine.Error)             // who waits for an Explained
	listing func([]engine.TransferTarget, *engine.Error) // who waits for TargetsAre
}

func newRouterActor(h *routerHandle) *routerActor { return &routerActor{h: h} }

func (a *routerActor) turn() verdict {
	now := a.h.tenant.sys.cfg.Clock()
	a.batch, _ = a.h.take(0)
	begun := time.Now()
	going, told := a.resume(now), now
	if going && a.rules == nil {
		a.rules, a.since = a.h.newRules(), now
		a.h.lines.reset()
		a.step(routing.Configure{Tenant: a.h.tenant.config()}, now)
		if a.h.lives++; a.h.lives > 1 {
			a.step(a.h.await(), now)
		}
	}
	for i, item := range a.batch {
		switch item := item.(type) {
		case tick:
			a.h.ticking.Store(false)
			if going {
				a.step(routing.Tick{}, now)
			}
		case audit:
			if going && a.rules != nil {
				a.audit(now)
				going = a.rules != nil
			}
		case explain:
			a.batch[i] = nil // answered once
			a.explain(item, now)
		case targetsAsked:
			a.batch[i] = nil // answered once
			a.targets(item, now)
		case linesAsked:
			a.answerLines(item, now)
		case linesDue:
			told = a.h.lines.published(now)
		case survey:
			a.survey(item)
			a.batch[i] = nil
		case measure:
			a.measure(now)
		case reconfigured:
			if going {
				a.step(routing.Configure{Tenant: a.h.tenant.config()}, now)
			}
		case quit:
			a.quit = true
		case routing.Input:
			if going && !a.h.trouble.isLeftOut(item) {
				a.step(item, now)
			}
		}
	}
	a.batch = nil
	if going {
		a.publish(told)
	}
	a.h.tenant.sys.rt.metrics.figures.matchRound.Observe(time.Since(begun).Seconds())
	if a.quit {
		a.h.lines.stop()
		return end
	}
	a.h.setDeadline(a.deadline())
	return wait
}

// deadline is when the router is to be told that time has passed; zero: never.
func (a *routerActor) deadline() time.Time {
	next := a.h.trouble.deadline()
	if a.rules == nil {
		return next
	}
	if d := a.rules.Deadline(); next.IsZero() || !d.IsZero() && d.Before(next) {
		next = d
	}
	return next
}

func (a *routerActor) step(in routing.Input, now time.Time) {
	if report, ok := in.(routing.SessionIs); ok {
		a.h.note(report)
	}
	a.at = in
	a.out = a.rules.Step(in, now, a.out[:0])
	a.at = nil
	for i, effect := range a.out {
		a.out[i] = nil
		switch e := effect.(type) {
		case routing.Offer:
			a.h.tenant.sys.rt.metrics.decisions.Inc()
			a.order(e.Session, session.Offer{
				Operator: e.Operator, Also: e.Also, Epoch: e.Epoch, Life: e.Life, Number: e.Number,
				Direct: e.Direct, Transfer: e.Transfer, Why: e.Decision, Reachable: e.Reachable,
			})
		case routing.Ask:
			a.h.tenant.tellSession(e.Session.Session, reportAgain{e.Asked})
		case routing.Refuse:
			a.order(e.Session, session.Refuse{Epoch: e.Epoch, Cause: e.Cause})
		case routing.Relax:
			a.order(e.Session, session.Relax{Epoch: e.Epoch, Step: e.Step})
		case routing.Defer:
			a.order(e.Session, session.Defer{Epoch: e.Epoch, Cause: e.Cause})
		case routing.Resume:
			a.order(e.Session, session.Resume{Epoch: e.Epoch})
		case routing.TransferFailed:
			a.order(e.Session, session.TransferFailed{Epoch: e.Epoch, Transfer: e.Transfer, Cause: e.Cause})
		case routing.Picked:
			ref := engine.SessionRef{Tenant: a.h.tenant.id, Session: e.Session}
			a.order(ref, session.Picked{Life: e.Life, Number: e.Request, Err: e.Err})
		case routing.Explained:
			a.explained(e)
		case routing.TargetsAre:
			a.targetsAre(e)
		case routing.PositionIs:
			a.place(e)
		case routing.StatusIs:
			a.h.tenant.departments.set(engine.DepartmentStatus{Department: e.Department, Status: e.Status, OpensAt: e.OpensAt})
		case routing.Show:
			a.h.lines.record(e)
		case routing.RiskIs:
			a.warn(e)
		case routing.LoadIs:
			a.h.tenant.operator(e.Operator).tell(loadIs{used: e.Used, open: e.Open, openCap: e.OpenCap})
		}
	}
}

// order hands a session what the router decided about it.
func (a *routerActor) order(ref engine.SessionRef, in session.Input) {
	a.h.tenant.lookup(ref.Session).tell(order{in})
}

// fail: the next life starts from what sessions and operators report again. Of
// the batch nothing else is missed but the end.
func (a *routerActor) fail(any) {
	a.h.ticking.Store(false)
	a.h.lines.stop() // the batch may have had its linesDue, for which publish would wait for ever
	if a.quit || slices.Contains(a.batch, any(quit{})) {
		a.h.tell(quit{})
	}
	a.unexplained()
	a.panicked(a.h.tenant.sys.cfg.Clock())
}
