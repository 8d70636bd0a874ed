package rest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/parleyhq/parley/engine"
)

// defaultListed is how many sessions a page holds that asks for no number.
const defaultListed = 50

type listedSession struct {
	Session    string   `json:"sid"`
	Visitor    string   `json:"visitor"`
	Verified   bool     `json:"verified"`
	State      string   `json:"state"`
	Department string   `json:"department,omitempty"`
	Owner      string   `json:"owner,omitempty"`
	Priority   int      `json:"priority,omitempty"`
	Tags       []string `json:"tags"`
	Began      string   `json:"began_at"`
	Ended      string   `json:"ended_at,omitempty"`
	Cause      string   `json:"cause,omitempty"`
}

func listedOf(all []engine.ListedSession) []listedSession {
	list := make([]listedSession, len(all))
	for i, s := range all {
		list[i] = listedSession{
			Session: s.Session.String(), Visitor: s.Visitor.String(), Verified: s.Verified, State: s.State.String(), Department: string(s.Department),
			Owner: string(s.Owner), Priority: s.Priority, Tags: append([]string{}, s.Tags...), Began: stamp(s.Began), Ended: stamp(s.Ended), Cause: s.Cause.String(),
		}
	}
	return list
}

type sessionsAnswer struct {
	Sessions []listedSession `json:"sessions"`
	Next     string          `json:"next_cursor,omitempty"`
}

// listSessions answers a page of sessions, newest first. One page looks at a bounded
// number of sessions, so it may hold fewer than asked for and have a next one.
func (a *api) listSessions(wait context.Context, c *call) (any, error) {
	q, err := c.query()
	if err != nil {
		return nil, err
	}
	page, err := a.System.Sessions(wait, c.tenant.ID, q)
	if err != nil {
		return nil, err
	}
	answer := sessionsAnswer{Sessions: listedOf(page.Sessions)}
	if !page.Next.IsZero() {
		answer.Next = page.Next.String()
	}
	return answer, nil
}

// query reads what the parameters ask for. A token that names departments sees no
// others, whatever they say.
func (c *call) query() (q engine.SessionQuery, err error) {
	limit, err := c.number("limit", defaultListed, 1, engine.MaxListed)
	if err != nil {
		return q, err
	}
	q.Limit, q.Departments, q.Tag = int(limit), c.scope(), c.text("tag")
	q.Operator = engine.OperatorID(c.text("operator"))
	var faults []string
	wrong := func(name string, is bool) {
		if is {
			faults = append(faults, name)
		}
	}
	if d := engine.DepartmentID(c.text("department")); d != "" {
		wrong("department", d.Validate() != nil)
		q.Departments = []engine.DepartmentID{}
		if c.sees(d) {
			q.Departments = []engine.DepartmentID{d}
		}
	}
	wrong("operator", q.Operator != "" && q.Operator.Validate() != nil)
	wrong("tag", len(q.Tag) > engine.MaxTagBytes)
	var ok bool
	q.States, ok = statesOf(c.text("state"))
	wrong("state", !ok)
	if text := c.text("visitor"); text != "" {
		q.Visitor, err = engine.ParseVisitorID(text)
		wrong("visitor", err != nil || q.Visitor.IsZero())
	}
	if text := c.text("cursor"); text != "" {
		q.Before, err = engine.ParseSessionID(text)
		wrong("cursor", err != nil || q.Before.IsZero())
	}
	for _, bound := range []struct {
		name string
		at   *time.Time
	}{{"from", &q.From}, {"to", &q.To}} {
		if text := c.text(bound.name); text != "" {
			*bound.at, err = time.Parse(time.RFC3339, text)
			wrong(bound.name, err != nil)
		}
	}
	if faults != nil {
		return q, engine.ErrBadRequest.In(faults...)
	}
	return q, nil
}

func (c *call) text(name string) string { return string(c.http.QueryArgs().Peek(name)) }

// statesOf reads states, with commas between; open stands for all but closed, and no
// text for all.
func statesOf(text string) (states []engine.State, ok bool) {
	if text == "" {
		return nil, true
	}
	for word := range strings.SplitSeq(text, ",") {
		found := len(states)
		for s := engine.StateNew; s <= engine.StateUnattended; s++ {
			if word == s.String() || word == "open" && s.IsOpen() {
				states = append(states, s)
			}
		}
		if len(states) == found {
			return nil, false
		}
	}
	return states, true
}

type startedAnswer struct {
	Session string `json:"sid"`
	Seq     uint64 `json:"seq"`
	At      string `json:"at"`
	Epoch   uint64 `json:"ep"`
	State   string `json:"state"`
}

// startSession begins a session in a visitor's name, or answers the open one.
func (a *api) startSession(wait context.Context, c *call) (any, error) {
	var body struct {
		Visitor    string              `json:"visitor"`
		Department engine.DepartmentID `json:"department"`
		Skills     []engine.Need       `json:"skills"`
		Priority   *int                `json:"priority"`
		Weight     *int                `json:"weight"`
		Text       string              `json:"text"`
		Subject    string              `json:"subject"`
		Form       map[string]string   `json:"form"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	visitor, err := engine.ParseVisitorID(body.Visitor)
	if err != nil || visitor.IsZero() {
		return nil, engine.ErrBadRequest.In("visitor")
	}
	if d, known := c.tenant.Department(body.Department); !known || !c.sees(d.ID) {
		return nil, engine.ErrBadRequest.In("department")
	}
	draft := engine.Draft{Department: body.Department, Plan: &engine.Plan{Needs: body.Skills, Priority: body.Priority, Weight: body.Weight}}
	draft.Form = formOf(body.Subject, body.Form)
	if strings.TrimSpace(body.Text) != "" {
		draft.Body = engine.BodyOf(body.Text)
	}
	if draft.ClientID, err = c.key(); err != nil {
		return nil, err
	}
	if err := a.mayStartFor(wait, c, visitor); err != nil {
		return nil, err
	}
	answer, err := a.System.StartFor(wait, c.tenant.ID, visitor, draft)
	if err != nil {
		return nil, err
	}
	return startedAnswer{answer.Session.String(), uint64(answer.Seq), stamp(answer.At), uint64(answer.Epoch), answer.State.String()}, nil
}

// formOf is what a visitor says before its chat; nil: nothing.
func formOf(subject string, answers map[string]string) *engine.Form {
	form := &engine.Form{Subject: engine.BodyOf(subject)}
	for _, name := range slices.Sorted(maps.Keys(answers)) {
		if answers[name] != "" {
			form.Answers = append(form.Answers, engine.FormAnswer{Name: name, Value: engine.BodyOf(answers[name])})
		}
	}
	if form.IsEmpty() {
		return nil
	}
	return form
}

// mayStartFor: a token that names departments begins sessions of visitors whom these
// know, and does not write into a session of another one, which the visitor may have
// open.
func (a *api) mayStartFor(wait context.Context, c *call, visitor engine.VisitorID) error {
	if c.seesAll() {
		return nil
	}
	if _, err := a.knownIn(wait, c, visitor); err != nil {
		return err
	}
	open, _ := statesOf("open")
	page, err := a.System.Sessions(wait, c.tenant.ID, engine.SessionQuery{Visitor: visitor, States: open, Limit: engine.MaxListed})
	if err != nil {
		return err
	}
	for _, s := range page.Sessions {
		if !c.sees(s.Department) {
			return engine.ErrNotFound
		}
	}
	return nil
}
