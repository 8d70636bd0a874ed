package actors

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

func change(basis engine.Basis, pairs ...string) *engine.IdentityChange {
	c := &engine.IdentityChange{Basis: basis}
	for i := 0; i < len(pairs); i += 2 {
		c.Set = append(c.Set, engine.Attr{Name: pairs[i], Value: engine.BodyOf(pairs[i+1])})
	}
	return c
}

func (p *person) identify(c *engine.IdentityChange) engine.Answer {
	p.w.t.Helper()
	return p.answer(p.w.t, p.do(engine.Draft{Op: engine.OpIdentify, Session: p.id, ClientID: p.w.request(), Identity: c}))
}

// held is what the person is told that is held, as name=value, with ! for verified.
func (p *person) held() []string {
	p.w.t.Helper()
	return listed(p.good(p.w.t, p.do(engine.Draft{Op: engine.OpIdentity, Session: p.id})).Held)
}

func listed(held *engine.Identity) (all []string) {
	if held == nil {
		return nil
	}
	for _, a := range held.Attrs {
		text := a.Name + "=" + string(a.Value.Reveal())
		if a.Verified {
			text += "!"
		}
		all = append(all, text)
	}
	return all
}

// TestIdentityOfAVisitor: operators see it, the visitor reads it back, a new value
// takes the place of the old one in the log, and a restart keeps it.
func TestIdentityOfAVisitor(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor, ada := w.visitor(""), w.operator("ada")
		visitor.start("hello")
		ada.acceptOffer()
		ada.id = visitor.id
		if a := visitor.identify(change(engine.BasisConsent, "email", "old@example.org", "name", "Grete")); a.Err != nil {
			t.Fatal(a.Err)
		}
		if a := ada.identify(change(engine.BasisContract, "email", "new@example.org")); a.Err != nil {
			t.Fatal(a.Err)
		}
		want := []string{"email=new@example.org", "name=Grete"}
		equal(t, "the visitor reads", visitor.held(), want)
		equal(t, "the operator reads", ada.held(), want)
		equal(t, "a second device is told", listed(wantSignal[engine.Situation](t, w.operator("ada").screen).Identity), want)
		if slices.Contains(visitor.kinds(), engine.KindAttrsSet) || !slices.Contains(ada.kinds(), engine.KindAttrsSet) {
			t.Errorf("who sees the entry: visitor %v, operator %v", visitor.kinds(), ada.kinds())
		}
		ref := engine.SessionRef{Tenant: "demo", Session: visitor.id}
		log, err := w.sys.History(context.Background(), ref, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		facts := 0
		for _, e := range log {
			if strings.Contains(string(e.Body.Reveal()), "old@") {
				t.Errorf("entry %d still holds the old value", e.Seq)
			}
			if e.Kind == engine.KindAttrsSet && e.Attrs != nil {
				facts++
			}
		}
		if facts != 2 {
			t.Errorf("facts left: got %d, want 2", facts)
		}
		if info, err := w.sys.PostAs(context.Background(), ref, engine.Author{Kind: engine.AuthorIntegration}, engine.Draft{Op: engine.OpIdentity}); err != nil || !slices.Equal(listed(info.Held), want) {
			t.Errorf("by REST: got %v, %v", listed(info.Held), err)
		}
	})
}

// TestEmailIsNoKey: two visitors with one e-mail stay two, even with one that a
// token vouches for (Chatwoot 2694).
func TestEmailIsNoKey(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		anna, mallory := w.visitor(""), w.visitor("")
		anna.start("my secret")
		anna.identify(change(engine.BasisConsent, "email", "anna@example.org"))
		mallory.start("hello")
		mallory.identify(change(engine.BasisConsent, "email", "anna@example.org"))
		if anna.id == mallory.id || slices.Contains(mallory.texts(), "my secret") {
			t.Error("one e-mail made two conversations one")
		}
		proven := w.proven("u1", "")
		proven.start("me too")
		proven.identify(change(engine.BasisConsent, "email", "anna@example.org"))
		if proven.id == anna.id || proven.welcome(t).Visitor == anna.welcome(t).Visitor {
			t.Error("a proven visitor was merged by its e-mail")
		}
		if answer := mallory.answer(t, mallory.do(engine.Draft{Op: engine.OpIdentity, Session: anna.id})); !errors.Is(answer.Err, engine.ErrNotFound) || answer.Held != nil {
			t.Errorf("a stranger reads: got %+v", answer)
		}
	})
}

// TestSignedClaims: with a lawful basis they are written by themselves, once;
// without, they say which values are verified.
func TestSignedClaims(t *testing.T) {
	visit := func(w *world, subject string, claims *engine.IdentityChange) *person {
		p := &person{screen: newScreen(), w: w}
		for i := range claims.Set {
			claims.Set[i].Verified = true
		}
		seat, err := w.sys.Visit(context.Background(), engine.Visit{
			Request: "hi", Tenant: w.tenant, Subject: subject, Until: time.Now().Add(time.Hour), Origin: origin, Claims: claims,
		}, p.screen)
		if err != nil {
			t.Fatal(err)
		}
		p.seat, p.id = seat, p.good(t, "hi").Welcome.Session
		synctest.Wait()
		return p
	}
	inWorld(t, nil, func(w *world) {
		based := visit(w, "u1", change(engine.BasisContract, "email", "a@example.org"))
		based.start("hello")
		equal(t, "with a basis", based.held(), []string{"email=a@example.org!"})
		equal(t, "again", visit(w, "u1", change(engine.BasisContract, "email", "a@example.org")).held(), []string{"email=a@example.org!"})
		if a := based.identify(change(engine.BasisConsent, "email", "b@example.org")); !errors.Is(a.Err, engine.ErrForbidden) {
			t.Errorf("against the token: got %v", a.Err)
		}
		equal(t, "another token", visit(w, "u1", change(engine.BasisContract, "email", "c@example.org")).held(), []string{"email=c@example.org!"})

		newer := change(engine.BasisContract, "email", "d@example.org")
		newer.Set[0].Verified = true
		if _, err := based.seat.Renew(engine.Renewal{Subject: "u1", Until: time.Now().Add(2 * time.Hour), Claims: newer}); err != nil {
			t.Fatal(err)
		}
		equal(t, "by a refresh, at once", based.held(), []string{"email=d@example.org!"})

		bare := visit(w, "u2", change(engine.BasisNone, "email", "a@example.org"))
		bare.start("hello")
		equal(t, "without a basis", bare.held(), nil)
		bare.identify(change(engine.BasisConsent, "email", "a@example.org", "name", "A"))
		equal(t, "what the token says too", bare.held(), []string{"email=a@example.org!", "name=A"})
	})
}

// TestIdentityWithoutTranscripts: it is in memory and nowhere else.
func TestIdentityWithoutTranscripts(t *testing.T) {
	inWorld(t, func(_ *Config, tenant *engine.Tenant) { tenant.Transcripts = false }, func(w *world) {
		w.store.onAdd = func([]engine.Append) { t.Error("something was stored") }
		visitor := w.visitor("")
		visitor.start("hello")
		visitor.identify(change(engine.BasisConsent, "email", "a@example.org"))
		equal(t, "held", visitor.held(), []string{"email=a@example.org"})
	})
}
