package actors

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/invariant"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/transport"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"
)

// breach plants a breach of an invariant into a running system, behind the back of what
// keeps it, and lets somebody step on it. It answers the session that is to be frozen;
// zero: the invariant is of no session.
type breach func(w *world, ada, v *person) engine.SessionID

// inside is the actor of a session, between two turns of a new life of it.
func (w *world) inside(id engine.SessionID) *sessionActor {
	w.t.Helper()
	h := w.sys.tenant("demo").known(id)
	var a *sessionActor
	h.birth = func() owner { a = newSessionActor(h); return a }
	h.tell(attach{}) // of nobody: that ends its life
	synctest.Wait()
	if a == nil || a.rules == nil {
		w.t.Fatal("the session has no new life")
	}
	return a
}

// wrongFacts plants routing facts that the rules did not make, and lets them be reported.
func wrongFacts(change func(before, now *engine.Row)) breach {
	return func(w *world, _, v *person) engine.SessionID {
		a := w.inside(v.id)
		before := a.rules.Row()
		a.watch.before = &before
		change(&before, a.rules.Facts())
		a.h.tell(reportAgain{})
		return v.id
	}
}

// wrongLog plants that the session's entries were others, and lets it be written to.
func wrongLog(before func(a *sessionActor) invariant.Log) breach {
	return func(w *world, _, v *person) engine.SessionID {
		a := w.inside(v.id)
		a.watch.log = before(a)
		w.say(v)
		return v.id
	}
}

func (w *world) say(p *person) { w.t.Helper(); p.answer(w.t, p.say("is anybody there?")) }

func nobodys(*world, *person, *person) (none engine.SessionID) { return none }

// breaches are one or more of each invariant.
func breaches() map[string]breach {
	later := func() time.Time { return time.Now().Add(time.Hour) }
	offers := func(n int) (all []engine.LiveOffer) {
		for i := range n {
			all = append(all, engine.LiveOffer{Operator: "grace", Offer: engine.Offer{ID: engine.Seq(i + 1), Deadline: later()}})
		}
		return all
	}
	return map[string]breach{
		"I1 two owners": wrongFacts(func(_, now *engine.Row) { now.Owner = "grace" }),
		"I2 more offers than there may be": wrongFacts(func(_, now *engine.Row) {
			now.Offers, now.Service.Transfer = offers(engine.MaxParallel+1), &engine.Transfer{Until: later()}
		}),
		"I3 a message after the end": wrongLog(func(a *sessionActor) invariant.Log {
			row := a.rules.Row()
			row.State = engine.StateClosing
			return invariant.Resume(&row, a.rules.Last(), row.PrevAll)
		}),
		"I3 reopened":      wrongFacts(func(before, _ *engine.Row) { before.State = engine.StateClosing }),
		"I4 owned by none": wrongFacts(func(_, now *engine.Row) { now.Owner = "" }),
		"I5 nobody looks":  nobodys,
		"I6 an age that is reset": wrongFacts(func(before, now *engine.Row) {
			before.Service.Handed = true
			now.FirstQueued = later()
		}),
		"I7 owned by who is gone": func(w *world, _, v *person) engine.SessionID {
			w.sys.tenant("demo").router.tell(routing.OperatorIs{Operator: "ada"})
			return v.id
		},
		"I8 a second session": func(w *world, _, v *person) engine.SessionID {
			t := w.sys.tenant("demo")
			visitor := w.inside(v.id).rules.Visitor()
			t.mu.Lock()
			t.visitors[visitor].open = nil
			t.mu.Unlock()
			wantFrozen(w.t, v.answer(w.t, v.do(engine.Draft{Op: engine.OpStart, Body: engine.BodyOf("again")})))
			t.mu.Lock()
			defer t.mu.Unlock()
			return t.visitors[visitor].open.ref.Session
		},
		"I9 an intent of nobody's": func(w *world, _, _ *person) (none engine.SessionID) {
			a := &operatorActor{h: w.sys.tenant("demo").operator("grace"), operatorState: &operatorState{}}
			a.store(engine.IntentInfo{Intent: engine.IntentSignedOut, Cause: engine.CauseOperatorLost}, intentStored{})
			return none
		},
		"I10 a token for something else": staleToken,
		"I10 operators' frames to the visitor": func(w *world, _, v *person) engine.SessionID {
			v.seat.(*seat).reader = engine.VisibleToOperators
			w.inside(v.id) // its connections are seated again
			return v.id
		},
		"I11 a gap": wrongLog(func(*sessionActor) invariant.Log { return invariant.Log{} }),
		"I12 a load after the end": wrongFacts(func(_, now *engine.Row) {
			now.State, now.CloseBy, now.Offers = engine.StateClosing, later(), offers(1)
		}),
		"I13 a grace that grows": func(w *world, ada, v *person) engine.SessionID {
			ada.seat.Leave()
			synctest.Wait()
			return wrongFacts(func(_, now *engine.Row) { now.Service.GraceBy = later() })(w, ada, v)
		},
		"I14 another tenant's":  wrongFacts(func(_, now *engine.Row) { now.Ref.Tenant = "other" }),
		"I15 what may not stay": wrongFacts(func(_, now *engine.Row) { now.LastActivity = time.Now() }),
	}
}

