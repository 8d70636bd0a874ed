package client

import (
	"fmt"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/wire"
)

// pinged takes what a ping tells: a newer resume token, and how far sessions have
// come. What was sent before the ping has come before it; so a session that is
// said to be further than what is held has lost its tail on the way, and it is
// asked for. Nothing else would tell until somebody wrote again.
func (t *talk) pinged(f *wire.Server) error {
	var d wire.Data
	if err := f.Read(&d); err != nil {
		return err
	}
	if d.Resume != "" {
		t.r.resume = d.Resume
	}
	for _, head := range d.Heads {
		if err := t.compare(head); err != nil {
			return err
		}
	}
	return nil
}

func (t *talk) compare(head wire.Head) error {
	session, err := engine.ParseSessionID(head.Session)
	if err != nil {
		return err
	}
	v := t.r.view
	switch held, known := v.last[session]; {
	case v.closed[session] || known && head.Seq <= held:
		return nil
	case !v.resumed[session]: // not even its beginning came
		return fmt.Errorf("session %s: %w", session, errNotResumed)
	case t.asksFor(session):
		return nil
	}
	t.r.count(func(s *Stats) { s.Behind++ })
	t.behind = append(t.behind, paging{session: session, before: head.Seq + 1, missed: true})
	return nil
}

// asksFor reports that what is missing of a session is being asked for.
func (t *talk) asksFor(session engine.SessionID) bool {
	if t.page != nil && t.page.session == session {
		return true
	}
	for _, p := range t.behind {
		if p.session == session {
			return true
		}
	}
	return false
}
