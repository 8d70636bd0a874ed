package auth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
)

const issuerName = "https://id.example"

func issued(change func(jwt.MapClaims)) jwt.MapClaims {
	return claims(func(c jwt.MapClaims) {
		c["iss"] = issuerName
		if change != nil {
			change(c)
		}
	})
}

// TestPublishedKeys is FAULTS' token table for keys that issuers publish: none of the
// forgeries is accepted, whoever's keys were fetched before.
func TestPublishedKeys(t *testing.T) {
	i, theirs := newIssuer(t), newIssuer(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spare := newIssuer(t)
	secret := make([]byte, 32)
	i.publish(
		edKey("e", i.ed), ecKey("c", i.ec), with(edKey("ed-named", i.ed), "alg", "Ed25519"),
		map[string]any{"kty": "oct", "kid": "oct", "alg": "HS256", "k": encode(secret)},
		map[string]any{"kty": "RSA", "kid": "rsa", "alg": "RS256", "n": encode(rsaKey.N.Bytes()), "e": "AQAB"},
		with(edKey("enc", spare.ed), "use", "enc"), with(edKey("ops", spare.ed), "key_ops", []string{"sign"}),
		with(edKey("private", spare.ed), "d", encode(spare.ed.Seed())), with(edKey("es", spare.ed), "alg", "ES256"),
		with(ecKey("off", spare.ec), "y", encode(make([]byte, 32))), with(ecKey("384", spare.ec), "crv", "P-384"),
		edKey("twice", spare.ed), edKey("twice", theirs.ed), edKey("", spare.ed),
		map[string]any{"kty": 5}, with(edKey("short", spare.ed), "x", "AAAA"),
	)
	theirs.publish(edKey("e", theirs.ed), edKey("only-theirs", theirs.ed))
	set := engine.KeySet{Issuer: issuerName, URL: i.url()}
	second := engine.KeySet{Issuer: "https://second.example", URL: theirs.url(), Audience: "parley"}
	acme := housed(t, "acme", set, second)
	other := housed(t, "other", engine.KeySet{Issuer: issuerName, URL: theirs.url()})
	static := newHouse(t, "acme")
	acme.Keys = static.tenant.Keys
	acme.VisitorKeySets = []engine.KeySet{{Issuer: issuerName, URL: theirs.url(), Audience: "visitors"}}

	ed := func(key *issuer, kid string, c jwt.MapClaims) string {
		return sign(t, jwt.SigningMethodEdDSA, key.ed, kid, c)
	}
	set2 := func(name string, value any) jwt.MapClaims { return issued(func(c jwt.MapClaims) { c[name] = value }) }
	iss2 := func(aud string) jwt.MapClaims {
		return issued(func(c jwt.MapClaims) { c["iss"], c["aud"] = second.Issuer, aud })
	}
	unix := func(d time.Duration) int64 { return now.Add(d).Unix() }
	invalid := engine.ErrAuthInvalid
	for _, tt := range []struct {
		name, token string
		want        *engine.Error
		why         engine.Denial
	}{
		{"EdDSA", ed(i, "e", issued(nil)), nil, 0},
		{"Ed25519 by its other name", ed(i, "ed-named", issued(nil)), nil, 0},
		{"ES256", sign(t, jwt.SigningMethodES256, i.ec, "c", issued(nil)), nil, 0},
		{"the second issuer", ed(theirs, "e", iss2("parley")), nil, 0},
		{"a key of the tenant's own", sign(t, jwt.SigningMethodEdDSA, static.ed, "e", claims(nil)), nil, 0},

		{"expired", ed(i, "e", set2("exp", unix(-time.Second))), engine.ErrAuthExpired, engine.DenialExpired},
		{"future nbf", ed(i, "e", set2("nbf", unix(time.Minute))), invalid, engine.DenialEarly},
		{"future iat", ed(i, "e", set2("iat", unix(time.Minute))), invalid, engine.DenialEarly},
		{"exp too far", ed(i, "e", set2("exp", unix(25*time.Hour))), invalid, engine.DenialLifetime},
		{"exp in a string", ed(i, "e", set2("exp", strconv.FormatInt(unix(time.Hour), 10))), invalid, engine.DenialMalformed},
		{"nbf in a string", ed(i, "e", set2("nbf", strconv.FormatInt(unix(-time.Hour), 10))), invalid, engine.DenialMalformed},
		{"iat in a string", ed(i, "e", set2("iat", strconv.FormatInt(unix(-time.Hour), 10))), invalid, engine.DenialMalformed},
		{"exp missing", ed(i, "e", issued(func(c jwt.MapClaims) { delete(c, "exp") })), invalid, engine.DenialLifetime},
		{"wrong aud", ed(i, "e", set2("aud", "other")), invalid, engine.DenialAudience},
		{"the tenant's id where the set has an audience", ed(theirs, "e", iss2("acme")), invalid, engine.DenialAudience},
		{"the visitors' audience", ed(theirs, "e", issued(func(c jwt.MapClaims) { c["aud"] = "visitors" })), invalid, engine.DenialSignature},
		{"an issuer that is not the tenant's", ed(i, "e", set2("iss", "https://evil.example")), invalid, engine.DenialSignature},
		{"an issuer's name with a slash more", ed(i, "e", set2("iss", issuerName+"/")), invalid, engine.DenialSignature},
		{"one issuer's key, the other's name", ed(i, "e", iss2("parley")), invalid, engine.DenialSignature},
		{"a kid that only the other issuer has", ed(theirs, "only-theirs", issued(nil)), invalid, engine.DenialKeyUnknown},
		{"same kid at another tenant", ed(theirs, "e", issued(nil)), invalid, engine.DenialSignature},
		{"same kid, the tenant's own key", sign(t, jwt.SigningMethodEdDSA, static.ed, "e", issued(nil)), invalid, engine.DenialSignature},
		{"the tenant's own kid under the issuer's name", sign(t, jwt.SigningMethodHS256, static.secret, "h", issued(nil)), invalid, engine.DenialKeyUnknown},
		{"the issuer's key without its name", ed(i, "e", claims(nil)), invalid, engine.DenialSignature},
		{"alg none", sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "e", issued(nil)), invalid, engine.DenialAlgorithm},
		{"HS256 keyed with the public key", sign(t, jwt.SigningMethodHS256, []byte(i.ed[32:]), "e", issued(nil)), invalid, engine.DenialAlgorithm},
		{"HS256 keyed with a published secret", sign(t, jwt.SigningMethodHS256, secret, "oct", issued(nil)), invalid, engine.DenialKeyUnknown},
		{"RS256 with a published key", sign(t, jwt.SigningMethodRS256, rsaKey, "rsa", issued(nil)), invalid, engine.DenialAlgorithm},
		{"ES384", sign(t, jwt.SigningMethodES384, p384, "384", issued(nil)), invalid, engine.DenialAlgorithm},
		{"EdDSA under the kid of an ES256 key", ed(i, "c", issued(nil)), invalid, engine.DenialAlgorithm},
		{"a key for encryption", ed(spare, "enc", issued(nil)), invalid, engine.DenialKeyUnknown},
		{"a key for signing only", ed(spare, "ops", issued(nil)), invalid, engine.DenialKeyUnknown},
		{"a key whose private half is published", ed(spare, "private", issued(nil)), invalid, engine.DenialKeyUnknown},
		{"a key for another algorithm", ed(spare, "es", issued(nil)), invalid, engine.DenialKeyUnknown},
		{"a point off the curve", sign(t, jwt.SigningMethodES256, spare.ec, "off", issued(nil)), invalid, engine.DenialKeyUnknown},
		{"a kid of two keys", ed(spare, "twice", issued(nil)), invalid, engine.DenialKeyUnknown},
		{"no kid", ed(i, "", issued(nil)), invalid, engine.DenialKeyUnknown},
		{"an unknown kid", ed(i, "x", issued(nil)), invalid, engine.DenialKeyUnknown},
		{"claims exchanged", exchanged(t, ed(i, "e", issued(nil))), invalid, engine.DenialSignature},
		{"nobody's name", ed(i, "e", set2("sub", "mallory")), invalid, engine.DenialSubject},
	} {
		t.Run(tt.name, func(t *testing.T) {
			clock := newClock()
			both := i.roots()
			both.RootCAs.AddCert(theirs.server.Certificate())
			j := &auth.JWT{Clock: clock.now, Remote: remote(t, clock, i, func(o *auth.RemoteOptions) { o.TLS = both })}
			// The others ask first, so that a cache by kid alone would serve their keys
			// (GHSA-g6vg-wj8f-48cj).
			_, _ = j.Operator(context.Background(), other, tt.token)
			_, _ = j.Visitor(context.Background(), acme, tt.token)
			for range 2 { // fetched, and cached
				p, err := j.Operator(context.Background(), acme, tt.token)
				switch {
				case tt.want == nil && (err != nil || p.Operator != "ada"):
					t.Fatalf("got %v, %v", p.Operator, err)
				case tt.want != nil && (!errors.Is(err, tt.want) || p.Operator != "" || engine.DenialOf(err) != tt.why):
					t.Fatalf("got %q, %v (%v); want %v (%v)", p.Operator, err, engine.DenialOf(err), tt.want, tt.why)
				}
			}
		})
	}
}

