package auth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
)

var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

type house struct {
	tenant *engine.Tenant
	secret []byte
	ed     ed25519.PrivateKey
	ec     *ecdsa.PrivateKey
	edPEM  string
}

func newHouse(t testing.TB, id engine.TenantID) *house {
	t.Helper()
	h := &house{secret: make([]byte, 32)}
	_, _ = rand.Read(h.secret)
	var err error
	if _, h.ed, err = ed25519.GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	if h.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	h.edPEM = publicPEM(t, h.ed.Public())
	h.tenant = &engine.Tenant{
		ID:          id,
		Departments: []engine.Department{{ID: "sales"}, {ID: "help"}},
		Operators:   []engine.Operator{{ID: "ada"}},
		Keys: []engine.TokenKey{
			{ID: "h", Algorithm: "HS256", Secret: engine.NewBody(slices.Clone(h.secret))},
			{ID: "e", Algorithm: "EdDSA", PEM: h.edPEM},
			{ID: "c", Algorithm: "ES256", PEM: publicPEM(t, h.ec.Public())},
		},
	}
	if _, err = engine.NewTenants(h.tenant); err != nil {
		t.Fatal(err)
	}
	return h
}

func publicPEM(t testing.TB, key crypto.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func claims(change func(jwt.MapClaims)) jwt.MapClaims {
	c := jwt.MapClaims{
		"sub": "ada", "aud": "acme", "exp": now.Add(time.Hour).Unix(), "roles": []string{"operator", "astronaut"},
		"departments": []string{"help"},
	}
	if change != nil {
		change(c)
	}
	return c
}

func sign(t testing.TB, method jwt.SigningMethod, key any, kid string, c jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, c)
	if kid != "" {
		token.Header["kid"] = kid
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTokens(t *testing.T) {
	acme, other := newHouse(t, "acme"), newHouse(t, "other")
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	unix := func(d time.Duration) int64 { return now.Add(d).Unix() }
	set := func(name string, value any) jwt.MapClaims {
		return claims(func(c jwt.MapClaims) { c[name] = value })
	}
	hs := func(c jwt.MapClaims) string { return sign(t, jwt.SigningMethodHS256, acme.secret, "h", c) }
	without := func(name string) string { return hs(claims(func(c jwt.MapClaims) { delete(c, name) })) }
	ed := sign(t, jwt.SigningMethodEdDSA, acme.ed, "e", claims(nil))

	for _, tt := range []struct {
		name, token string
		want        error
	}{
		{"HS256", hs(claims(nil)), nil},
		{"EdDSA", ed, nil},
		{"ES256", sign(t, jwt.SigningMethodES256, acme.ec, "c", claims(nil)), nil},
		{"audience among several", hs(set("aud", []string{"x", "acme"})), nil},
		{"exp in exactly 24 hours", hs(set("exp", unix(24*time.Hour))), nil},
		{"nbf within the leeway", hs(set("nbf", unix(4*time.Second))), nil},

		{"expired", hs(set("exp", unix(-time.Second))), engine.ErrAuthExpired},
		{"expires now", hs(set("exp", unix(0))), engine.ErrAuthExpired},
		{"expired and of another tenant", hs(claims(func(c jwt.MapClaims) { c["exp"] = unix(-1); c["aud"] = "other" })), engine.ErrAuthInvalid},
		{"expired and signed by nobody", sign(t, jwt.SigningMethodHS256, other.secret, "h", set("exp", unix(-time.Hour))), engine.ErrAuthInvalid},
		{"future nbf", hs(set("nbf", unix(time.Minute))), engine.ErrAuthInvalid},
		{"future iat", hs(set("iat", unix(time.Minute))), engine.ErrAuthInvalid},
		{"exp too far", hs(set("exp", unix(24*time.Hour+time.Second))), engine.ErrAuthInvalid},
		{"exp in a string", hs(set("exp", strconv.FormatInt(unix(time.Hour), 10))), engine.ErrAuthInvalid},
		{"nbf in a string", hs(set("nbf", strconv.FormatInt(unix(-time.Hour), 10))), engine.ErrAuthInvalid},
		{"iat in a string", hs(set("iat", strconv.FormatInt(unix(-time.Hour), 10))), engine.ErrAuthInvalid},
		{"exp an empty string", hs(set("exp", "")), engine.ErrAuthInvalid},
		{"exp missing", without("exp"), engine.ErrAuthInvalid},
		{"aud missing", without("aud"), engine.ErrAuthInvalid},
		{"sub missing", without("sub"), engine.ErrAuthInvalid},
		{"wrong aud", hs(set("aud", "other")), engine.ErrAuthInvalid},
		{"aud is a prefix", hs(set("aud", "acm")), engine.ErrAuthInvalid},
		{"nobody's name", hs(set("sub", "mallory")), engine.ErrAuthInvalid},
		{"departments of which none exists", hs(set("departments", []string{"attic"})), engine.ErrAuthInvalid},
		{"alg none", sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "h", claims(nil)), engine.ErrAuthInvalid},
		{"HS256 keyed with the public key", sign(t, jwt.SigningMethodHS256, []byte(acme.edPEM), "e", claims(nil)), engine.ErrAuthInvalid},
		{"HS384 with the right secret", sign(t, jwt.SigningMethodHS384, acme.secret, "h", claims(nil)), engine.ErrAuthInvalid},
		{"RS256", sign(t, jwt.SigningMethodRS256, rsaKey, "h", claims(nil)), engine.ErrAuthInvalid},
		{"right key under another's kid", sign(t, jwt.SigningMethodEdDSA, acme.ed, "c", claims(nil)), engine.ErrAuthInvalid},
		{"same kid, other tenant's key", sign(t, jwt.SigningMethodHS256, other.secret, "h", claims(nil)), engine.ErrAuthInvalid},
		{"unknown kid", sign(t, jwt.SigningMethodHS256, acme.secret, "x", claims(nil)), engine.ErrAuthInvalid},
		{"no kid among several keys", sign(t, jwt.SigningMethodHS256, acme.secret, "", claims(nil)), engine.ErrAuthInvalid},
		{"signature cut off", ed[:strings.LastIndexByte(ed, '.')+1], engine.ErrAuthInvalid},
		{"claims exchanged", exchanged(t, ed), engine.ErrAuthInvalid},
		{"empty", "", engine.ErrAuthInvalid},
		{"no token at all", "a.b.c", engine.ErrAuthInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := &auth.JWT{Clock: func() time.Time { return now }}
			// The other tenant asks first, so that a cache by kid alone would serve its key.
			_, _ = j.Operator(context.Background(), other.tenant, tt.token)
			got, err := j.Operator(context.Background(), acme.tenant, tt.token)
			if !errors.Is(err, tt.want) {
				t.Fatalf("error: got %v, want %v", err, tt.want)
			}
			if tt.want == nil && (got.Operator != "ada" || !slices.Equal(got.Roles, []engine.Role{"operator"}) ||
				!slices.Equal(got.Departments, []engine.DepartmentID{"help"}) || !got.Expires.After(now)) {
				t.Errorf("principal: got %+v", got)
			}
			if tt.want != nil && got.Operator != "" {
				t.Errorf("a refused token names %q", got.Operator)
			}
		})
	}
}

