package wire

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// AppendPing appends the server's question whether the client is there, with how
// far sessions have come for it, and with a newer resume token; both may be empty.
func AppendPing(dst []byte, now time.Time, heads []engine.Have, resume string) []byte {
	dst = append(dst, `{"k":"ctl","t":"ping","d":{"ts":`...)
	dst = appendHave(appendTime(dst, now), "heads", heads)
	return append(appendField(dst, "resume_token", resume), '}', '}')
}

// AppendPong appends the answer to a ping; n is how many events have come by the
// connection.
func AppendPong(dst []byte, n uint64) []byte {
	return append(appendUintField(append(dst, `{"k":"ctl","t":"pong","d":{`...), "n", n), '}', '}')
}

// AppendAck appends how many events have come by the connection.
func AppendAck(dst []byte, n uint64) []byte {
	return append(appendUintField(append(dst, `{"k":"ctl","t":"ack","d":{`...), "n", n), '}', '}')
}

// Recovered is what became of what a returning client missed: of each session
// one of the three, or nothing if it missed nothing.
type Recovered struct {
	Gaps  []Gap              // filled by the events From to To
	Reset []engine.SessionID // the gap is too long: only the last events come
	Ended []engine.SessionID // not among the client's open sessions: history.get has the rest
}

// Gap is a session's events that a client missed.
type Gap struct {
	Session  engine.SessionID
	From, To engine.Seq
}

// AppendRecovered appends it.
func AppendRecovered(dst []byte, r *Recovered) []byte {
	dst = append(dst, `{"k":"ctl","t":"recovered","d":{"gaps":[`...)
	for i, g := range r.Gaps {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendUintField(appendSession(append(dst, '{'), "sid", g.Session), "from", uint64(g.From))
		dst = append(appendUintField(dst, "to", uint64(g.To)), '}')
	}
	dst = appendSessions(append(dst, ']'), "reset", r.Reset)
	return append(appendSessions(dst, "ended", r.Ended), '}', '}')
}

// appendSessions appends `,"name":[…]`.
func appendSessions(dst []byte, name string, sessions []engine.SessionID) []byte {
	dst = append(appendName(dst, name), '[')
	for i, session := range sessions {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendID(append(dst, '"'), engine.ID(session)), '"')
	}
	return append(dst, ']')
}

// appendHave appends `,"name":[{"sid":…,"seq":…}]`, nothing when there is none.
func appendHave(dst []byte, name string, have []engine.Have) []byte {
	if len(have) == 0 {
		return dst
	}
	dst = append(appendName(dst, name), '[')
	for i, h := range have {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendSession(append(dst, '{'), "sid", h.Session)
		dst = append(appendUintField(dst, "seq", uint64(h.Seq)), '}')
	}
	return append(dst, ']')
}

// Head is how far a session has come for the client, as a client reads it.
type Head struct {
	Session string     `json:"sid"`
	Seq     engine.Seq `json:"seq"`
}

// Missed is the frame "recovered" as a client reads it: see Recovered.
type Missed struct {
	Gaps []struct {
		Session string     `json:"sid"`
		From    engine.Seq `json:"from"`
		To      engine.Seq `json:"to"`
	} `json:"gaps"`
	Reset []string `json:"reset"`
	Ended []string `json:"ended"`
}
