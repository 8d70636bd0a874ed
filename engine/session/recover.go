package session

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// recover makes a restored session whole: an offer was no durable promise. All
// other deadlines go on as they were.
func (t *turn) recover(since time.Time) {
	t.fillIn()
	t.endOffers(engine.CauseRestart)
	t.row.Offers = nil
	t.row.Service.Members = slices.DeleteFunc(slices.Clone(t.row.Service.Members), func(m engine.Member) bool { return m.Hidden })
	if t.row.State == engine.StateOffered {
		t.move(engine.StateQueued)
	}
	if !t.present && t.goneSince.IsZero() {
		if t.goneSince = since; since.IsZero() {
			t.goneSince = t.now // I4: a waiting session always has a deadline or a visitor
		}
	}
	t.routed = t.row.State.IsOpen() && t.row.State != engine.StateNew
}

// fillIn completes a row that was written before there was Service: its silence
// and waiting count from now on, and from when it was first queued.
func (t *turn) fillIn() {
	s := &t.row.Service
	switch t.row.State {
	case engine.StateQueued, engine.StateOffered:
		if s.Queued.IsZero() {
			s.Queued = t.row.FirstQueued
		}
	case engine.StateActive, engine.StateDetached:
		if s.TurnSince.IsZero() {
			s.TurnSince = t.now
		}
		if t.row.State == engine.StateDetached && s.GraceBy.IsZero() {
			s.GraceBy = t.now.Add(t.department().OperatorGrace)
		}
	case engine.StateUnattended:
		if s.ReviewBy.IsZero() {
			s.ReviewBy = t.now.Add(t.department().UnattendedFor)
		}
	default:
	}
}
