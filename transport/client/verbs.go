package client

import (
	"context"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/internal/rfc6455"
	"github.com/parleyhq/parley/transport/wire"
)

// Result is where a request's effect stands in its session.
type Result struct {
	Session engine.SessionID
	Seq     engine.Seq
	Epoch   engine.Epoch // of Start and Accept
	State   string       // of Start
}

// Start opens a session, or answers the open one. text may be empty.
func (c *Client) Start(ctx context.Context, department engine.DepartmentID, text string) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpStart, ClientID: c.Key(), Department: department, Body: engine.BodyOf(text)})
}

// StartWith is Start with what the visitor says before the chat: of what its department
// asks (Departments), and what it is about.
func (c *Client) StartWith(ctx context.Context, department engine.DepartmentID, form engine.Form, text string) (Result, error) {
	return c.result(ctx, engine.Draft{
		Op: engine.OpStart, ClientID: c.Key(), Department: department, Form: &form, Body: engine.BodyOf(text),
	})
}

// Send adds a message and waits until it is durable.
func (c *Client) Send(ctx context.Context, session engine.SessionID, text string) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpMessage, Session: session, ClientID: c.Key(), Body: engine.BodyOf(text)})
}

// Note adds what only operators see.
func (c *Client) Note(ctx context.Context, session engine.SessionID, text string) (Result, error) {
	return c.result(ctx, engine.Draft{
		Op: engine.OpMessage, Session: session, ClientID: c.Key(), Visibility: engine.VisibleToOperators, Body: engine.BodyOf(text),
	})
}

// Edit changes what an operator's own message, or note, says.
func (c *Client) Edit(ctx context.Context, session engine.SessionID, target engine.Seq, text string) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpEdit, Session: session, ClientID: c.Key(), Target: target, Body: engine.BodyOf(text)})
}

// Redact removes the client's own message, for good.
func (c *Client) Redact(ctx context.Context, session engine.SessionID, target engine.Seq) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpRedact, Session: session, ClientID: c.Key(), Target: target})
}

// Accept takes an offer.
func (c *Client) Accept(ctx context.Context, session engine.SessionID, offer engine.Seq, epoch engine.Epoch) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpAccept, Session: session, Offer: offer, Epoch: epoch, ClientID: c.Key()})
}

// Reject declines an offer.
func (c *Client) Reject(ctx context.Context, session engine.SessionID, offer engine.Seq, epoch engine.Epoch) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpReject, Session: session, Offer: offer, Epoch: epoch, ClientID: c.Key()})
}

// CloseSession ends a session.
func (c *Client) CloseSession(ctx context.Context, session engine.SessionID) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpClose, Session: session, ClientID: c.Key()})
}

// MarkRead says how far the client's person has read.
func (c *Client) MarkRead(ctx context.Context, session engine.SessionID, seq engine.Seq) error {
	_, err := c.Do(ctx, engine.Draft{Op: engine.OpRead, Session: session, Seq: seq})
	return err
}

// SetIntent says whether the operator takes chats.
func (c *Client) SetIntent(ctx context.Context, intent engine.Intent) error {
	_, err := c.Do(ctx, engine.Draft{Op: engine.OpIntent, Intent: intent, ClientID: c.Key()})
	return err
}

// History answers up to limit events before the given one, oldest first; before
// 0 means from the end, limit 0 the most there may be.
func (c *Client) History(ctx context.Context, session engine.SessionID, before engine.Seq, limit int) (events []*wire.Server, more bool, err error) {
	frame, err := c.Do(ctx, engine.Draft{Op: engine.OpHistory, Session: session, Before: before, Limit: limit})
	if err != nil {
		return nil, false, err
	}
	return pageOf(frame)
}

// Typing says that the client's person is, or no longer is, writing.
func (c *Client) Typing(session engine.SessionID, on bool) error {
	return c.write(rfc6455.OpText, wire.AppendTyping(nil, session, on))
}

// Peek says what a visitor has typed and not sent. It has an effect where the
// server's hello says limits.peek.
func (c *Client) Peek(session engine.SessionID, text string) error {
	return c.write(rfc6455.OpText, wire.AppendPeek(nil, session, engine.BodyOf(text)))
}

func (c *Client) result(ctx context.Context, d engine.Draft) (Result, error) {
	frame, err := c.Do(ctx, d)
	if err != nil {
		return Result{}, err
	}
	var data wire.Data
	if err := frame.Read(&data); err != nil {
		return Result{}, err
	}
	session, err := engine.ParseSessionID(data.Session)
	return Result{Session: session, Seq: data.Seq, Epoch: data.Epoch, State: data.State}, err
}
