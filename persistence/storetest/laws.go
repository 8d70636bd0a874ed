package storetest

import (
	"errors"
	"sync"
	"time"

	"github.com/parleyhq/parley/engine"
)

func (s *suite) unknown() {
	ref := NewRef("acme")
	s.wantErr(s.claim(engine.Claim{Ref: ref}).Err, engine.ErrUnknown)
	_, err := ReadFrom(s, s.log, ref, 0, 10)
	s.wantErr(err, engine.ErrUnknown)
	s.append(engine.Append{Ref: ref, Term: 1, Entries: Messages(ref, 1, 1)}, engine.ErrFenced)
	s.log.Release(ref)
	s.wantErr(s.claim(engine.Claim{Ref: ref}).Err, engine.ErrUnknown)
}

func (s *suite) createTwice() {
	ref, visitor := NewRef("acme"), NewVisitor()
	create := engine.Claim{Ref: ref, Create: &engine.Create{Visitor: visitor}}
	first := s.claim(create)
	s.wantErr(first.Err, nil)
	if first.Head.Last != 0 || first.Head.Visitor != visitor || first.Head.Row != nil || first.Head.Closed || len(first.Tail) != 0 {
		s.Fatalf("a new session's head: got %+v", first.Head)
	}
	s.append(engine.Append{Ref: ref, Term: first.Head.Term, Entries: Messages(ref, 1, 3)}, nil)
	second := s.claim(create)
	s.wantErr(second.Err, nil)
	if second.Head.Last != 3 || second.Head.Visitor != visitor || second.Head.Term <= first.Head.Term {
		s.Fatalf("created again: got %+v, want last 3, the same visitor, a term above %d", second.Head, first.Head.Term)
	}
	s.wantLog(ref, Messages(ref, 1, 3))
}

func (s *suite) roundTrip() {
	ref := NewRef("acme")
	want := []*engine.Entry{
		{Kind: engine.KindSessionStarted, Author: engine.Author{Kind: engine.AuthorVisitor}, Department: "sales"},
		{Kind: engine.KindOfferMade, Operator: "olga@example.org", Deadline: testTime.Add(20 * time.Second), Visibility: engine.VisibleToOperators},
		{Kind: engine.KindSessionAssigned, Operator: "olga@example.org", Offer: 2, Cause: engine.CauseManual, Epoch: 4},
		{Kind: engine.KindMessageNew, Author: engine.Author{Kind: engine.AuthorOperator, Operator: "olga@example.org"}, ClientID: "client-1", Body: engine.BodyOf("gr\u00fc\u00df dich \u0000")},
		{Kind: engine.KindMessageNew, Author: engine.Author{Kind: engine.AuthorIntegration}, Body: engine.NewBody(make([]byte, engine.MaxBody))},
		{Kind: engine.KindMessageEdited, Target: 4, Format: engine.FormatForm, Body: engine.BodyOf("{}")},
		{Kind: engine.KindSessionClosed, Cause: engine.CauseVisitorLeft, PrevAll: 4},
	}
	for i, e := range want {
		e.Session, e.Seq, e.At = ref.Session, engine.Seq(i+1), testTime.Add(time.Duration(i)*time.Millisecond)
	}
	s.append(engine.Append{Ref: ref, Term: s.create(ref), Entries: want}, nil)
	s.wantLog(ref, want)
}

func (s *suite) contiguous() {
	ref := NewRef("acme")
	term := s.create(ref)
	s.append(engine.Append{Ref: ref, Term: term, Entries: Messages(ref, 2, 1)}, engine.ErrFenced)
	s.append(engine.Append{Ref: ref, Term: term, Entries: Messages(ref, 1, 2)}, nil)
	for _, first := range []engine.Seq{1, 2, 4, 100} {
		s.append(engine.Append{Ref: ref, Term: term, Entries: Messages(ref, first, 1)}, engine.ErrFenced)
	}
	s.append(engine.Append{Ref: ref, Term: term, Entries: Messages(ref, 3, 1)}, nil)
	s.wantLog(ref, Messages(ref, 1, 3))
}

