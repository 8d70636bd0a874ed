package rest

import (
	"context"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/wire"
)

// getLive is the wall board: every department that the token may know, in counts, as
// operators' sockets have them.
func (a *api) getLive(wait context.Context, c *call) (any, error) {
	boards, at, err := a.System.Live(wait, c.tenant.ID)
	if err != nil {
		return nil, err
	}
	page := []byte(`{"at":"` + stamp(at) + `","departments":[`)
	first := true
	for i := range boards {
		if !c.sees(boards[i].Department) {
			continue
		}
		if !first {
			page = append(page, ',')
		}
		page, first = wire.AppendBoard(page, &boards[i], at), false
	}
	return encoded(append(page, `]}`...)), nil
}

// listOperators lists the operators of the departments that the token may know.
func (a *api) listOperators(_ context.Context, c *call) (any, error) {
	rows, err := a.System.Operators(c.tenant.ID)
	if err != nil {
		return nil, err
	}
	page, first := []byte(`{"operators":[`), true
	for i := range rows {
		o, declared := c.tenant.Operator(rows[i].Operator)
		if !declared || !c.seesOperator(&o) {
			continue
		}
		if !first {
			page = append(page, ',')
		}
		page, first = wire.AppendOperator(page, &rows[i]), false
	}
	return encoded(append(page, `]}`...)), nil
}

// getLoad is one operator's row of that list.
func (a *api) getLoad(_ context.Context, c *call) (any, error) {
	id, err := c.operator()
	if err != nil {
		return nil, err
	}
	rows, err := a.System.Operators(c.tenant.ID)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		if rows[i].Operator == id {
			return encoded(wire.AppendOperator(nil, &rows[i])), nil
		}
	}
	return nil, engine.ErrNotFound
}
