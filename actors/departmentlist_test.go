package actors

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
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
