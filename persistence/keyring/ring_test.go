package keyring

import (
	"bytes"
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/seal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testDir = "/keys"

func testRoot(fill byte) seal.Root {
	root, _ := seal.NewRoot(bytes.Repeat([]byte{fill}, seal.KeySize))
	return root
}

func newFS(t testing.TB) *vfs.MemFS {
	t.Helper()
	fs := vfs.NewCrashableMem()
	if err := fs.MkdirAll(testDir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(SyncDir(fs, "/"), Create(fs, testDir, testRoot(1))); err != nil {
		t.Fatal(err)
	}
	return fs
}

func openRing(t testing.TB, fs vfs.FS) *Ring {
	t.Helper()
	r, err := Open(fs, testDir, testRoot(1), seal.NewCache(0), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func ownerOf(kind Kind, n byte) Owner {
	return Owner{Kind: kind, Tenant: 7, Own: ID{n}, Parent: ID{n, 1}, Generation: 1}
}

// addKeys puts keys into one batch.
func addKeys(t testing.TB, r *Ring, kind Kind, numbers ...byte) (refs []Ref, keys [][seal.KeySize]byte) {
	t.Helper()
	b := r.Begin()
	for _, n := range numbers {
		key := seal.NewKey()
		ref, err := b.Add(ownerOf(kind, n), &key, r.Key())
		if err != nil {
			t.Fatal(err)
		}
		refs, keys = append(refs, ref), append(keys, key)
	}
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	return refs, keys
}

func TestKeysSurviveReopening(t *testing.T) {
	fs := newFS(t)
	r := openRing(t, fs)
	refs, keys := addKeys(t, r, KindSession, 1, 2, 3)
	crashed := fs.CrashClone(vfs.CrashCloneCfg{})
	for _, r := range []*Ring{r, openRing(t, crashed)} {
		for i, ref := range refs {
			want := ownerOf(KindSession, byte(i+1))
			if got, err := r.Load(ref, want, r.Key()); err != nil || got != keys[i] {
				t.Errorf("slot %d: %v", ref.Slot, err)
			}
			if parent, err := r.Parent(ref, want); err != nil || parent != want.Parent {
				t.Errorf("parent of slot %d: got %v, error %v", ref.Slot, parent, err)
			}
		}
		if live, _ := r.Slots(); live != 3 || r.Stamp() != 1 {
			t.Errorf("got %d live slots, stamp %d, want 3 and 1", live, r.Stamp())
		}
	}
}

func TestWrongOrDamagedRoot(t *testing.T) {
	fs := newFS(t)
	if _, err := Open(fs, testDir, testRoot(2), seal.NewCache(0), Options{}); !errors.Is(err, ErrWrongRoot) || errors.Is(err, engine.ErrCorrupt) {
		t.Errorf("another root key: got %v, want %v", err, ErrWrongRoot)
	}
	file, err := fs.OpenReadWrite(testDir+"/"+FileName, writeCategory)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	flip := func(at int64) {
		var b [1]byte
		_, _ = file.ReadAt(b[:], at)
		b[0] ^= 1
		_, _ = file.WriteAt(b[:], at)
	}
	flip(rootOffset + 40)
	openRing(t, fs) // the other page has it
	flip(pageSize + rootOffset + 40)
	if _, err := Open(fs, testDir, testRoot(1), seal.NewCache(0), Options{}); !errors.Is(err, engine.ErrCorrupt) || errors.Is(err, ErrWrongRoot) {
		t.Errorf("damaged root sections: got %v, want %v", err, engine.ErrCorrupt)
	}
	flip(rootOffset + 40)
	flip(20)
	openRing(t, fs) // the other head
	flip(pageSize + 20)
	if _, err := Open(fs, testDir, testRoot(1), seal.NewCache(0), Options{}); !errors.Is(err, engine.ErrCorrupt) {
		t.Errorf("damaged heads: got %v, want %v", err, engine.ErrCorrupt)
	}
}

// TestErase: nothing of the key is left, at once; the slot is used again only
// after Free, with a higher generation.
func TestErase(t *testing.T) {
	fs := newFS(t)
	r := openRing(t, fs)
	refs, _ := addKeys(t, r, KindSession, 1, 2)
	s, err := r.read(refs[0].Slot)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.Erase(refs[0]); err != nil {
			t.Fatal(err)
		}
	}
	content, _ := fs.UnsafeGetFileDataBuffer(testDir + "/" + FileName)
	if bytes.Contains(content, s.wrapped()[12:44]) || bytes.Contains(content, s.wrapped()[:12]) {
		t.Error("the wrapped key is still in the file")
	}
	for _, r := range []*Ring{r, openRing(t, fs.CrashClone(vfs.CrashCloneCfg{}))} {
		if _, err := r.Load(refs[0], ownerOf(KindSession, 1), r.Key()); !errors.Is(err, engine.ErrErased) {
			t.Errorf("load: got %v, want %v", err, engine.ErrErased)
		}
		if _, err := r.Load(refs[1], ownerOf(KindSession, 2), r.Key()); err != nil {
			t.Errorf("its neighbour: %v", err)
		}
		next, _ := addKeys(t, r, KindSession, 3)
		if next[0].Slot == refs[0].Slot {
			t.Error("an erased slot was used again before Free")
		}
		if err := r.Free(refs[0]); err != nil {
			t.Fatal(err)
		}
		next, _ = addKeys(t, r, KindSession, 4)
		if next[0].Slot != refs[0].Slot || next[0].Generation != refs[0].Generation+1 {
			t.Errorf("after Free: got %+v, want slot %d, generation %d", next[0], refs[0].Slot, refs[0].Generation+1)
		}
		if _, err := r.Load(refs[0], ownerOf(KindSession, 1), r.Key()); !errors.Is(err, engine.ErrErased) {
			t.Errorf("load of the slot's former key: got %v, want %v", err, engine.ErrErased)
		}
	}
}

// TestDamagedSlot: each flipped byte of a slot is corrupt, never erased and never
// another key.
func TestDamagedSlot(t *testing.T) {
	fs := newFS(t)
	r := openRing(t, fs)
	refs, keys := addKeys(t, r, KindSession, 1)
	for at := range slotSize {
		s, _ := r.read(refs[0].Slot)
		spoiled := s
		spoiled[at] ^= 0x80
		write := func(s slot) { _, _ = r.file.WriteAt(s[:], int64(refs[0].Slot)*slotSize) }
		write(spoiled)
		_, err := r.Load(refs[0], ownerOf(KindSession, 1), r.Key())
		later := at >= 4 && at < 8 // a higher generation says erased
		if !errors.Is(err, engine.ErrCorrupt) && !(later && errors.Is(err, engine.ErrErased)) {
			t.Errorf("byte %d flipped: got %v, want %v", at, err, engine.ErrCorrupt)
		}
		write(s)
	}
	if got, err := r.Load(refs[0], ownerOf(KindSession, 1), r.Key()); err != nil || got != keys[0] {
		t.Errorf("mended: %v", err)
	}
	for _, wrong := range []Owner{ownerOf(KindSession, 2), ownerOf(KindSubject, 1), {Kind: KindSession, Tenant: 8, Own: ID{1}, Parent: ID{1, 1}, Generation: 1}} {
		if _, err := r.Load(refs[0], wrong, r.Key()); !errors.Is(err, engine.ErrCorrupt) {
			t.Errorf("somebody else's slot: got %v, want %v", err, engine.ErrCorrupt)
		}
	}
	if _, err := r.Load(Ref{Slot: 1 << 20, Generation: 1}, ownerOf(KindSession, 1), r.Key()); !errors.Is(err, engine.ErrCorrupt) {
		t.Errorf("beyond the end: got %v, want %v", err, engine.ErrCorrupt)
	}
}

// TestReconcile: only a batch that is exactly one ahead is freed, and only its
// subject and session slots.
func TestReconcile(t *testing.T) {
	for _, c := range []struct {
		store uint64
		freed int
		stamp uint64
	}{{3, 0, 3}, {2, 2, 3}, {1, 0, 3}, {0, 0, 3}, {9, 0, 9}} {
		fs := newFS(t)
		r := openRing(t, fs)
		addKeys(t, r, KindSession, 1, 2)
		addKeys(t, r, KindTenant, 3)
		b := r.Begin()
		for n, kind := range []Kind{KindTenant, KindSubject, KindSession} {
			key := seal.NewKey()
			if _, err := b.Add(ownerOf(kind, byte(10+n)), &key, r.Key()); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Commit(); err != nil {
			t.Fatal(err)
		}
		r = openRing(t, fs.CrashClone(vfs.CrashCloneCfg{}))
		freed, stamp, err := r.Reconcile(c.store)
		if err != nil || freed != c.freed || stamp != c.stamp {
			t.Errorf("store at %d: freed %d, stamp %d, error %v, want %d and %d", c.store, freed, stamp, err, c.freed, c.stamp)
		}
	}
}

// TestSlotsAreNeverShared: whatever is added, erased, freed and reopened, a key
// that was not erased loads, one that was does not.
func TestSlotsAreNeverShared(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		fs := newFS(t)
		r := openRing(t, fs)
		type held struct {
			ref    Ref
			key    [seal.KeySize]byte
			number byte
			erased bool
		}
		var all []*held
		number := byte(0)
		pick := func(rt *rapid.T) *held {
			if len(all) == 0 {
				rt.Skip("nothing yet")
			}
			return all[rapid.IntRange(0, len(all)-1).Draw(rt, "which")]
		}
		rt.Repeat(map[string]func(*rapid.T){
			"add": func(*rapid.T) {
				number++
				refs, keys := addKeys(t, r, KindSession, number)
				all = append(all, &held{ref: refs[0], key: keys[0], number: number})
			},
			"erase":  func(rt *rapid.T) { h := pick(rt); h.erased = true; _ = r.Erase(h.ref) },
			"free":   func(rt *rapid.T) { h := pick(rt); h.erased = true; _ = r.Free(h.ref) },
			"reopen": func(*rapid.T) { fs = fs.CrashClone(vfs.CrashCloneCfg{}); r = openRing(t, fs) },
			"": func(rt *rapid.T) {
				for _, h := range all {
					got, err := r.Load(h.ref, ownerOf(KindSession, h.number), r.Key())
					if h.erased && !errors.Is(err, engine.ErrErased) || !h.erased && (err != nil || got != h.key) {
						rt.Fatalf("key %d in slot %d, erased %v: %v", h.number, h.ref.Slot, h.erased, err)
					}
				}
			},
		})
	})
}

func BenchmarkBatch64(b *testing.B) {
	fs := vfs.Default
	dir := b.TempDir()
	if err := Create(fs, dir, testRoot(1)); err != nil {
		b.Fatal(err)
	}
	r, err := Open(fs, dir, testRoot(1), seal.NewCache(0), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	numbers := make([]byte, 64)
	for b.Loop() {
		addKeys(b, r, KindSession, numbers...)
	}
}
