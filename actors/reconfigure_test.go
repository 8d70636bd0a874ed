package actors

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

func (w *world) reconfigure(change func(*engine.Tenant)) {
	w.t.Helper()
	next := demoTenant()
	noSilence(nil, next)
	next.Revision = w.sys.tenant("demo").config().Revision + 1
	change(next)
	if err := w.sys.Reconfigure(next); err != nil {
		w.t.Fatal(err)
	}
	synctest.Wait()
}

// Who waits in a department that is removed becomes a message where nobody serves all
// departments; who is served there stays with the owner; once the owner gives it back
// it is a message too. Visitors are told of the department no more.
func TestADepartmentIsRemoved(t *testing.T) {
	specialists := func(tenant *engine.Tenant) {
		tenant.Operators = []engine.Operator{
			{ID: "ada", Capacity: 1, Departments: []engine.DepartmentID{"sales", "support"}},
			{ID: "grace", Capacity: 1, Departments: []engine.DepartmentID{"sales"}},
		}
	}
	inWorld(t, func(c *Config, tenant *engine.Tenant) { noSilence(c, tenant); specialists(tenant) }, func(w *world) {
		owned, waiting, ada := w.visitor(""), w.visitor(""), w.operator("ada")
		toSupport := func(p *person) {
			p.id = p.good(t, p.do(engine.Draft{Op: engine.OpStart, Department: "support", Body: engine.BodyOf("hello")})).Session
		}
		toSupport(owned)
		ada.acceptOffer()
		toSupport(waiting)
		waiting.wantState(t, engine.StateQueued, "")
		w.reconfigure(func(tenant *engine.Tenant) {
			tenant.Departments = tenant.Departments[:1]
			specialists(tenant)
			tenant.Operators[0].Departments = []engine.DepartmentID{"sales"}
		})
		waiting.wantState(t, engine.StateUnattended, "")
		if q := wantSignal[*engine.Queue](t, ada.screen); !q.Snapshot || len(q.Rows) != 0 {
			t.Errorf("ada, who served it, is shown %+v; want the lines anew, and nobody in them", q)
		}
		owned.wantState(t, engine.StateActive, "ada")
		owned.good(t, owned.say("still here"))
		all, _ := w.sys.Departments("demo")
		if len(all) != 1 || all[0].Department != "sales" {
			t.Errorf("departments: got %+v", all)
		}
		ada.id = owned.id
		ada.good(t, ada.do(engine.Draft{Op: engine.OpRelease, Plan: &engine.Plan{}}))
		owned.wantState(t, engine.StateUnattended, "")
		late := w.visitor("")
		if a := late.answer(t, late.do(engine.Draft{Op: engine.OpStart, Department: "support"})); !engine.ErrBadRequest.Is(a.Err) {
			t.Errorf("a start in it: got %v", a.Err)
		}
	})
}

// An operator who serves a department no longer is shown the lines anew: what it saw
// there has gone; and one who serves another from now on sees who waits there.
func TestAnOperatorsDepartmentsChange(t *testing.T) {
	serving := func(d engine.DepartmentID) func(*engine.Tenant) {
		return func(tenant *engine.Tenant) {
			tenant.Operators = []engine.Operator{{ID: "ada", Capacity: 1, Departments: []engine.DepartmentID{d}}, {ID: "grace", Capacity: 1}}
		}
	}
	inWorld(t, func(c *Config, tenant *engine.Tenant) { noSilence(c, tenant); serving("sales")(tenant) }, func(w *world) {
		v, ada := w.visitor(""), w.operator("ada")
		ada.declare(t, engine.IntentPaused)
		v.start("hello")
		synctest.Wait()
		if got := ada.waiting(t); !slices.Equal(got, []engine.SessionID{v.id}) {
			t.Fatalf("ada sees %v, want %v", got, v.id)
		}
		w.reconfigure(serving("support"))
		if got := ada.waiting(t); len(got) != 0 {
			t.Errorf("ada, who serves sales no longer, sees %v", got)
		}
		w.reconfigure(serving("sales"))
		if got := ada.waiting(t); !slices.Equal(got, []engine.SessionID{v.id}) {
			t.Errorf("ada, who serves sales again, sees %v", got)
		}
		v.wantState(t, engine.StateQueued, "")
	})
}

// Chats of an operator whom the configuration no longer has wait again, and say why.
func TestAnOperatorIsRemoved(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		visitor, ada := talking(w)
		w.reconfigure(func(tenant *engine.Tenant) { tenant.Operators = tenant.Operators[1:] })
		visitor.wantState(t, engine.StateQueued, "")
		if e := visitor.last(engine.KindSessionRequeued); e == nil || e.Cause != engine.CauseOperatorRemoved {
			t.Errorf("requeued: got %+v", e)
		}
		if got := ada.reasons(); !slices.Contains(got, engine.ReasonSignedOut) {
			t.Errorf("ada's connection: got %v", got)
		}
		time.Sleep(time.Second)
		w.operator("grace").acceptOffer()
		visitor.wantState(t, engine.StateActive, "grace")
	})
}
