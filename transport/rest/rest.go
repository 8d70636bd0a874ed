package rest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"github.com/parleyhq/parley/engine"
)

// System is what this package asks for; actors.System is one. Errors are of
// package engine's kinds; ErrNotFound for what the tenant does not have.
type System interface {
	// SessionInfo tells about a session, open or closed.
	SessionInfo(context.Context, engine.SessionRef) (engine.SessionInfo, error)
	// History reads up to limit entries numbered above after, oldest first.
	History(ctx context.Context, ref engine.SessionRef, after engine.Seq, limit int) ([]*engine.Entry, error)
	// PostAs hands over a Draft in somebody's name and waits until what it
	// changes is durable.
	PostAs(context.Context, engine.SessionRef, engine.Author, engine.Draft) (engine.Answer, error)
	// OperatorInfo tells about an operator whom the tenant declares.
	OperatorInfo(context.Context, engine.TenantID, engine.OperatorID) (engine.OperatorInfo, error)
	// Live says what a tenant's departments are at this moment, in counts, and when
	// that was.
	Live(ctx context.Context, tenant engine.TenantID) ([]engine.Board, time.Time, error)
	// Operators lists those whom a tenant declares, by id.
	Operators(tenant engine.TenantID) ([]engine.OperatorRow, error)
	// Departments says what a tenant's departments are for visitors now.
	Departments(tenant engine.TenantID) ([]engine.DepartmentStatus, error)
	// Decisions lists the router's decisions about a session, oldest first.
	Decisions(context.Context, engine.SessionRef) ([]engine.Decided, error)
	// Explain says why an operator was not chosen in one of them, named by its Seq.
	Explain(ctx context.Context, ref engine.SessionRef, decision engine.Seq, operator engine.OperatorID) (engine.Explanation, error)
	// SetIntent sets an operator's intent, accepting or paused, and waits until that is
	// durable; reason is a code or empty, key makes a repetition harmless.
	SetIntent(ctx context.Context, tenant engine.TenantID, operator engine.OperatorID, intent engine.Intent, until time.Time, reason, key string) (engine.IntentInfo, error)
	// InvariantsOf says what the checks of the running system have found in a tenant.
	InvariantsOf(tenant engine.TenantID) engine.Invariants
	// Unfreeze lets a session live again that was frozen because an invariant was broken.
	Unfreeze(engine.SessionRef) error
	// Revoked reports whether a token was issued before its bearer was last signed out.
	Revoked(tenant engine.TenantID, p engine.Principal) bool
	// Revoke signs an operator out whom the tenant declares: its connections end and
	// its tokens of before are refused. It waits until that is durable; key makes a
	// repetition harmless.
	Revoke(ctx context.Context, tenant engine.TenantID, operator engine.OperatorID, key string) (engine.IntentInfo, error)
	// Sessions answers a page of a tenant's sessions, newest first.
	Sessions(ctx context.Context, tenant engine.TenantID, q engine.SessionQuery) (engine.SessionPage, error)
	// Visitor says what a visitor is, as far as its sessions of these departments tell;
	// nil: of all.
	Visitor(ctx context.Context, tenant engine.TenantID, visitor engine.VisitorID, departments []engine.DepartmentID) (engine.VisitorInfo, error)
	// StartFor begins a session in a visitor's name and waits until that is durable.
	StartFor(ctx context.Context, tenant engine.TenantID, visitor engine.VisitorID, d engine.Draft) (engine.Answer, error)
	// Ban bans a visitor, or lifts its ban, and waits until that is durable; key makes a
	// repetition harmless.
	Ban(ctx context.Context, tenant engine.TenantID, visitor engine.VisitorID, order engine.BanOrder, key string) (engine.Ban, error)
	// BanOf is a visitor's ban that runs; without Until there is none.
	BanOf(tenant engine.TenantID, visitor engine.VisitorID) (engine.Ban, error)
	// RevokeVisitor signs a visitor out: its connections end, and what it was given up
	// to now is refused. It waits until that is durable. Said again, it counts from
	// then on.
	RevokeVisitor(ctx context.Context, tenant engine.TenantID, visitor engine.VisitorID) error
}

// Authenticator says who a token's bearer is; auth.JWT is one. Errors:
// engine.ErrAuthInvalid, engine.ErrAuthExpired.
type Authenticator interface {
	Operator(ctx context.Context, tenant *engine.Tenant, token string) (engine.Principal, error)
}

// Tenants are those who may ask, as they are configured now: what it answers never
// changes, another takes its place. *engine.Tenants is one that stays as it is.
type Tenants interface {
	Tenant(id engine.TenantID) (*engine.Tenant, bool)
}

