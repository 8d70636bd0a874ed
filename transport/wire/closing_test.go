package wire_test

import (
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/wire"
)

// TestClosingSaysUntilWhenToOperators: how long an owner may write notes is no
// visitor's matter.
func TestClosingSaysUntilWhenToOperators(t *testing.T) {
	until := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	for reader, want := range map[engine.Visibility]bool{engine.VisibleToAll: false, engine.VisibleToOperators: true} {
		e := &engine.Entry{Kind: engine.KindSessionClosing, Seq: 3, At: until, Deadline: until}
		frame := string(wire.EncodeEntry(e, reader))
		if got := strings.Contains(frame, `"deadline":"2026-05-04T03:02:01.000Z"`); got != want {
			t.Errorf("to %s: got %s, want a deadline: %t", reader, frame, want)
		}
	}
}
