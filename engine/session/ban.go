package session

import "github.com/parleyhq/parley/engine"

// ban ends the session of a visitor who was banned. The entry names who did so;
// what was under way for the visitor ends with it.
func (t *turn) ban(by engine.Author) {
	if t.closed != 0 || t.row.State == engine.StateNew {
		return
	}
	t.closeFor(engine.CauseBanned, by, engine.Draft{})
}

// bannedFrom is why a visitor may not begin or write now, or nil.
func (t *turn) bannedFrom(by engine.Author) *engine.Error {
	if by.Kind != engine.AuthorVisitor || !t.now.Before(t.asker.banned) {
		return nil
	}
	return engine.ErrBanned.EndsAt(t.asker.banned)
}

// spokenFor is the cause of what is written in the visitor's name: none, unless a
// server of the tenant's says it for the visitor.
func (t *turn) spokenFor() engine.Cause {
	if t.asker.server {
		return engine.CauseIntegration
	}
	return engine.CauseNone
}
