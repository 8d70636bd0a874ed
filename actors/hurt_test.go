package actors

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// hooked lets a test stand between the actors and the store.
type hooked struct {
	*fakeStore
	append  func(a []engine.Append, done func([]error)) bool
	claim   func(c engine.Claim, done func(engine.Head, []*engine.Entry, error)) bool
	read    func(ref engine.SessionRef, after engine.Seq, limit int, done func([]*engine.Entry, error)) bool
	release func(engine.SessionRef)
}

func (h *hooked) Append(a []engine.Append, done func([]error)) {
	if h.append == nil || !h.append(a, done) {
		h.fakeStore.Append(a, done)
	}
}

func (h *hooked) Claim(c engine.Claim, done func(engine.Head, []*engine.Entry, error)) {
	if h.claim == nil || !h.claim(c, done) {
		h.fakeStore.Claim(c, done)
	}
}

func (h *hooked) ReadFrom(ref engine.SessionRef, after engine.Seq, limit int, done func([]*engine.Entry, error)) {
	if h.read == nil || !h.read(ref, after, limit, done) {
		h.fakeStore.ReadFrom(ref, after, limit, done)
	}
}

func (h *hooked) Release(ref engine.SessionRef) {
	if h.release != nil {
		h.release(ref)
	}
}

func inHooked(t *testing.T, test func(*world, *hooked)) {
	t.Helper()
	var hook *hooked
	inWorld(t, func(c *Config, _ *engine.Tenant) {
		hook = &hooked{fakeStore: c.Store.(*fakeStore)}
		c.Store = hook
	}, func(w *world) { test(w, hook) })
}

// a visitor who has waited silently longer than IdleAfter loses its connection
// for a moment; anything that wakes the session (REST, an offer) makes it be given up at once.
func TestGraceSurvivesRest(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v := w.visitor("")
		v.start("hello")
		time.Sleep(11 * time.Minute)
		v.seat.Leave()
		time.Sleep(time.Second)
		ref := engine.SessionRef{Tenant: "demo", Session: v.id}
		if info, err := w.sys.SessionInfo(w.t.Context(), ref); err != nil || info.State != engine.StateQueued {
			t.Fatalf("got %v %v", info.State, err)
		}
		time.Sleep(5 * time.Second)
		back := w.visitor(v.token)
		if back.id != v.id {
			t.Errorf("6 s after the connection was lost (grace is 45 s): the session is gone")
		}
	})
}

// the same by way of an offer.
func TestOfferWithinGraceAfterRest(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v := w.visitor("")
		v.start("hello")
		time.Sleep(11 * time.Minute)
		v.seat.Leave()
		ada := w.operator("ada")
		time.Sleep(5 * time.Second)
		if r, revoked := lastSignal[engine.OfferRevoked](ada.screen); revoked {
			t.Errorf("offer revoked within the grace: %v", r.Cause)
		}
		back := w.visitor(v.token)
		if back.id != v.id {
			t.Errorf("the session was given up 5 s after the connection was lost")
		}
	})
}

// a draft in the same batch as a failed append.
func TestDraftBesideStoreFailure(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		visitor, operator := talking(w)
		var second, third string
		hook.append = func(a []engine.Append, done func([]error)) bool {
			hook.append = nil
			second = visitor.say("second")
			third = operator.say("third")
			told := make(chan struct{})
			go func() { done([]error{engine.ErrFull}); close(told) }()
			<-told
			return true
		}
		first := visitor.say("first")
		if a := visitor.answer(t, first); !errors.Is(a.Err, engine.ErrFull) {
			t.Errorf("first: %v", a.Err)
		}
		visitor.good(t, second)
		operator.good(t, third)
		if strings.Contains(w.logs.String(), "panicked") {
			t.Errorf("an actor panicked: %s", w.logs.String())
		}
	})
}