// Visitors' tokens are judged as strictly, under keys of their own.
func TestVisitorTokens(t *testing.T) {
	acme, other := newHouse(t, "acme"), newHouse(t, "other")
	visitors := newHouse(t, "acme") // whose keys verify acme's visitors, by the ids of acme's own
	acme.tenant.VisitorKeys, other.tenant.VisitorKeys = visitors.tenant.Keys, newHouse(t, "other").tenant.Keys
	unix := func(d time.Duration) int64 { return now.Add(d).Unix() }
	visit := func(change func(jwt.MapClaims)) jwt.MapClaims {
		c := jwt.MapClaims{"sub": "kunde 17 \u00fc", "aud": "acme", "exp": unix(time.Hour), "email": "x@example.org", "roles": []string{"admin"}}
		if change != nil {
			change(c)
		}
		return c
	}
	set := func(name string, value any) jwt.MapClaims { return visit(func(c jwt.MapClaims) { c[name] = value }) }
	without := func(name string) jwt.MapClaims { return visit(func(c jwt.MapClaims) { delete(c, name) }) }
	hs := func(c jwt.MapClaims) string { return sign(t, jwt.SigningMethodHS256, visitors.secret, "h", c) }
	for _, tt := range []struct {
		name, token string
		want        error
	}{
		{"HS256", hs(visit(nil)), nil},
		{"EdDSA", sign(t, jwt.SigningMethodEdDSA, visitors.ed, "e", visit(nil)), nil},
		{"ES256", sign(t, jwt.SigningMethodES256, visitors.ec, "c", visit(nil)), nil},
		{"exp in exactly 24 hours", hs(set("exp", unix(24*time.Hour))), nil},

		{"expired", hs(set("exp", unix(-time.Second))), engine.ErrAuthExpired},
		{"expired and signed by the operators' key", sign(t, jwt.SigningMethodHS256, acme.secret, "h", set("exp", unix(-time.Hour))), engine.ErrAuthInvalid},
		{"future nbf", hs(set("nbf", unix(time.Minute))), engine.ErrAuthInvalid},
		{"future iat", hs(set("iat", unix(time.Minute))), engine.ErrAuthInvalid},
		{"exp too far", hs(set("exp", unix(24*time.Hour+time.Second))), engine.ErrAuthInvalid},
		{"exp in a string", hs(set("exp", strconv.FormatInt(unix(time.Hour), 10))), engine.ErrAuthInvalid},
		{"nbf in a string", hs(set("nbf", strconv.FormatInt(unix(-time.Hour), 10))), engine.ErrAuthInvalid},
		{"iat in a string", hs(set("iat", strconv.FormatInt(unix(-time.Hour), 10))), engine.ErrAuthInvalid},
		{"exp missing", hs(without("exp")), engine.ErrAuthInvalid},
		{"aud missing", hs(without("aud")), engine.ErrAuthInvalid},
		{"wrong aud", hs(set("aud", "other")), engine.ErrAuthInvalid},
		{"sub missing", hs(without("sub")), engine.ErrAuthInvalid},
		{"sub empty", hs(set("sub", "")), engine.ErrAuthInvalid},
		{"sub too long", hs(set("sub", strings.Repeat("x", 256))), engine.ErrAuthInvalid},
		{"sub no UTF-8", hs(set("sub", "a\ufffd")), engine.ErrAuthInvalid},
		{"the operators' key under the visitors' id", sign(t, jwt.SigningMethodHS256, acme.secret, "h", visit(nil)), engine.ErrAuthInvalid},
		{"another tenant's visitors' key", sign(t, jwt.SigningMethodEdDSA, other.ed, "e", visit(nil)), engine.ErrAuthInvalid},
		{"alg none", sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "h", visit(nil)), engine.ErrAuthInvalid},
		{"HS256 keyed with the public key", sign(t, jwt.SigningMethodHS256, []byte(visitors.edPEM), "e", visit(nil)), engine.ErrAuthInvalid},
		{"unknown kid", sign(t, jwt.SigningMethodHS256, visitors.secret, "x", visit(nil)), engine.ErrAuthInvalid},
		{"no kid among several keys", sign(t, jwt.SigningMethodHS256, visitors.secret, "", visit(nil)), engine.ErrAuthInvalid},
		{"empty", "", engine.ErrAuthInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := &auth.JWT{Clock: func() time.Time { return now }}
			_, _ = j.Visitor(context.Background(), other.tenant, tt.token)
			proof, err := j.Visitor(context.Background(), acme.tenant, tt.token)
			subject, until := proof.Subject, proof.Until
			if !errors.Is(err, tt.want) {
				t.Fatalf("error: got %v, want %v", err, tt.want)
			}
			if tt.want == nil && (subject != "kunde 17 \u00fc" || !until.After(now)) || tt.want != nil && (subject != "" || !until.IsZero()) {
				t.Errorf("got %q until %v", subject, until)
			}
			if p, err := j.Operator(context.Background(), acme.tenant, tt.token); err == nil {
				t.Errorf("an operator: got %+v", p)
			}
		})
	}
	j := &auth.JWT{Clock: func() time.Time { return now }}
	operators := sign(t, jwt.SigningMethodHS256, acme.secret, "h", claims(nil))
	if _, err := j.Operator(context.Background(), acme.tenant, operators); err != nil {
		t.Errorf("an operator's token as an operator's: %v", err)
	}
	if proof, err := j.Visitor(context.Background(), acme.tenant, operators); !errors.Is(err, engine.ErrAuthInvalid) {
		t.Errorf("an operator's token as a visitor's: got %q, %v", proof.Subject, err)
	}
	none := newHouse(t, "acme")
	if proof, err := j.Visitor(context.Background(), none.tenant, sign(t, jwt.SigningMethodHS256, none.secret, "h", visit(nil))); !errors.Is(err, engine.ErrAuthInvalid) {
		t.Errorf("a tenant without visitors' keys: got %q, %v", proof.Subject, err)
	}
}

