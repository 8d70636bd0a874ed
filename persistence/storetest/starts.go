package storetest

import (
	"maps"
	"time"

	"github.com/parleyhq/parley/engine"
)

// recaller is what a store does besides engine.Log for the keys of starts.
type recaller interface {
	Recall(tenant engine.TenantID, visitor engine.VisitorID, done func(map[engine.Tag]engine.SessionID, error))
	ForgetKeys(now time.Time)
}

// tagged makes up a tag.
func tagged(n byte) engine.Tag { return engine.Tag{0: n, 15: n} }

// starting is an append that carries out starts: the first entry has the key.
func starting(ref engine.SessionRef, term engine.Term, first engine.Seq, keys ...byte) engine.Append {
	a := engine.Append{
		Ref: ref, Term: term, Entries: Messages(ref, first, len(keys)),
		Row: &engine.Row{Ref: ref, State: engine.StateQueued},
	}
	for i, key := range keys {
		id := string(rune('a' + key))
		a.Entries[i].ClientID = id
		a.Starts = append(a.Starts, engine.Start{ClientID: id, Tag: tagged(key)})
	}
	return a
}

// closing ends a session at a time.
func closing(ref engine.SessionRef, term engine.Term, seq engine.Seq, at time.Time) engine.Append {
	e := Message(ref, seq, "")
	e.Kind, e.At = engine.KindSessionClosed, at
	return engine.Append{Ref: ref, Term: term, Entries: []*engine.Entry{e}, Close: true}
}

// Recall asks for a visitor's starts and waits for the answer.
func (s *suite) recall(tenant engine.TenantID, visitor engine.VisitorID) map[engine.Tag]engine.SessionID {
	s.Helper()
	store, able := s.log.(recaller)
	if !able {
		s.Skip("the store recalls no starts")
	}
	answer := make(chan map[engine.Tag]engine.SessionID, 1)
	store.Recall(tenant, visitor, func(found map[engine.Tag]engine.SessionID, err error) {
		if err != nil {
			s.Errorf("recall: %v", err)
		}
		answer <- found
	})
	return wait(s, "recall", answer)
}

// wantStarts wants a visitor's starts to have begun these sessions.
func (s *suite) wantStarts(visitor engine.VisitorID, want map[engine.Tag]engine.SessionID) {
	s.Helper()
	if got := s.recall("acme", visitor); !maps.Equal(got, want) {
		s.Fatalf("got starts %v, want %v", got, want)
	}
}

// starts: a start's key leads to its session, over the session's end; to nobody
// else's; a fenced append leaves none; and it goes along when the session changes
// hands.
func (s *suite) starts() {
	first, second, visitor, other := NewRef("acme"), NewRef("acme"), NewVisitor(), NewVisitor()
	s.wantStarts(visitor, nil)
	term := Create(s, s.log, first, visitor)
	s.append(starting(first, term, 1, 1, 2), nil)
	s.append(starting(first, term+1, 3, 3), engine.ErrFenced)
	s.wantStarts(visitor, map[engine.Tag]engine.SessionID{tagged(1): first.Session, tagged(2): first.Session})
	s.append(closing(first, term, 3, testTime), nil)
	s.log.Release(first)
	term = Create(s, s.log, second, visitor)
	s.append(starting(second, term, 1, 4), nil)
	both := map[engine.Tag]engine.SessionID{tagged(1): first.Session, tagged(2): first.Session, tagged(4): second.Session}
	s.wantStarts(visitor, both)
	s.wantStarts(other, nil)
	if got := s.recall("zeta", visitor); len(got) > 0 {
		s.Fatalf("another tenant's: got %v", got)
	}
	s.append(handing(second, term, 2, other), nil)
	delete(both, tagged(4))
	s.wantStarts(visitor, both)
	s.wantStarts(other, map[engine.Tag]engine.SessionID{tagged(4): second.Session})
}

// startsKept: what a start did is found after it has ended, released or not.
func (s *suite) startsKept() {
	ref, visitor := NewRef("acme"), NewVisitor()
	term := Create(s, s.log, ref, visitor)
	s.append(starting(ref, term, 1, 1), nil)
	s.append(closing(ref, term, 2, testTime), nil)
	s.log.Release(ref)
	s.wantStarts(visitor, map[engine.Tag]engine.SessionID{tagged(1): ref.Session})
	got := s.claim(engine.Claim{Ref: ref, Tail: 10})
	s.wantErr(got.Err, nil)
	if !got.Head.Closed || got.Head.Last != 2 || got.Head.Visitor != visitor || len(got.Head.Results) == 0 || got.Head.Results[0].ClientID != "b" {
		s.Fatalf("claimed after its end: got %+v", got.Head)
	}
	if n := len(got.Tail); n == 0 || got.Tail[n-1].Kind != engine.KindSessionClosed {
		s.Fatalf("claimed after its end: got a tail of %d entries, want the last one", n)
	}
	s.log.Release(ref)
}

// startsForgotten: the keys of a session go a day after its end, or little later,
// and not while it is open.
func (s *suite) startsForgotten() {
	ended, open, visitor := NewRef("acme"), NewRef("acme"), NewVisitor()
	term := Create(s, s.log, ended, visitor)
	s.append(starting(ended, term, 1, 1), nil)
	s.append(closing(ended, term, 2, testTime), nil)
	s.log.Release(ended)
	s.append(starting(open, Create(s, s.log, open, visitor), 1, 2), nil)
	both := map[engine.Tag]engine.SessionID{tagged(1): ended.Session, tagged(2): open.Session}
	for hour := range 72 {
		now := testTime.Add(time.Duration(hour) * time.Hour)
		s.log.(recaller).ForgetKeys(now)
		if hour < 24 {
			s.wantStarts(visitor, both)
		}
	}
	delete(both, tagged(1))
	for deadline := time.Now().Add(patience); ; { // the store forgets by itself
		got := s.recall("acme", visitor)
		if maps.Equal(got, both) {
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("got %d starts, want the open session's", len(got))
		}
	}
}
