package session_test

import (
	"testing"
	"time"

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

// TestClosedSaysWhenItOpens: also of a department that is about to close.
func TestClosedSaysWhenItOpens(t *testing.T) {
	monday := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	hours := &engine.Hours{}
	hours.Weekly[time.Monday] = []engine.Span{{From: 9 * time.Hour, Until: 12 * time.Hour}, {From: 14 * time.Hour, Until: 17 * time.Hour}}
	d := engine.Department{ID: "desk", Hours: hours, StopBefore: 30 * time.Minute}
	d.EnsureDefaults()
	rules := rules
	rules.Department = func(engine.DepartmentID) (engine.Department, bool) { return d, true }
	for at, opens := range map[time.Duration]time.Duration{
		8 * time.Hour:                 9 * time.Hour,
		11*time.Hour + 30*time.Minute: 14 * time.Hour, // it takes nobody any more
		13 * time.Hour:                14 * time.Hour,
		16*time.Hour + 59*time.Minute: 7*24*time.Hour + 9*time.Hour,
	} {
		s := session.New(ref, engine.VisitorID{15: 7}, rules)
		start := session.Ask{By: visitor, Draft: engine.Draft{Op: engine.OpStart, Request: "r", ClientID: "k"}}
		var got *engine.Error
		for _, e := range s.Step(start, monday.Add(at), nil) {
			if r, is := e.(session.Reply); is {
				got = r.Answer.Err
			}
		}
		if got == nil || got.Code != engine.ErrDepartmentClosed.Code || !got.Opens.Equal(monday.Add(opens)) {
			t.Errorf("at %s: got %+v, want that it opens at %s", at, got, opens)
		}
	}
}