func (s *suite) allOrNone() {
	ref := NewRef("acme")
	term := s.create(ref)
	gap := append(Messages(ref, 1, 2), Message(ref, 4, "after a gap"))
	s.append(engine.Append{Ref: ref, Term: term, Entries: gap}, engine.ErrFenced)
	s.wantLog(ref, nil)
	s.append(engine.Append{Ref: ref, Term: term, Entries: Messages(ref, 1, 2)}, nil)
	s.wantLog(ref, Messages(ref, 1, 2))
}

func (s *suite) fencing() {
	ref := NewRef("acme")
	old := s.create(ref)
	s.append(engine.Append{Ref: ref, Term: old, Entries: Messages(ref, 1, 1)}, nil)
	got := s.claim(engine.Claim{Ref: ref})
	s.wantErr(got.Err, nil)
	if got.Head.Term <= old {
		s.Fatalf("got term %d, want more than %d", got.Head.Term, old)
	}
	s.append(engine.Append{Ref: ref, Term: old, Entries: Messages(ref, 2, 1)}, engine.ErrFenced)
	s.append(engine.Append{Ref: ref, Term: got.Head.Term + 1, Entries: Messages(ref, 2, 1)}, engine.ErrFenced)
	s.append(engine.Append{Ref: ref, Term: got.Head.Term, Entries: Messages(ref, 2, 1)}, nil)
	s.wantLog(ref, Messages(ref, 1, 2))
}

// claimOrder: a claim between two appends of the old term divides them, whether
// or not anybody waited.
func (s *suite) claimOrder() {
	ref := NewRef("acme")
	old := s.create(ref)
	for round := range engine.Seq(20) {
		first := round + 1
		before := StartAppend(s.log, engine.Append{Ref: ref, Term: old, Entries: Messages(ref, first, 1)})
		claimed := make(chan Claimed, 1)
		s.log.Claim(engine.Claim{Ref: ref}, func(h engine.Head, tail []*engine.Entry, err error) { claimed <- Claimed{h, tail, err} })
		after := StartAppend(s.log, engine.Append{Ref: ref, Term: old, Entries: Messages(ref, first+1, 1)})
		s.wantErr(wait(s, "append before", before)[0], nil)
		got := wait(s, "claim", claimed)
		s.wantErr(got.Err, nil)
		if got.Head.Last != first {
			s.Fatalf("the claim saw last %d, want %d: what was queued before it", got.Head.Last, first)
		}
		s.wantErr(wait(s, "append after", after)[0], engine.ErrFenced)
		old = got.Head.Term
	}
	s.wantLog(ref, Messages(ref, 1, 20))
}

func (s *suite) release() {
	ref := NewRef("acme")
	term := s.create(ref)
	queued := StartAppend(s.log, engine.Append{Ref: ref, Term: term, Entries: Messages(ref, 1, 2)})
	s.log.Release(ref)
	s.log.Release(ref)
	late := StartAppend(s.log, engine.Append{Ref: ref, Term: term, Entries: Messages(ref, 3, 1)})
	s.wantErr(wait(s, "append", queued)[0], nil)
	s.wantErr(wait(s, "append", late)[0], engine.ErrFenced)
	s.append(engine.Append{Ref: ref, Term: term, Entries: Messages(ref, 3, 1)}, engine.ErrFenced)
	if !s.backend.ForgetsOnRelease {
		s.wantLog(ref, Messages(ref, 1, 2))
	}
}

