package rest

import (
	"context"
	"math"
	"strings"

	"github.com/parleyhq/parley/engine"
)

type sessionAnswer struct {
	Session    string          `json:"sid"`
	State      string          `json:"state"`
	Epoch      uint64          `json:"ep"`
	Department string          `json:"department"`
	Owner      string          `json:"owner,omitempty"`
	Head       uint64          `json:"head"`
	Turn       string          `json:"turn"`
	Visitor    visitorPresence `json:"visitor"`
}

type visitorPresence struct {
	Present      bool   `json:"present"`
	LastActivity string `json:"last_activity_at,omitempty"`
}

func (a *api) getSession(wait context.Context, c *call) (any, error) {
	ref, err := a.session(wait, c)
	if err != nil {
		return nil, err
	}
	info, err := a.System.SessionInfo(wait, ref)
	if err != nil {
		return nil, err
	}
	return sessionAnswer{
		Session: ref.Session.String(), State: info.State.String(), Epoch: uint64(info.Epoch),
		Department: string(info.Department), Owner: string(info.Owner), Head: uint64(info.Head), Turn: info.Turn.String(),
		Visitor: visitorPresence{Present: info.Present, LastActivity: minute(info.LastActivity)},
	}, nil
}

func (a *api) listEvents(wait context.Context, c *call) (any, error) {
	ref, err := a.session(wait, c)
	if err != nil {
		return nil, err
	}
	after, err := c.number("after_seq", 0, 0, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	limit, err := c.number("limit", engine.MaxHistory, 1, engine.MaxHistory)
	if err != nil {
		return nil, err
	}
	entries, err := a.System.History(wait, ref, engine.Seq(after), int(limit)+1)
	if err != nil {
		return nil, err
	}
	return eventsPage(entries, engine.Seq(after), int(limit)), nil
}

// posted is the answer to a POST: the entry that it added, or that it added the
// first time.
type posted struct {
	Session string `json:"sid"`
	Seq     uint64 `json:"seq"`
	At      string `json:"at"`
}

func (a *api) postMessage(wait context.Context, c *call) (any, error) {
	var body struct {
		Text       string `json:"text"`
		Visibility string `json:"visibility"`
		IfSeq      uint64 `json:"if_seq"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if strings.TrimSpace(body.Text) == "" {
		return nil, engine.ErrBadRequest.In("text")
	}
	if len(body.Text) > c.tenant.Limits.MessageBytes {
		return nil, engine.ErrTooLarge
	}
	draft := engine.Draft{Op: engine.OpMessage, Body: engine.BodyOf(body.Text), IfSeq: engine.Seq(body.IfSeq)}
	switch body.Visibility {
	case "", engine.VisibleToAll.String():
	case engine.VisibleToOperators.String():
		draft.Visibility = engine.VisibleToOperators
	default:
		return nil, engine.ErrBadRequest.In("visibility")
	}
	return a.post(wait, c, draft)
}

// post adds what every draft needs and hands it over in the name of the
// tenant's server.
func (a *api) post(wait context.Context, c *call, draft engine.Draft) (any, error) {
	ref, err := a.session(wait, c)
	if err != nil {
		return nil, err
	}
	if draft.ClientID, err = c.key(); err != nil {
		return nil, err
	}
	draft.Session = ref.Session
	answer, err := a.System.PostAs(wait, ref, engine.Author{Kind: engine.AuthorIntegration}, draft)
	if err != nil {
		return nil, err
	}
	if answer.Err != nil {
		return nil, answer.Err
	}
	return posted{Session: ref.Session.String(), Seq: uint64(answer.Seq), At: stamp(answer.At)}, nil
}
