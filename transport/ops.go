package transport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"

	"github.com/parleyhq/parley/engine"
)

// OpsOptions configures Ops.
type OpsOptions struct {
	// Ready says why the system takes no new work, or nil: what /readyz answers.
	// Nil means always ready. The text of the error is shown.
	Ready func() error
	// Gatherer is what /metrics shows. Nil means no /metrics.
	Gatherer prometheus.Gatherer
	// Invariants is what /admin/invariants shows: ids and counts of all tenants. Nil
	// means no such path.
	Invariants func() engine.Invariants
}

// Ops serves /healthz, /readyz, /metrics and /admin/invariants, on a listener of its own: what it
// tells is not for the public.
type Ops struct {
	options OpsOptions
	metrics fasthttp.RequestHandler
}

// NewOps makes the handler for operations.
func NewOps(options OpsOptions) *Ops {
	o := &Ops{options: options}
	if options.Gatherer != nil {
		o.metrics = fasthttpadaptor.NewFastHTTPHandler(promhttp.HandlerFor(options.Gatherer, promhttp.HandlerOpts{}))
	}
	return o
}

// Handler answers these paths.
func (o *Ops) Handler() fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		if !ctx.IsGet() && !ctx.IsHead() {
			ctx.Response.Header.Set("Allow", "GET, HEAD")
			ctx.Error("want GET", fasthttp.StatusMethodNotAllowed)
			return
		}
		ctx.Response.Header.Set("Cache-Control", "no-store")
		switch path := string(ctx.Path()); {
		case path == "/healthz":
			ctx.SetBodyString("ok\n")
		case path == "/readyz":
			o.ready(ctx)
		case path == "/metrics" && o.metrics != nil:
			o.metrics(ctx)
		case path == "/admin/invariants" && o.options.Invariants != nil:
			o.invariants(ctx)
		default:
			ctx.Error("not found", fasthttp.StatusNotFound)
		}
	}
}

func (o *Ops) ready(ctx *fasthttp.RequestCtx) {
	if o.options.Ready != nil {
		if err := o.options.Ready(); err != nil {
			ctx.Error(err.Error(), fasthttp.StatusServiceUnavailable)
			return
		}
	}
	ctx.SetBodyString("ready\n")
}

type (
	invariantsPage struct {
		Violations map[string]uint64 `json:"violations"`
		Frozen     []violatedItem    `json:"frozen"`
		Recent     []violatedItem    `json:"recent"`
		Audits     uint64            `json:"audits"`
		LastAudit  time.Time         `json:"last_audit_at,omitzero"`
	}
	violatedItem struct {
		Tenant    engine.TenantID `json:"tenant"`
		Session   string          `json:"sid,omitempty"`
		Invariant string          `json:"invariant"`
		Detail    string          `json:"detail"`
		At        time.Time       `json:"at"`
		Ref       string          `json:"ref,omitempty"`
	}
)

// invariants says what the checks of the running system have found, of all tenants.
func (o *Ops) invariants(ctx *fasthttp.RequestCtx) {
	found := o.options.Invariants()
	text, err := json.Marshal(invariantsPage{
		Violations: found.Violations, Frozen: itemsOf(found.Frozen), Recent: itemsOf(found.Recent), Audits: found.Audits, LastAudit: found.LastAudit,
	})
	if err != nil { // counts, ids and times: it cannot fail
		ctx.Error("internal", fasthttp.StatusInternalServerError)
		return
	}
	ctx.SetContentType("application/json")
	ctx.SetBody(append(text, '\n'))
}

func itemsOf(all []engine.Violated) []violatedItem {
	items := make([]violatedItem, len(all))
	for i, v := range all {
		items[i] = violatedItem{Tenant: v.Tenant, Invariant: v.Invariant, Detail: v.Detail, At: v.At, Ref: v.Ref}
		if !v.Session.IsZero() {
			items[i].Session = v.Session.String()
		}
	}
	return items
}

// ListenAndServe listens on addr and serves until ctx ends.
func (o *Ops) ListenAndServe(ctx context.Context, addr string) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("transport: operations: %w", err)
	}
	return o.Serve(ctx, ln)
}

// Serve serves a listener, which it closes, until ctx ends.
func (o *Ops) Serve(ctx context.Context, ln net.Listener) error {
	web := &fasthttp.Server{
		Handler: o.Handler(), NoDefaultServerHeader: true, Logger: silent{}, CloseOnShutdown: true,
		ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: 30 * time.Second, MaxRequestBodySize: 1024,
	}
	served := make(chan error, 1)
	go func() { served <- web.Serve(ln) }() // ends when ln closes
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(web.ShutdownWithContext(limit), <-served)
}