func (s *suite) several() {
	a, b, c := NewRef("acme"), NewRef("acme"), NewRef("zeta")
	termA, termB, termC := s.create(a), s.create(b), s.create(c)
	errs := Append(s, s.log,
		engine.Append{Ref: a, Term: termA, Entries: Messages(a, 1, 2)},
		engine.Append{Ref: b, Term: termB, Entries: Messages(b, 7, 1)},
		engine.Append{Ref: a, Term: termA, Entries: Messages(a, 3, 1)},
		engine.Append{Ref: c, Term: termC, Entries: Messages(c, 1, 1)})
	if len(errs) != 4 {
		s.Fatalf("got %d errors, want one per append: 4", len(errs))
	}
	for i, want := range []error{nil, engine.ErrFenced, nil, nil} {
		s.wantErr(errs[i], want)
	}
	s.wantLog(a, Messages(a, 1, 3))
	s.wantLog(b, nil)
	s.wantLog(c, Messages(c, 1, 1))
}

func (s *suite) readBounds() {
	ref := NewRef("acme")
	s.append(engine.Append{Ref: ref, Term: s.create(ref), Entries: Messages(ref, 1, 10)}, nil)
	for _, c := range []struct {
		after engine.Seq
		limit int
		first engine.Seq
		count int
	}{{0, 100, 1, 10}, {0, 3, 1, 3}, {4, 3, 5, 3}, {8, 100, 9, 2}, {10, 5, 0, 0}, {99, 5, 0, 0}, {0, 0, 0, 0}} {
		got, err := ReadFrom(s, s.log, ref, c.after, c.limit)
		s.wantErr(err, nil)
		s.wantEntries(got, Messages(ref, c.first, c.count))
	}
}

func (s *suite) tail() {
	ref := NewRef("acme")
	s.append(engine.Append{Ref: ref, Term: s.create(ref), Entries: Messages(ref, 1, 10)}, nil)
	for _, c := range []struct {
		tail  int
		first engine.Seq
		count int
	}{{0, 0, 0}, {1, 10, 1}, {4, 7, 4}, {10, 1, 10}, {50, 1, 10}} {
		got := s.claim(engine.Claim{Ref: ref, Tail: c.tail})
		s.wantErr(got.Err, nil)
		s.wantEntries(got.Tail, Messages(ref, c.first, c.count))
	}
}

func (s *suite) results() {
	ref := NewRef("acme")
	entries := Messages(ref, 1, 4)
	entries[1].ClientID, entries[3].ClientID = "one", "two"
	entries[3].Author = engine.Author{Kind: engine.AuthorOperator, Operator: "olga"}
	s.append(engine.Append{Ref: ref, Term: s.create(ref), Entries: entries}, nil)
	got := s.claim(engine.Claim{Ref: ref})
	s.wantErr(got.Err, nil)
	var results []engine.Result
	for _, e := range entries {
		if result, ok := engine.ResultOf(e); ok {
			results = append(results, result)
		}
	}
	if len(got.Head.Results) != len(results) || len(results) < 2 {
		s.Fatalf("got %d results, want %d", len(got.Head.Results), len(results))
	}
	for i, want := range results {
		if got.Head.Results[i] != want {
			s.Errorf("result %d: got %+v, want %+v", i, got.Head.Results[i], want)
		}
	}
}

// form is what a visitor said before the chat: a claim yields it whole, and nothing of
// one that was removed.
func (s *suite) form() {
	ref := NewRef("acme")
	entries := Messages(ref, 1, 4)
	filled := &engine.Form{Subject: engine.BodyOf("an order")}
	entries[1].Kind, entries[1].Format, entries[1].Body = engine.KindFormFilled, engine.FormatForm, filled.Encode()
	term := s.create(ref)
	s.append(engine.Append{Ref: ref, Term: term, Entries: entries}, nil)
	got := s.claim(engine.Claim{Ref: ref, Tail: 1})
	s.wantErr(got.Err, nil)
	if e := got.Head.Form; e == nil || e.Seq != 2 || e.Body.Digest() != filled.Encode().Digest() {
		s.Fatalf("got %v", e)
	}
	removal := Messages(ref, 5, 1)
	removal[0].Kind, removal[0].Target, removal[0].Body = engine.KindMessageRedacted, 2, engine.Body{}
	s.append(engine.Append{Ref: ref, Term: got.Head.Term, Entries: removal, Redact: []engine.Seq{2}}, nil)
	if got = s.claim(engine.Claim{Ref: ref, Tail: 1}); got.Err != nil || got.Head.Form != nil {
		s.Fatalf("removed: got %v, %v", got.Head.Form, got.Err)
	}
	if all, err := ReadFrom(s.T, s.log, ref, 1, 1); err != nil || len(all) != 1 || all[0].Body.Len() != 0 {
		s.Fatalf("removed: the log holds %v, %v", all, err)
	}
}

