package actors

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

// startAs starts under a key.
func (p *person) startAs(key, text string) engine.Answer {
	p.w.t.Helper()
	return p.answer(p.w.t, p.do(engine.Draft{Op: engine.OpStart, ClientID: key, Body: engine.BodyOf(text)}))
}

func (p *person) close(id engine.SessionID) {
	p.w.t.Helper()
	p.good(p.w.t, p.do(engine.Draft{Op: engine.OpClose, Session: id}))
	synctest.Wait()
}

// restart stops the system and starts another on what the store holds.
func (w *world) restart() {
	w.t.Helper()
	w.stop()
	w.store.rows = nil
	for _, r := range w.store.Memory.sessions {
		if r.row != nil {
			w.store.rows = append(w.store.rows, copyRow(r.row))
		}
	}
	w.start(w.sys.cfg)
}

func (w *world) wantFirst(what string, got, first engine.Answer) {
	w.t.Helper()
	if got.Err != nil || got.Session != first.Session || got.Seq != first.Seq || !got.At.Equal(first.At) || got.Epoch != first.Epoch {
		w.t.Errorf("%s: got %v of session %v, seq %d, at %v, epoch %d, want the first answer: %v, %d, %v, %d",
			what, got.Err, got.Session, got.Seq, got.At, got.Epoch, first.Session, first.Seq, first.At, first.Epoch)
	}
}

func (w *world) wantConflict(what string, got engine.Answer) {
	w.t.Helper()
	if !errors.Is(got.Err, engine.ErrIdemConflict) {
		w.t.Errorf("%s: got %v, want %v", what, got.Err, engine.ErrIdemConflict)
	}
}

// A start that is repeated gets the first answer, however long its session is over
// and however many came after it; it opens none and says nothing twice.
func TestStartRepeatedAfterItsSession(t *testing.T) {
	for name, keeps := range map[string]bool{"kept": true, "transcripts off": false} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(_ *Config, tenant *engine.Tenant) { tenant.Transcripts = keeps }, func(w *world) {
				v := w.visitor("")
				first := v.startAs("k1", "hello")
				w.wantFirst("while it is open", v.startAs("k1", "hello"), first)
				time.Sleep(time.Second)
				v.close(first.Session)
				w.wantFirst("after its end", v.startAs("k1", "hello"), first)
				second := v.startAs("k2", "hello again")
				if second.Err != nil || second.Session == first.Session {
					t.Fatalf("another key: got %v, session %v", second.Err, second.Session)
				}
				w.wantFirst("while another is open", v.startAs("k1", "hello"), first)
				v.close(second.Session)
				back := w.visitor(v.token)
				w.wantFirst("the first, later", back.startAs("k1", "hello"), first)
				w.wantFirst("the second, later", back.startAs("k2", "hello again"), second)
				w.wantConflict("another text", back.startAs("k1", "hallo"))
				w.wantConflict("no text", back.startAs("k1", ""))
				elsewhere := engine.Draft{Op: engine.OpStart, ClientID: "k1", Department: "support", Body: engine.BodyOf("hello")}
				w.wantConflict("another department", back.answer(t, back.do(elsewhere)))
				elsewhere.Department = "sales"
				w.wantFirst("the default department by name", back.answer(t, back.do(elsewhere)), first)
				if stranger := w.visitor("").startAs("k1", "hello"); stranger.Err != nil || stranger.Session == first.Session {
					t.Errorf("another visitor's key: got %v, session %v", stranger.Err, stranger.Session)
				}
				equal(t, "shown", v.texts(), []string{"hello", "hello again"})
			})
		})
	}
}

// The key survives a restart, also of a session that ended before it.
func TestStartRepeatedAfterARestart(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v := w.visitor("")
		first := v.startAs("k1", "hello")
		v.close(first.Session)
		second := v.startAs("k2", "")
		w.restart()
		v = w.visitor(v.token)
		w.wantFirst("of the open session", v.startAs("k2", ""), second)
		w.wantFirst("of the one before", v.startAs("k1", "hello"), first)
		w.wantConflict("another text", v.startAs("k1", "hallo"))
		v.close(second.Session)
		w.restart()
		v = w.visitor(v.token)
		w.wantFirst("of the open session, now closed", v.startAs("k2", ""), second)
		if third := v.startAs("k3", "anew"); third.Err != nil || third.Session == first.Session || third.Session == second.Session {
			t.Errorf("a new key: got %v, session %v", third.Err, third.Session)
		}
	})
}

