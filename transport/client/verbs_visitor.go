package client

import (
	"context"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Verbs of visitors beyond talking.

// Department is what a visitor is told of a department.
type Department struct {
	ID      engine.DepartmentID `json:"id"`
	Name    string              `json:"name"`
	Status  string              `json:"status"`   // open, open_queue, full, away or closed
	OpensAt time.Time           `json:"opens_at"` // zero: not known, or not closed
	Form    []Question          `json:"form"`     // what is asked before a chat
}

// Question is what a department asks its visitors before a chat. The one named
// engine.FormSubject is the form's Subject.
type Question struct {
	Name     string   `json:"name"`
	Label    string   `json:"label"`
	Required bool     `json:"required"`
	Options  []string `json:"options"` // none: any text of one line
}

// Departments answers what the departments are now. Changes come by Frames as
// department.status.
func (c *Client) Departments(ctx context.Context) ([]Department, error) {
	frame, err := c.Do(ctx, engine.Draft{Op: engine.OpDepartments})
	if err != nil {
		return nil, err
	}
	var d struct {
		Departments []Department `json:"departments"`
	}
	err = frame.Read(&d)
	return d.Departments, err
}

// LeaveQueue ends the waiting; asMessage keeps what was written as a message for later.
func (c *Client) LeaveQueue(ctx context.Context, session engine.SessionID, asMessage bool) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpLeaveQueue, Session: session, ClientID: c.Key(), Plan: &engine.Plan{Message: asMessage}})
}

// Rate rates a session that is over, 1 to 5, once; comment may be empty.
func (c *Client) Rate(ctx context.Context, session engine.SessionID, score int, comment string) (Result, error) {
	return c.result(ctx, engine.Draft{
		Op: engine.OpRate, Session: session, ClientID: c.Key(), Plan: &engine.Plan{Score: score}, Body: engine.BodyOf(comment),
	})
}

// Continue opens a session that continues one that is over, or answers the open one.
func (c *Client) Continue(ctx context.Context, previous engine.SessionID, department engine.DepartmentID, text string) (Result, error) {
	return c.result(ctx, engine.Draft{
		Op: engine.OpContinue, Session: previous, ClientID: c.Key(), Department: department, Body: engine.BodyOf(text),
	})
}

// HeldValue is one thing that is held about a visitor.
type HeldValue struct {
	Name     string    `json:"name"`
	Value    string    `json:"value"`
	Verified bool      `json:"verified"` // the tenant vouches for it
	Source   string    `json:"source"`
	Basis    string    `json:"lawful_basis"` // GDPR Art. 6(1)
	At       time.Time `json:"at"`
}

// Identity answers what is held about the visitor: the same to the visitor and to
// the owner (GDPR Art. 15).
func (c *Client) Identity(ctx context.Context, session engine.SessionID) ([]HeldValue, error) {
	frame, err := c.Do(ctx, engine.Draft{Op: engine.OpIdentity, Session: session})
	if err != nil {
		return nil, err
	}
	var d struct {
		Identity []HeldValue `json:"identity"`
	}
	err = frame.Read(&d)
	return d.Identity, err
}

// Identify sets what is held about the visitor; an empty value takes one away.
func (c *Client) Identify(ctx context.Context, session engine.SessionID, change engine.IdentityChange) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpIdentify, Session: session, ClientID: c.Key(), Identity: &change})
}
