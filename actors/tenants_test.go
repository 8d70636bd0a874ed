package actors

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

// apply gives the system these tenants.
func (w *world) apply(tenants ...*engine.Tenant) error {
	w.t.Helper()
	set, err := engine.NewTenants(tenants...)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err = w.sys.Apply(ctx, set)
	synctest.Wait()
	return err
}

func (w *world) mustApply(tenants ...*engine.Tenant) {
	w.t.Helper()
	if err := w.apply(tenants...); err != nil {
		w.t.Fatalf("apply: %v", err)
	}
}

func otherTenant() *engine.Tenant {
	t := demoTenant()
	t.ID = "other"
	return t
}

// socket leaves as soon as it is closed, as a connection does.
type socket struct {
	*screen
	seat func() engine.Seat
}

func (s socket) Close(r engine.Reason) {
	s.screen.Close(r)
	go s.seat().Leave()
}

// A tenant that is let go keeps its sessions as they are: nothing is written about
// owners who have been sent away, no deadline acts, and when it is back they go on.
func TestATenantThatIsLetGoKeepsItsSessions(t *testing.T) {
	for _, transcripts := range []bool{true, false} {
		with := func(c *Config, tenant *engine.Tenant) { noSilence(c, tenant); tenant.Transcripts = transcripts }
		inWorld(t, with, func(w *world) {
			screen := newScreen()
			var ada *person
			ada = w.attendBy("ada", socket{screen, func() engine.Seat { return ada.seat }}, screen)
			visitor := w.visitor("")
			visitor.start("hello")
			ada.acceptOffer()
			waiting := w.visitor("")
			waiting.start("and I?") // offered to ada: an offer does not survive
			visitor.good(t, visitor.say("before"))
			log := engine.Log(w.store)
			if !transcripts {
				log = w.sys.memory
			}
			last := lastOf(t, log, w.ref(visitor.id))
			w.mustApply(otherTenant())
			for _, p := range []*person{visitor, waiting, ada} {
				if got := p.reasons(); !slices.Contains(got, engine.ReasonSuspended) {
					t.Errorf("transcripts %v: a connection of a tenant that was let go: got %v", transcripts, got)
				}
				p.seat.Leave()
			}
			if _, err := w.sys.Visit(w.t.Context(), engine.Visit{Tenant: w.tenant, Origin: "https://shop.example"}, newScreen()); !errors.Is(err, engine.ErrTenantUnknown) {
				t.Errorf("a visitor of it: got %v", err)
			}
			time.Sleep(24 * time.Hour) // every grace is over
			synctest.Wait()
			if got := lastOf(t, log, w.ref(visitor.id)); got != last {
				t.Errorf("transcripts %v: %d entries were written while nobody serves it", transcripts, got-last)
			}
			if n := w.sys.sweep.size(); n != 0 {
				t.Errorf("%d sessions are still looked after", n)
			}
			w.tenant.Revision++
			w.mustApply(w.tenant, otherTenant())
			back := w.visitor(visitor.token)
			if back.id != visitor.id {
				t.Fatalf("transcripts %v: its session: got %v, want %v", transcripts, back.id, visitor.id)
			}
			again := w.operator("ada")
			back.wantState(t, engine.StateActive, "ada")
			back.good(t, back.say("after"))
			again.id = visitor.id
			again.good(t, again.say("hello again"))
			still := w.visitor(waiting.token)
			if again.acceptOfferOf(still.id); still.id != waiting.id {
				t.Errorf("who waited: got %v, want %v", still.id, waiting.id)
			}
			still.wantState(t, engine.StateActive, "ada")
		})
	}
}

func lastOf(t *testing.T, log engine.Log, ref engine.SessionRef) engine.Seq {
	t.Helper()
	got := make(chan int, 1)
	log.ReadFrom(ref, 0, 1000, func(entries []*engine.Entry, err error) {
		if err != nil {
			t.Error(err)
		}
		got <- len(entries)
	})
	return engine.Seq(<-got)
}

// A new tenant is served at once, beside the others.
func TestANewTenantIsServedAtOnce(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		visitor, _ := talking(w)
		other := otherTenant()
		w.mustApply(w.tenant, other)
		guest := &world{t: t, sys: w.sys, store: w.store, tenant: other, n: 1000}
		v, ada := guest.visitor(""), guest.operator("ada")
		v.start("hello")
		ada.acceptOffer()
		info, err := w.sys.SessionInfo(w.t.Context(), engine.SessionRef{Tenant: "other", Session: v.id})
		if err != nil || info.State != engine.StateActive || info.Owner != "ada" {
			t.Errorf("got %+v, %v; want a session of ada's", info, err)
		}
		visitor.wantState(t, engine.StateActive, "ada")
		if got := visitor.reasons(); len(got) > 0 {
			t.Errorf("the other tenant's visitor was sent away: %v", got)
		}
	})
}

// One that cannot be taken over while it runs leaves all as they were.
func TestApplyIsAllOrNothing(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		changed := demoTenant()
		changed.Revision, changed.Transcripts = 2, false
		if err := w.apply(changed, otherTenant()); err == nil {
			t.Error("it was taken")
		}
		if w.sys.tenant("demo").config() != w.tenant || w.sys.tenant("other") != nil {
			t.Error("something has changed all the same")
		}
		talking(w)
	})
}

// What has not ended yet does not come back: two of them would write to one log.
func TestATenantDoesNotComeBackBeforeItHasEnded(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		visitor, _ := talking(w)
		var late []func()
		hook.append = func(a []engine.Append, done func([]error)) bool {
			late = append(late, func() { hook.fakeStore.Append(a, done) })
			return true
		}
		visitor.say("on its way")
		synctest.Wait()
		w.mustApply(otherTenant())
		if err := w.apply(w.tenant, otherTenant()); !errors.Is(err, engine.ErrBusy) {
			t.Errorf("got %v, want %v", err, engine.ErrBusy)
		}
		hook.append = nil
		for _, call := range late {
			call()
		}
		synctest.Wait()
		w.mustApply(w.tenant, otherTenant())
		if back := w.visitor(visitor.token); back.id != visitor.id {
			t.Errorf("its session: got %v, want %v", back.id, visitor.id)
		}
	})
}

// countHook is a store that does something else before it counts sessions.
type countHook struct {
	Store
	first func()
}

func (h *countHook) CountSessions(tenant engine.TenantID, visitor engine.VisitorID, done func(int, engine.SessionID, error)) {
	if first := h.first; first != nil {
		h.first = nil
		first()
	}
	h.Store.CountSessions(tenant, visitor, done)
}

// A server that begins a session in a tenant that is let go meanwhile is refused.
func TestAServerStartsInATenantThatIsLetGo(t *testing.T) {
	hook := &countHook{}
	inWorld(t, func(c *Config, _ *engine.Tenant) { hook.Store, c.Store = c.Store, hook }, func(w *world) {
		visitor := w.visitor("").welcome(t).Visitor
		hook.first = func() { w.mustApply(otherTenant()) }
		_, err := w.sys.StartFor(context.Background(), w.tenant.ID, visitor, engine.Draft{ClientID: "k"})
		if !errors.Is(err, engine.ErrBusy) && !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("got %v, want a refusal", err)
		}
	})
}
