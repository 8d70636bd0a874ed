package client

import (
	"context"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Watch shows the connection the topics from now on, each from a snapshot; they come
// by Frames. It answers all that the connection watches now.
func (c *Client) Watch(ctx context.Context, topics ...engine.Topic) ([]string, error) {
	return c.topics(ctx, engine.Draft{Op: engine.OpWatch, Topics: topics})
}

// Unwatch shows the connection the topics no longer.
func (c *Client) Unwatch(ctx context.Context, topics ...engine.Topic) ([]string, error) {
	return c.topics(ctx, engine.Draft{Op: engine.OpUnwatch, Topics: topics})
}

func (c *Client) topics(ctx context.Context, d engine.Draft) ([]string, error) {
	frame, err := c.Do(ctx, d)
	if err != nil {
		return nil, err
	}
	var all struct {
		Topics []string `json:"topics"`
	}
	err = frame.Read(&all)
	return all.Topics, err
}

// Target is where a session could be handed on to.
type Target struct {
	ID       string   `json:"id"`
	Kind     string   `json:"kind"` // operator, department or skill
	Routable bool     `json:"routable"`
	Reason   string   `json:"reason"` // why not; empty: it is routable
	Missing  []string `json:"missing_skills"`
	// Load is an operator's; used and capacity are in thousandths of a chat.
	Load *struct {
		Used     int64 `json:"used"`
		Capacity int64 `json:"capacity"`
		Open     int   `json:"open"`
		OpenCap  int   `json:"open_cap"`
	} `json:"load"`
}

// TransferTargets answers where the session could be handed on to, the routable first.
// Who may ask: its owner, a supervisor.
func (c *Client) TransferTargets(ctx context.Context, session engine.SessionID) ([]Target, error) {
	frame, err := c.Do(ctx, engine.Draft{Op: engine.OpTargets, Session: session})
	if err != nil {
		return nil, err
	}
	var d struct {
		Targets []Target `json:"targets"`
	}
	err = frame.Read(&d)
	return d.Targets, err
}

// ServedChat is a chat that an operator has.
type ServedChat struct {
	Session    string              `json:"sid"`
	State      string              `json:"state"` // active or detached
	Department engine.DepartmentID `json:"department"`
	Owner      engine.OperatorID   `json:"owner"`
	Began      time.Time           `json:"began_at"`
}

// ServedChats answers which chats operators have, newest first, in a department or, if
// that is empty, in all that the asker supervises; more: there are others.
func (c *Client) ServedChats(ctx context.Context, department engine.DepartmentID) (chats []ServedChat, more bool, err error) {
	frame, err := c.Do(ctx, engine.Draft{Op: engine.OpSessions, Department: department})
	if err != nil {
		return nil, false, err
	}
	var d struct {
		Sessions []ServedChat `json:"sessions"`
		More     bool         `json:"more"`
	}
	err = frame.Read(&d)
	return d.Sessions, d.More, err
}

// Ban is until when, and why, a visitor may neither begin nor write.
type Ban struct {
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"` // abuse, spam, threat, fraud or other
	At     time.Time `json:"at"`
}

// Visitor is what is known of a visitor.
type Visitor struct {
	ID       string      `json:"visitor"`
	Verified bool        `json:"verified"` // it has proven who it is
	Since    time.Time   `json:"since"`
	Identity []HeldValue `json:"identity"`
	Sessions int         `json:"sessions"` // how many are kept
	Last     []struct {  // those of the last that the asker may see
		Session string    `json:"sid"`
		State   string    `json:"state"`
		Began   time.Time `json:"began_at"`
	} `json:"last"`
	Banned *Ban `json:"banned"` // nil: it is not
}

// Visitor answers what is known of a session's visitor.
func (c *Client) Visitor(ctx context.Context, session engine.SessionID) (Visitor, error) {
	frame, err := c.Do(ctx, engine.Draft{Op: engine.OpVisitor, Session: session})
	var v Visitor
	if err != nil {
		return v, err
	}
	return v, frame.Read(&v)
}

// BanVisitor bans a session's visitor for some days; 0 lifts the ban. Who may: a
// supervisor of a department that the visitor has or had a session in.
func (c *Client) BanVisitor(ctx context.Context, session engine.SessionID, order engine.BanOrder) error {
	_, err := c.Do(ctx, engine.Draft{Op: engine.OpBan, Session: session, Ban: &order, ClientID: c.Key()})
	return err
}