// A Row with all its fields.
func fullRow(ref engine.SessionRef, visitor engine.VisitorID) *engine.Row {
	return &engine.Row{
		Ref: ref, Visitor: visitor, State: engine.StateOffered, Epoch: 3, Department: "sales",
		Started: testTime, FirstQueued: testTime.Add(time.Second), Priority: -2, Boost: 7 * time.Second, Weight: 1000,
		Owner: "olga", PrevAll: 1, ReadVisitor: 2, ReadOperator: 3,
		Offers:   []engine.LiveOffer{{Operator: "otto", Offer: engine.Offer{Session: ref.Session, ID: 2, Epoch: 3, Department: "sales", Deadline: testTime.Add(time.Minute), Waiting: testTime}}},
		Service:  engine.Service{Queued: testTime, Step: 2, Needs: []engine.Need{{Skill: "lang:fr", Level: 3}}, Preferred: "olga", TurnSince: testTime, Tags: []string{"vip"}},
		Declines: []engine.Decline{{Operator: "oleg", Until: testTime.Add(time.Hour)}, {Operator: "otis"}},
		Turn:     engine.TurnVisitor, CloseBy: testTime.Add(2 * time.Hour), LastActivity: testTime.Truncate(time.Minute),
	}
}

func (s *suite) row() {
	ref, visitor := NewRef("acme"), NewVisitor()
	term := Create(s, s.log, ref, visitor)
	s.append(engine.Append{Ref: ref, Term: term, Entries: Messages(ref, 1, 1), Row: fullRow(ref, visitor)}, nil)
	s.wantRow(ref, fullRow(ref, visitor))
	changed := fullRow(ref, visitor)
	changed.Priority, changed.Declines = 5, nil
	next := s.claim(engine.Claim{Ref: ref}).Head.Term
	s.append(engine.Append{Ref: ref, Term: next, Entries: Messages(ref, 2, 1), Row: changed}, nil)
	next = s.wantRow(ref, changed)
	s.append(engine.Append{Ref: ref, Term: next, Entries: Messages(ref, 3, 1)}, nil)
	s.wantRow(ref, changed)
}

func (s *suite) wantRow(ref engine.SessionRef, want *engine.Row) engine.Term {
	s.Helper()
	got := s.claim(engine.Claim{Ref: ref})
	s.wantErr(got.Err, nil)
	if got.Head.Row == nil {
		s.Fatal("got no row")
	}
	if err := SameRow(got.Head.Row, want); err != nil {
		s.Fatal(err)
	}
	return got.Head.Term
}

func (s *suite) closing() {
	ref, visitor := NewRef("acme"), NewVisitor()
	term := Create(s, s.log, ref, visitor)
	s.append(engine.Append{Ref: ref, Term: term, Entries: Messages(ref, 1, 2), Row: fullRow(ref, visitor)}, nil)
	activity := testTime.Truncate(time.Minute)
	s.append(engine.Append{Ref: ref, Term: term, Entries: Messages(ref, 3, 1), Close: true, Activity: activity}, nil)
	for range 2 {
		got := s.claim(engine.Claim{Ref: ref, Tail: 1})
		s.wantErr(got.Err, nil)
		head := got.Head
		if !head.Closed || head.Row != nil || head.Last != 3 || head.Visitor != visitor || !head.Activity.Equal(activity) {
			s.Fatalf("head of a closed session: got %+v, want closed, no row, last 3, activity %v", head, activity)
		}
		s.wantEntries(got.Tail, Messages(ref, 3, 1))
		if s.backend.ForgetsOnRelease {
			break
		}
		s.log.Release(ref)
	}
	s.wantLog(ref, Messages(ref, 1, 3))
}