// A replayed token, with another's keys in the same address: what verifies for
// visitors does not verify operators, and the other way round.
func TestVisitorsKeySets(t *testing.T) {
	i, clock := newIssuer(t), newClock()
	tenant := housed(t, "acme")
	tenant.VisitorKeySets = []engine.KeySet{{Issuer: issuerName, URL: i.url()}}
	j := &auth.JWT{Clock: clock.now, Remote: remote(t, clock, i, nil)}
	token := sign(t, jwt.SigningMethodEdDSA, i.ed, "e", issued(nil))
	proof, err := j.Visitor(context.Background(), tenant, token)
	if err != nil || proof.Subject != issuerName+"\x00ada" {
		t.Fatalf("got %q, %v", proof.Subject, err)
	}
	if p, err := j.Operator(context.Background(), tenant, token); err == nil {
		t.Errorf("a visitor's token is operator %q", p.Operator)
	}
	if _, err := (&auth.JWT{Clock: clock.now}).Visitor(context.Background(), tenant, token); engine.DenialOf(err) != engine.DenialKeyUnknown {
		t.Errorf("without a Remote: got %v", err)
	}
}

// TestSubjectsAreTheirIssuers: the same `sub` of two issuers, and of the tenant
// itself, is three visitors. Otherwise whoever chooses a name at one issuer takes
// over the conversation of whoever has it at the other.
func TestSubjectsAreTheirIssuers(t *testing.T) {
	one, two, clock := newIssuer(t), newIssuer(t), newClock()
	static, tenant := newHouse(t, "acme"), housed(t, "acme")
	tenant.VisitorKeys = static.tenant.Keys
	tenant.VisitorKeySets = []engine.KeySet{{Issuer: issuerName, URL: one.url()}, {Issuer: "https://second.example", URL: two.url()}}
	roots := one.roots()
	roots.RootCAs.AddCert(two.server.Certificate())
	j := &auth.JWT{Clock: clock.now, Remote: remote(t, clock, one, func(o *auth.RemoteOptions) { o.TLS = roots })}
	seen := map[string]string{}
	for name, token := range map[string]string{
		"the first issuer":  sign(t, jwt.SigningMethodEdDSA, one.ed, "e", issued(nil)),
		"the second issuer": sign(t, jwt.SigningMethodEdDSA, two.ed, "e", issued(func(c jwt.MapClaims) { c["iss"] = "https://second.example" })),
		"the tenant":        sign(t, jwt.SigningMethodEdDSA, static.ed, "e", claims(nil)),
		"the tenant, who names an issuer without a set": sign(t, jwt.SigningMethodEdDSA, static.ed, "e", claims(func(c jwt.MapClaims) {
			c["iss"], c["sub"] = "https://acme.example", "ada2"
		})),
	} {
		proof, err := j.Visitor(context.Background(), tenant, token)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if other, taken := seen[proof.Subject]; taken {
			t.Errorf("%s and %s name the same visitor", name, other)
		}
		seen[proof.Subject] = name
	}
	forged := sign(t, jwt.SigningMethodEdDSA, static.ed, "e", claims(func(c jwt.MapClaims) { c["sub"] = issuerName + "\x00ada" }))
	if proof, err := j.Visitor(context.Background(), tenant, forged); engine.DenialOf(err) != engine.DenialSubject {
		t.Errorf("a name with NUL: got %q, %v", proof.Subject, err)
	}
	if seen["ada"] != "the tenant" || seen["ada2"] == "" {
		t.Errorf("the tenant's own names: got %q", seen)
	}
}

