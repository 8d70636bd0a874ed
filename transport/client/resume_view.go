package client

import (
	"errors"
	"fmt"
	"slices"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/wire"
)

// view is how much of each session a client holds, over all its connections.
type view struct {
	last    map[engine.SessionID]engine.Seq
	closed  map[engine.SessionID]bool // of last: nothing follows
	order   []engine.SessionID        // of closed, the oldest first
	resumed map[engine.SessionID]bool // since the present connection began
}

// keptClosed is how many closed sessions are remembered, so that a server that
// resumes one again shows nothing twice.
const keptClosed = 256

// maxHave is how many sessions auth may name.
const maxHave = 1024

func newView(have []engine.Have) *view {
	v := &view{last: map[engine.SessionID]engine.Seq{}, closed: map[engine.SessionID]bool{}}
	for _, h := range have {
		v.last[h.Session] = h.Seq
	}
	return v
}

func (v *view) have() []engine.Have {
	have := make([]engine.Have, 0, len(v.last))
	for session, seq := range v.last {
		if !v.closed[session] && len(have) < maxHave {
			have = append(have, engine.Have{Session: session, Seq: seq})
		}
	}
	return have
}

// errGap means that an event's predecessor never came: a fault of the server's,
// or of something in between. Coming back with what is held mends it.
var errGap = errors.New("an event is missing")

// event judges an event: fresh is true for the next one, false for one that is
// held already.
func (v *view) event(f *wire.Server) (fresh bool, err error) {
	session, err := engine.ParseSessionID(f.Session)
	if err != nil {
		return false, err
	}
	held := v.last[session]
	switch {
	case f.Seq <= held:
		return false, nil
	case f.Prev > held:
		return false, fmt.Errorf("session %s: %w before %d: %d came before it, %d is held", session, errGap, f.Seq, f.Prev, held)
	}
	v.last[session] = f.Seq
	if f.Type == engine.KindSessionClosed.String() {
		v.close(session)
	}
	return true, nil
}

func (v *view) close(session engine.SessionID) {
	if v.closed[session] {
		return
	}
	v.closed[session] = true
	if v.order = append(v.order, session); len(v.order) > keptClosed {
		v.forget(v.order[0])
	}
}

func (v *view) forget(session engine.SessionID) {
	delete(v.last, session)
	delete(v.closed, session)
	v.order = slices.DeleteFunc(v.order, func(other engine.SessionID) bool { return other == session })
}

// begin takes the frame that says from where on a session's events come. It is
// news unless the client holds the session to its end.
func (v *view) begin(f *wire.Server, d *wire.Data) (news bool, err error) {
	session, err := engine.ParseSessionID(f.Session)
	if err != nil {
		return false, err
	}
	v.resumed[session] = true
	held := v.last[session]
	switch {
	case v.closed[session]:
		return false, nil
	case d.Reset:
		v.last[session] = max(d.From, 1) - 1
	default:
		// Known from here on, though nothing may have come. From may lie beyond what
		// is held: numbers in between may not be for this reader. The next event's
		// prev tells.
		v.last[session] = held
	}
	return true, nil
}

// unresumed lists the sessions of which something is held, or which the server
// called open, and which it has not resumed on the present connection.
func (v *view) unresumed(open []engine.SessionID) (missing, ended []engine.SessionID) {
	listed := map[engine.SessionID]bool{}
	for _, session := range open {
		listed[session] = true
		if !v.resumed[session] {
			missing = append(missing, session)
		}
	}
	for session := range v.last {
		if !listed[session] && !v.resumed[session] && !v.closed[session] {
			ended = append(ended, session)
		}
	}
	return missing, ended
}

// openSessions is what the server's hello calls open.
func openSessions(w *wire.Welcome) []engine.SessionID {
	texts := []string{w.Session}
	if w.Me != nil {
		texts = append(texts, w.Me.Sessions...)
	}
	var open []engine.SessionID
	for _, text := range texts {
		if session, err := engine.ParseSessionID(text); err == nil {
			open = append(open, session)
		}
	}
	return open
}