// a broken outlet at the assigning entry: the owner must learn that it owns.
func TestGainedSurvivesPanic(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ada := w.operator("ada")
		v := w.visitor("")
		v.start("hello")
		armed := true
		v.screen.onEntry = func(e *engine.Entry) {
			if armed && e.Kind == engine.KindSessionAssigned {
				armed = false
				panic("broken outlet")
			}
		}
		o := wantSignal[engine.OfferNew](t, ada.screen).Offer
		ada.answer(t, ada.do(engine.Draft{Op: engine.OpAccept, Session: o.Session, Offer: o.ID, Epoch: o.Epoch}))
		ada.id = o.Session
		v.good(t, v.say("are you there"))
		equal(t, "owner sees", ada.texts(), []string{"hello", "are you there"})
		info, _ := w.sys.OperatorInfo(w.t.Context(), "demo", "ada")
		if len(info.Sessions) != 1 {
			t.Errorf("owned: %v, want 1", info.Sessions)
		}
	})
}

// a broken outlet at the last entry: the owner's load must be freed.
func TestLostSurvivesPanic(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v, ada := talking(w)
		armed := true
		v.screen.onEntry = func(e *engine.Entry) {
			if armed && e.Kind == engine.KindSessionClosed {
				armed = false
				panic("broken outlet")
			}
		}
		ada.do(engine.Draft{Op: engine.OpClose})
		synctest.Wait()
		time.Sleep(time.Hour)
		info, _ := w.sys.OperatorInfo(w.t.Context(), "demo", "ada")
		if len(info.Sessions) != 0 || info.Used != 0 {
			t.Errorf("an hour after close: sessions %d, used %d", len(info.Sessions), info.Used)
		}
		tn := w.sys.tenant("demo")
		v.seat.Leave()
		synctest.Wait()
		if len(tn.visitors) != 0 {
			t.Errorf("visitors in memory: %d", len(tn.visitors))
		}
	})
}

// a broken outlet at the closing entry of a session that wraps up: the visitor may start anew.
func TestVisitorStartsAnewAfterPanicAtClosing(t *testing.T) {
	inWorld(t, func(_ *Config, tn *engine.Tenant) { tn.Departments[0].WrapUp = 10 * time.Minute }, func(w *world) {
		v, ada := talking(w)
		armed := true
		v.screen.onEntry = func(e *engine.Entry) {
			if armed && e.Kind == engine.KindSessionClosing {
				armed = false
				panic("broken outlet")
			}
		}
		ada.do(engine.Draft{Op: engine.OpClose})
		synctest.Wait()
		first := v.id
		if a := v.answer(t, v.do(engine.Draft{Op: engine.OpStart, Body: engine.BodyOf("again")})); a.Err != nil || a.Session == first {
			t.Errorf("start during the old session's wrap-up: %v", a.Err)
		}
	})
}

type panicky struct {
	*screen
	onNotify func(engine.Signal)
	onAnswer func(engine.Answer)
}

func (p *panicky) Notify(s engine.Signal) bool {
	if p.onNotify != nil {
		p.onNotify(s)
	}
	return p.screen.Notify(s)
}

func (p *panicky) Answer(a engine.Answer) bool {
	if p.onAnswer != nil {
		p.onAnswer(a)
	}
	return p.screen.Answer(a)
}

func (w *world) attendBy(id engine.OperatorID, outlet engine.Outlet, s *screen) *person {
	at := engine.Attendance{Request: "hi", Tenant: w.tenant, Principal: engine.Principal{Operator: id}, Intent: engine.IntentAccepting}
	seat, err := w.sys.Attend(context.Background(), at, outlet)
	if err != nil {
		w.t.Fatal(err)
	}
	synctest.Wait()
	return &person{screen: s, w: w, seat: seat}
}

// one batch of an operator's actor: a change that panics in an outlet, then the ends of its connections.
func TestOperatorGhostAfterPanic(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		out := &panicky{screen: newScreen()}
		ada := w.attendBy("ada", out, out.screen)
		desk := w.sys.tenant("demo").operator("ada")
		out.onNotify = func(s engine.Signal) {
			if m, ok := s.(engine.MineChanged); ok && m.Used == 77 {
				out.onNotify = nil
				panic("broken outlet")
			}
		}
		// Both in one batch, as when the actor was busy.
		reply := make(chan engine.OperatorInfo, 1)
		desk.mu.Lock()
		desk.control = append(desk.control, loadIs{used: 77}, informAbout{func(info engine.OperatorInfo, _ *engine.Error) { reply <- info }})
		desk.mu.Unlock()
		ada.seat.Leave() // wakes; the detach is the batch's third
		synctest.Wait()
		time.Sleep(time.Minute)
		info, err := w.sys.OperatorInfo(w.t.Context(), "demo", "ada")
		if err != nil || info.Connections != 0 {
			t.Errorf("connections: got %d, want 0", info.Connections)
		}
		select {
		case <-reply:
		default:
			t.Error("a question in the batch got no answer")
		}
		v := w.visitor("")
		v.start("hello")
		synctest.Wait()
		if i, _ := w.sys.SessionInfo(w.t.Context(), engine.SessionRef{Tenant: "demo", Session: v.id}); i.State != engine.StateQueued {
			t.Errorf("offered to an operator without connections: %v", i.State)
		}
	})
}

