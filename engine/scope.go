package engine

import "slices"

// MaySee reports whether tokens that name these departments are good for a department's
// sessions: they name it, or one whose operators its steps let take them. None named:
// good for all. A department that the tenant does not have is seen by its name alone.
func (t *Tenant) MaySee(scope []DepartmentID, d DepartmentID) bool {
	if len(scope) == 0 || slices.Contains(scope, d) {
		return true
	}
	if t == nil {
		return false
	}
	names := func(also DepartmentID) bool { return slices.Contains(scope, also) }
	for i := range t.Departments {
		if t.Departments[i].ID != d {
			continue
		}
		for j := range t.Departments[i].Steps {
			if slices.ContainsFunc(t.Departments[i].Steps[j].Also, names) {
				return true
			}
		}
	}
	return false
}
