package session_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// shop is a tenant of one department, whose people have skills.
func shop(change func(*engine.Department)) session.Rules {
	t := &engine.Tenant{
		ID: "demo", Departments: []engine.Department{{ID: "support", WrapUp: time.Minute}, {ID: "sales"}},
		Operators: []engine.Operator{{ID: "ada", Skills: map[string]int{"lang:fr": 4, "billing": 1}}, {ID: "bob"}},
	}
	if change != nil {
		change(&t.Departments[0])
	}
	t.EnsureDefaults()
	own := rules
	own.Department, own.Operator = t.Department, t.Operator
	return own
}

func (l *life) in(own session.Rules) *life {
	l.s = session.New(ref, l.own, own)
	return l
}

// briefs are what operators were told of the offers that the last step made.
func (l *life) briefs() map[engine.OperatorID]*engine.Brief {
	all := map[engine.OperatorID]*engine.Brief{}
	for _, e := range l.effects {
		if n, is := e.(session.Notify); is && n.Note == session.Offered {
			all[n.Operator] = n.Brief
		}
	}
	return all
}

// An offer's operator is told what the router went by, who the visitor says or has
// proven it is, and nothing else of what is held about it.
func TestAnOfferSaysWhatItIsAbout(t *testing.T) {
	l := newLife(t).in(shop(nil))
	l.do(session.Present{On: true})
	l.do(session.Ask{By: visitor, Verified: true, Draft: engine.Draft{Op: engine.OpStart, Department: "support", Request: "r", ClientID: "s"}})
	l.do(session.Ask{By: visitor, Draft: engine.Draft{
		Op: engine.OpIdentify, Request: "r", ClientID: "i", Identity: set(engine.BasisConsent, "name", "Grete", "email", "grete@example.org"),
	}})
	l.now = l.now.Add(90 * time.Second)
	l.number++
	why := &engine.Decision{
		Department: "support", Also: []engine.DepartmentID{"sales"}, Step: 1, Rule: "tier",
		Needs: []engine.Need{{Skill: "billing", Level: 3}, {Skill: "lang:fr", Level: 2}},
	}
	l.do(session.Offer{Operator: "ada", Also: []engine.OperatorID{"bob"}, Epoch: 1, Life: l.life, Number: l.number, Why: why})
	all := l.briefs()
	ada, bob := all["ada"], all["bob"]
	if ada == nil || bob == nil {
		t.Fatalf("told: %v", all)
	}
	if ada.Waited != 90*time.Second || !ada.Verified || string(ada.Name.Reveal()) != "Grete" || ada.Parallel != 2 || ada.Rule != "tier" || ada.Step != 1 {
		t.Errorf("got %+v, named %q", ada, ada.Name.Reveal())
	}
	if want := []engine.Need{{Skill: "lang:fr", Level: 2}}; !slices.Equal(ada.Met, want) || len(bob.Met) != 0 {
		t.Errorf("skills met: ada %v, want %v; bob %v, want none", ada.Met, want, bob.Met)
	}
	if want := []engine.DepartmentID{"support", "sales"}; !slices.Equal(ada.Reach, want) {
		t.Errorf("reach: got %v, want %v", ada.Reach, want)
	}
	if len(why.Needs) != 2 {
		t.Errorf("the decision was changed: %v", why.Needs)
	}
}

// Verified is whoever started with a proof, or proved it later; a rebuilt session knows.
func TestVerifiedIsWhoHasProvenIt(t *testing.T) {
	for name, c := range map[string]struct {
		started, proves, want bool
	}{"anonymous": {false, false, false}, "signed": {true, false, true}, "later": {false, true, true}} {
		l := newLife(t).in(shop(nil))
		l.do(session.Present{On: true})
		l.do(session.Ask{By: visitor, Verified: c.started, Draft: engine.Draft{Op: engine.OpStart, Request: "r", ClientID: "s"}})
		if c.proves {
			l.do(session.Upgrade{From: l.own, To: engine.VisitorID{15: 9}})
		}
		l.offer("ada")
		if got := l.briefs()["ada"]; got == nil || got.Verified != c.want || l.s.Row().Service.Verified != c.want {
			t.Errorf("%s: got %+v, want verified %v", name, got, c.want)
		}
	}
}

