package client

import (
	"context"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Verbs of operators beyond talking. An epoch is what the asker believes, as in
// PROTOCOL.md; 0 skips the check.

// Pick takes a waiting session out of turn. Who may: an operator with the right to,
// a supervisor. engine.ErrCapacityExceeded: there is no room for it; force is a
// supervisor's.
func (c *Client) Pick(ctx context.Context, session engine.SessionID, epoch engine.Epoch, force bool) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpPick, Session: session, Epoch: epoch, ClientID: c.Key(), Plan: &engine.Plan{Force: force}})
}

// TakeOver makes a supervisor the owner; the old owner stays a member.
func (c *Client) TakeOver(ctx context.Context, session engine.SessionID, epoch engine.Epoch, force bool) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpTakeover, Session: session, Epoch: epoch, ClientID: c.Key(), Plan: &engine.Plan{Force: force}})
}

// Release gives the session back to its line, or to that of department. note is for
// operators and may be empty.
func (c *Client) Release(ctx context.Context, session engine.SessionID, epoch engine.Epoch, department engine.DepartmentID, note string) (Result, error) {
	return c.result(ctx, engine.Draft{
		Op: engine.OpRelease, Session: session, Epoch: epoch, ClientID: c.Key(), Body: engine.BodyOf(note),
		Plan: &engine.Plan{Target: engine.Target{Department: department}},
	})
}

// Transfer hands the session on. Of the plan Target, Cold, Or, Wait and Force count;
// note is for operators and may be empty. With engine.OrFail it is refused with
// engine.ErrTargetOffline, engine.ErrTargetFull or engine.ErrTargetNotMember, and
// nothing has changed.
func (c *Client) Transfer(ctx context.Context, session engine.SessionID, epoch engine.Epoch, plan engine.Plan, note string) (Result, error) {
	return c.result(ctx, engine.Draft{
		Op: engine.OpTransfer, Session: session, Epoch: epoch, ClientID: c.Key(), Plan: &plan, Body: engine.BodyOf(note),
	})
}

// CancelTransfer takes a pending transfer back.
func (c *Client) CancelTransfer(ctx context.Context, session engine.SessionID) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpTransferCancel, Session: session, ClientID: c.Key()})
}

// Join takes part in a session of somebody else. hidden is an observer's with the
// right to; nothing is logged of it, and the Result has no Seq.
func (c *Client) Join(ctx context.Context, session engine.SessionID, as engine.Part, hidden bool) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpJoin, Session: session, ClientID: c.Key(), Plan: &engine.Plan{As: as, Hidden: hidden}})
}

// LeaveSession takes part no longer.
func (c *Client) LeaveSession(ctx context.Context, session engine.SessionID) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpLeave, Session: session, ClientID: c.Key()})
}

// Set changes how a session is filed and served. Of the plan Priority, Needs, Tags,
// the department of Target and IfRev count; what is nil or empty stays as it is.
func (c *Client) Set(ctx context.Context, session engine.SessionID, plan engine.Plan) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpSet, Session: session, ClientID: c.Key(), Plan: &plan})
}

// CloseWith ends a session as its owner, filed as the plan says: Tags, FollowUp, Reason,
// WrapUp.
func (c *Client) CloseWith(ctx context.Context, session engine.SessionID, plan engine.Plan) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpClose, Session: session, ClientID: c.Key(), Plan: &plan})
}

// ExtendWrapUp asks for as much time for notes again as there was, from now on.
func (c *Client) ExtendWrapUp(ctx context.Context, session engine.SessionID) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpWrapUpExtend, Session: session, ClientID: c.Key()})
}

// EndWrapUp ends the time for notes: the operator's slot is free again.
func (c *Client) EndWrapUp(ctx context.Context, session engine.SessionID) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpWrapUpDone, Session: session, ClientID: c.Key()})
}

// AddNote adds an operator's note after the session's end. Before it, see Note.
func (c *Client) AddNote(ctx context.Context, session engine.SessionID, text string) (Result, error) {
	return c.result(ctx, engine.Draft{Op: engine.OpNote, Session: session, ClientID: c.Key(), Body: engine.BodyOf(text)})
}

// HandOff says that a person is wanted: a bot that owns the session, or the visitor
// of one. Of the plan Needs and the department of Target count; note is for operators.
func (c *Client) HandOff(ctx context.Context, session engine.SessionID, plan engine.Plan, note string) (Result, error) {
	return c.result(ctx, engine.Draft{
		Op: engine.OpHandoff, Session: session, ClientID: c.Key(), Plan: &plan, Body: engine.BodyOf(note),
	})
}

// IntentChange is what an operator, or a supervisor, says of who takes chats.
type IntentChange struct {
	Intent engine.Intent
	Until  time.Time         // of a pause: accepting again from then on; zero: until changed
	Drain  bool              // of a sign-out: keep what is open
	For    engine.OperatorID // a supervisor's: whose; empty: the asker's own
	Reason string            // a code, or empty
}

// ChangeIntent is SetIntent with all that may be said.
func (c *Client) ChangeIntent(ctx context.Context, change IntentChange) error {
	_, err := c.Do(ctx, engine.Draft{
		Op: engine.OpIntent, Intent: change.Intent, Until: change.Until, Drain: change.Drain, For: change.For, Reason: change.Reason, ClientID: c.Key(),
	})
	return err
}

// SetAway says that this connection's person is, or no longer is, away.
func (c *Client) SetAway(ctx context.Context, on bool) error {
	_, err := c.Do(ctx, engine.Draft{Op: engine.OpAway, On: on})
	return err
}