type client struct {
	*testing.T
	*issuer
	clock  *clock
	j      *auth.JWT
	tenant *engine.Tenant
}

func newClient(t *testing.T, change func(*auth.RemoteOptions)) *client {
	i, clock := newIssuer(t), newClock()
	return &client{t, i, clock, &auth.JWT{Clock: clock.now, Remote: remote(t, clock, i, change)}, housed(t, "acme", engine.KeySet{Issuer: issuerName, URL: i.url()})}
}

// denial is what comes of a token that the issuer's first key signed under a kid.
func (c *client) denial(kid string) engine.Denial {
	c.Helper()
	token := sign(c.T, jwt.SigningMethodEdDSA, c.ed, kid, issued(func(m jwt.MapClaims) { m["exp"] = c.clock.now().Add(time.Hour).Unix() }))
	_, err := c.j.Operator(context.Background(), c.tenant, token)
	if err == nil {
		return engine.DenialNone
	}
	return engine.DenialOf(err)
}

func (c *client) want(kid string, want engine.Denial, fetches int64) {
	c.Helper()
	if got := c.denial(kid); got != want {
		c.Errorf("kid %s: got %q, want %q", kid, got, want)
	}
	c.fetched(fetches)
}

// fetched waits until the issuer was asked so often, and no more.
func (c *client) fetched(want int64) {
	c.Helper()
	for end := time.Now().Add(5 * time.Second); c.fetches.Load() < want && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if got := c.fetches.Load(); got != want {
		c.Fatalf("fetches: got %d, want %d", got, want)
	}
}

