package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/parleyhq/parley/actors"
	"github.com/parleyhq/parley/engine"
)

// servedTenants are the tenants as they are configured now. Those who ask get a
// snapshot that never changes; reading the files again puts another in its place.
type servedTenants struct {
	now atomic.Pointer[engine.Tenants]
}

func newServedTenants(tenants *engine.Tenants) *servedTenants {
	s := &servedTenants{}
	s.now.Store(tenants)
	return s
}

// Tenant looks a tenant up, as transport.Tenants and rest.Tenants want it.
func (s *servedTenants) Tenant(id engine.TenantID) (*engine.Tenant, bool) {
	return s.now.Load().Tenant(id)
}

// letGoWithin is how long the sessions of a tenant that is served no longer may take
// to become durable before the others' new configuration is in force.
const letGoWithin = 10 * time.Second

// What became of reading the files again: the label of the metric.
const (
	reloadOK      = "ok"      // taken over, also when nothing had changed
	reloadInvalid = "invalid" // a file is wrong: nothing has changed
	reloadRefused = "refused" // it cannot be taken over while the server runs: nothing has changed
)

// reloader reads the tenants' files again and hands them on. One goroutine uses it.
type reloader struct {
	dir       string
	served    *servedTenants
	system    *actors.System
	logger    *slog.Logger
	total     *prometheus.CounterVec
	revisions map[engine.TenantID]uint64 // the last of each, also of those that have gone
}

func newReloader(dir string, served *servedTenants, system *actors.System, logger *slog.Logger, registry *prometheus.Registry) *reloader {
	r := &reloader{
		dir: dir, served: served, system: system, logger: logger, revisions: map[engine.TenantID]uint64{},
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_config_reload_total", Help: "How often the tenants' files were read again, by what came of it.",
		}, []string{"result"}),
	}
	registry.MustRegister(r.total)
	for _, result := range []string{reloadOK, reloadInvalid, reloadRefused} {
		r.total.WithLabelValues(result)
	}
	for _, t := range served.now.Load().All() {
		r.revisions[t.ID] = t.Revision
	}
	return r
}

// run reads the files again at each signal. It ends with ctx.
func (r *reloader) run(ctx context.Context, signals <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			r.reload(ctx)
		}
	}
}

// reload checks all files before anything changes. A fault is logged with its file
// and line, and counted; the server goes on as it was.
func (r *reloader) reload(ctx context.Context) {
	result, what, err := r.tryReload(ctx)
	r.total.WithLabelValues(result).Inc()
	if err != nil {
		r.logger.Error("the configuration is not taken over; everything stays as it was", "result", result, "error", err.Error())
		return
	}
	r.logger.Info("the configuration is taken over", "tenants", what.tenants, "added", what.added, "changed", what.changed, "removed", what.removed)
}

// changes says how many tenants there are, and what became of them.
type changes struct{ tenants, added, changed, removed int }

func (r *reloader) tryReload(ctx context.Context) (result string, what changes, err error) {
	_, read, err := readTenants(r.dir)
	if err != nil {
		return reloadInvalid, what, err
	}
	next, what, err := r.revise(read)
	if err != nil {
		return reloadInvalid, what, err
	}
	wait, cancel := context.WithTimeout(ctx, letGoWithin)
	defer cancel()
	// The system first: who is let in at the door finds its tenant, and whose tenant
	// has gone is refused inside as well.
	if err := r.system.Apply(wait, next); err != nil {
		return reloadRefused, what, err
	}
	for _, t := range next.All() {
		r.revisions[t.ID] = t.Revision
	}
	r.served.now.Store(next)
	return reloadOK, what, nil
}

// revise gives each tenant that differs the next revision; one that does not stays
// the very configuration that it was, so that nobody looks at it anew.
func (r *reloader) revise(read *engine.Tenants) (*engine.Tenants, changes, error) {
	before := r.served.now.Load()
	var what changes
	var all []*engine.Tenant
	for _, t := range read.All() {
		was, known := before.Tenant(t.ID)
		t.Revision = r.revisions[t.ID]
		switch {
		case known && reflect.DeepEqual(was, t):
			t = was
		case known:
			what.changed++
			t.Revision++
		default:
			what.added++
			t.Revision++
		}
		all = append(all, t)
	}
	what.tenants = len(all)
	what.removed = len(before.All()) - (what.tenants - what.added)
	next, err := engine.NewTenants(all...)
	if err != nil {
		return nil, what, fmt.Errorf("tenants: %w", err)
	}
	return next, what, nil
}

// catchHangups collects the signal that asks for the files to be read again. Also
// where nohup has it ignored: the terminal's end then reads them once more, which
// does no harm.
func catchHangups() (<-chan os.Signal, func()) {
	hangups := make(chan os.Signal, 1) // one that waits stands for all that came
	signal.Notify(hangups, syscall.SIGHUP)
	return hangups, func() { signal.Stop(hangups) }
}
