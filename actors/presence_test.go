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

// state asks where a person's session stands.
func (p *person) state(t *testing.T) engine.SessionInfo {
	t.Helper()
	synctest.Wait()
	info, err := p.w.sys.SessionInfo(context.Background(), engine.SessionRef{Tenant: "demo", Session: p.id})
	if err != nil {
		t.Fatalf("session info: %v", err)
	}
	return info
}

func (p *person) wantState(t *testing.T, state engine.State, owner engine.OperatorID) {
	t.Helper()
	if info := p.state(t); info.State != state || info.Owner != owner {
		t.Fatalf("session: got %v of %q, want %v of %q", info.State, info.Owner, state, owner)
	}
}

// attendAs is an operator's connection with roles and departments of its own.
func (w *world) attendAs(id engine.OperatorID, roles []engine.Role, departments ...engine.DepartmentID) *person {
	w.t.Helper()
	p := &person{screen: newScreen(), w: w}
	at := engine.Attendance{
		Request: "hi", Tenant: w.tenant, Principal: engine.Principal{Operator: id, Roles: roles, Departments: departments},
		Device: "desk", Intent: engine.IntentAccepting,
	}
	seat, err := w.sys.Attend(context.Background(), at, p.screen)
	if err != nil {
		w.t.Fatal(err)
	}
	p.good(w.t, "hi")
	p.seat = seat
	synctest.Wait()
	return p
}

func (w *world) operatorInfo(id engine.OperatorID) engine.OperatorInfo {
	w.t.Helper()
	synctest.Wait()
	info, err := w.sys.OperatorInfo(context.Background(), "demo", id)
	if err != nil {
		w.t.Fatal(err)
	}
	return info
}

// noSilence keeps timers out of a story.
func noSilence(_ *Config, tenant *engine.Tenant) {
	for i := range tenant.Departments {
		tenant.Departments[i].Silence = &engine.Silence{}
	}
}

func TestOwnerWhoIsBackWithinItsGraceKeepsItsSession(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		visitor, operator := talking(w)
		operator.seat.Leave()
		visitor.wantState(t, engine.StateDetached, "ada")
		other := w.operator("grace")
		time.Sleep(engine.DefaultOperatorGrace - time.Second)
		back := w.operator("ada")
		visitor.wantState(t, engine.StateActive, "ada")
		time.Sleep(2 * engine.DefaultOperatorGrace)
		visitor.wantState(t, engine.StateActive, "ada")
		if _, offered := lastSignal[engine.OfferNew](other.screen); offered {
			t.Error("somebody else was asked")
		}
		back.id = visitor.id
		back.good(t, back.say("here again"))
	})
}

func TestOwnerWhoStaysAwayLosesItsSession(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		visitor, operator := talking(w)
		operator.seat.Leave()
		other := w.operator("grace")
		time.Sleep(engine.DefaultOperatorGrace + time.Second)
		other.acceptOffer()
		visitor.wantState(t, engine.StateActive, "grace")
		back := w.operator("ada")
		back.id = visitor.id
		if a := back.answer(t, back.say("mine?")); !errors.Is(a.Err, engine.ErrNotFound) {
			t.Errorf("the old owner writes: got %v, want not_found", a.Err)
		}
		equal(t, "new owner sees", other.texts(), []string{"hello"})
	})
}

// Who lost a session is asked first when it returns and the session still waits.
func TestOwnerWhoReturnsLateIsAskedFirst(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		visitor, operator := talking(w)
		operator.seat.Leave()
		time.Sleep(engine.DefaultOperatorGrace + time.Second)
		visitor.wantState(t, engine.StateQueued, "")
		back := w.operator("ada")
		back.acceptOffer()
		visitor.wantState(t, engine.StateActive, "ada")
	})
}

func TestMissesPauseTheOperator(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		ada := w.operator("ada")
		w.visitor("").start("hello")
		w.visitor("").start("hello")
		time.Sleep(engine.DefaultOfferTimeout + time.Second)
		info := w.operatorInfo("ada").Intent
		if info.Intent != engine.IntentPaused || info.Cause != engine.CauseMissed {
			t.Fatalf("intent: got %+v, want a pause by the miss rule", info)
		}
		if w.store.intents["ada"] != info {
			t.Errorf("stored: got %+v", w.store.intents["ada"])
		}
		if told := wantSignal[engine.IntentChanged](t, ada.screen); told.Intent != info {
			t.Errorf("told: got %+v", told.Intent)
		}
		before := countSignals[engine.OfferNew](ada.screen)
		time.Sleep(2 * engine.DefaultDeclineFor)
		if countSignals[engine.OfferNew](ada.screen) != before {
			t.Error("a paused operator was asked")
		}
		ada.declare(t, engine.IntentAccepting) // one click brings it back
		if countSignals[engine.OfferNew](ada.screen) == before {
			t.Error("nobody asks the operator who is back")
		}
	})
}

