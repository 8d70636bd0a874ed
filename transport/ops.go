package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"
)

// OpsOptions configures Ops.
type OpsOptions struct {
	// Ready says why the system takes no new work, or nil: what /readyz answers.
	// Nil means always ready. The text of the error is shown.
	Ready func() error
	// Gatherer is what /metrics shows. Nil means no /metrics.
	Gatherer prometheus.Gatherer
}

// Ops serves /healthz, /readyz and /metrics, on a listener of its own: what it
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

// Handler answers the three paths.
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
