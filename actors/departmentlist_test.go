package actors

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// A visitor is told what the departments are now, in the tenant's order; an operator
// has other ways to know.
func TestVisitorsListDepartments(t *testing.T) {
	change := func(_ *Config, tenant *engine.Tenant) {
		tenant.Departments = []engine.Department{{ID: "sales", Name: "Sales"}, {ID: "night", Hours: &engine.Hours{Zone: time.UTC}}}
	}
	inWorld(t, change, func(w *world) {
		ada := w.operator("ada")
		synctest.Wait()
		v := w.visitor("")
		a := v.good(t, v.do(engine.Draft{Op: engine.OpDepartments}))
		if len(a.Departments) != 2 || a.Departments[0].Department != "sales" || a.Departments[0].Name != "Sales" || a.Departments[0].Status != engine.StatusOpen {
			t.Fatalf("got %+v", a.Departments)
		}
		if second := a.Departments[1]; second.Department != "night" || second.Status != engine.StatusClosed {
			t.Errorf("got %+v, want night, closed", second)
		}
		if err := ada.seat.Post(engine.Draft{Op: engine.OpDepartments, Request: "r"}); !errors.Is(err, engine.ErrForbidden) {
			t.Errorf("an operator: got %v", err)
		}
	})
}

// Who asks is told how long the lines are, unless their department keeps it to itself;
// however many ask, the router is asked once a second.
func TestVisitorsListLines(t *testing.T) {
	change := func(c *Config, tenant *engine.Tenant) {
		noSilence(c, tenant)
		tenant.Departments[1].HideQueue = true
	}
	inWorld(t, change, func(w *world) {
		var asked atomic.Int64
		w.sys.tenant("demo").router.newRules = func() routerRules { return surveyed{routing.New(), &asked} }
		list := func(v *person) []engine.ListedDepartment {
			return v.good(t, v.do(engine.Draft{Op: engine.OpDepartments})).Departments
		}
		first, hidden, v := w.visitor(""), w.visitor(""), w.visitor("")
		first.start("hello")
		hidden.good(t, hidden.do(engine.Draft{Op: engine.OpStart, Department: "support"}))
		if got := list(v); got[0].Queue == nil || got[0].Queue.Length != 1 || got[0].Queue.P50 != 0 || got[1].Queue != nil {
			t.Fatalf("got %+v", got)
		}
		w.visitor("").start("hello")
		for range 20 {
			list(v)
		}
		if n := asked.Load(); n != 1 {
			t.Errorf("the router was asked %d times in one moment", n)
		}
		time.Sleep(listFresh)
		if got := list(v); got[0].Queue.Length != 2 {
			t.Errorf("a second later: got %+v", got[0].Queue)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := countSignals[engine.QueuePosition](first.screen); n == 0 {
			t.Error("a waiting visitor was not told its place")
		}
		if n := countSignals[engine.QueuePosition](hidden.screen); n != 0 {
			t.Errorf("a place in a line that is not shown: told %d times", n)
		}
	})
}
