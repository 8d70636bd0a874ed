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

const day = 24 * time.Hour

func (p *person) ban(days int, reason engine.BanReason, key string) string {
	return p.do(engine.Draft{Op: engine.OpBan, ClientID: key, Ban: &engine.BanOrder{Days: days, Reason: reason}})
}

// lastEntry is the newest entry of a kind that was shown.
func (s *screen) lastEntry(kind engine.Kind) *engine.Entry {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range slices.Backward(s.entries) {
		if e.Kind == kind {
			return e
		}
	}
	return &engine.Entry{}
}

// TestBan: a ban ends the visitor's session in the name of who said so, keeps it from
// beginning and writing, is said at the door, survives a restart, and ends by the clock.
func TestBan(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ada, boss := w.operator("ada"), w.attendAs("grace", supervising)
		boss.intend("i1", engine.IntentPaused)
		v := w.visitor("")
		v.start("hello")
		v.say("a lot of it")
		ada.acceptOfferOf(v.id)
		boss.id = v.id
		banned := boss.good(t, boss.ban(2, engine.BanAbuse, "b1"))
		until := banned.Visitor.Ban.Until
		if want := time.Now().Add(2 * day); want.Sub(until).Abs() > time.Second || banned.Visitor.Visitor != v.welcome(t).Visitor {
			t.Fatalf("got until %v of %v, want %v", until, banned.Visitor.Visitor, want)
		}
		if e := v.lastEntry(engine.KindSessionClosing); e.Cause != engine.CauseBanned || e.Author.Operator != "grace" {
			t.Errorf("the session's end: got cause %v by %v", e.Cause, e.Author)
		}
		wantBanned := func(when string, p *person, request string) {
			t.Helper()
			if a := p.answer(t, request); !errors.Is(a.Err, engine.ErrBanned) || !a.Err.Ends.Equal(until) {
				t.Errorf("%s: got %v", when, a.Err)
			}
		}
		check := func(when string, v *person) {
			t.Helper()
			wantBanned(when+": a start", v, v.do(engine.Draft{Op: engine.OpStart, Body: engine.BodyOf("again")}))
			wantBanned(when+": a message", v, v.say("again"))
			wantBanned(when+": a start that continues", v, v.do(engine.Draft{Op: engine.OpContinue}))
			wantBanned(when+": a rating", v, v.do(engine.Draft{Op: engine.OpRate, Plan: &engine.Plan{Score: 1}}))
		}
		check("at once", v)
		again := w.visitor(v.token)
		again.id = v.id
		if at := again.welcome(t).Banned; !at.Equal(until) {
			t.Errorf("the hello says %v, want %v", at, until)
		}
		if other := w.visitor(""); !other.welcome(t).Banned.IsZero() || other.start("hello").Err != nil {
			t.Error("somebody else is banned too")
		}
		w.stop()
		w.start(Config{Store: w.store})
		v = w.visitor(v.token)
		v.id = again.id
		check("after a restart", v)
		time.Sleep(time.Until(until) - time.Second)
		check("in the last second", v)
		time.Sleep(time.Second)
		if a := v.start("I am back"); a.Err != nil {
			t.Errorf("when it is over: %v", a.Err)
		}
		w.stop()
		w.start(Config{Store: w.store})
		if len(w.store.bans) > 0 {
			t.Error("a ban that is over is kept")
		}
	})
}

