package persistence

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/seal"
	"github.com/parleyhq/parley/persistence/storetest"
)

// redactOne appends an entry that redacts another.
func redactOne(t testing.TB, s *Store, ref engine.SessionRef, term engine.Term, seq, target engine.Seq) {
	t.Helper()
	e := storetest.Message(ref, seq, "")
	e.Kind, e.Target = engine.KindMessageRedacted, target
	a := engine.Append{Ref: ref, Term: term, Entries: []*engine.Entry{e}, Redact: []engine.Seq{target}}
	if err := storetest.Append(t, s, a)[0]; err != nil {
		t.Fatalf("redact: %v", err)
	}
}

// GDPR Art. 17: whoever kept the old ciphertext has no key for it any more, and
// the log goes on under the new one, after a restart as well.
func TestRedactionChangesTheKey(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := openTest(t, testDir, Options{FS: fs})
	ref := storetest.NewRef("acme")
	term := storetest.Create(t, s, ref, storetest.NewVisitor())
	storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, 5)})
	key := keyOf(s, kindRecord, ref, 2)
	kept, _ := s.get(key)
	slot, old := slotOf(t, s, ref), s.session(ref).opened.Load()
	if _, err := old.open(&seal.Scratch{}, nil, key, kept); err != nil {
		t.Fatalf("control: the old ciphertext does not open with the old key: %v", err)
	}
	redactOne(t, s, ref, term, 6, 2)
	redactOne(t, s, ref, term, 7, 4)
	owner := old.tenant.sessionOwner(ref.Session, old.visitor, 1)
	if _, err := s.ring.Load(slot, owner, old.subject.key); !errors.Is(err, engine.ErrErased) {
		t.Errorf("the old key's slot: got %v, want %v", err, engine.ErrErased)
	}
	s = openTest(t, testDir, Options{FS: fs.CrashClone(vfs.CrashCloneCfg{})})
	got := storetest.Claim(t, s, engine.Claim{Ref: ref, Tail: 10})
	if got.Err != nil || got.Head.Last != 7 {
		t.Fatalf("after a restart: got last %d, error %v, want 7", got.Head.Last, got.Err)
	}
	for _, e := range got.Tail[:5] {
		if redacted := e.Seq == 2 || e.Seq == 4; redacted != (e.Body.Len() == 0) || redacted != (e.Format == engine.FormatRedacted) {
			t.Errorf("entry %d: got %v, format %v", e.Seq, e.Body, e.Format)
		}
	}
	now := s.session(ref).opened.Load()
	if _, err := now.open(&seal.Scratch{}, nil, key, kept); now.generation != 3 || !errors.Is(err, seal.ErrOpen) {
		t.Errorf("generation %d opens the old ciphertext: %v", now.generation, err)
	}
	storetest.Append(t, s, engine.Append{Ref: ref, Term: got.Head.Term, Entries: storetest.Messages(ref, 8, 1), Close: true})
	s.Release(ref)
	if got := storetest.Claim(t, s, engine.Claim{Ref: ref}); got.Err != nil || !got.Head.Closed || got.Head.Last != 8 {
		t.Errorf("closed after redactions: got %+v, error %v", got.Head, got.Err)
	}
}

// TestCrashDuringRedaction cuts the power before the old slot is zeroed: the start
// does it.
func TestCrashDuringRedaction(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := openTest(t, testDir, Options{FS: fs})
	ref := storetest.NewRef("acme")
	term := storetest.Create(t, s, ref, storetest.NewVisitor())
	storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, 3)})
	o := s.session(ref).opened.Load()
	set(t, s, deadKey(o.slot), nil) // as step 2 leaves it
	storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 4, 1)})
	s = openTest(t, testDir, Options{FS: fs.CrashClone(vfs.CrashCloneCfg{})})
	if _, err := s.ring.Load(o.slot, o.tenant.sessionOwner(ref.Session, o.visitor, 1), o.subject.key); !errors.Is(err, engine.ErrErased) {
		t.Errorf("the named slot: got %v, want %v", err, engine.ErrErased)
	}
	if left, err := s.get(deadKey(o.slot)); err != nil || left != nil {
		t.Errorf("the row that named it is left: %v", err)
	}
}

// TestRedactionAtEachCrash: an acknowledged redaction survives every crash, and
// one that was cut short leaves a log that can be read.
func TestRedactionAtEachCrash(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := openTest(t, testDir, Options{FS: fs})
	ref := storetest.NewRef("acme")
	term := storetest.Create(t, s, ref, storetest.NewVisitor())
	storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, 4)})
	for i := range engine.Seq(4) {
		redactOne(t, s, ref, term, 5+i, 1+i)
		clone := openTest(t, testDir, Options{FS: fs.CrashClone(vfs.CrashCloneCfg{})})
		entries, err := storetest.ReadFrom(t, clone, ref, 0, 10)
		if err != nil || len(entries) != int(5+i) {
			t.Fatalf("after redaction %d: got %d entries, error %v", i+1, len(entries), err)
		}
		for _, e := range entries[:4] {
			if (e.Seq <= 1+i) != (e.Body.Len() == 0) {
				t.Errorf("after redaction %d: entry %d has %v", i+1, e.Seq, e.Body)
			}
		}
	}
}