func TestSignVisitor(t *testing.T) {
	h, visitors := newHouse(t, "acme"), newHouse(t, "acme")
	h.tenant.VisitorKeys = visitors.tenant.Keys[:1]
	token, err := auth.SignVisitor(visitors.secret, "", auth.VisitorClaims{Tenant: "acme", Subject: "u1", Issued: now})
	if err != nil {
		t.Fatal(err)
	}
	j := &auth.JWT{Clock: func() time.Time { return now }}
	if proof, err := j.Visitor(context.Background(), h.tenant, token); err != nil || proof.Subject != "u1" || !proof.Until.Equal(now.Add(time.Hour)) || !proof.Issued.Equal(now) {
		t.Errorf("got %q until %v, issued %v, %v", proof.Subject, proof.Until, proof.Issued, err)
	}
	for _, subject := range []string{"", strings.Repeat("x", auth.MaxSubject+1)} {
		if _, err := auth.SignVisitor(visitors.secret, "", auth.VisitorClaims{Tenant: "acme", Subject: subject, Issued: now}); err == nil {
			t.Errorf("a subject of %d bytes was signed", len(subject))
		}
	}
}

func exchanged(t *testing.T, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(body), "astronaut", "admin", 1)))
	return strings.Join(parts, ".")
}

func TestKeyOfAnEarlierRevisionIsForgotten(t *testing.T) {
	first, second := newHouse(t, "acme"), newHouse(t, "acme")
	second.tenant.Revision = 2
	j := &auth.JWT{Clock: func() time.Time { return now }}
	token := sign(t, jwt.SigningMethodHS256, first.secret, "h", claims(nil))
	if _, err := j.Operator(context.Background(), first.tenant, token); err != nil {
		t.Fatalf("before the change: got %v, want nil", err)
	}
	if _, err := j.Operator(context.Background(), second.tenant, token); !errors.Is(err, engine.ErrAuthInvalid) {
		t.Fatalf("after the change: got %v, want %v", err, engine.ErrAuthInvalid)
	}
}

