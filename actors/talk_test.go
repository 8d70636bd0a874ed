package actors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/prometheus/client_golang/prometheus"
)

// talking is a visitor and an operator in an active session.
func talking(w *world) (visitor, operator *person) {
	w.t.Helper()
	operator = w.operator("ada")
	visitor = w.visitor("")
	visitor.start("hello")
	operator.acceptOffer()
	return visitor, operator
}

func TestVisitorAndOperatorTalk(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor, operator := talking(w)
		want := []string{"hello"}
		for i := range 10 {
			a, b := fmt.Sprintf("v%d", i), fmt.Sprintf("o%d", i)
			visitor.good(t, visitor.say(a))
			operator.good(t, operator.say(b))
			want = append(want, a, b)
		}
		equal(t, "visitor sees", visitor.texts(), want)
		equal(t, "operator sees", operator.texts(), want)
		seqs := operator.seqs(visitor.id)
		for i, seq := range seqs {
			if seq != engine.Seq(i+1) {
				t.Fatalf("operator's numbers: got %v, want 1, 2, 3, …", seqs)
			}
		}
		if kinds := visitor.kinds(); slices.Contains(kinds, engine.KindOfferMade) {
			t.Errorf("the visitor saw an entry of operators' visibility: %v", kinds)
		}
	})
}

func TestNothingIsToldBeforeItIsDurable(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor, operator := talking(w)
		w.store.setFailing(engine.ErrFull)
		request := visitor.say("lost")
		if a := visitor.answer(t, request); !errors.Is(a.Err, engine.ErrFull) {
			t.Fatalf("answer: got %v, want storage_full", a.Err)
		}
		if slices.Contains(operator.texts(), "lost") {
			t.Fatal("the operator saw an entry that was not stored")
		}
		w.store.setFailing(nil)
		again := visitor.w.request()
		if err := visitor.seat.Post(engine.Draft{Op: engine.OpMessage, Request: again, ClientID: "c-" + request, Session: visitor.id, Body: engine.BodyOf("lost")}); err != nil {
			t.Fatal(err)
		}
		visitor.good(t, again)
		equal(t, "operator sees", operator.texts(), []string{"hello", "lost"})
		equal(t, "visitor sees", visitor.texts(), []string{"hello", "lost"})
	})
}

func TestReconnectGetsTheRestOnce(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor, operator := talking(w)
		visitor.good(t, visitor.say("one"))
		seqs := visitor.seqs(visitor.id)
		have := engine.Have{Session: visitor.id, Seq: seqs[len(seqs)-1]}
		visitor.seat.Leave()
		operator.good(t, operator.say("two"))
		operator.good(t, operator.say("three"))
		back := w.visitor(visitor.token, have)
		if back.id != visitor.id {
			t.Fatalf("welcome: got session %v, want %v", back.id, visitor.id)
		}
		equal(t, "returning visitor sees", back.texts(), []string{"two", "three"})
		fresh := w.visitor(visitor.token)
		equal(t, "second tab sees", fresh.texts(), []string{"hello", "one", "two", "three"})
		if sit := wantSignal[engine.Situation](t, fresh.screen); sit.State != engine.StateActive || sit.Owner != "ada" || sit.Reset {
			t.Errorf("situation: got %+v", sit)
		}
	})
}

func TestLongGapIsReset(t *testing.T) {
	inWorld(t, func(c *Config, _ *engine.Tenant) {}, func(w *world) {
		visitor, operator := talking(w)
		for i := range engine.MaxCatchUp + 50 {
			operator.good(t, operator.say(fmt.Sprint(i)))
		}
		back := w.visitor(visitor.token)
		sit := wantSignal[engine.Situation](t, back.screen)
		if !sit.Reset {
			t.Fatalf("situation: got %+v, want a reset", sit)
		}
		texts := back.texts()
		if len(texts) != engine.MaxHistory || texts[len(texts)-1] != fmt.Sprint(engine.MaxCatchUp+49) {
			t.Errorf("replayed: got %d messages up to %q", len(texts), texts[len(texts)-1])
		}
		back.id = visitor.id
		page := back.good(t, back.do(engine.Draft{Op: engine.OpHistory, Before: sit.From, Limit: 50}))
		if len(page.Entries) != 50 || page.Entries[49].Seq != sit.From-1 || !page.More {
			t.Errorf("history: got %d entries, more %v", len(page.Entries), page.More)
		}
	})
}

