package engine

import (
	"bytes"
	"encoding/json"
)

// Unrecorded is what may leave the process of an entry where transcripts are off, an
// embedding host included: that it happened, to whom and why, and nothing that anybody
// typed. Facts stay, less the tags, which are somebody's words as well.
func (e *Entry) Unrecorded() *Entry {
	if e.Format != FormatFacts {
		return e.Redacted()
	}
	if !bytes.Contains(e.Body.Reveal(), []byte(`"tags"`)) {
		return e
	}
	without := e.Redacted()
	var f Facts
	if json.Unmarshal(e.Body.Reveal(), &f) != nil {
		return without
	}
	f.Tags = nil
	if text, err := json.Marshal(&f); err == nil {
		without.Body, without.Format = NewBody(text), FormatFacts
	}
	return without
}
