package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
	"github.com/golang-jwt/jwt/v5"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport"
)

// TestForeignOrigins: a page of somebody else's does not get in with a visitor's
// browser, nor with an operator's; whatever its Origin, the refusal is the same.
func TestForeignOrigins(t *testing.T) {
	d := newDoorstep(t, transport.Options{SelfOrigin: true})
	token := d.operatorToken("acme", "ada", acmeSecret)
	enter := func(side, origin string) string {
		s := dialSocket(t, d.addr, side, origin)
		auth := map[string]any{"tenant": "acme", "anonymous": true}
		if side == "operator" {
			auth = map[string]any{"tenant": "acme", "token": token}
		}
		code := s.code("auth", auth)
		if code != "" {
			s.ends(4502)
		}
		return code
	}
	self := "http://" + d.addr
	for _, origin := range []string{shopOrigin, self, "HTTPS://DESK.example"} { // scheme and host have no case (RFC 6454 section 4)
		for _, side := range []string{"visitor", "operator"} {
			if code := enter(side, origin); code != "" {
				t.Errorf("%s from %s: got %s, want a seat: the table below proves nothing", side, origin, code)
			}
		}
	}
	if code := enter("operator", ""); code != "" {
		t.Errorf("an operator's own program has no origin: got %s", code)
	}
	if code := enter("visitor", ""); code != "origin_not_allowed" {
		t.Errorf("a visitor without an origin: got %q", code)
	}
	_, port, _ := strings.Cut(d.addr, ":")
	for what, origin := range map[string]string{
		"null":                   "null",
		"NULL":                   "NULL",
		"another scheme":         "http://desk.example",
		"a scheme like it":       "httpss://desk.example",
		"no scheme":              "desk.example",
		"only slashes":           "//desk.example",
		"a longer host":          "https://desk.example.evil.com",
		"a longer host, no dot":  "https://desk.exampleevil.com",
		"a longer name":          "https://mydesk.example",
		"a subdomain":            "https://a.desk.example",
		"a parent":               "https://example",
		"a shorter name":         "https://esk.example",
		"a trailing dot":         "https://desk.example.",
		"its own port, spelled":  "https://desk.example:443",
		"another port":           "https://desk.example:8443",
		"port 0":                 "https://desk.example:0",
		"an empty port":          "https://desk.example:",
		"a user":                 "https://desk.example@evil.com",
		"a user, seen from left": "https://evil.com@desk.example",
		"a password":             "https://desk.example:443@evil.com",
		"an escaped user":        "https://desk.example%40evil.com",
		"a path":                 "https://desk.example/",
		"a query":                "https://desk.example?evil.com",
		"a fragment":             "https://desk.example#.evil.com",
		"a backslash":            `https://desk.example\.evil.com`,
		"an escaped dot":         "https://desk%2eexample",
		"a full stop by itself":  "https://desk\u3002example",
		"a kelvin sign for k":    "https://des\u212a.example",
		"a long s for s":         "https://de\u017fk.example",
		"a soft hyphen":          "https://de\u00adsk.example",
		"two":                    shopOrigin + " https://evil.com",
		"two, by a comma":        shopOrigin + ", https://evil.com",
		"another tenant's":       otherOrigin,
		"a pattern":              "https://*.example",
		"a star":                 "*",
		"a file":                 "file://",
		"an extension":           "chrome-extension://desk.example",
		"itself by TLS":          "https://" + d.addr,
		"itself by name":         "http://localhost:" + port,
		"itself without a port":  "http://127.0.0.1",
		"itself, longer":         self + "0",
		"itself as a user":       self + "@evil.com",
	} {
		for _, side := range []string{"visitor", "operator"} {
			if code := enter(side, origin); code != "origin_not_allowed" {
				t.Errorf("%s from %s (%q): got %q, want origin_not_allowed", side, what, origin, code)
			}
		}
	}
}

// TestTwoOriginHeaders: which of two would count is nobody's to choose.
func TestTwoOriginHeaders(t *testing.T) {
	d := newDoorstep(t, transport.Options{})
	for _, pair := range [][2]string{{shopOrigin, "https://evil.com"}, {"https://evil.com", shopOrigin}} {
		if status := statusOf(t, d.addr, pair[:]...); status != 400 {
			t.Errorf("%q: got %d, want 400", pair, status)
		}
	}
	if status := statusOf(t, d.addr, shopOrigin); status != 101 {
		t.Errorf("one origin: got %d, want 101: the pairs above prove nothing", status)
	}
}

