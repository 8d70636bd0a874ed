package transport

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/valyala/fasthttp"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/client"
)

func selfSigned(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool //nolint:gosec // the server sets the version
}

func TestTLS(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		config, pool := selfSigned(t)
		o.TLS = config
		r := serve(t, o)
		visitor := r.dial(client.DialVisitor, client.Options{Addr: "wss://" + r.addr, TLS: &tls.Config{RootCAs: pool}, Origin: testOrigin}) //nolint:gosec // the default is the newest
		text := strings.Repeat("x", 8000)
		for range 50 {
			if _, err := visitor.Send(soon(t), r.board.session, text); err != nil {
				t.Fatal(err)
			}
			next(t, visitor, "evt", "message.new")
		}
		secure, err := tls.Dial("tcp", r.addr, &tls.Config{RootCAs: pool}) //nolint:gosec // the default is the newest
		if err != nil {
			t.Fatal(err)
		}
		faulty := &rawConn{secure, t}
		_ = faulty.SetDeadline(time.Now().Add(15 * time.Second))
		faulty.say([]byte(handshakeHead + "Origin: " + testOrigin + "\r\n\r\n"))
		faulty.head()
		faulty.say([]byte{0x88, 0x81, 1, 2, 3, 4, 5}) // a close frame with half a code
		if code, reason, bye := faulty.parting(); code != 1002 || reason != "protocol_error" || !strings.Contains(bye, reason) {
			t.Errorf("a fault: got %d %q after %q", code, reason, bye)
		}
		_ = faulty.Close()
		for version, want := range map[uint16]bool{tls.VersionTLS13: true, tls.VersionTLS12: false} {
			c, err := tls.Dial("tcp", r.addr, &tls.Config{RootCAs: pool, MaxVersion: version}) //nolint:gosec // an old one is the point
			if (err == nil) != want {
				t.Errorf("version %x: got %v", version, err)
			}
			if err == nil {
				_ = c.Close()
			}
		}
	})
}

func TestTLS12ByName(t *testing.T) {
	config, pool := selfSigned(t)
	r := serve(t, Options{TLS: config, AllowTLS12: true})
	c, err := tls.Dial("tcp", r.addr, &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS12}) //nolint:gosec // an old one is the point
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	if _, err := tls.Dial("tcp", r.addr, &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS11}); err == nil { //nolint:gosec // an old one is the point
		t.Error("TLS 1.1 was accepted")
	}
}

// A host's own server carries the endpoints beside its own pages.
func TestMount(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		o.Tenants = testTenants(t)
		board := newBoard()
		s := NewServer(board, o)
		host := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) { ctx.SetBodyString("the host's page") }}
		if err := s.Mount(host); err != nil {
			t.Fatal(err)
		}
		if !host.KeepHijackedConns {
			t.Error("KeepHijackedConns is off")
		}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- host.Serve(ln) }()
		faulty := (&rig{t: t, addr: ln.Addr().String()}).raw()
		faulty.say([]byte{0xc1, 0x80, 1, 2, 3, 4}) // RSV1
		if code, reason, bye := faulty.parting(); code != 1002 || reason != "protocol_error" || !strings.Contains(bye, reason) {
			t.Errorf("a fault: got %d %q after %q", code, reason, bye)
		}
		_ = faulty.Close()
		visitor, err := client.DialVisitor(soon(t), client.Options{Addr: ln.Addr().String(), Tenant: "acme", Origin: testOrigin})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := visitor.Send(soon(t), board.session, "hello"); err != nil {
			t.Error(err)
		}
		if body := get(t, "http://"+ln.Addr().String()+"/"); body != "the host's page" {
			t.Errorf("got %q", body)
		}
		if err := s.Mount(host); err == nil {
			t.Error("mounted on a server at work")
		}
		if err := errors.Join(s.Drain(soon(t)), host.Shutdown(), <-served); err != nil {
			t.Error(err)
		}
		if code := visitor.CloseCode(); code != 4000 {
			t.Errorf("code: got %d, want 4000", code)
		}
	})
}

func TestHandlerAloneRefuses(t *testing.T) {
	s := NewServer(newBoard(), Options{Tenants: testTenants(t)})
	var ctx fasthttp.RequestCtx
	ctx.Init(&fasthttp.Request{}, nil, nil)
	ctx.Request.SetRequestURI(VisitorPath)
	s.Handler()(&ctx)
	if got := ctx.Response.StatusCode(); got != fasthttp.StatusServiceUnavailable {
		t.Errorf("got %d, want 503: without Mount the host's server may not keep connections", got)
	}
}

func TestPages(t *testing.T) {
	r := serve(t, Options{Pages: func(ctx *fasthttp.RequestCtx) {
		if string(ctx.Path()) == "/panic" {
			panic("canary-7f3a")
		}
		ctx.SetBodyString("page")
	}})
	if body := get(t, "http://"+r.addr+"/any"); body != "page" {
		t.Errorf("got %q", body)
	}
	if body := get(t, "http://"+r.addr+"/panic"); body != "internal" {
		t.Errorf("got %q", body)
	}
}

func TestTwoServersTwoRegistries(t *testing.T) {
	first, second := serve(t, Options{}), serve(t, Options{FastPath: true})
	first.visitor()
	first.operator("ada")
	second.visitor()
	for r, want := range map[*rig][2]float64{first: {1, 1}, second: {1, 0}} {
		eventually(t, "both are counted", func() bool {
			return r.metric("parley_ws_connections", "visitor") == want[0] && r.metric("parley_ws_connections", "operator") == want[1]
		})
		problems, err := testutil.GatherAndLint(r.registry)
		if err != nil || len(problems) > 0 {
			t.Errorf("lint: %v %v", problems, err)
		}
	}
	third := NewServer(newBoard(), Options{Tenants: testTenants(t), Registerer: first.registry})
	if err := third.ListenAndServe(context.Background(), "127.0.0.1:0"); err == nil || !strings.Contains(err.Error(), "metrics") {
		t.Errorf("two servers in one registry: got %v, want an error", err)
	}
}

func TestOps(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "parley_test_total", Help: "x"}))
	var down error
	broken := func() engine.Invariants {
		at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
		frozen := engine.Violated{Tenant: "acme", Session: engine.SessionID{15: 1}, Invariant: "I4", Detail: "x", At: at, Ref: "R1"}
		return engine.Invariants{Violations: map[string]uint64{"I4": 1}, Frozen: []engine.Violated{frozen}, Audits: 3}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() {
		served <- NewOps(OpsOptions{Ready: func() error { return down }, Gatherer: registry, Invariants: broken}).Serve(ctx, ln)
	}()
	base := "http://" + ln.Addr().String()
	if body, want := get(t, base+"/admin/invariants"), `{"violations":{"I4":1},"frozen":[{"tenant":"acme","sid":"00000000000000000000000001","invariant":"I4","detail":"x","at":"2026-03-01T09:00:00Z","ref":"R1"}],"recent":[],"audits":3}`; body != want+"\n" {
		t.Errorf("/admin/invariants: got %s, want %s", body, want)
	}
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n", "/metrics": "# HELP parley_test_total", "/x": "not found"} {
		if body := get(t, base+path); !strings.HasPrefix(body, want) {
			t.Errorf("%s: got %q, want %q", path, body, want)
		}
	}
	down = errors.New("the store has stopped")
	if body := get(t, base+"/readyz"); body != down.Error() {
		t.Errorf("not ready: got %q", body)
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
