package persistence

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/storetest"
)

// handOne appends the entry by which a session becomes another visitor's.
func handOne(t testing.TB, s *Store, ref engine.SessionRef, term engine.Term, seq engine.Seq, to engine.VisitorID) {
	t.Helper()
	if err := storetest.Append(t, s, handing(ref, term, seq, to))[0]; err != nil {
		t.Fatalf("hand over: %v", err)
	}
}

func handing(ref engine.SessionRef, term engine.Term, seq engine.Seq, to engine.VisitorID) engine.Append {
	e := storetest.Message(ref, seq, "")
	e.Kind, e.Visibility = engine.KindIdentityUpgraded, engine.VisibleToOperators
	row := &engine.Row{Ref: ref, Visitor: to, State: engine.StateActive, Epoch: 1}
	return engine.Append{Ref: ref, Term: term, Entries: []*engine.Entry{e}, Row: row, Visitor: to}
}

// After a session has changed hands, the new visitor's key is what it hangs on and
// the former's is not; the former's own sessions stay; nothing is sealed anew.
func TestHandOverChangesWhoseKeyItIs(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir, Options{})
	ref, earlier, from, to := storetest.NewRef("acme"), storetest.NewRef("acme"), storetest.NewVisitor(), storetest.NewVisitor()
	storetest.Append(t, s, engine.Append{Ref: earlier, Term: storetest.Create(t, s, earlier, from), Entries: storetest.Messages(earlier, 1, 2), Close: true})
	release(t, s, earlier)
	term := storetest.Create(t, s, ref, from)
	storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, 3)})
	place := keyOf(s, kindRecord, ref, 2)
	before, _ := s.get(place)
	slot, old := slotOf(t, s, ref), s.session(ref).opened.Load()
	wrapped := wrappedIn(t, dir, slot)
	handOne(t, s, ref, term, 4, to)

	if after, _ := s.get(place); !bytes.Equal(before, after) {
		t.Error("an entry was sealed anew")
	}
	if bytes.Contains(readFiles(t, dir), wrapped) {
		t.Error("the key, wrapped under the former visitor's, is still in the folder")
	}
	if _, err := s.ring.Parent(slot, old.tenant.sessionOwner(ref.Session, from, 1)); !errors.Is(err, engine.ErrErased) {
		t.Errorf("the former slot: got %v, want %v", err, engine.ErrErased)
	}
	number := old.tenant.number
	for name, c := range map[string]struct {
		key  []byte
		want []byte
	}{
		"open session of the former visitor": {scopedKey(nil, kindCurrent, number, from), nil},
		"open session of the new visitor":    {scopedKey(nil, kindCurrent, number, to), ref.Session[:]},
		"filed under the former visitor":     {ownedKey(nil, number, from, ref.Session), nil},
		"the row that named the former slot": {deadKey(slot), nil},
	} {
		if got, err := s.get(c.key); err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: got %x, error %v", name, got, err)
		}
	}
	rows, _ := rowsOf(t, s)
	filed := 0
	for _, row := range rows {
		if bytes.Equal(row, ownedKey(nil, number, to, ref.Session)) {
			filed++
		}
	}
	if filed != 1 {
		t.Errorf("filed under the new visitor: got %d rows, want 1", filed)
	}
	live, _ := s.ring.Slots()
	if keys := keysOf(t, s); live != len(keys) {
		t.Errorf("the keyring holds %d keys, the rows lead to %d", live, len(keys))
	}

	release(t, s, ref)
	erase(t, s, "acme", from) // GDPR Art. 17: of the anonymous visitor that it was
	if got := storetest.Claim(t, s, engine.Claim{Ref: ref, Tail: 9}); got.Err != nil || got.Head.Visitor != to || len(got.Tail) != 4 {
		t.Errorf("without the former visitor's key: got %+v, %d entries, %v", got.Head, len(got.Tail), got.Err)
	}
	if got := storetest.Claim(t, s, engine.Claim{Ref: earlier}); !errors.Is(got.Err, engine.ErrErased) {
		t.Errorf("the former visitor's own session: got %v, want %v", got.Err, engine.ErrErased)
	}
	release(t, s, ref)
	erase(t, s, "acme", to)
	if got := storetest.Claim(t, s, engine.Claim{Ref: ref}); !errors.Is(got.Err, engine.ErrErased) {
		t.Errorf("without the new visitor's key: got %v, want %v", got.Err, engine.ErrErased)
	}
}

// release waits until the session's keys have left memory.
func release(t *testing.T, s *Store, ref engine.SessionRef) {
	t.Helper()
	s.Release(ref)
	deadline := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for s.session(ref) != nil {
		if time.Now().After(deadline) {
			t.Fatal("the session stays in memory")
		}
		<-tick.C
	}
}

