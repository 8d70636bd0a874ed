package persistence

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/storetest"
)

// TestOpenSessions: the start sees the open sessions' rows, and those only.
func TestOpenSessions(t *testing.T) {
	fs := vfs.NewMem()
	s := openTest(t, testDir, Options{FS: fs})
	want := map[engine.SessionRef]engine.VisitorID{}
	for i := range 6 {
		ref, visitor := storetest.NewRef([]engine.TenantID{"acme", "zeta"}[i%2]), storetest.NewVisitor()
		term := storetest.Create(t, s, ref, visitor)
		row := &engine.Row{Ref: ref, Visitor: visitor, State: engine.StateQueued}
		storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, 1), Row: row})
		want[ref] = visitor
		if i < 2 {
			storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 2, 1), Close: true})
			delete(want, ref)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, testDir, Options{FS: fs})
	got := map[engine.SessionRef]engine.VisitorID{}
	if err := s.OpenSessions(func(r *engine.Row) bool { got[r.Ref] = r.Visitor; return true }); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(got, want) {
		t.Fatalf("got %d open sessions, want %d", len(got), len(want))
	}
	seen := 0
	if err := s.OpenSessions(func(*engine.Row) bool { seen++; return false }); err != nil || seen != 1 {
		t.Errorf("a yield that says no: got %d rows, error %v, want 1", seen, err)
	}
	for ref := range want {
		set(t, s, keyOf(s, kindOpen, ref, 0), []byte("spoiled"))
		break
	}
	seen = 0
	err := s.OpenSessions(func(*engine.Row) bool { seen++; return true })
	if !errors.Is(err, engine.ErrCorrupt) || seen != len(want)-1 {
		t.Errorf("one spoiled row: got %d rows, error %v, want the others and %v", seen, err, engine.ErrCorrupt)
	}
}

// TestOpenSession: a visitor's open session is the last one created, until that
// one is closed.
func TestOpenSession(t *testing.T) {
	s := openTest(t, testDir, Options{FS: vfs.NewMem()})
	visitor := storetest.NewVisitor()
	first, second := storetest.NewRef("acme"), storetest.NewRef("acme")
	want := func(session engine.SessionID) {
		t.Helper()
		if got, err := s.OpenSession("acme", visitor); err != nil || got != session {
			t.Fatalf("got session %v, error %v, want %v", got, err, session)
		}
	}
	closeIt := func(ref engine.SessionRef, term engine.Term) {
		t.Helper()
		if err := storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, 1), Close: true})[0]; err != nil {
			t.Fatal(err)
		}
	}
	want(engine.SessionID{})
	termA := storetest.Create(t, s, first, visitor)
	want(first.Session)
	termB := storetest.Create(t, s, second, visitor)
	want(second.Session)
	closeIt(first, termA)
	want(second.Session)
	closeIt(second, termB)
	want(engine.SessionID{})
}

// TestActivityOfSubject: the last activity is the visitor's, to the minute, and
// a close that does not know it leaves it.
func TestActivityOfSubject(t *testing.T) {
	s := openTest(t, testDir, Options{FS: vfs.NewMem()})
	visitor, at := storetest.NewVisitor(), time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	var last engine.SessionRef
	for _, activity := range []time.Time{at, {}} {
		last = storetest.NewRef("acme")
		term := storetest.Create(t, s, last, visitor)
		storetest.Append(t, s, engine.Append{Ref: last, Term: term, Entries: storetest.Messages(last, 1, 1), Close: true, Activity: activity})
	}
	got := storetest.Claim(t, s, engine.Claim{Ref: last})
	if want := at.Truncate(time.Minute); got.Err != nil || !got.Head.Activity.Equal(want) {
		t.Fatalf("got activity %v, error %v, want %v", got.Head.Activity, got.Err, want)
	}
}