// Options configures the interface. System, Tenants and Authenticator are
// required; the rest is useful when zero.
type Options struct {
	System        System
	Tenants       Tenants
	Authenticator Authenticator
	// CheckPolicy says what would be wrong with a department, written in JSON as the
	// host writes configurations, in a tenant. Nil: there is no such route.
	CheckPolicy func(tenant *engine.Tenant, policy []byte) []PolicyProblem
	Logger      *slog.Logger          // nil: silent
	Registerer  prometheus.Registerer // nil: no metrics
	Timeout     time.Duration         // how long one request may wait for the System; 0 means 10 s
	// Audit hears of every refused request to be let in. It must not block, and may
	// be called by many goroutines at a time. Nil means nobody does.
	Audit       func(Refusal)
	BodyBytes   int // of one request's body; 0 means 64 KiB
	Concurrency int // connections that Server serves at a time; 0 means 1,024
}

// EnsureDefaults fills zero fields.
func (o *Options) EnsureDefaults() {
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.BodyBytes == 0 {
		o.BodyBytes = 64 << 10
	}
	if o.Concurrency == 0 {
		o.Concurrency = 1024
	}
}

// Validate says what is missing, or nil.
func (o *Options) Validate() error {
	if o.System == nil || o.Tenants == nil || o.Authenticator == nil {
		return errors.New("rest: System, Tenants and Authenticator are required")
	}
	return nil
}

// api is the handler's state: nothing but its options.
type api struct {
	Options
	routes  []route
	metrics metrics
}

// New makes the handler for everything under /v1; other paths answer 404. It
// panics when a required option is missing, as that is a mistake in wiring.
func New(options Options) fasthttp.RequestHandler {
	options.EnsureDefaults()
	if err := options.Validate(); err != nil {
		panic(err)
	}
	a := &api{Options: options, metrics: newMetrics(options.Registerer)}
	a.routes = a.table()
	return a.handle
}

// Server is a server with the limits that the handler is meant to be served
// with. The caller starts it and shuts it down.
func Server(options Options) *fasthttp.Server {
	options.EnsureDefaults()
	return &fasthttp.Server{
		Handler:               New(options),
		ReadTimeout:           10 * time.Second,
		WriteTimeout:          10 * time.Second,
		IdleTimeout:           60 * time.Second,
		ReadBufferSize:        16 << 10, // of a request's head: room for a long token
		MaxRequestBodySize:    options.BodyBytes,
		Concurrency:           options.Concurrency,
		ReduceMemoryUsage:     true,
		NoDefaultServerHeader: true,
		CloseOnShutdown:       true,
		Logger:                quiet{},
		ErrorHandler: func(ctx *fasthttp.RequestCtx, err error) {
			writeProblem(ctx, refusalOf(err))
		},
	}
}

// quiet drops the server's own lines: they would hold addresses.
type quiet struct{}

// Printf drops the line.
func (quiet) Printf(string, ...any) {}

// refusalOf maps what the server says of a request it could not read.
func refusalOf(err error) *engine.Error {
	if errors.Is(err, fasthttp.ErrBodyTooLarge) {
		return engine.ErrTooLarge
	}
	return engine.ErrBadRequest.Because("the request is not well-formed HTTP, or too slow")
}

// handle serves one request and counts it. A panic ends this request only.
func (a *api) handle(ctx *fasthttp.RequestCtx) {
	begun := time.Now()
	name := "none"
	defer func() {
		if recover() != nil { // the value could hold what somebody typed
			a.Logger.Error("rest: panic", "operation", name, "stack", string(debug.Stack()))
			writeProblem(ctx, engine.ErrInternal)
		}
		a.metrics.count(name, ctx.Response.StatusCode(), time.Since(begun))
	}()
	route, params, refusal := a.match(ctx)
	if refusal != nil {
		writeRefusal(ctx, refusal)
		return
	}
	name = route.name
	answer, err := a.answer(ctx, route, params)
	if err != nil {
		a.writeError(ctx, name, err)
		return
	}
	writeAnswer(ctx, answer)
}

// answer authenticates, unless the route is open to all, and runs the route.
func (a *api) answer(ctx *fasthttp.RequestCtx, route *route, params []string) (any, error) {
	if len(ctx.Request.Body()) > a.BodyBytes {
		return nil, engine.ErrTooLarge
	}
	// The request's own context must not outlive the handler; the System may
	// keep a context longer.
	wait, cancel := context.WithTimeout(context.Background(), a.Timeout)
	defer cancel()
	c := &call{http: ctx, params: params}
	if !route.open {
		tenant, who, err := a.authenticate(wait, ctx, params[0])
		if err != nil {
			a.refused(params[0], route.name, err)
			return nil, err
		}
		c.tenant, c.who = tenant, who
	}
	return route.run(wait, c)
}

func (a *api) writeError(ctx *fasthttp.RequestCtx, name string, err error) {
	refusal := public(err)
	if refusal.Code == engine.ErrInternal.Code {
		a.Logger.Error("rest: request failed", "operation", name, "error", err)
	}
	writeProblem(ctx, refusal)
}
