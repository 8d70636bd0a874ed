package persistence

import (
	"maps"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/storetest"
)

var startTag = engine.Tag{1, 2, 3}

// startOne begins a session under a tag, at a time.
func startOne(t testing.TB, s *Store, ref engine.SessionRef, visitor engine.VisitorID, at time.Time) engine.Term {
	t.Helper()
	term := storetest.Create(t, s, ref, visitor)
	e := storetest.Message(ref, 1, "hello")
	e.At, e.ClientID = at, "k"
	row := &engine.Row{Ref: ref, Visitor: visitor, State: engine.StateQueued}
	a := engine.Append{Ref: ref, Term: term, Entries: []*engine.Entry{e}, Row: row, Starts: []engine.Start{{ClientID: "k", Tag: startTag}}}
	if err := storetest.Append(t, s, a)[0]; err != nil {
		t.Fatal(err)
	}
	return term
}

func recalled(t testing.TB, s *Store, visitor engine.VisitorID) map[engine.Tag]engine.SessionID {
	t.Helper()
	found, err := s.recall("acme", visitor)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A start's key is durable with its entries, in the same batch: a crash finds both
// or neither.
func TestStartIsAsDurableAsItsEntries(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := openTest(t, testDir, Options{FS: fs})
	ref, visitor := storetest.NewRef("acme"), storetest.NewVisitor()
	startOne(t, s, ref, visitor, time.Now())
	s = openTest(t, testDir, Options{FS: fs.CrashClone(vfs.CrashCloneCfg{})})
	if got, want := recalled(t, s, visitor), map[engine.Tag]engine.SessionID{startTag: ref.Session}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A key stays for a day after its session was last seen open, and goes in the
// hours after.
func TestForgetKeys(t *testing.T) {
	s := openTest(t, testDir, Options{FS: vfs.NewMem()})
	ref, visitor := storetest.NewRef("acme"), storetest.NewVisitor()
	begun := time.Date(2026, 3, 4, 5, 59, 59, 0, time.UTC)
	term := startOne(t, s, ref, visitor, begun)
	sweep := func(now time.Time) bool {
		t.Helper()
		if err := s.forgetKeys(hourOf(now)); err != nil {
			t.Fatal(err)
		}
		if err := storetest.Append(t, s)[0:]; len(err) > 0 { // what was submitted is applied
			t.Fatal(err)
		}
		return len(recalled(t, s, visitor)) == 1
	}
	ended := begun.Add(100 * time.Hour)
	for now := begun; !now.After(ended); now = now.Add(time.Hour) {
		if !sweep(now) {
			t.Fatalf("gone at %v while its session is open", now)
		}
	}
	if err := storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 2, 1), Close: true})[0]; err != nil {
		t.Fatal(err)
	}
	ended = ended.Add(time.Hour) // the session ended just before the next look
	for now := ended; now.Before(ended.Add(24 * time.Hour)); now = now.Add(10 * time.Minute) {
		if !sweep(now) {
			t.Fatalf("gone %v after its session's end", now.Sub(ended))
		}
	}
	if sweep(ended.Add(26 * time.Hour)) {
		t.Error("still there 26 h after its session's end")
	}
}

// A row that was written anew since it was looked at stays.
func TestForgetKeysSparesWhatChanged(t *testing.T) {
	s := openTest(t, testDir, Options{FS: vfs.NewMem()})
	ref, visitor := storetest.NewRef("acme"), storetest.NewVisitor()
	startOne(t, s, ref, visitor, time.Now())
	key := idemKey(nil, s.tenant("acme").number, visitor, startTag)
	o := &forgetOp{}
	o.add(key, appendIdem(nil, ref.Session, 1), idemGoes, 100)
	s.submit(o)
	storetest.Append(t, s)
	if len(recalled(t, s, visitor)) != 1 {
		t.Error("a row that had changed was removed")
	}
}
