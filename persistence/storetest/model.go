package storetest

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/parleyhq/parley/engine"
)

// modelSession is what a session's log must be.
type modelSession struct {
	ref     engine.SessionRef
	visitor engine.VisitorID
	exists  bool
	claimed bool
	closed  bool
	term    engine.Term
	stale   engine.Term
	entries []*engine.Entry
}

// model is a store as it must behave, beside the one under test. The machine
// calls both in the same order and waits for each answer.
type model struct {
	t        testing.TB
	backend  Backend
	log      engine.Log
	sessions []*modelSession
	made     int
}

// testModel runs random stories against the model.
func testModel(t *testing.T, b Backend) {
	log := b.New(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{t: t, backend: b, log: log}
		for _, tenant := range []engine.TenantID{"acme", "acme", "zeta"} {
			m.sessions = append(m.sessions, &modelSession{ref: NewRef(tenant), visitor: NewVisitor()})
		}
		m.sessions[1].visitor = m.sessions[0].visitor
		actions := map[string]func(*rapid.T){
			"claim": m.claim, "append": m.append, "stale append": m.staleAppend, "read": m.read, "": m.check,
		}
		if !b.ForgetsOnRelease {
			actions["release"] = m.release
		}
		rt.Repeat(actions)
		log = m.log
		for _, s := range m.sessions {
			log.Release(s.ref)
		}
	})
}

func (m *model) pick(rt *rapid.T) *modelSession {
	return m.sessions[rapid.IntRange(0, len(m.sessions)-1).Draw(rt, "session")]
}

func (m *model) claim(rt *rapid.T) {
	s := m.pick(rt)
	claim := engine.Claim{Ref: s.ref, Tail: rapid.IntRange(0, 4).Draw(rt, "tail")}
	if rapid.Bool().Draw(rt, "create") {
		claim.Create = &engine.Create{Visitor: s.visitor}
	}
	got := Claim(m.t, m.log, claim)
	if !s.exists && claim.Create == nil {
		if !errors.Is(got.Err, engine.ErrUnknown) {
			rt.Fatalf("claim of an unknown session: got %v, want %v", got.Err, engine.ErrUnknown)
		}
		return
	}
	if got.Err != nil {
		rt.Fatalf("claim: %v", got.Err)
	}
	if got.Head.Term <= s.term || got.Head.Last != engine.Seq(len(s.entries)) || got.Head.Closed != s.closed || got.Head.Visitor != s.visitor {
		rt.Fatalf("claim: got %+v, want last %d, closed %v, a term above %d", got.Head, len(s.entries), s.closed, s.term)
	}
	wantSame(rt, got.Tail, s.entries[max(0, len(s.entries)-claim.Tail):])
	s.exists, s.claimed, s.stale, s.term = true, true, s.term, got.Head.Term
}

func (m *model) append(rt *rapid.T) {
	s := m.pick(rt)
	first := engine.Seq(len(s.entries) + 1 + rapid.SampledFrom([]int{0, 0, 0, 1, -1}).Draw(rt, "off"))
	a := engine.Append{Ref: s.ref, Term: s.term, Close: rapid.IntRange(0, 9).Draw(rt, "close") == 0}
	for i := range rapid.IntRange(1, 3).Draw(rt, "count") {
		m.made++
		a.Entries = append(a.Entries, Message(s.ref, first+engine.Seq(i), fmt.Sprintf("text %d", m.made)))
	}
	err := Append(m.t, m.log, a)[0]
	if s.claimed && (!s.closed || a.Close) && first == engine.Seq(len(s.entries)+1) {
		if err != nil {
			rt.Fatalf("append: %v", err)
		}
		s.entries, s.closed = append(s.entries, a.Entries...), a.Close
		return
	}
	if !errors.Is(err, engine.ErrFenced) {
		rt.Fatalf("append out of turn: got %v, want %v", err, engine.ErrFenced)
	}
}

func (m *model) staleAppend(rt *rapid.T) {
	s := m.pick(rt)
	next := engine.Seq(len(s.entries) + 1)
	if err := Append(m.t, m.log, engine.Append{Ref: s.ref, Term: s.stale, Entries: Messages(s.ref, next, 1)})[0]; !errors.Is(err, engine.ErrFenced) {
		rt.Fatalf("append of an older term: got %v, want %v", err, engine.ErrFenced)
	}
}

func (m *model) release(rt *rapid.T) {
	s := m.pick(rt)
	m.log.Release(s.ref)
	s.claimed = false
}

func (m *model) read(rt *rapid.T) {
	s := m.pick(rt)
	after := rapid.IntRange(0, len(s.entries)+1).Draw(rt, "after")
	limit := rapid.IntRange(0, 5).Draw(rt, "limit")
	got, err := ReadFrom(m.t, m.log, s.ref, engine.Seq(after), limit)
	if !s.exists {
		if !errors.Is(err, engine.ErrUnknown) {
			rt.Fatalf("read of an unknown session: got %v, want %v", err, engine.ErrUnknown)
		}
		return
	}
	if err != nil {
		rt.Fatalf("read: %v", err)
	}
	rest := s.entries[min(after, len(s.entries)):]
	wantSame(rt, got, rest[:min(limit, len(rest))])
}

// check holds after every action: each log is the model's.
func (m *model) check(rt *rapid.T) {
	for _, s := range m.sessions {
		if s.exists {
			got, err := ReadFrom(m.t, m.log, s.ref, 0, len(s.entries)+1)
			if err != nil {
				rt.Fatalf("read: %v", err)
			}
			wantSame(rt, got, s.entries)
		}
	}
}

func wantSame(rt *rapid.T, got, want []*engine.Entry) {
	if len(got) != len(want) {
		rt.Fatalf("got %d entries, want %d", len(got), len(want))
	}
	for i := range got {
		if err := Same(got[i], want[i]); err != nil {
			rt.Fatal(err)
		}
	}
}
