package routing

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// RiskIs tells that visitors wait longer in a department than it promises. Each session
// counts once, and of those that pass the limit together one word is said, at most every
// engine.PositionEvery.
type RiskIs struct {
	Department engine.DepartmentID
	Waited     time.Duration // the longest of them
	Sessions   int
}

func (RiskIs) effect() {}

func riskLess(a, b *session) bool {
	if a.riskFrom != b.riskFrom {
		return a.riskFrom < b.riskFrom
	}
	return a != b && compareIDs(a.ref.Session, b.ref.Session) < 0
}

// expect begins to watch how long a session waits, where its department promises
// something. A session that was told of is not told of again.
func (l *line) expect(s *session) {
	if l.conf.SLA > 0 && !s.isLate {
		s.riskFrom, s.isExpected = s.queued, true
		l.expected.insert(s, 0, 0)
	}
}

// expectNoMore ends that.
func (l *line) expectNoMore(s *session) {
	if s.isExpected {
		s.isExpected = false
		l.expected.remove(s)
	}
}

// riskAt is when the next word is due; 0: never.
func (l *line) riskAt() int64 {
	first, found := l.expected.min()
	if !found || l.conf.SLA <= 0 {
		return 0
	}
	return max(first.riskFrom+int64(l.conf.SLA), l.riskTold+int64(engine.PositionEvery))
}

// tellRisk says of the sessions that have waited too long that they have.
func (r *Router) tellRisk(l *line) {
	at := l.riskAt()
	if at == 0 || at > r.now {
		return
	}
	word := RiskIs{Department: l.id}
	for {
		s, found := l.expected.min()
		if !found || r.now-s.riskFrom < int64(l.conf.SLA) {
			break
		}
		word.Waited = max(word.Waited, time.Duration(r.now-s.riskFrom))
		word.Sessions++
		l.expectNoMore(s)
		s.isLate = true
	}
	l.riskTold = r.now
	r.do(word)
}

// expectAnew follows a configuration: what is promised may have changed.
func (l *line) expectAnew() {
	for s, found := l.expected.min(); found; s, found = l.expected.min() {
		l.expectNoMore(s)
	}
	l.visible.each(func(s *session) bool { l.expect(s); return true })
}
