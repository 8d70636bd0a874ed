package bench

import (
	"context"
	"errors"
	"time"

	"github.com/parleyhq/parley/transport/client"
	"golang.org/x/sync/errgroup"
)

// Idle measures resident memory: n visitors who connect, and then an open
// session each in which nothing is said. The target must be ours.
func Idle(ctx context.Context, t *Target, n int, settle time.Duration) (Row, error) {
	if t.PID == 0 {
		return Row{}, errors.New("idle: reads the server's memory, so it needs a server of its own")
	}
	sockets := make([]*client.Client, n)
	starters := make([]starter, n)
	defer func() {
		for _, s := range sockets {
			if s != nil {
				s.Abort()
			}
		}
	}()
	base, err := quiet(ctx, t, settle)
	if err != nil {
		return Row{}, err
	}
	err = each(ctx, n, func(ctx context.Context, i int) error {
		starters[i] = newStarter()
		s, err := connect(ctx, t, "", starters[i].saw)
		sockets[i] = s
		return err
	})
	if err != nil {
		return Row{}, err
	}
	connected, err := quiet(ctx, t, settle)
	if err != nil {
		return Row{}, err
	}
	if err := each(ctx, n, func(ctx context.Context, i int) error {
		_, err := starters[i].start(ctx, sockets[i])
		return err
	}); err != nil {
		return Row{}, err
	}
	open, err := quiet(ctx, t, settle)
	return Row{
		Scenario: "idle", Server: "parley", N: n, Mode: "idle", Repetitions: 1,
		RSSPerConnection: (connected - base) / float64(n), RSSPerSession: (open - connected) / float64(n),
	}, err
}

func each(ctx context.Context, n int, do func(context.Context, int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	for i := range n {
		g.Go(func() error { return do(ctx, i) })
	}
	return g.Wait()
}

// quiet is the server's resident memory after a while without load.
func quiet(ctx context.Context, t *Target, settle time.Duration) (float64, error) {
	select {
	case <-time.After(settle):
		return residentKiB(t.PID)
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}
