package routing

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/parleyhq/parley/engine"
)

// maxIdleClasses is how many classes outside the departments' steps are kept
// while nobody waits in them.
const maxIdleClasses = 256

// classOf finds, or makes, the class that a session belongs to at its step.
func (r *Router) classOf(s *session) *class {
	var c *class
	switch {
	case s.transfer != nil:
		c = r.special(r.transferKey(s), func() *class { return r.transferClass(s) })
	case len(r.own(s)) > 0:
		c = r.special(r.needsKey(s), func() *class { return r.stepClass(s.line, s.step, s.people, r.own(s)) })
	default:
		slot := &s.line.classes[2*s.step]
		if s.people {
			slot = &s.line.classes[2*s.step+1]
		}
		if *slot == nil {
			*slot = r.open(r.stepClass(s.line, s.step, s.people, nil))
		}
		c = *slot
	}
	r.uses++
	c.touched = r.uses
	return c
}

// own are those of the session's own needs that hold now: of a transfer, and at the
// last of several steps, which takes whoever is there, only what is hard. Sessions
// that differ in what does not hold are of one class.
func (r *Router) own(s *session) []engine.Need {
	if s.transfer == nil && (len(s.line.steps) == 1 || s.step < len(s.line.steps)-1) {
		return s.needs
	}
	r.needs = r.needs[:0]
	for _, need := range s.needs {
		if need.Hard {
			r.needs = append(r.needs, need)
		}
	}
	return r.needs
}

// open lists the operators in a new class.
func (r *Router) open(c *class) *class {
	c.waiting, c.pool = newOrder(sessionLess), newOrder(memberLess)
	c.fill(r.roster)
	return c
}

// special finds a class by its key, or makes it and lets the one that was not
// used for the longest time go if there are too many.
func (r *Router) special(key []byte, make func() *class) *class {
	r.key = key
	if c := r.specials[string(r.key)]; c != nil {
		return c
	}
	if len(r.specials) >= maxIdleClasses {
		r.dropIdle()
	}
	c := make()
	c.key = string(r.key)
	r.specials[c.key] = r.open(c)
	return c
}

// dropIdle forgets a quarter of the special classes, the longest unused, of
// those in which nobody waits.
func (r *Router) dropIdle() {
	var idle []*class
	for _, c := range r.specials {
		if c.waiting.size == 0 {
			idle = append(idle, c)
		}
	}
	slices.SortFunc(idle, func(a, b *class) int { return cmp.Compare(a.touched, b.touched) })
	for _, c := range idle[:min(len(idle), maxIdleClasses/4)] {
		for _, m := range c.members {
			m.o.memberships = slices.DeleteFunc(m.o.memberships, func(other *member) bool { return other == m })
		}
		delete(r.specials, c.key)
	}
}

// stepClass is the class of a department's step for sessions with these needs of
// their own.
func (r *Router) stepClass(l *line, step int, people bool, own []engine.Need) *class {
	at := l.steps[step]
	c := &class{
		reach: append([]engine.DepartmentID{l.id}, at.Also...), strategy: l.conf.Strategy, people: people,
		skip: at.SkipIfNone && step < len(l.steps)-1, manual: l.conf.Strategy == engine.Manual,
	}
	for _, need := range at.Require {
		c.needs = addNeed(c.needs, need)
	}
	for _, need := range own {
		c.needs = addNeed(c.needs, need)
	}
	return c
}

// transferClass is the class of sessions that are handed on to one target.
func (r *Router) transferClass(s *session) *class {
	c := &class{reach: s.line.reach, strategy: s.line.conf.Strategy}
	switch to := s.transfer.Target; {
	case to.Operator != "":
		c.target = to.Operator
		return c
	case to.Department != "":
		l := r.line(to.Department)
		c.reach, c.strategy = []engine.DepartmentID{l.id}, l.conf.Strategy
	default:
		c.needs = []engine.Need{{Skill: to.Skill, Level: 1}}
	}
	c.people = s.asksPeople()
	for _, need := range r.own(s) {
		c.needs = addNeed(c.needs, need)
	}
	return c
}

// asksPeople reports whether bots are not asked for a session that is handed on: to a
// line it goes for a person if it has come to people before, or if a bot hands it on.
func (s *session) asksPeople() bool {
	if s.transfer.Target.Operator != "" {
		return false
	}
	return s.people || s.owner != nil && s.owner.profile != nil && s.owner.profile.bot
}

// addNeed adds a need to a list sorted by skill; of two of one skill the higher level holds.
func addNeed(needs []engine.Need, need engine.Need) []engine.Need {
	need.Level = max(need.Level, 1)
	i, found := slices.BinarySearchFunc(needs, need, func(a, b engine.Need) int { return cmp.Compare(a.Skill, b.Skill) })
	if !found {
		return slices.Insert(needs, i, need)
	}
	needs[i].Level = max(needs[i].Level, need.Level)
	needs[i].Hard = needs[i].Hard || need.Hard
	return needs
}

// needsKey names the class of a session with needs of its own.
func (r *Router) needsKey(s *session) []byte {
	key := append(r.key[:0], "needs "...)
	key = append(key, s.line.id...)
	key = append(key, ' ')
	key = strconv.AppendInt(key, int64(s.step), 10)
	key = strconv.AppendBool(append(key, ' '), s.people)
	return appendNeeds(key, r.own(s))
}

// transferKey names the class of a session that is handed on.
func (r *Router) transferKey(s *session) []byte {
	to := s.transfer.Target
	key := append(append(r.key[:0], "to "...), s.line.id...)
	key = append(append(key, " o "...), to.Operator...)
	key = append(append(key, " d "...), to.Department...)
	key = strconv.AppendQuote(append(key, " s "...), to.Skill)
	key = strconv.AppendBool(append(key, ' '), s.asksPeople())
	return appendNeeds(key, r.own(s))
}

func appendNeeds(key []byte, needs []engine.Need) []byte {
	for _, need := range needs {
		key = strconv.AppendQuote(append(key, ' '), need.Skill)
		key = strconv.AppendInt(key, int64(need.Level), 10)
		key = strconv.AppendBool(append(key, ' '), need.Hard)
	}
	return key
}

// dropClasses forgets all classes: the configuration they rest on has changed.
// Nobody may be waiting.
func (r *Router) dropClasses() {
	clear(r.specials)
	for _, l := range r.lines {
		clear(l.classes)
	}
	for _, o := range r.operators {
		o.memberships = nil
	}
}