// a session that closes while a connection catches up.
func TestCloseWhileCatchingUp(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		v, ada := talking(w)
		ada.good(t, ada.say("one"))
		var answer func()
		hook.read = func(ref engine.SessionRef, after engine.Seq, limit int, done func([]*engine.Entry, error)) bool {
			answer = func() { hook.fakeStore.ReadFrom(ref, after, limit, done) }
			return true
		}
		tab := w.visitor(v.token)
		if tab.id != v.id {
			t.Fatal("no session in the welcome")
		}
		synctest.Wait()
		hook.read = nil
		ada.good(t, ada.do(engine.Draft{Op: engine.OpClose}))
		answer()
		synctest.Wait()
		if _, ok := lastSignal[engine.Situation](tab.screen); !ok {
			t.Error("the second tab was welcomed to a session and never heard of it")
		}
		if k := tab.kinds(); len(k) == 0 || k[len(k)-1] != engine.KindSessionClosed {
			t.Errorf("the second tab saw %v", k)
		}
	})
}

// the store is full while an offer is live: the rebuild writes offer.ended, fails, is rebuilt ...
func TestFullStoreDoesNotSpin(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		w.operator("ada")
		v := w.visitor("")
		v.start("hello")
		n := 0
		hook.append = func(a []engine.Append, done func([]error)) bool {
			n++
			if n > 1000 {
				return false
			}
			go done([]error{engine.ErrFull})
			return true
		}
		v.say("x")
		synctest.Wait()
		if n > 50 {
			t.Errorf("%d appends without any time passing", n)
		}
		hook.append = nil
	})
}

// sessions whose people are connected and silent cost nothing.
func TestSilentSessionIsNotTicked(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v, _ := talking(w)
		time.Sleep(11 * time.Minute)
		h := w.sys.tenant("demo").known(v.id)
		ticks := 0
		for range 40 {
			time.Sleep(w.sys.cfg.SweepEvery)
			ticks += len(w.sys.sweep.due(time.Now(), w.sys.cfg.IdleAfter))
			synctest.Wait()
		}
		_ = h
		if ticks > 2 {
			t.Errorf("a silent session was due %d times in 10 s", ticks)
		}
	})
}

// an outlet that panics again when it is answered after the panic.
func TestOutletPanicsTwice(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v, ada := talking(w)
		out := &panicky{screen: newScreen()}
		visit := engine.Visit{Request: "hi", Tenant: w.tenant, Token: v.token, Origin: "https://shop.example"}
		seat, err := w.sys.Visit(w.t.Context(), visit, out)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		out.onAnswer = func(engine.Answer) { panic("broken outlet") }
		_ = seat.Post(engine.Draft{Op: engine.OpMessage, Request: "m", ClientID: "", Session: v.id}) // refused at once: Answer panics
		first := ada.say("first")
		synctest.Wait()
		ada.good(t, first)
		v.good(t, v.say("second"))
		equal(t, "owner sees", ada.texts(), []string{"hello", "first", "second"})
	})
}

func queues(s *screen) (all []*engine.Queue) {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, signal := range s.signals {
		if q, ok := signal.(*engine.Queue); ok {
			all = append(all, q)
		}
	}
	return all
}

