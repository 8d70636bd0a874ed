package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/seal"
	"github.com/parleyhq/parley/transport"
)

func testParts(t *testing.T, tenants *engine.Tenants) parts {
	t.Helper()
	dir := t.TempDir()
	key := filepath.Join(dir, "root.key")
	if err := seal.GenerateRootFile(key); err != nil {
		t.Fatal(err)
	}
	root, err := seal.RootFromFile(key)
	if err != nil {
		t.Fatal(err)
	}
	bound, err := listen("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return parts{
		data: filepath.Join(dir, "data"), root: root, tenants: tenants, registry: newRegistry(),
		logger: slog.New(slog.DiscardHandler), listeners: bound,
	}
}

func oneTenant(t *testing.T) *engine.Tenants {
	t.Helper()
	tenants, err := engine.NewTenants(demoConfiguration("0123456789012345678901234567890123456789", nil))
	if err != nil {
		t.Fatal(err)
	}
	return tenants
}

// TestStopAtOnce: a stop that comes before the listeners' goroutines have
// begun ends them all the same.
func TestStopAtOnce(t *testing.T) {
	for range 5 {
		s, err := startStack(testParts(t, oneTenant(t)))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if err := s.stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		cancel()
	}
}

// TestTwoStacks: two servers live in one process, each with a registry, and the
// metrics of both are clean.
func TestTwoStacks(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for range 2 {
		p := testParts(t, oneTenant(t))
		s, err := startStack(p)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.stop(ctx); err != nil {
				t.Errorf("stop: %v", err)
			}
		}()
		problems, err := testutil.GatherAndLint(p.registry)
		if err != nil || len(problems) > 0 {
			t.Errorf("lint: got %v %v", problems, err)
		}
	}
}

// TestBusyAddress: an address in use is told, and costs neither the store nor
// the other listeners.
func TestBusyAddress(t *testing.T) {
	first, err := listen("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer first.close()
	if _, err := listen("127.0.0.1:0", first.admin.Addr().String(), "127.0.0.1:0"); err == nil {
		t.Error("no error for an address in use")
	}
}

// TestStackNeedsItsStore: a start that fails leaves the listeners closed.
func TestStackNeedsItsStore(t *testing.T) {
	p := testParts(t, oneTenant(t))
	p.data = "/dev/null/nothing"
	if _, err := startStack(p); err == nil {
		t.Fatal("no error for a folder that cannot be")
	}
	if _, err := p.listeners.public.Accept(); err == nil {
		t.Error("the listener is still open")
	}
}

// TestStoreFailureEndsTheStack: what cannot be made durable any more is a
// reason to stop; a stop that is under way needs no other reason.
func TestStoreFailureEndsTheStack(t *testing.T) {
	s := &stack{ended: make(chan error, 1)}
	broken := errors.New("disk on fire")
	s.watch(t.Context(), func() error { return broken }, time.Millisecond)
	if err := <-s.ended; !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	s.stopping.Store(true)
	s.watch(t.Context(), func() error { return broken }, time.Millisecond)
	select {
	case err := <-s.ended:
		t.Errorf("while stopping: got %v, want nothing", err)
	default:
	}
}

// TestTLS: the first two listeners speak TLS 1.3 and nothing else, the third
// stays plain.
func TestTLS(t *testing.T) {
	certificate, roots := selfSigned(t)
	p := testParts(t, oneTenant(t))
	p.sockets = transport.Options{TLS: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS13}}
	s, err := startStack(p)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	}()
	for _, c := range []struct {
		url     string
		most    uint16
		succeed bool
	}{
		{"https://" + p.listeners.public.Addr().String() + "/visitor", tls.VersionTLS13, true},
		{"https://" + p.listeners.admin.Addr().String() + "/v1/openapi.json", tls.VersionTLS13, true},
		{"https://" + p.listeners.public.Addr().String() + "/visitor", tls.VersionTLS12, false},
		{"https://" + p.listeners.admin.Addr().String() + "/v1/openapi.json", tls.VersionTLS12, false},
		{"http://" + p.listeners.metrics.Addr().String() + "/healthz", tls.VersionTLS13, true},
	} {
		agent := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MaxVersion: c.most}}
		response, err := (&http.Client{Transport: agent}).Get(c.url)
		if got := err == nil && response.StatusCode == http.StatusOK; got != c.succeed {
			t.Errorf("%s with TLS up to %s: got %v %v, want success %v", c.url, tls.VersionName(c.most), got, err, c.succeed)
		}
		if err == nil {
			_ = response.Body.Close()
		}
		agent.CloseIdleConnections()
	}
}

// selfSigned makes a certificate for 127.0.0.1 and the pool that trusts it.
func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, roots
}
