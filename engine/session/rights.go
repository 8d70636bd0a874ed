package session

import "github.com/parleyhq/parley/engine"

// Visitor is whose session this is. An upgrade counts from its step on, before it
// is durable: nothing more leaves for who had it before (I10).
func (s *Session) Visitor() engine.VisitorID { return s.row.Visitor }

// Department is where the session is served.
func (s *Session) Department() engine.DepartmentID { return s.row.Department }

// Owns reports whether an operator owns the session.
func (s *Session) Owns(by engine.Author) bool { return s.owns(by) }

// PartOf is what an operator takes part as without owning the session.
func (s *Session) PartOf(id engine.OperatorID) (engine.Member, bool) { return s.member(id) }
