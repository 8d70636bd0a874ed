package actors

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

// notices are those of a kind that a connection was told.
func (s *screen) notices(kind engine.NoticeKind) (all []engine.Notice) {
	synctest.Wait()
	for _, signal := range s.signalsSoFar() {
		if n, is := signal.(engine.Notice); is && n.Kind == kind {
			all = append(all, n)
		}
	}
	return all
}

// A change of load is told to all of the operator's connections and nobody else's, and
// several at once are one.
func TestLoadIsTold(t *testing.T) {
	breathes := func(c *Config, tenant *engine.Tenant) {
		noSilence(c, tenant)
		for i := range tenant.Departments {
			tenant.Departments[i].Breathing, tenant.Departments[i].RatingWindow = time.Minute, -1
		}
	}
	inWorld(t, breathes, func(w *world) {
		ada, second := w.operator("ada"), w.operator("ada")
		time.Sleep(2 * time.Second)
		before := countSignals[engine.Load](ada.screen)
		var visitors []*person
		for range 2 {
			v := w.visitor("")
			v.start("hello")
			visitors = append(visitors, v)
			time.Sleep(50 * time.Millisecond)
			third := w.visitor("") // comes and goes
			third.start("hello")
			time.Sleep(50 * time.Millisecond)
			third.good(t, third.do(engine.Draft{Op: engine.OpClose}))
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(3 * time.Second)
		if n := countSignals[engine.Load](ada.screen) - before; n < 1 || n > 2 {
			t.Errorf("six changes within a third of a second: %d words, want one or two", n)
		}
		for _, p := range []*person{ada, second} {
			l := wantSignal[engine.Load](t, p.screen)
			if l.Used != 2000 || l.Open != 2 || l.Capacity == 0 || l.OpenCap == 0 || !l.Breathing.IsZero() {
				t.Errorf("got %+v, want two chats", l)
			}
		}
		ada.acceptOfferOf(visitors[0].id)
		ada.good(t, ada.do(engine.Draft{Op: engine.OpClose, Session: visitors[0].id}))
		time.Sleep(3 * time.Second)
		if l := wantSignal[engine.Load](t, second.screen); l.Used != 1000 || l.Open != 1 || !l.Breathing.After(time.Now()) {
			t.Errorf("after a chat: got %+v, want one, and that it breathes", l)
		}
		third := w.operator("ada")
		if me := third.welcome(t).Me; me.Used != 1000 || !me.Breathing.After(time.Now()) {
			t.Errorf("who comes is welcomed with %+v", me)
		}
	})
}

func TestWhoIsPausedIsToldWhy(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		ada := w.operator("ada")
		w.visitor("").start("hello")
		w.visitor("").start("hello")
		time.Sleep(3 * engine.DefaultOfferTimeout)
		all := ada.notices(engine.NoticeMissedPause)
		if len(all) != 1 || all[0].Misses != engine.DefaultMaxMisses || !all[0].Since.Equal(w.operatorInfo("ada").Intent.At) {
			t.Fatalf("got %+v, want one", all)
		}
		ada.declare(t, engine.IntentAccepting)
		time.Sleep(time.Minute)
	})
}

func TestWhatChangesIsTold(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		ada := w.operator("ada")
		newer := *w.tenant
		newer.Revision = 42
		if err := w.sys.Reconfigure(&newer); err != nil {
			t.Fatal(err)
		}
		if all := ada.notices(engine.NoticeConfigChanged); len(all) != 1 || all[0].Rev != 42 {
			t.Errorf("got %+v, want revision 42", all)
		}
		w.sys.Drain()
		if all := ada.notices(engine.NoticeGoingAway); len(all) != 1 {
			t.Errorf("a stop that is near: got %+v", all)
		}
	})
}

// Who serves the department, and whose token names it, hears that visitors wait too
// long, once for each.
func TestBrokenPromisesAreTold(t *testing.T) {
	promising := func(c *Config, tenant *engine.Tenant) {
		noSilence(c, tenant)
		tenant.Departments[0].SLA = 30 * time.Second
		tenant.Operators = append(tenant.Operators, engine.Operator{ID: "hedy", Capacity: 1, Departments: []engine.DepartmentID{"support"}})
	}
	inWorld(t, promising, func(w *world) {
		roles := []engine.Role{engine.RoleOperator}
		wide, narrow, elsewhere := w.scoped("ada"), w.scoped("ada", "support"), w.attendAs("hedy", roles)
		v := w.visitor("")
		v.id = v.good(t, v.do(engine.Draft{Op: engine.OpStart, Department: "sales"})).Session
		time.Sleep(29 * time.Second)
		if all := wide.notices(engine.NoticeRisk); len(all) > 0 {
			t.Fatalf("too early: %+v", all)
		}
		time.Sleep(2 * time.Minute)
		all := wide.notices(engine.NoticeRisk)
		if len(all) != 1 || all[0].Department != "sales" || all[0].Sessions != 1 || all[0].Waited < 30*time.Second || all[0].Waited > 35*time.Second {
			t.Errorf("got %+v, want one of half a minute", all)
		}
		for name, p := range map[string]*person{"a token for another department": narrow, "an operator of another": elsewhere} {
			if all := p.notices(engine.NoticeRisk); len(all) > 0 {
				t.Errorf("%s hears %+v", name, all)
			}
		}
	})
}

