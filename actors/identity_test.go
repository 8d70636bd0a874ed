package actors

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

const origin = "https://shop.example"

// prove connects a visitor with a proof of a name, and the token it had before.
func (w *world) prove(subject, token string) (*person, error) {
	w.t.Helper()
	p := &person{screen: newScreen(), w: w}
	visit := engine.Visit{
		Request: "hi", Tenant: w.tenant, Token: token, Subject: subject, Until: time.Now().Add(time.Hour), Origin: origin,
	}
	seat, err := w.sys.Visit(context.Background(), visit, p.screen)
	if err != nil {
		return nil, err
	}
	welcome := p.good(w.t, "hi").Welcome
	if !welcome.Verified || !welcome.Expires.Equal(visit.Until.UTC().Truncate(time.Second)) {
		w.t.Errorf("welcome: got %+v", welcome)
	}
	p.seat, p.token, p.id = seat, welcome.Token, welcome.Session
	synctest.Wait()
	return p, nil
}

func (w *world) proven(subject, token string) *person {
	w.t.Helper()
	p, err := w.prove(subject, token)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (s *screen) welcome(t *testing.T) *engine.Welcome { t.Helper(); return s.good(t, "hi").Welcome }

func (s *screen) reasons() []engine.Reason {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.closed)
}

// One name is one visitor, on every device, and nobody else.
func TestVerifiedVisitorIsTheSameEverywhere(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		phone := w.proven("u1", "")
		phone.start("hello")
		laptop, other := w.proven("u1", ""), w.proven("u2", "")
		if laptop.id != phone.id || laptop.welcome(t).Visitor != phone.welcome(t).Visitor {
			t.Errorf("two devices: got sessions %v and %v", laptop.id, phone.id)
		}
		if !other.id.IsZero() || other.welcome(t).Visitor == phone.welcome(t).Visitor {
			t.Error("two names are one visitor")
		}
		equal(t, "the second device", laptop.texts(), []string{"hello"})
		again := w.visitor(phone.token) // its token, as long as the proof lasts
		if again.id != phone.id || !again.welcome(t).Verified || again.token != phone.token {
			t.Errorf("by token: got %+v", again.welcome(t))
		}
		time.Sleep(time.Hour)
		visit := engine.Visit{Tenant: w.tenant, Token: phone.token, Origin: origin}
		if _, err := w.sys.Visit(context.Background(), visit, newScreen()); !errors.Is(err, engine.ErrAuthExpired) {
			t.Errorf("its token after the proof: got %v, want %v", err, engine.ErrAuthExpired)
		}
	})
}

// The open session goes along: both sides write on, the operators see why, and
// whoever else had the anonymous token is sent away.
func TestUpgradeTakesTheOpenSessionAlong(t *testing.T) {
	for name, keeps := range map[string]bool{"kept": true, "transcripts off": false} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(_ *Config, tenant *engine.Tenant) { tenant.Transcripts = keeps }, func(w *world) {
				ada := w.operator("ada")
				anonymous := w.visitor("")
				anonymous.start("hello")
				ada.acceptOffer()
				tab := w.visitor(anonymous.token)
				verified := w.proven("u1", anonymous.token)
				if verified.id != anonymous.id || verified.welcome(t).Visitor == anonymous.welcome(t).Visitor {
					t.Fatalf("got session %v, want %v", verified.id, anonymous.id)
				}
				equal(t, "other tabs", append(anonymous.reasons(), tab.reasons()...), []engine.Reason{engine.ReasonFailed, engine.ReasonFailed})
				verified.good(t, verified.say("it is me"))
				ada.good(t, ada.say("welcome"))
				equal(t, "the visitor", verified.texts(), []string{"hello", "it is me", "welcome"})
				equal(t, "the operator", ada.texts(), []string{"hello", "it is me", "welcome"})
				if slices.Contains(verified.kinds(), engine.KindIdentityUpgraded) || !slices.Contains(ada.kinds(), engine.KindIdentityUpgraded) {
					t.Error("the entry identity.upgraded is the operators' only")
				}
				if e := verified.last(engine.KindMessageNew); e.PrevAll != e.Seq-1 {
					t.Errorf("the last message comes after %d", e.PrevAll)
				}
				if a := tab.answer(t, tab.say("still me?")); !errors.Is(a.Err, engine.ErrNotFound) && !errors.Is(a.Err, engine.ErrClosed) {
					t.Errorf("the anonymous visitor writes on: got %v", a.Err)
				}
				again := w.visitor(anonymous.token)
				if !again.id.IsZero() {
					t.Error("the anonymous visitor still has the session")
				}
				again.start("somebody else now")
				if again.id == verified.id {
					t.Error("a new start found the verified visitor's session")
				}
				verified.good(t, verified.do(engine.Draft{Op: engine.OpClose}))
				verified.start("once more")
				if verified.id == anonymous.id {
					t.Error("the closed session was opened again")
				}
			})
		})
	}
}