// A start that found a session open and left a message there has done so once.
func TestStartThatLeftAMessageIsRepeated(t *testing.T) {
	for name, keeps := range map[string]bool{"kept": true, "transcripts off": false} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(_ *Config, tenant *engine.Tenant) { tenant.Transcripts = keeps }, func(w *world) {
				v := w.visitor("")
				first := v.startAs("k1", "hello")
				time.Sleep(time.Second)
				more := v.startAs("k2", "and this")
				w.wantFirst("the same session", more, first)
				v.close(first.Session)
				w.wantFirst("after its end", v.startAs("k2", "and this"), more)
				w.wantConflict("another text", v.startAs("k2", "and that"))
				equal(t, "shown", v.texts(), []string{"hello", "and this"})
			})
		})
	}
}

// Of a text that was removed nothing is remembered: any is the same.
func TestStartWhoseTextWasRemovedIsRepeated(t *testing.T) {
	for name, keeps := range map[string]bool{"kept": true, "transcripts off": false} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(_ *Config, tenant *engine.Tenant) { tenant.Transcripts = keeps }, func(w *world) {
				v := w.visitor("")
				first := v.startAs("k1", "my secret")
				v.good(t, v.do(engine.Draft{Op: engine.OpRedact, Session: first.Session, Target: 3}))
				v.close(first.Session)
				w.wantFirst("any text", v.startAs("k1", "whatever"), first)
			})
		})
	}
}

// The key goes where the session goes, and nobody else has it.
func TestStartKeyGoesAlongWithTheUpgrade(t *testing.T) {
	for name, keeps := range map[string]bool{"kept": true, "transcripts off": false} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(_ *Config, tenant *engine.Tenant) { tenant.Transcripts = keeps }, func(w *world) {
				anonymous := w.visitor("")
				before := anonymous.startAs("k0", "earlier")
				anonymous.close(before.Session)
				first := anonymous.startAs("k1", "hello")
				verified := w.proven("u1", anonymous.token)
				w.wantFirst("while it is open", verified.startAs("k1", "hello"), first)
				verified.close(first.Session)
				w.wantFirst("after its end", verified.startAs("k1", "hello"), first)
				if a := verified.startAs("k0", "earlier"); a.Err != nil || a.Session == before.Session {
					t.Errorf("the key of a session that stayed: got %v, session %v", a.Err, a.Session)
				}
				again := w.visitor(anonymous.token)
				w.wantFirst("of the one that stayed", again.startAs("k0", "earlier"), before)
				if a := again.startAs("k1", "hello"); a.Err != nil || a.Session == first.Session {
					t.Errorf("the anonymous visitor still has the key: got %v, session %v", a.Err, a.Session)
				}
			})
		})
	}
}

// A key goes a day after its session has ended.
func TestStartKeyIsLetGo(t *testing.T) {
	inWorld(t, func(c *Config, tenant *engine.Tenant) {
		tenant.Transcripts, c.SweepEvery = false, time.Minute
	}, func(w *world) {
		v := w.visitor("")
		first := v.startAs("k1", "hello")
		v.close(first.Session)
		time.Sleep(engine.KeysFor - time.Minute)
		w.wantFirst("within a day", w.visitor(v.token).startAs("k1", "hello"), first)
		v.seat.Leave()
		time.Sleep(2 * time.Hour)
		if a := w.visitor(v.token).startAs("k1", "hello"); a.Err != nil || a.Session == first.Session {
			t.Errorf("after it: got %v, session %v", a.Err, a.Session)
		}
	})
}

// recalling lets a test stand before the store's answer.
type recalling struct {
	*fakeStore
	recall func(done func(map[engine.Tag]engine.SessionID, error)) bool
}

func (r *recalling) Recall(tenant engine.TenantID, v engine.VisitorID, done func(map[engine.Tag]engine.SessionID, error)) {
	if r.recall == nil || !r.recall(done) {
		r.fakeStore.Recall(tenant, v, done)
	}
}

func inRecalling(t *testing.T, test func(*world, *recalling)) {
	t.Helper()
	var store *recalling
	inWorld(t, func(c *Config, _ *engine.Tenant) {
		store = &recalling{fakeStore: c.Store.(*fakeStore)}
		c.Store = store
	}, func(w *world) { test(w, store) })
}

