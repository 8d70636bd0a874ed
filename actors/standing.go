package actors

import (
	"sync"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
)

// standing is what others may see of an operator, kept beside its actor so that
// whoever watches need not ask it.
type standing struct {
	// Guarded by mu.
	mu        sync.Mutex
	state     engine.OperatorState
	since     time.Time // zero: nothing was said yet
	load      loadIs
	breathing time.Time
}

// show says what the operator is after a turn of its actor.
func (a *operatorActor) show(now time.Time) {
	is, s := a.stateNow(), &a.h.standing
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since.IsZero() || is != s.state {
		s.state, s.since = is, now.UTC().Truncate(time.Millisecond)
	}
	s.load, s.breathing = a.load, a.breathing()
}

func (a *operatorActor) stateNow() engine.OperatorState {
	switch c := a.machine.Connectivity(); {
	case a.intent.Intent == engine.IntentNone || a.intent.Intent == engine.IntentSignedOut:
		return engine.OperatorSignedOut
	case c == operator.Gone:
		return engine.OperatorOffline
	case c == operator.InGrace:
		return engine.OperatorReconnecting
	case a.intent.Intent == engine.IntentPaused:
		return engine.OperatorPaused
	case a.machine.Away():
		return engine.OperatorAway
	default:
		return engine.OperatorAccepting
	}
}

// standing is what a declared operator is, and until when it gets no offers. One that
// nobody has seen since the start is not there.
func (t *tenancy) standing(o *engine.Operator) (engine.OperatorRow, time.Time) {
	row := engine.OperatorRow{
		Operator: o.ID, State: engine.OperatorSignedOut, Since: t.since.UTC().Truncate(time.Millisecond),
		Capacity: o.Capacity * engine.DefaultWeight, OpenCap: o.OpenCap,
	}
	t.mu.RLock()
	h := t.operators[o.ID]
	t.mu.RUnlock()
	if h == nil {
		return row, time.Time{}
	}
	s := &h.standing
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since.IsZero() {
		return row, time.Time{}
	}
	row.State, row.Since, row.Used, row.Open = s.state, s.since, s.load.used, s.load.open
	return row, s.breathing
}
