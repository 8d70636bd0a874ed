package routing

import (
	"slices"
	"strings"
	"time"

	"github.com/parleyhq/parley/engine"
)

// line is a department: its waiting sessions and its rules.
type line struct {
	id       engine.DepartmentID
	conf     engine.Department
	limit    int // waiting sessions beyond which new ones are refused; 0: no configuration yet
	parallel int
	weight   int
	steps    []engine.Step // at least one
	ends     []int64       // when each step but the last is over, counted from its queueing
	reach    []engine.DepartmentID
	classes  []*class // two per step: of everybody, of people only

	waiting    int             // sessions that wait and are not promised
	visible    order[*session] // those that people see: waiting or offered
	unattended order[*session] // messages
	expected   order[*session] // of the visible, those who have not waited too long yet; by age
	riskTold   int64
	told       order[*session] // messages that were told, since service is there, that they may wait again
	isBack     bool            // service is there
	resuming   int             // of the told, those who may still answer
	resumedAt  int64
	isFull     bool  // refuses newcomers, until a tenth of the line has gone
	isOpen     bool  // by its hours
	takesNew   bool  // open, and not about to close
	changes    int64 // when that changes; 0: never

	// Sums over operators.
	routable int // who may take its sessions at some step
	present  int // of those: is there, taking chats or not
	roomy    int // members with room for one of its sessions

	isKnown     bool // the configuration names it
	opensAt     time.Time
	status      engine.Status // as told, with statusOpens
	statusOpens time.Time
	hasStatus   bool

	walkAt    int64 // when positions are due; 0: nobody waits
	walkedAt  int64
	pace      pace
	overtaken int64 // the worst seen

	isTouched bool
	states    tallies
}

// census is what an operator adds to its lines' sums.
type census struct {
	routable, present bool
	room              int // 0: none
}

// line finds or makes a department's line. One that the configuration does not
// name, or names no longer, keeps its sessions while operators serve it who serve
// all; else those who wait become messages.
func (r *Router) line(id engine.DepartmentID) *line {
	l := r.lines[id]
	if l != nil {
		return l
	}
	l = &line{id: id, visible: newOrder(sessionLess), unattended: newOrder(sessionLess), told: newOrder(sessionLess), expected: newOrder(riskLess)}
	r.lines[id] = l
	i, _ := slices.BinarySearchFunc(r.byLine, l, func(a, b *line) int { return strings.Compare(string(a.id), string(b.id)) })
	r.byLine = slices.Insert(r.byLine, i, l)
	r.setLine(l, engine.Department{ID: id})
	for _, o := range r.roster {
		r.uncount(o)
		r.chart(o)
		r.census(o)
	}
	return l
}

// setLine gives a line its rules.
func (r *Router) setLine(l *line, d engine.Department) {
	l.conf, l.limit, l.parallel, l.weight = d, d.QueueLimit, max(d.Parallel, 1), d.Weight
	if l.limit <= 0 && r.configured {
		l.limit = engine.DefaultQueueLimit
	}
	if l.weight <= 0 {
		l.weight = engine.DefaultWeight
	}
	if l.steps = d.Steps; len(l.steps) == 0 {
		l.steps = []engine.Step{{}}
	}
	l.reach, l.ends = []engine.DepartmentID{d.ID}, l.ends[:0]
	var end time.Duration
	for _, step := range l.steps {
		end += step.For
		l.ends = append(l.ends, int64(end))
		for _, also := range step.Also {
			if !slices.Contains(l.reach, also) {
				l.reach = append(l.reach, also)
			}
		}
	}
	l.classes = make([]*class, 2*len(l.steps))
	l.isOpen, l.takesNew, l.changes = true, true, 0
	if d.Hours != nil {
		r.schedule(l)
	}
}

// schedule reads the line's hours.
func (r *Router) schedule(l *line) {
	if l.conf.Hours == nil {
		return
	}
	now := moment(r.now)
	next := l.conf.Hours.NextChange(now)
	l.isOpen, l.changes = l.conf.Hours.OpenAt(now), nanos(next)
	l.takesNew, l.opensAt = l.isOpen, time.Time{}
	switch stop := next.Add(-l.conf.StopBefore); {
	case !l.isOpen:
		l.opensAt = next
	case next.IsZero() || l.conf.StopBefore <= 0:
	case now.Before(stop):
		l.changes = nanos(stop)
	default: // open still, for those who are there
		l.takesNew, l.opensAt = false, l.conf.Hours.NextChange(next)
	}
}

// look reads the hours again.
func (r *Router) look(l *line) {
	r.schedule(l)
	r.touchLine(l)
}

// sendsAway reports whether those who wait in the line become messages: it has
// closed and they are not to be served, or nobody is there who could. A line that the
// configuration does not name is served by operators who serve all, if there are any.
func (r *Router) sendsAway(l *line) bool {
	if r.configured && !l.isKnown {
		return !slices.ContainsFunc(r.roster, func(o *operator) bool { return o.whole.serves(l.id) && o.whole.tiers[l.id] < engine.TierNever })
	}
	return !l.isOpen && (l.conf.OnClose == engine.OtherwiseUnattended || r.settled && l.present == 0)
}

