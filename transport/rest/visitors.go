package rest

import (
	"context"

	"github.com/parleyhq/parley/engine"
)

type signedOutVisitor struct {
	Visitor string `json:"visitor"`
}

// signOutVisitor needs no key: a repetition signs out what was signed in meanwhile,
// which is what whoever repeats it wants.
func (a *api) signOutVisitor(wait context.Context, c *call) (any, error) {
	if err := c.decode(&struct{}{}); err != nil {
		return nil, err
	}
	id, err := a.knownVisitor(wait, c)
	if err != nil {
		return nil, err
	}
	if err := a.System.RevokeVisitor(wait, c.tenant.ID, id); err != nil {
		return nil, err
	}
	return signedOutVisitor{Visitor: id.String()}, nil
}

// visitor is the path's visitor. A malformed id names nobody.
func (c *call) visitor() (engine.VisitorID, error) {
	id, err := engine.ParseVisitorID(c.params[1])
	if err != nil || id.IsZero() {
		return engine.VisitorID{}, engine.ErrNotFound
	}
	return id, nil
}

// scope are the departments that the token is good for; nil: all.
func (c *call) scope() []engine.DepartmentID {
	if c.seesAll() {
		return nil
	}
	return c.who.Departments
}

// knownVisitor is the path's visitor, if the token is good for the whole tenant or
// for a department that the visitor has, or had, a session in.
func (a *api) knownVisitor(wait context.Context, c *call) (engine.VisitorID, error) {
	id, err := c.visitor()
	if err != nil {
		return id, err
	}
	_, err = a.knownIn(wait, c, id)
	return id, err
}

// knownIn is the department of the visitor's newest session that a token of departments
// is good for; empty for one that is good for the whole tenant. engine.ErrNotFound:
// none is.
func (a *api) knownIn(wait context.Context, c *call, id engine.VisitorID) (engine.DepartmentID, error) {
	if c.seesAll() {
		return "", nil
	}
	page, err := a.System.Sessions(wait, c.tenant.ID, engine.SessionQuery{Visitor: id, Departments: c.scope(), Limit: 1})
	switch {
	case err != nil:
		return "", err
	case len(page.Sessions) == 0:
		return "", engine.ErrNotFound
	}
	return page.Sessions[0].Department, nil
}

// banAnswer is a visitor's ban; without Until there is none.
type banAnswer struct {
	Visitor string `json:"visitor"`
	*banned
}

type banned struct {
	Until  string   `json:"until"`
	Reason string   `json:"reason"`
	By     bannedBy `json:"by"`
	At     string   `json:"at"`
}

type bannedBy struct {
	Kind string `json:"kind"`
	ID   string `json:"id,omitempty"`
}

func bannedOf(b engine.Ban) *banned {
	if b.Until.IsZero() {
		return nil
	}
	return &banned{stamp(b.Until), b.Reason.String(), bannedBy{b.By.Kind.String(), string(b.By.Operator)}, stamp(b.At)}
}

func (a *api) getBan(wait context.Context, c *call) (any, error) {
	id, err := a.knownVisitor(wait, c)
	if err != nil {
		return nil, err
	}
	ban, err := a.System.BanOf(c.tenant.ID, id)
	if err != nil {
		return nil, err
	}
	return banAnswer{id.String(), bannedOf(ban)}, nil
}

func (a *api) putBan(wait context.Context, c *call) (any, error) {
	var body struct {
		Days   int    `json:"days"`
		Reason string `json:"reason"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	reason, known := engine.ParseBanReason(body.Reason)
	switch {
	case body.Days < 1 || body.Days > engine.MaxBanDays:
		return nil, engine.ErrBadRequest.In("days")
	case !known:
		return nil, engine.ErrBadRequest.In("reason")
	}
	key, err := c.key()
	if err != nil {
		return nil, err
	}
	return a.ban(wait, c, engine.BanOrder{Days: body.Days, Reason: reason}, key)
}

// deleteBan needs no key: a repetition lifts what is lifted.
func (a *api) deleteBan(wait context.Context, c *call) (any, error) {
	if err := c.decode(&struct{}{}); err != nil {
		return nil, err
	}
	return a.ban(wait, c, engine.BanOrder{}, "")
}

func (a *api) ban(wait context.Context, c *call, order engine.BanOrder, key string) (any, error) {
	id, err := c.visitor()
	if err != nil {
		return nil, err
	}
	if order.Department, err = a.knownIn(wait, c, id); err != nil {
		return nil, err
	}
	order.Scope = c.scope()
	ban, err := a.System.Ban(wait, c.tenant.ID, id, order, key)
	if err != nil {
		return nil, err
	}
	return banAnswer{id.String(), bannedOf(ban)}, nil
}

type visitorAnswer struct {
	Visitor  string          `json:"visitor"`
	Verified bool            `json:"verified"`
	Since    string          `json:"since,omitempty"`
	Session  string          `json:"sid,omitempty"`
	Revision uint64          `json:"revision"`
	Identity []attr          `json:"identity"`
	Sessions int             `json:"sessions"`
	Last     []listedSession `json:"last"`
	Banned   *banned         `json:"banned,omitempty"`
}

// getVisitor says what a visitor is. The identity is that of its newest session that
// the token may know.
func (a *api) getVisitor(wait context.Context, c *call) (any, error) {
	id, err := c.visitor()
	if err != nil {
		return nil, err
	}
	info, err := a.System.Visitor(wait, c.tenant.ID, id, c.scope())
	if err != nil {
		return nil, err
	}
	answer := visitorAnswer{
		Visitor: id.String(), Verified: info.Verified, Since: stamp(info.Since), Revision: uint64(info.Identity.Revision()), Identity: attrsOf(info.Identity),
		Sessions: info.Sessions, Last: listedOf(info.Last), Banned: bannedOf(info.Ban),
	}
	if !info.Session.IsZero() {
		answer.Session = info.Session.String()
	}
	return answer, nil
}
