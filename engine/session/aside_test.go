package session_test

import (
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// TestLeftAsAMessage: what its visitor chose to leave as a message stays one, over
// restarts too; who was given up waits again when service returns.
func TestLeftAsAMessage(t *testing.T) {
	for name, c := range map[string]struct {
		aside func(l *life)
		wants engine.State
	}{
		"by choice": {func(l *life) {
			l.good(visitor, engine.Draft{Op: engine.OpLeaveQueue, Plan: &engine.Plan{Message: true}})
		}, engine.StateUnattended},
		"nobody came in time": {func(l *life) {
			l.do(session.Defer{Epoch: l.s.Row().Epoch, Cause: engine.CauseQueueTimeout})
		}, engine.StateQueued},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLife(t)
			l.do(session.Present{On: true})
			l.begin("sunday") // its messages may wait again
			c.aside(l)
			l.is(engine.StateUnattended, "")
			l.restarted()
			l.do(session.Recover{Since: l.now})
			l.do(session.Present{On: true})
			l.do(session.Resume{Epoch: l.s.Row().Epoch})
			l.is(c.wants, "")
			if row := l.s.Row(); (row.Service.Aside == engine.CauseNone) != (c.wants == engine.StateQueued) {
				t.Errorf("aside because of %v", row.Service.Aside)
			}
		})
	}
}
