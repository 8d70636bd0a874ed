package client

import (
	"errors"
	"fmt"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/wire"
)

// view is how much of each session a client holds, over all its connections.
type view struct {
	last    map[engine.SessionID]engine.Seq
	resumed map[engine.SessionID]bool // since the present connection began
}

// maxHave is how many sessions auth may name.
const maxHave = 1024

func newView(have []engine.Have) *view {
	v := &view{last: map[engine.SessionID]engine.Seq{}}
	for _, h := range have {
		v.last[h.Session] = h.Seq
	}
	return v
}

func (v *view) have() []engine.Have {
	have := make([]engine.Have, 0, len(v.last))
	for session, seq := range v.last {
		if have = append(have, engine.Have{Session: session, Seq: seq}); len(have) == maxHave {
			break
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
		delete(v.last, session) // nothing follows
	}
	return true, nil
}

// begin takes the frame that says from where on a session's events come.
func (v *view) begin(f *wire.Server, d *wire.Data) error {
	session, err := engine.ParseSessionID(f.Session)
	if err != nil {
		return err
	}
	held := v.last[session]
	switch {
	case d.Reset:
		v.last[session] = max(d.From, 1) - 1
	case d.From > held+1:
		return fmt.Errorf("session %s: %w: resumed from %d, %d is held", session, errGap, d.From, held)
	}
	v.resumed[session] = true
	return nil
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
		if !listed[session] && !v.resumed[session] {
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
