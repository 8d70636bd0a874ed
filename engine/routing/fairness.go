package routing

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// Fairness is what a department's service looks like, for metrics.
type Fairness struct {
	Department engine.DepartmentID
	Waiting    int           // sessions that wait and are not offered
	Oldest     time.Duration // how long the one who has waited longest has waited, since it last began to
	// Overtaken is the worst seen: how much later than one with equal needs that
	// still waited a session had come that was served. It is at most the spread of
	// priorities times engine.PriorityCredit; boosted sessions and picks do not count,
	// nor does who is passed over because the operator had turned it down.
	Overtaken time.Duration
	// Jain is Jain's index of the routable members' load: 1 when all carry the same
	// share of their capacity, 1/n when one carries all. 1 when there are none.
	// Source: Jain, Chiu, Hawe, DEC-TR-301, 1984.
	Jain     float64
	Routable int // operators who take its sessions at some step
	Overload int // members who carry more than their capacity
}

// Fairness answers the figures of all departments, in the order of their ids. It
// walks all operators: ask at the pace of a scrape.
func (r *Router) Fairness() []Fairness {
	all := make([]Fairness, len(r.byLine))
	for i, l := range r.byLine {
		f := Fairness{Department: l.id, Waiting: l.waiting, Overtaken: time.Duration(l.overtaken), Routable: l.routable}
		l.visible.each(func(s *session) bool {
			f.Oldest = max(f.Oldest, time.Duration(r.now-s.queued))
			return true
		})
		f.Jain, f.Overload = r.loads(l)
		all[i] = f
	}
	return all
}

func (r *Router) loads(l *line) (jain float64, overload int) {
	var n, sum, squares float64
	for _, o := range r.roster {
		if !o.serves(l.id) {
			continue
		}
		if o.used > o.capacity() {
			overload++
		}
		if !o.routable {
			continue
		}
		x := float64(o.used) / float64(o.capacity())
		n, sum, squares = n+1, sum+x, squares+x*x
	}
	if squares == 0 {
		return 1, overload
	}
	return sum * sum / (n * squares), overload
}
