package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
)

// Authenticator says who an operator's token belongs to. package auth has the
// default; a host with tokens of its own brings another. It is called on a
// connection's own goroutine and may wait until ctx ends. Errors:
// engine.ErrAuthInvalid, engine.ErrAuthExpired; any other is told to the client
// as a failure of the server's.
type Authenticator interface {
	Operator(ctx context.Context, tenant *engine.Tenant, token string) (engine.Principal, error)
}

// VisitorAuthenticator says who a visitor has proven to be by a token that the
// tenant signed: by which name the tenant knows it, until when that holds, and what
// the tenant vouches for besides. Called as Authenticator is, with the same errors.
// auth.JWT is one.
type VisitorAuthenticator interface {
	Visitor(ctx context.Context, tenant *engine.Tenant, token string) (engine.Proof, error)
}

// Tenants are those whose people may connect, as they are configured now: what it
// answers never changes, another takes its place. It is asked at each message, by any
// goroutine. *engine.Tenants is one that stays as it is.
type Tenants interface {
	Tenant(id engine.TenantID) (*engine.Tenant, bool)
}

// Options configures a Server. Only Tenants is required.
type Options struct {
	// Tenants are whose people may connect.
	Tenants Tenants
	// Authenticator verifies operators' tokens. Nil means auth.JWT with Clock.
	Authenticator Authenticator
	// Visitors verifies visitors' signed tokens. Nil means Authenticator, if it can,
	// else auth.JWT with Clock.
	Visitors VisitorAuthenticator
	// Audit hears of every refused auth and auth.refresh, and of connections that
	// never came to it. It must not block, and may be called by many goroutines at a
	// time. Nil means nobody does.
	Audit func(Refusal)
	// Tokens seals resume tokens. Nil means a key of the server's own: they are then
	// good until it stops, and at no other.
	Tokens TokenSealer
	// Logger gets what an administrator should see. Nil means none.
	Logger *slog.Logger
	// Registerer gets the metrics. Nil means a registry that nobody reads.
	Registerer prometheus.Registerer
	// Clock is asked what time it is. Nil means time.Now.
	Clock func() time.Time
	// Pages answers requests for other paths than the two endpoints'. Nil means 404.
	Pages fasthttp.RequestHandler

	// TLS makes the server speak TLS. At least version 1.3, unless AllowTLS12.
	TLS *tls.Config
	// AllowTLS12 accepts TLS 1.2 as well.
	AllowTLS12 bool
	// AllowPlaintextBeyondLoopback serves without TLS on addresses that other
	// machines reach: for a proxy in front that speaks TLS. What people write is
	// readable to everybody on the way.
	AllowPlaintextBeyondLoopback bool
	// SelfOrigin accepts pages that come from this very server (Origin is the
	// handshake's own scheme and Host), for every tenant.
	SelfOrigin bool
	// TrustedProxies are whose X-Forwarded-For is believed. None by default: the
	// header is ignored.
	TrustedProxies []netip.Prefix

	// FastPath reads frames with this package's own reader and writes them with
	// non-blocking system calls from shared writers, where the socket is plain TCP
	// and the system is Linux. Off, the WebSocket library reads and every
	// writing connection has a goroutine while it writes. Both behave alike.
	FastPath bool

	// Echo serves EchoPath, which sends every message back: for conformance suites
	// and for measuring. It needs no token, so it is for loopback only, unless
	// AllowEchoBeyondLoopback. It knows no limit of rate.
	Echo                    bool
	AllowEchoBeyondLoopback bool
	EchoBytes               int // of one message to EchoPath; 0 means 16 MiB

	FrameBytes          int // of one message from a client; 0 means 64 KiB
	OutboxBytes         int // waiting for one connection; 0 means 1 MiB; at least 64 KiB
	HeaderBytes         int // of a handshake's headers; 0 means 16 KiB with FastPath, else 4 KiB, which every connection keeps
	MaxConnections      int // of the server; 0 means 100,000
	MaxConnectionsPerIP int // of one address (IPv6: one /64); 0 means no limit
	BadFrames           int // malformed frames until a connection is closed; 0 means 10
	MaxTransfers        int // of files, up and down, at a time; 0 means 256

	ResumeFor    time.Duration // how long a resume token is good after it was handed out; 0 means 10 min
	AuthTimeout  time.Duration // until auth must have come; 0 means 10 s
	PingEvery    time.Duration // between two pings; 0 means 20 s
	PongTimeout  time.Duration // for any frame after a ping; 0 means half of PingEvery; less than PingEvery
	WriteTimeout time.Duration // for one write to a socket that does not take more; 0 means 1 s
	CloseTimeout time.Duration // for saying goodbye; 0 means 3 s
	ReadTimeout  time.Duration // for a request's headers; 0 means 5 s
	IdleTimeout  time.Duration // of a kept-alive HTTP connection; 0 means 30 s
	DrainTimeout time.Duration // of the drain when Serve's ctx ends; 0 means 10 s
	// TransferTimeout is for one file, up or down, from the request's head to the
	// last byte; 0 means 2 min.
	TransferTimeout time.Duration

	pause time.Duration // for which a client that sends too much is not read; tests shorten it
}