// erase destroys a visitor's key.
func erase(t *testing.T, s *Store, tenant engine.TenantID, visitor engine.VisitorID) {
	t.Helper()
	value, err := s.get(scopedKey(nil, kindSubject, s.tenant(tenant).number, visitor))
	if err != nil || value == nil {
		t.Fatalf("no row of the visitor: %v", err)
	}
	slot, _, err := splitClear("subject row", value)
	if err == nil {
		err = s.ring.Erase(slot)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestHandOverAtEachCrash cuts the power before every write and sync of a
// hand-over, with all and with nothing of what was not synced: the session is
// whole and one visitor's, with as many live slots as there are keys, and the new
// visitor's once that was acknowledged.
func TestHandOverAtEachCrash(t *testing.T) {
	var mu sync.Mutex
	var clones []*vfs.MemFS
	armed := false
	memory := vfs.NewCrashableMem()
	fs := errorfs.Wrap(memory, errorfs.InjectorFunc(func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpFileWrite, errorfs.OpFileWriteAt, errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
		default:
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		if armed {
			clones = append(clones, memory.CrashClone(vfs.CrashCloneCfg{}), memory.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 2))}))
		}
		return nil
	}))
	s := openTest(t, testDir, Options{FS: fs})
	ref, from, to := storetest.NewRef("acme"), storetest.NewVisitor(), storetest.NewVisitor()
	term := storetest.Create(t, s, ref, from)
	storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, 3), Row: &engine.Row{Ref: ref, Visitor: from}})
	mu.Lock()
	armed = true
	mu.Unlock()
	handOne(t, s, ref, term, 4, to)
	mu.Lock()
	armed = false
	cuts := append(clones, memory.CrashClone(vfs.CrashCloneCfg{}))
	mu.Unlock()
	owners := map[engine.VisitorID]int{}
	for i, clone := range cuts {
		s := openTest(t, testDir, Options{FS: clone})
		got := storetest.Claim(t, s, engine.Claim{Ref: ref, Tail: 9})
		want := engine.Seq(3)
		if got.Head.Visitor == to {
			want = 4
		}
		if got.Err != nil || got.Head.Last != want || got.Head.Row == nil || got.Head.Row.Visitor != got.Head.Visitor {
			t.Fatalf("cut %d of %d: got %+v, error %v", i, len(cuts), got.Head, got.Err)
		}
		other := map[engine.VisitorID]engine.VisitorID{from: to, to: from}[got.Head.Visitor]
		if session, err := s.OpenSession("acme", got.Head.Visitor); err != nil || session != ref.Session {
			t.Errorf("cut %d: the visitor's open session: got %v, %v", i, session, err)
		}
		if session, err := s.OpenSession("acme", other); err != nil || session != (engine.SessionID{}) {
			t.Errorf("cut %d: the other visitor's open session: got %v, %v", i, session, err)
		}
		if live, _ := s.ring.Slots(); live != len(keysOf(t, s)) {
			t.Errorf("cut %d: %d live slots, %d keys that rows lead to", i, live, len(keysOf(t, s)))
		}
		owners[got.Head.Visitor]++
		if i == len(cuts)-1 && got.Head.Visitor != to {
			t.Error("the acknowledged hand-over was lost")
		}
		if err := s.Close(); err != nil {
			t.Errorf("cut %d: close: %v", i, err)
		}
	}
	if len(cuts) < 7 || owners[from] == 0 || owners[to] < 2 {
		t.Errorf("%d cuts found %d and %d times: the test cuts nothing in two", len(cuts), owners[from], owners[to])
	}
	t.Logf("%d cuts: %d with the former visitor, %d with the new one", len(cuts), owners[from], owners[to])
}

// What would need two slots of one key is refused and changes nothing.
func TestHandOverWithRedactionIsRefused(t *testing.T) {
	s := openTest(t, testDir, Options{FS: vfs.NewMem()})
	ref, from := storetest.NewRef("acme"), storetest.NewVisitor()
	term := storetest.Create(t, s, ref, from)
	storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, 3)})
	both := handing(ref, term, 4, storetest.NewVisitor())
	both.Redact = []engine.Seq{1}
	if err := storetest.Append(t, s, both)[0]; !errors.Is(err, engine.ErrFenced) {
		t.Errorf("got %v, want %v", err, engine.ErrFenced)
	}
	if got := storetest.Claim(t, s, engine.Claim{Ref: ref, Tail: 9}); got.Err != nil || got.Head.Visitor != from || got.Head.Last != 3 || got.Tail[0].Body.Len() == 0 {
		t.Errorf("got %+v, error %v", got.Head, got.Err)
	}
}

// TestPseudonyms: one person has one id in one tenant and another in the next, and
// no name is in the folder.
func TestPseudonyms(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir, Options{})
	const name = "canary-7f3a@example.org"
	of := func(tenant engine.TenantID, kind, name string) [16]byte {
		id, err := s.PseudonymOf(tenant, kind, name)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	first := of("acme", "visitor", name)
	for what, other := range map[string][16]byte{
		"another tenant": of("zeta", "visitor", name), "another sort": of("acme", "operator", name), "another name": of("acme", "visitor", name+"x"),
		"nobody": {},
	} {
		if other == first {
			t.Errorf("%s has the same pseudonym", what)
		}
	}
	ref := storetest.NewRef("acme")
	storetest.Append(t, s, engine.Append{Ref: ref, Term: storetest.Create(t, s, ref, first), Entries: storetest.Messages(ref, 1, 1)})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if files := readFiles(t, dir); bytes.Contains(files, []byte("canary-7f3a")) || !bytes.Contains(files, first[:]) {
		t.Error("the folder holds the name, or not the pseudonym")
	}
	s = openTest(t, dir, Options{})
	if of("acme", "visitor", name) != first {
		t.Error("the pseudonym did not survive a restart")
	}
	if _, err := s.PseudonymOf("Not A Tenant", "visitor", name); err == nil {
		t.Error("a malformed tenant has pseudonyms")
	}
}
