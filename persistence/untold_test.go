package persistence

import (
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/storetest"
)

// TestUntold: the mark comes with the entries, survives a close, and goes when all was
// taken, and only then.
func TestUntold(t *testing.T) {
	fs := vfs.NewMem()
	s := openTest(t, testDir, Options{FS: fs})
	add := func(ref engine.SessionRef, term engine.Term, seq engine.Seq, tell bool) {
		t.Helper()
		e := &engine.Entry{Session: ref.Session, Seq: seq, Kind: engine.KindMessageNew, Body: engine.BodyOf("x")}
		if errs := storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: []*engine.Entry{e}, Tell: tell}); errs[0] != nil {
			t.Fatal(errs[0])
		}
	}
	told := func(ref engine.SessionRef, through engine.Seq) {
		t.Helper()
		answer := make(chan error, 1)
		s.Told(ref, through, func(err error) { answer <- err })
		if err := <-answer; err != nil {
			t.Fatal(err)
		}
	}
	check := func(what string, want ...engine.SessionID) {
		t.Helper()
		var got []engine.SessionID
		if err := s.Untold("acme", func(id engine.SessionID) bool { got = append(got, id); return true }); err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(want, func(a, b engine.SessionID) int { return slices.Compare(a[:], b[:]) })
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	a, b, quiet := storetest.NewRef("acme"), storetest.NewRef("acme"), storetest.NewRef("acme")
	terms := map[engine.SessionRef]engine.Term{}
	claim := func(ref engine.SessionRef) {
		t.Helper()
		got := storetest.Claim(t, s, engine.Claim{Ref: ref, Create: &engine.Create{Visitor: storetest.NewVisitor()}})
		if got.Err != nil {
			t.Fatal(got.Err)
		}
		terms[ref] = got.Head.Term
	}
	for _, ref := range []engine.SessionRef{a, b, quiet} {
		claim(ref)
		add(ref, terms[ref], 1, ref != quiet)
	}
	check("after the first entries", a.Session, b.Session)
	told(a, 1)
	check("a was taken", b.Session)
	add(a, terms[a], 2, true)
	check("a went on", a.Session, b.Session)
	add(a, terms[a], 3, true)
	told(a, 2)
	check("a was taken too late", a.Session, b.Session)
	s.Release(b)
	told(b, 1)
	check("b was taken at rest", a.Session)
	claim(b)
	add(b, terms[b], 2, true)
	check("b went on", a.Session, b.Session)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, testDir, Options{FS: fs})
	check("after a restart", a.Session, b.Session)
	told(a, 3)
	told(b, 1) // the log has gone on
	check("at rest", b.Session)
}
