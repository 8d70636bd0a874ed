package routing

import (
	"maps"
	"slices"
	"strings"

	"github.com/parleyhq/parley/engine"
)

// narrowed is the profile for somebody whose tokens name these departments only.
func (p *profile) narrowed(scope []engine.DepartmentID) *profile {
	if p == nil || len(scope) == 0 {
		return p
	}
	mine := *p
	mine.scope = scope
	return &mine
}

// rescope takes over which departments an operator's tokens name. Only its own
// membership is judged anew, class by class: a shift that signs in with such tokens
// must not place all who wait anew each time.
func (r *Router) rescope(o *operator, scope []engine.DepartmentID) {
	if slices.Equal(o.scope, scope) {
		return
	}
	before := o.profile
	o.scope = scope
	if o.whole == nil {
		return
	}
	for _, l := range o.reaches {
		r.touchLine(l)
	}
	r.uncount(o)
	o.profile = o.whole.narrowed(scope)
	r.chart(o)
	var left []*class
	judge := func(c *class) {
		if c != nil && !c.readmit(o, before) {
			left = append(left, c)
		}
	}
	for _, l := range r.byLine {
		for _, c := range l.classes {
			judge(c)
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(r.specials), strings.Compare) {
		judge(r.specials[key])
	}
	for _, c := range left { // afterwards: it may make classes
		r.moveOn(c)
	}
}

// readmit judges an operator anew who was in the class, or was not, by the profile
// of before. It answers whether the operator is a member now.
func (c *class) readmit(o *operator, before *profile) bool {
	was := class{reach: c.reach, needs: c.needs, target: c.target, people: c.people}
	if m := c.of(o); m != nil {
		c.drop(m)
	} else {
		was.admit(&operator{id: o.id, profile: before})
		c.rest.NotMember -= was.rest.NotMember
		c.rest.NeverAuto -= was.rest.NeverAuto
		c.rest.Skills -= was.rest.Skills
	}
	m := c.admit(o)
	if m == nil {
		return false
	}
	i, _ := slices.BinarySearchFunc(c.members, m, func(a, b *member) int { return compareNames(a.o, b.o) })
	c.members = slices.Insert(c.members, i, m)
	o.memberships = append(o.memberships, m)
	m.stale = true
	c.stale = append(c.stale, m)
	return true
}

// drop takes a member out of its class.
func (c *class) drop(m *member) {
	c.count(m, -1)
	is := func(other *member) bool { return other == m }
	c.members, c.stale = slices.DeleteFunc(c.members, is), slices.DeleteFunc(c.stale, is)
	m.o.memberships = slices.DeleteFunc(m.o.memberships, is)
}
