package wire

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// The watches that an operator's connection chooses: lines, boards, operators.

// topicsOf reads ["queue:sales",…].
func topicsOf(value []byte) ([]engine.Topic, bool) {
	topics := []engine.Topic{} // not nil: none is a choice too
	ok := eachItem(value, func(item []byte) bool {
		text, good := textOf(item, 1, 128)
		topic, known := engine.ParseTopic(text)
		topics = append(topics, topic)
		return good && known && len(topics) <= engine.MaxTopics
	})
	return topics, ok
}

// appendTopics appends what a connection watches now.
func appendTopics(dst []byte, topics []engine.Topic) []byte {
	return appendNamedTopics(dst, "topics", topics)
}

func appendNamedTopics(dst []byte, name string, topics []engine.Topic) []byte {
	dst = append(appendName(dst, name), '[')
	for i, t := range topics {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, t.String())
	}
	return append(dst, ']')
}

func snapshotOrDelta(snapshot bool) string {
	if snapshot {
		return "snapshot"
	}
	return "delta"
}

func appendQueue(dst []byte, q *engine.Queue) []byte {
	dst = appendWatch(dst, "queue", snapshotOrDelta(q.Snapshot), q.Rev)
	dst = appendField(dst, "department", string(q.Department()))
	dst = append(appendName(dst, "rows"), '[')
	for i := range q.Rows {
		row := &q.Rows[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendSession(append(dst, '{'), "sid", row.Session)
		dst = appendField(dst, "department", string(row.Department))
		dst = appendTimeField(dst, "since", row.Since)
		dst = append(appendBoolField(dst, "offered", row.Offered), '}')
	}
	dst = append(dst, `],"gone":[`...)
	for i, session := range q.Gone {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendID(append(dst, '"'), engine.ID(session)), '"')
	}
	dst = append(dst, `],"lines":[`...)
	lines := q.Lines()
	for i := range lines {
		l := &lines[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendField(append(dst, '{'), "department", string(l.Department))
		dst = appendIntField(dst, "length", l.Length)
		dst = append(appendWaits(dst, l.OldestSince, l.P50, l.P90), '}')
	}
	return append(dst, ']', '}', '}')
}

// appendWaits appends since when the longest waiting one waits, and how long one that
// came now would.
func appendWaits(dst []byte, oldest time.Time, p50, p90 time.Duration) []byte {
	if !oldest.IsZero() {
		dst = appendTimeField(dst, "oldest_since", oldest)
	}
	return appendSeconds(appendSeconds(dst, "p50_s", p50), "p90_s", p90)
}

func appendBoard(dst []byte, s *engine.BoardShown) []byte {
	dst = appendWatch(dst, "board", snapshotOrDelta(s.Snapshot), s.Rev)
	return append(appendBoardFields(dst, &s.Board, s.At), '}', '}')
}

// AppendBoard appends a board as an object of its own, as counted at a moment.
func AppendBoard(dst []byte, b *engine.Board, at time.Time) []byte {
	return append(appendBoardFields(append(dst, '{'), b, at), '}')
}

func appendBoardFields(dst []byte, b *engine.Board, at time.Time) []byte {
	dst = appendField(dst, "department", string(b.Department))
	dst = appendTimeField(dst, "at", at)
	dst = appendIntField(dst, "waiting", b.Waiting)
	dst = appendIntField(dst, "offered", b.Offered)
	dst = appendIntField(dst, "active", b.Active)
	dst = appendIntField(dst, "detached", b.Detached)
	dst = appendIntField(dst, "closing", b.Closing)
	dst = appendIntField(dst, "unattended", b.Unattended)
	var waited time.Duration
	if !b.OldestSince.IsZero() {
		waited = max(at.Sub(b.OldestSince), 0)
	}
	dst = appendIntField(dst, "oldest_wait_s", int(waited/time.Second))
	dst = appendWaits(dst, b.OldestSince, b.P50, b.P90)
	dst = append(appendName(dst, "operators"), '{')
	for state, n := range b.Operators {
		dst = appendIntField(dst, engine.OperatorState(state).String(), n)
	}
	dst = appendIntField(append(dst, '}'), "slots", b.Slots)
	dst = append(appendName(dst, "hour"), '{')
	dst = appendIntField(dst, "served", b.Hour.Served)
	dst = appendIntField(dst, "abandoned", b.Hour.Abandoned)
	dst = appendIntField(dst, "replies", b.Hour.Replies)
	if b.Hour.Replies > 0 {
		dst = appendUintField(dst, "first_reply_ms", uint64(max(b.Hour.FirstReply, 0).Milliseconds()))
	}
	if !b.Hour.Since.IsZero() {
		dst = appendTimeField(dst, "since", b.Hour.Since)
	}
	return append(dst, '}')
}

func appendOperators(dst []byte, s *engine.OperatorsShown) []byte {
	dst = append(appendWatch(dst, "operators", snapshotOrDelta(s.Snapshot), s.Rev), `"rows":[`...)
	for i := range s.Rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendOperator(dst, &s.Rows[i])
	}
	dst = append(dst, `],"gone":[`...)
	for i, id := range s.Gone {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, string(id))
	}
	return append(dst, ']', '}', '}')
}

// AppendOperator appends an operator as an object of its own.
func AppendOperator(dst []byte, row *engine.OperatorRow) []byte {
	dst = appendField(append(dst, '{'), "operator", string(row.Operator))
	dst = appendField(dst, "state", row.State.String())
	if !row.Since.IsZero() {
		dst = appendTimeField(dst, "since", row.Since)
	}
	dst = appendIntField(dst, "used", row.Used)
	dst = appendIntField(dst, "capacity", row.Capacity)
	dst = appendIntField(dst, "open", row.Open)
	return append(appendIntField(dst, "open_cap", row.OpenCap), '}')
}

func appendEnded(dst []byte, s engine.WatchEnded) []byte {
	dst = appendWatch(dst, s.Topic.Kind.String(), "ended", s.Rev)
	return append(appendField(dst, "department", string(s.Topic.Department)), '}', '}')
}

// AppendPeople appends a people frame that names several operators, as names says.
func AppendPeople(dst []byte, ids []engine.OperatorID, names func(engine.OperatorID) string) []byte {
	dst = append(dst, `{"k":"eph","t":"people","d":{"people":[`...)
	for i, id := range ids {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"kind":"operator","id":`...)
		dst = append(appendString(dst, string(id)), `,"name":`...)
		dst = append(appendString(dst, names(id)), '}')
	}
	return append(dst, ']', '}', '}')
}
