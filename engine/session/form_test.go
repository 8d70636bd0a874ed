package session_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

func asking(d *engine.Department) {
	d.Form = []engine.FormField{{Name: "order", Required: true}, {Name: "kind", Options: []string{"new", "used"}}}
}

// said is a form of pairs: a question's name and its answer.
func saidBefore(subject string, pairs ...string) *engine.Form {
	f := &engine.Form{Subject: engine.BodyOf(subject)}
	for i := 0; i < len(pairs); i += 2 {
		f.Answers = append(f.Answers, engine.FormAnswer{Name: pairs[i], Value: engine.BodyOf(pairs[i+1])})
	}
	return f
}

// A form is the second entry of a chat, everybody in it sees it, and of an offer it is
// the subject alone.
func TestAFormComesBeforeTheChat(t *testing.T) {
	l := newLife(t).in(shop(asking))
	l.do(session.Present{On: true})
	l.good(visitor, engine.Draft{Op: engine.OpStart, ClientID: "s", Form: saidBefore("late", "order", "17"), Body: engine.BodyOf("hello")})
	e := l.log[1]
	if e.Kind != engine.KindFormFilled || !e.IsVisible(engine.VisibleToAll) || e.Author != visitor || e.ClientID != "s" {
		t.Fatalf("got %v by %v", e, e.Author)
	}
	if text := string(e.Body.Reveal()); text != `{"subject":"late","form":{"order":"17"}}` {
		t.Fatalf("the log holds %s", text)
	}
	l.offer("ada")
	if b := l.briefs()["ada"]; b == nil || string(b.Subject.Reveal()) != "late" {
		t.Fatalf("the offer says %+v", b)
	}
	for _, tail := range []int{2, 100} { // the last entries do not hold the form any more
		l.s = session.Restore(ref, l.head(), l.log[max(0, len(l.log)-tail):], shop(asking))
		l.do(session.Recover{Since: l.now})
		l.offer("bob")
		if b := l.briefs()["bob"]; b == nil || string(b.Subject.Reveal()) != "late" {
			t.Fatalf("rebuilt, the offer says %+v", b)
		}
	}
}

// What is missing or not asked for is named, and nothing of it by what was typed.
func TestAFormIsTakenAsItsDepartmentAsks(t *testing.T) {
	long := strings.Repeat("x", engine.MaxFormValue+1)
	for name, c := range map[string]struct {
		form   *engine.Form
		server bool
		wants  []string
	}{
		"nothing":                   {nil, false, []string{"form.order"}},
		"nothing, by a server":      {nil, true, nil},
		"all":                       {saidBefore("s", "order", "1", "kind", "used"), false, nil},
		"no such option":            {saidBefore("", "order", "1", "kind", "broken"), false, []string{"form.kind"}},
		"not asked for":             {saidBefore("", "order", "1", "secret", "x"), false, []string{"form"}},
		"twice":                     {saidBefore("", "order", "1", "order", "2"), false, []string{"form"}},
		"too long":                  {saidBefore(long, "order", long), false, []string{"subject", "form.order"}},
		"two lines":                 {saidBefore("a\nb", "order", "1\n2"), false, []string{"subject", "form.order"}},
		"not asked for, a server's": {saidBefore("", "secret", "x"), true, []string{"form"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLife(t).in(shop(asking))
			l.do(session.Ask{By: visitor, Server: c.server, Draft: engine.Draft{Op: engine.OpStart, Request: "r", ClientID: "s", Form: c.form}})
			var err *engine.Error
			for _, e := range l.effects {
				if r, is := e.(session.Reply); is {
					err = r.Answer.Err
				}
			}
			if (err == nil) != (c.wants == nil) || err != nil && (!engine.ErrBadRequest.Is(err) || !slices.Equal(err.Fields, c.wants)) {
				t.Fatalf("got %+v, want %v", err, c.wants)
			}
			if err != nil && len(l.log) != 0 {
				t.Fatalf("refused, %d entries are written", len(l.log))
			}
		})
	}
}

// A start under a known key says the same form, or is in conflict; one that finds the
// chat open adds its form.
func TestAFormIsPartOfWhatItsKeyStandsFor(t *testing.T) {
	l := newLife(t).in(shop(nil))
	l.do(session.Present{On: true})
	start := engine.Draft{Op: engine.OpStart, ClientID: "s", Form: saidBefore("late")}
	first := l.good(visitor, start)
	if again := l.good(visitor, start); again.Seq != first.Seq || l.count(engine.KindFormFilled) != 1 {
		t.Fatalf("again: %+v, %d forms", again, l.count(engine.KindFormFilled))
	}
	other := start
	other.Form = saidBefore("early")
	l.bad(engine.ErrIdemConflict, visitor, other)
	other.Form = nil
	l.bad(engine.ErrIdemConflict, visitor, other)
	other.Form, other.ClientID = saidBefore("early"), "s2"
	l.good(visitor, other)
	other.Body = engine.BodyOf("and a text")
	l.bad(engine.ErrIdemConflict, visitor, other)
	other.Form, other.Body, other.ClientID = saidBefore("", "order", "1"), engine.Body{}, "s3"
	l.bad(engine.ErrBadRequest, visitor, other)
	l.offer("ada")
	if b := l.briefs()["ada"]; l.count(engine.KindFormFilled) != 2 || string(b.Subject.Reveal()) != "early" {
		t.Fatalf("%d forms, the offer says %+v", l.count(engine.KindFormFilled), b)
	}
}

// A visitor takes a form back as it does a message: the log, its key and who is asked
// to take the chat forget it.
func TestAFormIsTakenBack(t *testing.T) {
	l := newLife(t).in(shop(nil))
	l.do(session.Present{On: true})
	start := engine.Draft{Op: engine.OpStart, ClientID: "s", Form: saidBefore("late")}
	l.good(visitor, start)
	l.offer("ada")
	l.bad(engine.ErrForbidden, visitor, engine.Draft{Op: engine.OpEdit, Target: 2, ClientID: "e", Body: engine.BodyOf("x")})
	l.bad(engine.ErrNotFound, operator("ada"), engine.Draft{Op: engine.OpRedact, Target: 2, ClientID: "t"})
	l.good(visitor, engine.Draft{Op: engine.OpRedact, Target: 2, ClientID: "t"})
	if !l.hasTold("ada", session.Hushed) || l.log[1].Body.Len() != 0 {
		t.Fatalf("ada knows it still, the log holds %v", l.log[1])
	}
	start.Form = saidBefore("anything")
	l.good(visitor, start)
	l.good(operator("ada"), engine.Draft{Op: engine.OpReject, Offer: l.s.Row().Offers[0].ID})
	for range 2 { // as it is, and rebuilt
		l.offer("bob")
		if b := l.briefs()["bob"]; b.Subject.Len() != 0 {
			t.Fatalf("the offer says %+v", b)
		}
		l.s = session.Restore(ref, l.head(), l.log, rules)
		l.do(session.Recover{Since: l.now})
	}
}
