package session

import "github.com/parleyhq/parley/engine"

// A session weighs what its start, or a later change, says; its department's weight
// where nothing was said. Idle and in wrap-up it weighs what its department says, and
// never more than while it is served.

// servedWeight is what the session weighs while it is served, milli-units.
func (t *turn) servedWeight() int {
	if own := t.row.Service.Weight; own != 0 {
		return own
	}
	return t.department().Weight
}

// idleWeight is what it weighs while nobody writes, milli-units.
func (t *turn) idleWeight() int { return min(t.department().IdleWeight, t.servedWeight()) }

// reweigh gives the session a weight of its own. It is not in wrap-up: nothing is set
// then but tags.
func (t *turn) reweigh(own int) {
	t.row.Service.Weight = own
	if t.row.Weight = own; t.row.Service.Idle {
		t.row.Weight = t.idleWeight()
	}
}

func faultyWeight(own *int) *engine.Error {
	if own != nil && (*own < engine.MinWeight || *own > engine.MaxWeight) {
		return engine.ErrBadRequest.In("weight")
	}
	return nil
}