// statusOf is what a visitor's handshake with these Origin headers is answered.
func statusOf(t *testing.T, addr string, origins ...string) int {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{transport.Subprotocol}, HandshakeTimeout: socketPatience}
	conn, response, err := dialer.Dial("ws://"+addr+"/v1/visitor", http.Header{"Origin": origins})
	if response == nil {
		t.Fatal(err)
	}
	if conn != nil {
		_ = conn.Close()
	}
	return response.StatusCode
}

// minter makes tokens that are wrong in one way each.
type minter struct {
	t       *testing.T
	method  jwt.SigningMethod
	key     any
	kid     string
	claims  jwt.MapClaims
	headers map[string]any
}

func (m minter) token() string {
	m.t.Helper()
	token := jwt.NewWithClaims(m.method, m.claims)
	if m.kid != "" {
		token.Header["kid"] = m.kid
	}
	for name, value := range m.headers {
		token.Header[name] = value
	}
	text, err := token.SignedString(m.key)
	must(m.t, err)
	return text
}

// gate is two tenants with keys of every algorithm, under the same ids.
type gate struct {
	t       *testing.T
	addr    string
	ed      map[string]ed25519.PrivateKey
	ec      map[string]*ecdsa.PrivateKey
	public  map[string]string // PEM of ed's public half
	secrets map[string][]byte
}

func newGate(t *testing.T) *gate {
	g := &gate{t: t, ed: map[string]ed25519.PrivateKey{}, ec: map[string]*ecdsa.PrivateKey{}, public: map[string]string{}, secrets: map[string][]byte{}}
	var both []*engine.Tenant
	for _, id := range []string{"acme", "beta"} {
		_, ed, err := ed25519.GenerateKey(rand.Reader)
		must(t, err)
		ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		g.ed[id], g.ec[id], g.secrets[id] = ed, ec, []byte(id+strings.Repeat("-", 32))
		g.public[id] = pemOf(t, ed.Public())
		both = append(both, &engine.Tenant{
			ID: engine.TenantID(id), Origins: []string{shopOrigin}, Departments: []engine.Department{{ID: "sales"}}, Operators: []engine.Operator{{ID: "ada"}, {ID: "grace"}},
			Keys: []engine.TokenKey{
				{ID: "e", Algorithm: "EdDSA", PEM: g.public[id]},
				{ID: "c", Algorithm: "ES256", PEM: pemOf(t, ec.Public())},
				{ID: "h", Algorithm: "HS256", Secret: engine.BodyOf(string(g.secrets[id]))},
			},
			VisitorKeys: []engine.TokenKey{{ID: "h", Algorithm: "HS256", Secret: engine.BodyOf("visitors of " + string(g.secrets[id]))}},
		})
	}
	tenants, err := engine.NewTenants(both...)
	must(t, err)
	p := testParts(t, tenants)
	s, err := startStack(p)
	must(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), socketPatience)
		defer cancel()
		if err := s.stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	g.addr = p.listeners.public.Addr().String()
	return g
}