// Who has no connection and is woken by a push has longer; the others do not.
func TestWhoIsWokenHasLonger(t *testing.T) {
	l := newLife(t).in(shop(func(d *engine.Department) { d.OfferTimeout, d.PushTimeout = 10*time.Second, time.Minute }))
	l.begin("support")
	l.number++
	l.do(session.Offer{Operator: "ada", Also: []engine.OperatorID{"bob"}, Reachable: []engine.OperatorID{"bob"}, Epoch: 1, Life: l.life, Number: l.number})
	for _, o := range l.s.Row().Offers {
		want := 10 * time.Second
		if o.Operator == "bob" {
			want = time.Minute
		}
		if got := o.Deadline.Sub(l.now); got != want {
			t.Errorf("%s has %v, want %v", o.Operator, got, want)
		}
	}
	l.advance(11 * time.Second)
	if offers := l.s.Row().Offers; len(offers) != 1 || offers[0].Operator != "bob" {
		t.Errorf("after ada's time: %v", offers)
	}
	l.advance(time.Minute)
	if row := l.s.Row(); row.State != engine.StateQueued || len(row.Offers) != 0 {
		t.Errorf("after bob's: %v, declined by %v", row.State, row.Declines)
	}
}

// A department's list says what a session may be closed with; without one any code does.
func TestCloseReasons(t *testing.T) {
	for _, c := range []struct {
		list []string
		code string
		good bool
	}{
		{nil, "", true},
		{nil, "solved", true},
		{nil, "Not A Code", false},
		{[]string{"solved", "spam"}, "spam", true},
		{[]string{"solved", "spam"}, "", true},
		{[]string{"solved", "spam"}, "other", false},
	} {
		l := newLife(t).in(shop(func(d *engine.Department) { d.CloseReasons = c.list }))
		l.owned()
		a := l.answer(operator("ada"), 0, engine.Draft{Op: engine.OpClose, ClientID: "c", Plan: &engine.Plan{Reason: c.code}})
		if (a.Err == nil) != c.good || !c.good && (!errors.Is(a.Err, engine.ErrBadRequest) || !slices.Equal(a.Err.Fields, []string{"reason_code"})) {
			t.Errorf("%q of %v: got %v", c.code, c.list, a.Err)
		}
		if got := l.s.State() == engine.StateClosing; got != c.good {
			t.Errorf("%q of %v: %v", c.code, c.list, l.s.State())
		}
	}
}

// The closing entry says all that was said of the end, and who wants no time for notes
// gets none.
func TestTheEndIsFiled(t *testing.T) {
	off, on := false, true
	for _, c := range []struct {
		wrapUp *bool
		want   engine.State
	}{{nil, engine.StateClosing}, {&on, engine.StateClosing}, {&off, engine.StateClosed}} {
		l := newLife(t).in(shop(nil))
		l.owned()
		later := l.now.Add(time.Hour).UTC()
		plan := &engine.Plan{Reason: "solved", Tags: []string{"vip"}, FollowUp: later, WrapUp: c.wrapUp}
		draft := engine.Draft{Op: engine.OpClose, ClientID: "c", Plan: plan}
		first := l.good(operator("ada"), draft)
		var facts engine.Facts
		for _, e := range l.log {
			if e.Kind == engine.KindSessionClosing {
				if err := json.Unmarshal(e.Body.Reveal(), &facts); err != nil {
					t.Fatal(err)
				}
			}
		}
		said := func(b *bool) string {
			return map[bool]string{true: "nothing"}[b == nil] + map[bool]string{true: "yes"}[b != nil && *b]
		}
		if facts.Reason != "solved" || !slices.Equal(facts.Tags, []string{"vip"}) || facts.FollowUp == nil || !facts.FollowUp.Equal(later) || said(facts.WrapUp) != said(c.wrapUp) {
			t.Errorf("got %+v", facts)
		}
		if l.s.State() != c.want {
			t.Errorf("wrap-up %q: got %v, want %v", said(c.wrapUp), l.s.State(), c.want)
		}
		if again := l.good(operator("ada"), draft); again.Seq != first.Seq {
			t.Errorf("again: got %d, want %d", again.Seq, first.Seq)
		}
		draft.Plan = &engine.Plan{Reason: "spam"}
		if a := l.answer(operator("ada"), 0, draft); !errors.Is(a.Err, engine.ErrIdemConflict) {
			t.Errorf("another end by one key: got %v", a.Err)
		}
	}
}