// TestBanByKey: a repeated order gets the first answer, also after a restart and
// when it has changed since; another under the same key is refused; a server's key is
// not an operator's. A lifted ban is over at once.
func TestBanByKey(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		boss, v := w.attendAs("grace", supervising), w.visitor("")
		v.start("hello")
		boss.id = v.id
		first := boss.good(t, boss.ban(7, engine.BanSpam, "k")).Visitor.Ban
		time.Sleep(time.Hour)
		lift := boss.good(t, boss.ban(0, engine.BanNone, "l")).Visitor.Ban
		if !lift.Until.IsZero() || v.start("again").Err != nil {
			t.Error("a lifted ban holds")
		}
		repeat := func(when string) {
			t.Helper()
			if got := boss.good(t, boss.ban(7, engine.BanSpam, "k")).Visitor.Ban; got != first {
				t.Errorf("%s: repeated: got %+v, want %+v", when, got, first)
			}
			if got := boss.answer(t, boss.ban(8, engine.BanSpam, "k")).Err; !errors.Is(got, engine.ErrIdemConflict) {
				t.Errorf("%s: another under the key: got %v", when, got)
			}
		}
		repeat("at once")
		w.stop()
		w.start(Config{Store: w.store})
		boss = w.attendAs("grace", supervising)
		boss.id = v.id
		repeat("after a restart")
		visitor := v.welcome(t).Visitor
		got, err := w.sys.Ban(context.Background(), "demo", visitor, engine.BanOrder{Days: 1, Reason: engine.BanOther}, "k")
		if err != nil || got.By.Kind != engine.AuthorIntegration {
			t.Errorf("a server under the same key: got %+v, %v", got, err)
		}
		if now, err := w.sys.BanOf("demo", visitor); err != nil || now != got {
			t.Errorf("the ban now: got %+v, %v, want %+v", now, err, got)
		}
	})
}

// TestBanRights: whoever supervises a department that the visitor has, or had, a
// session in. Who only knows the session is told so; who does not hears of nothing.
func TestBanRights(t *testing.T) {
	inWorld(t, func(_ *Config, tenant *engine.Tenant) {
		tenant.Operators = append(tenant.Operators, engine.Operator{ID: "mia", Departments: []engine.DepartmentID{"support"}}, engine.Operator{ID: "eve", Departments: []engine.DepartmentID{"support"}})
	}, func(w *world) {
		ada, elsewhere := w.operator("ada"), w.attendAs("mia", supervising)
		v := w.visitor("")
		v.start("hello") // sales
		ada.acceptOfferOf(v.id)
		visitor := v.welcome(t).Visitor
		order := &engine.BanOrder{Days: 1, Reason: engine.BanOther}
		try := func(who *person, d engine.Draft) error {
			t.Helper()
			d.Op, d.Ban = engine.OpBan, order
			who.id = engine.SessionID{}
			if err := who.answer(t, who.do(d)).Err; err != nil {
				return err
			}
			return nil
		}
		unknown := engine.SessionID{1}
		for name, c := range map[string]struct {
			who  *person
			d    engine.Draft
			want error
		}{
			"its operator":                         {ada, engine.Draft{Session: v.id}, engine.ErrForbidden},
			"its operator, by the visitor":         {ada, engine.Draft{Visitor: visitor}, engine.ErrForbidden},
			"a supervisor of another department":   {elsewhere, engine.Draft{Session: v.id}, engine.ErrNotFound},
			"that one, by the visitor":             {elsewhere, engine.Draft{Visitor: visitor}, engine.ErrNotFound},
			"that one, of what there is not":       {elsewhere, engine.Draft{Session: unknown}, engine.ErrNotFound},
			"the visitor itself":                   {v, engine.Draft{Visitor: visitor}, engine.ErrForbidden},
			"a supervisor, of what there is not":   {w.attendAs("grace", supervising), engine.Draft{Session: unknown}, engine.ErrNotFound},
			"a supervisor, of nobody":              {w.attendAs("grace", supervising), engine.Draft{}, engine.ErrBadRequest},
			"of another's session and that person": {w.attendAs("grace", supervising), engine.Draft{Session: v.id, Visitor: engine.VisitorID{9}}, engine.ErrNotFound},
		} {
			if got := try(c.who, c.d); !errors.Is(got, c.want) {
				t.Errorf("%s: got %v, want %v", name, got, c.want)
			}
		}
		if !w.sys.tenant("demo").bans.until(visitor, time.Now()).IsZero() {
			t.Fatal("somebody who may not has banned the visitor")
		}
		ada.good(t, ada.do(engine.Draft{Op: engine.OpClose, Session: ada.lastEntry(engine.KindSessionAssigned).Session}))
		if got := try(w.attendAs("grace", supervising), engine.Draft{Visitor: visitor}); got != nil {
			t.Errorf("a supervisor, by the visitor, when the session is over: %v", got)
		}
		order = &engine.BanOrder{Days: 366, Reason: engine.BanOther}
		if got := try(w.attendAs("grace", supervising), engine.Draft{Visitor: visitor}); !errors.Is(got, engine.ErrBadRequest) {
			t.Errorf("366 days: got %v", got)
		}
	})
}

