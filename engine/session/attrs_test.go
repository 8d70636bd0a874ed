package session_test

import (
	"errors"
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// desk is a session that ada owns, whose tenant declares the attribute plan.
func desk(t *testing.T) *chat {
	t.Helper()
	own := rules
	own.Attributes = []string{"plan"}
	c := newChat()
	c.s = session.New(ref, c.own, own)
	c.step(session.Ask{By: visitor, Draft: engine.Draft{Op: engine.OpStart, Request: "s", ClientID: "s"}})
	c.step(session.Offer{Operator: "ada", Epoch: 1, Number: 1})
	c.step(session.Ask{By: operator("ada"), Draft: engine.Draft{Op: engine.OpAccept, Offer: 3, Request: "a", ClientID: "a"}})
	return &c
}

func set(basis engine.Basis, pairs ...string) *engine.IdentityChange {
	c := &engine.IdentityChange{Basis: basis}
	for i := 0; i < len(pairs); i += 2 {
		c.Set = append(c.Set, engine.Attr{Name: pairs[i], Value: engine.BodyOf(pairs[i+1])})
	}
	return c
}

func vouched(c *engine.IdentityChange) *engine.IdentityChange {
	for i := range c.Set {
		c.Set[i].Verified = true
	}
	return c
}

// identify asks and answers the error, if any, and the entry.
func (c *chat) identify(by engine.Author, key string, change *engine.IdentityChange) (engine.Seq, *engine.Error) {
	for _, e := range c.step(session.Ask{By: by, Draft: engine.Draft{Op: engine.OpIdentify, Request: "r", ClientID: key, Identity: change}}) {
		if r, ok := e.(session.Reply); ok {
			return r.Answer.Seq, r.Answer.Err
		}
	}
	return 0, engine.ErrInternal
}

func (c *chat) holds(t *testing.T, name, value string, verified bool, source engine.Source) {
	t.Helper()
	held := c.s.Situation(engine.VisibleToOperators).Identity
	a, ok := held.Find(name)
	if ok != (value != "") || string(a.Value.Reveal()) != value || a.Verified != verified || a.Source != source {
		t.Errorf("%s: got %q verified %v from %v, want %q %v %v", name, a.Value.Reveal(), a.Verified, a.Source, value, verified, source)
	}
}

// TestIdentify is the table of who may say what.
func TestIdentify(t *testing.T) {
	consent := engine.BasisConsent
	for name, tt := range map[string]struct {
		by     engine.Author
		key    string
		change *engine.IdentityChange
		want   *engine.Error
	}{
		"the visitor":            {visitor, "k", set(consent, "email", "a@b.org", "plan", "gold"), nil},
		"the owner":              {operator("ada"), "k", set(consent, "phone", "+43 316 1"), nil},
		"a server":               {server, "k", set(consent, "name", "A"), nil},
		"another operator":       {operator("bob"), "k", set(consent, "name", "A"), engine.ErrNotFound},
		"nobody":                 {engine.Author{}, "k", set(consent, "name", "A"), engine.ErrNotFound},
		"without a key":          {visitor, "", set(consent, "name", "A"), engine.ErrBadRequest},
		"without a basis":        {visitor, "k", set(0, "name", "A"), engine.ErrBadRequest},
		"malformed":              {visitor, "k", set(consent, "email", "a"), engine.ErrBadRequest},
		"undeclared":             {visitor, "k", set(consent, "size", "42"), engine.ErrBadRequest},
		"what the tenant signed": {visitor, "k", set(consent, "email", "mallory@b.org", "signed", ""), engine.ErrBadRequest},
	} {
		c := desk(t)
		seq, err := c.identify(tt.by, tt.key, tt.change)
		if !errors.Is(asError(err), asError(tt.want)) || (err == nil) != (seq != 0) {
			t.Errorf("%s: got %d, %v; want %v", name, seq, err, tt.want)
		}
	}
	c := newChat()
	if _, err := c.identify(visitor, "k", set(consent, "name", "A")); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("before the start: got %v", err)
	}
	over := desk(t)
	over.step(session.Ask{By: visitor, Draft: engine.Draft{Op: engine.OpClose, Request: "c", ClientID: "c"}})
	if _, err := over.identify(server, "k", set(consent, "name", "A")); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("after the end: got %v", err)
	}
}

func asError(err *engine.Error) error {
	if err == nil {
		return nil
	}
	return err
}

// TestRectification: a value is replaced, and the entry that said the old one is
// named for removal; of the change the fact stays.
func TestRectification(t *testing.T) {
	c := desk(t)
	first, _ := c.identify(visitor, "k1", set(engine.BasisConsent, "email", "a@b.org", "name", "A"))
	second, err := c.identify(visitor, "k2", set(engine.BasisContract, "email", "b@b.org", "name", "A"))
	if err != nil || second != first+1 {
		t.Fatalf("got %d, %v", second, err)
	}
	e := c.log[second-1]
	if e.Kind != engine.KindAttrsSet || e.Target != first || e.IsVisible(engine.VisibleToAll) || e.Attrs.Basis != engine.BasisContract || e.Attrs.Source != engine.SourceForm {
		t.Errorf("entry: got %v %+v", e, e.Attrs)
	}
	c.holds(t, "email", "b@b.org", false, engine.SourceForm)
	if again, err := c.identify(visitor, "k2", set(engine.BasisContract, "email", "b@b.org", "name", "A")); err != nil || again != second {
		t.Errorf("repeated: got %d, %v", again, err)
	}
	if _, err := c.identify(visitor, "k2", set(engine.BasisContract, "email", "c@b.org")); !errors.Is(err, engine.ErrIdemConflict) {
		t.Errorf("another under the same key: got %v", err)
	}
	third, err := c.identify(visitor, "k3", set(engine.BasisContract, "email", "b@b.org"))
	if err != nil || third != second+1 || len(c.log[third-1].Attrs.Names) != 0 {
		t.Errorf("said again under another key: got %d, %v", third, err)
	}
	if again, err := c.identify(visitor, "k1", set(engine.BasisConsent, "email", "a@b.org")); err != nil || again != first {
		t.Errorf("an old one repeated: got %d, %v", again, err)
	}
	c.holds(t, "email", "b@b.org", false, engine.SourceForm)
	if _, err := c.identify(visitor, "k4", set(engine.BasisConsent, "email", "")); err != nil {
		t.Error(err)
	}
	c.holds(t, "email", "", false, 0)
}

