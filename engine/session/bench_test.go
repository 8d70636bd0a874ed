package session_test

import (
	"strconv"
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// BenchmarkStep is one message of a visitor's, and its becoming durable.
func BenchmarkStep(b *testing.B) {
	c := newChat()
	c.step(session.Present{On: true})
	c.step(session.Ask{By: visitor, Draft: engine.Draft{Op: engine.OpStart}})
	c.step(session.Offer{Operator: "ada", Epoch: 1, Number: 1})
	c.step(session.Ask{By: operator("ada"), Draft: engine.Draft{Op: engine.OpAccept, Offer: 3}})
	keys := make([]string, 4096) // a life's worth; then a new life begins
	for i := range keys {
		keys[i] = "message-" + strconv.Itoa(i)
	}
	body := engine.BodyOf("a message of some forty characters, say.")
	head, tail := c.head(), c.log
	var out []session.Effect
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%len(keys) == 0 {
			b.StopTimer()
			c.s = session.Restore(ref, head, tail, rules)
			b.StartTimer()
		}
		draft := engine.Draft{Op: engine.OpMessage, Request: "r", ClientID: keys[i%len(keys)], Body: body}
		out = c.s.Step(session.Ask{By: visitor, Draft: draft}, c.now, out[:0])
		out = c.s.Step(session.Stored{Through: c.s.Last()}, c.now, out)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
}
