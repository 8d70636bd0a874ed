package actors

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

// How the router's and the sessions' rules come out where people sit: stories over
// real actors. The rules themselves are tried in the engine's packages.

func (p *person) wantKind(t *testing.T, kind engine.Kind) {
	t.Helper()
	if kinds := p.kinds(); !slices.Contains(kinds, kind) {
		t.Errorf("no %v was shown, but %v", kind, kinds)
	}
}

func TestWarmTransfer(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		visitor, ada := talking(w)
		grace := w.operator("grace")
		plan := &engine.Plan{Target: engine.Target{Operator: "grace"}}
		ada.good(t, ada.do(engine.Draft{Op: engine.OpTransfer, Plan: plan, Body: engine.BodyOf("please take over")}))
		visitor.wantState(t, engine.StateActive, "ada") // until it is accepted
		ada.good(t, ada.say("one moment"))
		grace.acceptOffer()
		visitor.wantState(t, engine.StateActive, "grace")
		if slices.Contains(visitor.texts(), "please take over") {
			t.Error("the visitor sees the operators' note")
		}
		if a := ada.answer(t, ada.say("still me")); a.Err == nil {
			t.Error("the old owner still writes")
		}
		if info := w.operatorInfo("ada"); len(info.Sessions) != 0 || info.Used != 0 {
			t.Errorf("the old owner: got %+v", info)
		}
	})
}

func TestTransferToSomebodyWhoIsNotThereFails(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		visitor, ada := talking(w)
		time.Sleep(engine.DefaultOperatorGrace + time.Second) // from the start on all count as in grace
		ada.do(engine.Draft{Op: engine.OpTransfer, Plan: &engine.Plan{Target: engine.Target{Operator: "grace"}}})
		synctest.Wait()
		visitor.wantState(t, engine.StateActive, "ada")
		if info := visitor.state(t); info.Serving != nil && info.Serving.Transfer != nil {
			t.Errorf("pending: got %+v", info.Serving.Transfer)
		}
		ada.wantKind(t, engine.KindTransferEnded)
		ada.good(t, ada.say("I stay with you"))
	})
}

func TestColdTransferToADepartment(t *testing.T) {
	inWorld(t, func(c *Config, tenant *engine.Tenant) {
		noSilence(c, tenant)
		tenant.Operators[0].Departments, tenant.Operators[1].Departments = []engine.DepartmentID{"sales"}, []engine.DepartmentID{"support"}
	}, func(w *world) {
		visitor, ada := talking(w)
		grace := w.operator("grace")
		ada.good(t, ada.do(engine.Draft{Op: engine.OpTransfer, Plan: &engine.Plan{Target: engine.Target{Department: "support"}, Cold: true}}))
		visitor.wantState(t, engine.StateOffered, "")
		grace.acceptOffer()
		visitor.wantState(t, engine.StateActive, "grace")
		equal(t, "the new owner sees", grace.texts(), []string{"hello"})
	})
}

// Row 32 of the failures: nobody of the department is there, and it is said; nothing has
// changed, unless it is to wait in that line.
func TestColdTransferToADepartmentWhereNobodyIs(t *testing.T) {
	inWorld(t, func(c *Config, tenant *engine.Tenant) {
		noSilence(c, tenant)
		tenant.Operators[0].Departments, tenant.Operators[1].Departments = []engine.DepartmentID{"sales"}, []engine.DepartmentID{"support"}
	}, func(w *world) {
		visitor, ada := talking(w)
		time.Sleep(engine.DefaultOperatorGrace + time.Second) // from the start on all count as in grace
		cold := func(or engine.Fallback) string {
			return ada.do(engine.Draft{Op: engine.OpTransfer, Plan: &engine.Plan{Target: engine.Target{Department: "support"}, Cold: true, Or: or}})
		}
		cold(engine.OrFail)
		synctest.Wait()
		visitor.wantState(t, engine.StateActive, "ada")
		ada.wantKind(t, engine.KindTransferEnded)
		ada.good(t, ada.say("I stay with you"))
		ada.good(t, cold(engine.OrQueue))
		visitor.wantState(t, engine.StateQueued, "")
		grace := w.operator("grace")
		grace.acceptOffer()
		visitor.wantState(t, engine.StateActive, "grace")
	})
}

func TestFirstOfSeveralWhoAcceptsHasIt(t *testing.T) {
	inWorld(t, func(c *Config, tenant *engine.Tenant) {
		noSilence(c, tenant)
		tenant.Departments[0].Parallel = 2
	}, func(w *world) {
		ada, grace := w.operator("ada"), w.operator("grace")
		visitor := w.visitor("")
		visitor.start("hello")
		late := wantSignal[engine.OfferNew](t, ada.screen).Offer
		grace.acceptOffer()
		visitor.wantState(t, engine.StateActive, "grace")
		if r := wantSignal[engine.OfferRevoked](t, ada.screen); r.Cause != engine.CauseTaken || r.ID != late.ID {
			t.Errorf("revoked: got %+v", r)
		}
		a := ada.answer(t, ada.do(engine.Draft{Op: engine.OpAccept, Session: late.Session, Offer: late.ID}))
		if !errors.Is(a.Err, engine.ErrOfferGone) {
			t.Errorf("the second: got %v, want offer_gone", a.Err)
		}
		if used := w.operatorInfo("ada").Used; used != 0 {
			t.Errorf("the second's load: got %d", used)
		}
	})
}

