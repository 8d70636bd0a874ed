package persistence

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/keyring"
	"github.com/parleyhq/parley/persistence/seal"
	"github.com/parleyhq/parley/persistence/storetest"
)

// keysOf unwraps every key that the rows of a store lead to.
func keysOf(t *testing.T, s *Store) (keys []*seal.Key) {
	t.Helper()
	rows, values := rowsOf(t, s)
	for i, row := range rows {
		switch row[0] {
		case kindTenant:
			of := s.tenant(engine.TenantID(row[1:]))
			index := of.index
			keys = append(keys, of.kek, of.token, of.row, s.cache.Key(&index))
		case kindHeader:
			number, id, _ := scopeOf(row)
			o, err := s.unwrap(s.db, s.tenantOf(number), engine.SessionRef{Tenant: s.tenantOf(number).name, Session: id}, values[i])
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, o.key)
		case kindSubject:
			number, id, _ := scopeOf(row)
			owner, err := s.loadSubject(s.db, s.tenantOf(number), id)
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, owner.key)
		}
	}
	return keys
}

// copyOf combines the records of one folder with the keyring of another.
func copyOf(t *testing.T, records, keys string) string {
	t.Helper()
	dir := t.TempDir()
	for _, part := range [][2]string{{records, storeDir}, {keys, keyringDir}} {
		if err := os.CopyFS(filepath.Join(dir, part[1]), os.DirFS(filepath.Join(part[0], part[1]))); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// textOf reads a session's text from a folder; empty if it cannot be read.
func textOf(t *testing.T, dir string, ref engine.SessionRef) string {
	t.Helper()
	s := openTest(t, dir, Options{})
	defer s.Close()
	entries, err := storetest.ReadFrom(t, s, ref, 0, 100)
	if err != nil {
		return ""
	}
	var text []byte
	for _, e := range entries {
		text = append(text, e.Body.Reveal()...)
	}
	return string(text)
}

// GDPR Art. 16, 17: with the root key, all files, and a copy of the records from
// before the redaction, what was removed cannot be read: no key that is left opens
// any of the old records. The control reads it with the keyring from before.
func TestRedactedTextIsInNoCopy(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir, Options{})
	const secret = "canary-7f3a-card-4711"
	ref, other, visitor := storetest.NewRef("acme"), storetest.NewRef("acme"), storetest.NewVisitor()
	term := storetest.Create(t, s, ref, visitor)
	storetest.Append(t, s, engine.Append{Ref: other, Term: storetest.Create(t, s, other, visitor), Entries: storetest.Messages(other, 1, 3)})
	entries := storetest.Messages(ref, 1, 4)
	entries[1] = storetest.Message(ref, 2, "my "+secret)
	entries[2] = storetest.Message(ref, 3, "rather "+secret)
	entries[2].Kind, entries[2].Target = engine.KindMessageEdited, 2
	storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: entries})
	slot := slotOf(t, s, ref)
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	before := copyOf(t, dir, dir)
	wrapped := wrappedIn(t, before, slot)

	redactOne(t, s, ref, term, 5, 2)
	if bytes.Contains(readFiles(t, dir), wrapped) {
		t.Error("the old key, wrapped, is still in the folder")
	}
	left := keysOf(t, s)
	if live, _ := s.ring.Slots(); live != len(left) {
		t.Fatalf("the keyring holds %d keys, %d were tried", live, len(left))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if text := textOf(t, before, ref); !bytes.Contains([]byte(text), []byte(secret)) {
		t.Fatalf("control: the copy with its own keyring does not show the text: %d bytes", len(text))
	}
	if text := textOf(t, copyOf(t, before, dir), ref); text != "" {
		t.Errorf("the old records with the new keyring: got %d bytes of text", len(text))
	}
	if text := textOf(t, dir, ref); text != "message 1message 4" {
		t.Errorf("after the redaction: got %q", text)
	}
	tryEach(t, before, ref, entries, left)
}

// wrappedIn is a slot's wrapped key as it stands in a folder's keyring.
func wrappedIn(t *testing.T, dir string, slot keyring.Ref) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, keyringDir, keyring.FileName))
	if err != nil {
		t.Fatal(err)
	}
	at := int(slot.Slot) * 128
	return bytes.Clone(content[at+68 : at+100])
}

// tryEach tries every key on every old record of the session, whatever
// generation the record names.
func tryEach(t *testing.T, dir string, ref engine.SessionRef, entries []*engine.Entry, keys []*seal.Key) {
	t.Helper()
	s := openTest(t, dir, Options{})
	control := keysOf(t, s)
	opened, controlled := 0, 0
	for _, e := range entries {
		place := keyOf(s, kindRecord, ref, e.Seq)
		sealed, err := s.get(place)
		if err != nil || sealed == nil {
			t.Fatalf("entry %d is not in the copy: %v", e.Seq, err)
		}
		opened += openedBy(keys, place, sealed)
		controlled += openedBy(control, place, sealed)
	}
	if opened != 0 || controlled != len(entries) {
		t.Errorf("opened %d old records with the keys that are left, want 0; control: %d of %d", opened, controlled, len(entries))
	}
}

func openedBy(keys []*seal.Key, place, sealed []byte) (opened int) {
	for _, key := range keys {
		if _, err := key.Open(&seal.Scratch{}, nil, place, seal.Generation(sealed), sealed); err == nil {
			opened++
		}
	}
	return opened
}

// BenchmarkRedact removes one message of a chat of so many: the rest is sealed
// anew on the writer's goroutine.
func BenchmarkRedact(b *testing.B) {
	for _, messages := range []int{20, 100, 1000} {
		b.Run(strconv.Itoa(messages), func(b *testing.B) {
			s := openTest(b, b.TempDir(), Options{})
			ref := storetest.NewRef("acme")
			term := storetest.Create(b, s, ref, storetest.NewVisitor())
			storetest.Append(b, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, messages)})
			for b.Loop() { // of what is no message: the log does not grow
				a := engine.Append{Ref: ref, Term: term, Redact: []engine.Seq{1 << 40}}
				if err := storetest.Append(b, s, a)[0]; err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
