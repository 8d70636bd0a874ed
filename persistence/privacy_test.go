package persistence

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/keyring"
	"github.com/parleyhq/parley/persistence/storetest"
)

// canaries are what no file may hold, by the stored field they stand in.
var canaryFields = []string{"body", "client-id", "author", "operator", "department", "owner", "offered-to", "decliner", "row-department", "intent-operator", "intent-by", "intent-device", "filed-department", "filed-owner", "filed-tag", "banned-by"}

func canary(field string) string { return "canary-7f3a-" + field }

// plantCanaries stores one in every field that can hold a word.
func plantCanaries(t *testing.T, s *Store) {
	ref, visitor := storetest.NewRef("acme"), storetest.NewVisitor()
	term := storetest.Create(t, s, ref, visitor)
	e := storetest.Message(ref, 1, canary("body"))
	e.ClientID = canary("client-id")
	e.Author = engine.Author{Kind: engine.AuthorOperator, Operator: engine.OperatorID(canary("author"))}
	e.Operator, e.Department = engine.OperatorID(canary("operator")), engine.DepartmentID(canary("department"))
	row := &engine.Row{
		Ref: ref, Visitor: visitor, State: engine.StateActive, Department: engine.DepartmentID(canary("row-department")),
		Owner: engine.OperatorID(canary("owner")), Offers: []engine.LiveOffer{{Operator: engine.OperatorID(canary("offered-to"))}},
		Declines: []engine.Decline{{Operator: engine.OperatorID(canary("decliner"))}},
	}
	if err := storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: []*engine.Entry{e}, Row: row})[0]; err != nil {
		t.Fatal(err)
	}
	done := storetest.NewRef("acme")
	filed := &engine.Filed{
		Department: engine.DepartmentID(canary("filed-department")), Owner: engine.OperatorID(canary("filed-owner")), Tags: []string{canary("filed-tag")},
	}
	ended := engine.Append{Ref: done, Term: storetest.Create(t, s, done, visitor), Entries: storetest.Messages(done, 1, 1), Close: true, Filed: filed}
	if err := storetest.Append(t, s, ended)[0]; err != nil {
		t.Fatal(err)
	}
	putBan(t, s, "acme", visitor, engine.Ban{Until: time.Unix(1, 0), By: engine.Author{Operator: engine.OperatorID(canary("banned-by"))}}, nil)
	putIntent(t, s, "acme", engine.OperatorID(canary("intent-operator")), engine.IntentInfo{
		Intent: engine.IntentPaused, By: engine.OperatorID(canary("intent-by")), Device: canary("intent-device"), At: time.Unix(1, 0),
	})
}

func putIntent(t testing.TB, s *Store, tenant engine.TenantID, operator engine.OperatorID, info engine.IntentInfo) {
	t.Helper()
	answer := make(chan error, 1)
	s.PutIntent(tenant, operator, info, nil, func(err error) { answer <- err })
	if err := <-answer; err != nil {
		t.Fatal(err)
	}
}