// What must not move stays where it is.
func TestUpgradeMovesNothingElse(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		own := w.proven("u1", "")
		own.start("mine")
		anonymous := w.visitor("")
		anonymous.start("not yet mine")
		second := w.proven("u1", anonymous.token)
		if second.id != own.id {
			t.Errorf("with a session of its own: got %v, want %v", second.id, own.id)
		}
		anonymous.good(t, anonymous.say("still here"))

		elsewhere := w.proven("u2", own.token) // somebody else at the same screen
		if !elsewhere.id.IsZero() {
			t.Error("a verified visitor's session moved to another")
		}
		own.good(t, own.say("still mine"))

		for name, token := range map[string]string{"garbage": "x", "of no session": w.visitor("").token} {
			if p := w.proven("u3", token); !p.id.IsZero() {
				t.Errorf("a token %s moved %v", name, p.id)
			}
		}
		gone := w.visitor("")
		gone.start("bye")
		gone.good(t, gone.do(engine.Draft{Op: engine.OpClose}))
		if p := w.proven("u4", gone.token); !p.id.IsZero() {
			t.Error("a closed session moved")
		}
	})
}

// One anonymous token proves one visitor: the first takes the session, the second
// finds nothing.
func TestUpgradeHappensOnce(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		anonymous := w.visitor("")
		anonymous.start("hello")
		subjects := []string{"u1", "u2", "u1", "u2"}
		screens := make([]*screen, len(subjects))
		var all sync.WaitGroup
		for i, subject := range subjects {
			screens[i] = newScreen()
			all.Go(func() {
				visit := engine.Visit{Request: "hi", Tenant: w.tenant, Token: anonymous.token, Subject: subject, Until: time.Now().Add(time.Hour), Origin: origin}
				if _, err := w.sys.Visit(context.Background(), visit, screens[i]); err != nil {
					t.Errorf("%s: %v", subject, err)
				}
			})
		}
		all.Wait()
		owners := map[engine.VisitorID]int{}
		for _, s := range screens {
			if welcome := s.welcome(t); welcome.Session == anonymous.id {
				owners[welcome.Visitor]++
			}
		}
		if len(owners) != 1 {
			t.Fatalf("the session was given to %d visitors: %v", len(owners), owners)
		}
		upgrades := 0
		for _, e := range w.store.entries(t, anonymous.id) {
			if e.Kind == engine.KindIdentityUpgraded {
				upgrades++
			}
		}
		if upgrades != 1 {
			t.Errorf("got %d entries identity.upgraded, want 1", upgrades)
		}
	})
}

func (f *fakeStore) entries(t *testing.T, id engine.SessionID) (all []*engine.Entry) {
	t.Helper()
	done := make(chan struct{})
	f.ReadFrom(engine.SessionRef{Tenant: "demo", Session: id}, 0, 1000, func(entries []*engine.Entry, err error) {
		if err != nil {
			t.Errorf("read: %v", err)
		}
		all = entries
		close(done)
	})
	<-done
	return all
}

// A store that fails takes nothing half: the visitor is told to come again, the
// session stays the anonymous visitor's, and the next try moves it.
func TestUpgradeAfterAFailure(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		anonymous := w.visitor("")
		anonymous.start("hello")
		w.store.setFailing(errors.New("no"))
		if _, err := w.prove("u1", anonymous.token); !errors.Is(err, engine.ErrBusy) {
			t.Fatalf("got %v, want %v", err, engine.ErrBusy)
		}
		w.store.setFailing(nil)
		if back := w.visitor(anonymous.token); back.id != anonymous.id {
			t.Fatalf("the anonymous visitor's session: got %v, want %v", back.id, anonymous.id)
		} else {
			back.good(t, back.say("still here"))
		}
		if p := w.proven("u1", ""); !p.id.IsZero() {
			t.Error("the verified visitor has a session that was not stored as its own")
		}
		verified := w.proven("u1", anonymous.token)
		if verified.id != anonymous.id {
			t.Fatalf("the second try: got %v, want %v", verified.id, anonymous.id)
		}
		equal(t, "texts", verified.texts(), []string{"hello", "still here"})
	})
}

