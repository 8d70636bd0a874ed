package routing

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// decide writes down why the first of those found was chosen. Reasons are counted
// with each class, so that nobody is walked for them.
func (r *Router) decide(s *session, c *class, found []*member, rule string) *engine.Decision {
	c.refresh()
	r.decisions++
	d := &engine.Decision{
		Revision: r.decisions, Department: c.reach[0], Also: c.reach[1:], Step: s.step, Needs: c.needs, Weight: s.lease, PeopleOnly: c.people,
		Waited: (r.now - s.queued) / 1e6, Strategy: c.strategy.String(), Rule: rule, Winner: r.candidate(s, found[0]), Rest: c.rest, Target: c.target,
	}
	if s.isSeen {
		d.Position = s.line.visible.before(s) + 1
	}
	fits := c.fitting(s.lease)
	d.Eligible, d.Rest.Full = fits, d.Rest.Full+c.pool.size-fits
	if s.owner != nil {
		d.Owner = s.owner.id
		r.exclude(c, s, s.owner, d, &d.Rest.Owner)
	}
	for i, declined := range s.declines {
		if declined.until > r.now && declined.o != s.owner && !slices.ContainsFunc(s.declines[:i], func(e decline) bool { return e.o == declined.o && e.until > r.now }) {
			d.Declined = append(d.Declined, declined.o.id)
			r.exclude(c, s, declined.o, d, &d.Rest.Declined)
		}
	}
	if runners := found[1:]; len(runners) > 0 {
		d.Next = make([]engine.Candidate, min(len(runners), engine.MaxCandidates))
		for i := range d.Next {
			d.Next[i] = r.candidate(s, runners[i])
		}
	}
	return d
}

// exclude counts an operator, who could take the session but for the session's
// own reasons, with those who could not.
func (r *Router) exclude(c *class, s *session, o *operator, d *engine.Decision, reason *int) {
	if m := c.of(o); m != nil && m.standing == listed && m.room >= s.lease {
		d.Eligible--
		*reason++
	}
}

func (r *Router) candidate(s *session, m *member) engine.Candidate {
	c := m.o.candidate()
	c.Tier, c.Fit, c.Preferred = m.tier, m.fit, m.o == s.preferred
	return c
}

// figureOf and lastOf are what a member would be ordered by if it were listed.
func (r *Router) figureOf(m *member) uint64 { return m.o.figure(m.c.strategy) }
func (r *Router) lastOf(m *member) int64    { return m.o.last }

// overtakes measures how much later than the longest waiting one of its class, of
// those that its operators could have taken, the session came that is served now.
// Boosted ones may overtake whom they like, and a pick is a person's choice.
func (r *Router) overtakes(s *session, winners []*operator, rule string) {
	if s.boosted || s.class == nil || rule == "pick" {
		return
	}
	l := s.line
	s.class.waiting.older(s.since-l.overtaken, func(passed *session) { // nobody, most of the time
		takes := func(o *operator) bool { return !passed.refuses(o, r.now) }
		if after := s.since - passed.since; after > l.overtaken && slices.ContainsFunc(winners, takes) {
			l.overtaken = after
		}
	})
}
