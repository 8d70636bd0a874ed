package engine_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/engine"
)

// TestFrameIsEncodedOnce per visibility, and all readers share it.
func TestFrameIsEncodedOnce(t *testing.T) {
	e := &engine.Entry{Seq: 1, Body: engine.BodyOf("x")}
	calls := 0
	encode := func(_ *engine.Entry, v engine.Visibility) []byte { calls++; return []byte("frame for " + v.String()) }
	for range 3 {
		if got := string(e.Frame(engine.VisibleToAll, encode)); got != "frame for all" {
			t.Errorf("got %q", got)
		}
		if got := string(e.Frame(engine.VisibleToOperators, encode)); got != "frame for operators" {
			t.Errorf("got %q", got)
		}
	}
	if calls != 2 {
		t.Errorf("encoded %d times, want once per visibility", calls)
	}
	if first, again := e.Frame(engine.VisibleToAll, nil), e.Frame(engine.VisibleToAll, nil); &first[0] != &again[0] {
		t.Error("two readers got two frames")
	}
}

// TestFrameByMany: whoever encodes first, all get the same bytes.
func TestFrameByMany(t *testing.T) {
	e := &engine.Entry{Seq: 1}
	var readers sync.WaitGroup
	got := make([][]byte, 8)
	for i := range got {
		readers.Go(func() {
			got[i] = e.Frame(engine.VisibleToAll, func(*engine.Entry, engine.Visibility) []byte { return []byte("frame") })
		})
	}
	readers.Wait()
	for i := range got {
		if &got[i][0] != &got[0][0] {
			t.Fatalf("reader %d got bytes of its own", i)
		}
	}
}

func TestEntryVisibility(t *testing.T) {
	e := &engine.Entry{Seq: 9, PrevAll: 5, Visibility: engine.VisibleToOperators}
	if e.IsVisible(engine.VisibleToAll) || !e.IsVisible(engine.VisibleToOperators) {
		t.Error("an operators' entry is visible to the visitor")
	}
	if e.Prev(engine.VisibleToAll) != 5 || e.Prev(engine.VisibleToOperators) != 8 {
		t.Errorf("prev: got %d and %d", e.Prev(engine.VisibleToAll), e.Prev(engine.VisibleToOperators))
	}
	if all := (&engine.Entry{}); !all.IsVisible(engine.VisibleToAll) || !all.IsVisible(engine.VisibleToOperators) {
		t.Error("an entry for all is not visible to all")
	}
	if got := e.String(); !strings.Contains(got, "#9 none body(0 bytes)") {
		t.Errorf("got %s", got)
	}
}

// TestNamesRoundTrip: what is printed on the wire is read back, and nothing else is.
func TestNamesRoundTrip(t *testing.T) {
	for k := engine.KindSessionStarted; k.IsValid(); k++ {
		if got, ok := engine.ParseKind(k.String()); !ok || got != k {
			t.Errorf("kind %s: got %v, %v", k, got, ok)
		}
	}
	for c := engine.CauseNone; c <= engine.CauseDepartmentClosed; c++ {
		if got, ok := engine.ParseCause(c.String()); !ok || got != c {
			t.Errorf("cause %s: got %v, %v", c, got, ok)
		}
	}
	for op := engine.OpStart; op <= engine.OpAway; op++ {
		if got, ok := engine.ParseOp(op.String()); !ok || got != op {
			t.Errorf("op %s: got %v, %v", op, got, ok)
		}
	}
	for i := engine.IntentAccepting; i <= engine.IntentSignedOut; i++ {
		if got, ok := engine.ParseIntent(i.String()); !ok || got != i {
			t.Errorf("intent %s: got %v, %v", i, got, ok)
		}
	}
	for _, text := range []string{"", "none", "kind(99)", "Message.new"} {
		if k, ok := engine.ParseKind(text); ok {
			t.Errorf("%q is read as kind %v", text, k)
		}
		if op, ok := engine.ParseOp(text); ok {
			t.Errorf("%q is read as op %v", text, op)
		}
		if i, ok := engine.ParseIntent(text); ok {
			t.Errorf("%q is read as intent %v", text, i)
		}
	}
	if _, ok := engine.ParseCause("none such"); ok {
		t.Error("an unknown cause is read")
	}
	if got := engine.Kind(99).String() + engine.Cause(99).String() + engine.State(99).String(); got != "kind(99)cause(99)state(99)" {
		t.Errorf("unknown numbers print as %s", got)
	}
	if engine.KindNone.IsValid() || engine.Kind(99).IsValid() {
		t.Error("unknown kinds are valid")
	}
}

func TestStateIsOpen(t *testing.T) {
	for s := engine.StateNone; s <= engine.StateClosed; s++ {
		if want := s != engine.StateNone && s != engine.StateClosed; s.IsOpen() != want {
			t.Errorf("%s: open %v", s, s.IsOpen())
		}
	}
}
