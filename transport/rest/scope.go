package rest

import (
	"context"
	"slices"

	"github.com/parleyhq/parley/engine"
)

// A token may name departments (engine.Principal.Departments). It is then good for
// what is of these departments and for nothing else: the rest answers as what does
// not exist.

// sees reports whether the token is good for a department.
func (c *call) sees(d engine.DepartmentID) bool { return c.who.Serves(d) }

// seesAll reports whether the token is good for the whole tenant.
func (c *call) seesAll() bool { return len(c.who.Departments) == 0 }

// seesOperator reports whether the token is good for a department that the operator
// serves.
func (c *call) seesOperator(o *engine.Operator) bool {
	if c.seesAll() {
		return true
	}
	return slices.ContainsFunc(c.tenant.Departments, func(d engine.Department) bool {
		return c.sees(d.ID) && (len(o.Departments) == 0 || slices.Contains(o.Departments, d.ID))
	})
}

// operator is the path's operator, if the token may know it.
func (c *call) operator() (engine.OperatorID, error) {
	o, declared := c.tenant.Operator(engine.OperatorID(c.params[1]))
	if !declared || !c.seesOperator(&o) {
		return "", engine.ErrNotFound
	}
	return o.ID, nil
}

// session is the path's session, if the token may know it. A malformed id names
// nothing that exists.
func (a *api) session(wait context.Context, c *call) (engine.SessionRef, error) {
	id, err := engine.ParseSessionID(c.params[1])
	if err != nil {
		return engine.SessionRef{}, engine.ErrNotFound
	}
	ref := engine.SessionRef{Tenant: c.tenant.ID, Session: id}
	if c.seesAll() {
		return ref, nil
	}
	info, err := a.System.SessionInfo(wait, ref)
	switch {
	case err != nil:
		return engine.SessionRef{}, err
	case !c.sees(info.Department):
		return engine.SessionRef{}, engine.ErrNotFound
	}
	return ref, nil
}

// isSeen reports whether the token may know an open session of an operator's.
func (a *api) isSeen(wait context.Context, c *call, id engine.SessionID) bool {
	info, err := a.System.SessionInfo(wait, engine.SessionRef{Tenant: c.tenant.ID, Session: id})
	return err == nil && c.sees(info.Department)
}
