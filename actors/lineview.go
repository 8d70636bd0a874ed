package actors

import (
	"slices"
	"strings"

	"github.com/parleyhq/parley/engine"
)

// lineView is what of a tenant's waiting lines a watcher may see. Watchers with the
// same view are shown the same frames. Immutable.
type lineView struct {
	of          engine.DepartmentID   // one department's line by itself; empty: lines as one list
	all         bool                  // every department's, whatever the configuration names
	departments []engine.DepartmentID // else these, sorted
	key         string                // two views with one key are one
}

func viewOfOne(d engine.DepartmentID) *lineView {
	return &lineView{of: d, departments: []engine.DepartmentID{d}, key: "=" + string(d)}
}

// viewOf is what an operator's connection sees as one list: the departments that the
// configuration gives the operator and the token names; empty: all of them.
func viewOf(serves, named []engine.DepartmentID) *lineView {
	v := &lineView{all: len(serves)+len(named) == 0}
	if v.all {
		v.key = "*"
		return v
	}
	v.departments = slices.Clone(serves)
	switch {
	case len(serves) == 0:
		v.departments = slices.Clone(named)
	case len(named) > 0:
		v.departments = slices.DeleteFunc(v.departments, func(d engine.DepartmentID) bool { return !slices.Contains(named, d) })
	}
	slices.Sort(v.departments)
	v.departments = slices.Compact(v.departments)
	parts := make([]string, len(v.departments))
	for i, d := range v.departments {
		parts[i] = string(d)
	}
	v.key = "+" + strings.Join(parts, "\x00")
	return v
}

// has reports whether the view shows a department's line; none is the empty one.
func (v *lineView) has(d engine.DepartmentID) bool {
	if v.all {
		return d != ""
	}
	_, is := slices.BinarySearch(v.departments, d)
	return is
}

func (v *lineView) hasAny(of []engine.DepartmentID) bool { return slices.ContainsFunc(of, v.has) }

// judged is a list's view as it was found last, for the token and the configuration
// that it was found by: both are looked at again at each frame.
type judged struct {
	tenant    *engine.Tenant
	principal *engine.Principal
	view      *lineView // nil: the connection may not watch it
}

// lineView is what a connection may see of the list now; nil: nothing.
func (w *topic) lineView(s *seat) *lineView {
	if s.isSignedOut() {
		return nil
	}
	config, p := s.tenant.config(), s.principal.Load()
	if w.judged.tenant == config && w.judged.principal == p {
		return w.judged.view
	}
	w.judged = judged{tenant: config, principal: p}
	switch {
	case !s.maySee(w.Topic):
	case w.Topic == everything:
		declared, _ := config.Operator(p.Operator)
		w.judged.view = viewOf(declared.Departments, p.Departments)
	default:
		w.judged.view = viewOfOne(w.Department)
	}
	return w.judged.view
}
