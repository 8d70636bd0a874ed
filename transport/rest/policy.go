package rest

import (
	"context"
	"time"

	"github.com/parleyhq/parley/engine"
)

// PolicyProblem is one thing that is wrong with a department's policy.
type PolicyProblem struct {
	Path    string `json:"path"` // of the setting, like steps[1].require; empty: of the whole
	Problem string `json:"problem"`
}

// departmentPolicy is a department with all that was left out filled in, under the names
// that tenants' files use. Durations are as there: 20s, 1h30m0s; 0s is off.
type departmentPolicy struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	Default  bool         `json:"default"`
	Revision uint64       `json:"revision"` // of the tenant's configuration
	Policy   policyAnswer `json:"policy"`
}

type policyAnswer struct {
	Strategy         string            `json:"strategy"`
	Steps            []stepAnswer      `json:"steps"`
	Parallel         int               `json:"parallel"`
	AutoAccept       bool              `json:"auto_accept"`
	OfferTimeout     string            `json:"offer_timeout"`
	PushTimeout      string            `json:"push_timeout"`
	DeclineFor       string            `json:"decline_for"`
	FirstReply       string            `json:"first_reply"`
	Weight           int               `json:"weight"`
	IdleWeight       int               `json:"idle_weight"`
	WrapUpWeight     int               `json:"wrapup_weight"`
	OperatorGrace    string            `json:"operator_grace"`
	VisitorGrace     string            `json:"visitor_grace"`
	QueueGrace       string            `json:"queue_grace"`
	QueueLimit       int               `json:"queue_limit"`
	Breathing        string            `json:"breathing"`
	WrapUp           string            `json:"wrap_up"`
	RatingWindow     string            `json:"rating_window"`
	SLA              string            `json:"sla"`
	CloseReasons     []string          `json:"close_reasons"` // none: any code
	Form             []formField       `json:"form"`          // none: visitors are asked nothing
	Silence          map[string]string `json:"silence"`
	AlwaysOpen       bool              `json:"always_open"`
	Zone             string            `json:"zone,omitempty"`
	StopBefore       string            `json:"stop_before"`
	OnClose          string            `json:"on_close"`
	WhenClosed       string            `json:"when_closed"`
	WhenNobody       string            `json:"when_nobody"`
	ResumeUnattended bool              `json:"resume_unattended"`
	ShowQueue        bool              `json:"show_queue"`
	UnattendedFor    string            `json:"unattended_for"`
}

type formField struct {
	Name     string   `json:"name"`
	Label    string   `json:"label"`
	Required bool     `json:"required"`
	Options  []string `json:"options"` // none: any text of one line
}

type stepAnswer struct {
	For        string        `json:"for"` // 0s: for ever
	Require    []engine.Need `json:"require"`
	Also       []string      `json:"also"`
	Prefer     bool          `json:"prefer"`
	SkipIfNone bool          `json:"skip_if_none"`
	OfferNote  bool          `json:"offer_note"`
}

// departmentOf finds the department that the path names, as far as the token sees it.
func (c *call) departmentOf() (d engine.Department, err error) {
	id := engine.DepartmentID(c.params[1])
	d, known := c.tenant.Department(id)
	if !known || id == "" || !c.sees(id) {
		return d, engine.ErrNotFound
	}
	return d, nil
}

func (a *api) getDepartment(_ context.Context, c *call) (any, error) {
	d, err := c.departmentOf()
	if err != nil {
		return nil, err
	}
	return departmentPolicy{
		ID: string(d.ID), Name: d.Name, Default: d.ID == c.tenant.Departments[0].ID, Revision: c.tenant.Revision, Policy: policyOf(&d),
	}, nil
}