func TestPanicEndsOneSessionsActorOnly(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor, operator := talking(w)
		other := w.visitor("")
		other.start("other")
		operator.acceptOffer()
		operator.id = visitor.id
		armed := true
		visitor.screen.onEntry = func(e *engine.Entry) {
			if armed && string(e.Body.Reveal()) == "boom" {
				armed = false
				panic(fmt.Sprintf("broken outlet, canary-7f3a %v", e))
			}
		}
		boom := operator.say("boom")
		if a := operator.answer(t, boom); !errors.Is(a.Err, engine.ErrBusy) {
			t.Errorf("the interrupted request: got %v, want unavailable", a.Err)
		}
		again := w.request()
		_ = operator.seat.Post(engine.Draft{Op: engine.OpMessage, Request: again, ClientID: "c-" + boom, Session: operator.id, Body: engine.BodyOf("boom")})
		operator.good(t, again)
		operator.good(t, operator.say("after"))
		other.good(t, other.say("still here"))
		got := visitor.texts()
		equal(t, "visitor sees", got, []string{"hello", "boom", "after"})
		equal(t, "operator sees", operator.texts(), []string{"hello", "other", "boom", "after", "still here"})
		if strings.Contains(w.logs.String(), "canary") {
			t.Error("a panic's value reached the log")
		}
	})
}

func TestOfferTimesOutAndIsMadeAgain(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ada := w.operator("ada")
		visitor := w.visitor("")
		visitor.start("hello")
		first := wantSignal[engine.OfferNew](t, ada.screen).Offer
		time.Sleep(engine.DefaultOfferTimeout + time.Second)
		if r := wantSignal[engine.OfferRevoked](t, ada.screen); r.ID != first.ID || r.Cause != engine.CauseMissed {
			t.Fatalf("revoked: got %+v", r)
		}
		if a := ada.answer(t, ada.do(engine.Draft{Op: engine.OpAccept, Session: first.Session, Offer: first.ID})); !errors.Is(a.Err, engine.ErrOfferGone) {
			t.Fatalf("late accept: got %v, want offer_gone", a.Err)
		}
		grace := w.operator("grace")
		ada.seat.Leave()
		if o := wantSignal[engine.OfferNew](t, grace.screen).Offer; o.Session != first.Session || o.ID == first.ID {
			t.Fatalf("second offer: got %+v", o)
		}
		grace.acceptOffer()
	})
}

func TestOnlyOperatorIsAskedAgainAfterItsDecline(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ada := w.operator("ada")
		visitor := w.visitor("")
		visitor.start("hello")
		o := wantSignal[engine.OfferNew](t, ada.screen).Offer
		ada.good(t, ada.do(engine.Draft{Op: engine.OpReject, Session: o.Session, Offer: o.ID}))
		time.Sleep(engine.DefaultDeclineFor / 2)
		if again := wantSignal[engine.OfferNew](t, ada.screen).Offer; again.ID != o.ID {
			t.Fatal("offered again at once")
		}
		time.Sleep(engine.DefaultDeclineFor)
		if again := wantSignal[engine.OfferNew](t, ada.screen).Offer; again.ID == o.ID {
			t.Fatal("not offered again")
		}
	})
}

func TestOfferEndsWithTheOperatorsLastSocket(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ada, second := w.operator("ada"), w.operator("ada")
		visitor := w.visitor("")
		visitor.start("hello")
		ada.seat.Leave()
		synctest.Wait()
		if _, revoked := lastSignal[engine.OfferRevoked](second.screen); revoked {
			t.Fatal("revoked while a connection is left")
		}
		second.seat.Leave()
		grace := w.operator("grace")
		grace.acceptOffer()
	})
}