// a router that panicked numbers from 1 again: watchers need a snapshot.
func TestQueueWatchAfterRouterPanic(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ada := w.operator("ada")
		ada.good(t, ada.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentPaused}))
		for range 3 {
			w.visitor("").start("a")
		}
		router := w.sys.tenant("demo").router
		n := len(queues(ada.screen))
		router.tell(routing.Configure{}) // panics: no tenant
		w.visitor("").start("b")
		for i, q := range queues(ada.screen)[n:] {
			if i == 0 && !q.Snapshot {
				t.Errorf("first after the panic: revision %d, snapshot %v", q.Rev, q.Snapshot)
			}
		}
	})
}

// a snapshot that was asked for in the batch of a panic.
func TestQueueSnapshotLostWithRouterPanic(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		router := w.sys.tenant("demo").router
		synctest.Wait()
		router.mu.Lock()
		router.control = append(router.control, routing.Configure{})
		router.mu.Unlock()
		ada := w.operator("ada")
		w.visitor("").start("b")
		if len(queues(ada.screen)) == 0 {
			t.Error("an operator was never shown the waiting lines")
		}
	})
}

// a panic after quit.
func TestStopEndsAfterPanic(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		v, ada := talking(w)
		var finish func()
		hook.append = func(a []engine.Append, done func([]error)) bool {
			finish = func() { hook.fakeStore.Append(a, done) }
			return true
		}
		v.say("boom")
		synctest.Wait()
		hook.append = nil
		ada.screen.onEntry = func(*engine.Entry) { ada.screen.onEntry = nil; panic("broken outlet") }
		stopped := make(chan error)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			stopped <- w.sys.Stop(ctx)
		}()
		synctest.Wait() // quit has been told and waits for the append
		finish()
		if err := <-stopped; err != nil {
			t.Errorf("stop: %v", err)
		}
	})
}

// a start that looked the open session up before the system stopped.
func TestStartBesideStopOpensNoSecondSession(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v := w.visitor("")
		v.start("hello")
		// What Stop does, while a goroutine is inside seat.Post, behind its check of stopping.
		w.sys.stopping.Store(true)
		if err := w.sys.stopSessions(w.t.Context()); err != nil {
			t.Fatal(err)
		}
		err := w.sys.tenant("demo").start(v.seat.(*seat), engine.Draft{Op: engine.OpStart, Request: "late", ClientID: "late"})
		synctest.Wait()
		open := 0
		w.store.Memory.mu.Lock()
		for _, r := range w.store.Memory.sessions {
			if !r.closed && r.last > 0 {
				open++
			}
		}
		w.store.Memory.mu.Unlock()
		if open != 1 {
			t.Errorf("I8: the visitor has %d open sessions in the store (start answered %v)", open, err)
		}
		w.sys.stopping.Store(false)
	})
}

// a session that never started is forgotten with its visitor.
func TestSessionThatNeverStartedIsForgotten(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v := w.visitor("")
		w.store.setFailing(engine.ErrFull)
		if a := v.answer(t, v.do(engine.Draft{Op: engine.OpStart})); a.Err == nil {
			t.Fatal("started on a full store")
		}
		w.store.setFailing(nil)
		v.seat.Leave()
		time.Sleep(24 * time.Hour)
		tn := w.sys.tenant("demo")
		if len(tn.visitors) != 0 || len(tn.sessions) != 0 || w.sys.sweep.size() != 0 {
			t.Errorf("a day later: %d visitors, %d sessions, %d swept", len(tn.visitors), len(tn.sessions), w.sys.sweep.size())
		}
	})
}

// a start that meets the session's end opens the next session.
func TestStartMeetsEnd(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		v := w.visitor("")
		v.start("hello")
		first := v.id
		h := w.sys.tenant("demo").known(v.id)
		hook.release = func(ref engine.SessionRef) { // between the verdict and leave
			hook.release = nil
			h.post(draftPosted{seat: v.seat.(*seat), draft: engine.Draft{Op: engine.OpStart, Request: "late", ClientID: "late", Body: engine.BodyOf("again")}})
		}
		v.do(engine.Draft{Op: engine.OpClose})
		if a := v.answer(t, "late"); a.Err != nil || a.Session == first {
			t.Errorf("start: got %v", a.Err)
		}
	})
}

