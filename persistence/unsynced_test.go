package persistence

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/storetest"
)

// TestNobodyReadsBeforeTheSync holds a sync back: Pebble shows the batch already,
// the store must not.
func TestNobodyReadsBeforeTheSync(t *testing.T) {
	var armed atomic.Bool
	syncing, proceed := make(chan struct{}), make(chan struct{})
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData) && strings.HasSuffix(op.Path, ".log") && armed.CompareAndSwap(true, false) {
			close(syncing)
			<-proceed
		}
		return nil
	}))
	s := openTest(t, testDir, Options{FS: fs})
	ref := storetest.NewRef("acme")
	term := storetest.Create(t, s, ref, storetest.NewVisitor())
	storetest.Append(t, s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, 1)})
	armed.Store(true)
	answer := storetest.StartAppend(s, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 2, 1)})
	<-syncing
	entries, err := storetest.ReadFrom(t, s, ref, 0, 10)
	if err != nil || len(entries) != 1 {
		t.Errorf("during the sync: got %d entries, error %v, want the durable one", len(entries), err)
	}
	select {
	case <-answer:
		t.Error("acknowledged before the sync")
	default:
	}
	close(proceed)
	if err := (<-answer)[0]; err != nil {
		t.Fatal(err)
	}
	if entries, err := storetest.ReadFrom(t, s, ref, 0, 10); err != nil || len(entries) != 2 {
		t.Errorf("after the sync: got %d entries, error %v, want 2", len(entries), err)
	}
}