// An offer says what it is about, to whoever comes later too, and not to a connection
// that may not see the chat.
func TestOffersSayWhatTheyAreAbout(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		wide, narrow := w.operator("ada"), w.scoped("ada", "support")
		v := w.visitor("")
		v.start("hello")
		told := wantSignal[engine.OfferNew](t, wide.screen)
		if b := told.Brief; b == nil || b.Parallel != 1 || b.Rule != "only" || b.Verified || b.Name.Len() > 0 {
			t.Errorf("got %+v", told.Brief)
		}
		if b := wantSignal[engine.OfferNew](t, narrow.screen); b.Brief != nil {
			t.Errorf("a token for another department gets %+v", b.Brief)
		}
		later, laterNarrow := w.operator("ada"), w.scoped("ada", "support")
		if me := later.welcome(t).Me; len(me.Offers) != 1 || len(me.Briefs) != 1 || me.Briefs[0] != told.Brief {
			t.Errorf("who comes later is welcomed with %+v, %+v", me.Offers, me.Briefs)
		}
		if me := laterNarrow.welcome(t).Me; len(me.Offers) != 1 || me.Briefs[0] != nil {
			t.Errorf("who may not see it is welcomed with %+v", me.Briefs)
		}
		wide.acceptOffer()
		if me := w.operator("ada").welcome(t).Me; len(me.Offers)+len(me.Briefs) != 0 {
			t.Errorf("after the offer: %+v", me.Offers)
		}
	})
}

// When the last connection goes that may see a chat, its offer goes to somebody else at
// once, and is no miss.
func TestWhatNobodyMaySeeIsGivenBack(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		wide, _ := w.operator("ada"), w.scoped("ada", "support")
		v := w.visitor("")
		v.start("hello")
		wantSignal[engine.OfferNew](t, wide.screen)
		wide.seat.Leave()
		v.wantState(t, engine.StateQueued, "")
		if info := w.operatorInfo("ada"); info.Open != 0 || info.Intent.Intent != engine.IntentAccepting {
			t.Errorf("got %+v", info)
		}
		grace := w.operator("grace")
		grace.acceptOffer()
		v.wantState(t, engine.StateActive, "grace")
	})
}

// A device that can be pushed keeps its operator in the routing, for longer offers.
func TestPushableDevicesStayInReach(t *testing.T) {
	reaching := func(c *Config, tenant *engine.Tenant) {
		noSilence(c, tenant)
		for i := range tenant.Operators {
			tenant.Operators[i].PushReach = 10 * time.Minute
		}
		tenant.Departments[0].OfferTimeout, tenant.Departments[0].PushTimeout = 10*time.Second, 2*time.Minute
	}
	for _, pushable := range []bool{true, false} {
		inWorld(t, reaching, func(w *world) {
			p := &person{screen: newScreen(), w: w}
			seat, err := w.sys.Attend(t.Context(), engine.Attendance{
				Request: "hi", Tenant: w.tenant, Principal: engine.Principal{Operator: "ada", Roles: []engine.Role{engine.RoleOperator}},
				Device: "phone", Kind: "mobile", Pushable: pushable, Intent: engine.IntentAccepting,
			}, p.screen)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			seat.Leave()
			v := w.visitor("")
			v.id = v.good(t, v.do(engine.Draft{Op: engine.OpStart, Department: "sales"})).Session
			if !pushable {
				v.wantState(t, engine.StateQueued, "")
				return
			}
			v.wantState(t, engine.StateOffered, "")
			time.Sleep(time.Minute)
			v.wantState(t, engine.StateOffered, "")
			back := w.operator("ada") // it was woken
			if me := back.welcome(t).Me; len(me.Offers) != 1 || time.Until(me.Offers[0].Deadline) > time.Minute {
				t.Fatalf("woken, it finds %+v", me.Offers)
			}
			o := back.welcome(t).Me.Offers[0]
			back.good(t, back.do(engine.Draft{Op: engine.OpAccept, Session: o.Session, Offer: o.ID, Epoch: o.Epoch}))
			v.wantState(t, engine.StateActive, "ada")
		})
	}
}

// Why an operator pauses is kept with its intent, over a restart, and is in no log.
func TestReasonsOfIntents(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		ada := w.operator("ada")
		a := ada.good(t, ada.do(engine.Draft{Op: engine.OpIntent, ClientID: "k", Intent: engine.IntentPaused, Reason: "canary-7f3a"}))
		if a.Intent.Reason != "canary-7f3a" || wantSignal[engine.IntentChanged](t, ada.screen).Intent.Reason != "canary-7f3a" {
			t.Errorf("got %+v", a.Intent)
		}
		if a := ada.answer(t, ada.do(engine.Draft{Op: engine.OpIntent, ClientID: "k", Intent: engine.IntentPaused, Reason: "training"})); !engine.ErrIdemConflict.Is(a.Err) {
			t.Errorf("another reason by one key: got %v", a.Err)
		}
		if a := ada.answer(t, ada.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentPaused, Reason: "At lunch!"})); !engine.ErrBadRequest.Is(a.Err) {
			t.Errorf("no code: got %v", a.Err)
		}
		w.restart()
		if got := w.operatorInfo("ada").Intent; got.Reason != "canary-7f3a" || got.Intent != engine.IntentPaused {
			t.Errorf("after a restart: %+v", got)
		}
		back := w.operator("ada")
		back.good(t, back.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentAccepting}))
		if got := w.operatorInfo("ada").Intent; got.Reason != "" {
			t.Errorf("accepting again, and still %q", got.Reason)
		}
		if strings.Contains(w.logs.String(), "canary") {
			t.Error("a reason is in the logs")
		}
	})
}
