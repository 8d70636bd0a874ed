package routing

import (
	"math"
	"time"

	"github.com/parleyhq/parley/engine"
)

// tellPositions tells waiting visitors their places, each at most every
// PositionEvery after a change and again after PositionRefresh. It walks a line
// once per PositionEvery at most, however much happens in it, and on a Tick only:
// a burst of reports is not held up by it.
func (r *Router) tellPositions() {
	for _, l := range r.byLine {
		if l.walkAt != 0 && l.walkAt <= r.now {
			r.walk(l)
		}
	}
}

func (r *Router) walk(l *line) {
	l.walkedAt = r.now
	l.walkAt = r.now + int64(engine.PositionRefresh)
	position := 0
	l.visible.each(func(s *session) bool {
		position++
		since := r.now - s.toldAt
		switch {
		case s.position == position && since < int64(engine.PositionRefresh):
			l.walkAt = min(l.walkAt, s.toldAt+int64(engine.PositionRefresh))
		case since < int64(engine.PositionEvery):
			l.walkAt = min(l.walkAt, s.toldAt+int64(engine.PositionEvery))
		default:
			s.position, s.toldAt = position, r.now
			p50, p90 := r.waits(l, position)
			r.do(PositionIs{Session: s.ref, Position: position, P50: p50, P90: p90})
		}
		return true
	})
}

// waits estimates how long the one at a position still waits; zero where too
// little was seen, or nobody is there.
func (r *Router) waits(l *line, position int) (p50, p90 time.Duration) {
	if l.routable == 0 {
		return 0, 0
	}
	return l.pace.estimate(position)
}

// pace is how fast a department's line moves: moving averages of the time between
// assignments while somebody waits, and of its variance.
type pace struct {
	samples  int
	mean     float64 // nanoseconds
	variance float64
	from     int64 // when the present interval began; 0: nobody waits
}

// memory is how many assignments a moving average looks back, about.
const memory = 20

// waits notes that so many wait now: time in which nobody does says nothing.
func (p *pace) waits(n int, now int64) {
	switch {
	case n == 0:
		p.from = 0
	case p.from == 0:
		p.from = now
	}
}

// assigned notes an assignment. Call it before the session leaves the line.
func (p *pace) assigned(now int64) {
	if p.from == 0 {
		return
	}
	x := float64(now - p.from)
	p.from = now
	p.samples++
	weight := 1 / float64(min(p.samples, memory))
	delta := x - p.mean
	p.mean += weight * delta
	p.variance = (1 - weight) * (p.variance + weight*delta*delta)
}

// z90 is the standard normal distribution's 90th percentile.
const z90 = 1.2815515655446004

// estimate is how long until the n-th assignment from now: a sum of n intervals,
// which is nearly normal, so its median is n means and its spread grows with the
// root of n.
func (p *pace) estimate(n int) (p50, p90 time.Duration) {
	if p.samples < engine.WaitSamples {
		return 0, 0
	}
	mid := float64(n) * p.mean
	high := mid + z90*math.Sqrt(float64(n)*p.variance)
	return time.Duration(mid), time.Duration(high)
}