// readFiles reads every file of a directory, as somebody who stole the disk.
func readFiles(t *testing.T, dir string) (all []byte) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		all = append(all, content...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// found lists the canaries in the files while the store is open, after a flush,
// and after it was closed.
func foundCanaries(t *testing.T, opts Options) map[string]bool {
	t.Helper()
	dir := t.TempDir()
	s := openTest(t, dir, opts)
	plantCanaries(t, s)
	found := map[string]bool{}
	look := func() {
		all := readFiles(t, dir)
		for _, field := range canaryFields {
			found[field] = found[field] || bytes.Contains(all, []byte(canary(field)))
		}
	}
	look()
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	look()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	look()
	return found
}

// GDPR Art. 32: nothing that anybody typed, nor who they are, is on disk in clear.
func TestNoCanaryOnDisk(t *testing.T) {
	for field, found := range foundCanaries(t, Options{}) {
		if found {
			t.Errorf("the canary of %s is on disk in clear", field)
		}
	}
}

// TestCanaryScanNotices is the control: with plaintext every canary is found.
func TestCanaryScanNotices(t *testing.T) {
	for field, found := range foundCanaries(t, Options{StorePlaintextForTests: true}) {
		if !found {
			t.Errorf("the canary of %s was not found in a store of plaintext: the scan notices nothing", field)
		}
	}
}

// threeSessions makes two sessions of one visitor and one of another tenant.
func threeSessions(t *testing.T, s *Store) (refs []engine.SessionRef) {
	visitor := storetest.NewVisitor()
	for _, tenant := range []engine.TenantID{"acme", "acme", "zeta"} {
		ref := storetest.NewRef(tenant)
		term := storetest.Create(t, s, ref, visitor)
		row := &engine.Row{Ref: ref, Visitor: visitor, State: engine.StateQueued}
		if err := storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, 3), Row: row})[0]; err != nil {
			t.Fatal(err)
		}
		s.Release(ref)
		refs = append(refs, ref)
	}
	storetest.Claim(t, s, engine.Claim{Ref: storetest.NewRef("acme")}) // an answer after the releases
	return refs
}

// health claims and reads a session: nil means that all of it came back.
func health(t *testing.T, s *Store, ref engine.SessionRef) error {
	t.Helper()
	got := storetest.Claim(t, s, engine.Claim{Ref: ref, Tail: 10})
	s.Release(ref)
	if got.Err != nil {
		return got.Err
	}
	if len(got.Tail) != 3 || got.Head.Row == nil {
		return fmt.Errorf("got %d entries, row %v: %w", len(got.Tail), got.Head.Row != nil, engine.ErrCorrupt)
	}
	for i, want := range storetest.Messages(ref, 1, 3) {
		if err := storetest.Same(got.Tail[i], want); err != nil {
			t.Fatalf("wrong plaintext: %v", err)
		}
	}
	return nil
}

// rowsOf copies every row of the store.
func rowsOf(t *testing.T, s *Store) (keys, values [][]byte) {
	t.Helper()
	it, err := s.db.NewIter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		keys, values = append(keys, bytes.Clone(it.Key())), append(values, bytes.Clone(it.Value()))
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	return keys, values
}

// TestFlippedBytesAreNoticed flips each byte of each value that a session is
// read from. The session fails, others do not.
func TestFlippedBytesAreNoticed(t *testing.T) {
	s := openTest(t, testDir, Options{FS: vfs.NewMem()})
	refs := threeSessions(t, s)
	keys, values := rowsOf(t, s)
	checked := 0
	for i, key := range keys {
		if !bytes.ContainsAny(key[:1], "mco") || !bytes.Contains(key, refs[0].Session[:]) {
			continue
		}
		for at := 0; at < len(values[i]); at += 3 {
			spoiled := bytes.Clone(values[i])
			spoiled[at] ^= 0x40
			set(t, s, key, spoiled)
			if err := health(t, s, refs[0]); !errors.Is(err, engine.ErrCorrupt) && !errors.Is(err, engine.ErrErased) {
				t.Fatalf("byte %d of a value of kind %c flipped: got %v, want %v", at, key[0], err, engine.ErrCorrupt)
			}
			checked++
		}
		set(t, s, key, values[i])
	}
	if checked < 100 {
		t.Fatalf("checked %d bytes only", checked)
	}
	for _, ref := range refs {
		if err := health(t, s, ref); err != nil {
			t.Errorf("session %s: %v", ref, err)
		}
	}
}

func set(t *testing.T, s *Store, key, value []byte) {
	t.Helper()
	if err := s.db.Set(key, value, pebble.NoSync); err != nil {
		t.Fatal(err)
	}
}

