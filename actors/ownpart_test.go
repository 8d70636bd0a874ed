package actors

import (
	"errors"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"pgregory.net/rapid"
)

// Who was asked, or is named, learns why for its own part; who is not is answered as if
// there were no such session.
func TestWhoWasAskedMayAskWhy(t *testing.T) {
	change := func(c *Config, tenant *engine.Tenant) {
		noSilence(c, tenant)
		tenant.Departments[0].Parallel = 2
		tenant.Operators = []engine.Operator{{ID: "ada", Capacity: 3}, {ID: "grace", Capacity: 3}, {ID: "hedy", Capacity: 3}, {ID: "joan", Capacity: 3}}
	}
	inWorld(t, change, func(w *world) {
		people := map[engine.OperatorID]*person{"ada": w.operator("ada"), "grace": w.operator("grace"), "hedy": w.operator("hedy")}
		v := w.visitor("")
		v.start("hello")
		joan := w.operator("joan") // was not there: nobody names her
		var asked []engine.OperatorID
		var rest engine.OperatorID
		for id, p := range people {
			if p.offers() == 1 {
				asked = append(asked, id)
			} else {
				rest = id
			}
		}
		if len(asked) != 2 {
			t.Fatalf("asked: %v", asked)
		}
		owner, loser := people[asked[0]], people[asked[1]]
		owner.acceptOffer()
		ask := func(p *person, d engine.Draft) engine.Answer {
			d.Op, d.Session = engine.OpExplain, v.id
			return p.answer(t, p.do(d))
		}
		whole := ask(owner, engine.Draft{}).Decisions
		if whole == nil || len(whole.Last) != 2 || whole.Last[0].Decision.Winner.Operator == "" || len(whole.Last[0].Decision.Next) != 2 {
			t.Fatalf("the owner gets %+v", whole)
		}
		for _, id := range []engine.OperatorID{asked[1], rest} {
			a := ask(people[id], engine.Draft{For: id})
			if a.Err != nil || a.Decisions.Why == nil || a.Decisions.Why.Operator != id {
				t.Fatalf("%s asks: %v, %+v", id, a.Err, a.Decisions)
			}
			for _, d := range a.Decisions.Last {
				wantOwnPart(t, d, id)
			}
		}
		if a := ask(loser, engine.Draft{}); len(a.Decisions.Last) != 2 || a.Decisions.Last[0].Operator != "" && a.Decisions.Last[1].Operator != "" {
			t.Errorf("who was asked too: got %+v", a.Decisions.Last)
		}
		narrow := w.attendAs(asked[1], []engine.Role{engine.RoleOperator}, "support")
		for name, test := range map[string]struct {
			who *person
			d   engine.Draft
		}{
			"about somebody else":           {loser, engine.Draft{For: asked[0]}},
			"a token for another":           {narrow, engine.Draft{}},
			"who is not named":              {joan, engine.Draft{}},
			"who is not named, why not me?": {joan, engine.Draft{For: "joan"}},
			"the visitor":                   {v, engine.Draft{}},
		} {
			if a := ask(test.who, test.d); !errors.Is(a.Err, engine.ErrNotFound) || a.Decisions != nil {
				t.Errorf("%s: got %v, %+v, want not_found", name, a.Err, a.Decisions)
			}
		}
		owner.id = v.id
		v.good(t, v.do(engine.Draft{Op: engine.OpClose}))
		time.Sleep(time.Minute)
		if a := ask(loser, engine.Draft{}); a.Err != nil || len(a.Decisions.Last) != 2 {
			t.Errorf("after the end: %v, %+v", a.Err, a.Decisions)
		}
	})
}

// wantOwnPart: nobody but the asker is named.
func wantOwnPart(t *testing.T, d engine.Decided, id engine.OperatorID) {
	t.Helper()
	is := func(other engine.OperatorID) bool { return other == "" || other == id }
	if !is(d.Operator) || d.Operator == "" && (d.Accepted || d.Ended != engine.CauseNone || !d.EndedAt.IsZero()) {
		t.Errorf("%s learns who was asked, or what came of it: %+v", id, d)
	}
	dec := &d.Decision
	ok := is(dec.Winner.Operator) && is(dec.Target) && is(dec.Owner)
	for _, c := range dec.Next {
		ok = ok && c.Operator == id
	}
	for _, o := range dec.Declined {
		ok = ok && o == id
	}
	if !ok {
		t.Errorf("%s learns of others: %+v", id, *dec)
	}
}

// Whatever a decision says, its own part names nobody else, says nothing of decisions
// that do not name the asker, and is all of it when it is taken again.
func TestOwnPartNamesNobodyElse(t *testing.T) {
	someone := rapid.SampledFrom([]engine.OperatorID{"", "ada", "bob", "cem", "eve"})
	named := rapid.SampledFrom([]engine.OperatorID{"ada", "bob", "cem", "eve"})
	rapid.Check(t, func(rt *rapid.T) {
		var all []engine.Decided
		for range rapid.IntRange(0, 4).Draw(rt, "decisions") {
			d := engine.Decided{Seq: engine.Seq(len(all) + 1), Operator: named.Draw(rt, "asked"), Accepted: rapid.Bool().Draw(rt, "accepted"), EndedAt: time.Unix(9, 0)}
			d.Decision.Winner.Operator, d.Decision.Target, d.Decision.Owner = named.Draw(rt, "winner"), someone.Draw(rt, "target"), someone.Draw(rt, "owner")
			d.Decision.Declined = rapid.SliceOfN(named, 0, 3).Draw(rt, "declined")
			for _, id := range rapid.SliceOfN(named, 0, 3).Draw(rt, "next") {
				d.Decision.Next = append(d.Decision.Next, engine.Candidate{Operator: id, Used: 1000})
			}
			all = append(all, d)
		}
		mine := ownPart(all, "ada")
		for _, d := range mine {
			wantOwnPart(t, d, "ada")
			if before := all[d.Seq-1]; before.Operator != "ada" && !names(&before.Decision, "ada") {
				rt.Fatalf("%+v does not name her", before)
			}
		}
		if again := ownPart(mine, "ada"); len(again) != len(mine) {
			rt.Fatalf("taken again: %d of %d", len(again), len(mine))
		}
		if t.Failed() {
			rt.FailNow()
		}
	})
}
