package simulate

import (
	"slices"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
)

// tokens are what an operator's connections show, kept beside its machine: who may see
// what is judged by them, and not by what the machine believes.
type tokens struct {
	shown []token
	last  []engine.DepartmentID // of the connection that went last
}

// token is one connection's: the departments that it names, none meaning all.
type token struct {
	connection  uint64
	departments []engine.DepartmentID
}

// note takes an input of the machine's over.
func (t *tokens) note(in operator.Input) {
	switch in := in.(type) {
	case operator.Connect:
		t.shown = append(t.shown, token{in.Connection, in.Departments})
	case operator.Rescope:
		if i := t.of(in.Connection); i >= 0 {
			t.shown[i].departments = in.Departments
		}
	case operator.Disconnect:
		if i := t.of(in.Connection); i >= 0 {
			t.last = t.shown[i].departments
			t.shown = slices.Delete(t.shown, i, i+1)
		}
	default:
	}
}

func (t *tokens) of(connection uint64) int {
	return slices.IndexFunc(t.shown, func(s token) bool { return s.connection == connection })
}

// maySee reports whether one of the connections may see a department's sessions; while
// there is none, the last one's word holds.
func (t *tokens) maySee(tenant *engine.Tenant, d engine.DepartmentID) bool {
	if len(t.shown) == 0 {
		return tenant.MaySee(t.last, d)
	}
	return slices.ContainsFunc(t.shown, func(s token) bool { return tenant.MaySee(s.departments, d) })
}
