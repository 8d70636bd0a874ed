package routing

import "fmt"

// unplaced finds who waits although somebody could take it (I5): a match round leaves
// nobody so. Who may serve a class is judged anew from the configuration, so that a
// wrong list is found as well; where all are busy, nobody is compared with the line.
func (r *Router) unplaced() (all []Finding) {
	waiting := map[*class][]*session{}
	for _, s := range r.sessions {
		if s.class != nil && !s.class.manual {
			waiting[s.class] = append(waiting[s.class], s)
		}
	}
	for c, line := range waiting {
		for _, o := range r.able(c) {
			for _, s := range line {
				if o.fits(s.lease, s.isForced()) && !s.refuses(o, r.now) {
					all = append(all, Finding{Invariant: "I5", Operator: o.id, Detail: fmt.Sprintf("session %s waits, and operator %s could take it", s.ref.Session, o.id)})
					break
				}
			}
		}
	}
	return all
}

// able is who could be given something of a class.
func (r *Router) able(c *class) (able []*operator) {
	fresh := class{reach: c.reach, needs: c.needs, target: c.target, people: c.people}
	for _, o := range r.roster {
		if is := o.standing(); (is == listed || is == full) && fresh.admit(o) != nil {
			able = append(able, o)
		}
	}
	return able
}

// orderEvery is how many offers there are to one whose place in the order is looked at.
const orderEvery = 16

// maxMisordered bounds what is kept for the next audit.
const maxMisordered = 10

// inOrder looks whether somebody who came before a session could have been given to the
// operator who gets it (I6). It looks at some of the offers only: it costs about as
// much as finding the session did.
func (r *Router) inOrder(s *session, o *operator, rule string) {
	if r.number%orderEvery != 1 || s.transfer != nil || rule == "pick" || rule == "returning" || len(r.misordered) >= maxMisordered {
		return
	}
	room := max(o.room(), 0)
	for _, m := range o.memberships {
		if m.c.manual || m.c.waiting.size == 0 {
			continue
		}
		first, found := m.c.waiting.first(room, func(other *session) bool { return !other.refuses(o, r.now) })
		if found && sessionLess(first, s) {
			r.misordered = append(r.misordered, Finding{Invariant: "I6", Operator: o.id, Detail: fmt.Sprintf(
				"operator %s was offered %s before %s, which comes first", o.id, s.ref.Session, first.ref.Session)})
			return
		}
	}
}

// takeMisordered answers what was found since the last audit.
func (r *Router) takeMisordered() []Finding {
	found := r.misordered
	r.misordered = nil
	return found
}
