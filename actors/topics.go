package actors

import (
	"maps"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// What an operator's connection watches besides the operator's own state. Each list
// has revisions of its own connection's: a snapshot first, then what differs from what
// that connection was shown. The right to it is judged at each push (I10): by the
// configuration and by the token as they are then.

// topic is one list as one connection was shown it.
type topic struct {
	engine.Topic
	rev    uint64
	begun  bool // has had its snapshot
	asked  bool // a snapshot is on its way
	board  engine.Board
	people map[engine.OperatorID]engine.OperatorRow
	view   string // of lines: the key of the view that was asked for, or is shown
	judged judged // of lines
}

// everything is what a connection watches that names no topics: the waiting lines of
// its departments as one list.
var everything = engine.Topic{Kind: engine.TopicQueue}

// maySee reports whether a connection may watch a list now.
func (s *seat) maySee(t engine.Topic) bool {
	p, config := s.principal.Load(), s.tenant.config()
	declared, known := config.Operator(p.Operator)
	switch {
	case !known || s.isSignedOut():
		return false
	case t == everything: // its rows are judged
		return true
	case t.Kind == engine.TopicOperators:
		return len(s.supervised()) > 0
	}
	_, exists := config.Department(t.Department)
	return exists && p.Serves(t.Department) && serves(&declared, t.Department)
}

// supervised lists the departments that a connection supervises now.
func (s *seat) supervised() (of []engine.DepartmentID) {
	p, config := s.principal.Load(), s.tenant.config()
	declared, known := config.Operator(p.Operator)
	if !known || s.isSignedOut() {
		return nil
	}
	for i := range config.Departments {
		if id := config.Departments[i].ID; rightsOf(p, &declared, id).Has(engine.RightSupervise) {
			of = append(of, id)
		}
	}
	return of
}

// topics takes what a connection that comes wants to watch. What it may not watch it
// is told of as ended: its token may have been another when it began to.
func (a *operatorActor) topics(s *operatorSeat, wanted []engine.Topic) {
	if wanted == nil {
		wanted = []engine.Topic{everything}
	}
	for _, t := range wanted {
		if s.seat.maySee(t) {
			a.watch(s, t)
		} else {
			s.tell(engine.WatchEnded{Topic: t})
		}
	}
	a.ask(s)
}

// watchDraft is OpWatch and OpUnwatch.
func (a *operatorActor) watchDraft(item draftPosted) {
	d := item.draft
	i := slices.IndexFunc(a.seats, func(s *operatorSeat) bool { return s.seat == item.seat })
	if i < 0 {
		return
	}
	s := a.seats[i]
	if err := a.mayWatch(s, d); err != nil {
		item.seat.answer(d, engine.Answer{Err: err})
		return
	}
	for _, t := range d.Topics {
		switch {
		case d.Op == engine.OpUnwatch:
			s.drop(t)
		case !s.isComing(t): // however often one asks, one snapshot is on its way
			a.watch(s, t)
		}
	}
	a.recount()
	item.seat.answer(d, engine.Answer{Topics: s.watched()})
	a.ask(s)
}

func (a *operatorActor) mayWatch(s *operatorSeat, d engine.Draft) *engine.Error {
	switch {
	case len(d.Topics) == 0 || len(d.Topics) > engine.MaxTopics:
		return engine.ErrBadRequest.In("topics")
	case d.Op == engine.OpUnwatch:
		return nil
	}
	all := s.watched()
	for _, t := range d.Topics {
		if !s.seat.maySee(t) {
			return engine.ErrForbidden.In("topics")
		}
		if !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	if len(all) > engine.MaxTopics {
		return engine.ErrBadRequest.In("topics")
	}
	return nil
}

// watch begins a list, or begins it anew: its next frame is a snapshot.
func (a *operatorActor) watch(s *operatorSeat, t engine.Topic) {
	w := s.find(t)
	if w == nil {
		w = &topic{Topic: t}
		s.topics = append(s.topics, w)
	}
	w.begun, w.asked = false, false
}

// isComing reports whether a list's snapshot is on its way.
func (s *operatorSeat) isComing(t engine.Topic) bool {
	w := s.find(t)
	return w != nil && w.asked && !w.begun
}

// ask asks for the snapshots that a connection waits for.
func (a *operatorActor) ask(s *operatorSeat) {
	a.recount()
	var views []*lineView
	boards := false
	for _, w := range s.topics {
		switch {
		case w.begun || w.asked:
			continue
		case w.Kind != engine.TopicQueue:
			w.asked, boards = true, true
		default:
			if v := w.lineView(s.seat); v != nil {
				w.asked, w.view, views = true, v.key, append(views, v)
			}
		}
	}
	if len(views) > 0 {
		a.h.tenant.router.tell(linesAsked{a.h, views})
	}
	if boards {
		a.h.tenant.showBoardsTo(a.h)
	}
}

// recount says how many of the operator's connections watch what, so that nobody
// counts or sends for nobody.
func (a *operatorActor) recount() {
	var lines, boards int64
	for _, s := range a.seats {
		if s.failed {
			continue
		}
		if slices.ContainsFunc(s.topics, func(w *topic) bool { return w.Kind == engine.TopicQueue }) {
			lines++
		}
		if slices.ContainsFunc(s.topics, func(w *topic) bool { return w.Kind != engine.TopicQueue }) {
			boards++
		}
	}
	if before := a.h.lines.Swap(lines); (before > 0) != (lines > 0) {
		if lines > 0 {
			a.h.tenant.router.lines.watchers.Add(1)
		} else {
			a.h.tenant.router.lines.watchers.Add(-1)
		}
	}
	if before := a.h.boards.Swap(boards); (before > 0) != (boards > 0) {
		if boards > 0 {
			a.h.tenant.wall.watchers.Add(1)
		} else {
			a.h.tenant.wall.watchers.Add(-1)
		}
	}
}

func (s *operatorSeat) find(t engine.Topic) *topic {
	for _, w := range s.topics {
		if w.Topic == t {
			return w
		}
	}
	return nil
}

// drop ends a list.
func (s *operatorSeat) drop(t engine.Topic) {
	s.topics = slices.DeleteFunc(s.topics, func(w *topic) bool { return w.Topic == t })
}

// watched lists what a connection watches.
func (s *operatorSeat) watched() []engine.Topic {
	all := []engine.Topic{}
	for _, w := range s.topics {
		all = append(all, w.Topic)
	}
	return all
}

func (s *operatorSeat) tell(signal engine.Signal) {
	if !s.failed {
		s.failed = !s.seat.outlet.Notify(signal)
	}
}

// prune drops the lists whose right is gone, and says so.
func (a *operatorActor) prune() {
	for _, s := range a.seats {
		s.prune(engine.TopicNone)
	}
	a.recount()
}

// prune drops lists of one kind, or of any.
func (s *operatorSeat) prune(of engine.TopicKind) {
	for _, w := range slices.Clone(s.topics) {
		if (of == engine.TopicNone || of == w.Kind) && w.Topic != everything && !s.seat.maySee(w.Topic) {
			s.drop(w.Topic)
			s.tell(engine.WatchEnded{Rev: w.rev + 1, Topic: w.Topic})
		}
	}
}

// showBoards shows what the tenant has come to to those who watch boards or operators.
func (a *operatorActor) showBoards(v *view) {
	a.prune()
	if v.config != a.h.tenant.config() { // who serves what may have changed: the next one knows
		return
	}
	for _, s := range a.seats {
		for _, w := range s.topics {
			switch w.Kind {
			case engine.TopicBoard:
				s.showBoard(w, v)
			case engine.TopicOperators:
				s.showOperators(w, v)
			default:
			}
		}
	}
}

func (s *operatorSeat) showBoard(w *topic, v *view) {
	b, known := v.board(w.Department)
	if !known || w.begun && b == w.board { // a department that is newer than the view comes with the next
		return
	}
	w.rev++
	s.tell(engine.BoardShown{Rev: w.rev, Snapshot: !w.begun, At: v.at.Truncate(time.Millisecond), Board: b})
	w.board, w.begun, w.asked = b, true, false
}

func (s *operatorSeat) showOperators(w *topic, v *view) {
	shown := &engine.OperatorsShown{Snapshot: !w.begun}
	if !w.begun {
		w.people = map[engine.OperatorID]engine.OperatorRow{}
	}
	gone := maps.Clone(w.people)
	for _, row := range v.operators(s.seat.supervised()) {
		delete(gone, row.Operator)
		if before, known := w.people[row.Operator]; !known || before != row {
			w.people[row.Operator] = row
			shown.Rows = append(shown.Rows, row)
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(gone), compareText[engine.OperatorID]) {
		delete(w.people, id)
		shown.Gone = append(shown.Gone, id)
	}
	w.begun, w.asked = true, false
	if shown.Snapshot || len(shown.Rows)+len(shown.Gone) > 0 {
		w.rev++
		shown.Rev = w.rev
		s.tell(shown)
	}
}
