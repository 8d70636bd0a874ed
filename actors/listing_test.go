package actors

import (
	"testing"

	"github.com/parleyhq/parley/engine"
)

// memoryOf is a Memory with so many sessions, each of another visitor's, and how to
// make one more.
func memoryOf(n int) (*Memory, func(engine.VisitorID) engine.SessionRef) {
	m, made := NewMemory(), 0
	begin := func(v engine.VisitorID) engine.SessionRef {
		made++
		ref := engine.SessionRef{Tenant: "demo", Session: engine.SessionID(numbered(made))}
		m.Claim(engine.Claim{Ref: ref, Create: &engine.Create{Visitor: v}}, func(engine.Head, []*engine.Entry, error) {})
		entry := &engine.Entry{Session: ref.Session, Seq: 1, Kind: engine.KindSessionStarted}
		row := &engine.Row{Ref: ref, Visitor: v, State: engine.StateQueued}
		m.Append([]engine.Append{{Ref: ref, Term: 1, Entries: []*engine.Entry{entry}, Row: row}}, func([]error) {})
		return ref
	}
	for i := range n {
		begin(engine.VisitorID(numbered(1_000_000 + i)))
	}
	return m, begin
}

func numbered(n int) (id engine.ID) {
	id[0], id[12], id[13], id[14], id[15] = 1, byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	return id
}

func pageOf(m *Memory, q engine.SessionQuery) engine.SessionPage {
	got := make(chan engine.SessionPage, 1)
	m.Sessions("demo", q, func(page engine.SessionPage, _ error) { got <- page })
	return <-got
}

// A visitor's sessions are filed under it as long as anything but their keys is left,
// and under nobody else.
func TestMemoryFilesSessionsUnderTheirVisitor(t *testing.T) {
	m, begin := memoryOf(3)
	ada, bob := engine.VisitorID(numbered(1)), engine.VisitorID(numbered(2))
	ref := begin(ada)
	expect := func(what string, of engine.VisitorID, want int) {
		t.Helper()
		counted := make(chan int, 1)
		m.CountSessions("demo", of, func(n int, _ engine.SessionID, _ error) { counted <- n })
		if listed := len(pageOf(m, engine.SessionQuery{Visitor: of, Limit: 10}).Sessions); listed != want || <-counted != want {
			t.Errorf("%s: %d listed, want %d, or counted otherwise", what, listed, want)
		}
	}
	expect("begun", ada, 1)
	second := &engine.Entry{Session: ref.Session, Seq: 2, Kind: engine.KindIdentityUpgraded}
	m.Append([]engine.Append{{Ref: ref, Term: 1, Entries: []*engine.Entry{second}, Row: &engine.Row{Ref: ref, Visitor: bob, State: engine.StateQueued}, Visitor: bob}}, func([]error) {})
	expect("of before", ada, 0)
	expect("who it is now", bob, 1)
	last := &engine.Entry{Session: ref.Session, Seq: 3, Kind: engine.KindSessionClosed}
	m.Append([]engine.Append{{Ref: ref, Term: 1, Entries: []*engine.Entry{last}, Close: true}}, func([]error) {})
	expect("closed", bob, 1)
	m.Release(ref)
	expect("released", bob, 0)
	if len(m.owned) != 3 {
		t.Errorf("%d visitors are still filed, want 3", len(m.owned))
	}
}

// Pages of many sessions hold each once, newest first.
func TestMemoryPages(t *testing.T) {
	const sessions = 1000
	m, _ := memoryOf(sessions)
	seen, before := 0, engine.SessionID{}
	for {
		page := pageOf(m, engine.SessionQuery{Limit: 7, Before: before})
		for _, s := range page.Sessions {
			if want := engine.SessionID(numbered(sessions - seen)); s.Session != want {
				t.Fatalf("after %d: got %s, want %s", seen, s.Session, want)
			}
			seen++
		}
		if before = page.Next; before.IsZero() {
			break
		}
	}
	if seen != sessions {
		t.Errorf("%d sessions on all pages, want %d", seen, sessions)
	}
}

func BenchmarkMemorySessionsOfOne(b *testing.B) {
	m, begin := memoryOf(100_000)
	ada := engine.VisitorID(numbered(1))
	begin(ada)
	for b.Loop() {
		pageOf(m, engine.SessionQuery{Visitor: ada, Limit: 100})
	}
}

func BenchmarkMemorySessionsOfAll(b *testing.B) {
	m, _ := memoryOf(100_000)
	for b.Loop() {
		pageOf(m, engine.SessionQuery{Limit: 100})
	}
}
