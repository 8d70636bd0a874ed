package main

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // hours name time zones; the machine may have none

	"go.yaml.in/yaml/v3"

	"github.com/parleyhq/parley/engine"
)

// policyFile is how a department serves its sessions: docs/ROUTING.md.
type policyFile struct {
	Strategy      strategyWord `yaml:"strategy,omitempty"`
	Steps         []stepFile   `yaml:"steps,omitempty"`
	Parallel      int          `yaml:"parallel,omitempty"`
	AutoAccept    bool         `yaml:"auto_accept,omitempty"`
	FirstReply    duration     `yaml:"first_reply,omitempty"`
	Weight        int          `yaml:"weight,omitempty"`
	IdleWeight    int          `yaml:"idle_weight,omitempty"`
	WrapUpWeight  int          `yaml:"wrapup_weight,omitempty"`
	Silence       *silenceFile `yaml:"silence,omitempty"`
	OperatorGrace duration     `yaml:"operator_grace,omitempty"`
	VisitorGrace  duration     `yaml:"visitor_grace,omitempty"`
	Breathing     duration     `yaml:"breathing,omitempty"`
	PushTimeout   duration     `yaml:"push_timeout,omitempty"`
	SLA           duration     `yaml:"sla,omitempty"`
	CloseReasons  []string     `yaml:"close_reasons,omitempty,flow"`
	Form          []fieldFile  `yaml:"form,omitempty"`
	RatingWindow  *duration    `yaml:"rating_window,omitempty"` // 0: nobody is asked

	Hours            *hoursFile    `yaml:"hours,omitempty"`
	StopBefore       duration      `yaml:"stop_before,omitempty"`
	OnClose          otherwiseWord `yaml:"on_close,omitempty"`
	WhenClosed       otherwiseWord `yaml:"when_closed,omitempty"`
	WhenNobody       otherwiseWord `yaml:"when_nobody,omitempty"`
	ResumeUnattended bool          `yaml:"resume_unattended,omitempty"`
	ShowQueue        *bool         `yaml:"show_queue,omitempty"`
	UnattendedFor    duration      `yaml:"unattended_for,omitempty"`
}

type stepFile struct {
	For        duration   `yaml:"for,omitempty"`
	Require    []needFile `yaml:"require,omitempty"`
	Also       []string   `yaml:"also,omitempty,flow"`
	Prefer     bool       `yaml:"prefer,omitempty"`
	SkipIfNone bool       `yaml:"skip_if_none,omitempty"`
	OfferNote  bool       `yaml:"offer_note,omitempty"`
}

// fieldFile is a question that visitors are asked before a chat.
type fieldFile struct {
	Name     string   `yaml:"name"`
	Label    string   `yaml:"label,omitempty"`
	Required bool     `yaml:"required,omitempty"`
	Options  []string `yaml:"options,omitempty,flow"`
}

type needFile struct {
	Skill string `yaml:"skill"`
	Level int    `yaml:"level,omitempty"`
	Hard  bool   `yaml:"hard,omitempty"`
}

// silenceFile has the default where a field is absent; 0 is off.
type silenceFile struct {
	VisitorWarn     *duration `yaml:"visitor_warn,omitempty"`
	VisitorClose    *duration `yaml:"visitor_close,omitempty"`
	OperatorNudge   *duration `yaml:"operator_nudge,omitempty"`
	OperatorReroute *duration `yaml:"operator_reroute,omitempty"`
	QueueMax        *duration `yaml:"queue_max,omitempty"`
	IdleAfter       *duration `yaml:"idle_after,omitempty"`
}

type hoursFile struct {
	Zone       zoneName               `yaml:"zone,omitempty"`
	Weekly     map[weekday][]spanText `yaml:"weekly,omitempty"`
	Exceptions []exceptionFile        `yaml:"exceptions,omitempty"`
}

type exceptionFile struct {
	Date dateText   `yaml:"date"`
	Open []spanText `yaml:"open,flow"` // empty: closed all day
}

// The types below are words of closed lists and texts of one form. A wrong one is
// reported with its line, and is not quoted.

type (
	strategyWord  engine.Strategy
	otherwiseWord struct{ choice *engine.Otherwise }
	tierWord      engine.Tier
	weekday       time.Weekday
	zoneName      struct{ zone *time.Location }
	spanText      engine.Span
	dateText      time.Time
)

func wrongWord(node *yaml.Node, want string) error {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: want %s", node.Line, want)}}
}

