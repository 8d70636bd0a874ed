package persistence

import (
	"strings"
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/storetest"
)

// GDPR Art. 16: what a visitor was called before it was put right cannot be read
// from a copy of the records from before, with the root key and all keys that are
// left. The control reads it with the keyring from before.
func TestRectifiedIdentityIsInNoCopy(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir, Options{})
	const wrong = "canary-7f3a-wrong-name"
	ref := storetest.NewRef("acme")
	term := storetest.Create(t, s, ref, storetest.NewVisitor())
	said := func(seq, before engine.Seq, value string) *engine.Entry {
		e := storetest.Message(ref, seq, `{"set":[{"name":"name","value":"`+value+`"}]}`)
		e.Kind, e.Format, e.Target, e.Visibility = engine.KindAttrsSet, engine.FormatFacts, before, engine.VisibleToOperators
		return e
	}
	entries := []*engine.Entry{storetest.Message(ref, 1, "hello"), said(2, 0, wrong), storetest.Message(ref, 3, "bye")}
	storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: entries})
	slot := slotOf(t, s, ref)
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	before := copyOf(t, dir, dir)
	wrapped := wrappedIn(t, before, slot)

	right := engine.Append{Ref: ref, Term: term, Entries: []*engine.Entry{said(4, 2, "right")}, Redact: []engine.Seq{2}}
	if err := storetest.Append(t, s, right)[0]; err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(readFiles(t, dir)), string(wrapped)) {
		t.Error("the old key, wrapped, is still in the folder")
	}
	left := keysOf(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if text := textOf(t, before, ref); !strings.Contains(text, wrong) {
		t.Fatalf("control: the copy with its own keyring does not show the value: %d bytes", len(text))
	}
	if text := textOf(t, copyOf(t, before, dir), ref); text != "" {
		t.Errorf("the old records with the new keyring: got %d bytes", len(text))
	}
	if text := textOf(t, dir, ref); strings.Contains(text, wrong) || !strings.Contains(text, "right") || !strings.Contains(text, "hello") {
		t.Errorf("after the rectification: got %d bytes, with the wrong value or without the right one", len(text))
	}
	tryEach(t, before, ref, entries, left)
}
