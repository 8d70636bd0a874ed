package routing

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// class is what sessions that can be taken by the same operators, in the same
// order of preference, have in common. Sessions wait in their class and operators
// are listed in it, so that neither is compared with the other one by one.
type class struct {
	// Fixed after construction.
	key      string // of a class outside the departments' steps; "": of a step
	reach    []engine.DepartmentID
	needs    []engine.Need
	strategy engine.Strategy
	target   engine.OperatorID // the only one who may take it; "": anyone
	people   bool              // no bots
	skip     bool              // its sessions move on while nobody is routable
	manual   bool              // nobody is pushed

	waiting order[*session]
	members []*member      // everyone who may take its sessions, by id
	rest    engine.Reasons // of the others, and of the members who are not listed
	pool    order[*member] // those who could take something
	rooms   []roomCount    // of the pool, ascending; few: loads are multiples of common weights
	stale   []*member      // those who have changed since they were last listed
	touched uint64         // when it was last used, for dropping
}

type roomCount struct{ room, operators int }

// member is an operator in a class, as of when it was last listed. The pool's
// order rests on these copies, so that the operator may change meanwhile.
type member struct {
	o        *operator
	c        *class
	tier     engine.Tier
	fit      int
	first    uint64 // tier and fit, the best first
	strategy uint64 // the strategy's figure, the best first
	last     int64  // when it was last chosen
	room     int
	standing standing
	stale    bool
}

// standing is why a member is, or is not, in its class's pool.
type standing uint8

const (
	unlisted standing = iota // not counted yet
	listed
	notRoutable
	breathing
	atOpenCap
	full
)

// reason is why an operator of that standing can be given nothing, whatever it weighs;
// "": the standing does not say so.
func (s standing) reason() string {
	switch s {
	case notRoutable:
		return "not_routable"
	case breathing:
		return "breathing"
	case atOpenCap:
		return "open_cap"
	default:
		return ""
	}
}

func memberLess(a, b *member) bool {
	switch {
	case a.first != b.first:
		return a.first < b.first
	case a.strategy != b.strategy:
		return a.strategy < b.strategy
	case a.last != b.last:
		return a.last < b.last
	case a.o.hash != b.o.hash:
		return a.o.hash < b.o.hash
	default:
		return a.o.id < b.o.id
	}
}

// ruleBetween names the rule that preferred a member to the next.
func (c *class) ruleBetween(winner, next *member) string {
	switch {
	case next == nil:
		return "only"
	case winner.tier != next.tier:
		return "tier"
	case winner.first != next.first:
		return "fit"
	case winner.strategy != next.strategy:
		return c.strategy.String()
	case winner.last != next.last:
		return "last_chosen"
	default:
		return "hash"
	}
}

// admit judges who may take the class's sessions whatever their load: it answers
// a member, or counts why not.
func (c *class) admit(o *operator) *member {
	m := &member{o: o, c: c, tier: engine.TierNever}
	isMember := false
	for _, d := range c.reach {
		if o.serves(d) {
			isMember = true
			m.tier = min(m.tier, o.profile.tiers[d])
		}
	}
	switch {
	case !isMember || c.target != "" && c.target != o.id:
		c.rest.NotMember++
		return nil
	case c.target != "":
		m.tier = engine.TierPrimary // somebody has named it
		return m
	case m.tier >= engine.TierNever || c.people && o.profile.bot:
		c.rest.NeverAuto++
		return nil
	}
	for _, need := range c.needs {
		over := o.profile.skills[need.Skill] - max(need.Level, 1)
		if over < 0 {
			c.rest.Skills++
			return nil
		}
		m.fit += over
	}
	m.first = uint64(m.tier)<<32 | uint64(1<<31-m.fit)
	return m
}

// fill finds the class's members among all operators.
func (c *class) fill(roster []*operator) {
	for _, o := range roster {
		if m := c.admit(o); m != nil {
			c.members = append(c.members, m)
			o.memberships = append(o.memberships, m)
			m.stale = true
		}
	}
	c.stale = append(c.stale, c.members...)
}

// refresh lists anew who has changed since the class was last looked at. An
// operator's change costs a mark per class; a place in the order is found only
// where somebody looks.
func (c *class) refresh() {
	for _, m := range c.stale {
		m.stale = false
		c.count(m, -1)
		m.standing, m.room = m.o.standing(), m.o.room()
		if m.standing == listed {
			m.strategy, m.last = m.o.figure(c.strategy), m.o.last
		}
		c.count(m, 1)
	}
	clear(c.stale)
	c.stale = c.stale[:0]
}

func (c *class) count(m *member, by int) {
	switch m.standing {
	case listed:
		if by > 0 {
			c.pool.insert(m, -m.room, 0)
		} else {
			c.pool.remove(m)
		}
		c.countRoom(m.room, by)
	case notRoutable:
		c.rest.NotRoutable += by
	case breathing:
		c.rest.Breathing += by
	case atOpenCap:
		c.rest.OpenCap += by
	case full:
		c.rest.Full += by
	}
}

func (c *class) countRoom(room, by int) {
	i, found := slices.BinarySearchFunc(c.rooms, room, func(c roomCount, room int) int { return c.room - room })
	if !found {
		c.rooms = slices.Insert(c.rooms, i, roomCount{room: room})
	}
	if c.rooms[i].operators += by; c.rooms[i].operators == 0 {
		c.rooms = slices.Delete(c.rooms, i, i+1)
	}
}

// fitting counts the members who have room for weight.
func (c *class) fitting(weight int) (n int) {
	for i := len(c.rooms) - 1; i >= 0 && c.rooms[i].room >= weight; i-- {
		n += c.rooms[i].operators
	}
	return n
}

// routable counts the members who take chats at all.
func (c *class) routable() int {
	c.refresh()
	return len(c.members) - c.rest.NotRoutable
}

// of finds an operator's membership; nil if it may not take the class's sessions.
func (c *class) of(o *operator) *member {
	for _, m := range o.memberships {
		if m.c == c {
			return m
		}
	}
	return nil
}

// reaches reports whether the operator is a member of a department that the
// class's sessions may go to, whatever its tier and skills.
func (c *class) reaches(o *operator) bool { return slices.ContainsFunc(c.reach, o.serves) }
