package operator

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// A token may name fewer departments than the operator serves. The operator is good
// for what its connections' tokens name together: of a chat that none of them may see
// nobody could take the offer, and nobody looks after one that it owns. While no
// connection is there the last ones' word holds.

// rescope takes a connection's newer token over.
func (m *Machine) rescope(in Rescope) {
	for i := range m.connections {
		if c := &m.connections[i]; c.id == in.Connection {
			c.scope = in.Departments
		}
	}
	if len(m.connections) > 0 {
		m.rescoped()
	}
}

// rescoped brings together what the connections' tokens name.
func (m *Machine) rescoped() {
	var all []engine.DepartmentID
	for i := range m.connections {
		scope := m.connections[i].scope
		if len(scope) == 0 {
			m.scope = nil
			return
		}
		all = append(all, scope...)
	}
	slices.Sort(all)
	if all = slices.Compact(all); !slices.Equal(all, m.scope) {
		m.scope = all
	}
}

// Scope is the departments that the operator's tokens name; empty: all of its own.
// The caller must not change it.
func (m *Machine) Scope() []engine.DepartmentID { return m.scope }

// sees reports whether a session of its own is one that its tokens let it see.
func (m *Machine) sees(s *owned) bool {
	return m.settings.Tenant.MaySee(m.scope, s.Department)
}
