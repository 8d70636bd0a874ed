package storetest

import (
	"github.com/parleyhq/parley/engine"
)

// handing is an append by which a session becomes another visitor's.
func handing(ref engine.SessionRef, term engine.Term, seq engine.Seq, to engine.VisitorID) engine.Append {
	e := Message(ref, seq, "")
	e.Kind, e.Visibility = engine.KindIdentityUpgraded, engine.VisibleToOperators
	row := &engine.Row{Ref: ref, Visitor: to, State: engine.StateActive, Epoch: 1}
	return engine.Append{Ref: ref, Term: term, Entries: []*engine.Entry{e}, Row: row, Visitor: to}
}

// wantOwner wants a claim to find the session whole and the visitor's.
func (s *suite) wantOwner(ref engine.SessionRef, visitor engine.VisitorID, last engine.Seq) engine.Term {
	s.Helper()
	got := s.claim(engine.Claim{Ref: ref, Tail: 3})
	s.wantErr(got.Err, nil)
	if got.Head.Visitor != visitor || got.Head.Last != last || got.Head.Row == nil || got.Head.Row.Visitor != visitor || len(got.Tail) != int(min(3, last)) {
		s.Fatalf("got visitor %v, last %d, row %+v, want %v, %d", got.Head.Visitor, got.Head.Last, got.Head.Row, visitor, last)
	}
	return got.Head.Term
}

// handOver: what is under way lands before and after it, a fenced one has no
// effect, the log stays whole, and it may happen again.
func (s *suite) handOver() {
	ref, first, second, third := NewRef("acme"), NewVisitor(), NewVisitor(), NewVisitor()
	term := Create(s, s.log, ref, first)
	want := Messages(ref, 1, 8)
	answers := []<-chan []error{StartAppend(s.log, engine.Append{Ref: ref, Term: term, Entries: want[:4]})}
	hand := handing(ref, term, 5, second)
	want[4] = hand.Entries[0]
	answers = append(answers, StartAppend(s.log, hand))
	for i := 5; i < 8; i++ { // sealed before it, or after: nobody can know
		answers = append(answers, StartAppend(s.log, engine.Append{Ref: ref, Term: term, Entries: want[i : i+1]}))
	}
	for _, answer := range answers {
		s.wantErr(wait(s, "append", answer)[0], nil)
	}
	s.wantLog(ref, want)
	term = s.wantOwner(ref, second, 8)
	s.append(handing(ref, term-1, 9, third), engine.ErrFenced)
	s.append(handing(ref, term, 11, third), engine.ErrFenced)
	s.append(handing(ref, term, 9, second), nil) // nothing to change
	s.append(handing(ref, s.wantOwner(ref, second, 9), 10, third), nil)
	s.append(engine.Append{Ref: ref, Term: s.wantOwner(ref, third, 10), Entries: Messages(ref, 11, 1), Close: true}, nil)
}

// handOverKept: a restart finds the session with its new visitor, also one that
// was removed text from since.
func (s *suite) handOverKept() {
	ref, from, to := NewRef("acme"), NewVisitor(), NewVisitor()
	other := NewRef("acme") // the new visitor is known already, by a session that is over
	s.append(engine.Append{Ref: other, Term: Create(s, s.log, other, to), Entries: Messages(other, 1, 2), Close: true}, nil)
	term := Create(s, s.log, ref, from)
	s.append(engine.Append{Ref: ref, Term: term, Entries: Messages(ref, 1, 3)}, nil)
	s.append(handing(ref, term, 4, to), nil)
	redaction := Message(ref, 5, "")
	redaction.Kind, redaction.Target = engine.KindMessageRedacted, 2
	s.append(engine.Append{Ref: ref, Term: term, Entries: []*engine.Entry{redaction}, Redact: []engine.Seq{2}}, nil)
	s.log = s.backend.Reopen(s, s.log)
	term = s.wantOwner(ref, to, 5)
	s.append(engine.Append{Ref: ref, Term: term, Entries: Messages(ref, 6, 1), Close: true}, nil)
	s.log.Release(ref)
	got := s.claim(engine.Claim{Ref: ref})
	s.wantErr(got.Err, nil)
	if !got.Head.Closed || got.Head.Visitor != to || got.Head.Last != 6 {
		s.Fatalf("closed: got %+v", got.Head)
	}
}
