package routing

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// configure takes a configuration over: departments and their rules, operators,
// their tiers, skills and capacities. Everybody who waits is placed anew.
func (r *Router) configure(t *engine.Tenant) {
	all := make([]*session, 0, len(r.sessions))
	for _, s := range r.sessions {
		r.leave(s)
		all = append(all, s)
	}
	slices.SortFunc(all, compareSessions)
	r.dropClasses()
	for _, o := range r.roster {
		r.uncount(o)
	}
	isFirst := !r.configured
	r.configured = true
	r.setLines(t)
	r.setRoster(t)
	r.settled = r.settled && !isFirst || r.isSettled()
	for _, s := range all {
		r.find(s)
	}
	for _, l := range r.byLine {
		l.expectAnew()
		r.touchLine(l)
	}
}

func (r *Router) setLines(t *engine.Tenant) {
	for _, l := range r.byLine {
		l.isKnown = false
	}
	for _, d := range t.Departments {
		l := r.line(d.ID)
		l.isKnown = true
		r.setLine(l, d)
	}
	for _, l := range r.byLine {
		if !l.isKnown {
			r.setLine(l, engine.Department{ID: l.id})
		}
	}
}

// setRoster takes the operators over and forgets those whom nothing names any
// more. Those whose actors have not spoken and who have no load are not told
// their capacity: they have no actor to hear it.
func (r *Router) setRoster(t *engine.Tenant) {
	for _, o := range r.operators {
		o.profile, o.whole = nil, nil
	}
	r.roster, r.silent = r.roster[:0], 0
	for _, configured := range t.Operators {
		o := r.operator(configured.ID)
		o.whole = newProfile(configured)
		o.whole.breathing = int64(t.BreathingOf(&configured))
		o.profile = o.whole.narrowed(o.scope)
		r.roster = append(r.roster, o)
		if !o.reported {
			r.silent++
		}
	}
	slices.SortFunc(r.roster, compareNames)
	all := make([]*operator, 0, len(r.operators))
	for id, o := range r.operators {
		if o.profile == nil && !o.reported && o.open == 0 && o.idleSince == 0 && !r.isNamed(o) {
			delete(r.operators, id)
			continue
		}
		if !o.reported && o.open == 0 {
			o.told = load{o.used, o.capacity(), o.open, o.openCap()}
		}
		all = append(all, o)
	}
	slices.SortFunc(all, compareNames) // effects come in the same order each time
	for _, o := range all {
		r.chart(o)
		r.census(o)
		r.changed(o)
	}
}

// isNamed reports whether a session holds on to the operator without loading it.
func (r *Router) isNamed(o *operator) bool {
	for _, s := range r.sessions {
		if s.preferred == o || slices.ContainsFunc(s.declines, func(d decline) bool { return d.o == o }) {
			return true
		}
	}
	return false
}
