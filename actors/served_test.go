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

// crash ends the system as a power cut does, as far as sessions can tell: nobody
// says goodbye, and what is stored by then is all that the next one has.
func (w *world) crash() {
	w.t.Helper()
	synctest.Wait()
	w.store.rows = nil
	for _, r := range w.store.Memory.sessions {
		if r.row != nil {
			w.store.rows = append(w.store.rows, copyRow(r.row))
		}
	}
	before := w.sys
	w.start(before.cfg)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := before.Stop(ctx); err != nil {
		w.t.Errorf("stop: %v", err)
	}
}

// A restart in the middle of everything: what each session was, it still is, or has
// come back to the line.
func TestRestartInTheMiddleOfEverything(t *testing.T) {
	setup := func(c *Config, tenant *engine.Tenant) {
		noSilence(c, tenant)
		tenant.Departments[0].WrapUp = time.Minute
		tenant.Departments[0].VisitorGrace = time.Hour
		for i := range tenant.Departments {
			tenant.Departments[i].QueueGrace = time.Hour
		}
		tenant.Departments = append(tenant.Departments, engine.Department{
			ID: "night", WhenNobody: engine.OtherwiseUnattended, Hours: &engine.Hours{}, WhenClosed: engine.OtherwiseUnattended,
		})
		tenant.Operators[0].Capacity = 3
		tenant.Operators[1].Departments = []engine.DepartmentID{"sales"}
	}
	inWorld(t, setup, func(w *world) {
		ada := w.operator("ada")
		begin := func(department engine.DepartmentID) *person {
			v := w.visitor("")
			v.id = v.good(t, v.do(engine.Draft{Op: engine.OpStart, Department: department, Body: engine.BodyOf("hello")})).Session
			synctest.Wait()
			return v
		}
		closing := begin("sales")
		ada.acceptOffer()
		active := begin("sales")
		ada.acceptOffer()
		ada.good(t, ada.do(engine.Draft{Op: engine.OpClose, Session: closing.id}))
		offered := begin("support")
		queued := begin("support")
		unattended := begin("night")
		closing.wantState(t, engine.StateClosing, "ada")
		active.wantState(t, engine.StateActive, "ada")
		offered.wantState(t, engine.StateOffered, "")
		unattended.wantState(t, engine.StateUnattended, "")
		w.crash()
		begun := time.Now()
		active.wantState(t, engine.StateActive, "ada") // its owner may be back at once
		time.Sleep(engine.DefaultOperatorGrace * 2 / 3)
		active.wantState(t, engine.StateDetached, "ada")
		if info := active.state(t); !info.Deadline.After(time.Now()) || info.Deadline.Sub(begun) > engine.DefaultOperatorGrace {
			t.Errorf("a detached session's deadline: got %v, %s after the start", info.Deadline, info.Deadline.Sub(begun))
		}
		closing.wantState(t, engine.StateClosing, "ada")
		offered.wantState(t, engine.StateQueued, "")
		queued.wantState(t, engine.StateQueued, "")
		unattended.wantState(t, engine.StateUnattended, "")
		grace := w.operator("grace") // absent others stall nobody
		time.Sleep(engine.DefaultOperatorGrace/3 + time.Second)
		grace.acceptOffer()
		active.wantState(t, engine.StateActive, "grace")
		back := w.operator("ada")
		back.acceptOfferOf(offered.id) // it has room for both who wait
		time.Sleep(time.Minute)
		closing.wantState(t, engine.StateClosed, "ada")
		if used := w.operatorInfo("ada").Used; used > 2*engine.DefaultWeight {
			t.Errorf("load: got %d", used)
		}
	})
}

// A planned stop is nobody's going away.
func TestDrainDetachesNobody(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		visitor, ada := talking(w)
		w.sys.Drain()
		waiting := w.visitor("")
		waiting.start("late")
		waiting.wantState(t, engine.StateQueued, "")
		ada.seat.Leave()
		time.Sleep(2 * engine.DefaultOperatorGrace)
		visitor.wantState(t, engine.StateActive, "ada")
	})
}

func TestVisitorsHearTheirPlaceInLine(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		first, second := w.visitor(""), w.visitor("")
		first.start("one")
		time.Sleep(time.Second)
		second.start("two")
		time.Sleep(engine.PositionEvery + time.Second)
		if p := wantSignal[engine.QueuePosition](t, first.screen); p.Position != 1 || p.Session != first.id {
			t.Errorf("first: got %+v", p)
		}
		if p := wantSignal[engine.QueuePosition](t, second.screen); p.Position != 2 {
			t.Errorf("second: got %+v", p)
		}
		tab := w.visitor(second.token)
		if p := wantSignal[engine.QueuePosition](t, tab.screen); p.Position != 2 {
			t.Errorf("second's other tab: got %+v", p)
		}
		ada := w.operator("ada")
		ada.acceptOfferOf(second.id)
		time.Sleep(engine.PositionRefresh + time.Second)
		if _, told := lastSignal[engine.QueuePosition](ada.screen); told {
			t.Error("an operator is told a visitor's place")
		}
		late := w.visitor(second.token)
		if _, told := lastSignal[engine.QueuePosition](late.screen); told {
			t.Error("who is served is told a place in line")
		}
	})
}

