package main

import (
	"testing"

	"github.com/parleyhq/parley/transport"
)

// TestAskedAsItEnds: a question that reaches a session while its actor ends is
// answered by the next one. Once it went round in the ended actor for ever, and
// the server could not stop.
func TestAskedAsItEnds(t *testing.T) {
	d := newDoorstep(t, transport.Options{})
	for i := range 100 {
		visitor := d.visitorAt("acme", shopOrigin)
		sid := visitor.ok("session.start", map[string]any{"text": "hello", "idem": "s"})["sid"].(string)
		closing := visitor.send("session.close", map[string]any{"sid": sid, "idem": "c"})
		if i%2 == 0 { // half of them ask on seeing the end, half all the time
			visitor.until("the close", func(f map[string]any) bool { return f["k"] == "res" && f["id"] == closing })
		}
		var asked []string
		for range 12 {
			asked = append(asked, visitor.send("history.get", map[string]any{"sid": sid}))
		}
		for _, id := range asked {
			result := visitor.until("the result of "+id, func(f map[string]any) bool { return f["k"] == "res" && f["id"] == id })
			if result["ok"] != true {
				t.Fatalf("refused: %v", result["e"])
			}
		}
	}
}
