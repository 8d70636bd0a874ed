package session_test

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// TestBanEndsWhateverIsUnderWay: in every state a ban ends the session once, in the
// name of who gave it, frees who was asked or served, and asks for no rating.
func TestBanEndsWhateverIsUnderWay(t *testing.T) {
	by := operator("eve")
	for name, begin := range map[string]func(*life){
		"queued": func(l *life) { l.good(visitor, engine.Draft{Op: engine.OpStart, Department: "sales"}) },
		"offered": func(l *life) {
			l.good(visitor, engine.Draft{Op: engine.OpStart, Department: "sales"})
			l.do(session.Offer{Operator: "ada", Epoch: l.s.Row().Epoch, Life: l.life, Number: 1})
		},
		"owned": func(l *life) { l.owned() },
		"both wrote": func(l *life) {
			l.owned()
			l.good(visitor, l.say("hello"))
			l.good(operator("ada"), l.say("hello"))
		},
		"detached": func(l *life) { l.owned(); l.lost("ada") },
		"transfer": func(l *life) {
			l.owned()
			l.good(operator("ada"), engine.Draft{Op: engine.OpTransfer, Plan: toBob()})
			l.transferOffer("bob")
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLife(t)
			begin(l)
			l.do(session.Banned{By: by})
			if s := l.s.State(); s != engine.StateClosing && s != engine.StateClosed {
				t.Fatalf("state %v", s)
			}
			for _, e := range l.log {
				if e.Kind == engine.KindSessionClosing && (e.Cause != engine.CauseBanned || e.Author != by) {
					t.Errorf("closing: cause %v by %v", e.Cause, e.Author)
				}
			}
			if l.count(engine.KindSessionClosing) != 1 || l.count(engine.KindRatingRequested) != 0 || len(l.s.Row().Offers) != 0 || l.s.Row().Service.Transfer != nil {
				t.Errorf("%d ends, %d ratings asked for, row %+v", l.count(engine.KindSessionClosing), l.count(engine.KindRatingRequested), l.s.Row())
			}
			was := len(l.log)
			l.do(session.Banned{By: by})
			if len(l.log) != was {
				t.Error("a ban said again adds entries")
			}
			if f := l.s.Filed(); f.Cause != engine.CauseBanned || f.Department != l.s.Row().Department || f.Ended.IsZero() {
				t.Errorf("filed: %+v", f)
			}
		})
	}
}

// TestBannedMayNot: who is banned may neither begin nor write; what was carried out
// under a key answers as it did; at the end of the ban everything is as before.
func TestBannedMayNot(t *testing.T) {
	l := newLife(t)
	until := l.now.Add(time.Hour)
	ask := func(d engine.Draft) *engine.Error {
		t.Helper()
		d.Request = "r"
		l.do(session.Ask{By: visitor, Draft: d, Banned: until})
		for _, e := range l.effects {
			if r, is := e.(session.Reply); is {
				return r.Answer.Err
			}
		}
		return nil
	}
	banned := func(d engine.Draft) {
		t.Helper()
		if err := ask(d); !engine.ErrBanned.Is(err) || !err.Ends.Equal(until) {
			t.Errorf("%s: got %v", d.Op, err)
		}
	}
	start := engine.Draft{Op: engine.OpStart, Department: "sales", ClientID: "s1"}
	banned(start)
	if len(l.log) > 0 {
		t.Fatal("a start that was refused is logged")
	}
	l.good(visitor, start)
	said := l.say("before")
	l.good(visitor, said)
	if err := ask(start); err != nil {
		t.Errorf("a start repeated: %v", err)
	}
	if err := ask(said); err != nil {
		t.Errorf("a message repeated: %v", err)
	}
	banned(l.say("after"))
	banned(engine.Draft{Op: engine.OpStart, ClientID: "s2"})
	banned(engine.Draft{Op: engine.OpFile, ClientID: "f", File: &engine.File{ID: engine.FileID{1}, Name: engine.BodyOf("a"), Bytes: 1, Media: "image/png"}})
	if err := ask(engine.Draft{Op: engine.OpRedact, ClientID: "x", Target: 3}); err != nil {
		t.Errorf("taking its own words back: %v", err)
	}
	l.do(session.Banned{})
	banned(l.say("when it is over"))
	banned(engine.Draft{Op: engine.OpContinue, ClientID: "c"})
	banned(engine.Draft{Op: engine.OpRate, ClientID: "q", Plan: &engine.Plan{Score: 1}})
	l.advance(time.Hour)
	if err := ask(l.say("late")); !engine.ErrClosed.Is(err) {
		t.Errorf("when the ban is over: got %v", err)
	}
}