// TestBanCutShort: the power goes between a ban and the end of the session: the start
// makes it good. What the store does not take is not done.
func TestBanCutShort(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v := w.visitor("")
		v.start("hello")
		visitor := v.welcome(t).Visitor
		w.store.bansFailing = errors.New("disk")
		if _, err := w.sys.Ban(context.Background(), "demo", visitor, engine.BanOrder{Days: 1, Reason: engine.BanFraud}, "k"); !errors.Is(err, engine.ErrBusy) {
			t.Errorf("a store that fails: got %v", err)
		}
		if v.answer(t, v.say("still here")).Err != nil {
			t.Error("a ban that was not stored holds")
		}
		w.store.bansFailing = nil
		row := w.sys.tenant("demo")
		row.mu.RLock()
		h := row.visitors[visitor].open
		row.mu.RUnlock()
		reply := make(chan engine.SessionInfo, 1)
		h.tell(inform{func(info engine.SessionInfo, _ *engine.Error) { reply <- info }})
		info := <-reply
		w.stop()
		w.store.rows = []*engine.Row{{
			Ref: h.ref, Visitor: visitor, State: info.State, Epoch: info.Epoch, Department: info.Department, Weight: 1000,
			Service: engine.Service{Queued: time.Now()}, FirstQueued: time.Now(),
		}}
		w.store.bans = map[engine.VisitorID]engine.Ban{visitor: {Until: time.Now().Add(day), Reason: engine.BanFraud, By: engine.Author{Kind: engine.AuthorOperator, Operator: "grace"}}}
		w.start(Config{Store: w.store})
		synctest.Wait()
		got, err := w.sys.SessionInfo(context.Background(), h.ref)
		if err != nil || got.State != engine.StateClosed {
			t.Errorf("after the start: state %v, %v, want it closed", got.State, err)
		}
		w.store.rows = nil
	})
}

// TestBanMeetsStart: a start that was let in just before the ban is refused by the
// session, so that nothing is open when the ban is answered.
func TestBanMeetsStart(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		v := w.visitor("")
		visitor := v.welcome(t).Visitor
		w.store.bansWait = make(chan struct{})
		answered := make(chan error, 1)
		go func() {
			_, err := w.sys.Ban(context.Background(), "demo", visitor, engine.BanOrder{Days: 1, Reason: engine.BanSpam}, "k")
			answered <- err
		}()
		synctest.Wait()
		a := v.answer(t, v.do(engine.Draft{Op: engine.OpStart, Body: engine.BodyOf("quick")}))
		if !errors.Is(a.Err, engine.ErrBanned) {
			t.Errorf("a start while the ban is being stored: got %v", a.Err)
		}
		close(w.store.bansWait)
		if err := <-answered; err != nil {
			t.Fatal(err)
		}
	})
}

// TestBansThatAreNotKept: what the store does not take leaves nothing, whatever else
// was ordered meanwhile.
func TestBansThatAreNotKept(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor := w.visitor("").welcome(t).Visitor
		w.store.bansFailing, w.store.bansWait = errors.New("disk"), make(chan struct{})
		answered := make(chan error, 2)
		for days := 1; days <= 2; days++ {
			go func() {
				_, err := w.sys.Ban(context.Background(), "demo", visitor, engine.BanOrder{Days: days, Reason: engine.BanSpam}, "")
				answered <- err
			}()
			synctest.Wait()
		}
		close(w.store.bansWait)
		for range 2 {
			if err := <-answered; err == nil {
				t.Error("a ban that was not stored is answered as one that was")
			}
		}
		if ban, err := w.sys.BanOf("demo", visitor); err != nil || !ban.Until.IsZero() {
			t.Errorf("a ban that nobody has kept: got %+v, %v", ban, err)
		}
		if n := len(w.sys.tenant("demo").bans.storing); n != 0 {
			t.Errorf("%d visitors are still said to be stored", n)
		}
	})
}

