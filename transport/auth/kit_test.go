package auth_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// issuer is a real HTTPS server that publishes keys, and the private halves.
type issuer struct {
	t       testing.TB
	server  *httptest.Server
	fetches atomic.Int64
	ed      ed25519.PrivateKey
	ec      *ecdsa.PrivateKey

	mu     sync.Mutex
	answer http.HandlerFunc // guarded by mu; nil: the keys below
	keys   []map[string]any // guarded by mu
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	i := &issuer{t: t}
	var err error
	if _, i.ed, err = ed25519.GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	if i.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	i.keys = []map[string]any{edKey("e", i.ed), ecKey("c", i.ec)}
	i.server = httptest.NewTLSServer(http.HandlerFunc(i.serve))
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) serve(w http.ResponseWriter, r *http.Request) {
	i.fetches.Add(1)
	i.mu.Lock()
	answer, keys := i.answer, i.keys
	i.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": keys})
}

// publish changes the keys; nil means the server's own answer is to be used.
func (i *issuer) publish(keys ...map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys, i.answer = keys, nil
}

func (i *issuer) answers(h http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = h
}

func (i *issuer) url() string { return i.server.URL + "/keys" }

func (i *issuer) roots() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(i.server.Certificate())
	return &tls.Config{RootCAs: pool}
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func edKey(kid string, key ed25519.PrivateKey) map[string]any {
	public, _ := key.Public().(ed25519.PublicKey)
	return map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": kid, "use": "sig", "alg": "EdDSA", "x": encode(public)}
}

func ecKey(kid string, key *ecdsa.PrivateKey) map[string]any {
	point, err := key.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	return map[string]any{"kty": "EC", "crv": "P-256", "kid": kid, "x": encode(point[1:33]), "y": encode(point[33:])}
}

func with(key map[string]any, name string, value any) map[string]any {
	c := map[string]any{name: value}
	for n, v := range key {
		if n != name {
			c[n] = v
		}
	}
	return c
}

// clock is a time that tests move.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(now.UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) forward(d time.Duration) { c.at.Add(int64(d)) }

// remote is a Remote that trusts the issuers and may reach them.
func remote(t testing.TB, c *clock, of *issuer, change func(*auth.RemoteOptions)) *auth.Remote {
	t.Helper()
	o := auth.RemoteOptions{Clock: c.now, TLS: of.roots(), PrivateHosts: []string{"127.0.0.1"}}
	if change != nil {
		change(&o)
	}
	r := auth.NewRemote(o)
	t.Cleanup(r.Close)
	return r
}

// housed is acme with the issuer's keys for operators.
func housed(t testing.TB, id engine.TenantID, sets ...engine.KeySet) *engine.Tenant {
	t.Helper()
	h := newHouse(t, id)
	h.tenant.KeySets = sets
	if _, err := engine.NewTenants(h.tenant); err != nil {
		t.Fatal(err)
	}
	return h.tenant
}

func hostOf(t testing.TB, url string) string {
	t.Helper()
	host, _, err := net.SplitHostPort(strings.TrimPrefix(strings.TrimSuffix(url, "/keys"), "https://"))
	if err != nil {
		t.Fatal(err)
	}
	return host
}
