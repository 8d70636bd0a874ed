package client

import (
	"context"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Decision is one of the router's decisions about a session.
type Decision struct {
	Seq      engine.Seq        `json:"seq"` // the event that holds it
	At       time.Time         `json:"at"`
	Epoch    engine.Epoch      `json:"ep"`
	Operator engine.OperatorID `json:"operator"`
	Cause    string            `json:"cause"`
	Direct   bool              `json:"direct"` // assigned without being asked
	Accepted bool              `json:"accepted"`
	Ended    string            `json:"ended"` // how the offer ended; empty while it stands
	EndedAt  time.Time         `json:"ended_at"`
	Why      engine.Decision   `json:"decision"`
}

// WhyNot says why an operator was not chosen in a decision.
type WhyNot struct {
	Seq      engine.Seq        `json:"seq"`
	Operator engine.OperatorID `json:"operator"`
	Reason   string            `json:"reason"` // see docs/ROUTING.md
	Then     engine.Candidate  `json:"then"`   // the operator as the router saw it
}

// Explanation is how a session found its operators.
type Explanation struct {
	Decisions []Decision `json:"decisions"` // the last 20, or the one asked for
	More      bool       `json:"more"`      // there were earlier ones
	Why       *WhyNot    `json:"why"`       // nil: nobody was asked about
}

// Explain asks how the session found its operators: all decisions, or the one of the
// event numbered decision. operator, if not empty, asks why that one was not chosen.
func (c *Client) Explain(ctx context.Context, session engine.SessionID, decision engine.Seq, operator engine.OperatorID) (Explanation, error) {
	frame, err := c.Do(ctx, engine.Draft{Op: engine.OpExplain, Session: session, Target: decision, For: operator})
	var x Explanation
	if err != nil {
		return x, err
	}
	return x, frame.Read(&x)
}