// TestIdentifyThatChangesNothing: its key is known as any other's, also to a session
// that was rebuilt, and its repetition takes nothing back that was said since.
func TestIdentifyThatChangesNothing(t *testing.T) {
	c := desk(t)
	same := set(engine.BasisConsent, "name", "A")
	_, _ = c.identify(visitor, "k1", same)
	nothing, _ := c.identify(visitor, "k2", same)
	last, err := c.identify(visitor, "k3", set(engine.BasisConsent, "name", "B"))
	if err != nil || last != nothing+1 {
		t.Fatalf("got %d after %d, %v", last, nothing, err)
	}
	for _, when := range []string{"at once", "rebuilt"} {
		if again, err := c.identify(visitor, "k2", same); err != nil || again != nothing {
			t.Errorf("%s: got %d, %v, want %d", when, again, err, nothing)
		}
		c.holds(t, "name", "B", false, engine.SourceForm)
		c.restart(len(c.log))
	}
	if e := c.log[nothing-1]; len(e.Attrs.Names) != 0 || e.Attrs.Basis != engine.BasisConsent {
		t.Errorf("the fact: got %+v", e.Attrs)
	}
}

// TestVouched: what the tenant vouches for, only the tenant changes; nobody else
// makes anything verified.
func TestVouched(t *testing.T) {
	c := desk(t)
	_, _ = c.identify(visitor, "k1", vouched(set(engine.BasisConsent, "email", "a@b.org")))
	c.holds(t, "email", "a@b.org", false, engine.SourceForm)
	_, _ = c.identify(operator("ada"), "k2", vouched(set(engine.BasisConsent, "phone", "+43 316 1")))
	c.holds(t, "phone", "+43 316 1", false, engine.SourceOperator)
	_, _ = c.identify(server, "k3", set(engine.BasisConsent, "email", "a@b.org"))
	c.holds(t, "email", "a@b.org", false, engine.SourceIntegration)
	_, _ = c.identify(server, "k4", vouched(set(engine.BasisConsent, "email", "s@b.org")))
	c.holds(t, "email", "s@b.org", true, engine.SourceIntegration)
	for _, value := range []string{"mallory@b.org", ""} {
		if _, err := c.identify(visitor, "k5"+value, set(engine.BasisConsent, "email", value)); !errors.Is(err, engine.ErrForbidden) || err.Fields[0] != "email" {
			t.Errorf("%q over what is verified: got %v", value, err)
		}
	}
	c.holds(t, "email", "s@b.org", true, engine.SourceIntegration)
	claims := vouched(set(engine.BasisContract, "email", "t@b.org"))
	c.step(session.Introduce{Claims: claims})
	c.holds(t, "email", "t@b.org", true, engine.SourceToken)
	n := len(c.log)
	c.step(session.Introduce{Claims: claims})
	c.step(session.Introduce{Claims: vouched(set(0, "email", "u@b.org"))})
	c.step(session.Introduce{})
	if len(c.log) != n {
		t.Error("said again, or without a basis, it was written")
	}
	revision := engine.Seq(1)
	change := set(engine.BasisConsent, "name", "A")
	change.If = &revision
	if _, err := c.identify(server, "k6", change); !errors.Is(err, engine.ErrPrecondition) || err.Seq != c.s.Last() {
		t.Errorf("of an old revision: got %v", err)
	}
	revision = c.s.Last()
	change.Whole = true
	if _, err := c.identify(server, "k7", change); err != nil {
		t.Error(err)
	}
	c.holds(t, "email", "", false, 0)
	c.holds(t, "name", "A", false, engine.SourceIntegration)
}

// TestHeld: everybody in the session reads what is held, nobody else; and a
// restart loses nothing of it.
func TestHeld(t *testing.T) {
	c := desk(t)
	_, _ = c.identify(visitor, "k1", set(engine.BasisConsent, "email", "a@b.org"))
	ask := func(by engine.Author) engine.Answer {
		for _, e := range c.step(session.Ask{By: by, Draft: engine.Draft{Op: engine.OpIdentity, Request: "r"}}) {
			if r, ok := e.(session.Reply); ok {
				return r.Answer
			}
		}
		return engine.Answer{Err: engine.ErrInternal}
	}
	for _, by := range []engine.Author{visitor, operator("ada"), server} {
		if a := ask(by); a.Err != nil || len(a.Held.Attrs) != 1 || a.Seq != c.s.Last() {
			t.Errorf("%v: got %+v", by, a)
		}
	}
	if a := ask(operator("bob")); !errors.Is(a.Err, engine.ErrNotFound) || a.Held != nil {
		t.Errorf("a stranger: got %+v", a)
	}
	row := c.s.Row()
	last := c.log[len(c.log)-1]
	c.s = session.Restore(ref, engine.Head{Last: last.Seq, Row: &row, Visitor: c.own, Identity: last}, c.log, rules)
	c.step(session.Recover{Since: c.now})
	c.holds(t, "email", "a@b.org", false, engine.SourceForm)
}
