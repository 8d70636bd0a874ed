package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/parleyhq/parley/engine"
)

// Server accepts visitors' and operators' connections and seats them at a
// Switchboard. Its methods may be called from any goroutine.
type Server struct {
	// Fixed after construction.
	board    engine.Switchboard
	exchange engine.FileExchange // the board too, if it can; nil: no files
	options  Options
	metrics  *metrics
	registry *registry
	expiries *expiries
	borrow   func() *[]byte // s.lend, made once
	err      error          // why the server cannot serve; nil if it can

	// Fixed after start.
	shards []*shard
	hosted atomic.Bool // some fasthttp server keeps hijacked connections for us
	start  sync.Once
	halt   sync.Once
	stop   chan struct{}  // closed when the goroutines below are to end
	own    sync.WaitGroup // the sweeper and the shards

	mu      sync.Mutex
	serving []*fasthttp.Server // guarded by mu: ours, to be shut down

	// Atomic.
	turn      atomic.Uint64 // spreads connections over shards
	transfers atomic.Int64  // of files, under way

	batches      batches
	messages     buffers
	writeBuffers sync.Pool
}

// Paths of the endpoints. EchoPath is one only with Options.Echo.
const (
	VisitorPath  = "/v1/visitor"
	OperatorPath = "/v1/operator"
	EchoPath     = "/v1/echo"
)

// NewServer makes a server that seats connections at board. What is wrong with
// the options is told by the first method that serves.
func NewServer(board engine.Switchboard, options Options) *Server {
	options.EnsureDefaults()
	s := &Server{board: board, options: options, stop: make(chan struct{})}
	s.borrow = s.lend
	s.exchange, _ = board.(engine.FileExchange)
	s.registry, s.expiries = newRegistry(&s.options), newExpiries()
	s.err = options.Validate()
	m, err := newMetrics(options.Registerer)
	s.metrics = m
	if s.err == nil && err != nil {
		s.err = fmt.Errorf("transport: register metrics: %w", err)
	}
	if s.err == nil && board == nil {
		s.err = errors.New("transport: want a switchboard")
	}
	if options.FastPath && hasRawWrite {
		for range runtime.GOMAXPROCS(0) {
			s.shards = append(s.shards, newShard(s))
		}
	}
	return s
}

// ListenAndServe listens on addr and serves until ctx ends and the connections
// are drained.
func (s *Server) ListenAndServe(ctx context.Context, addr string) error {
	if s.err != nil {
		return s.err
	}
	if err := s.refuseAddress(addr); err != nil {
		return err
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("transport: %w", err)
	}
	return s.Serve(ctx, ln)
}

// Serve serves a listener, which it closes, until ctx ends; then it drains and
// answers nil, or why the drain was cut short.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	if s.err != nil {
		_ = ln.Close()
		return s.err
	}
	if err := s.refuseAddress(ln.Addr().String()); err != nil {
		_ = ln.Close()
		return err
	}
	ln = &onceListener{Listener: ln}
	sockets, files := s.newHTTP(), s.newHTTP()
	files.StreamRequestBody = true // other bodies than files' are bounded by route
	s.mu.Lock()
	s.serving = append(s.serving, sockets, files)
	s.mu.Unlock()
	s.hosted.Store(true)
	s.begin()
	if s.options.TLS != nil {
		ln = tls.NewListener(ln, s.tlsConfig())
	}
	first, others := newFork(ln, !s.options.FastPath)
	served := make(chan error, 2)
	go func() { served <- sockets.Serve(first) }() // ends when ln closes; waited for below
	go func() { served <- files.Serve(others) }()  // ends when others closes; waited for below
	var ended error
	left := 2
	select {
	case ended = <-served:
		left = 1
	case <-ctx.Done():
	}
	_ = first.Close() // fasthttp closes them only if it had begun to serve
	_ = others.Close()
	for range left { // first: fasthttp counts who accepts as a connection, and looks but every 100 ms
		<-served //nolint:errcheck // they ended because their listeners were closed
	}
	return errors.Join(ended, s.drainWithin(ctx))
}

// onceListener is closed once, whoever comes first: the context's end or
// fasthttp's shutdown, which knows a listener only once it serves.
type onceListener struct {
	net.Listener
	once sync.Once
	err  error
}

func (l *onceListener) Close() error {
	l.once.Do(func() { l.err = l.Listener.Close() })
	return l.err
}

func (s *Server) drainWithin(ctx context.Context) error {
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.DrainTimeout)
	defer cancel()
	return s.Drain(limit)
}