func TestActiveSessionStaysWithItsOperatorForItsGrace(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor, operator := talking(w)
		operator.seat.Leave()
		if p := wantSignal[engine.Presence](t, visitor.screen); p.Present || p.Author.Operator != "ada" {
			t.Fatalf("presence: got %+v", p)
		}
		time.Sleep(engine.DefaultOperatorGrace - time.Second)
		visitor.good(t, visitor.say("are you there?"))
		back := w.operator("ada")
		equal(t, "returning operator sees", back.texts(), []string{"hello", "are you there?"})
		if p := wantSignal[engine.Presence](t, visitor.screen); !p.Present {
			t.Error("the visitor was not told that the operator is back")
		}
	})
}

func TestTwoTabsStartOneSession(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		first := w.visitor("")
		second := w.visitor(first.token)
		a := first.do(engine.Draft{Op: engine.OpStart, Body: engine.BodyOf("one")})
		b := second.do(engine.Draft{Op: engine.OpStart, Body: engine.BodyOf("two")})
		x, y := first.good(t, a), second.good(t, b)
		if x.Session != y.Session {
			t.Fatalf("two sessions: %v and %v", x.Session, y.Session)
		}
		equal(t, "second tab sees", second.texts(), []string{"one", "two"})
	})
}

func TestClosedSession(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor, operator := talking(w)
		id := visitor.id
		said := visitor.say("last")
		at := visitor.good(t, said)
		visitor.good(t, visitor.do(engine.Draft{Op: engine.OpClose}))
		if kinds := operator.kinds(); kinds[len(kinds)-1] != engine.KindSessionClosed {
			t.Fatalf("operator sees %v", kinds)
		}
		if m := wantSignal[engine.MineChanged](t, operator.screen); m.Owned {
			t.Errorf("operator was told %+v", m)
		}
		if a := visitor.answer(t, visitor.say("too late")); !errors.Is(a.Err, engine.ErrClosed) {
			t.Errorf("message: got %v, want session_closed", a.Err)
		}
		again := w.request()
		_ = visitor.seat.Post(engine.Draft{Op: engine.OpMessage, Request: again, ClientID: "c-" + said, Session: id, Body: engine.BodyOf("last")})
		if a := visitor.good(t, again); a.Seq != at.Seq {
			t.Errorf("repetition after close: got %d, want %d", a.Seq, at.Seq)
		}
		next := visitor.start("a new one")
		if next.Session == id {
			t.Error("the closed session was opened again")
		}
	})
}

func TestStrangersFindNothing(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor, _ := talking(w)
		stranger, grace := w.visitor(""), w.operator("grace")
		for name, p := range map[string]*person{"visitor": stranger, "operator": grace} {
			for _, d := range []engine.Draft{
				{Op: engine.OpMessage, Body: engine.BodyOf("hi")}, {Op: engine.OpHistory}, {Op: engine.OpClose}, {Op: engine.OpRead, Seq: 1},
			} {
				d.Session = visitor.id
				if a := p.answer(t, p.do(d)); !errors.Is(a.Err, engine.ErrNotFound) {
					t.Errorf("%s: %v: got %v, want not_found", name, d.Op, a.Err)
				}
				d.Session[3] ^= 1
				if a := p.answer(t, p.do(d)); !errors.Is(a.Err, engine.ErrNotFound) {
					t.Errorf("%s: %v of nothing: got %v, want not_found", name, d.Op, a.Err)
				}
			}
		}
		synctest.Wait()
		if n := w.sys.sweep.size(); n != 1 {
			t.Errorf("handles: got %d, want 1", n)
		}
	})
}

func TestStopLosesNothing(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor, operator := talking(w)
		var requests []string
		for i := range 300 {
			requests = append(requests, visitor.say(fmt.Sprint(i)))
		}
		w.stop()
		stored := map[string]bool{}
		for _, text := range operator.texts() {
			stored[text] = true
		}
		for i, r := range requests {
			if a := visitor.answer(t, r); a.Err == nil && !stored[fmt.Sprint(i)] {
				t.Fatalf("message %d was acknowledged and not delivered", i)
			}
		}
		if _, err := w.sys.Visit(context.Background(), engine.Visit{Tenant: w.tenant}, newScreen()); !errors.Is(err, engine.ErrBusy) {
			t.Errorf("visit after stop: got %v, want unavailable", err)
		}
	})
}

