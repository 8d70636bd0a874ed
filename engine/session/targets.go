package session

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// MayTransfer says why somebody may not hand the session on now, wherever to, or nil:
// the same judgement as OpTransfer's.
func (s *Session) MayTransfer(by engine.Author, rights engine.Rights, d engine.Draft, now time.Time) *engine.Error {
	d.Plan, d.Body = &engine.Plan{}, engine.Body{}
	t := turn{Session: s, now: now, rights: rights}
	return t.mayHandOn(by, d)
}

// MayGoTo says what is wrong with a target that fails where nobody of it can take the
// session now, or nil: the same judgement as OpTransfer's.
func (s *Session) MayGoTo(to engine.Target, now time.Time) *engine.Error {
	t := turn{Session: s, now: now}
	return t.mayGoTo(&engine.Plan{Target: to})
}