// While the keys cannot be read nobody knows whether a start is a repetition, so
// it is not carried out.
func TestStartWhenTheKeysCannotBeRead(t *testing.T) {
	inRecalling(t, func(w *world, store *recalling) {
		v := w.visitor("")
		first := v.startAs("k1", "hello")
		v.close(first.Session)
		store.recall = func(done func(map[engine.Tag]engine.SessionID, error)) bool {
			go done(nil, errors.New("planted"))
			return true
		}
		if a := v.startAs("k1", "hello"); !errors.Is(a.Err, engine.ErrBusy) {
			t.Errorf("got %v, want %v", a.Err, engine.ErrBusy)
		}
		store.recall = nil
		w.wantFirst("then", v.startAs("k1", "hello"), first)
	})
}

// A session that ends while the store is asked may have a key that the store did
// not see.
func TestStartWhenASessionEndsMeanwhile(t *testing.T) {
	inRecalling(t, func(w *world, store *recalling) {
		v := w.visitor("")
		first := v.startAs("k1", "hello")
		var late func(map[engine.Tag]engine.SessionID, error)
		store.recall = func(done func(map[engine.Tag]engine.SessionID, error)) bool {
			late = done
			store.recall = nil
			return true
		}
		v.seat.Leave()
		w.sys.tenant("demo").visitors[v.welcome(t).Visitor].keys.forget() // as after a restart
		v = w.visitor(v.token)
		v.close(first.Session)
		request := v.do(engine.Draft{Op: engine.OpStart, ClientID: "k1", Body: engine.BodyOf("hello")})
		synctest.Wait()
		go late(nil, nil)
		w.wantFirst("asked anew", v.answer(t, request), first)
	})
}

// Nothing is carried out of what waits when the system stops.
func TestStartBesideStopIsAnswered(t *testing.T) {
	inRecalling(t, func(w *world, store *recalling) {
		v := w.visitor("")
		first := v.startAs("k1", "hello")
		v.close(first.Session)
		var late func(map[engine.Tag]engine.SessionID, error)
		store.recall = func(done func(map[engine.Tag]engine.SessionID, error)) bool { late = done; return true }
		request := v.do(engine.Draft{Op: engine.OpStart, ClientID: "k2", Body: engine.BodyOf("hello")})
		synctest.Wait()
		stopped := make(chan error)
		go func() { stopped <- w.sys.Stop(context.Background()) }()
		synctest.Wait()
		go late(nil, nil)
		if err := <-stopped; err != nil {
			t.Errorf("stop: %v", err)
		}
		if a := v.answer(t, request); !errors.Is(a.Err, engine.ErrBusy) {
			t.Errorf("got %v, want %v", a.Err, engine.ErrBusy)
		}
	})
}

// A key that leads to a session that does not know it, or that is gone, leads to
// no endless search.
func TestStartLedAstray(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v := w.visitor("")
		first := v.startAs("k1", "hello")
		v.close(first.Session)
		owner := ownerKey{"demo", v.welcome(t).Visitor}
		for key, session := range map[string]engine.SessionID{"astray": first.Session, "gone": {1}} {
			tag, _ := w.store.PseudonymOf("demo", startKeyNames, key)
			w.store.Memory.starts[owner][tag] = session
		}
		v = w.visitor(v.token)
		a := v.startAs("gone", "hello")
		if a.Err != nil || a.Session == first.Session {
			t.Errorf("to a session that is gone: got %v, session %v", a.Err, a.Session)
		}
		v.close(a.Session)
		if a := v.startAs("astray", "hello"); a.Err != nil || a.Session == first.Session {
			t.Errorf("to a session that does not know it: got %v, session %v", a.Err, a.Session)
		}
	})
}

// A life that begins while the system stops is told by nobody, and ends all the
// same.
func TestStopEndsLivesThatBeginMeanwhile(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		over := w.visitor("")
		over.start("bye")
		over.close(over.id)
		v := w.visitor("")
		v.start("hello")
		other := w.visitor("")
		other.start("still waiting")
		other.seat.Leave()
		var finish func()
		hook.append = func(a []engine.Append, done func([]error)) bool {
			finish = func() { hook.fakeStore.Append(a, done) }
			return true
		}
		v.say("under way")
		synctest.Wait()
		hook.append = nil
		stopped := make(chan error)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			stopped <- w.sys.Stop(ctx)
		}()
		synctest.Wait() // all have been told to end; one waits for its append
		w.sys.tenant("demo").tellSession(other.id, tick{})
		synctest.Wait()
		finish()
		if err := <-stopped; err != nil {
			t.Errorf("stop: %v", err)
		}
	})
}
