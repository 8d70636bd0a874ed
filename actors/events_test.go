package actors

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/parleyhq/parley/engine"
)

// host is an embedding host that notes what it takes.
type host struct {
	mu     sync.Mutex
	taken  map[engine.SessionID][]engine.Seq
	texts  []string
	ids    map[string]int
	refuse func(Event) error // nil: nothing
}

func newHost() *host {
	return &host{taken: map[engine.SessionID][]engine.Seq{}, ids: map[string]int{}}
}

func (h *host) deliver(ctx context.Context, e Event) error {
	h.mu.Lock()
	refuse := h.refuse
	h.mu.Unlock()
	if refuse != nil {
		if err := refuse(e); err != nil {
			return err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	h.taken[e.Ref.Session] = append(h.taken[e.Ref.Session], e.Entry.Seq)
	h.texts = append(h.texts, string(e.Entry.Body.Reveal()))
	h.ids[e.ID]++
	return nil
}

func (h *host) refusing(refuse func(Event) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refuse = refuse
}

// has checks that each of the session's entries was taken, in order.
func (h *host) has(t *testing.T, w *world, id engine.SessionID) {
	t.Helper()
	synctest.Wait()
	info, err := w.sys.SessionInfo(w.t.Context(), w.ref(id))
	if err != nil {
		t.Fatal(err)
	}
	var want []engine.Seq
	for seq := engine.Seq(1); seq <= info.Head; seq++ {
		want = append(want, seq)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	equal(t, "taken", h.taken[id], want)
}

// untold keeps the marks of a store.
func (f *fakeStore) Told(ref engine.SessionRef, through engine.Seq, done func(error)) {
	f.mu.Lock()
	if r := f.sessions[ref]; r != nil && r.last == through {
		delete(f.untold, ref.Session)
	}
	f.mu.Unlock()
	go done(nil)
}

func (f *fakeStore) Untold(_ engine.TenantID, yield func(engine.SessionID) bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id := range f.untold {
		if !yield(id) {
			break
		}
	}
	return nil
}

func telling(h *host) func(*Config, *engine.Tenant) {
	return func(c *Config, _ *engine.Tenant) {
		c.Events = &Events{Deliver: h.deliver, Parallel: 2, Timeout: time.Second}
	}
}

// TestEvents: every durable entry once and in order.
func TestEvents(t *testing.T) {
	h := newHost()
	inWorld(t, telling(h), func(w *world) {
		ada := w.operator("ada")
		one, two := served(w, ada), served(w, ada)
		for range 100 {
			w.must(one, one.say("on"))
		}
		w.must(two, two.do(engine.Draft{Op: engine.OpClose}))
		h.has(t, w, one.id)
		h.has(t, w, two.id)
		for id, n := range h.ids {
			if n != 1 {
				t.Errorf("event %s came %d times", id, n)
			}
		}
		time.Sleep(time.Minute)
		w.store.mu.Lock()
		defer w.store.mu.Unlock()
		if len(w.store.untold) != 0 {
			t.Errorf("marks left: %d sessions", len(w.store.untold))
		}
	})
}

// TestEventsOfAFailingHost: a session that the host does not take waits for it, in
// order; chats and other sessions do not.
func TestEventsOfAFailingHost(t *testing.T) {
	for _, how := range []string{"fails", "panics", "blocks"} {
		t.Run(how, func(t *testing.T) {
			h := newHost()
			inWorld(t, telling(h), func(w *world) {
				ada := w.operator("ada")
				bad, good := served(w, ada), served(w, ada)
				blocked := make(chan struct{})
				h.refusing(func(e Event) error {
					switch {
					case e.Ref.Session != bad.id:
						return nil
					case how == "panics":
						panic("planted")
					case how == "blocks":
						<-blocked
					}
					return errors.New("planted")
				})
				for range 200 { // more than the backlog
					w.must(bad, bad.say("on"))
				}
				w.must(good, good.say("fine"))
				h.has(t, w, good.id)
				time.Sleep(10 * time.Second)
				h.mu.Lock()
				if n := len(h.taken[bad.id]); n > 6 { // those of before
					t.Errorf("taken of the refused session: %d", n)
				}
				h.mu.Unlock()
				close(blocked)
				h.refusing(func(e Event) error { // some of it
					if e.Ref.Session == bad.id && e.Entry.Seq > 20 {
						return errors.New("planted")
					}
					return nil
				})
				time.Sleep(2 * eventPauseMost)
				w.must(bad, bad.say("and on"))
				h.refusing(nil)
				time.Sleep(2 * eventPauseMost)
				h.has(t, w, bad.id)
			})
		})
	}
}

// TestEventsOverARestart: what the host has not taken comes after the restart, from
// where it is; also of sessions that have ended.
func TestEventsOverARestart(t *testing.T) {
	h := newHost()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, store: newFakeStore(), tenant: demoTenant(), logs: nil}
		cfg := Config{Store: w.store}
		telling(h)(&cfg, nil)
		cfg.Events.From = func(ref engine.SessionRef) (engine.Seq, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			return engine.Seq(len(h.taken[ref.Session])), nil
		}
		w.start(cfg)
		ada := w.operator("ada")
		ended, open := served(w, ada), served(w, ada)
		synctest.Wait()
		h.refusing(func(Event) error { return errors.New("planted") })
		for range 3 * EventBacklog {
			w.must(ended, ended.say("last words"))
		}
		w.must(ended, ended.do(engine.Draft{Op: engine.OpClose}))
		w.must(open, open.say("more"))
		w.stop()
		h.refusing(nil)
		w.store.rows = []*engine.Row{copyRow(w.store.Memory.sessions[w.ref(open.id)].row)}
		w.start(cfg)
		defer w.stop()
		v := w.visitor(open.token)
		w.must(v, v.say("after"))
		h.has(t, w, open.id)
		h.has(t, w, ended.id)
	})
}

// TestEventsAfterAPanic: what became durable while its actor died is not left out.
func TestEventsAfterAPanic(t *testing.T) {
	h := newHost()
	inWorld(t, telling(h), func(w *world) {
		ada := w.operator("ada")
		v := served(w, ada)
		time.Sleep(2 * eventRest)
		w.store.mu.Lock()
		w.store.onAdd = func(adds []engine.Append) {
			w.sys.tenant("demo").known(v.id).tell(stored{life: 1, err: engine.ErrBusy})
		}
		w.store.mu.Unlock()
		v.say("lost on the way")
		synctest.Wait()
		w.store.mu.Lock()
		w.store.onAdd = nil
		w.store.mu.Unlock()
		w.must(v, v.say("after"))
		h.has(t, w, v.id)
	})
}

// TestEventsWithoutTranscripts is I15: what people wrote does not leave the actors.
func TestEventsWithoutTranscripts(t *testing.T) {
	h := newHost()
	change := func(c *Config, tenant *engine.Tenant) {
		telling(h)(c, tenant)
		tenant.Transcripts = false
	}
	inWorld(t, change, func(w *world) {
		ada := w.operator("ada")
		v := served(w, ada)
		h.has(t, w, v.id)
		h.mu.Lock()
		defer h.mu.Unlock()
		if slices.Contains(h.texts, "hello") || slices.Contains(h.texts, "good day") {
			t.Errorf("texts: got %q", h.texts)
		}
		if n := testutil.ToFloat64(w.sys.rt.metrics.eventsLost); n != 0 {
			t.Errorf("lost: got %v", n)
		}
	})
}
