package transport

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/parleyhq/parley/engine"
)

const (
	drainSlices = 10
	drainJitter = 5 * time.Second // over which clients are asked to come back
)

// Drain ends the server gracefully: no new connections; everybody is told that
// the server is going away; then, slice by slice, everybody gets what waits, a
// bye that spreads their return, and a close frame. Who is still there when ctx
// ends is cut off, which is the error. Drain is final and may be called again.
func (s *Server) Drain(ctx context.Context) error {
	s.registry.drain()
	stopped := make(chan error, 1)
	go func() { stopped <- s.stopHTTP(ctx) }() // waited for below
	conns := s.registry.open(nil)
	rand.Shuffle(len(conns), func(i, j int) { conns[i], conns[j] = conns[j], conns[i] })
	for _, c := range conns {
		if c.seated.Load() {
			c.Notify(engine.GoingAway{Retry: time.Second})
		}
	}
	s.sayGoodbye(ctx, conns)
	err := <-stopped
	select {
	case <-s.registry.empty:
	case <-ctx.Done():
		left := s.registry.open(nil)
		for _, c := range left {
			_ = c.socket.Close()
		}
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("transport: drain: %d connections were cut off: %w", len(left), ctx.Err())
		}
	}
	s.halt.Do(func() { close(s.stop) })
	s.start.Do(func() {}) // waits for a Serve that is starting; one that comes later starts nothing
	s.own.Wait()
	return err
}

// sayGoodbye closes all connections in slices over a quarter of the time there
// is, so that the network and whoever they reconnect to are not hit at once.
func (s *Server) sayGoodbye(ctx context.Context, conns []*conn) {
	var pause time.Duration
	if deadline, ok := ctx.Deadline(); ok {
		pause = min(time.Until(deadline)/4, drainJitter) / drainSlices
	}
	per := max((len(conns)+drainSlices-1)/drainSlices, 50)
	for len(conns) > 0 {
		slice := conns[:min(per, len(conns))]
		conns = conns[len(slice):]
		for _, c := range slice {
			c.end(endShutdown, time.Second+rand.N(drainJitter))
		}
		if len(conns) > 0 && ctx.Err() == nil {
			wait := time.NewTimer(pause/2 + rand.N(max(pause, 1)))
			select {
			case <-wait.C:
			case <-ctx.Done():
			}
			wait.Stop()
		}
	}
}

// stopHTTP closes the listeners and waits for the requests at work, which
// fasthttp knows; WebSockets are ours.
func (s *Server) stopHTTP(ctx context.Context) error {
	s.mu.Lock()
	serving := s.serving
	s.serving = nil
	s.mu.Unlock()
	for _, web := range serving {
		if err := web.ShutdownWithContext(ctx); err != nil {
			return fmt.Errorf("transport: stop accepting: %w", err)
		}
	}
	return nil
}
