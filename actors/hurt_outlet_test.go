package actors

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

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