func TestSupervisorTakesOver(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		visitor, ada := talking(w)
		plain := w.attendAs("grace", []engine.Role{engine.RoleOperator})
		plain.id = visitor.id
		if a := plain.answer(t, plain.do(engine.Draft{Op: engine.OpTakeover, Plan: &engine.Plan{}})); a.Err == nil {
			t.Fatal("who is no supervisor took over")
		}
		boss := w.attendAs("grace", []engine.Role{engine.RoleOperator, engine.RoleSupervisor})
		boss.id = visitor.id
		boss.good(t, boss.do(engine.Draft{Op: engine.OpTakeover, Plan: &engine.Plan{}}))
		visitor.wantState(t, engine.StateActive, "grace")
		boss.good(t, boss.say("I am the supervisor"))
		ada.good(t, ada.say("and I stay")) // as a member
		equal(t, "visitor sees", visitor.texts(), []string{"hello", "I am the supervisor", "and I stay"})
	})
}

// Who watches is not shown to the visitor, whether hidden or not; who writes is.
func TestVisitorSeesWhoWritesToIt(t *testing.T) {
	for as, sees := range map[engine.Part]bool{engine.PartMember: true, engine.PartWhisper: false, engine.PartObserver: false} {
		t.Run(as.String(), func(t *testing.T) {
			inWorld(t, noSilence, func(w *world) {
				visitor, _ := talking(w)
				boss := w.attendAs("grace", []engine.Role{engine.RoleOperator, engine.RoleSupervisor})
				boss.id = visitor.id
				boss.good(t, boss.do(engine.Draft{Op: engine.OpJoin, Plan: &engine.Plan{As: as}}))
				equal(t, "it reads", boss.texts(), []string{"hello"})
				p, _ := lastSignal[engine.Presence](visitor.screen)
				if told := p.Author.Operator == "grace"; told != sees {
					t.Errorf("presence: got %+v", p)
				}
				boss.good(t, boss.do(engine.Draft{Op: engine.OpLeave}))
				visitor.good(t, visitor.say("among us"))
				if slices.Contains(boss.texts(), "among us") {
					t.Error("who left reads on")
				}
				p, _ = lastSignal[engine.Presence](visitor.screen)
				if told := p.Author.Operator == "grace"; told != sees || told && p.Present {
					t.Errorf("presence after it left: got %+v", p)
				}
			})
		})
	}
}

func TestSilentVisitorIsWarnedAndThenClosed(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor, ada := talking(w)
		ada.good(t, ada.say("are you there?"))
		time.Sleep(5*time.Minute + time.Second)
		visitor.wantKind(t, engine.KindWarned)
		time.Sleep(5 * time.Minute)
		visitor.wantState(t, engine.StateClosed, "ada")
		if used := w.operatorInfo("ada").Used; used != 0 {
			t.Errorf("load: got %d", used)
		}
	})
}

func TestBotHandsOver(t *testing.T) {
	inWorld(t, func(c *Config, tenant *engine.Tenant) {
		noSilence(c, tenant)
		tenant.Operators = append(tenant.Operators, engine.Operator{ID: "bot", Bot: true, Capacity: 100})
	}, func(w *world) {
		bot := w.operator("bot")
		visitor := w.visitor("")
		visitor.start("hello")
		visitor.wantState(t, engine.StateActive, "bot") // it takes at once
		bot.id = visitor.id
		bot.good(t, bot.say("I am a machine"))
		ada := w.operator("ada")
		visitor.good(t, visitor.do(engine.Draft{Op: engine.OpHandoff}))
		ada.acceptOffer()
		visitor.wantState(t, engine.StateActive, "ada")
		equal(t, "the person sees", ada.texts(), []string{"hello", "I am a machine"})
	})
}

func TestMessageLeftAtNightWaitsInTheMorning(t *testing.T) {
	inWorld(t, func(c *Config, tenant *engine.Tenant) {
		noSilence(c, tenant)
		c.SweepEvery = 10 * time.Second
		d := &tenant.Departments[0]
		d.Hours = &engine.Hours{}
		for day := range d.Hours.Weekly { // the bubble begins at midnight
			d.Hours.Weekly[day] = []engine.Span{{From: 9 * time.Hour, Until: 17 * time.Hour}}
		}
		d.WhenClosed, d.ResumeUnattended, d.VisitorGrace = engine.OtherwiseUnattended, true, 48*time.Hour
	}, func(w *world) {
		visitor, gone := w.visitor(""), w.visitor("")
		gone.start("I shall not wait")
		visitor.start("hello")
		gone.seat.Leave()
		visitor.wantState(t, engine.StateUnattended, "")
		ada := w.operator("ada")
		time.Sleep(8 * time.Hour)
		visitor.wantState(t, engine.StateUnattended, "")
		time.Sleep(time.Hour + 15*time.Second)
		ada.acceptOffer()
		visitor.wantState(t, engine.StateActive, "ada")
		gone.wantState(t, engine.StateUnattended, "") // nobody inherits a night's backlog
	})
}

func TestClosedSessionIsRated(t *testing.T) {
	inWorld(t, func(c *Config, tenant *engine.Tenant) {
		noSilence(c, tenant)
		c.SweepEvery = 10 * time.Second
	}, func(w *world) {
		visitor, ada := talking(w)
		ada.good(t, ada.say("hi"))
		ada.close(visitor.id)
		visitor.wantState(t, engine.StateClosed, "ada")
		visitor.good(t, visitor.do(engine.Draft{Op: engine.OpRate, Plan: &engine.Plan{Score: 5}}))
		time.Sleep(engine.DefaultRatingWindow + time.Minute)
		if a := visitor.answer(t, visitor.do(engine.Draft{Op: engine.OpRate, Plan: &engine.Plan{Score: 1}})); a.Err == nil {
			t.Error("it was rated after its window")
		}
	})
}