func (r *Router) sendAway(l *line) {
	if l.waiting == 0 || !r.sendsAway(l) {
		return
	}
	var all []*session
	l.visible.each(func(s *session) bool {
		if s.class != nil {
			all = append(all, s)
		}
		return true
	})
	for _, s := range all {
		r.dismiss(s, engine.CauseDepartmentClosed)
	}
}

func (r *Router) touchLine(l *line) {
	if !l.isTouched {
		l.isTouched = true
		r.touchedLines = append(r.touchedLines, l)
	}
}

// see puts a session into the line that people see, or takes it out.
func (r *Router) see(s *session, on bool) {
	l := s.line
	if s.isSeen = on; on {
		l.visible.insert(s, 0, s.since)
		l.expect(s)
	} else {
		l.visible.remove(s)
		l.expectNoMore(s)
	}
	l.pace.waits(l.visible.size, r.now)
	if l.visible.size == 0 {
		l.walkAt = 0
	} else if soon := max(l.walkedAt+int64(engine.PositionEvery), r.now); l.walkAt == 0 || soon < l.walkAt {
		l.walkAt = soon
	}
}

func (l *line) assigned(now int64) { l.pace.assigned(now) }

// limit refuses a session that has just entered a full line and was not placed,
// and one that came while nobody is there where the policy says so. Sessions
// that waited before, under this router or an earlier one, are never refused.
func (r *Router) limit(s *session) {
	if s.class == nil {
		return
	}
	l := s.line
	switch {
	case r.settled && r.takesNobody(l):
		r.dismiss(s, engine.CauseNobody)
	case l.limit == 0 || !l.isFull && l.waiting <= l.limit:
	default:
		l.isFull = true
		r.leave(s)
		s.dismissed = true
		if s.isSeen {
			r.see(s, false)
		}
		r.do(Refuse{Session: s.ref, Epoch: s.epoch, Cause: engine.CauseQueueFull})
	}
}

// takesNobody reports whether who comes to the line now becomes a message.
func (r *Router) takesNobody(l *line) bool {
	return l.conf.WhenNobody == engine.OtherwiseUnattended && l.routable == 0
}

// settleLines brings the touched lines' state up to date: full or not, who may
// come back, what visitors see.
func (r *Router) settleLines() {
	for i := 0; i < len(r.touchedLines); i++ { // lines are added while it runs
		l := r.touchedLines[i]
		l.isTouched = false
		switch {
		case l.limit == 0:
		case l.waiting >= l.limit:
			l.isFull = true
		case l.waiting <= l.limit*9/10:
			l.isFull = false
		}
		r.resume(l)
		r.publish(l)
	}
	clear(r.touchedLines)
	r.touchedLines = r.touchedLines[:0]
}

// answerWithin is how long a message that may wait again holds a place in line
// without answering: its visitor may not be there.
const answerWithin = int64(5 * time.Second)

// resume lets messages wait in line again, in their old order, once service has
// returned and while the line has room: nobody inherits a night's backlog.
func (r *Router) resume(l *line) {
	isBack := l.conf.ResumeUnattended && l.takesNew && l.routable > 0
	if isBack && !l.isBack {
		for s, found := l.told.min(); found; s, found = l.told.min() {
			s.shelve(&l.unattended)
			s.isAsked = false
		}
		l.resuming = 0
	}
	if l.isBack = isBack; !isBack || l.isFull {
		return
	}
	for room := l.limit - l.waiting - l.resuming; room > 0; room-- {
		s, found := l.unattended.min()
		if !found {
			return
		}
		s.shelve(&l.told)
		s.isAsked = true
		l.resuming++
		l.resumedAt = r.now
		r.do(Resume{Session: s.ref, Epoch: s.epoch})
	}
}

// layAside puts a message on its line's shelf. One that was given up while service
// was there is not told at once that it may wait again, else it would go round in
// circles: service goes, and returns, first.
func (r *Router) layAside(s *session) {
	shelf := &s.line.unattended
	if s.isGivenUp && s.line.isBack {
		shelf = &s.line.told
	}
	s.shelve(shelf)
	r.touchLine(s.line)
}

// shelve moves a message to the told or the untold, or, with nil, off both.
func (s *session) shelve(to *order[*session]) {
	if s.shelf != nil {
		s.shelf.remove(s)
	}
	if s.shelf = to; to != nil {
		to.insert(s, 0, 0)
	}
}

// publish tells what the department is for visitors, after a change.
func (r *Router) publish(l *line) {
	if !l.isKnown {
		return
	}
	status, opensAt := r.statusOf(l), time.Time{}
	if status == engine.StatusClosed {
		opensAt = l.opensAt
	}
	if l.hasStatus && status == l.status && opensAt.Equal(l.statusOpens) {
		return
	}
	l.hasStatus, l.status, l.statusOpens = true, status, opensAt
	r.do(StatusIs{Department: l.id, Status: status, OpensAt: opensAt})
}

func (r *Router) statusOf(l *line) engine.Status {
	switch {
	case !l.takesNew:
		return engine.StatusClosed
	case l.isFull:
		return engine.StatusFull
	case l.routable == 0 && r.settled:
		return engine.StatusAway
	case l.roomy > 0 && l.waiting == 0:
		return engine.StatusOpen
	default:
		return engine.StatusOpenQueue
	}
}
