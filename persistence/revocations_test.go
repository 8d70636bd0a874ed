package persistence

import (
	"maps"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parleyhq/parley/engine"
)

// TestRevocations: they survive a close, are each tenant's own, and go again.
func TestRevocations(t *testing.T) {
	fs := vfs.NewMem()
	s := openTest(t, testDir, Options{FS: fs})
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	put := func(tenant engine.TenantID, id byte, at time.Time) {
		t.Helper()
		answer := make(chan error, 1)
		s.PutRevocation(tenant, engine.VisitorID{15: id}, at, func(err error) { answer <- err })
		if err := <-answer; err != nil {
			t.Fatal(err)
		}
	}
	put("acme", 1, at.Add(-time.Hour))
	put("acme", 1, at)
	put("acme", 2, at.Add(time.Second))
	put("acme", 3, at)
	put("acme", 3, time.Time{})
	put("zeta", 4, at)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, testDir, Options{FS: fs})
	got := map[engine.VisitorID]time.Time{}
	if err := s.Revocations("acme", func(v engine.VisitorID, at time.Time) bool { got[v] = at; return true }); err != nil {
		t.Fatal(err)
	}
	want := map[engine.VisitorID]time.Time{{15: 1}: at, {15: 2}: at.Add(time.Second)}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
