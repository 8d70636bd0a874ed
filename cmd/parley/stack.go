package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"github.com/parleyhq/parley/actors"
	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence"
	"github.com/parleyhq/parley/persistence/seal"
	"github.com/parleyhq/parley/transport"
	"github.com/parleyhq/parley/transport/auth"
	"github.com/parleyhq/parley/transport/rest"
	"github.com/parleyhq/parley/transport/spec"
	"github.com/parleyhq/parley/transport/web"
)

// parts are what a stack is built from.
type parts struct {
	data      string
	root      seal.Root
	tenants   *engine.Tenants
	logger    *slog.Logger
	registry  *prometheus.Registry
	listeners listeners
	sockets   transport.Options // of the public listener: limits and TLS; the rest is filled in
	// privateHosts are the names behind which tenants' key sets may have private addresses.
	privateHosts []string
	tenant       string // of pages whose address names none; may be empty
	// files is the folder of the tenants' files, which are read again at each of
	// hangups; empty: never.
	files   string
	hangups <-chan os.Signal
}

// stack is a running server: store, system and three listeners, started in
// this order and stopped in reverse.
type stack struct {
	// Fixed after construction.
	logger  *slog.Logger
	store   *persistence.Store
	system  *actors.System
	tenants *servedTenants
	bound   listeners
	public  *transport.Server
	admin   *fasthttp.Server
	ops     *transport.Ops
	remote  *auth.Remote
	drain   context.CancelFunc // ends the public listener
	drained chan error         // what came of it
	cancel  context.CancelFunc // ends the watch and the metrics listener
	ended   chan error         // gets the first reason to stop that is not a signal
	own     sync.WaitGroup     // the goroutines that serve starts

	// Atomic.
	stopping atomic.Bool
}

// cache sizes of a server of its own; embedded in another program, the store's
// defaults are smaller.
const (
	cacheBytes    = 64 << 20
	memTableBytes = 32 << 20
)

// startStack builds everything and begins to serve. It owns the listeners from
// here on: they are closed when it fails.
func startStack(p parts) (_ *stack, err error) {
	s := &stack{logger: p.logger, bound: p.listeners, drained: make(chan error, 1), ended: make(chan error, 1)}
	defer func() {
		if err != nil {
			p.listeners.close()
			err = errors.Join(err, s.closeStore())
		}
	}()
	s.store, err = persistence.Open(p.data, persistence.Options{
		Root: p.root, Logger: p.logger, Registerer: p.registry, CacheBytes: cacheBytes, MemTableBytes: memTableBytes,
	})
	if err != nil {
		return nil, err
	}
	s.system, err = actors.Start(actors.Config{Store: s.store, Tenants: p.tenants, Logger: p.logger, Registerer: p.registry})
	if err != nil {
		return nil, err
	}
	s.tenants = newServedTenants(p.tenants)
	s.build(p)
	s.serve(p)
	return s, nil
}

// build makes the three servers.
func (s *stack) build(p parts) {
	s.remote = auth.NewRemote(auth.RemoteOptions{Logger: p.logger, Registerer: p.registry, PrivateHosts: p.privateHosts})
	authenticator := &auth.JWT{Remote: s.remote}
	sockets := p.sockets
	sockets.Tenants, sockets.Authenticator, sockets.Logger, sockets.Registerer = s.tenants, authenticator, p.logger, p.registry
	sockets.Tokens = s.store
	sockets.Audit = func(r transport.Refusal) { // often, when somebody tries; the metric counts them all
		p.logger.Debug("refused", "during", r.During, "side", r.Side, "tenant", string(r.Tenant), "conn", r.Conn.String(), "reason", r.Reason, "denial", r.Denial.String())
	}
	sockets.Pages = spec.Handler(web.Handler(web.Options{DefaultTenant: p.tenant}))
	s.public = transport.NewServer(s.system, sockets)
	s.admin = rest.Server(rest.Options{
		System: s.system, Tenants: s.tenants, CheckPolicy: checkPolicy, Authenticator: authenticator, Logger: p.logger, Registerer: p.registry,
		Audit: func(r rest.Refusal) {
			p.logger.Debug("refused", "during", r.Operation, "side", "rest", "tenant", string(r.Tenant), "reason", r.Reason, "denial", r.Denial.String())
		},
	})
	s.ops = transport.NewOps(transport.OpsOptions{Ready: s.ready, Gatherer: p.registry, Invariants: s.system.Invariants})
}