// TestBannedUpgrade: a banned visitor does not bring an anonymous session along.
func TestBannedUpgrade(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		proven := w.proven("u1", "")
		if _, err := w.sys.Ban(context.Background(), "demo", proven.welcome(t).Visitor, engine.BanOrder{Days: 1, Reason: engine.BanSpam}, ""); err != nil {
			t.Fatal(err)
		}
		anonymous := w.visitor("")
		anonymous.start("hello")
		both := w.proven("u1", anonymous.token)
		synctest.Wait()
		info, err := w.sys.SessionInfo(context.Background(), engine.SessionRef{Tenant: "demo", Session: anonymous.id})
		if err != nil || info.State.IsOpen() {
			t.Errorf("the session: state %v, %v", info.State, err)
		}
		if both.welcome(t).Banned.IsZero() {
			t.Error("the hello does not say so")
		}
	})
}

// TestVisitorGet: an operator sees what it may of the visitor of its session.
func TestVisitorGet(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ada, boss := w.operator("ada"), w.attendAs("grace", supervising)
		boss.intend("i2", engine.IntentPaused)
		v := w.proven("u7", "")
		v.start("hello")
		v.good(t, v.do(engine.Draft{Op: engine.OpIdentify, Identity: &engine.IdentityChange{Basis: engine.BasisConsent, Set: []engine.Attr{{Name: "name", Value: engine.BodyOf("canary-7f3a")}}}}))
		ada.acceptOfferOf(v.id)
		first := v.id
		v.good(t, v.do(engine.Draft{Op: engine.OpClose}))
		time.Sleep(time.Hour)
		ada.intend("i3", engine.IntentPaused)
		boss.intend("i4", engine.IntentAccepting)
		v.start("once more")
		boss.acceptOfferOf(v.id)
		ask := func(p *person, d engine.Draft) engine.Answer {
			d.Op = engine.OpVisitor
			p.id = engine.SessionID{}
			return p.answer(t, p.do(d))
		}
		visitor := v.welcome(t).Visitor
		for name, d := range map[string]engine.Draft{"by the visitor": {Visitor: visitor}, "by its session": {Session: first}} {
			a := ask(ada, d)
			if a.Err != nil {
				t.Fatalf("ada, %s: %v", name, a.Err)
			}
			i := a.Visitor
			if !i.Verified || i.Sessions != 2 || len(i.Last) != 1 || i.Last[0].Session != first || i.Session != first || i.Visitor != visitor || i.Identity == nil {
				t.Errorf("ada, %s: got %+v", name, i)
			}
			if want := engine.ID(first).Time(); !i.Since.Equal(want) {
				t.Errorf("ada, %s: since %v, want %v", name, i.Since, want)
			}
		}
		if a := ask(ada, engine.Draft{Session: v.id}); !errors.Is(a.Err, engine.ErrNotFound) {
			t.Errorf("ada, of another's session: got %v", a.Err)
		}
		a := ask(boss, engine.Draft{Visitor: visitor})
		if a.Err != nil || len(a.Visitor.Last) != 2 || a.Visitor.Session != v.id || a.Visitor.Identity != nil {
			t.Errorf("the supervisor: got %+v, %v", a.Visitor, a.Err)
		}
		if a := ask(v, engine.Draft{Visitor: visitor}); !errors.Is(a.Err, engine.ErrForbidden) {
			t.Errorf("the visitor: got %v", a.Err)
		}
		boss.good(t, boss.do(engine.Draft{Op: engine.OpBan, Visitor: visitor, Ban: &engine.BanOrder{Days: 3, Reason: engine.BanThreat}}))
		if a := ask(ada, engine.Draft{Visitor: visitor}); a.Err != nil || a.Visitor.Ban.Reason != engine.BanThreat {
			t.Errorf("the ban is not shown: %+v, %v", a.Visitor, a.Err)
		}
		if strings.Contains(w.logs.String(), "canary-7f3a") {
			t.Error("the log holds what is held about the visitor")
		}
	})
}
