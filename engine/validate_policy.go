package engine

import (
	"fmt"
	"slices"
	"time"
)

// The bounds of a department's policy.
const (
	maxSteps       = 20
	maxStepFor     = 24 * time.Hour
	maxSilence     = 30 * 24 * time.Hour
	maxDepartments = 50 // that a step adds
	maxPushTimeout = time.Hour
	maxReasons     = 100
)

// validatePolicy says what is wrong with how a department serves its sessions, or
// nil. The steps' rule is what makes waiting fair: who may take a session only
// ever grows, so that nobody loses a place in line and no search goes round in
// circles.
func (t *Tenant) validatePolicy(d *Department) error {
	if err := d.validateNumbers(); err != nil {
		return err
	}
	if err := d.validateChoices(); err != nil {
		return err
	}
	if err := d.Hours.Validate(); err != nil {
		return err
	}
	for i, code := range d.CloseReasons {
		if !IsCode(code) || slices.Contains(d.CloseReasons[:i], code) || len(d.CloseReasons) > maxReasons {
			return fmt.Errorf("close_reasons: at most %d, each once, each 1 to %d of a-z, 0-9, _ and -", maxReasons, MaxCode)
		}
	}
	if err := d.validateForm(); err != nil {
		return err
	}
	if len(d.Steps) > maxSteps {
		return fmt.Errorf("steps: at most %d", maxSteps)
	}
	for i := range d.Steps {
		if err := t.validateStep(d, i); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return nil
}

func (d *Department) validateNumbers() error {
	for _, w := range [...]struct {
		name   string
		weight int
	}{{"weight", d.Weight}, {"idle_weight", d.IdleWeight}, {"wrapup_weight", d.WrapUpWeight}} {
		if w.weight < MinWeight || w.weight > MaxWeight {
			return fmt.Errorf("%s is %d to %d milli-units", w.name, MinWeight, MaxWeight)
		}
	}
	switch {
	case d.IdleWeight > d.Weight || d.WrapUpWeight > d.Weight:
		// Else a chat that calms down could overload its operator (I2).
		return fmt.Errorf("idle_weight and wrapup_weight are at most weight")
	case d.Parallel < 1 || d.Parallel > MaxParallel:
		return fmt.Errorf("parallel is 1 to %d", MaxParallel)
	case d.FirstReply < time.Second || d.OperatorGrace < time.Second || d.VisitorGrace < time.Second || d.UnattendedFor < time.Minute:
		return fmt.Errorf("first_reply, operator_grace and visitor_grace are at least 1s, unattended_for at least 1m")
	case d.PushTimeout < d.OfferTimeout || d.PushTimeout > max(d.OfferTimeout, maxPushTimeout):
		return fmt.Errorf("push_timeout is offer_timeout to 1h")
	case d.SLA < 0 || d.SLA > 24*time.Hour || d.SLA > 0 && d.SLA < time.Second:
		return fmt.Errorf("sla is 0 (off), or 1s to 24h")
	case d.Breathing < 0 || d.Breathing > time.Hour:
		return fmt.Errorf("breathing is 0 to 1h")
	case d.StopBefore < 0 || d.StopBefore > 12*time.Hour:
		return fmt.Errorf("stop_before is 0 to 12h")
	}
	if s := d.Silence; s != nil {
		for _, limit := range [...]time.Duration{s.VisitorWarn, s.VisitorClose, s.OperatorNudge, s.OperatorReroute, s.QueueMax, s.IdleAfter} {
			if limit < 0 || limit > maxSilence {
				return fmt.Errorf("silence: each is 0 (off) to %s", maxSilence)
			}
		}
	}
	return nil
}

func (d *Department) validateChoices() error {
	switch {
	case int(d.Strategy) >= len(strategyNames):
		return fmt.Errorf("strategy: unknown")
	case d.WhenClosed > OtherwiseUnattended:
		return fmt.Errorf("when_closed is refuse or unattended")
	case d.WhenNobody != OtherwiseQueue && d.WhenNobody != OtherwiseUnattended:
		return fmt.Errorf("when_nobody is queue or unattended")
	case d.OnClose != OtherwiseQueue && d.OnClose != OtherwiseUnattended:
		return fmt.Errorf("on_close is queue or unattended")
	case d.Strategy == Manual && d.AutoAccept:
		return fmt.Errorf("auto_accept: nobody is chosen where the strategy is manual")
	}
	return nil
}

// validateStep checks one step, and against the one before it.
func (t *Tenant) validateStep(d *Department, i int) error {
	step, isLast := &d.Steps[i], i == len(d.Steps)-1
	switch {
	case !isLast && (step.For <= 0 || step.For > maxStepFor):
		return fmt.Errorf("for is more than 0 and at most %s, of the last step only it is 0, for ever", maxStepFor)
	case isLast && step.For != 0:
		return fmt.Errorf("for is 0, for ever: it is the last step")
	case isLast && step.SkipIfNone:
		return fmt.Errorf("skip_if_none: there is no step to go on to")
	}
	if err := validateNeeds(step.Require); err != nil {
		return err
	}
	if err := t.validateAlso(d.ID, step.Also); err != nil {
		return err
	}
	if i == 0 {
		return nil
	}
	return stepGrows(&d.Steps[i-1], step)
}

func validateNeeds(needs []Need) error {
	if len(needs) > MaxNeeds {
		return fmt.Errorf("require: at most %d", MaxNeeds)
	}
	for i, n := range needs {
		switch {
		case n.Skill == "" || len(n.Skill) > MaxTagBytes:
			return fmt.Errorf("require: a skill has 1 to %d characters", MaxTagBytes)
		case n.Level < 0 || n.Level > MaxLevel:
			return fmt.Errorf("require: %q: a level is 1 to %d", n.Skill, MaxLevel)
		case slices.ContainsFunc(needs[:i], func(other Need) bool { return other.Skill == n.Skill }):
			return fmt.Errorf("require: %q is named twice", n.Skill)
		}
	}
	return nil
}

func (t *Tenant) validateAlso(own DepartmentID, also []DepartmentID) error {
	if len(also) > maxDepartments {
		return fmt.Errorf("also: at most %d departments", maxDepartments)
	}
	for i, id := range also {
		switch _, known := t.Department(id); {
		case id == "" || !known:
			return fmt.Errorf("also: no department %q", id)
		case id == own:
			return fmt.Errorf("also: %q is the department itself", id)
		case slices.Contains(also[:i], id):
			return fmt.Errorf("also: %q is named twice", id)
		}
	}
	return nil
}

// stepGrows says how a step lets fewer operators in than the one before it, or nil.
func stepGrows(before, step *Step) error {
	for _, n := range step.Require {
		at := slices.IndexFunc(before.Require, func(b Need) bool { return b.Skill == n.Skill })
		if at < 0 || max(before.Require[at].Level, 1) < max(n.Level, 1) {
			return fmt.Errorf("require: %q asks more than the step before it: a step only drops needs", n.Skill)
		}
	}
	for _, b := range before.Require {
		at := slices.IndexFunc(step.Require, func(n Need) bool { return n.Skill == b.Skill })
		if b.Hard && (at < 0 || !step.Require[at].Hard || max(step.Require[at].Level, 1) != max(b.Level, 1)) {
			return fmt.Errorf("require: %q is hard in the step before it: no step drops or changes it", b.Skill)
		}
	}
	for _, id := range before.Also {
		if !slices.Contains(step.Also, id) {
			return fmt.Errorf("also: %q is in the step before it: a step only adds departments", id)
		}
	}
	return nil
}

// validateSkills says what is wrong with what an operator declares, or nil.
func (t *Tenant) validateSkills(o *Operator) error {
	for id, tier := range o.Tiers {
		if _, known := t.Department(id); id == "" || !known {
			return fmt.Errorf("tiers: no department %q", id)
		}
		if int(tier) >= len(tierNames) {
			return fmt.Errorf("tiers: unknown tier for %q", id)
		}
		if len(o.Departments) > 0 && !slices.Contains(o.Departments, id) {
			return fmt.Errorf("tiers: not a member of %q", id)
		}
	}
	for skill, level := range o.Skills {
		if skill == "" || len(skill) > MaxTagBytes || level < 1 || level > MaxLevel {
			return fmt.Errorf("skills: a skill has 1 to %d characters and a level of 1 to %d", MaxTagBytes, MaxLevel)
		}
	}
	switch {
	case o.OpenCap < 0 || o.OpenCap > 10_000:
		return fmt.Errorf("open_cap is 0 (twice the capacity) to 10000")
	case o.PushReach < 0 || o.PushReach > 24*time.Hour:
		return fmt.Errorf("push_reach is 0 to 24h")
	}
	return nil
}
