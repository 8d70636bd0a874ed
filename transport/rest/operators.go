package rest

import (
	"context"

	"github.com/parleyhq/parley/engine"
)

type operatorAnswer struct {
	Operator     string       `json:"operator"`
	Connections  int          `json:"connections"`
	Intent       intentAnswer `json:"intent"`
	Away         bool         `json:"away"`
	Used         int          `json:"used"`
	Capacity     int          `json:"capacity"`
	Open         int          `json:"open"`
	OpenCap      int          `json:"open_cap"`
	Sessions     []string     `json:"sessions"`
	LastActivity string       `json:"last_activity_at,omitempty"`
}

type intentAnswer struct {
	Intent string `json:"intent"`
	Cause  string `json:"cause,omitempty"`
	By     string `json:"by,omitempty"`
	Device string `json:"device,omitempty"`
	At     string `json:"at,omitempty"`
	Until  string `json:"until,omitempty"`
	Reason string `json:"reason,omitempty"`
}

func (a *api) getOperator(wait context.Context, c *call) (any, error) {
	id, err := c.operator()
	if err != nil {
		return nil, err
	}
	info, err := a.System.OperatorInfo(wait, c.tenant.ID, id)
	if err != nil {
		return nil, err
	}
	answer := operatorAnswer{
		Operator: string(id), Connections: info.Connections, Away: info.Away, Used: info.Used, Capacity: info.Capacity,
		Open: info.Open, OpenCap: info.OpenCap,
		Sessions: []string{}, LastActivity: minute(info.LastActivity),
		Intent: intentOf(info.Intent),
	}
	for _, session := range info.Sessions {
		if c.seesAll() || a.isSeen(wait, c, session) {
			answer.Sessions = append(answer.Sessions, session.String())
		}
	}
	return answer, nil
}

func intentOf(info engine.IntentInfo) intentAnswer {
	return intentAnswer{
		Intent: intentText(info.Intent), Cause: info.Cause.String(), By: string(info.By), Device: info.Device, At: stamp(info.At), Until: stamp(info.Until), Reason: info.Reason,
	}
}

func (a *api) signOutOperator(wait context.Context, c *call) (any, error) {
	if err := c.decode(&struct{}{}); err != nil {
		return nil, err
	}
	key, err := c.key()
	if err != nil {
		return nil, err
	}
	id, err := c.operator()
	if err != nil {
		return nil, err
	}
	info, err := a.System.Revoke(wait, c.tenant.ID, id, key)
	if err != nil {
		return nil, err
	}
	return intentOf(info), nil
}

// intentText: whoever never stated an intent is not at work.
func intentText(intent engine.Intent) string {
	if intent == engine.IntentNone {
		intent = engine.IntentSignedOut
	}
	return intent.String()
}

type departmentsAnswer struct {
	Departments []departmentAnswer `json:"departments"`
}

type departmentAnswer struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Default    bool   `json:"default"`
	QueueLimit int    `json:"queue_limit"`
}

func (a *api) listDepartments(_ context.Context, c *call) (any, error) {
	answer := departmentsAnswer{Departments: []departmentAnswer{}}
	for i, d := range c.tenant.Departments {
		if c.sees(d.ID) {
			answer.Departments = append(answer.Departments, departmentAnswer{ID: string(d.ID), Name: d.Name, Default: i == 0, QueueLimit: d.QueueLimit})
		}
	}
	return answer, nil
}
