package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// serveCmd runs the server until a signal.
type serveCmd struct {
	settings
	PrintConfig bool `help:"Print the settings and tenants, secrets masked, and end." env:"-"`
}

// Run serves. The first SIGINT or SIGTERM drains, a second one ends the
// process at once. SIGHUP reads the tenants' files again.
func (c *serveCmd) Run(ctx context.Context, io streams) error {
	if err := c.check(); err != nil {
		return err
	}
	files, tenants, err := readTenants(c.Tenants)
	if err != nil {
		return err
	}
	if c.PrintConfig {
		return c.print(io, files)
	}
	root, err := c.root()
	if err != nil {
		return err
	}
	sockets, err := c.sockets()
	if err != nil {
		return err
	}
	bound, err := listen(c.Listen, c.AdminListen, c.MetricsListen)
	if err != nil {
		return err
	}
	signals, ignore := catchSignals(false)
	defer ignore()
	hangups, ignoreHangups := catchHangups()
	defer ignoreHangups()
	logger := c.logger(io)
	s, err := startStack(parts{
		data: c.Data, root: root, tenants: tenants, logger: logger, registry: newRegistry(),
		listeners: bound, sockets: sockets, privateHosts: c.JWKSPrivate,
		files: c.Tenants, hangups: hangups,
	})
	if err != nil {
		return err
	}
	logger.Info("serving", "version", readVersion().Version, "tenants", len(files),
		"listen", bound.public.Addr().String(), "admin", bound.admin.Addr().String(), "metrics", bound.metrics.Addr().String())
	return s.runUntil(ctx, signals, io, c.DrainTimeout, func() {})
}

// catchSignals begins to collect the signals that ask for an end. Call it
// before the start, so that one that comes early is not missed. hangup: the end of
// the terminal is one of them.
func catchSignals(hangup bool) (<-chan os.Signal, func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if hangup && !signal.Ignored(syscall.SIGHUP) { // nohup has it ignored
		signal.Notify(signals, syscall.SIGHUP) // the terminal was closed
	}
	return signals, func() { signal.Stop(signals) }
}

// runUntil waits for a reason to stop, and stops. Between the two it calls
// onStop.
func (s *stack) runUntil(ctx context.Context, signals <-chan os.Signal, io streams, drain time.Duration, onStop func()) error {
	var cause error
	select {
	case <-ctx.Done():
	case got := <-signals:
		s.logger.Info("stopping", "signal", got.String())
	case cause = <-s.ended:
		s.logger.Error("stopping", "error", cause)
	}
	onStop()
	stopped := make(chan struct{})
	defer close(stopped)
	go forceOnSignal(signals, stopped, s.logger, io) // ends with this function
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := s.stop(deadline); err != nil && cause == nil {
		cause = err
	}
	s.logger.Info("stopped")
	return cause
}

// forceOnSignal ends the process if another signal comes before all is stopped.
func forceOnSignal(signals <-chan os.Signal, stopped <-chan struct{}, logger *slog.Logger, io streams) {
	select {
	case <-stopped:
	case <-signals:
		logger.Warn("forced by a second signal")
		io.exit(exitForced)
	}
}

// newRegistry is the process's own: runtime, process, version, and whatever the
// parts register.
func newRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	version := readVersion()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "parley_build_info", Help: "Always 1; the labels say what runs.",
			ConstLabels: prometheus.Labels{"version": version.Version, "commit": version.Commit, "go": version.Go},
		}, func() float64 { return 1 }),
	)
	return registry
}
