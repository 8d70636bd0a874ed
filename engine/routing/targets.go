package routing

import (
	"slices"
	"strings"

	"github.com/parleyhq/parley/engine"
)

// Targets asks where a session that has an owner could be handed on to now.
type Targets struct {
	Session engine.SessionID
	Request uint64
}

// TargetsAre answers Targets: the routable first, at most engine.MaxTargets. Err: the
// router does not know the session as one that could be handed on.
type TargetsAre struct {
	Request uint64
	Targets []engine.TransferTarget
	Err     *engine.Error
}

func (Targets) input()     {}
func (TargetsAre) effect() {}

// targets judges each target as a transfer to it that fails where nobody can take it
// now would be judged: by the class of such a session, and by who has room.
func (r *Router) targets(in Targets) {
	s := r.sessions[in.Session]
	answer := TargetsAre{Request: in.Request}
	if s == nil || s.owner == nil || s.transfer != nil || len(s.promised)+len(s.offers) > 0 || s.state != engine.StateActive && s.state != engine.StateDetached {
		answer.Err = engine.ErrBusy
	} else {
		answer.Targets = slices.Concat(r.operatorTargets(s), r.departmentTargets(s), r.skillTargets(s))
		slices.SortStableFunc(answer.Targets, func(a, b engine.TransferTarget) int {
			switch {
			case a.Routable == b.Routable:
				return 0
			case a.Routable:
				return -1
			default:
				return 1
			}
		})
		answer.Targets = answer.Targets[:min(len(answer.Targets), engine.MaxTargets)]
	}
	r.do(answer)
}

// trial is the session as it would be if it were handed on so.
func (s *session) trial(to engine.Target, line *line) *session {
	as := *s
	as.transfer = &engine.Transfer{Target: to}
	if as.lease = max(s.weight, line.weight); s.own != 0 {
		as.lease = max(s.weight, s.own)
	}
	return &as
}

// against is why an operator could not take the session now; "": it could.
func (s *session) against(o *operator, now int64) string {
	reason := o.standing().reason()
	switch {
	case reason != "":
		return reason
	case o.room() < s.lease:
		return "full"
	case s.refuses(o, now):
		return "declined"
	default:
		return ""
	}
}

// operatorTargets are those who may be named: whom the session's department reaches,
// but for its owner. Who is named is asked whatever it turned down before.
func (r *Router) operatorTargets(s *session) (all []engine.TransferTarget) {
	as := s.trial(engine.Target{}, s.line)
	as.declines = nil
	wants := r.wanted(s)
	for _, o := range r.roster {
		if o == s.owner || !slices.ContainsFunc(s.line.reach, o.serves) {
			continue
		}
		t := engine.TransferTarget{
			Target: engine.Target{Operator: o.id}, Reason: as.against(o, r.now), Used: o.used, Capacity: o.capacity(), Open: o.open, OpenCap: o.openCap(),
		}
		for _, need := range wants {
			if o.profile.skills[need.Skill] < need.Level {
				t.Missing = append(t.Missing, need.Skill)
			}
		}
		t.Routable = t.Reason == ""
		all = append(all, t)
	}
	return all
}

// wanted is what the session asks for at its step, sorted by skill.
func (r *Router) wanted(s *session) (needs []engine.Need) {
	for _, need := range s.line.steps[min(s.step, len(s.line.steps)-1)].Require {
		needs = addNeed(needs, need)
	}
	for _, need := range s.needs {
		needs = addNeed(needs, need)
	}
	return needs
}

// departmentTargets are the departments that the configuration names.
func (r *Router) departmentTargets(s *session) (all []engine.TransferTarget) {
	for _, l := range r.byLine {
		if !l.isKnown || len(all) == engine.MaxTargets {
			continue
		}
		as := s.trial(engine.Target{Department: l.id}, l)
		c := r.transferClass(as)
		var best outcome
		missing := slices.Clone(s.needs)
		for _, o := range r.roster {
			if o == s.owner || !o.serves(l.id) { // most, where there are many departments
				continue
			}
			missing = slices.DeleteFunc(missing, func(n engine.Need) bool { return o.profile.skills[n.Skill] >= n.Level })
			best.add(as, c, o, r.now)
		}
		t := engine.TransferTarget{Target: engine.Target{Department: l.id}, Routable: best.could, Reason: best.reason()}
		for _, need := range missing {
			t.Missing = append(t.Missing, need.Skill)
		}
		all = append(all, t)
	}
	return all
}

// skillTargets are the skills that somebody has whom the session could come to.
func (r *Router) skillTargets(s *session) (all []engine.TransferTarget) {
	as := s.trial(engine.Target{Skill: "-"}, s.line)
	c := r.transferClass(as)
	c.needs = slices.DeleteFunc(c.needs, func(n engine.Need) bool { return n.Skill == "-" && !n.Hard })
	best := map[string]outcome{}
	for _, o := range r.roster {
		if o == s.owner || !slices.ContainsFunc(s.line.reach, o.serves) || c.admit(o) == nil {
			continue
		}
		for skill, level := range o.profile.skills {
			if level >= 1 {
				b := best[skill]
				b.note(as.against(o, r.now))
				best[skill] = b
			}
		}
	}
	for skill, b := range best {
		all = append(all, engine.TransferTarget{Target: engine.Target{Skill: skill}, Routable: b.could, Reason: b.reason()})
	}
	slices.SortFunc(all, func(a, b engine.TransferTarget) int { return strings.Compare(a.Skill, b.Skill) })
	return all
}

// outcome is what comes of asking several operators, as whyNot tells it.
type outcome struct {
	could, declined, full, away bool
	rest                        engine.Reasons
}

func (b *outcome) add(as *session, c *class, o *operator, now int64) {
	c.rest = engine.Reasons{}
	if c.admit(o) != nil {
		b.note(as.against(o, now))
		return
	}
	b.rest.Skills += c.rest.Skills
	b.rest.NeverAuto += c.rest.NeverAuto
}

func (b *outcome) note(reason string) {
	switch reason {
	case "":
		b.could = true
	case "declined":
		b.declined = true
	case "not_routable":
		b.away = true
	default:
		b.full = true
	}
}

func (b *outcome) reason() string {
	switch {
	case b.could:
		return ""
	case b.declined:
		return "declined"
	case b.full:
		return "full"
	case b.away:
		return "not_routable"
	case b.rest.Skills > 0:
		return "skills"
	case b.rest.NeverAuto > 0:
		return "never_auto"
	default:
		return "not_member"
	}
}