func TestFullInboxAnswersBusy(t *testing.T) {
	inWorld(t, func(c *Config, _ *engine.Tenant) { c.InboxLimit = 4 }, func(w *world) {
		visitor, operator := talking(w)
		block, blocked := make(chan struct{}), make(chan struct{})
		once := true
		operator.screen.onEntry = func(*engine.Entry) {
			if once {
				once = false
				close(blocked)
				<-block
			}
		}
		visitor.say("first")
		<-blocked
		busy := 0
		for i := range 10 {
			if err := visitor.seat.Post(engine.Draft{Op: engine.OpMessage, Request: w.request(), ClientID: fmt.Sprint("x", i), Session: visitor.id, Body: engine.BodyOf("x")}); errors.Is(err, engine.ErrBusy) {
				busy++
			}
		}
		close(block)
		if busy != 6 {
			t.Errorf("busy: got %d, want 6", busy)
		}
		if got := len(operator.texts()); got != 2+4 {
			t.Errorf("operator sees %d messages, want 6", got)
		}
	})
}

func TestIdleSessionGivesItsActorBack(t *testing.T) {
	patient := func(_ *Config, tenant *engine.Tenant) {
		for i := range tenant.Departments {
			d := &tenant.Departments[i]
			d.VisitorGrace, d.OperatorGrace, d.Silence = 24*time.Hour, 24*time.Hour, &engine.Silence{}
		}
	}
	inWorld(t, patient, func(w *world) {
		visitor, operator := talking(w)
		visitor.seat.Leave()
		operator.seat.Leave()
		time.Sleep(time.Hour)
		h := w.sys.tenant("demo").known(visitor.id)
		if h == nil || h.running.Load() {
			t.Fatal("the actor still runs, or the handle is gone")
		}
		back := w.visitor(visitor.token)
		back.good(t, back.say("back"))
		equal(t, "returning visitor sees", back.texts(), []string{"hello", "back"})
	})
}

func TestWaitingVisitorWhoLeavesIsGivenUp(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor := w.visitor("")
		visitor.start("anybody?")
		visitor.seat.Leave()
		time.Sleep(engine.DefaultQueueGrace + time.Second)
		info, err := w.sys.SessionInfo(context.Background(), engine.SessionRef{Tenant: "demo", Session: visitor.id})
		if err != nil || info.State != engine.StateClosed {
			t.Fatalf("got %v, %v; want closed", info.State, err)
		}
	})
}

func TestTranscriptsOffKeepNothing(t *testing.T) {
	inWorld(t, func(_ *Config, tenant *engine.Tenant) { tenant.Transcripts = false }, func(w *world) {
		w.store.onAdd = func([]engine.Append) { t.Error("something was appended to the store") }
		visitor, operator := talking(w)
		visitor.good(t, visitor.say("secret"))
		equal(t, "operator sees", operator.texts(), []string{"hello", "secret"})
		back := w.visitor(visitor.token)
		equal(t, "second tab sees", back.texts(), []string{"hello", "secret"})
		if p := wantSignal[engine.Situation](t, operator.screen).Visitor; !p.LastActivity.IsZero() {
			t.Error("last activity is kept where transcripts are off")
		}
		visitor.good(t, visitor.do(engine.Draft{Op: engine.OpClose}))
		synctest.Wait()
		if _, err := w.sys.History(context.Background(), engine.SessionRef{Tenant: "demo", Session: visitor.id}, 0, 10); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("history after close: got %v, want not_found", err)
		}
	})
}

