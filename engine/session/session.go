package session

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// Session is one session's state. Not safe for concurrent use: one actor owns it.
type Session struct {
	rules Rules
	row   engine.Row

	last    engine.Seq // the last entry numbered
	durable engine.Seq // the last entry known durable. Invariant: durable <= last
	results results
	// messages are all there are: a draft names one by its number.
	messages messages
	// files are those that are announced, and those of messages that stand. Nil: none.
	files    map[engine.FileID]file
	closed   engine.Seq // the closing entry; 0 while messages are accepted
	wrote    writers
	identity *engine.Identity // what is held about the visitor; nil: nothing
	form     filled

	present   bool         // the visitor has a connection
	goneSince time.Time    // when the last one went; zero if unknown
	pushed    time.Time    // when last activity was last pushed
	life      engine.Term  // the log's term; 0 of a session that begins: no later life has that
	number    uint64       // the router's last offer seen
	recovered bool         // the router has not been told that the session was rebuilt, or it asked
	dirty     bool         // row differs from what was last taken
	copied    *engine.Row  // row as of the end of this step; nil: nobody has asked
	picks     []pick       // that the router has not answered yet, oldest first
	reached   uint64       // counts them
	endedAt   time.Time    // when closed was written; zero if unknown
	endedBy   engine.Cause // of that entry
	closing   closingTime
}

// writers remembers who wrote last, for IfSeq.
type writers struct {
	last   engine.Author
	seq    engine.Seq // the last message, which is last's
	others engine.Seq // the last message by anybody else
}

func (w *writers) wrote(by engine.Author, seq engine.Seq) {
	if by != w.last {
		w.last, w.others = by, w.seq
	}
	w.seq = seq
}

// notBy is the last message that somebody else wrote.
func (w *writers) notBy(by engine.Author) engine.Seq {
	if by == w.last {
		return w.others
	}
	return w.seq
}

// New is a session about to start. started is when.
func New(ref engine.SessionRef, visitor engine.VisitorID, rules Rules) *Session {
	return &Session{
		rules: rules,
		row:   engine.Row{Ref: ref, Visitor: visitor, State: engine.StateNew, Weight: engine.DefaultWeight},
	}
}

// Restore rebuilds a session from what a claim yielded: its head and its last
// entries: at least two, and of a session that has ended enough to reach its
// closing entry, which MaxHistory is. IfSeq sees no message older than these. The
// head's Results are the session's from here on. The next input must be Recover.
func Restore(ref engine.SessionRef, head engine.Head, tail []*engine.Entry, rules Rules) *Session {
	s := New(ref, head.Visitor, rules)
	switch {
	case head.Row != nil:
		s.row = *head.Row
	case head.Closed:
		s.row.State = engine.StateClosed
		s.row.LastActivity = head.Activity
		s.takeFiled(head.Filed)
		s.closed = head.Last
	}
	s.life, s.last, s.durable = head.Term, head.Last, head.Last
	s.results.list = head.Results[:0] // what is kept of them stays where it is: keep writes behind the one being read
	if n := countMessages(head.Results); n > 0 {
		s.messages = make(messages, 0, n+2)
	}
	for i := range head.Results {
		s.remember(&head.Results[i])
	}
	since := s.row.PrevAll
	for _, e := range tail {
		s.recall(e, since)
	}
	if head.Identity != nil {
		s.identity, _ = engine.DecodeIdentity(head.Identity.Body, head.Identity.Seq) // sealed as it was encoded
	}
	if head.Form != nil {
		s.keepForm(head.Form)
	}
	if s.row.State == engine.StateClosing && s.closed == 0 { // I3, however short the tail
		s.closed = head.Last
	}
	s.recovered = true
	return s
}

// recall takes from a stored entry what the row does not hold: the row is not
// rewritten for each message. since is the last entry visible to all that the row
// knows of.
func (s *Session) recall(e *engine.Entry, since engine.Seq) {
	if e.IsVisible(engine.VisibleToAll) {
		s.row.PrevAll = max(s.row.PrevAll, e.Seq)
	}
	if s.row.State == engine.StateClosed {
		s.recallFacts(e)
	}
	switch e.Kind {
	case engine.KindMessageNew:
		if !e.IsVisible(engine.VisibleToAll) {
			break
		}
		s.wrote.wrote(e.Author, e.Seq)
		if e.Seq > since {
			s.takeTurn(e)
		}
		if e.Author.Kind == engine.AuthorVisitor && s.rules.Keeps {
			s.row.LastActivity = laterMinute(s.row.LastActivity, e.At)
		}
	case engine.KindSessionClosing:
		s.closed, s.endedAt, s.endedBy = e.Seq, e.At, e.Cause
	default:
	}
}

// recallFacts takes from an entry what a closed session's row held: who owned it
// may read it still, the visitor may rate it, and another session may continue it.
func (s *Session) recallFacts(e *engine.Entry) {
	s.row.Epoch = max(s.row.Epoch, e.Epoch)
	switch e.Kind {
	case engine.KindSessionStarted:
		s.row.Started = e.At
	case engine.KindSessionQueued:
		s.row.Department = e.Department
		if s.row.FirstQueued.IsZero() {
			s.row.FirstQueued = e.At
		}
	case engine.KindRatingRequested:
		s.row.Service.RateBy = e.Deadline
	case engine.KindTagsSet:
		s.row.Service.Rev, s.row.Service.Tags = e.Seq, factsOf(e).Tags
	case engine.KindPrioritySet:
		s.row.Service.Rev = e.Seq
	case engine.KindSessionClosed:
		s.row.Owner, s.row.Department = e.Operator, e.Department
		s.row.Service.Needs = factsOf(e).Needs
		if s.endedAt.IsZero() { // refused: nothing else ends it
			s.closed, s.endedAt, s.endedBy = e.Seq, e.At, e.Cause
		}
	case engine.KindSessionAssigned:
		s.row.Owner = e.Operator
	default:
	}
}

// Row is the session's routing facts now. What it points at is shared and never
// changes.
func (s *Session) Row() engine.Row { return s.row }

// Facts is Row without a copy: it is good until the next step, and nobody may change it.
func (s *Session) Facts() *engine.Row { return &s.row }

// TakeRow answers the routing facts if they changed since the last call, to be
// stored in the batch of the entries written meanwhile; else nil.
func (s *Session) TakeRow() *engine.Row {
	if !s.dirty {
		return nil
	}
	s.dirty = false
	row := s.snapshot()
	s.copied = nil // an idle session holds no copy
	return row
}

// snapshot is a copy of the row as it is now, one for all who ask before the
// next step. Nobody may change it.
func (s *Session) snapshot() *engine.Row {
	if s.copied == nil {
		row := s.row
		s.copied = &row
	}
	return s.copied
}

// Reconfigure takes over what the tenant's configuration says now. Deadlines follow
// from it at once; what is in the row changes when the session does.
func (s *Session) Reconfigure(rules Rules) { s.rules = rules }

// State is where the session is in its life.
func (s *Session) State() engine.State { return s.row.State }

// Last is the last entry numbered, durable or not.
func (s *Session) Last() engine.Seq { return s.last }

// Durable is the last entry known durable.
func (s *Session) Durable() engine.Seq { return s.durable }

// InFlight is how many entries are numbered and not yet durable.
func (s *Session) InFlight() int { return int(s.last - s.durable) }

// HeadFor is the last entry that a reader may see, durable or not.
func (s *Session) HeadFor(reader engine.Visibility) engine.Seq {
	if reader == engine.VisibleToOperators {
		return s.last
	}
	return s.row.PrevAll
}