// redaction: the message and its edits lose their text, whatever else is under
// way; the rest of the log stays as it was.
func (s *suite) redaction() {
	ref := NewRef("acme")
	term := s.create(ref)
	want := Messages(ref, 1, 6)
	edit := Message(ref, 7, "the edited text")
	edit.Kind, edit.Target = engine.KindMessageEdited, 3
	want = append(want, edit, Message(ref, 8, "in flight before"), Message(ref, 9, ""), Message(ref, 10, "in flight after"))
	want[8].Kind, want[8].Target = engine.KindMessageRedacted, 3
	s.append(engine.Append{Ref: ref, Term: term, Entries: want[:7]}, nil)
	pending := []<-chan []error{
		StartAppend(s.log, engine.Append{Ref: ref, Term: term, Entries: want[7:8]}),
		StartAppend(s.log, engine.Append{Ref: ref, Term: term, Entries: want[8:9], Redact: []engine.Seq{3}}),
		StartAppend(s.log, engine.Append{Ref: ref, Term: term, Entries: want[9:10]}),
	}
	for _, answer := range pending {
		s.wantErr(wait(s, "append", answer)[0], nil)
	}
	for _, gone := range []*engine.Entry{want[2], want[6]} {
		gone.Body, gone.Format = engine.Body{}, engine.FormatRedacted
	}
	s.wantLog(ref, want)
	got := s.claim(engine.Claim{Ref: ref, Tail: 100})
	s.wantErr(got.Err, nil)
	s.wantEntries(got.Tail, want)
}

// redactionAtOnce: a message, its edit and its redaction in one append, beside
// messages that stay; then all others but one, one after another.
func (s *suite) redactionAtOnce() {
	ref := NewRef("acme")
	term := s.create(ref)
	want := Messages(ref, 1, 5)
	want[2].Kind, want[2].Target = engine.KindMessageEdited, 2
	want[3] = Message(ref, 4, "")
	want[3].Kind, want[3].Target = engine.KindMessageRedacted, 2
	want[1].ClientID = "taken-back"
	s.append(engine.Append{Ref: ref, Term: term, Entries: want, Redact: []engine.Seq{2}}, nil)
	forget := func(entries ...*engine.Entry) {
		for _, e := range entries {
			e.Body, e.Format = engine.Body{}, engine.FormatRedacted
		}
		s.wantLog(ref, want)
	}
	forget(want[1], want[2])
	for _, target := range []engine.Seq{5, 4, 99} { // the last two are no messages
		next := Message(ref, engine.Seq(len(want)+1), "")
		next.Kind, next.Target = engine.KindMessageRedacted, target
		s.append(engine.Append{Ref: ref, Term: term, Entries: []*engine.Entry{next}, Redact: []engine.Seq{target}}, nil)
		want = append(want, next)
		if target == 5 {
			forget(want[4])
		}
	}
	s.wantLog(ref, want)
	s.append(engine.Append{Ref: ref, Term: term - 1, Entries: Messages(ref, 9, 1), Redact: []engine.Seq{1}}, engine.ErrFenced)
	s.wantLog(ref, want)
	got := s.claim(engine.Claim{Ref: ref})
	s.wantErr(got.Err, nil)
	for _, r := range got.Head.Results {
		if gone := r.Seq == 2 || r.Seq == 3 || r.Seq == 5; gone != (r.Format == engine.FormatRedacted) || gone && r.Digest != (engine.Body{}).Digest() {
			s.Errorf("result of entry %d: format %v, digest %d", r.Seq, r.Format, r.Digest)
		}
	}
}

