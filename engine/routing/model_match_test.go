package routing_test

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// view is an operator as a decision compares it.
type view struct {
	id                 engine.OperatorID
	tier               engine.Tier
	fit                int
	used, open         int
	capacity           int
	chosen, idle       time.Time
	bot                bool
	reason             string // why not; "": it can
	preferred, isFirst bool
}

// judge is an operator before a session.
func (m *model) judge(id engine.OperatorID, s *modelSession) view {
	o, _ := m.configured(id)
	state := m.operator(id)
	v := view{id: id, capacity: 1000 * o.Capacity, chosen: state.chosen, idle: state.idle, bot: o.Bot}
	v.used, v.open = m.load(id)
	reach, needs, _, target := m.wants(s)
	tier, isMember := m.reaches(id, reach)
	v.tier, v.preferred = tier, s.row.Service.Preferred == id
	lacks := false
	for skill, level := range needs {
		lacks = lacks || o.Skills[skill] < level
		v.fit += o.Skills[skill] - level
	}
	if target != "" {
		v.tier, v.fit, lacks = engine.TierPrimary, 0, false
	}
	force := s.row.Service.Transfer != nil && s.row.Service.Transfer.Force
	fits := v.used+m.lease(s) <= v.capacity
	switch {
	case !isMember || target != "" && target != id:
		v.reason = "not_member"
	case target == "" && (v.tier == engine.TierNever || m.asksPeople(s) && o.Bot):
		v.reason = "never_auto"
	case lacks:
		v.reason = "skills"
	case !state.routable:
		v.reason = "not_routable"
	case m.now.Before(state.breathing):
		v.reason = "breathing"
	case v.open >= o.OpenCap:
		v.reason = "open_cap"
	case !fits && !force:
		v.reason = "full"
	case owner(s) == id:
		v.reason = "owner"
	case declined(s, id, m.now):
		v.reason = "declined"
	}
	return v
}

// asksPeople: a bot does not get what a person has had, nor what a bot hands on to a line.
func (m *model) asksPeople(s *modelSession) bool {
	byBot, _ := m.configured(owner(s))
	return s.row.Service.Handed || s.row.Service.Transfer != nil && byBot.Bot
}

func declined(s *modelSession, id engine.OperatorID, now time.Time) bool {
	return slices.ContainsFunc(s.row.Declines, func(d engine.Decline) bool { return d.Operator == id && now.Before(d.Until) })
}

// better orders operators as SEMANTICS 3.5.3 says, and names what decides.
func better(a, b view, strategy engine.Strategy) (int, string) {
	if a.isFirst != b.isFirst {
		return cmp.Compare(fmt.Sprint(b.isFirst), fmt.Sprint(a.isFirst)), "preferred"
	}
	if a.tier != b.tier {
		return cmp.Compare(a.tier, b.tier), "tier"
	}
	if a.fit != b.fit {
		return cmp.Compare(b.fit, a.fit), "fit"
	}
	balanced := cmp.Compare(a.used*b.capacity, b.used*a.capacity)
	c := 0
	switch strategy {
	case engine.Balanced, engine.Manual:
		c = balanced
	case engine.Fill:
		c = -balanced
	case engine.LongestIdle:
		switch {
		case a.open == 0 && b.open == 0:
			c = a.idle.Compare(b.idle)
		case a.open > 0 && b.open > 0:
			c = balanced
		default:
			c = cmp.Compare(min(a.open, 1), min(b.open, 1))
		}
	case engine.RoundRobin:
	}
	if c != 0 {
		return c, strategy.String()
	}
	if c := a.chosen.Compare(b.chosen); c != 0 {
		return c, "last_chosen"
	}
	return cmp.Compare(engine.BodyOf(string(a.id)).Digest(), engine.BodyOf(string(b.id)).Digest()), "hash"
}

// round is a match round as SEMANTICS 3.5.2 says it: walk the waiting sessions in
// order, give each the first eligible operators. Those who go back to whom they
// lost come first (3.5.9).
func (m *model) round() {
	line := m.waiting()
	for _, s := range line {
		p := s.row.Service.Preferred
		if s.row.State != engine.StateQueued || !s.row.Service.Returning || p == "" {
			continue
		}
		reach, _, _, _ := m.wants(s)
		o, _ := m.configured(p)
		if _, isMember := m.reaches(p, reach); !isMember {
			continue
		}
		used, open := m.load(p)
		state := m.operator(p)
		if state.routable && !m.now.Before(state.breathing) && open < o.OpenCap && used+m.lease(s) <= 1000*o.Capacity && !declined(s, p, m.now) {
			m.promise(s, "returning", []view{m.judge(p, s)}, 1, m.department(s.row.Department).AutoAccept)
		}
	}
	for _, s := range line {
		if m.isWaiting(s) {
			m.place(s)
		}
	}
}

func (m *model) place(s *modelSession) {
	d := m.department(s.row.Department)
	t := s.row.Service.Transfer
	if t == nil && d.Strategy == engine.Manual {
		return
	}
	_, _, strategy, _ := m.wants(s)
	able := m.able(s)
	if len(able) == 0 {
		if t != nil && t.Or != engine.OrWait && m.settled {
			s.failed = t.ID
			m.others = append(m.others, fmt.Sprintf("fail %s: %s", s.row.Ref.Session, m.whyNot(s)))
		}
		return
	}
	rule := "only"
	if able[0].isFirst {
		rule = "preferred"
	} else if len(able) > 1 {
		_, rule = better(able[0], able[1], strategy)
	}
	if t != nil && t.Force {
		rule = "force"
	}
	several, direct := d.Parallel, t == nil && d.AutoAccept
	if t != nil && t.Force {
		several = 1
	}
	m.promise(s, rule, able, several, direct)
}

// able is everyone who can take the session, the best first.
func (m *model) able(s *modelSession) (able []view) {
	d := m.department(s.row.Department)
	_, _, strategy, _ := m.wants(s)
	for _, id := range m.roster() {
		v := m.judge(id, s)
		prefers := s.row.Service.Returning || d.Steps[min(s.step, len(d.Steps)-1)].Prefer
		v.isFirst = s.row.Service.Transfer == nil && v.preferred && prefers
		if v.reason == "" {
			able = append(able, v)
		}
	}
	slices.SortFunc(able, func(a, b view) int { c, _ := better(a, b, strategy); return c })
	return able
}
