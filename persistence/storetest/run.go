package storetest

import (
	"testing"

	"github.com/parleyhq/parley/engine"
)

// Backend is what is tested.
type Backend struct {
	// New makes an empty store that t.Cleanup closes.
	New func(t testing.TB) engine.Log
	// Reopen closes a store and opens it again with what it kept. Nil: the store
	// keeps nothing, and laws of keeping are not tested.
	Reopen func(t testing.TB, log engine.Log) engine.Log
	// ForgetsOnRelease says that Release ends the session for good, as in a store
	// for tenants whose transcripts are off; laws of claiming a released session
	// are not tested then.
	ForgetsOnRelease bool
}

// Run tests a backend, each law on a store of its own.
func Run(t *testing.T, b Backend) {
	for _, law := range laws {
		t.Run(law.name, func(t *testing.T) {
			if law.keeps && b.Reopen == nil {
				t.Skip("the store keeps nothing")
			}
			if law.releases && b.ForgetsOnRelease {
				t.Skip("the store forgets on release")
			}
			law.test(&suite{T: t, backend: b, log: b.New(t)})
		})
	}
	t.Run("model", func(t *testing.T) { testModel(t, b) })
}

// suite is one law's test.
type suite struct {
	*testing.T
	backend Backend
	log     engine.Log
}

var laws = []struct {
	name     string
	keeps    bool // needs Reopen
	releases bool // claims a released session
	test     func(*suite)
}{
	{name: "unknown session", test: (*suite).unknown},
	{name: "create is idempotent", test: (*suite).createTwice},
	{name: "entries come back whole", test: (*suite).roundTrip},
	{name: "numbers are contiguous", test: (*suite).contiguous},
	{name: "an append is all or none", test: (*suite).allOrNone},
	{name: "a new claim fences the old term", test: (*suite).fencing},
	{name: "what was queued before a claim lands", test: (*suite).claimOrder},
	{name: "a release ends the term", test: (*suite).release},
	{name: "one call appends to several sessions", test: (*suite).several},
	{name: "reading is bounded", test: (*suite).readBounds},
	{name: "a claim answers the tail", test: (*suite).tail},
	{name: "a claim answers results", test: (*suite).results},
	{name: "a claim answers the form", test: (*suite).form},
	{name: "a claim answers the row", test: (*suite).row},
	{name: "a closed session stays closed", test: (*suite).closing},
	{name: "redacted text is gone", test: (*suite).redaction},
	{name: "text is redacted in the append that brings it", test: (*suite).redactionAtOnce},
	{name: "files come back whole", test: (*suite).files},
	{name: "files go with their messages", test: (*suite).filesGo},
	{name: "a session changes hands", test: (*suite).handOver},
	{name: "a start's key leads to its session", test: (*suite).starts},
	{name: "a start's key outlives its session", test: (*suite).startsKept},
	{name: "a start's key is let go", test: (*suite).startsForgotten},
	{name: "sessions are listed", test: (*suite).listing},
	{name: "a session changed hands for good", keeps: true, releases: true, test: (*suite).handOverKept},
	{name: "a released session is claimed again", releases: true, test: (*suite).reclaim},
	{name: "tenants do not share sessions", test: (*suite).tenants},
	{name: "sessions are independent", test: (*suite).concurrent},
	{name: "a reopened store has it all", keeps: true, releases: true, test: (*suite).reopen},
}