// staleToken plants that a connection counts as good for a department that its token
// does not name.
func staleToken(w *world, ada, v *person) engine.SessionID {
	misled(w, ada, w.inside(v.id))
	for range spotDistance {
		w.say(v)
	}
	ada.mu.Lock()
	defer ada.mu.Unlock()
	if !slices.Equal(ada.closed, []engine.Reason{engine.ReasonFailed}) {
		w.t.Errorf("the connection was closed with %v, want once because of a failure", ada.closed)
	}
	return v.id
}

// TestEveryLiveCheckBites: whichever invariant is broken in a running system, it is
// counted, the one session is frozen, and others go on.
func TestEveryLiveCheckBites(t *testing.T) {
	bitten := map[string]bool{}
	for name, plant := range breaches() {
		number, _, _ := strings.Cut(name, " ")
		bitten[number] = true
		t.Run(name, func(t *testing.T) { bites(t, number, plant) })
	}
	if len(bitten) != 15 {
		t.Errorf("invariants that were broken: got %v, want I1 to I15", slices.Sorted(maps.Keys(bitten)))
	}
}

func bites(t *testing.T, number string, plant breach) {
	registry := prometheus.NewRegistry()
	change := func(c *Config, tenant *engine.Tenant) {
		c.Registerer, c.AuditEvery = registry, 30*time.Second
		tenant.Transcripts = number != "I15"
		tenant.Departments[0].OperatorGrace = 10 * time.Minute
	}
	inWorld(t, change, func(w *world) {
		w.violates = true
		ada := w.operator("ada")
		v := served(w, ada)
		other := served(w, w.operator("grace"))
		if number == "I5" {
			once := true
			w.doubt(func() []routing.Finding {
				if !once {
					return nil
				}
				once = false
				return []routing.Finding{{Invariant: "I5", Operator: "ada", Detail: "planted"}}
			}, func(engine.SessionID) bool { return false })
		}
		if r := w.sys.Invariants(); len(r.Violations) > 0 {
			t.Fatalf("before: got %+v, want no violation", r)
		}
		want := plant(w, ada, v)
		time.Sleep(100 * time.Second) // three audits
		synctest.Wait()
		w.wantBitten(registry, number, want)
		w.must(other, other.say("still here"))
		if !want.IsZero() {
			wantFrozen(t, v.answer(t, v.do(engine.Draft{Op: engine.OpMessage, Session: want, Body: engine.BodyOf("hm")})))
		}
		if want != v.id {
			w.must(v, v.say("still here"))
		}
	})
}

// wantBitten compares what the system says of itself, by each of its ways.
func (w *world) wantBitten(registry *prometheus.Registry, number string, session engine.SessionID) {
	w.t.Helper()
	ops := transport.NewOps(transport.OpsOptions{Invariants: w.sys.Invariants, Gatherer: registry})
	ctx := &fasthttp.RequestCtx{}
	ctx.Request.SetRequestURI("/admin/invariants")
	ops.Handler()(ctx)
	var page struct {
		Violations map[string]int
		Frozen     []struct{ Tenant, SID, Invariant, Ref string }
	}
	if err := json.Unmarshal(ctx.Response.Body(), &page); err != nil {
		w.t.Fatal(err)
	}
	if len(page.Violations) != 1 || page.Violations[number] == 0 {
		w.t.Errorf("violations: got %v, want of %s alone: %+v", page.Violations, number, w.sys.Invariants().Recent)
	}
	families, err := registry.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "parley_invariant_violations_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			if label := m.GetLabel()[0].GetValue(); int(m.GetCounter().GetValue()) != page.Violations[label] {
				w.t.Errorf("counter of %s: got %v, want %d", label, m.GetCounter().GetValue(), page.Violations[label])
			}
		}
	}
	switch {
	case session.IsZero() && len(page.Frozen) != 0:
		w.t.Errorf("frozen: got %v, want none", page.Frozen)
	case session.IsZero():
	case len(page.Frozen) != 1 || page.Frozen[0].SID != session.String() || page.Frozen[0].Invariant != number || page.Frozen[0].Ref == "":
		w.t.Errorf("frozen: got %v, want %s alone, for %s", page.Frozen, session, number)
	}
}