// a start while the closing entry is on its way to the log.
func TestStartMeetsClosing(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		v := w.visitor("")
		v.start("hello")
		first := v.id
		var late string
		hook.append = func(a []engine.Append, done func([]error)) bool {
			hook.append = nil
			late = v.do(engine.Draft{Op: engine.OpStart, Body: engine.BodyOf("again")})
			return false
		}
		v.do(engine.Draft{Op: engine.OpClose})
		synctest.Wait()
		if a := v.answer(t, late); a.Err != nil || a.Session == first {
			t.Errorf("start: got %v", a.Err)
		}
	})
}

// an error that panics brings its text into the log.
func TestPanickingErrorsTextStaysOut(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v, ada := talking(w)
		v.screen.onEntry = func(e *engine.Entry) {
			v.screen.onEntry = nil
			panic(fmt.Errorf("cannot encode %q", e.Body.Reveal()))
		}
		ada.say("canary-7f3a")
		synctest.Wait()
		if strings.Contains(w.logs.String(), "canary") {
			t.Error("what somebody typed is in the log")
		}
	})
}

// one session whose log is damaged must not take its owner's other chats.
func TestCorruptSessionDoesNotLockOperatorOut(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		v, ada := talking(w)
		v.seat.Leave()
		ada.seat.Leave()
		time.Sleep(time.Hour) // the actor rests
		hook.claim = func(c engine.Claim, done func(engine.Head, []*engine.Entry, error)) bool {
			go done(engine.Head{}, nil, engine.ErrCorrupt)
			return true
		}
		back := w.operator("ada")
		synctest.Wait()
		if len(back.closed) != 0 {
			t.Errorf("the operator's whole connection was closed: %v", back.closed)
		}
	})
}

// a claim that fails once must not leave a waiting session without a deadline.
func TestFailedClaimIsTriedAgain(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		v := w.visitor("")
		v.start("hello")
		w.store.setFailing(engine.ErrFull)
		var good atomic.Bool
		hook.claim = func(c engine.Claim, done func(engine.Head, []*engine.Entry, error)) bool {
			if good.Load() {
				return false
			}
			go done(engine.Head{}, nil, engine.ErrBusy)
			return true
		}
		v.say("x")
		synctest.Wait()
		v.seat.Leave()
		synctest.Wait()
		w.store.setFailing(nil)
		good.Store(true)
		time.Sleep(time.Hour)
		info, err := w.sys.SessionInfo(w.t.Context(), engine.SessionRef{Tenant: "demo", Session: v.id})
		if err != nil || info.State != engine.StateClosed {
			t.Errorf("an hour after its visitor left: %v %v", info.State, err)
		}
	})
}

// a broken outlet among those that are seated again must not unseat the others.
func TestBrokenOutletUnseatsNobodyElse(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v, ada := talking(w)
		out := &panicky{screen: newScreen()}
		visit := engine.Visit{Request: "hi", Tenant: w.tenant, Token: v.token, Origin: "https://shop.example"}
		if _, err := w.sys.Visit(w.t.Context(), visit, out); err != nil {
			t.Fatal(err)
		}
		late := w.visitor(v.token)
		synctest.Wait()
		n := 0
		out.onNotify = func(s engine.Signal) { // the second time it panics while it is seated again
			if n++; n <= 2 {
				panic("broken outlet")
			}
		}
		ada.seat.Signal(v.id, engine.Typing{On: true})
		ada.id = v.id
		synctest.Wait()
		ada.good(t, ada.say("still here?"))
		equal(t, "another tab sees", late.texts(), []string{"hello", "still here?"})
		equal(t, "owner sees", ada.texts(), []string{"hello", "still here?"})
	})
}

// questions after the stop are answered.
func TestInfoAfterStop(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v, _ := talking(w)
		w.stop()
		ctx, cancel := context.WithTimeout(w.t.Context(), time.Hour)
		defer cancel()
		if _, err := w.sys.SessionInfo(ctx, engine.SessionRef{Tenant: "demo", Session: v.id}); errors.Is(err, context.DeadlineExceeded) {
			t.Error("SessionInfo waits for ever")
		}
		if _, err := w.sys.OperatorInfo(ctx, "demo", "ada"); errors.Is(err, context.DeadlineExceeded) {
			t.Error("OperatorInfo waits for ever")
		}
	})
}