func TestSign(t *testing.T) {
	h := newHouse(t, "acme")
	h.tenant.Keys = h.tenant.Keys[:1]
	only := *h.tenant
	for _, tt := range []struct {
		name, kid string
		key       any
		tenant    *engine.Tenant
	}{
		{"the only key needs no kid", "", h.secret, &only},
		{"EdDSA", "e", h.ed, newTenantWith(h, "e", "EdDSA", h.edPEM)},
		{"ES256", "c", h.ec, newTenantWith(h, "c", "ES256", publicPEM(t, h.ec.Public()))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token, err := auth.Sign(tt.key, tt.kid, auth.Claims{
				Tenant: "acme", Operator: "ada", Roles: []engine.Role{engine.RoleAdmin, engine.RoleOperator}, Issued: now,
			})
			if err != nil {
				t.Fatal(err)
			}
			j := &auth.JWT{Clock: func() time.Time { return now.Add(7 * time.Hour) }}
			got, err := j.Operator(context.Background(), tt.tenant, token)
			if err != nil || !got.Has(engine.RoleAdmin) || !got.Has(engine.RoleOperator) || got.Has(engine.RoleAuditor) {
				t.Fatalf("got %+v, %v", got, err)
			}
		})
	}
	if _, err := auth.Sign("a string", "", auth.Claims{}); err == nil {
		t.Error("a string signed a token")
	}
}

func newTenantWith(h *house, kid, algorithm, text string) *engine.Tenant {
	tenant := *h.tenant
	tenant.Keys = []engine.TokenKey{{ID: kid, Algorithm: algorithm, PEM: text}}
	return &tenant
}

func TestCheckKey(t *testing.T) {
	h := newHouse(t, "acme")
	for _, tt := range []struct {
		name string
		key  engine.TokenKey
		good bool
	}{
		{"HS256", h.tenant.Keys[0], true},
		{"EdDSA", h.tenant.Keys[1], true},
		{"ES256", h.tenant.Keys[2], true},
		{"short secret", engine.TokenKey{Algorithm: "HS256", Secret: engine.BodyOf("short")}, false},
		{"no PEM", engine.TokenKey{Algorithm: "EdDSA", PEM: "hello"}, false},
		{"key of another algorithm", engine.TokenKey{Algorithm: "ES256", PEM: h.edPEM}, false},
	} {
		if err := auth.CheckKey(tt.key); (err == nil) != tt.good {
			t.Errorf("%s: got %v, want good=%v", tt.name, err, tt.good)
		}
	}
}

func BenchmarkOperator(b *testing.B) {
	h := newHouse(b, "acme")
	j := &auth.JWT{Clock: func() time.Time { return now }}
	token := sign(b, jwt.SigningMethodHS256, h.secret, "h", claims(nil))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := j.Operator(context.Background(), h.tenant, token); err != nil {
			b.Fatal(err)
		}
	}
}
