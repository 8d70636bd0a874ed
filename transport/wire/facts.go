package wire

import (
	"encoding/json"

	"github.com/parleyhq/parley/engine"
)

// appendFacts appends what an entry says besides its own fields: engine.Facts. An
// operator gets all of them. A visitor gets its own rating and the session that
// this one continues, and nothing else: who else could have served it, and how it
// is filed, is not for it.
func appendFacts(dst []byte, e *engine.Entry, reader engine.Visibility) []byte {
	if e.Format != engine.FormatFacts || !json.Valid(e.Body.Reveal()) {
		return dst
	}
	if reader == engine.VisibleToOperators {
		return append(appendName(dst, "facts"), e.Body.Reveal()...)
	}
	if e.Kind != engine.KindRated && e.Kind != engine.KindSessionStarted {
		return dst
	}
	var all engine.Facts
	if json.Unmarshal(e.Body.Reveal(), &all) != nil {
		return dst
	}
	text, err := json.Marshal(engine.Facts{Score: all.Score, Previous: all.Previous})
	if err != nil || string(text) == "{}" {
		return dst
	}
	return append(appendName(dst, "facts"), text...)
}