// what a signed-out operator's connection still says has no effect.
func TestSignedOutStaysSignedOut(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v, ada := talking(w)
		if _, err := w.sys.Revoke(w.t.Context(), "demo", "ada", "k"); err != nil {
			t.Fatal(err)
		}
		ada.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentAccepting})
		ada.say("after the sign-out")
		synctest.Wait()
		if got := w.store.intents["ada"].Intent; got != engine.IntentSignedOut {
			t.Errorf("stored intent: %v", got)
		}
		if texts := v.texts(); len(texts) != 1 {
			t.Errorf("the visitor was told %q", texts)
		}
	})
}

// an offer that was on its way when its operator signed out.
func TestOfferOnItsWayToSignedOut(t *testing.T) {
	inHooked(t, func(w *world, hook *hooked) {
		ada := w.operator("ada")
		v := w.visitor("")
		hook.append = func(a []engine.Append, done func([]error)) bool {
			if a[0].Entries[0].Kind != engine.KindOfferMade {
				return false
			}
			hook.append = nil
			ada.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentSignedOut})
			go func() {
				time.Sleep(time.Second)
				hook.fakeStore.Append(a, done)
			}()
			return true
		}
		v.start("hello")
		time.Sleep(2 * time.Second)
		if r, ok := lastSignal[engine.OfferRevoked](ada.screen); !ok {
			t.Errorf("a signed-out operator keeps an offer: %v", r)
		}
	})
}

// a session in wrap-up is still its operator's after a restart.
func TestWrapUpAfterRestart(t *testing.T) {
	ref := engine.SessionRef{Tenant: "demo", Session: engine.SessionID{9}}
	inWorld(t, func(c *Config, _ *engine.Tenant) {
		f := c.Store.(*fakeStore)
		f.rows = []*engine.Row{{Ref: ref, State: engine.StateClosing, Owner: "ada", Weight: 1000, Department: "sales", CloseBy: time.Now().Add(time.Hour)}}
	}, func(w *world) {
		synctest.Wait()
		info, _ := w.sys.OperatorInfo(w.t.Context(), "demo", "ada")
		if info.Used != 1000 || len(info.Sessions) != 1 {
			t.Errorf("used %d, sessions %d", info.Used, len(info.Sessions))
		}
	})
}

// after a restart an operator is back before a waiting visitor is.
func TestOfferAfterRestartBeforeVisitorIsBack(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v := w.visitor("")
		v.start("hello")
		w.store.Memory.mu.Lock()
		row := copyRow(w.store.Memory.sessions[engine.SessionRef{Tenant: "demo", Session: v.id}].row)
		w.store.Memory.mu.Unlock()
		w.stop()
		w.store.rows = []*engine.Row{row}
		appends := 0
		w.store.onAdd = func([]engine.Append) {
			if appends++; appends > 1000 {
				w.store.setFailing(engine.ErrFenced) // else this never ends
			}
		}
		w.start(Config{Store: w.store})
		w.operator("ada")
		time.Sleep(time.Second)
		if appends > 10 {
			t.Errorf("%d appends for one offer", appends)
		}
		w.store.setFailing(nil)
	})
}

// a grace longer than IdleAfter is counted from when the visitor left, not from when the session began.
func TestLongGraceSurvivesRest(t *testing.T) {
	inWorld(t, func(_ *Config, tn *engine.Tenant) { tn.Departments[0].QueueGrace = 30 * time.Minute }, func(w *world) {
		v := w.visitor("")
		v.start("hello")
		time.Sleep(25 * time.Minute)
		v.seat.Leave()
		time.Sleep(11 * time.Minute) // it rests
		ref := engine.SessionRef{Tenant: "demo", Session: v.id}
		for range 2 {
			if info, err := w.sys.SessionInfo(w.t.Context(), ref); err != nil || info.State != engine.StateQueued {
				t.Fatalf("11 of 30 minutes after the visitor left: %v %v", info.State, err)
			}
			time.Sleep(time.Second)
		}
		time.Sleep(20 * time.Minute)
		if info, _ := w.sys.SessionInfo(w.t.Context(), ref); info.State != engine.StateClosed {
			t.Errorf("after the grace: %v", info.State)
		}
	})
}
