package actors

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/engine/session"
)

// doubted are routing rules that find something wrong with themselves.
type doubted struct {
	*routing.Router
	find func() []routing.Finding
	deaf func(engine.SessionID) bool // is not known, whatever was reported
}

func (d doubted) Audit() []routing.Finding { return append(d.Router.Audit(), d.find()...) }

func (d doubted) Knows(id engine.SessionID) bool { return !d.deaf(id) && d.Router.Knows(id) }

// doubt lets the tenant's routers find what find says.
func (w *world) doubt(find func() []routing.Finding, deaf func(engine.SessionID) bool) (routers *atomic.Int64) {
	w.t.Helper()
	routers = &atomic.Int64{}
	router := w.sys.tenant("demo").router
	router.newRules = func() routerRules {
		routers.Add(1)
		return doubted{routing.New(), find, deaf}
	}
	router.tell(routing.Configure{}) // panics: no tenant; the next life has these rules
	synctest.Wait()
	return routers
}

// often lets routers be audited every half minute.
func often(c *Config, _ *engine.Tenant) { c.AuditEvery = 30 * time.Second }

// TestAuditOfSums is I2 live: a router whose sums are wrong begins anew from what all
// report, and serves.
func TestAuditOfSums(t *testing.T) {
	inWorld(t, often, func(w *world) {
		w.violates = true
		ada := w.operator("ada")
		v := served(w, ada)
		var wrong atomic.Bool
		wrong.Store(true)
		routers := w.doubt(func() []routing.Finding {
			if wrong.Swap(false) {
				return []routing.Finding{{Invariant: "I2", Operator: "ada", Detail: "planted"}}
			}
			return nil
		}, func(engine.SessionID) bool { return false })
		before := routers.Load()
		time.Sleep(70 * time.Second)
		if got := routers.Load() - before; got != 1 {
			t.Errorf("new routers: got %d, want 1", got)
		}
		r := w.sys.Invariants()
		if r.Violations["I2"] != 1 || len(r.Frozen) != 0 || r.Audits < 2 || r.LastAudit.IsZero() {
			t.Errorf("invariants: got %+v, want one I2, nobody frozen, two audits", r)
		}
		w.must(v, v.say("still here"))
		served(w, ada)
	})
}

// TestAuditOfSessions: what is found of a session once makes it report again; found
// twice it is frozen, and nobody else.
func TestAuditOfSessions(t *testing.T) {
	for _, test := range []struct {
		name   string
		times  int64
		frozen int
	}{{"once", 1, 0}, {"twice", 2, 1}} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, often, func(w *world) {
				w.violates = true
				ada := w.operator("ada")
				v, other := served(w, ada), served(w, ada)
				var asked atomic.Int64
				w.doubt(func() []routing.Finding {
					if asked.Add(1) > test.times {
						return nil
					}
					return []routing.Finding{{Invariant: "I4", Session: v.id, Epoch: 2, Detail: "planted"}}
				}, func(engine.SessionID) bool { return false })
				time.Sleep(100 * time.Second)
				if r := w.sys.Invariants(); len(r.Frozen) != test.frozen || r.Violations["I4"] != uint64(test.frozen) {
					t.Errorf("invariants: got %+v, want %d frozen", r, test.frozen)
				}
				if test.frozen > 0 {
					wantFrozen(t, v.answer(t, v.say("hm")))
				}
				w.must(other, other.say("still here"))
			})
		})
	}
}

// TestOrphan is I4 live: a session that rests and that no router knows is found.
func TestOrphan(t *testing.T) {
	inWorld(t, func(c *Config, tenant *engine.Tenant) {
		c.IdleAfter = time.Minute
		tenant.Departments[0].QueueGrace = 24 * time.Hour
	}, func(w *world) {
		w.violates = true
		v, other := w.visitor(""), w.visitor("")
		v.start("hello")
		other.start("hello")
		v.seat.Leave()
		other.seat.Leave()
		var deaf atomic.Bool
		w.doubt(func() []routing.Finding { return nil }, func(id engine.SessionID) bool { return deaf.Load() && id == v.id })
		time.Sleep(10 * time.Minute)
		if r := w.sys.Invariants(); len(r.Violations) != 0 {
			t.Fatalf("violations: got %+v, want none", r.Recent)
		}
		deaf.Store(true)
		time.Sleep(15 * time.Minute)
		if r := w.sys.Invariants(); r.Violations["I4"] != 1 || len(r.Frozen) != 1 || r.Frozen[0].Session != v.id {
			t.Errorf("invariants: got %+v, want the one session frozen", r)
		}
	})
}

// TestIntentOfNobody is I9 live: an intent that nobody may have declared raises the alarm.
func TestIntentOfNobody(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.violates = true
		w.operator("ada")
		a := &operatorActor{h: w.sys.tenant("demo").operator("ada"), operatorState: &operatorState{}}
		a.store(engine.IntentInfo{Intent: engine.IntentPaused, Cause: engine.CauseManual, By: "ada"}, intentStored{})
		if r := w.sys.Invariants(); len(r.Violations) != 0 {
			t.Fatalf("violations: got %+v, want none", r.Recent)
		}
		a.store(engine.IntentInfo{Intent: engine.IntentSignedOut, Cause: engine.CauseOperatorLost}, intentStored{})
		if r := w.sys.Invariants(); r.Violations["I9"] != 1 || len(r.Frozen) != 0 {
			t.Errorf("violations: got %+v, want one I9", r.Violations)
		}
		synctest.Wait()
	})
}

// TestForeignSteps is I14 live: what a session's actor has of another's freezes it.
func TestForeignSteps(t *testing.T) {
	ref := engine.SessionRef{Tenant: "demo", Session: engine.SessionID{15: 1}}
	other := engine.SessionRef{Tenant: "other", Session: ref.Session}
	for name, effect := range map[string]session.Effect{
		"an entry": session.Write{Entry: &engine.Entry{Kind: engine.KindSessionStarted, Seq: 1, Session: engine.SessionID{15: 2}}},
		"a row":    session.Report{Row: &engine.Row{Ref: other, State: engine.StateNew}},
	} {
		w := watch{ref: ref}
		if w.effect(effect); w.broken == nil || w.broken.Invariant != "I14" {
			t.Errorf("%s: got %v", name, w.broken)
		}
	}
	w := watch{}
	if w.resume(ref, session.New(other, engine.VisitorID{15: 1}, session.Rules{}), false); w.broken == nil || w.broken.Invariant != "I14" {
		t.Errorf("a log: got %v", w.broken)
	}
}