// UnmarshalYAML reads a strategy.
func (s *strategyWord) UnmarshalYAML(node *yaml.Node) error {
	strategy, known := engine.ParseStrategy(node.Value)
	if !known {
		return wrongWord(node, "balanced, longest_idle, round_robin, fill or manual")
	}
	*s = strategyWord(strategy)
	return nil
}

// MarshalYAML writes what UnmarshalYAML reads.
func (s strategyWord) MarshalYAML() (any, error) { return engine.Strategy(s).String(), nil }

// UnmarshalYAML reads what becomes of a session that cannot wait.
func (o *otherwiseWord) UnmarshalYAML(node *yaml.Node) error {
	choice, known := engine.ParseOtherwise(node.Value)
	if !known {
		return wrongWord(node, "refuse, unattended or queue")
	}
	o.choice = &choice
	return nil
}

// MarshalYAML writes what UnmarshalYAML reads.
func (o otherwiseWord) MarshalYAML() (any, error) { return o.or(0).String(), nil }

// IsZero reports that nothing was said.
func (o otherwiseWord) IsZero() bool { return o.choice == nil }

func (o otherwiseWord) or(byDefault engine.Otherwise) engine.Otherwise {
	if o.choice == nil {
		return byDefault
	}
	return *o.choice
}

// UnmarshalYAML reads a tier.
func (t *tierWord) UnmarshalYAML(node *yaml.Node) error {
	tier, known := engine.ParseTier(node.Value)
	if !known {
		return wrongWord(node, "primary, secondary or never_auto")
	}
	*t = tierWord(tier)
	return nil
}

// MarshalYAML writes what UnmarshalYAML reads.
func (t tierWord) MarshalYAML() (any, error) { return engine.Tier(t).String(), nil }

// UnmarshalYAML reads a day of the week.
func (w *weekday) UnmarshalYAML(node *yaml.Node) error {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if node.Value == dayName(d) {
			*w = weekday(d)
			return nil
		}
	}
	return wrongWord(node, "mon, tue, wed, thu, fri, sat or sun")
}

// MarshalYAML writes what UnmarshalYAML reads.
func (w weekday) MarshalYAML() (any, error) { return dayName(time.Weekday(w)), nil }

func dayName(d time.Weekday) string { return strings.ToLower(d.String()[:3]) }

// UnmarshalYAML reads a zone of the IANA database.
func (z *zoneName) UnmarshalYAML(node *yaml.Node) error {
	zone, err := time.LoadLocation(node.Value)
	if err != nil || node.Value == "Local" { // whose, is the machine's business
		return wrongWord(node, "a time zone like Europe/Vienna")
	}
	z.zone = zone
	return nil
}

// MarshalYAML writes what UnmarshalYAML reads.
func (z zoneName) MarshalYAML() (any, error) { return z.zone.String(), nil }

// IsZero reports that nothing was said.
func (z zoneName) IsZero() bool { return z.zone == nil }

// UnmarshalYAML reads a part of a day, like 09:00-12:30. 24:00 is the day's end.
func (s *spanText) UnmarshalYAML(node *yaml.Node) error {
	from, until, found := strings.Cut(node.Value, "-")
	a, okA := clockOf(from)
	b, okB := clockOf(until)
	if !found || !okA || !okB {
		return wrongWord(node, "a part of a day like 09:00-12:30")
	}
	*s = spanText{From: a, Until: b}
	return nil
}

// MarshalYAML writes what UnmarshalYAML reads.
func (s spanText) MarshalYAML() (any, error) {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", int(s.From.Hours()), int(s.From.Minutes())%60, int(s.Until.Hours()), int(s.Until.Minutes())%60), nil
}

func clockOf(text string) (time.Duration, bool) {
	if text == "24:00" {
		return 24 * time.Hour, true
	}
	at, err := time.Parse("15:04", text)
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, err == nil && len(text) == 5
}

// UnmarshalYAML reads a date, like 2026-12-24.
func (d *dateText) UnmarshalYAML(node *yaml.Node) error {
	at, err := time.Parse(time.DateOnly, node.Value)
	if err != nil {
		return wrongWord(node, "a date like 2026-12-24")
	}
	*d = dateText(at)
	return nil
}

// MarshalYAML writes what UnmarshalYAML reads.
func (d dateText) MarshalYAML() (any, error) { return time.Time(d).Format(time.DateOnly), nil }