// TestMovedValuesDoNotOpen: a value is bound to its place, session and tenant.
func TestMovedValuesDoNotOpen(t *testing.T) {
	for _, kind := range []byte{kindRecord, kindHeader, kindOpen} {
		for _, other := range []int{1, 2} {
			s := openTest(t, testDir, Options{FS: vfs.NewMem()})
			refs := threeSessions(t, s)
			swap(t, s, keyOf(s, kind, refs[0], 1), keyOf(s, kind, refs[other], 1))
			for _, ref := range []engine.SessionRef{refs[0], refs[other]} {
				if err := health(t, s, ref); !errors.Is(err, engine.ErrCorrupt) {
					t.Errorf("values of kind %c exchanged: got %v, want %v", kind, err, engine.ErrCorrupt)
				}
			}
		}
	}
	s := openTest(t, testDir, Options{FS: vfs.NewMem()})
	refs := threeSessions(t, s)
	swap(t, s, keyOf(s, kindRecord, refs[0], 1), keyOf(s, kindRecord, refs[0], 2))
	if err := health(t, s, refs[0]); !errors.Is(err, engine.ErrCorrupt) {
		t.Errorf("two records of one session exchanged: got %v, want %v", err, engine.ErrCorrupt)
	}
}

// TestTenantsCannotBeExchanged: rows t are not sealed, but their keys are bound
// to the name.
func TestTenantsCannotBeExchanged(t *testing.T) {
	fs := vfs.NewMem()
	s := openTest(t, testDir, Options{FS: fs})
	refs := threeSessions(t, s)
	swap(t, s, tenantKey(nil, "acme"), tenantKey(nil, "zeta"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, testDir, Options{FS: fs})
	for _, ref := range refs {
		if err := health(t, s, ref); !errors.Is(err, engine.ErrCorrupt) {
			t.Errorf("session %s: got %v, want %v", ref, err, engine.ErrCorrupt)
		}
	}
}

func keyOf(s *Store, kind byte, ref engine.SessionRef, seq engine.Seq) []byte {
	number := s.tenant(ref.Tenant).number
	if kind == kindRecord {
		return recordKey(nil, number, ref.Session, seq)
	}
	return scopedKey(nil, kind, number, ref.Session)
}

func swap(t *testing.T, s *Store, a, b []byte) {
	t.Helper()
	first, err := s.get(a)
	second, err2 := s.get(b)
	if err != nil || err2 != nil || first == nil || second == nil {
		t.Fatalf("nothing to exchange: %v, %v", err, err2)
	}
	set(t, s, a, second)
	set(t, s, b, first)
}

// TestMissingEntriesAreNoticed: a gap always, a cut tail once the session was
// closed.
func TestMissingEntriesAreNoticed(t *testing.T) {
	for _, c := range []struct {
		name   string
		remove engine.Seq
	}{{"first", 1}, {"middle", 2}, {"tail", 3}} {
		t.Run(c.name, func(t *testing.T) {
			s := openTest(t, testDir, Options{FS: vfs.NewMem()})
			ref := storetest.NewRef("acme")
			term := storetest.Create(t, s, ref, storetest.NewVisitor())
			storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, 3), Close: true})
			s.Release(ref)
			if got := storetest.Claim(t, s, engine.Claim{Ref: ref}); got.Err != nil {
				t.Fatal(got.Err)
			}
			s.Release(ref)
			if err := s.db.Delete(keyOf(s, kindRecord, ref, c.remove), pebble.Sync); err != nil {
				t.Fatal(err)
			}
			if got := storetest.Claim(t, s, engine.Claim{Ref: ref}); !errors.Is(got.Err, engine.ErrCorrupt) {
				t.Errorf("claim: got %v, want %v", got.Err, engine.ErrCorrupt)
			}
			if _, err := storetest.ReadFrom(t, s, ref, 0, 10); !errors.Is(err, engine.ErrCorrupt) {
				t.Errorf("read: got %v, want %v", err, engine.ErrCorrupt)
			}
		})
	}
}

// slotOf is where a session's key is.
func slotOf(t *testing.T, s *Store, ref engine.SessionRef) keyring.Ref {
	t.Helper()
	value, err := s.get(keyOf(s, kindHeader, ref, 0))
	if err != nil {
		t.Fatal(err)
	}
	slot, _, err := splitClear("header", value)
	if err != nil {
		t.Fatal(err)
	}
	return slot
}