// serve starts one goroutine per listener and one that watches the store. They
// end with stop, which waits for them; what ends them earlier goes to ended.
func (s *stack) serve(p parts) {
	sockets, drain := context.WithCancel(context.Background())
	ctx, cancel := context.WithCancel(context.Background())
	s.drain, s.cancel = drain, cancel
	admin := p.listeners.admin
	if p.sockets.TLS != nil {
		admin = tls.NewListener(admin, p.sockets.TLS)
	}
	s.own.Go(func() {
		err := s.public.Serve(sockets, p.listeners.public)
		s.drained <- err
		s.report("public listener", err)
	})
	s.own.Go(func() { s.report("admin listener", s.admin.Serve(admin)) })
	s.own.Go(func() { s.report("metrics listener", s.ops.Serve(ctx, p.listeners.metrics)) })
	s.own.Go(func() { s.watch(ctx, s.store.Err, time.Second) })
	if p.files != "" {
		again := newReloader(p.files, s.tenants, s.system, p.logger, p.registry)
		s.own.Go(func() { again.run(ctx, p.hangups) })
	}
}

// report notes why something ended, unless it was told to.
func (s *stack) report(what string, err error) {
	if s.stopping.Load() {
		return
	}
	if err == nil {
		err = errors.New("ended")
	}
	select {
	case s.ended <- fmt.Errorf("%s: %w", what, err):
	default:
	}
}

// watch ends the stack when the store has failed: nothing can be made durable
// any more until a new start has read the disk's truth.
func (s *stack) watch(ctx context.Context, failure func() error, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := failure(); err != nil {
				s.report("store", err)
				return
			}
		}
	}
}

// ready says whether new connections are welcome.
func (s *stack) ready() error {
	if s.stopping.Load() {
		return errors.New("stopping")
	}
	return s.system.Err()
}

// stop ends the stack in order: no new connections, sockets told and drained,
// what was taken made durable and answered, the store closed. After ctx it
// forces. The metrics listener answers to the end, so that a stop can be watched.
func (s *stack) stop(ctx context.Context) error {
	s.stopping.Store(true)
	s.system.Drain()
	s.drain()
	err := errors.Join(
		named("drain sockets", <-s.drained), // bounded by its own DrainTimeout
		named("stop the admin listener", s.stopAdmin(ctx)),
		named("stop sessions", s.system.Stop(ctx)),
		s.closeStore(),
	)
	s.cancel()
	s.own.Wait()
	s.remote.Close()
	return err
}

// stopAdmin closes the listener itself: the server knows it only once its
// goroutine has begun, which a very early signal does not wait for.
func (s *stack) stopAdmin(ctx context.Context) error {
	_ = s.bound.admin.Close()
	if err := s.admin.ShutdownWithContext(ctx); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

func (s *stack) closeStore() error {
	if s.store == nil {
		return nil
	}
	return named("close the store", s.store.Close())
}

func named(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// listeners are bound before the store is opened: an address in use should
// cost nothing.
type listeners struct{ public, admin, metrics net.Listener }

func listen(public, admin, metrics string) (l listeners, err error) {
	for _, bind := range []struct {
		to      *net.Listener
		address string
	}{{&l.public, public}, {&l.admin, admin}, {&l.metrics, metrics}} {
		if *bind.to, err = net.Listen("tcp", bind.address); err != nil {
			l.close()
			return listeners{}, err
		}
	}
	return l, nil
}

func (l listeners) close() {
	for _, listener := range []net.Listener{l.public, l.admin, l.metrics} {
		if listener != nil {
			_ = listener.Close()
		}
	}
}