func (s *suite) reclaim() {
	ref, visitor := NewRef("acme"), NewVisitor()
	term := Create(s, s.log, ref, visitor)
	for round := range engine.Seq(5) {
		s.append(engine.Append{Ref: ref, Term: term, Entries: Messages(ref, 2*round+1, 2), Row: fullRow(ref, visitor)}, nil)
		s.log.Release(ref)
		got := s.claim(engine.Claim{Ref: ref, Tail: 1})
		s.wantErr(got.Err, nil)
		if got.Head.Term <= term || got.Head.Last != 2*round+2 || got.Head.Visitor != visitor || got.Head.Row == nil {
			s.Fatalf("claimed again: got %+v, want last %d and a term above %d", got.Head, 2*round+2, term)
		}
		s.append(engine.Append{Ref: ref, Term: term, Entries: Messages(ref, 2*round+3, 1)}, engine.ErrFenced)
		term = got.Head.Term
	}
	s.wantLog(ref, Messages(ref, 1, 10))
}

func (s *suite) tenants() {
	a := NewRef("acme")
	b := engine.SessionRef{Tenant: "zeta", Session: a.Session}
	s.append(engine.Append{Ref: a, Term: s.create(a), Entries: Messages(a, 1, 2)}, nil)
	s.wantErr(s.claim(engine.Claim{Ref: b}).Err, engine.ErrUnknown)
	_, err := ReadFrom(s, s.log, b, 0, 10)
	s.wantErr(err, engine.ErrUnknown)
	s.append(engine.Append{Ref: b, Term: s.create(b), Entries: Messages(b, 1, 1)}, nil)
	s.wantLog(a, Messages(a, 1, 2))
	s.wantLog(b, Messages(b, 1, 1))
}

// concurrent: many sessions, each with entries under way, claimed in the midst.
func (s *suite) concurrent() {
	const sessions, appends = 16, 30
	var all sync.WaitGroup
	for range sessions {
		all.Go(func() {
			ref := NewRef("acme")
			term := Create(s, s.log, ref, NewVisitor())
			var pending []<-chan []error
			for i := range engine.Seq(appends) {
				pending = append(pending, StartAppend(s.log, engine.Append{Ref: ref, Term: term, Entries: Messages(ref, i+1, 1)}))
				if _, err := ReadFrom(s, s.log, ref, 0, appends); err != nil && !errors.Is(err, engine.ErrUnknown) {
					s.Errorf("read: %v", err)
				}
			}
			for _, answer := range pending {
				if err := wait(s, "append", answer)[0]; err != nil {
					s.Errorf("append: %v", err)
				}
			}
			if got, err := ReadFrom(s, s.log, ref, 0, appends+1); err != nil || len(got) != appends {
				s.Errorf("got %d entries and error %v, want %d", len(got), err, appends)
			}
		})
	}
	all.Wait()
}

func (s *suite) reopen() {
	open, closed, visitor := NewRef("acme"), NewRef("acme"), NewVisitor()
	term := Create(s, s.log, open, visitor)
	s.append(engine.Append{Ref: open, Term: term, Entries: Messages(open, 1, 5), Row: fullRow(open, visitor)}, nil)
	activity := testTime.Truncate(time.Minute)
	s.append(engine.Append{Ref: closed, Term: Create(s, s.log, closed, visitor), Entries: Messages(closed, 1, 3), Close: true, Activity: activity}, nil)
	s.log = s.backend.Reopen(s, s.log)
	s.wantLog(open, Messages(open, 1, 5))
	s.wantLog(closed, Messages(closed, 1, 3))
	term = s.wantRow(open, fullRow(open, visitor))
	s.append(engine.Append{Ref: open, Term: term, Entries: Messages(open, 6, 1)}, nil)
	got := s.claim(engine.Claim{Ref: closed})
	s.wantErr(got.Err, nil)
	if !got.Head.Closed || !got.Head.Activity.Equal(activity) || got.Head.Visitor != visitor {
		s.Fatalf("head of a closed session after reopening: got %+v", got.Head)
	}
}