func TestPauseEndsByItself(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		ada := w.operator("ada")
		ada.good(t, ada.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentPaused, Until: time.Now().Add(time.Minute)}))
		visitor := w.visitor("")
		visitor.start("hello")
		time.Sleep(59 * time.Second)
		visitor.wantState(t, engine.StateQueued, "")
		time.Sleep(2 * time.Second)
		ada.acceptOffer()
	})
}

func TestSignOutGivesSessionsBack(t *testing.T) {
	for name, drains := range map[string]bool{"at once": false, "draining": true} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, noSilence, func(w *world) {
				visitor, ada := talking(w)
				ada.good(t, ada.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentSignedOut, Drain: drains}))
				if !drains {
					visitor.wantState(t, engine.StateQueued, "")
					return
				}
				visitor.wantState(t, engine.StateActive, "ada")
				ada.good(t, ada.say("still with you"))
				waiting := w.visitor("")
				waiting.start("next")
				waiting.wantState(t, engine.StateQueued, "")
			})
		})
	}
}

// What an intent does to sessions cannot be taken back, so nothing is done for one
// that is not durable.
func TestSignOutThatIsNotStoredHasNotHappened(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		visitor, ada := talking(w)
		w.store.setIntentsFailing(engine.ErrFull)
		a := ada.answer(t, ada.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentSignedOut}))
		if !errors.Is(a.Err, engine.ErrBusy) {
			t.Fatalf("answer: got %v, want unavailable", a.Err)
		}
		visitor.wantState(t, engine.StateActive, "ada")
		if info := w.operatorInfo("ada"); info.Intent.Intent != engine.IntentAccepting {
			t.Fatalf("intent: got %v", info.Intent.Intent)
		}
		w.store.setIntentsFailing(nil)
		w.visitor("").start("next")
		ada.acceptOffer()
	})
}

func TestSupervisorSetsAnothersIntent(t *testing.T) {
	supervisor := []engine.Role{engine.RoleOperator, engine.RoleSupervisor}
	for _, tt := range []struct {
		name        string
		roles       []engine.Role
		departments []engine.DepartmentID
		whose       engine.OperatorID
		want        error
	}{
		{"supervisor", supervisor, nil, "ada", nil},
		{"of its department", supervisor, []engine.DepartmentID{"sales"}, "ada", nil},
		{"of another department", supervisor, []engine.DepartmentID{"support"}, "ada", engine.ErrForbidden},
		{"no supervisor", []engine.Role{engine.RoleOperator}, nil, "ada", engine.ErrForbidden},
		{"of nobody", supervisor, nil, "nobody", engine.ErrNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, func(c *Config, tenant *engine.Tenant) {
				noSilence(c, tenant)
				tenant.Operators[0].Departments = []engine.DepartmentID{"sales"}
			}, func(w *world) {
				ada, boss := w.operator("ada"), w.attendAs("grace", tt.roles, tt.departments...)
				a := boss.answer(t, boss.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentPaused, For: tt.whose}))
				if tt.want != nil {
					if !errors.Is(a.Err, tt.want) || w.operatorInfo("ada").Intent.Intent != engine.IntentAccepting {
						t.Fatalf("got %v, want %v", a.Err, tt.want)
					}
					return
				}
				info := wantSignal[engine.IntentChanged](t, ada.screen).Intent
				if a.Err != nil || info.Intent != engine.IntentPaused || info.Cause != engine.CauseSupervisor || info.By != "grace" || info.Device != "desk" {
					t.Errorf("got %v, %+v", a.Err, info)
				}
			})
		})
	}
}

// A machine that panicked is made anew of what it knew.
func TestOperatorsMachineIsMadeAnew(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		visitor, ada := talking(w)
		w.visitor("").start("offered")
		synctest.Wait()
		desk := w.sys.tenant("demo").operator("ada")
		desk.state.stepping = true
		desk.tell(struct{}{})
		info := w.operatorInfo("ada")
		if !slices.Equal(info.Sessions, []engine.SessionID{visitor.id}) || info.Intent.Intent != engine.IntentAccepting {
			t.Fatalf("got %+v", info)
		}
		time.Sleep(2 * engine.DefaultOfferTimeout / 3)
		visitor.wantState(t, engine.StateActive, "ada")
		ada.acceptOffer()
		ada.seat.Leave()
		visitor.wantState(t, engine.StateDetached, "ada")
	})
}