func policyOf(d *engine.Department) policyAnswer {
	s := d.Silence
	p := policyAnswer{
		Strategy: d.Strategy.String(), Steps: make([]stepAnswer, 0, max(len(d.Steps), 1)), Parallel: d.Parallel, AutoAccept: d.AutoAccept,
		OfferTimeout: d.OfferTimeout.String(), PushTimeout: d.PushTimeout.String(), DeclineFor: d.DeclineFor.String(), FirstReply: d.FirstReply.String(),
		Weight: d.Weight, IdleWeight: d.IdleWeight, WrapUpWeight: d.WrapUpWeight,
		OperatorGrace: d.OperatorGrace.String(), VisitorGrace: d.VisitorGrace.String(), QueueGrace: d.QueueGrace.String(), QueueLimit: d.QueueLimit,
		Breathing: d.Breathing.String(), WrapUp: d.WrapUp.String(), RatingWindow: max(d.RatingWindow, 0).String(), SLA: d.SLA.String(), CloseReasons: append([]string{}, d.CloseReasons...),
		Silence: map[string]string{
			"visitor_warn": s.VisitorWarn.String(), "visitor_close": s.VisitorClose.String(), "operator_nudge": s.OperatorNudge.String(),
			"operator_reroute": s.OperatorReroute.String(), "queue_max": s.QueueMax.String(), "idle_after": s.IdleAfter.String(),
		},
		AlwaysOpen: d.Hours == nil, StopBefore: d.StopBefore.String(), OnClose: d.OnClose.String(), WhenClosed: d.WhenClosed.String(),
		WhenNobody: d.WhenNobody.String(), ResumeUnattended: d.ResumeUnattended, ShowQueue: !d.HideQueue, UnattendedFor: d.UnattendedFor.String(),
	}
	if d.Hours != nil {
		if p.Zone = "UTC"; d.Hours.Zone != nil {
			p.Zone = d.Hours.Zone.String()
		}
	}
	p.Form = make([]formField, len(d.Form))
	for i, f := range d.Form {
		p.Form[i] = formField{f.Name, f.Label, f.Required, append([]string{}, f.Options...)}
	}
	for _, step := range d.Steps {
		answer := stepAnswer{
			For: step.For.String(), Require: append([]engine.Need{}, step.Require...), Also: make([]string, len(step.Also)),
			Prefer: step.Prefer, SkipIfNone: step.SkipIfNone, OfferNote: step.OfferNote,
		}
		for i, also := range step.Also {
			answer.Also[i] = string(also)
		}
		p.Steps = append(p.Steps, answer)
	}
	if len(p.Steps) == 0 {
		p.Steps = append(p.Steps, stepAnswer{For: "0s", Require: []engine.Need{}, Also: []string{}})
	}
	return p
}

type hoursAnswer struct {
	At         string `json:"at"`
	Open       bool   `json:"open_at"`
	NextChange string `json:"next_change,omitempty"` // absent: never
}

// getDepartmentHours says whether a department is open at a moment, by its hours.
func (a *api) getDepartmentHours(_ context.Context, c *call) (any, error) {
	d, err := c.departmentOf()
	if err != nil {
		return nil, err
	}
	at := time.Now()
	if text := c.http.QueryArgs().Peek("at"); text != nil {
		if at, err = time.Parse(time.RFC3339, string(text)); err != nil || at.Year() < 1970 || at.Year() > 9999 {
			return nil, engine.ErrBadRequest.In("at")
		}
	}
	return hoursAnswer{At: stamp(at), Open: d.Hours.OpenAt(at), NextChange: stamp(d.Hours.NextChange(at))}, nil
}

type policyChecked struct {
	OK       bool            `json:"ok"`
	Problems []PolicyProblem `json:"problems"`
}

// checkPolicy says what would be wrong with a department in the tenant's file.
func (a *api) checkPolicy(_ context.Context, c *call) (any, error) {
	if a.CheckPolicy == nil {
		return nil, engine.ErrNotFound
	}
	if err := c.decode(&map[string]any{}); err != nil { // one JSON object
		return nil, err
	}
	problems := append([]PolicyProblem{}, a.CheckPolicy(c.tenant, c.http.Request.Body())...)
	return policyChecked{OK: len(problems) == 0, Problems: problems}, nil
}
