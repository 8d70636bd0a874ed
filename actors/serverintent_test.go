package actors

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
)

// A server's word on an operator's intent: it is stored, shown, and done once.
func TestServersSetAnIntent(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		ada := w.operator("ada")
		set := func(id engine.OperatorID, intent engine.Intent, until time.Time, key string) (engine.IntentInfo, error) {
			return w.sys.SetIntent(context.Background(), "demo", id, intent, until, "", key)
		}
		until := time.Now().Add(time.Minute).UTC()
		info, err := set("ada", engine.IntentPaused, until, "k")
		if err != nil || info.Intent != engine.IntentPaused || info.Cause != engine.CauseIntegration || info.By != "" || !info.Revoked.IsZero() {
			t.Fatalf("got %v, %+v", err, info)
		}
		if shown := wantSignal[engine.IntentChanged](t, ada.screen).Intent; shown != info {
			t.Fatalf("shown %+v, want %+v", shown, info)
		}
		ada.good(t, ada.do(engine.Draft{Op: engine.OpIntent, ClientID: "k", Intent: engine.IntentAccepting})) // a key of its own
		if again, err := set("ada", engine.IntentPaused, until, "k"); err != nil || again != info {
			t.Fatalf("again: got %v, %+v", err, again)
		}
		if now := w.operatorInfo("ada"); now.Intent.Intent != engine.IntentAccepting || now.OpenCap == 0 {
			t.Fatalf("a repetition did something: %+v", now)
		}
		for _, test := range []struct {
			id     engine.OperatorID
			intent engine.Intent
			until  time.Time
			want   *engine.Error
		}{
			{"ada", engine.IntentAccepting, time.Time{}, engine.ErrIdemConflict},
			{"ada", engine.IntentSignedOut, time.Time{}, engine.ErrBadRequest},
			{"ada", engine.IntentPaused, time.Now().Add(-time.Second), engine.ErrIdemConflict},
			{"nobody", engine.IntentPaused, time.Time{}, engine.ErrNotFound},
		} {
			if _, err := set(test.id, test.intent, test.until, "k"); !errors.Is(err, test.want) {
				t.Errorf("%s %s: got %v, want %v", test.id, test.intent, err, test.want)
			}
		}
		if _, err := w.sys.SetIntent(context.Background(), "other", "ada", engine.IntentPaused, until, "", "k"); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("another tenant: got %v", err)
		}
	})
}

// A pause that would be over at once is refused, not taken as one for ever; its key
// may be used again, and a repetition of a pause that is over is answered as it was.
func TestPauseUntilThen(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		ada := w.operator("ada")
		for _, until := range []time.Time{time.Now().Add(-time.Hour), time.Now()} {
			a := ada.answer(t, ada.do(engine.Draft{Op: engine.OpIntent, ClientID: "a", Intent: engine.IntentPaused, Until: until}))
			if !errors.Is(a.Err, engine.ErrBadRequest) || len(a.Err.Fields) != 1 || a.Err.Fields[0] != "until" {
				t.Errorf("until %s: got %v", until, a.Err)
			}
			if _, err := w.sys.SetIntent(context.Background(), "demo", "ada", engine.IntentPaused, until, "", "k"); !errors.Is(err, engine.ErrBadRequest) {
				t.Errorf("a server, until %s: got %v", until, err)
			}
		}
		if now := w.operatorInfo("ada"); now.Intent.Intent != engine.IntentAccepting {
			t.Fatalf("got %+v", now)
		}
		pause := engine.Draft{Op: engine.OpIntent, ClientID: "a", Intent: engine.IntentPaused, Until: time.Now().Add(time.Minute)}
		ada.good(t, ada.do(pause))
		time.Sleep(2 * time.Minute) // of this bubble
		ada.good(t, ada.do(pause))
		if now := w.operatorInfo("ada"); now.Intent.Intent != engine.IntentAccepting {
			t.Fatalf("the pause is over, and it is %+v", now)
		}
	})
}

// A tenant hears of its own violations only.
func TestInvariantsOfATenant(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		w.violates = true
		w.sys.alarm.tell(Violated{Tenant: "demo", Invariant: "I2", Detail: "x"}, nil)
		w.sys.alarm.tell(Violated{Tenant: "other", Invariant: "I4", Detail: "y"}, nil)
		if r := w.sys.InvariantsOf("demo"); len(r.Violations) != 1 || r.Violations["I2"] != 1 || len(r.Recent) != 1 || r.Recent[0].Tenant != "demo" {
			t.Errorf("got %+v", r)
		}
		if r := w.sys.Invariants(); len(r.Violations) != 2 || len(r.Recent) != 2 {
			t.Errorf("of all: got %+v", r)
		}
	})
}
