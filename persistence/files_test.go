package persistence

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/storetest"
)

// withFile is a store with one session whose messages 1 and 2 are files.
func withFile(t *testing.T, dir string, opts Options, content []byte) (s *Store, ref engine.SessionRef, term engine.Term, files [2]*engine.Attachment) {
	t.Helper()
	s = openTest(t, dir, opts)
	ref = storetest.NewRef("acme")
	term = storetest.Create(t, s, ref, storetest.NewVisitor())
	for i := range files {
		files[i] = storetest.Keep(t, s, ref, content)
		add := engine.Append{Ref: ref, Term: term, Entries: []*engine.Entry{storetest.FileMessage(ref, engine.Seq(i+1), files[i])}}
		if err := storetest.Append(t, s, add)[0]; err != nil {
			t.Fatal(err)
		}
	}
	return s, ref, term, files
}

func (s *Store) pathOf(ref engine.SessionRef, at *engine.Attachment) string {
	return s.filePath(fileKey(nil, s.tenant(ref.Tenant).number, ref.Session, at.File))
}

// TestFilesAfterCrashes: what a message holds survives every crash; what was never
// sent, or was redacted, is gone at the next start, whenever the power went.
func TestFilesAfterCrashes(t *testing.T) {
	fs := vfs.NewCrashableMem()
	content := storetest.Random(100_000)
	s, ref, term, files := withFile(t, testDir, Options{FS: fs}, content)
	unsent := storetest.Keep(t, s, ref, content)
	w, err := s.CreateFile(ref, storetest.NewFile(), 100)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := w.Write(content[:70_000]); err != nil {
		t.Fatal(err)
	}
	check := func(when string, want map[*engine.Attachment]bool) {
		t.Helper()
		clone := openTest(t, testDir, Options{FS: fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 0})})
		kept := 0
		for at, there := range want {
			got, err := storetest.Content(clone, ref, at)
			if there != (err == nil) || there && !bytes.Equal(got, content) {
				t.Errorf("%s: got %d bytes, %v; want it there: %v", when, len(got), err, there)
			}
			if there {
				kept++
			}
		}
		if names, err := clone.opts.FS.List(clone.path(filesDir)); err != nil || len(names) != kept {
			t.Errorf("%s: %d files are left, want %d (%v)", when, len(names), kept, err)
		}
	}
	check("before the redaction", map[*engine.Attachment]bool{files[0]: true, files[1]: true, unsent: false})
	redactOne(t, s, ref, term, 3, 1)
	check("after the redaction", map[*engine.Attachment]bool{files[0]: false, files[1]: true, unsent: false})
}

// TestRedactionCutBeforeTheFileGoes: the row went with the batch and the file did
// not: the start removes it.
func TestRedactionCutBeforeTheFileGoes(t *testing.T) {
	fs := vfs.NewMem()
	s, ref, _, files := withFile(t, testDir, Options{FS: fs}, []byte("content"))
	row := fileKey(nil, s.tenant("acme").number, ref.Session, files[0].File)
	if err := s.db.Delete(row, nil); err != nil {
		t.Fatal(err)
	}
	path := s.pathOf(ref, files[0])
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, testDir, Options{FS: fs})
	if _, err := fs.Stat(path); !isNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
	if _, err := storetest.Content(s, ref, files[1]); err != nil {
		t.Errorf("the other file: %v", err)
	}
}

