package actors

import (
	"context"
	"time"

	"github.com/parleyhq/parley/engine"
)

func (s *System) upgrade(context.Context, *tenancy, engine.Visit, engine.VisitorID, time.Time) error {
	return nil
}
