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
	results map[key]engine.Result
	// messages are all there are: a draft names one by its number.
	messages map[engine.Seq]written
	// files are those that are announced, and those of messages that stand.
	files    map[engine.FileID]file
	closed   engine.Seq // the closing entry; 0 while messages are accepted
	wrote    writers
	identity *engine.Identity // what is held about the visitor; nil: nothing

	present   bool      // the visitor has a connection
	goneSince time.Time // when the last one went; zero if unknown
	pushed    time.Time // when last activity was last pushed
	number    uint64    // the router's last offer seen
	recovered bool      // no offer seen since Restore
	dirty     bool      // row differs from what was last taken
}

// key is an idempotency key's scope: principal and operation, within the
// session. The kind of the entry that an operation adds stands for the operation.
type key struct {
	author engine.Author
	kind   engine.Kind
	id     string
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
		rules:   rules,
		row:     engine.Row{Ref: ref, Visitor: visitor, State: engine.StateNew, Weight: engine.DefaultWeight},
		results: map[key]engine.Result{}, messages: map[engine.Seq]written{}, files: map[engine.FileID]file{},
	}
}

// Restore rebuilds a session from what a claim yielded: its head and its last
// entries, at least two. IfSeq sees no message older than these. The next input
// must be Recover.
func Restore(ref engine.SessionRef, head engine.Head, tail []*engine.Entry, rules Rules) *Session {
	s := New(ref, head.Visitor, rules)
	switch {
	case head.Row != nil:
		s.row = *head.Row
	case head.Closed:
		s.row.State = engine.StateClosed
		s.row.LastActivity = head.Activity
		s.closed = head.Last
	}
	s.last, s.durable = head.Last, head.Last
	for _, r := range head.Results {
		s.remember(r)
	}
	for _, e := range tail {
		s.recall(e)
	}
	if head.Identity != nil {
		s.identity, _ = engine.DecodeIdentity(head.Identity.Body, head.Identity.Seq) // sealed as it was encoded
	}
	if s.row.State == engine.StateClosing && s.closed == 0 { // I3, however short the tail
		s.closed = head.Last
	}
	s.recovered = true
	return s
}

// recall takes from a stored entry what the row does not hold: the row is not
// rewritten for each message.
func (s *Session) recall(e *engine.Entry) {
	if e.IsVisible(engine.VisibleToAll) {
		s.row.PrevAll = max(s.row.PrevAll, e.Seq)
	}
	if s.row.State == engine.StateClosed {
		s.recallFacts(e)
	}
	switch e.Kind {
	case engine.KindMessageNew:
		s.flipTurn(e)
		if e.Author.Kind == engine.AuthorVisitor && s.rules.Keeps {
			s.row.LastActivity = laterMinute(s.row.LastActivity, e.At)
		}
	case engine.KindSessionClosing:
		s.closed = e.Seq
	default:
	}
}

// recallFacts takes from an entry what a closed session's row held: who owned it
// may read it still.
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
	case engine.KindSessionClosed:
		s.row.Owner, s.row.Department = e.Operator, e.Department
	case engine.KindSessionAssigned:
		s.row.Owner = e.Operator
	default:
	}
}

// Row is the session's routing facts now.
func (s *Session) Row() engine.Row {
	row := s.row
	row.Declines = append([]engine.Decline(nil), s.row.Declines...)
	return row
}

// TakeRow answers the routing facts if they changed since the last call, to be
// stored in the batch of the entries written meanwhile; else nil.
func (s *Session) TakeRow() *engine.Row {
	if !s.dirty {
		return nil
	}
	s.dirty = false
	row := s.Row()
	return &row
}

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

// MayRead reports whether a participant may see the session at all: judged at
// each delivery (I10).
func (s *Session) MayRead(by engine.Author) bool {
	switch by.Kind {
	case engine.AuthorVisitor, engine.AuthorIntegration:
		return true
	case engine.AuthorOperator:
		return s.row.Owner == by.Operator && by.Operator != ""
	default:
		return false
	}
}

// Situation describes the session to an outlet that is being seated. Head,
// From and Reset are the caller's to fill.
func (s *Session) Situation(reader engine.Visibility) engine.Situation {
	sit := engine.Situation{
		Session: s.row.Ref.Session, State: s.row.State, Epoch: s.row.Epoch, Department: s.row.Department,
		Owner: s.row.Owner, Turn: s.row.Turn, Identity: s.identity, ReadVisitor: s.row.ReadVisitor, ReadOperator: s.row.ReadOperator,
	}
	sit.Visitor = s.presence()
	if reader == engine.VisibleToAll {
		sit.Visitor.LastActivity = time.Time{}
	}
	return sit
}

// AwaySince is from when on the visitor is gone: now while it has a connection.
func (s *Session) AwaySince(now time.Time) time.Time {
	if s.present || s.goneSince.IsZero() {
		return now
	}
	return s.goneSince
}

// Info describes the session to REST and to hosts.
func (s *Session) Info() engine.SessionInfo {
	return engine.SessionInfo{
		Ref: s.row.Ref, State: s.row.State, Epoch: s.row.Epoch, Department: s.row.Department, Owner: s.row.Owner,
		Head: s.durable, Turn: s.row.Turn, Present: s.present, LastActivity: s.row.LastActivity,
	}
}

// Deadline is when the next Tick matters; zero if never.
func (s *Session) Deadline() time.Time {
	switch s.row.State {
	case engine.StateOffered:
		return earlier(s.row.Offer.Deadline, s.graceEnd())
	case engine.StateQueued:
		return s.graceEnd()
	case engine.StateClosing:
		return s.row.CloseBy
	default:
		return time.Time{}
	}
}

// graceEnd is when a waiting visitor without a connection is given up.
func (s *Session) graceEnd() time.Time {
	if s.present || s.goneSince.IsZero() {
		return time.Time{}
	}
	return s.goneSince.Add(s.department().QueueGrace)
}

func (s *Session) department() engine.Department {
	d, ok := s.rules.Department(s.row.Department)
	if !ok { // the configuration lost the department: its defaults still apply
		d = engine.Department{
			ID: s.row.Department, OfferTimeout: engine.DefaultOfferTimeout,
			DeclineFor: engine.DefaultDeclineFor, QueueGrace: engine.DefaultQueueGrace,
		}
	}
	return d
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func laterMinute(old, now time.Time) time.Time {
	if minute := now.Truncate(time.Minute).UTC(); minute.After(old) {
		return minute
	}
	return old
}