func TestTypingReadMarksAndLastActivity(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor, operator := talking(w)
		visitor.seat.Signal(visitor.id, engine.Typing{On: true})
		if s := wantSignal[engine.Typing](t, operator.screen); !s.On || s.Author.Kind != engine.AuthorVisitor {
			t.Errorf("operator saw %+v", s)
		}
		operator.good(t, operator.do(engine.Draft{Op: engine.OpRead, Seq: 3}))
		if m := wantSignal[engine.ReadMoved](t, visitor.screen); m.Seq != 3 {
			t.Errorf("visitor saw %+v", m)
		}
		time.Sleep(5 * time.Minute)
		visitor.good(t, visitor.say("later"))
		want := time.Now().UTC().Truncate(time.Minute)
		if p := wantSignal[engine.Presence](t, operator.screen); !p.LastActivity.Equal(want) {
			t.Errorf("last activity: got %v, want %v", p.LastActivity, want)
		}
		info, err := w.sys.OperatorInfo(context.Background(), "demo", "ada")
		if err != nil || info.Connections != 1 || info.Used != engine.DefaultWeight || len(info.Sessions) != 1 {
			t.Errorf("operator: got %+v, %v", info, err)
		}
	})
}

func TestVisitorTokens(t *testing.T) {
	inWorld(t, func(c *Config, _ *engine.Tenant) { c.SweepEvery = 24 * time.Hour }, func(w *world) {
		p := w.visitor("")
		for name, v := range map[string]engine.Visit{
			"another origin": {Tenant: w.tenant, Token: p.token, Origin: "https://evil.example"},
			"garbage":        {Tenant: w.tenant, Token: "demo.AAAA", Origin: "https://shop.example"},
			"foreign seal":   {Tenant: w.tenant, Token: "x" + p.token, Origin: "https://shop.example"},
		} {
			if _, err := w.sys.Visit(context.Background(), v, newScreen()); !errors.Is(err, engine.ErrAuthInvalid) {
				t.Errorf("%s: got %v, want auth_invalid", name, err)
			}
		}
		time.Sleep(w.tenant.Limits.TokenTTL*2/3 + time.Second)
		renewed := w.visitor(p.token)
		if renewed.token == p.token {
			t.Error("a token past half its life was not renewed")
		}
		time.Sleep(w.tenant.Limits.TokenTTL / 2)
		if _, err := w.sys.Visit(context.Background(), engine.Visit{Tenant: w.tenant, Token: p.token, Origin: "https://shop.example"}, newScreen()); !errors.Is(err, engine.ErrAuthExpired) {
			t.Errorf("expired: got %v, want auth_expired", err)
		}
	})
}

func TestDeviceLimits(t *testing.T) {
	inWorld(t, func(_ *Config, tenant *engine.Tenant) {
		tenant.Limits.VisitorDevices, tenant.Limits.OperatorDevices = 2, 1
	}, func(w *world) {
		p := w.visitor("")
		second := w.visitor(p.token)
		v := engine.Visit{Tenant: w.tenant, Token: p.token, Origin: "https://shop.example"}
		if _, err := w.sys.Visit(context.Background(), v, newScreen()); !errors.Is(err, engine.ErrTooManyConnections) {
			t.Errorf("third device: got %v", err)
		}
		second.seat.Leave()
		w.visitor(p.token)
		ada := w.operator("ada")
		at := engine.Attendance{Tenant: w.tenant, Principal: engine.Principal{Operator: "ada"}}
		if _, err := w.sys.Attend(context.Background(), at, newScreen()); !errors.Is(err, engine.ErrTooManyConnections) {
			t.Errorf("second operator device: got %v", err)
		}
		ada.seat.Leave()
		w.operator("ada")
	})
}

func TestTwoSystemsInOneProcess(t *testing.T) {
	one, two := prometheus.NewRegistry(), prometheus.NewRegistry()
	inWorld(t, func(c *Config, _ *engine.Tenant) { c.Registerer = one }, func(w *world) {
		second := &world{t: t, store: newFakeStore(), tenant: demoTenant()}
		second.start(Config{Store: second.store, Registerer: two})
		a, _ := talking(w)
		b, _ := talking(second)
		a.good(t, a.say("one"))
		equal(t, "the other system's visitor sees", b.texts(), []string{"hello"})
		second.stop()
		a.good(t, a.say("two"))
		for _, reg := range []*prometheus.Registry{one, two} {
			if families, err := reg.Gather(); err != nil || len(families) == 0 {
				t.Errorf("gather: %d families, %v", len(families), err)
			}
		}
	})
}
