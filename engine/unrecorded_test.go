package engine_test

import (
	"testing"

	"github.com/parleyhq/parley/engine"
)

// TestUnrecorded: what may leave the process where nothing is recorded holds facts and
// none of what anybody typed (I15).
func TestUnrecorded(t *testing.T) {
	for name, c := range map[string]struct {
		format engine.Format
		body   string
		want   string
	}{
		"a message":            {engine.FormatText, "canary-7f3a", ""},
		"a form":               {engine.FormatForm, `{"name":"canary-7f3a"}`, ""},
		"a file":               {engine.FormatFile, `{"name":"canary-7f3a.png"}`, ""},
		"facts":                {engine.FormatFacts, `{"step":1}`, `{"step":1}`},
		"facts with tags":      {engine.FormatFacts, `{"tags":["canary-7f3a"],"score":4}`, `{"score":4}`},
		"what cannot be read":  {engine.FormatFacts, `{"tags":canary-7f3a`, ""},
		"facts that name tags": {engine.FormatFacts, `{"needs":[{"skill":"\"tags\""}]}`, `{"needs":[{"skill":"\"tags\""}]}`},
	} {
		e := &engine.Entry{Seq: 7, Kind: engine.KindMessageNew, Operator: "ada", Format: c.format, Body: engine.BodyOf(c.body)}
		got := e.Unrecorded()
		if string(got.Body.Reveal()) != c.want || got.Seq != 7 || got.Operator != "ada" {
			t.Errorf("%s: got %q of %v, want %q", name, got.Body.Reveal(), got, c.want)
		}
		if (got.Format == engine.FormatRedacted) != (c.want == "") {
			t.Errorf("%s: got format %v", name, got.Format)
		}
		if string(e.Body.Reveal()) != c.body {
			t.Errorf("%s: the entry itself was changed", name)
		}
	}
}
