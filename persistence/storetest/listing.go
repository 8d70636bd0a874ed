package storetest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Lister is a log that lists its sessions as package actors' Store does.
type Lister interface {
	Sessions(engine.TenantID, engine.SessionQuery, func(engine.SessionPage, error))
	CountSessions(engine.TenantID, engine.VisitorID, func(int, engine.SessionID, error))
}

// Page asks for one page and waits for it.
func Page(t testing.TB, l Lister, tenant engine.TenantID, q engine.SessionQuery) engine.SessionPage {
	t.Helper()
	type result struct {
		page engine.SessionPage
		err  error
	}
	answer := make(chan result, 1)
	l.Sessions(tenant, q, func(page engine.SessionPage, err error) { answer <- result{page, err} })
	got := wait(t, "sessions", answer)
	if got.err != nil {
		t.Fatalf("sessions: %v", got.err)
	}
	return got.page
}

// Pages asks for all pages, between is called between two.
func Pages(t testing.TB, l Lister, tenant engine.TenantID, q engine.SessionQuery, between func()) (all []engine.ListedSession) {
	t.Helper()
	for range 10_000 {
		page := Page(t, l, tenant, q)
		if len(page.Sessions) > q.Limit {
			t.Fatalf("a page of %d has %d", q.Limit, len(page.Sessions))
		}
		all = append(all, page.Sessions...)
		if page.Next.IsZero() {
			return all
		}
		q.Before = page.Next
		between()
	}
	t.Fatal("there is no last page")
	return nil
}

// RefAt makes up a session that began at a time.
func RefAt(tenant engine.TenantID, at time.Time) engine.SessionRef {
	ref := NewRef(tenant)
	for i, ms := 5, at.UnixMilli(); i >= 0; i, ms = i-1, ms>>8 {
		ref.Session[i] = byte(ms)
	}
	return ref
}

// Listed makes a session that is found as wanted: open, or closed.
func Listed(t testing.TB, log engine.Log, ref engine.SessionRef, want engine.ListedSession) {
	t.Helper()
	a := engine.Append{Ref: ref, Term: Create(t, log, ref, want.Visitor), Entries: Messages(ref, 1, 1)}
	if want.State == engine.StateClosed {
		a.Close, a.Filed = true, &want.Filed
	} else {
		a.Row = &engine.Row{
			Ref: ref, Visitor: want.Visitor, State: want.State, Department: want.Department, Owner: want.Owner, Priority: want.Priority,
			Service: engine.Service{Tags: want.Tags, Verified: want.Verified},
		}
	}
	if err := Append(t, log, a)[0]; err != nil {
		t.Fatalf("append: %v", err)
	}
}

// listing: every query finds what it asks for, newest first, in pages of any size,
// whatever begins meanwhile; and nothing of another tenant's.
func (s *suite) listing() {
	l, ok := s.log.(Lister)
	if !ok {
		s.Skip("it lists nothing")
	}
	at := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	visitors := []engine.VisitorID{NewVisitor(), NewVisitor(), NewVisitor()}
	pick := func(n int) int { return rand.IntN(n) }
	var want []engine.ListedSession
	add := func(i int, when time.Time) {
		ref := RefAt("acme", when)
		one := engine.ListedSession{
			Session: ref.Session, Visitor: visitors[pick(3)], Began: engine.ID(ref.Session).Time(), State: []engine.State{engine.StateClosed, engine.StateClosed, engine.StateQueued, engine.StateActive}[pick(4)],
			Filed: engine.Filed{
				Department: []engine.DepartmentID{"sales", "support", "back"}[pick(3)], Owner: []engine.OperatorID{"", "ada", "grace"}[pick(3)],
				Tags: [][]string{nil, {"vip"}, {"vip", "refund"}}[pick(3)], Verified: pick(2) == 0,
			},
		}
		if one.State == engine.StateClosed {
			one.Ended, one.Cause = when.Add(time.Hour), engine.CauseManual
		} else {
			one.Priority = i % 5
		}
		Listed(s, s.log, ref, one)
		want = append(want, one)
	}
	for i := range 60 {
		add(i, at.Add(time.Duration(pick(100))*time.Minute))
	}
	Listed(s, s.log, NewRef("zeta"), engine.ListedSession{Visitor: visitors[0], State: engine.StateQueued})
	s.create(NewRef("acme")) // claimed, and nothing was ever written
	late := 0
	for _, q := range []engine.SessionQuery{
		{},
		{Departments: []engine.DepartmentID{"sales"}},
		{Departments: []engine.DepartmentID{"sales", "back"}},
		{Departments: []engine.DepartmentID{}},
		{States: []engine.State{engine.StateClosed}},
		{States: []engine.State{engine.StateQueued, engine.StateActive}},
		{Operator: "ada"},
		{Tag: "refund"},
		{Visitor: visitors[1]},
		{Visitor: visitors[1], Tag: "vip", Operator: "grace"},
		{Visitor: engine.VisitorID{1}},
		{Only: want[7].Session},
		{Only: engine.SessionID{1}},
		{From: at.Add(30 * time.Minute)},
		{To: at.Add(30 * time.Minute)},
		{From: at.Add(20 * time.Minute), To: at.Add(40 * time.Minute)},
		{Visitor: visitors[2], From: at.Add(50 * time.Minute)},
	} {
		for _, q.Limit = range []int{1, 7, engine.MaxListed} {
			expect := wanted(want, q)
			got := Pages(s, l, "acme", q, func() { // it sorts before all: no page is to change
				if late++; late > 50 { // enough of them
					return
				}
				Listed(s, s.log, RefAt("acme", at.Add(time.Duration(late)*time.Hour*24)), engine.ListedSession{Visitor: visitors[1], State: engine.StateQueued})
			})
			s.sameListing(fmt.Sprintf("%+v", q), got, expect)
			want = s.all(l)
		}
	}
	for _, v := range visitors {
		mine := wanted(want, engine.SessionQuery{Visitor: v})
		answer := make(chan int, 1)
		var first engine.SessionID
		l.CountSessions("acme", v, func(n int, id engine.SessionID, _ error) { first = id; answer <- n })
		if got := wait(s, "count", answer); got != len(mine) || first != mine[len(mine)-1].Session {
			s.Errorf("count: got %d from %v, want %d from %v", got, first, len(mine), mine[len(mine)-1].Session)
		}
	}
}

func (s *suite) all(l Lister) []engine.ListedSession {
	return Pages(s, l, "acme", engine.SessionQuery{Limit: engine.MaxListed}, func() {})
}

func wanted(all []engine.ListedSession, q engine.SessionQuery) (want []engine.ListedSession) {
	for i := range all {
		if q.Wants(&all[i]) {
			want = append(want, all[i])
		}
	}
	slices.SortFunc(want, func(a, b engine.ListedSession) int { return bytes.Compare(b.Session[:], a.Session[:]) })
	return want
}

func (s *suite) sameListing(what string, got, want []engine.ListedSession) {
	s.Helper()
	if len(got) != len(want) {
		s.Fatalf("%s: got %d sessions, want %d", what, len(got), len(want))
	}
	for i := range got {
		if fmt.Sprintf("%+v", got[i]) != fmt.Sprintf("%+v", want[i]) {
			s.Fatalf("%s: session %d: got %+v, want %+v", what, i, got[i], want[i])
		}
	}
}