// eventually waits for a background fetch to be taken over.
func (c *client) eventually(kid string, want engine.Denial) {
	c.Helper()
	var got engine.Denial
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if got = c.denial(kid); got == want {
			return
		}
	}
	c.Fatalf("kid %s: got %q, want %q", kid, got, want)
}

// TestRotation: a new key is found at its first token, a withdrawn one dies with
// the next fetch, and strangers' kids cause no more than one fetch a pause.
func TestRotation(t *testing.T) {
	c := newClient(t, nil)
	c.want("e", engine.DenialNone, 1)
	c.want("e", engine.DenialNone, 1)
	c.want("f", engine.DenialKeyUnknown, 1) // the set is too new to be asked for again
	c.clock.forward(auth.DefaultPause)
	c.want("f", engine.DenialKeyUnknown, 2)
	c.publish(edKey("f", c.ed))
	c.clock.forward(auth.DefaultPause)
	c.want("f", engine.DenialKeyUnknown, 2) // it was asked for just now: the negative cache
	c.want("g", engine.DenialKeyUnknown, 3) // another kid asks, and the set brings f
	c.want("f", engine.DenialNone, 3)
	c.want("e", engine.DenialKeyUnknown, 3) // withdrawn
	for n := range 600 {
		c.denial(fmt.Sprintf("x%d", n))
	}
	c.fetched(3)
	c.clock.forward(auth.DefaultFresh)
	c.publish(edKey("h", c.ed))
	c.want("f", engine.DenialNone, 4) // serves while it is fetched again
	c.eventually("f", engine.DenialKeyUnknown)
	c.want("h", engine.DenialNone, 4)
}

// TestStaleWhileError: an issuer that fails stops nobody whose key is known, for a
// bounded time.
func TestStaleWhileError(t *testing.T) {
	c := newClient(t, nil)
	c.want("e", engine.DenialNone, 1)
	c.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	c.clock.forward(auth.DefaultFresh)
	c.want("e", engine.DenialNone, 2)
	c.clock.forward(auth.DefaultStale - auth.DefaultFresh - time.Second)
	c.want("e", engine.DenialNone, 3)
	c.clock.forward(auth.DefaultPause)
	c.want("e", engine.DenialKeys, 4)
	c.want("e", engine.DenialKeys, 4) // no storm on who is ill
	c.publish(edKey("e", c.ed))
	c.clock.forward(auth.DefaultPause)
	c.want("e", engine.DenialNone, 5)
	c.clock.forward(-time.Hour) // a clock that is set back does not make keys last
	c.want("e", engine.DenialNone, 6)
}

