package invariant

import (
	"fmt"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Reader is a connection that something of a session is about to go to, as far as what
// it may have depends on it.
type Reader struct {
	Tenant  engine.TenantID
	Author  engine.Author
	Visitor engine.VisitorID  // of AuthorVisitor
	Sees    engine.Visibility // the side that it is shown
	// Token is what an operator's connection showed; nil: it is none, and speaks for the
	// operator without one.
	Token *engine.Principal
	// SignedOut is up to when tokens count no more; zero: none was taken back. Of a visitor
	// it is the time of the check once its connection counts no more.
	SignedOut time.Time
}

// CheckReader says why nothing of a session may go to a connection, or nil (I10): the
// session is the visitor's, or the operator owns it or takes part, is declared, and its
// token is good for the department and for what it takes part as. t is the tenant as it
// is configured.
func CheckReader(row *engine.Row, r *Reader, t *engine.Tenant) *Violation {
	switch {
	case r.Tenant != row.Ref.Tenant:
		return withheld(row, "a connection of another tenant")
	case r.Author.Kind == engine.AuthorVisitor && r.Visitor != row.Visitor:
		return withheld(row, "another visitor")
	case r.Author.Kind == engine.AuthorVisitor && r.Sees != engine.VisibleToAll:
		return withheld(row, "a visitor, as one of the operators")
	case r.Author.Kind == engine.AuthorVisitor && !r.SignedOut.IsZero():
		return withheld(row, "a visitor that is signed out")
	case r.Author.Kind == engine.AuthorOperator:
		return checkOperator(row, r, t)
	case r.Author.Kind == engine.AuthorSystem:
		return withheld(row, "nobody")
	}
	return nil
}

// CheckEntry says why an entry may not go to a connection, or nil (I10): CheckReader, and
// the entry is the session's and for a reader of that side.
func CheckEntry(e *engine.Entry, row *engine.Row, r *Reader, t *engine.Tenant) *Violation {
	switch {
	case e.Session != row.Ref.Session:
		return withheld(row, "entry %d of session %s", e.Seq, e.Session)
	case r.Author.Kind == engine.AuthorVisitor && e.Visibility != engine.VisibleToAll:
		return withheld(row, "a visitor, to whom entry %d is invisible", e.Seq)
	}
	return CheckReader(row, r, t)
}

// CheckSignal says why a signal may not go to a connection, or nil (I10): CheckReader, and
// what only operators see goes to no visitor.
func CheckSignal(s engine.Signal, row *engine.Row, r *Reader, t *engine.Tenant) *Violation {
	if r.Author.Kind == engine.AuthorVisitor {
		switch s := s.(type) {
		case engine.Peek:
			return withheld(row, "a visitor, that would be shown a peek")
		case engine.Situation:
			if s.Serving != nil {
				return withheld(row, "a visitor, that would be shown how it is served")
			}
		default:
		}
	}
	return CheckReader(row, r, t)
}

func checkOperator(row *engine.Row, r *Reader, t *engine.Tenant) *Violation {
	who := r.Author.Operator
	part := slices.IndexFunc(row.Service.Members, func(m engine.Member) bool { return m.Operator == who })
	owns := row.Owner == who
	if who == "" || !owns && part < 0 {
		return withheld(row, "operator %s, who takes no part", who)
	}
	if r.Token == nil {
		return nil
	}
	at := slices.IndexFunc(t.Operators, func(o engine.Operator) bool { return o.ID == who })
	issued := r.Token.Issued
	switch {
	case r.Token.Operator != who:
		return withheld(row, "operator %s, with another's token", who)
	case at < 0:
		return withheld(row, "operator %s, who is not declared", who)
	case !r.SignedOut.IsZero() && !issued.IsZero() && !issued.After(r.SignedOut):
		return withheld(row, "operator %s, who is signed out", who)
	case !isNamed(r.Token.Departments, row.Department, t):
		return withheld(row, "operator %s, whose token does not name department %s", who, row.Department)
	case owns:
		return nil
	}
	m := row.Service.Members[part]
	if m.As != engine.PartObserver && !m.Hidden {
		return nil
	}
	serves := t.Operators[at].Departments
	if !slices.Contains(r.Token.Roles, engine.RoleSupervisor) || len(serves) > 0 && !slices.Contains(serves, row.Department) ||
		len(r.Token.Departments) > 0 && !slices.Contains(r.Token.Departments, row.Department) {
		return withheld(row, "operator %s, who watches and does not supervise", who)
	}
	return nil
}

// isNamed reports whether a token that names departments, or, if none, all, is good for
// one: it names it, or one whose operators may take its sessions too.
func isNamed(named []engine.DepartmentID, id engine.DepartmentID, t *engine.Tenant) bool {
	if len(named) == 0 || slices.Contains(named, id) {
		return true
	}
	for i := range t.Departments {
		if t.Departments[i].ID != id {
			continue
		}
		for _, step := range t.Departments[i].Steps {
			for _, also := range step.Also {
				if slices.Contains(named, also) {
					return true
				}
			}
		}
	}
	return false
}

// withheld says to whom something of the session must not go.
func withheld(row *engine.Row, format string, args ...any) *Violation {
	return &Violation{Invariant: "I10", Session: row.Ref.Session, Detail: "would reach " + fmt.Sprintf(format, args...)}
}
