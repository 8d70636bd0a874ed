package persistence

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parleyhq/parley/engine"
)

func putMemo(t testing.TB, s *Store, operator engine.OperatorID, m engine.Memo) {
	t.Helper()
	answer := make(chan error, 1)
	s.PutIntent("acme", operator, engine.IntentInfo{Intent: engine.IntentPaused}, &m, func(err error) { answer <- err })
	if err := <-answer; err != nil {
		t.Fatal(err)
	}
}

func memosOf(t testing.TB, s *Store, operator engine.OperatorID) (all []engine.Memo) {
	t.Helper()
	if err := s.Memos("acme", operator, func(m engine.Memo) bool { all = append(all, m); return true }); err != nil {
		t.Fatal(err)
	}
	return all
}

// What was done under a key comes back whole after a crash, to that operator; a day
// later it goes.
func TestMemos(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := openTest(t, testDir, Options{FS: fs})
	at := time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC)
	want := engine.Memo{Tag: engine.Tag{7}, Digest: 1 << 63, At: at, Result: []byte(`{"canary-7f3a":1}`)}
	putMemo(t, s, "ada", want)
	s = openTest(t, testDir, Options{FS: fs.CrashClone(vfs.CrashCloneCfg{})})
	if got := memosOf(t, s, "ada"); !reflect.DeepEqual(got, []engine.Memo{want}) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := memosOf(t, s, "grace"); len(got) > 0 {
		t.Errorf("another operator's: got %+v", got)
	}
	key := idemKey(nil, s.tenant("acme").number, s.tenant("acme").tag("ada"), want.Tag)
	value, err := s.get(key)
	if err != nil || bytes.Contains(value, []byte("canary")) {
		t.Errorf("the row: %d bytes, error %v, or its result is in clear", len(value), err)
	}
	for _, c := range []struct {
		after time.Duration
		left  int
	}{{24 * time.Hour, 1}, {26 * time.Hour, 0}} {
		if err := s.forgetKeys(hourOf(at.Add(c.after))); err != nil {
			t.Fatal(err)
		}
		putMemo(t, s, "someone else", engine.Memo{At: at}) // what was submitted is applied
		if got := memosOf(t, s, "ada"); len(got) != c.left {
			t.Errorf("after %v: got %d, want %d", c.after, len(got), c.left)
		}
	}
}

// A row that does not open is left out and reported.
func TestMemosOfADamagedRow(t *testing.T) {
	s := openTest(t, testDir, Options{FS: vfs.NewMem()})
	putMemo(t, s, "ada", engine.Memo{Tag: engine.Tag{1}, At: time.Now()})
	putMemo(t, s, "ada", engine.Memo{Tag: engine.Tag{2}, At: time.Now()})
	number, owner := s.tenant("acme").number, s.tenant("acme").tag("ada")
	value, err := s.get(idemKey(nil, number, owner, engine.Tag{1}))
	if err != nil {
		t.Fatal(err)
	}
	set(t, s, idemKey(nil, number, owner, engine.Tag{2}), value) // one moved to the place of the other
	seen := 0
	err = s.Memos("acme", "ada", func(engine.Memo) bool { seen++; return true })
	if !errors.Is(err, engine.ErrCorrupt) || seen != 1 {
		t.Errorf("got %d memos, error %v, want 1 and %v", seen, err, engine.ErrCorrupt)
	}
}
