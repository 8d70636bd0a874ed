package actors

import "github.com/parleyhq/parley/engine"

// listDepartments answers a visitor at once: what it is told is what all were told
// last, and no session has a part in it.
func (s *seat) listDepartments(d engine.Draft) *engine.Error {
	if s.author.Kind != engine.AuthorVisitor {
		return engine.ErrForbidden
	}
	now := map[engine.DepartmentID]engine.DepartmentStatus{}
	for _, status := range s.tenant.departments.now(s.tenant.config()) {
		now[status.Department] = status
	}
	declared := s.tenant.config().Departments
	list := make([]engine.ListedDepartment, len(declared))
	for i := range declared {
		list[i] = engine.ListedDepartment{Name: declared[i].Name, DepartmentStatus: now[declared[i].ID]}
		list[i].Department = declared[i].ID
	}
	s.answer(d, engine.Answer{Departments: list})
	return nil
}
