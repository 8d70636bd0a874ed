package persistence

import (
	"errors"
	"maps"
	"reflect"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/storetest"
)

func putBan(t testing.TB, s *Store, tenant engine.TenantID, v engine.VisitorID, ban engine.Ban, memo *engine.Memo) {
	t.Helper()
	answer := make(chan error, 1)
	s.PutBan(tenant, v, ban, memo, func(err error) { answer <- err })
	if err := <-answer; err != nil {
		t.Fatal(err)
	}
}

func bansOf(t testing.TB, s *Store, tenant engine.TenantID) map[engine.VisitorID]engine.Ban {
	t.Helper()
	all := map[engine.VisitorID]engine.Ban{}
	if err := s.Bans(tenant, func(v engine.VisitorID, ban engine.Ban) bool { all[v] = ban; return true }); err != nil {
		t.Fatal(err)
	}
	return all
}

var ban = engine.Ban{
	Until: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), At: time.Date(2026, 3, 1, 5, 6, 7, 0, time.UTC), Reason: engine.BanThreat,
	By: engine.Author{Kind: engine.AuthorOperator, Operator: "ada"},
}

// A ban and its key survive a crash once they are acknowledged, both or neither; a
// lifted one is gone; each tenant has its own.
func TestBans(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := openTest(t, testDir, Options{FS: fs})
	other := ban
	other.By, other.Department = engine.Author{Kind: engine.AuthorIntegration}, "sales"
	memo := engine.Memo{Tag: engine.Tag{1}, Digest: 7, At: ban.At, Result: []byte(`{}`)}
	steps := []struct {
		do   func()
		want map[engine.VisitorID]engine.Ban
	}{
		{func() { putBan(t, s, "acme", engine.VisitorID{1}, ban, &memo) }, map[engine.VisitorID]engine.Ban{{1}: ban}},
		{func() { putBan(t, s, "acme", engine.VisitorID{2}, ban, nil) }, map[engine.VisitorID]engine.Ban{{1}: ban, {2}: ban}},
		{func() { putBan(t, s, "acme", engine.VisitorID{2}, other, nil) }, map[engine.VisitorID]engine.Ban{{1}: ban, {2}: other}},
		{func() { putBan(t, s, "zeta", engine.VisitorID{3}, ban, nil) }, map[engine.VisitorID]engine.Ban{{1}: ban, {2}: other}},
		{func() { putBan(t, s, "acme", engine.VisitorID{1}, engine.Ban{}, nil) }, map[engine.VisitorID]engine.Ban{{2}: other}},
	}
	for i, step := range steps {
		step.do()
		crashed := openTest(t, testDir, Options{FS: fs.CrashClone(vfs.CrashCloneCfg{})})
		if got := bansOf(t, crashed, "acme"); !maps.Equal(got, step.want) {
			t.Errorf("a crash after step %d: got %v, want %v", i, got, step.want)
		}
		var memos []engine.Memo
		if err := crashed.BanMemos("acme", func(m engine.Memo) bool { memos = append(memos, m); return true }); err != nil || !reflect.DeepEqual(memos, []engine.Memo{memo}) {
			t.Errorf("its keys: got %v, %v", memos, err)
		}
		if err := crashed.Memos("acme", "ada", func(engine.Memo) bool { t.Error("the key is an operator's"); return true }); err != nil {
			t.Error(err)
		}
		_ = crashed.Close()
	}
}

// TestBanCrashNotices is the control: a store that does not sync loses the ban.
func TestBanCrashNotices(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := openTest(t, testDir, Options{FS: fs, SkipSyncForTests: true})
	putBan(t, s, "acme", engine.VisitorID{1}, ban, nil)
	crashed := openTest(t, testDir, Options{FS: fs.CrashClone(vfs.CrashCloneCfg{})})
	if len(bansOf(t, crashed, "acme")) > 0 {
		t.Error("a store without syncs lost nothing: the crash test notices nothing")
	}
}

// A row that does not open, or was moved to another visitor, bans nobody and is told.
func TestDamagedBan(t *testing.T) {
	s := openTest(t, testDir, Options{FS: vfs.NewMem()})
	putBan(t, s, "acme", engine.VisitorID{1}, ban, nil)
	putBan(t, s, "acme", engine.VisitorID{2}, ban, nil)
	number := s.tenant("acme").number
	value, err := s.get(scopedKey(nil, kindBan, number, engine.VisitorID{1}))
	if err != nil {
		t.Fatal(err)
	}
	set(t, s, scopedKey(nil, kindBan, number, engine.VisitorID{2}), value)
	seen := 0
	err = s.Bans("acme", func(engine.VisitorID, engine.Ban) bool { seen++; return true })
	if !errors.Is(err, engine.ErrCorrupt) || seen != 1 {
		t.Errorf("got %d bans, error %v, want 1 and %v", seen, err, engine.ErrCorrupt)
	}
}

// GDPR Art. 17(3): a visitor's erasure leaves its ban, which is no text and ends by
// itself, and takes what its sessions were found by.
func TestBanOutlivesErasure(t *testing.T) {
	s := openTest(t, testDir, Options{FS: vfs.NewMem()})
	ref, visitor := storetest.NewRef("acme"), storetest.NewVisitor()
	term := storetest.Create(t, s, ref, visitor)
	storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, 1), Close: true, Filed: &engine.Filed{Department: "sales"}})
	putBan(t, s, "acme", visitor, ban, nil)
	release(t, s, ref)
	if page, err := s.sessions("acme", &engine.SessionQuery{Limit: 10}); err != nil || len(page.Sessions) != 1 {
		t.Fatalf("before: got %+v, %v", page, err)
	}
	erase(t, s, "acme", visitor)
	if page, err := s.sessions("acme", &engine.SessionQuery{Limit: 10}); err != nil || len(page.Sessions) != 0 {
		t.Errorf("an erased visitor's sessions are listed: %+v, %v", page, err)
	}
	if got := bansOf(t, s, "acme"); got[visitor] != ban {
		t.Errorf("the ban: got %v", got)
	}
}