// EnsureDefaults fills zero fields.
func (o *Options) EnsureDefaults() {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Registerer == nil {
		o.Registerer = prometheus.NewRegistry()
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Authenticator == nil {
		o.Authenticator = &auth.JWT{Clock: o.Clock}
	}
	if o.Visitors == nil {
		var able bool
		if o.Visitors, able = o.Authenticator.(VisitorAuthenticator); !able {
			o.Visitors = &auth.JWT{Clock: o.Clock}
		}
	}
	if o.Tokens == nil {
		o.Tokens = newOwnTokens()
	}
	if o.Pages == nil {
		o.Pages = func(ctx *fasthttp.RequestCtx) { ctx.Error("not found", fasthttp.StatusNotFound) }
	}
	header := 4 << 10
	if o.FastPath {
		header = 16 << 10
	}
	orDefault(&o.FrameBytes, 64<<10)
	orDefault(&o.EchoBytes, 16<<20)
	orDefault(&o.OutboxBytes, 1<<20)
	orDefault(&o.HeaderBytes, header)
	orDefault(&o.MaxConnections, 100_000)
	orDefault(&o.BadFrames, 10)
	orDefault(&o.MaxTransfers, 256)
	orDefault(&o.TransferTimeout, 2*time.Minute)
	orDefault(&o.ResumeFor, 10*time.Minute)
	orDefault(&o.AuthTimeout, 10*time.Second)
	orDefault(&o.PingEvery, 20*time.Second)
	orDefault(&o.PongTimeout, o.PingEvery/2)
	orDefault(&o.WriteTimeout, time.Second)
	orDefault(&o.CloseTimeout, 3*time.Second)
	orDefault(&o.ReadTimeout, 5*time.Second)
	orDefault(&o.IdleTimeout, 30*time.Second)
	orDefault(&o.DrainTimeout, 10*time.Second)
	orDefault(&o.pause, time.Second)
}

func orDefault[T int | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// Validate says what is wrong, or nil. Call it after EnsureDefaults.
func (o *Options) Validate() error {
	if o.Tenants == nil {
		return errors.New("transport: Tenants: want the tenants whose people may connect")
	}
	if o.FrameBytes < 1024 || o.OutboxBytes < 64<<10 || o.HeaderBytes < 1024 {
		return fmt.Errorf("transport: FrameBytes and HeaderBytes are at least 1,024, OutboxBytes at least 65,536; got %d, %d, %d",
			o.FrameBytes, o.HeaderBytes, o.OutboxBytes)
	}
	if o.EchoBytes < 1 {
		return fmt.Errorf("transport: EchoBytes is at least 1; got %d", o.EchoBytes)
	}
	if o.MaxConnections < 1 || o.MaxConnectionsPerIP < 0 || o.BadFrames < 1 || o.MaxTransfers < 1 {
		return errors.New("transport: MaxConnections, BadFrames and MaxTransfers are at least 1, MaxConnectionsPerIP is not negative")
	}
	if o.PongTimeout >= o.PingEvery {
		return fmt.Errorf("transport: PongTimeout is less than PingEvery; got %s and %s", o.PongTimeout, o.PingEvery)
	}
	for name, d := range map[string]time.Duration{
		"ResumeFor": o.ResumeFor, "AuthTimeout": o.AuthTimeout, "PingEvery": o.PingEvery, "PongTimeout": o.PongTimeout, "WriteTimeout": o.WriteTimeout,
		"CloseTimeout": o.CloseTimeout, "ReadTimeout": o.ReadTimeout, "IdleTimeout": o.IdleTimeout, "DrainTimeout": o.DrainTimeout,
		"TransferTimeout": o.TransferTimeout,
	} {
		if d <= 0 {
			return fmt.Errorf("transport: %s is positive; got %s", name, d)
		}
	}
	return nil
}