// TestSingleFlight: many who wait cause one fetch, and who gives up does not end it.
func TestSingleFlight(t *testing.T) {
	c := newClient(t, nil)
	asked, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	c.answers(func(w http.ResponseWriter, _ *http.Request) {
		once.Do(func() { close(asked) })
		<-release
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{edKey("e", c.ed)}})
	})
	token := sign(t, jwt.SigningMethodEdDSA, c.ed, "e", issued(nil))
	ctx, cancel := context.WithCancel(context.Background())
	gaveUp := make(chan error, 1)
	go func() {
		_, err := c.j.Operator(ctx, c.tenant, token)
		gaveUp <- err
	}()
	<-asked
	cancel()
	if err := <-gaveUp; !errors.Is(err, engine.ErrBusy) || engine.DenialOf(err) != engine.DenialKeys {
		t.Errorf("who gives up: got %v", err)
	}
	var waiting sync.WaitGroup
	for range 20 {
		waiting.Go(func() {
			if _, err := c.j.Operator(context.Background(), c.tenant, token); err != nil {
				t.Errorf("got %v", err)
			}
		})
	}
	// Another tenant is not held up by who waits.
	static := newHouse(t, "free")
	other := sign(t, jwt.SigningMethodEdDSA, static.ed, "e", claims(func(m jwt.MapClaims) { m["aud"] = "free" }))
	if _, err := c.j.Operator(context.Background(), static.tenant, other); err != nil {
		t.Errorf("another tenant: %v", err)
	}
	close(release)
	waiting.Wait()
	c.fetched(1)
}

// TestHostileIssuers: what a set's server does wrong costs its own tenant, and
// nobody else anything.
func TestHostileIssuers(t *testing.T) {
	beyond := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer beyond.Close()
	for name, answer := range map[string]http.HandlerFunc{
		"not found": http.NotFound,
		"no JSON":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"no keys":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) },
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"keys":["` + strings.Repeat("x", 1<<20)))
		},
		"too many keys": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"keys":[{}` + strings.Repeat(",{}", 64) + `]}`))
		},
		"to another host": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, beyond.URL, http.StatusFound) },
		"to plain text": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+r.Host+"/keys", http.StatusFound)
		},
		"in circles":        func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/keys", http.StatusFound) },
		"silent":            func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"headers too large": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 64<<10)) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, func(o *auth.RemoteOptions) { o.Timeout = 300 * time.Millisecond })
			c.answers(answer)
			if got := c.denial("e"); got != engine.DenialKeys {
				t.Errorf("got %q, want %q", got, engine.DenialKeys)
			}
		})
	}
}

// TestPrivateAddresses: a tenant's address leads nowhere inside, whatever it is
// called, unless the host is allowed by name.
func TestPrivateAddresses(t *testing.T) {
	for name, hosts := range map[string][]string{
		"nothing allowed": nil, "another host": {"localhost"}, "a suffix": {"0.0.1", ".0.0.1"}, "allowed": {"127.0.0.1"},
	} {
		c := newClient(t, func(o *auth.RemoteOptions) { o.PrivateHosts = hosts })
		want, fetches := engine.DenialKeys, int64(0)
		if name == "allowed" {
			want, fetches = engine.DenialNone, 1
		}
		c.want("e", want, fetches)
	}
	for _, host := range []string{"localhost", "127.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0"} {
		c := newClient(t, func(o *auth.RemoteOptions) { o.PrivateHosts = nil })
		c.tenant.KeySets[0].URL = strings.Replace(c.url(), hostOf(t, c.url()), host, 1)
		c.want("e", engine.DenialKeys, 0)
	}
	c := newClient(t, func(o *auth.RemoteOptions) { o.TLS = nil })
	c.want("e", engine.DenialKeys, 0) // a certificate that nobody vouches for
}

func TestIsPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "93.184.216.34": true,
		"10.0.0.1": false, "172.16.0.1": false, "192.168.1.1": false, "127.0.0.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"0.0.0.0": false, "0.1.2.3": false, "255.255.255.255": false, "224.0.0.1": false, "198.18.0.1": false, "240.0.0.1": false,
		"::1": false, "::": false, "fe80::1": false, "fc00::1": false, "fd00:ec2::254": false, "ff02::1": false, "::ffff:10.0.0.1": false,
		"::10.0.0.1": false, "64:ff9b::a00:1": false, "2002:a00:1::": false, "2001:0:a00:1::": false, "fec0::1": false,
	} {
		if got := auth.IsPublic(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}
