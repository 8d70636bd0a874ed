package actors

import (
	"context"

	"github.com/parleyhq/parley/engine"
)

// ask has begin ask for something and waits for what it comes to: a result, or why
// there is none. reply is to be called once, from any goroutine, and does not block.
// asked is false if nobody will answer: engine.ErrBusy. For who may wait: no actor does.
func ask[T any](ctx context.Context, begin func(reply func(T, *engine.Error)) (asked bool)) (result T, err error) {
	type outcome struct {
		result  T
		refused *engine.Error
	}
	answer := make(chan outcome, 1)
	if !begin(func(result T, refused *engine.Error) { answer <- outcome{result, refused} }) {
		return result, engine.ErrBusy
	}
	select {
	case o := <-answer:
		if o.refused != nil { // no typed nil as an error
			return result, o.refused
		}
		return o.result, nil
	case <-ctx.Done():
		return result, context.Cause(ctx)
	}
}

// declared finds an operator whom the tenant declares; engine.ErrNotFound otherwise.
func (s *System) declared(tenant engine.TenantID, id engine.OperatorID) (*operatorHandle, error) {
	t := s.tenant(tenant)
	if t == nil {
		return nil, engine.ErrNotFound
	}
	if _, declared := t.config().Operator(id); !declared {
		return nil, engine.ErrNotFound
	}
	return t.operator(id), nil
}
