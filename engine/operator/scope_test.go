package operator_test

import (
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
)

// What the router hears of is what the connections' tokens name together: of a
// wide one all, and after the last has gone what that one named.
func TestScopeIsWhatTheTokensNameTogether(t *testing.T) {
	connect := func(id uint64, departments ...engine.DepartmentID) operator.Input {
		return operator.Connect{Connection: id, Device: "desk", Intent: engine.IntentAccepting, Departments: departments}
	}
	rescope := func(id uint64, departments ...engine.DepartmentID) operator.Input {
		return operator.Rescope{Connection: id, Departments: departments}
	}
	gone := func(id uint64) operator.Input { return operator.Disconnect{Connection: id} }
	names := func(ids ...engine.DepartmentID) []engine.DepartmentID { return ids }
	for _, c := range []struct {
		name string
		in   []operator.Input
		want []engine.DepartmentID
	}{
		{"nobody yet", nil, nil},
		{"a wide token", []operator.Input{connect(1)}, nil},
		{"a narrow one", []operator.Input{connect(1, "support", "sales")}, names("sales", "support")},
		{"two narrow ones", []operator.Input{connect(1, "support"), connect(2, "sales", "support")}, names("sales", "support")},
		{"a narrow and a wide one", []operator.Input{connect(1, "support"), connect(2)}, nil},
		{"the wide one goes", []operator.Input{connect(1, "support"), connect(2), gone(2)}, names("support")},
		{"all go", []operator.Input{connect(1, "support"), gone(1)}, names("support")},
		{"a newer token, narrower", []operator.Input{connect(1), rescope(1, "sales")}, names("sales")},
		{"a newer token, wider", []operator.Input{connect(1, "sales"), rescope(1)}, nil},
		{"a token of nobody's", []operator.Input{connect(1, "sales"), rescope(7)}, names("sales")},
		{"too late", []operator.Input{connect(1, "sales"), gone(1), rescope(1)}, names("sales")},
		{"comes again, wide", []operator.Input{connect(1, "sales"), gone(1), connect(2)}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
			m := operator.New("ada")
			heard := operator.Report{}
			for _, in := range append([]operator.Input{operator.Restore{}}, c.in...) {
				for _, e := range m.Step(in, now, nil) {
					if r, ok := e.(operator.Report); ok {
						heard = r
					}
				}
			}
			if !slices.Equal(heard.Departments, c.want) || !slices.Equal(m.Scope(), c.want) {
				t.Errorf("got %v, the router hears %v, want %v", m.Scope(), heard.Departments, c.want)
			}
		})
	}
}
