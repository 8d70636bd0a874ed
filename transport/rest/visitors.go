package rest

import (
	"context"

	"github.com/parleyhq/parley/engine"
)

type signedOutVisitor struct {
	Visitor string `json:"visitor"`
}

// signOutVisitor needs no key: a repetition signs out what was signed in meanwhile,
// which is what whoever repeats it wants. A malformed id names nobody.
func (a *api) signOutVisitor(wait context.Context, c *call) (any, error) {
	if err := c.decode(&struct{}{}); err != nil {
		return nil, err
	}
	id, err := engine.ParseVisitorID(c.params[1])
	if err != nil {
		return nil, engine.ErrNotFound
	}
	if err := a.System.RevokeVisitor(wait, c.tenant.ID, id); err != nil {
		return nil, err
	}
	return signedOutVisitor{Visitor: id.String()}, nil
}
