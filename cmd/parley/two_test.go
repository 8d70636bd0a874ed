package main

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/seal"
	"github.com/parleyhq/parley/transport/client"
)

// TestTwoEnginesInOneProcess runs two whole servers beside each other, each with
// its own store, registry and tenants, and stops one while the other goes on.
func TestTwoEnginesInOneProcess(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	one, two := newEngine(t, "one"), newEngine(t, "two")
	a, b := one.visit(ctx, t), two.visit(ctx, t)
	first, err := a.Start(ctx, "", "for the first")
	must(t, err)
	second, err := b.Start(ctx, "", "for the second")
	must(t, err)
	if _, err := b.Send(ctx, first.Session, "to a session of the other engine"); err == nil {
		t.Error("a session of one engine was found in the other")
	}
	must(t, one.stack.stop(ctx))
	if _, err := b.Send(ctx, second.Session, "still here"); err != nil {
		t.Errorf("the second engine, after the first has stopped: %v", err)
	}
	must(t, b.Close())
	must(t, two.stack.stop(ctx))
	for name, e := range map[string]*engineUnderTest{"one": one, "two": two} {
		if got := e.started(t); got != 1 {
			t.Errorf("engine %s counted %v sessions started, want 1", name, got)
		}
	}
}

type engineUnderTest struct {
	stack    *stack
	addr     string
	registry *prometheus.Registry
}

func newEngine(t *testing.T, name string) *engineUnderTest {
	t.Helper()
	dir := t.TempDir()
	key := filepath.Join(dir, "root.key")
	must(t, seal.GenerateRootFile(key))
	root, err := seal.RootFromFile(key)
	must(t, err)
	tenants, err := engine.NewTenants(&engine.Tenant{
		ID: "shop", Name: name, Origins: []string{"https://shop.example"}, Transcripts: true, Departments: []engine.Department{{ID: "sales"}},
	})
	must(t, err)
	bound, err := listen("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0")
	must(t, err)
	e := &engineUnderTest{addr: bound.public.Addr().String(), registry: prometheus.NewRegistry()}
	e.stack, err = startStack(parts{
		data: filepath.Join(dir, "data"), root: root, tenants: tenants, logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		registry: e.registry, listeners: bound,
	})
	must(t, err)
	return e
}

func (e *engineUnderTest) visit(ctx context.Context, t *testing.T) *client.Client {
	t.Helper()
	c, err := client.DialVisitor(ctx, client.Options{Addr: e.addr, Tenant: "shop", Origin: "https://shop.example"})
	must(t, err)
	return c
}

// started is how many sessions the engine's own registry has counted.
func (e *engineUnderTest) started(t *testing.T) float64 {
	t.Helper()
	families, err := e.registry.Gather()
	must(t, err)
	for _, f := range families {
		if f.GetName() != "parley_entries_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			if strings.Contains(m.String(), "session.started") {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}
