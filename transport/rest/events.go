package rest

import (
	"strconv"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/wire"
)

// eventsPage encodes entries exactly as the operators' socket sends them, so
// that a reader needs one decoder for both. There is one entry more than the
// limit where there are later ones: it is not shown.
func eventsPage(entries []*engine.Entry, after engine.Seq, limit int) encoded {
	more := len(entries) > limit
	entries = entries[:min(len(entries), limit)]
	page := []byte(`{"events":[`)
	for i, entry := range entries {
		if i > 0 {
			page = append(page, ',')
		}
		page = wire.AppendEntry(page, entry, engine.VisibleToOperators)
		after = entry.Seq
	}
	page = append(page, `],"next_after_seq":`...)
	page = strconv.AppendUint(page, uint64(after), 10)
	page = append(page, `,"more":`...)
	page = strconv.AppendBool(page, more)
	return append(page, '}')
}