func (s *Server) newHTTP() *fasthttp.Server {
	return &fasthttp.Server{
		Handler:               s.route,
		KeepHijackedConns:     true, // without it a late write reaches another visitor
		ReduceMemoryUsage:     true,
		ReadBufferSize:        s.options.HeaderBytes,
		ReadTimeout:           s.options.ReadTimeout,
		WriteTimeout:          s.options.ReadTimeout,
		IdleTimeout:           s.options.IdleTimeout,
		MaxRequestBodySize:    smallBody, // with a streamed body, of what is read before the handler
		HeaderReceived:        s.headerReceived,
		NoDefaultServerHeader: true,
		SecureErrorLogMessage: true,
		CloseOnShutdown:       true,
		Logger:                silent{}, // its lines hold addresses
		Concurrency:           s.options.MaxConnections + 1024,
	}
}

type silent struct{}

func (silent) Printf(string, ...any) {}

func (s *Server) tlsConfig() *tls.Config {
	config := s.options.TLS.Clone()
	least := uint16(tls.VersionTLS13)
	if s.options.AllowTLS12 {
		least = tls.VersionTLS12
	}
	config.MinVersion = max(config.MinVersion, least)
	if !slices.Contains(config.NextProtos, "http/1.1") {
		config.NextProtos = append(slices.Clone(config.NextProtos), "http/1.1")
	}
	return config
}

// refuseAddress says why this server may not be reached at addr, or nil.
func (s *Server) refuseAddress(addr string) error {
	if err := s.refusePlaintext(addr); err != nil {
		return err
	}
	return s.refuseEcho(addr)
}

// refusePlaintext keeps what people write from crossing a network in the clear
// by oversight.
func (s *Server) refusePlaintext(addr string) error {
	if s.options.TLS != nil || s.options.AllowPlaintextBeyondLoopback || isLoopback(addr) {
		return nil
	}
	return fmt.Errorf("transport: %s is reached from other machines and there is no TLS: set TLS, or listen on 127.0.0.1 behind a proxy that has it, "+
		"or allow it by name (AllowPlaintextBeyondLoopback)", addr)
}

func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Mount makes a host's own fasthttp server serve the two endpoints and files,
// before its own handler, which keeps all other paths. A host whose server does not
// stream request bodies takes files up to its own limit of a body. It sets KeepHijackedConns on host:
// without it a late frame could reach another visitor's socket. It refuses a
// server that is at work already. The host ends with Drain.
func (s *Server) Mount(host *fasthttp.Server) error {
	if s.err != nil {
		return s.err
	}
	if s.options.Echo && !s.options.AllowEchoBeyondLoopback {
		return errors.New("transport: Echo in a host whose addresses are not known here: allow it by name (AllowEchoBeyondLoopback)")
	}
	if host.GetOpenConnectionsCount() >= 0 { // -1 is fasthttp's word for "does not serve"
		return errors.New("transport: mount before the host's server serves: KeepHijackedConns cannot change under open connections")
	}
	host.KeepHijackedConns = true
	s.hosted.Store(true)
	s.begin()
	own, others := s.Handler(), host.Handler
	host.Handler = func(ctx *fasthttp.RequestCtx) {
		if others == nil || s.isEndpoint(ctx) {
			own(ctx)
			return
		}
		others(ctx)
	}
	return nil
}

// Handler is the handler of the two endpoints, of files, and of Pages, for a host that
// routes by itself. Mount the host's server first: until then connections are
// refused.
func (s *Server) Handler() fasthttp.RequestHandler { return s.route }

func (s *Server) isEndpoint(ctx *fasthttp.RequestCtx) bool {
	path := string(ctx.Path())
	return path == VisitorPath || path == OperatorPath || isFile(ctx.Path()) || path == EchoPath && s.options.Echo
}

func (s *Server) route(ctx *fasthttp.RequestCtx) {
	defer func() {
		if value := recover(); value != nil {
			s.panicked("request", engine.ID{}, value)
			ctx.Error("internal", fasthttp.StatusInternalServerError)
		}
	}()
	switch path := string(ctx.Path()); {
	case path == VisitorPath:
		s.handshake(ctx, visitorSide)
	case path == OperatorPath:
		s.handshake(ctx, operatorSide)
	case path == EchoPath && s.options.Echo:
		s.handshake(ctx, echoSide)
	case isFile(ctx.Path()):
		s.file(ctx)
	case !takesBody(ctx):
		ctx.Error("too large", fasthttp.StatusRequestEntityTooLarge)
		ctx.SetConnectionClose()
	default:
		s.options.Pages(ctx)
	}
}

// begin starts the sweeper, who watches tokens and the shards, which Drain ends.
func (s *Server) begin() {
	s.start.Do(func() {
		s.own.Go(func() { s.sweep(s.stop) })
		s.own.Go(func() { s.watchTokens(s.stop) })
		for _, shard := range s.shards {
			s.own.Go(func() { shard.run(s.stop) })
		}
	})
}

// Connections is how many sockets are open.
func (s *Server) Connections() int { return s.registry.count() }

func (s *Server) now() time.Time { return s.options.Clock() }