func TestIntents(t *testing.T) {
	fs := vfs.NewMem()
	s := openTest(t, testDir, Options{FS: fs})
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	want := map[engine.OperatorID]engine.IntentInfo{
		"olga": {Intent: engine.IntentPaused, Cause: engine.CauseManual, By: "boss", Device: "phone", At: at},
		"owen": {Intent: engine.IntentPaused, Cause: engine.CauseManual, By: "owen", At: at, Until: at.Add(time.Hour)},
		"omar": {Intent: engine.IntentSignedOut, Cause: engine.CauseManual, By: "omar", At: at, Drain: true},
		"otto": {Intent: engine.IntentAccepting, Cause: engine.CauseMissed, At: at},
		"orla": {Intent: engine.IntentPaused, Cause: engine.CauseSupervisor, By: "boss", At: at, Until: at.Add(time.Hour), Reason: "training"},
		"oona": {Intent: engine.IntentSignedOut, Cause: engine.CauseIntegration, At: at, Revoked: at.Add(-time.Second)},
	}
	putIntent(t, s, "acme", "olga", engine.IntentInfo{Intent: engine.IntentAccepting})
	for operator, info := range want {
		putIntent(t, s, "acme", operator, info)
	}
	putIntent(t, s, "zeta", "olga", engine.IntentInfo{Intent: engine.IntentSignedOut})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, testDir, Options{FS: fs})
	got := map[engine.OperatorID]engine.IntentInfo{}
	if err := s.Intents("acme", func(o engine.OperatorID, i engine.IntentInfo) bool { got[o] = i; return true }); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if err := s.Intents("nobody", func(engine.OperatorID, engine.IntentInfo) bool { t.Error("an intent of nobody"); return true }); err != nil {
		t.Error(err)
	}
}

func TestTokens(t *testing.T) {
	fs := vfs.NewMem()
	s := openTest(t, testDir, Options{FS: fs})
	claims := []byte(`{"visitor":"canary-7f3a"}`)
	token, err := s.SealToken("acme", claims)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.SealToken("zeta", claims); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(token, "+/=") || strings.Contains(token, "canary") {
		t.Errorf("the token %q is no URL-safe sealed text", token)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, testDir, Options{FS: fs})
	if got, err := s.OpenToken("acme", token); err != nil || !slices.Equal(got, claims) {
		t.Fatalf("after reopening: got %d bytes, error %v", len(got), err)
	}
	flipped := []byte(token)
	flipped[len(flipped)/2] ^= 1
	for name, c := range map[string]struct {
		tenant engine.TenantID
		token  string
	}{
		"another tenant": {"zeta", token}, "no tenant": {"nobody", token}, "flipped": {"acme", string(flipped)},
		"empty": {"acme", ""}, "short": {"acme", token[:20]}, "cut": {"acme", token[:len(token)-2]}, "no base64": {"acme", "!!" + token},
		"long": {"acme", strings.Repeat("A", 1<<20)}, "appended": {"acme", token + "AAAA"},
	} {
		if got, err := s.OpenToken(c.tenant, c.token); err != engine.ErrAuthInvalid || got != nil {
			t.Errorf("%s: got %v, want exactly %v", name, err, engine.ErrAuthInvalid)
		}
	}
}

// TestSessionsOfOneVisitor: sessions of a new visitor that are created at the
// same moment share the visitor's key, whoever is released first.
func TestSessionsOfOneVisitor(t *testing.T) {
	fs := vfs.NewMem()
	s := openTest(t, testDir, Options{FS: fs})
	var refs []engine.SessionRef
	for range 20 {
		visitor := storetest.NewVisitor()
		claimed := make(chan error, 4)
		for range cap(claimed) {
			ref := storetest.NewRef("acme")
			refs = append(refs, ref)
			s.Claim(engine.Claim{Ref: ref, Create: &engine.Create{Visitor: visitor}}, func(_ engine.Head, _ []*engine.Entry, err error) {
				s.Release(ref)
				claimed <- err
			})
		}
		for range cap(claimed) {
			if err := <-claimed; err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, testDir, Options{FS: fs})
	for _, ref := range refs {
		if got := storetest.Claim(t, s, engine.Claim{Ref: ref}); got.Err != nil {
			t.Errorf("claim: %v", got.Err)
		}
	}
	if live, _ := s.ring.Slots(); live != len(refs)+len(refs)/4+len(tenantKinds) {
		t.Errorf("got %d keys, want one per session, one per visitor and %d of the tenant", live, len(tenantKinds))
	}
}
