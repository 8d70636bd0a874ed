package actors

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

// newer shows the connection a newer token of the operator's, which names these
// departments.
func (p *person) newer(t *testing.T, id engine.OperatorID, departments ...engine.DepartmentID) {
	t.Helper()
	now := time.Now()
	token := engine.Principal{
		Operator: id, Roles: []engine.Role{engine.RoleOperator}, Departments: departments, Issued: now, Expires: now.Add(time.Hour),
	}
	if _, err := p.seat.Renew(engine.Renewal{Principal: token}); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

// ownedBy is a session of each department, both the operator's.
func ownedBy(w *world, owner *person) (sales, support *person) {
	w.t.Helper()
	chat := func(d engine.DepartmentID) *person {
		v := w.visitor("")
		v.id = v.good(w.t, v.do(engine.Draft{Op: engine.OpStart, Department: d, Body: engine.BodyOf("hello " + string(d))})).Session
		owner.acceptOfferOf(v.id)
		v.wantState(w.t, engine.StateActive, "ada")
		return v
	}
	return chat("sales"), chat("support")
}

// A session whose owner shows a token that does not name its department is given up
// after the grace, that one alone; somebody else is asked, not the narrower operator.
func TestWhoMayNoLongerSeeItsSessionLosesIt(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		ada := w.attendAs("ada", []engine.Role{engine.RoleOperator})
		sales, support := ownedBy(w, ada)
		ada.newer(t, "ada", "support")
		sales.wantState(t, engine.StateDetached, "ada")
		support.wantState(t, engine.StateActive, "ada")
		sales.wantKind(t, engine.KindSessionDetached)
		offers := ada.offers()
		time.Sleep(engine.DefaultOperatorGrace + time.Second)
		sales.wantState(t, engine.StateQueued, "")
		support.wantState(t, engine.StateActive, "ada")
		if n := ada.offers(); n != offers {
			t.Errorf("ada was offered what it may not see: %d offers after %d", n, offers)
		}
		grace := w.operator("grace")
		grace.acceptOffer()
		sales.wantState(t, engine.StateActive, "grace")
	})
}

// A wide enough token within the grace, on whichever connection, has the session back;
// one that comes later is asked first.
func TestAWiderTokenHasTheSessionBack(t *testing.T) {
	for name, widen := range map[string]func(*testing.T, *world, *person) *person{
		"the same connection": func(t *testing.T, _ *world, ada *person) *person { ada.newer(t, "ada", "support", "sales"); return ada },
		"another one": func(_ *testing.T, w *world, _ *person) *person {
			return w.attendAs("ada", []engine.Role{engine.RoleOperator}, "sales")
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, noSilence, func(w *world) {
				ada := w.attendAs("ada", []engine.Role{engine.RoleOperator})
				sales, _ := ownedBy(w, ada)
				ada.newer(t, "ada", "support")
				time.Sleep(engine.DefaultOperatorGrace - time.Second)
				wide := widen(t, w, ada)
				sales.wantState(t, engine.StateActive, "ada")
				sales.wantKind(t, engine.KindSessionRestored)
				wide.id = sales.id
				wide.good(t, wide.say("here again"))
				time.Sleep(2 * engine.DefaultOperatorGrace)
				sales.wantState(t, engine.StateActive, "ada")

				for _, p := range []*person{ada, wide} {
					p.newer(t, "ada", "support")
				}
				time.Sleep(engine.DefaultOperatorGrace + time.Second)
				sales.wantState(t, engine.StateQueued, "")
				wide.newer(t, "ada")
				wide.acceptOfferOf(sales.id)
				sales.wantState(t, engine.StateActive, "ada")
			})
		})
	}
}

// The wider connection goes; the narrower one stays, and does not see the session.
func TestTheWiderConnectionGoes(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		wide := w.attendAs("ada", []engine.Role{engine.RoleOperator})
		sales, support := ownedBy(w, wide)
		w.attendAs("ada", []engine.Role{engine.RoleOperator}, "support")
		wide.seat.Leave()
		sales.wantState(t, engine.StateDetached, "ada")
		support.wantState(t, engine.StateActive, "ada")
	})
}

// What a session was told, and what its owner may see, are known again after each of
// them was made anew, and after a start of the process.
func TestWhoMaySeeWhatIsKnownAfterARestart(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		ada := w.attendAs("ada", []engine.Role{engine.RoleOperator})
		sales, support := ownedBy(w, ada)
		desk := w.sys.tenant("demo").operator("ada")
		desk.state.stepping = true
		desk.tell(struct{}{})
		synctest.Wait()
		ada.newer(t, "ada", "support")
		sales.wantState(t, engine.StateDetached, "ada")
		support.wantState(t, engine.StateActive, "ada")
		ada.newer(t, "ada")
		sales.wantState(t, engine.StateActive, "ada")

		w.stop()
		w.start(w.sys.cfg)
		w.attendAs("ada", []engine.Role{engine.RoleOperator}, "support")
		sales.wantState(t, engine.StateDetached, "ada")
		support.wantState(t, engine.StateActive, "ada")
		time.Sleep(engine.DefaultOperatorGrace + time.Second)
		sales.wantState(t, engine.StateQueued, "")
		support.wantState(t, engine.StateActive, "ada")
	})
}