// apply puts the policy into a department, in the engine's words.
func (p *policyFile) apply(d *engine.Department) error {
	d.Strategy, d.Parallel, d.AutoAccept = engine.Strategy(p.Strategy), p.Parallel, p.AutoAccept
	d.FirstReply, d.Breathing = time.Duration(p.FirstReply), time.Duration(p.Breathing)
	d.Weight, d.IdleWeight, d.WrapUpWeight = p.Weight, p.IdleWeight, p.WrapUpWeight
	d.OperatorGrace, d.VisitorGrace = time.Duration(p.OperatorGrace), time.Duration(p.VisitorGrace)
	d.PushTimeout, d.SLA, d.CloseReasons = time.Duration(p.PushTimeout), time.Duration(p.SLA), p.CloseReasons
	if p.RatingWindow != nil {
		d.RatingWindow = time.Duration(*p.RatingWindow)
		if d.RatingWindow == 0 {
			d.RatingWindow = -1
		}
	}
	for _, f := range p.Form {
		d.Form = append(d.Form, engine.FormField(f))
	}
	for _, s := range p.Steps {
		d.Steps = append(d.Steps, s.step())
	}
	d.Silence, d.Hours = p.Silence.silence(), p.Hours.hours()
	d.HideQueue = p.ShowQueue != nil && !*p.ShowQueue
	d.StopBefore, d.UnattendedFor, d.ResumeUnattended = time.Duration(p.StopBefore), time.Duration(p.UnattendedFor), p.ResumeUnattended
	d.WhenClosed = p.WhenClosed.or(engine.OtherwiseRefuse)
	d.OnClose, d.WhenNobody = p.OnClose.or(engine.OtherwiseQueue), p.WhenNobody.or(engine.OtherwiseQueue)
	switch engine.OtherwiseRefuse { // else it would pass for a default
	case d.OnClose:
		return errors.New("on_close is queue or unattended")
	case d.WhenNobody:
		return errors.New("when_nobody is queue or unattended")
	}
	return nil
}

func (s *stepFile) step() engine.Step {
	step := engine.Step{For: time.Duration(s.For), Prefer: s.Prefer, SkipIfNone: s.SkipIfNone, OfferNote: s.OfferNote}
	for _, n := range s.Require {
		step.Require = append(step.Require, engine.Need(n))
	}
	for _, d := range s.Also {
		step.Also = append(step.Also, engine.DepartmentID(d))
	}
	return step
}

func (s *silenceFile) silence() *engine.Silence {
	if s == nil {
		return nil
	}
	all := engine.DefaultSilence()
	for _, f := range []struct {
		said *duration
		into *time.Duration
	}{
		{s.VisitorWarn, &all.VisitorWarn},
		{s.VisitorClose, &all.VisitorClose},
		{s.OperatorNudge, &all.OperatorNudge},
		{s.OperatorReroute, &all.OperatorReroute},
		{s.QueueMax, &all.QueueMax},
		{s.IdleAfter, &all.IdleAfter},
	} {
		if f.said != nil {
			*f.into = time.Duration(*f.said)
		}
	}
	return &all
}

func (h *hoursFile) hours() *engine.Hours {
	if h == nil {
		return nil
	}
	hours := &engine.Hours{Zone: h.Zone.zone}
	for day, open := range h.Weekly {
		hours.Weekly[day] = spans(open)
	}
	for _, e := range h.Exceptions {
		year, month, day := time.Time(e.Date).Date()
		hours.Exceptions = append(hours.Exceptions, engine.Exception{Year: year, Month: month, Day: day, Open: spans(e.Open)})
	}
	return hours
}

func spans(texts []spanText) (all []engine.Span) {
	for _, s := range texts {
		all = append(all, engine.Span(s))
	}
	return all
}

// operator is the file's operator in the engine's words.
func (o *operatorFile) operator() engine.Operator {
	operator := engine.Operator{
		ID: engine.OperatorID(o.ID), Name: o.Name, Capacity: o.Capacity, OpenCap: o.OpenCap, Skills: o.Skills,
		MayPick: o.MayPick, Bot: o.Bot, PushReach: time.Duration(o.PushReach),
	}
	for _, d := range o.Departments {
		operator.Departments = append(operator.Departments, engine.DepartmentID(d))
	}
	for d, tier := range o.Tiers {
		if operator.Tiers == nil {
			operator.Tiers = map[engine.DepartmentID]engine.Tier{}
		}
		operator.Tiers[engine.DepartmentID(d)] = engine.Tier(tier)
	}
	return operator
}