// A restart finds the session with its new visitor.
func TestUpgradeSurvivesARestart(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		anonymous := w.visitor("")
		anonymous.start("hello")
		verified := w.proven("u1", anonymous.token)
		verified.seat.Leave()
		w.stop()
		w.store.rows = nil
		ref := engine.SessionRef{Tenant: "demo", Session: verified.id}
		w.store.rows = append(w.store.rows, copyRow(w.store.Memory.sessions[ref].row))
		w.start(Config{Store: w.store})
		if back := w.visitor(anonymous.token); !back.id.IsZero() {
			t.Error("the anonymous visitor has the session again")
		}
		back := w.proven("u1", "")
		if back.id != verified.id {
			t.Fatalf("got %v, want %v", back.id, verified.id)
		}
		equal(t, "texts", back.texts(), []string{"hello"})
	})
}

// Renewing says who somebody is once more, and never makes it somebody else.
func TestRenew(t *testing.T) {
	inWorld(t, func(_ *Config, tenant *engine.Tenant) { tenant.Limits.TokenTTL = time.Hour }, func(w *world) {
		until := time.Now().Add(2 * time.Hour).Truncate(time.Second)
		verified, anonymous, other := w.proven("u1", ""), w.visitor(""), w.visitor("")
		ada := w.operator("ada")
		for name, tt := range map[string]struct {
			seat engine.Seat
			r    engine.Renewal
			want error
		}{
			"the same name":             {verified.seat, engine.Renewal{Subject: "u1", Until: until}, nil},
			"another name":              {verified.seat, engine.Renewal{Subject: "u2", Until: until}, engine.ErrForbidden},
			"a name for a stranger":     {anonymous.seat, engine.Renewal{Subject: "u1", Until: until}, engine.ErrForbidden},
			"its own token":             {anonymous.seat, engine.Renewal{Token: anonymous.token}, nil},
			"a verified one's own":      {verified.seat, engine.Renewal{Token: verified.token}, nil},
			"somebody else's token":     {anonymous.seat, engine.Renewal{Token: other.token}, engine.ErrForbidden},
			"an anonymous one's token":  {verified.seat, engine.Renewal{Token: other.token}, engine.ErrForbidden},
			"garbage":                   {anonymous.seat, engine.Renewal{Token: "x"}, engine.ErrAuthInvalid},
			"nothing":                   {anonymous.seat, engine.Renewal{}, engine.ErrAuthInvalid},
			"the same operator":         {ada.seat, engine.Renewal{Principal: engine.Principal{Operator: "ada", Expires: until}}, nil},
			"another operator":          {ada.seat, engine.Renewal{Principal: engine.Principal{Operator: "grace", Expires: until}}, engine.ErrForbidden},
			"a visitor for an operator": {ada.seat, engine.Renewal{Subject: "ada", Until: until}, engine.ErrForbidden},
		} {
			got, err := tt.seat.Renew(tt.r)
			if !errors.Is(err, tt.want) || err != nil && got != (engine.Renewed{}) {
				t.Errorf("%s: got %+v, %v, want %v", name, got, err, tt.want)
			}
			if !tt.r.Until.IsZero() && err == nil && !got.Expires.Equal(until) {
				t.Errorf("%s: expires %v, want %v", name, got.Expires, until)
			}
		}
		time.Sleep(40 * time.Minute) // past half of its life
		got, err := anonymous.seat.Renew(engine.Renewal{Token: anonymous.token})
		if err != nil || got.Token == anonymous.token || got.Expires.Before(time.Now().Add(59*time.Minute)) {
			t.Errorf("an old token: got %+v, %v", got, err)
		}
		time.Sleep(21 * time.Minute)
		if _, err := anonymous.seat.Renew(engine.Renewal{Token: anonymous.token}); !errors.Is(err, engine.ErrAuthExpired) {
			t.Errorf("an expired one: got %v, want %v", err, engine.ErrAuthExpired)
		}
		anonymous.seat.Leave()
		if _, err := anonymous.seat.Renew(engine.Renewal{Token: got.Token}); !errors.Is(err, engine.ErrClosed) {
			t.Errorf("after leaving: got %v, want %v", err, engine.ErrClosed)
		}
	})
}