// GDPR Art. 17: destroying a key leaves nothing of it and makes what it sealed
// unreadable; a damaged key is something else.
func TestErasedIsNotCorrupt(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir, Options{})
	refs := threeSessions(t, s)
	slot := slotOf(t, s, refs[0])
	at := int(slot.Slot) * 128
	path := filepath.Join(dir, keyringDir, keyring.FileName)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wrapped := bytes.Clone(content[at+56 : at+116])
	if err := s.ring.Erase(slot); err != nil {
		t.Fatal(err)
	}
	if hits := bytes.Count(readFiles(t, dir), wrapped[12:44]); hits != 0 {
		t.Errorf("the wrapped key is still in the files, %d times", hits)
	}
	if err := health(t, s, refs[0]); !errors.Is(err, engine.ErrErased) || errors.Is(err, engine.ErrCorrupt) {
		t.Errorf("claim: got %v, want %v", err, engine.ErrErased)
	}
	if _, err := storetest.ReadFrom(t, s, refs[0], 0, 10); !errors.Is(err, engine.ErrUnknown) || !errors.Is(err, engine.ErrErased) {
		t.Errorf("read: got %v, want %v and %v", err, engine.ErrUnknown, engine.ErrErased)
	}
	spoil(t, path, int(slotOf(t, s, refs[1]).Slot)*128+70)
	if err := health(t, s, refs[1]); !errors.Is(err, engine.ErrCorrupt) || errors.Is(err, engine.ErrErased) {
		t.Errorf("claim with a damaged key: got %v, want %v", err, engine.ErrCorrupt)
	}
	if err := health(t, s, refs[2]); err != nil {
		t.Errorf("another tenant's session: %v", err)
	}
}

func spoil(t *testing.T, path string, at int) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	var b [1]byte
	if _, err := file.ReadAt(b[:], int64(at)); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := file.WriteAt(b[:], int64(at)); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// GDPR Art. 17: a visitor's key takes all of the visitor's sessions with it; who
// comes back later is somebody new.
func TestErasedSubject(t *testing.T) {
	s := openTest(t, testDir, Options{FS: vfs.NewMem()})
	visitor := storetest.NewVisitor()
	before, after := storetest.NewRef("acme"), storetest.NewRef("acme")
	storetest.Create(t, s, before, visitor)
	o := s.session(before).opened.Load()
	s.Release(before)
	if err := s.ring.Erase(o.subject.slot); err != nil {
		t.Fatal(err)
	}
	storetest.Create(t, s, after, visitor)
	if got := storetest.Claim(t, s, engine.Claim{Ref: before}); !errors.Is(got.Err, engine.ErrCorrupt) && !errors.Is(got.Err, engine.ErrErased) {
		t.Errorf("claim of an erased visitor's session: got %v, want it refused", got.Err)
	}
	if got := storetest.Claim(t, s, engine.Claim{Ref: after}); got.Err != nil {
		t.Errorf("claim of the new session: %v", got.Err)
	}
}

// TestSpoiledFiles opens copies of a closed store with one byte of a
// file flipped: it opens or refuses, and never answers wrong text.
func TestSpoiledFiles(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir, Options{})
	refs := threeSessions(t, s)
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var noticed, opened int
	for _, path := range glob(t, dir, "store/*.sst", "store/*.log", "keyring/slots") {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < int(info.Size()); at += int(info.Size()/25) + 1 {
			copied := t.TempDir()
			if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			relative, _ := filepath.Rel(dir, path)
			spoil(t, filepath.Join(copied, relative), at)
			s, err := Open(copied, Options{Root: testRoot(t)})
			if err != nil {
				noticed++
				continue
			}
			opened++
			for _, ref := range refs {
				if err := health(t, s, ref); err != nil {
					noticed++
				}
			}
			_ = s.Close()
		}
	}
	if noticed == 0 || opened == 0 {
		t.Fatalf("noticed %d, opened %d: the test notices nothing", noticed, opened)
	}
}

func glob(t *testing.T, dir string, patterns ...string) (paths []string) {
	t.Helper()
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	return paths
}
