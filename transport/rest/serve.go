package rest

import (
	"context"
	"strconv"
	"time"

	"github.com/parleyhq/parley/engine"
)

func (a *api) closeSession(wait context.Context, c *call) (any, error) {
	var body struct {
		Tags     []string `json:"tags"`
		FollowUp string   `json:"follow_up_at"`
		Later    struct {
			At string `json:"at"`
		} `json:"follow_up"`
		Reason string `json:"reason_code"`
		WrapUp *bool  `json:"wrapup"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if body.Later.At != "" {
		body.FollowUp = body.Later.At
	}
	draft := engine.Draft{Op: engine.OpClose}
	if body.Tags != nil || body.FollowUp != "" || body.Reason != "" || body.WrapUp != nil {
		draft.Plan = &engine.Plan{Tags: body.Tags, Reason: body.Reason, WrapUp: body.WrapUp}
	}
	if body.FollowUp != "" {
		at, err := time.Parse(time.RFC3339, body.FollowUp)
		if err != nil {
			return nil, engine.ErrBadRequest.In("follow_up_at")
		}
		draft.Plan.FollowUp = at
	}
	return a.post(wait, c, draft)
}

// setSession changes what a session needs and how it is filed. What is absent stays.
func (a *api) setSession(wait context.Context, c *call) (any, error) {
	var body struct {
		Priority   *int                `json:"priority"`
		Weight     *int                `json:"weight"`
		Skills     []engine.Need       `json:"skills"`
		Tags       []string            `json:"tags"`
		Department engine.DepartmentID `json:"department"`
		IfRev      uint64              `json:"if_rev"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	return a.post(wait, c, engine.Draft{Op: engine.OpSet, Plan: &engine.Plan{
		Priority: body.Priority, Weight: body.Weight, Needs: body.Skills, Tags: body.Tags, IfRev: engine.Seq(body.IfRev),
		Target: engine.Target{Department: body.Department},
	}})
}

type statusAnswer struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	OpensAt string `json:"opens_at,omitempty"`
}

func (a *api) getDepartmentStatus(_ context.Context, c *call) (any, error) {
	all, err := a.System.Departments(c.tenant.ID)
	if err != nil {
		return nil, err
	}
	for _, d := range all {
		if string(d.Department) == c.params[1] && c.sees(d.Department) {
			return statusAnswer{string(d.Department), d.Status.String(), stamp(d.OpensAt)}, nil
		}
	}
	return nil, engine.ErrNotFound
}

type decisionsAnswer struct {
	Decisions []decidedAnswer `json:"decisions"`
}

type decidedAnswer struct {
	Seq      uint64          `json:"seq"`
	At       string          `json:"at"`
	Epoch    uint64          `json:"ep"`
	Operator string          `json:"operator"`
	Cause    string          `json:"cause,omitempty"`
	Direct   bool            `json:"direct"`
	Accepted bool            `json:"accepted"`
	Ended    string          `json:"ended,omitempty"`
	EndedAt  string          `json:"ended_at,omitempty"`
	Decision engine.Decision `json:"decision"`
}

func (a *api) listDecisions(wait context.Context, c *call) (any, error) {
	ref, err := a.session(wait, c)
	if err != nil {
		return nil, err
	}
	all, err := a.System.Decisions(wait, ref)
	if err != nil {
		return nil, err
	}
	answer := decisionsAnswer{Decisions: make([]decidedAnswer, len(all))}
	for i, d := range all {
		answer.Decisions[i] = decidedAnswer{
			Seq: uint64(d.Seq), At: stamp(d.At), Epoch: uint64(d.Epoch), Operator: string(d.Operator), Cause: d.Cause.String(), Direct: d.Direct,
			Accepted: d.Accepted, Ended: d.Ended.String(), EndedAt: stamp(d.EndedAt), Decision: d.Decision,
		}
	}
	return answer, nil
}

type explanationAnswer struct {
	Operator string            `json:"operator"`
	Reason   string            `json:"reason"`
	Then     *engine.Candidate `json:"then,omitempty"`
}

func (a *api) explain(wait context.Context, c *call) (any, error) {
	ref, err := a.session(wait, c)
	if err != nil {
		return nil, err
	}
	seq, err := strconv.ParseUint(c.params[2], 10, 53)
	if err != nil {
		return nil, engine.ErrNotFound
	}
	operator := engine.OperatorID(c.params[3])
	if o, declared := c.tenant.Operator(operator); declared && !c.seesOperator(&o) {
		return nil, engine.ErrNotFound // the answer says what it carried
	}
	got, err := a.System.Explain(wait, ref, engine.Seq(seq), operator)
	if err != nil {
		return nil, err
	}
	answer := explanationAnswer{Operator: string(operator), Reason: got.Reason}
	if got.Then.Operator != "" {
		answer.Then = &got.Then
	}
	return answer, nil
}