func TestDepartmentsAreToldToUndecidedVisitors(t *testing.T) {
	change := func(c *Config, tenant *engine.Tenant) {
		noSilence(c, tenant)
		tenant.Departments[1].HideQueue = true
	}
	inWorld(t, change, func(w *world) {
		looking, served := w.visitor(""), w.visitor("")
		served.start("hello")
		time.Sleep(engine.DefaultOperatorGrace + 2*engine.PositionEvery)
		told := func() (last engine.DepartmentStatus) {
			synctest.Wait()
			for _, signal := range looking.signalsSoFar() {
				if s, is := signal.(engine.DepartmentStatus); is && s.Department == "sales" {
					last = s
				}
			}
			return last
		}
		if s := told(); s.Status != engine.StatusAway || s.Queue == nil || s.Queue.Length != 1 {
			t.Errorf("nobody is there: got %+v, %+v", s, s.Queue)
		}
		n := countSignals[engine.DepartmentStatus](served.screen)
		ada := w.operator("ada")
		ada.acceptOffer()
		time.Sleep(engine.PositionEvery + time.Second)
		all, err := w.sys.Departments("demo")
		if err != nil || len(all) != 2 || all[0].Department != "sales" || all[0].Status != engine.StatusOpen {
			t.Fatalf("departments: got %+v, %v", all, err)
		}
		if s := told(); s.Status != engine.StatusOpen || s.Queue == nil || s.Queue.Length != 0 {
			t.Errorf("somebody is there: got %+v, %+v", s, s.Queue)
		}
		if countSignals[engine.DepartmentStatus](served.screen) != n {
			t.Error("a visitor who is served is told of departments")
		}
		for _, signal := range looking.signalsSoFar() {
			if s, is := signal.(engine.DepartmentStatus); is && s.Department == "support" && s.Queue != nil {
				t.Errorf("its line is its own matter: got %+v", s.Queue)
			}
		}
		if _, err := w.sys.Departments("nobody"); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("a stranger's departments: got %v", err)
		}
	})
}

func TestReconfigure(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		visitor, ada := talking(w)
		grace := w.operator("grace")
		next := demoTenant()
		noSilence(nil, next)
		next.Revision, next.Operators = 2, []engine.Operator{{ID: "grace", Capacity: 1}}
		next.Limits.MessageBytes = 10
		if err := w.sys.Reconfigure(next); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if !slices.Contains(ada.closed, engine.ReasonSignedOut) {
			t.Error("who is no longer in the configuration stays connected")
		}
		grace.acceptOffer()
		visitor.wantState(t, engine.StateActive, "grace")
		if a := visitor.answer(t, visitor.say("longer than ten bytes")); !errors.Is(a.Err, engine.ErrTooLarge) {
			t.Errorf("a running session: got %v, want the new limit", a.Err)
		}
		waiting := w.visitor("")
		waiting.start("hello")
		time.Sleep(time.Second)
		waiting.wantState(t, engine.StateQueued, "") // capacity 1
		if _, err := w.sys.Attend(t.Context(), engine.Attendance{Tenant: w.tenant, Principal: engine.Principal{Operator: "ada"}}, newScreen()); !errors.Is(err, engine.ErrAuthInvalid) {
			t.Errorf("attend: got %v", err)
		}
	})
}

func TestReconfigureRefuses(t *testing.T) {
	for name, change := range map[string]func(*engine.Tenant){
		"stranger":    func(t *engine.Tenant) { t.ID = "nobody" },
		"older":       func(t *engine.Tenant) { t.Revision = 4 },
		"transcripts": func(t *engine.Tenant) { t.Transcripts = false },
		"invalid":     func(t *engine.Tenant) { t.Departments = nil },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(_ *Config, tenant *engine.Tenant) { tenant.Revision = 5 }, func(w *world) {
				next := demoTenant()
				next.Revision = 6
				change(next)
				if err := w.sys.Reconfigure(next); err == nil {
					t.Error("it was taken")
				}
				if w.sys.tenant("demo").config() != w.tenant {
					t.Error("the configuration has changed all the same")
				}
			})
		})
	}
}