// TestSpoiltFilesAreNoticed: every changed byte, exchanged and missing parts, and
// another file's bytes under this one's name.
func TestSpoiltFilesAreNoticed(t *testing.T) {
	content := storetest.Random(3*fileChunk + 100)
	s, ref, _, files := withFile(t, t.TempDir(), Options{}, content)
	path, other := s.pathOf(ref, files[0]), s.pathOf(ref, files[1])
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	part := (&fileReader{key: s.cache.Key(new([32]byte))}).offset(1)
	spoil := map[string]func([]byte) []byte{
		"cut by a byte":        func(b []byte) []byte { return b[:len(b)-1] },
		"cut by the last part": func(b []byte) []byte { return b[:3*part] },
		"longer by a byte":     func(b []byte) []byte { return append(b, 0) },
		"parts exchanged": func(b []byte) []byte {
			return append(append(append(b[:0:0], whole[part:2*part]...), whole[:part]...), whole[2*part:]...)
		},
		"a part of another's": func(b []byte) []byte { copy(b[part:], foreign[part:2*part]); return b },
		"another file":        func([]byte) []byte { return bytes.Clone(foreign) },
		"the first byte":      func(b []byte) []byte { b[0] ^= 1; return b },
		"a byte of a part":    func(b []byte) []byte { b[part+500] ^= 1; return b },
		"the last byte":       func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"emptied":             func([]byte) []byte { return nil },
	}
	for what, change := range spoil {
		if err := os.WriteFile(path, change(bytes.Clone(whole)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := storetest.Content(s, ref, files[0]); !errors.Is(err, engine.ErrCorrupt) {
			t.Errorf("%s: got %v, want %v", what, err, engine.ErrCorrupt)
		}
	}
	if err := os.WriteFile(path, whole[:3*part], 0o600); err != nil {
		t.Fatal(err)
	}
	short := *files[0]
	short.Bytes = 3 * fileChunk
	if _, err := storetest.Content(s, ref, &short); !errors.Is(err, engine.ErrCorrupt) {
		t.Errorf("cut between parts, and said to be shorter: got %v, want %v", err, engine.ErrCorrupt)
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := storetest.Content(s, ref, files[0]); err != nil || !bytes.Equal(got, content) {
		t.Errorf("control: got %d bytes, %v", len(got), err)
	}
}

// TestRedactedFileIsInNoCopy: who kept all files from before a redaction, and has the
// keyring from after it, cannot read the file; GDPR Art. 17.
func TestRedactedFileIsInNoCopy(t *testing.T) {
	dir, content := t.TempDir(), storetest.Random(1000)
	s, ref, term, files := withFile(t, dir, Options{}, content)
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	before := t.TempDir()
	if err := os.CopyFS(filepath.Join(before, storeDir), os.DirFS(filepath.Join(dir, storeDir))); err != nil {
		t.Fatal(err)
	}
	key := files[0].Key.Reveal()
	redactOne(t, s, ref, term, 3, 1)
	if _, err := os.Stat(s.pathOf(ref, files[0])); !isNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if all := readFiles(t, dir); bytes.Contains(all, key) || bytes.Contains(all, []byte(hex.EncodeToString(key))) {
		t.Error("the file's key is on disk in clear")
	}
	clone := openTest(t, copyOf(t, before, dir), Options{})
	if entries, err := storetest.ReadFrom(t, clone, ref, 0, 10); err == nil {
		t.Errorf("the old records open with the new keyring: %d entries", len(entries))
	}
	again := openTest(t, dir, Options{})
	entries, err := storetest.ReadFrom(t, again, ref, 0, 10)
	if err != nil || entries[0].File != nil || entries[1].File == nil {
		t.Fatalf("after the redaction: %v", err)
	}
	if got, err := storetest.Content(again, ref, entries[1].File); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the file that stays, by the key of its entry: got %d bytes, %v", len(got), err)
	}
}

// TestNoFileInClear scans the folder for the content; the control stores plaintext.
func TestNoFileInClear(t *testing.T) {
	content := bytes.Repeat([]byte("canary-7f3a-file "), 10_000)
	for _, plain := range []bool{false, true} {
		dir := t.TempDir()
		withFile(t, dir, Options{StorePlaintextForTests: plain}, content)
		if found := bytes.Contains(readFiles(t, dir), content[:17]); found != plain {
			t.Errorf("plaintext %v: found %v", plain, found)
		}
	}
}

// TestFilesKeepTheReserve: a file that would not leave the reserve is refused.
func TestFilesKeepTheReserve(t *testing.T) {
	s, ref, _, _ := withFile(t, t.TempDir(), Options{}, []byte("x"))
	s.opts.ReserveBytes = 1 << 60
	if _, err := s.CreateFile(ref, storetest.NewFile(), 1); !errors.Is(err, engine.ErrFull) {
		t.Errorf("got %v, want %v", err, engine.ErrFull)
	}
}

// FuzzFileName: whatever lies in the folder, only the store's own names are rows.
func FuzzFileName(f *testing.F) {
	f.Add(hex.EncodeToString(make([]byte, fileKeyLen-1)))
	f.Add("LOCK")
	f.Fuzz(func(t *testing.T, name string) {
		row, ok := fileRow(name)
		if ok && (len(row) != fileKeyLen || hex.EncodeToString(row[1:]) != name) {
			t.Errorf("%q is the row %x", name, row)
		}
	})
}
