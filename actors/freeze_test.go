package actors

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/invariant"
)

// served is a chat between a new visitor and an operator, with one message each.
func served(w *world, who *person) *person {
	w.t.Helper()
	v := w.visitor("")
	v.start("hello")
	who.acceptOffer()
	w.must(who, who.say("good day"))
	return v
}

func (w *world) must(p *person, request string) { w.t.Helper(); p.good(w.t, request) }

func (w *world) ref(id engine.SessionID) engine.SessionRef {
	return engine.SessionRef{Tenant: w.tenant.ID, Session: id}
}

func wantFrozen(t *testing.T, a engine.Answer) {
	t.Helper()
	if !engine.ErrInternal.Is(a.Err) || !strings.Contains(a.Err.Message, "ref ") {
		t.Errorf("answer: got %v, want internal with a ref", a.Err)
	}
}

// TestFrozen is I1-I15 as a live feature: one session breaks an invariant; it takes
// nothing more, it can be read, its operator has its slot back, and others go on.
func TestFrozen(t *testing.T) {
	var told []*invariant.Violation
	change := func(c *Config, tenant *engine.Tenant) {
		c.OnViolation = func(v *invariant.Violation) { told = append(told, v) }
		tenant.Operators = []engine.Operator{{ID: "ada", Capacity: 1}}
	}
	inWorld(t, change, func(w *world) {
		w.violates = true
		ada := w.operator("ada")
		bad := served(w, ada)
		h := w.sys.tenant("demo").known(bad.id)
		h.tell(freeze{&invariant.Violation{Invariant: "I3", Session: bad.id, Detail: "planted"}})
		synctest.Wait()
		wantFrozen(t, bad.answer(t, bad.say("is anybody there?")))
		wantFrozen(t, ada.answer(t, ada.say("yes")))
		if len(told) != 1 || told[0].Invariant != "I3" {
			t.Fatalf("the host was told %v, want one I3", told)
		}
		r := w.sys.Invariants()
		if r.Violations["I3"] != 1 || len(r.Frozen) != 1 || r.Frozen[0].Session != bad.id || r.Frozen[0].Ref == "" {
			t.Errorf("invariants: got %+v", r)
		}
		if !strings.Contains(w.logs.String(), "an invariant is broken") {
			t.Error("the log has no alarm")
		}
		again := w.visitor(bad.token, engine.Have{Session: bad.id})
		if got := again.texts(); len(got) != 2 {
			t.Errorf("a frozen session is read: got %v, want both messages", got)
		}
		good := served(w, ada) // has the slot that the frozen one had
		w.must(good, good.say("thanks"))
		time.Sleep(time.Hour) // no deadline acts on it
		if info, err := w.sys.SessionInfo(w.t.Context(), w.ref(bad.id)); err != nil || info.State != engine.StateActive {
			t.Errorf("frozen session: got %v, %v, want active as it was", info.State, err)
		}
	})
}

// TestUnfreeze: a session lives again from its log.
func TestUnfreeze(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.violates = true
		ada := w.operator("ada")
		v := served(w, ada)
		w.sys.tenant("demo").known(v.id).tell(freeze{&invariant.Violation{Invariant: "I3", Detail: "planted"}})
		wantFrozen(t, v.answer(t, v.say("one")))
		if err := w.sys.Unfreeze(w.ref(v.id)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		w.must(v, v.say("two"))
		w.must(ada, ada.do(engine.Draft{Op: engine.OpMessage, Session: v.id, Body: engine.BodyOf("three")}))
		equal(t, "what the visitor sees", v.texts(), []string{"hello", "good day", "two", "three"})
		if err := w.sys.Unfreeze(w.ref(v.id)); err != engine.ErrNotFound {
			t.Errorf("unfreeze again: got %v, want not_found", err)
		}
		if n := len(w.sys.Invariants().Frozen); n != 0 {
			t.Errorf("frozen: got %d, want 0", n)
		}
	})
}

// TestBrokenStep: the step that breaks an invariant leaves nothing in the log, and
// whoever asked for it is told so.
func TestBrokenStep(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.violates = true
		ada := w.operator("ada")
		v := served(w, ada)
		ref := w.ref(v.id)
		w.store.mu.Lock()
		kept := w.store.sessions[ref]
		w.store.mu.Unlock()
		kept.row.FirstQueued = time.Time{} // as a fault would leave it: no state of its own is wrong
		before := kept.last
		w.sys.tenant("demo").known(v.id).tell(stored{life: 1, err: engine.ErrBusy}) // the next life reads that
		synctest.Wait()
		w.must(v, v.say("hm"))
		if r := w.sys.Invariants(); len(r.Violations) != 0 {
			t.Fatalf("violations: got %v, want none yet", r.Violations)
		}
		wantFrozen(t, ada.answer(t, ada.do(engine.Draft{Op: engine.OpRelease, Session: v.id, Plan: &engine.Plan{}})))
		if r := w.sys.Invariants(); r.Violations["I6"] != 1 {
			t.Errorf("violations: got %v, want one of I6", r.Violations)
		}
		if kept.last != before+1 {
			t.Errorf("the log ends at %d, want %d: the message alone", kept.last, before+1)
		}
		equal(t, "what the visitor sees", v.texts(), []string{"hello", "good day", "hm"})
	})
}

// TestBrokenRow: what is stored breaks an invariant by itself.
func TestBrokenRow(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.violates = true
		ada := w.operator("ada")
		v := served(w, ada)
		w.store.mu.Lock()
		kept := w.store.sessions[w.ref(v.id)]
		w.store.mu.Unlock()
		kept.row.Owner = ""
		for range 2 {
			w.sys.tenant("demo").known(v.id).tell(stored{life: 1, err: engine.ErrBusy})
			synctest.Wait()
			wantFrozen(t, v.answer(t, v.say("hm")))
			if r := w.sys.Invariants(); r.Violations["I4"] == 0 || len(r.Frozen) != 1 {
				t.Errorf("invariants: got %+v, want it frozen for I4", r)
			}
			if err := w.sys.Unfreeze(w.ref(v.id)); err != nil { // finds the same again
				t.Fatal(err)
			}
			synctest.Wait()
		}
	})
}

// TestFrozenVisitor: what a visitor is and what is held about it is read of a frozen
// session as of any other.
func TestFrozenVisitor(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.violates = true
		ada := w.operator("ada")
		v := served(w, ada)
		if a := v.identify(change(engine.BasisContract, "name", "Vera")); a.Err != nil {
			t.Fatal(a.Err)
		}
		tn := w.sys.tenant("demo")
		visitor := w.inside(v.id).rules.Visitor()
		tn.known(v.id).tell(freeze{&invariant.Violation{Invariant: "I3", Session: v.id, Detail: "planted"}})
		synctest.Wait()
		info, err := w.sys.Visitor(context.Background(), "demo", visitor, nil)
		if err != nil || info.Session != v.id || !slices.Equal(listed(info.Identity), []string{"name=Vera"}) {
			t.Errorf("got %+v, %v, want its session and its name", info, err)
		}
		if got := listed(ada.good(t, ada.do(engine.Draft{Op: engine.OpIdentity, Session: v.id})).Held); len(got) != 1 {
			t.Errorf("its operator reads %v, want the name", got)
		}
		grace := w.operator("grace")
		if got := grace.answer(t, grace.do(engine.Draft{Op: engine.OpIdentity, Session: v.id})); !engine.ErrNotFound.Is(got.Err) || got.Held != nil {
			t.Errorf("who takes no part reads %v, %v, want not_found", got.Held, got.Err)
		}
		wantFrozen(t, v.answer(t, v.say("hm")))
	})
}
