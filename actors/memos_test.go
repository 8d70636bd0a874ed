package actors

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

func (p *person) intend(key string, intent engine.Intent) engine.Answer {
	p.w.t.Helper()
	return p.answer(p.w.t, p.do(engine.Draft{Op: engine.OpIntent, ClientID: key, Intent: intent}))
}

func (w *world) wantIntent(operator engine.OperatorID, want engine.Intent) {
	w.t.Helper()
	info, err := w.sys.OperatorInfo(context.Background(), "demo", operator)
	if err != nil || info.Intent.Intent != want {
		w.t.Errorf("intent: got %v, error %v, want %v", info.Intent.Intent, err, want)
	}
}

// An intent that is repeated late, over a restart, is answered as the first time
// and does not undo what was chosen since.
func TestIntentRepeated(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ada := w.operator("ada")
		first := ada.intend("k1", engine.IntentPaused)
		time.Sleep(time.Second)
		ada.intend("k2", engine.IntentAccepting)
		for _, restart := range []bool{false, true} {
			if restart {
				w.restart()
				ada = w.operator("ada")
			}
			if again := ada.intend("k1", engine.IntentPaused); again.Err != nil || *again.Intent != *first.Intent {
				t.Errorf("restart %v: got %v, %+v, want the first answer %+v", restart, again.Err, again.Intent, first.Intent)
			}
			w.wantIntent("ada", engine.IntentAccepting)
			w.wantConflict("another intent", ada.intend("k1", engine.IntentSignedOut))
			w.wantIntent("ada", engine.IntentAccepting)
		}
		if grace := w.operator("grace").intend("k1", engine.IntentAccepting); grace.Err != nil {
			t.Errorf("another operator's key: got %v", grace.Err)
		}
		time.Sleep(engine.KeysFor)
		if late := ada.intend("k1", engine.IntentPaused); late.Err != nil || !late.Intent.At.After(first.Intent.At) {
			t.Errorf("past its time: got %v, %+v", late.Err, late.Intent)
		}
		w.wantIntent("ada", engine.IntentPaused)
	})
}

// Two repetitions that come before the first is stored get its answer, and store
// nothing; one that could not be stored may be tried again.
func TestIntentRepeatedWhileItIsStored(t *testing.T) {
	stores := 0
	var finish func(error)
	inWorld(t, func(c *Config, _ *engine.Tenant) {
		c.Store = &heldIntents{c.Store.(*fakeStore), func(done func(error)) { stores++; finish = done }}
	}, func(w *world) {
		ada := &person{screen: newScreen(), w: w}
		at := engine.Attendance{Request: "hi", Tenant: w.tenant, Principal: engine.Principal{Operator: "ada"}}
		seat, err := w.sys.Attend(context.Background(), at, ada.screen)
		if err != nil {
			t.Fatal(err)
		}
		ada.seat = seat
		ask := func() string {
			return ada.do(engine.Draft{Op: engine.OpIntent, ClientID: "k", Intent: engine.IntentPaused})
		}
		for _, failing := range []error{errors.New("planted"), nil} {
			a, b := ask(), ask()
			synctest.Wait()
			finish(failing)
			if one, two := ada.answer(t, a), ada.answer(t, b); (one.Err == nil) != (failing == nil) || (two.Err == nil) != (failing == nil) || failing == nil && *one.Intent != *two.Intent {
				t.Errorf("failing %v: got %v %+v and %v %+v", failing, one.Err, one.Intent, two.Err, two.Intent)
			}
		}
		if stores != 2 {
			t.Errorf("stored %d times, want 2", stores)
		}
	})
}

// heldIntents keeps intents from being stored until the test says so.
type heldIntents struct {
	*fakeStore
	hold func(done func(error))
}

func (s *heldIntents) PutIntent(_ engine.TenantID, _ engine.OperatorID, _ engine.IntentInfo, _ *engine.Memo, done func(error)) {
	s.hold(done)
}

// A sign-out that is repeated after a restart, and after the operator is back, is
// answered as the first time and signs nobody out.
func TestSignOutRepeatedAfterARestart(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.operator("ada")
		first, err := w.sys.Revoke(context.Background(), "demo", "ada", "k")
		if err != nil {
			t.Fatal(err)
		}
		w.restart()
		time.Sleep(2 * time.Second)
		p := &person{screen: newScreen(), w: w}
		at := engine.Attendance{Request: "hi", Tenant: w.tenant, Principal: engine.Principal{Operator: "ada", Issued: time.Now()}, Intent: engine.IntentAccepting}
		if p.seat, err = w.sys.Attend(context.Background(), at, p.screen); err != nil {
			t.Fatal(err)
		}
		again, err := w.sys.Revoke(context.Background(), "demo", "ada", "k")
		if err != nil || again != first {
			t.Errorf("got %+v, error %v, want %+v", again, err, first)
		}
		if reasons := p.reasons(); len(reasons) > 0 {
			t.Errorf("the connection was closed: %v", reasons)
		}
		w.wantIntent("ada", engine.IntentAccepting)
	})
}

// What is remembered of an operator's keys is bounded.
func TestMemosAreBounded(t *testing.T) {
	o := &operatorState{}
	begun := time.Now()
	for i := range memosKept + 100 {
		tag := engine.Tag{byte(i), byte(i >> 8), 1}
		o.done.remember(tag, &act[engine.IntentInfo]{at: begun.Add(time.Duration(i)), stored: true}, begun)
	}
	if _, kept := o.done[engine.Tag{99, 0, 1}]; len(o.done) != memosKept || kept {
		t.Errorf("got %d, the hundredth kept: %v", len(o.done), kept)
	}
}

// An act that the store has not answered yet is not let go of, however old it is.
func TestUnstoredActsStay(t *testing.T) {
	var all acts[engine.Ban]
	begun := time.Now()
	under := engine.Tag{1}
	all.remember(under, &act[engine.Ban]{at: begun}, begun)
	for i := range memosKept + 100 {
		at := begun.Add(engine.KeysFor + time.Duration(i))
		all.remember(engine.Tag{byte(i), byte(i >> 8), 1}, &act[engine.Ban]{at: at, stored: true}, at)
	}
	if all[under] == nil || len(all) != memosKept {
		t.Errorf("got %d, the one under way kept: %v", len(all), all[under] != nil)
	}
}
