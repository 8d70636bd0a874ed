package actors

import (
	"context"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// Live says what a tenant's departments are at this moment, in counts, in the order of
// the configuration. engine.ErrNotFound if there is no such tenant, engine.ErrBusy if
// its router cannot answer now.
func (s *System) Live(ctx context.Context, tenant engine.TenantID) ([]engine.Board, time.Time, error) {
	t := s.tenant(tenant)
	if t == nil {
		return nil, time.Time{}, engine.ErrNotFound
	}
	counts, err := t.counts(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	v := t.view(counts)
	var all []engine.Board
	for i := range v.config.Departments {
		if b, known := v.board(v.config.Departments[i].ID); known {
			all = append(all, b)
		}
	}
	return all, v.at, nil
}

// counts asks the tenant's router, and waits.
func (t *tenancy) counts(ctx context.Context) ([]routing.Tally, error) {
	reply := make(chan []routing.Tally, 1)
	t.survey(func(counts []routing.Tally) {
		select {
		case reply <- counts:
		default: // it has answered
		}
	})
	select {
	case counts := <-reply:
		if counts == nil {
			return nil, engine.ErrBusy
		}
		return counts, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Operators lists those whom a tenant declares, by id, as others may see them.
// engine.ErrNotFound if there is no such tenant.
func (s *System) Operators(tenant engine.TenantID) ([]engine.OperatorRow, error) {
	t := s.tenant(tenant)
	if t == nil {
		return nil, engine.ErrNotFound
	}
	config := t.config()
	all := make([]engine.OperatorRow, len(config.Operators))
	for i := range config.Operators {
		all[i], _ = t.standing(&config.Operators[i])
	}
	slices.SortFunc(all, func(a, b engine.OperatorRow) int { return compareText(a.Operator, b.Operator) })
	return all, nil
}
