package actors

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

// TestTwoOpenSessionsAreFound: a store that holds two open sessions of one conversation.
// The first goes on, the later one is frozen once two audits have found it.
func TestTwoOpenSessionsAreFound(t *testing.T) {
	inWorld(t, often, func(w *world) {
		w.violates = true
		ada := w.operator("ada")
		first := served(w, ada)
		time.Sleep(time.Second)
		second := served(w, ada)
		w.sys.tenant("demo").known(first.id).tell(stored{life: 1, err: engine.ErrBusy})
		synctest.Wait()
		w.store.mu.Lock()
		one, two := w.store.sessions[w.ref(first.id)], w.store.sessions[w.ref(second.id)]
		two.visitor, two.row.Visitor = one.visitor, one.visitor
		w.store.mu.Unlock()
		again := &world{t: t, store: w.store, tenant: demoTenant(), logs: w.logs, violates: true, n: 1000}
		cfg := Config{Store: w.store, Logger: w.sys.cfg.Logger}
		often(&cfg, nil)
		again.start(cfg)
		defer again.stop()
		back := again.visitor(first.token)
		again.operator("ada")
		time.Sleep(100 * time.Second)
		r := again.sys.Invariants()
		if r.Violations["I8"] != 1 || len(r.Violations) != 1 || len(r.Frozen) != 1 || r.Frozen[0].Session != second.id {
			t.Errorf("invariants: got %+v, want the later one frozen for I8", r)
		}
		w.must(back, back.do(engine.Draft{Op: engine.OpMessage, Session: first.id, Body: engine.BodyOf("still here")}))
	})
}

// TestLostConversation: an open session that its visitor's next start would not find is
// found before that start.
func TestLostConversation(t *testing.T) {
	inWorld(t, often, func(w *world) {
		w.violates = true
		ada := w.operator("ada")
		v, other := served(w, ada), served(w, ada)
		tn := w.sys.tenant("demo")
		visitor := w.inside(v.id).rules.Visitor()
		tn.mu.Lock()
		tn.visitors[visitor].open = nil
		tn.mu.Unlock()
		time.Sleep(100 * time.Second)
		if r := w.sys.Invariants(); r.Violations["I8"] != 1 || len(r.Frozen) != 1 || r.Frozen[0].Session != v.id {
			t.Errorf("invariants: got %+v, want it frozen for I8", r)
		}
		w.must(other, other.say("still here"))
	})
}

// TestUnreadableConversation: nobody can read the session any more, so that its visitor
// starts anew: that is no second session.
func TestUnreadableConversation(t *testing.T) {
	inWorld(t, func(c *Config, tenant *engine.Tenant) {
		c.AuditEvery = 30 * time.Second
		c.IdleAfter = time.Minute
		tenant.Departments[0].QueueGrace = 24 * time.Hour
	}, func(w *world) {
		v := w.visitor("")
		v.start("hello")
		v.seat.Leave()
		time.Sleep(5 * time.Minute)
		w.store.Memory.mu.Lock()
		delete(w.store.sessions, w.ref(v.id))
		w.store.Memory.mu.Unlock()
		w.sys.tenant("demo").known(v.id).create = nil // it rests: as after a restart
		back := w.visitor(v.token)
		_ = back.answer(t, back.do(engine.Draft{Op: engine.OpStart, Body: engine.BodyOf("hello again")}))
		if back.start("and again"); back.id == v.id {
			t.Error("it is the same session")
		}
		time.Sleep(5 * time.Minute)
		if n := w.sys.tenant("demo").openings.all.Len(); n != 1 {
			t.Errorf("conversations with an open session: got %d, want 1", n)
		}
	})
}

// TestEndedConversation: one session after the other, and what moves to another visitor,
// leaves nothing behind.
func TestEndedConversation(t *testing.T) {
	inWorld(t, often, func(w *world) {
		ada := w.operator("ada")
		v := served(w, ada)
		for range 3 {
			w.must(v, v.do(engine.Draft{Op: engine.OpClose}))
			synctest.Wait()
			if n := w.sys.tenant("demo").openings.all.Len(); n != 0 {
				t.Errorf("conversations with an open session: got %d, want 0", n)
			}
			v.start("hello again")
			ada.acceptOffer()
			time.Sleep(time.Minute)
		}
	})
}

// TestUpgradeOntoAnother: a session that becomes a visitor's who has one already is frozen
// before that is stored.
func TestUpgradeOntoAnother(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.violates = true
		v, other := w.visitor(""), w.visitor("")
		v.start("hello")
		other.start("hello")
		from, to := w.inside(v.id).rules.Visitor(), w.inside(other.id).rules.Visitor()
		last := w.store.sessions[w.ref(v.id)].last
		reply := make(chan *engine.Error, 1)
		w.sys.tenant("demo").known(v.id).tell(upgrade{from: from, to: to, reply: reply})
		synctest.Wait()
		if err := <-reply; !engine.ErrBusy.Is(err) {
			t.Errorf("answer: got %v, want busy", err)
		}
		if got := w.store.sessions[w.ref(v.id)]; got.last != last || got.visitor != from {
			t.Errorf("the log ends at %d, of visitor %s; want %d, of %s", got.last, got.visitor, last, from)
		}
		if r := w.sys.Invariants(); r.Violations["I8"] != 1 || len(r.Frozen) != 1 || r.Frozen[0].Session != v.id {
			t.Errorf("invariants: got %+v, want it frozen for I8", r)
		}
		wantFrozen(t, v.answer(t, v.say("hm")))
		w.must(other, other.say("still here"))
	})
}