func pemOf(t *testing.T, public any) string {
	der, err := x509.MarshalPKIXPublicKey(public)
	must(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// enter shows a token and answers the refusal's code, empty for a seat. Who is
// refused must be sent away.
func (g *gate) enter(side, tenant, token string) string {
	g.t.Helper()
	s := dialSocket(g.t, g.addr, side, shopOrigin)
	code := s.code("auth", map[string]any{"tenant": tenant, "token": token})
	if code != "" {
		s.ends(4500)
	}
	_ = s.conn.Close()
	return code
}

// good is a token that is right in every way; change spoils it.
func (g *gate) good(tenant, kid string, change func(*minter)) string {
	m := minter{t: g.t, kid: kid, claims: jwt.MapClaims{
		"sub": "ada", "aud": tenant, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(), "roles": []string{"operator"},
	}}
	switch kid {
	case "e":
		m.method, m.key = jwt.SigningMethodEdDSA, g.ed[tenant]
	case "c":
		m.method, m.key = jwt.SigningMethodES256, g.ec[tenant]
	default:
		m.method, m.key = jwt.SigningMethodHS256, g.secrets[tenant]
	}
	if change != nil {
		change(&m)
	}
	return m.token()
}

// TestBadTokens: none is accepted, and only an expired one is told apart.
func TestBadTokens(t *testing.T) {
	g := newGate(t)
	for _, tenant := range []string{"beta", "acme"} { // the other tenant's keys are known before ours are asked for
		for _, kid := range []string{"e", "c", "h"} {
			if code := g.enter("operator", tenant, g.good(tenant, kid, nil)); code != "" {
				t.Fatalf("a good token of %s by key %s: got %s: the table below proves nothing", tenant, kid, code)
			}
		}
	}
	now := time.Now()
	set := func(claim string, value any) func(*minter) { return func(m *minter) { m.claims[claim] = value } }
	without := func(claim string) func(*minter) { return func(m *minter) { delete(m.claims, claim) } }
	signed := func(method jwt.SigningMethod, key any) func(*minter) {
		return func(m *minter) { m.method, m.key = method, key }
	}
	for what, c := range map[string]struct {
		change func(*minter)
		code   string
	}{
		"expired":                        {set("exp", now.Add(-time.Second).Unix()), "auth_expired"},
		"expired long ago":               {set("exp", 1), "auth_expired"},
		"expired, and of nobody we know": {func(m *minter) { set("exp", 1)(m); m.key = g.secrets["beta"]; m.method = jwt.SigningMethodHS256 }, ""},
		"not yet good":                   {set("nbf", now.Add(time.Hour).Unix()), ""},
		"issued in the future":           {set("iat", now.Add(time.Hour).Unix()), ""},
		"no end":                         {without("exp"), ""},
		"no end but null":                {set("exp", nil), ""},
		"an end as text":                 {set("exp", "tomorrow"), ""},
		"too long a life":                {set("exp", now.Add(25*time.Hour).Unix()), ""},
		"another audience":               {set("aud", "beta"), ""},
		"no audience":                    {without("aud"), ""},
		"an empty audience":              {set("aud", ""), ""},
		"an audience that begins so":     {set("aud", "acme2"), ""},
		"an audience of another case":    {set("aud", "ACME"), ""},
		"nobody":                         {without("sub"), ""},
		"a stranger":                     {set("sub", "mallory"), ""},
		"no role":                        {without("roles"), "forbidden"},
		"a role that answers no chats":   {set("roles", []string{"auditor"}), "forbidden"},
		"an unknown role":                {set("roles", []string{"god"}), "forbidden"},
		"another tenant's key, same kid": {func(m *minter) { m.method, m.key = keyOf(g, "beta", m.kid) }, ""},
		"alg none":                       {signed(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType), ""},
		"HS256 with the public key":      {signed(jwt.SigningMethodHS256, []byte(g.public["acme"])), ""},
		"HS256 with no key":              {signed(jwt.SigningMethodHS256, []byte{}), ""},
		"HS512 with the secret":          {signed(jwt.SigningMethodHS512, g.secrets["acme"]), ""},
		"an unknown kid":                 {func(m *minter) { m.kid = "z" }, ""},
		"no kid among three keys":        {func(m *minter) { m.kid = "" }, ""},
		"a kid that is a path":           {func(m *minter) { m.kid = "../../dev/null" }, ""},
		"a kid that is a number":         {func(m *minter) { m.kid = ""; m.headers = map[string]any{"kid": 1} }, ""},
		"a key of its own": {func(m *minter) {
			m.kid = ""
			m.headers = map[string]any{"jwk": map[string]string{"kty": "oct", "k": "AAAA"}}
		}, ""},
		"a critical extension": {func(m *minter) { m.headers = map[string]any{"crit": []string{"urn:later"}, "urn:later": true} }, ""},
	} {
		for _, kid := range []string{"e", "c", "h"} {
			want := c.code
			if want == "" {
				want = "auth_invalid"
			}
			if code := g.enter("operator", "acme", g.good("acme", kid, c.change)); code != want {
				t.Errorf("%s, key %s: got %q, want %s", what, kid, code, want)
			}
		}
	}
}

func keyOf(g *gate, tenant, kid string) (jwt.SigningMethod, any) {
	switch kid {
	case "e":
		return jwt.SigningMethodEdDSA, g.ed[tenant]
	case "c":
		return jwt.SigningMethodES256, g.ec[tenant]
	default:
		return jwt.SigningMethodHS256, g.secrets[tenant]
	}
}

// TestSpoiltTokens: what is no token at all, is cut, or is of the other side.
func TestSpoiltTokens(t *testing.T) {
	g := newGate(t)
	good := g.good("acme", "e", nil)
	parts := strings.Split(good, ".")
	other := strings.Split(g.good("acme", "e", func(m *minter) { m.claims["sub"] = "grace" }), ".")
	visitor := dialSocket(t, g.addr, "visitor", shopOrigin)
	opaque := visitor.ok("auth", map[string]any{"tenant": "acme", "anonymous": true})["token"].(string)
	swapped := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT","kid":"e"}`))
	for what, token := range map[string]string{
		"rubbish":                "rubbish",
		"dots":                   "..",
		"no signature":           parts[0] + "." + parts[1] + ".",
		"two parts":              parts[0] + "." + parts[1],
		"four parts":             good + "." + parts[2],
		"another's claims":       parts[0] + "." + other[1] + "." + parts[2],
		"another's signature":    parts[0] + "." + parts[1] + "." + other[2],
		"another algorithm said": swapped + "." + parts[1] + "." + parts[2],
		"padded":                 good + "=",
		"a space before":         " " + good,
		"a scheme before":        "Bearer " + good,
		"the visitor's":          opaque,
		"the longest there is":   strings.Repeat("x", 16<<10),
	} {
		if code := g.enter("operator", "acme", token); code != "auth_invalid" {
			t.Errorf("operator, %s: got %q, want auth_invalid", what, code)
		}
	}
	flipped := []byte(opaque)
	flipped[len(flipped)/2] ^= 1
	for what, token := range map[string]string{
		"an operator's": good, "rubbish": "rubbish", "one bit flipped": string(flipped), "cut": opaque[:len(opaque)-1], "longer": opaque + "A",
	} {
		if code := g.enter("visitor", "acme", token); code != "auth_invalid" {
			t.Errorf("visitor, %s: got %q, want auth_invalid", what, code)
		}
	}
	if code := g.enter("visitor", "beta", opaque); code != "auth_invalid" {
		t.Errorf("visitor, at another tenant: got %q, want auth_invalid", code)
	}
	if code := g.enter("visitor", "acme", opaque); code != "" {
		t.Errorf("visitor: got %s, want a seat: the table above proves nothing", code)
	}
}

// TestVisitorsWords: a visitor is who its tenant's own key for visitors says, and
// what is signed for one side opens nothing on the other.
func TestVisitorsWords(t *testing.T) {
	g := newGate(t)
	sign := func(tenant string, change func(*minter)) string {
		m := minter{t: t, kid: "h", method: jwt.SigningMethodHS256, key: []byte("visitors of " + string(g.secrets[tenant])), claims: jwt.MapClaims{
			"sub": "customer-7", "aud": tenant, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(), "roles": []string{"operator"},
		}}
		if change != nil {
			change(&m)
		}
		return m.token()
	}
	show := func(tenant, word string) string {
		s := dialSocket(t, g.addr, "visitor", shopOrigin)
		code := s.code("auth", map[string]any{"tenant": tenant, "jwt": word, "anonymous": true})
		_ = s.conn.Close()
		return code
	}
	if code := show("acme", sign("acme", nil)); code != "" {
		t.Fatalf("a good one: got %s: the table below proves nothing", code)
	}
	for what, c := range map[string]struct{ word, code string }{
		"expired":                     {sign("acme", func(m *minter) { m.claims["exp"] = time.Now().Add(-time.Second).Unix() }), "auth_expired"},
		"no end":                      {sign("acme", func(m *minter) { delete(m.claims, "exp") }), "auth_invalid"},
		"not yet good":                {sign("acme", func(m *minter) { m.claims["nbf"] = time.Now().Add(time.Hour).Unix() }), "auth_invalid"},
		"nobody":                      {sign("acme", func(m *minter) { delete(m.claims, "sub") }), "auth_invalid"},
		"no signature":                {sign("acme", func(m *minter) { m.method, m.key = jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType }), "auth_invalid"},
		"an operator's key, same kid": {g.good("acme", "h", nil), "auth_invalid"},
		"an operator's other key":     {g.good("acme", "e", nil), "auth_invalid"},
		"another tenant's":            {sign("beta", nil), "auth_invalid"},
		"another tenant's, renamed":   {sign("beta", func(m *minter) { m.claims["aud"] = "acme" }), "auth_invalid"},
	} {
		if code := show("acme", c.word); code != c.code {
			t.Errorf("visitor, %s: got %q, want %s", what, code, c.code)
		}
	}
	word := sign("acme", func(m *minter) { m.claims["sub"] = "ada" })
	if code := g.enter("operator", "acme", word); code != "auth_invalid" {
		t.Errorf("a visitor's word for an operator: got %q, want auth_invalid", code)
	}
}
