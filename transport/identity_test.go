package transport

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
	"github.com/parleyhq/parley/transport/client"
)

// movedClock is a clock that a test sets forward.
type movedClock struct{ ahead atomic.Int64 }

func (m *movedClock) now() time.Time { return time.Now().Add(time.Duration(m.ahead.Load())) }

func (m *movedClock) forward(d time.Duration) { m.ahead.Add(int64(d)) }

// ledger keeps what an audit trail would.
type ledger struct {
	mu   sync.Mutex
	rows []Refusal
}

func (l *ledger) add(r Refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows = append(l.rows, r)
}

func (l *ledger) last(t *testing.T) Refusal {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rows) == 0 {
		t.Fatal("the audit trail is empty")
	}
	return l.rows[len(l.rows)-1]
}

func (r *rig) tokenOf(c auth.Claims) string {
	r.t.Helper()
	token, err := auth.Sign(testSecret, "", c)
	if err != nil {
		r.t.Fatal(err)
	}
	return token
}

func (r *rig) visitorToken(subject string, issued time.Time, ttl time.Duration) string {
	r.t.Helper()
	token, err := auth.SignVisitor(testVisitorSecret, "", auth.VisitorClaims{Tenant: "acme", Subject: subject, Issued: issued, TTL: ttl})
	if err != nil {
		r.t.Fatal(err)
	}
	return token
}

// bye waits for the server's last words and its close code.
func bye(t *testing.T, c *client.Client) (reason, reconnect string, code int) {
	t.Helper()
	var d struct{ Reason, Reconnect string }
	if err := next(t, c, "ctl", "bye").Read(&d); err != nil {
		t.Fatal(err)
	}
	for range c.Frames() { //nolint:revive // to the end
	}
	return d.Reason, d.Reconnect, c.CloseCode()
}

// A connection lives as long as its token, and one that shows a newer token in
// time lives on.
func TestTokenEnds(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		clock := &movedClock{}
		o.Clock, o.PingEvery = clock.now, 200*time.Millisecond
		r := serve(t, o)
		hour := func(id engine.OperatorID, ttl time.Duration) auth.Claims {
			return auth.Claims{Tenant: "acme", Operator: id, Issued: clock.now(), TTL: ttl}
		}
		leaves := r.dial(client.DialOperator, client.Options{Token: r.tokenOf(hour("ada", time.Hour))})
		stays := r.dial(client.DialOperator, client.Options{Token: r.tokenOf(hour("grace", time.Hour))})
		guest := r.dial(client.DialVisitor, client.Options{Origin: testOrigin, JWT: r.visitorToken("u1", clock.now(), time.Hour)})
		forever := r.visitor()
		longer := r.tokenOf(hour("grace", 3*time.Hour))
		renewed, err := stays.Refresh(soon(t), longer)
		if err != nil || renewed.Token != "" || renewed.Expires.Sub(clock.now()).Round(time.Minute) != 3*time.Hour {
			t.Fatalf("refresh: got %+v, %v", renewed, err)
		}
		clock.forward(2 * time.Hour)
		for name, c := range map[string]*client.Client{"operator": leaves, "visitor": guest} {
			if reason, reconnect, code := bye(t, c); reason != "auth_expired" || reconnect != "with_new_token" || code != 4508 {
				t.Errorf("%s: got %s %s %d", name, reason, reconnect, code)
			}
		}
		if err := stays.SetIntent(soon(t), engine.IntentPaused); err != nil {
			t.Errorf("refreshed: got %v", err)
		}
		if err := forever.MarkRead(soon(t), engine.SessionID{0: 1, 15: 1}, 1); err != nil {
			t.Errorf("without an end: got %v", err)
		}
		if n := r.metric("parley_bye_total", "auth_expired"); n != 2 {
			t.Errorf("metric: got %v, want 2", n)
		}
	})
}

// Between the token's end and the sweep nothing is carried out but a refresh.
func TestLateRequests(t *testing.T) {
	clock := &movedClock{}
	r := serve(t, Options{Clock: clock.now, PingEvery: time.Hour})
	dial := func() *client.Client {
		return r.dial(client.DialVisitor, client.Options{Origin: testOrigin, JWT: r.visitorToken("u1", clock.now(), time.Hour)})
	}
	refreshed, asked := dial(), dial()
	clock.forward(61 * time.Minute)
	if _, err := refreshed.Refresh(soon(t), r.visitorToken("u1", clock.now(), time.Hour)); err != nil {
		t.Errorf("refreshed late: got %v", err)
	}
	if err := refreshed.MarkRead(soon(t), engine.SessionID{0: 1, 15: 1}, 1); err != nil {
		t.Errorf("after that: got %v", err)
	}
	if err := asked.MarkRead(soon(t), engine.SessionID{0: 1, 15: 1}, 1); !errors.Is(err, client.ErrClosed) {
		t.Errorf("asked late: got %v, want %v", err, client.ErrClosed)
	}
	if code := asked.CloseCode(); code != 4508 {
		t.Errorf("got %d, want 4508", code)
	}
}

// What is refused changes nothing, is counted by its reason, and is told to the
// audit trail without a word of the token's.
func TestRefreshRefused(t *testing.T) {
	clock, book := &movedClock{}, &ledger{}
	r := serve(t, Options{Clock: clock.now, PingEvery: 200 * time.Millisecond, Audit: book.add})
	now := clock.now()
	operator := r.dial(client.DialOperator, client.Options{Token: r.tokenOf(auth.Claims{Tenant: "acme", Operator: "ada", Issued: now, TTL: time.Hour})})
	visitor := r.visitor()
	for _, tt := range []struct {
		name  string
		c     *client.Client
		token string
		want  *engine.Error
	}{
		{"another operator", operator, r.tokenOf(auth.Claims{Tenant: "acme", Operator: "grace", Issued: now}), engine.ErrForbidden},
		{"another tenant", operator, r.tokenOf(auth.Claims{Tenant: "slow", Operator: "ada", Issued: now}), engine.ErrAuthInvalid},
		{"no role that answers", operator, r.tokenOf(auth.Claims{Tenant: "acme", Operator: "ada", Issued: now, Roles: []engine.Role{engine.RoleAuditor}}), engine.ErrForbidden},
		{"expired", operator, r.tokenOf(auth.Claims{Tenant: "acme", Operator: "ada", Issued: now.Add(-2 * time.Hour), TTL: time.Hour}), engine.ErrAuthExpired},
		{"a visitor's token", operator, r.visitorToken("ada", now, time.Hour), engine.ErrAuthInvalid},
		{"rubbish", operator, "canary-7f3a", engine.ErrAuthInvalid},
		{"nothing", operator, "", engine.ErrBadRequest},
		{"an operator's token", visitor, r.tokenOf(auth.Claims{Tenant: "acme", Operator: "ada", Issued: now}), engine.ErrAuthInvalid},
		{"expired visitor's", visitor, r.visitorToken("u1", now.Add(-2*time.Hour), time.Hour), engine.ErrAuthExpired},
		{"rubbish of a visitor", visitor, "canary-7f3a", engine.ErrAuthInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			side := "visitor"
			if tt.c == operator {
				side = "operator"
			}
			before := r.metric("parley_auth_refused_total", side, tt.want.Code)
			_, err := tt.c.Refresh(soon(t), tt.token)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if tt.token == "" { // a malformed request is no attempt to be somebody
				return
			}
			if n := r.metric("parley_auth_refused_total", side, tt.want.Code) - before; n != 1 {
				t.Errorf("metric: got %v more, want 1", n)
			}
			got := book.last(t)
			if got.Tenant != "acme" || got.Side != side || got.During != "auth.refresh" || got.Reason != tt.want.Code || got.At.IsZero() || got.Conn == (engine.ID{}) {
				t.Errorf("audit: got %+v", got)
			}
			if side == "operator" && got.Operator != "ada" {
				t.Errorf("audit: got operator %q", got.Operator)
			}
		})
	}
	clock.forward(time.Hour + time.Minute)
	if reason, _, _ := bye(t, operator); reason != "auth_expired" {
		t.Errorf("the operator's connection ended with %s: something was extended", reason)
	}
	if err := visitor.MarkRead(soon(t), engine.SessionID{0: 1, 15: 1}, 1); err != nil {
		t.Errorf("the visitor: got %v", err)
	}
}

// TestVisitorsProveThemselves: by the tenant's signature on the visitors' own
// keys, and by nothing else.
func TestVisitorsProveThemselves(t *testing.T) {
	book := &ledger{}
	r := serve(t, Options{Audit: book.add})
	now := time.Now()
	good := r.visitorToken("customer 17 ümlaut", now, time.Hour)
	c := r.dial(client.DialVisitor, client.Options{Origin: testOrigin, JWT: good, Token: "old"})
	if !c.Welcome.Verified || c.Welcome.Expires.Sub(now).Round(time.Minute) != time.Hour {
		t.Errorf("hello: got %+v", c.Welcome)
	}
	if v := r.board.visits[0]; v.Subject != "customer 17 ümlaut" || v.Token != "old" || !v.Until.Equal(c.Welcome.Expires) {
		t.Errorf("visit: got %+v", v)
	}
	if anonymous := r.visitor(); anonymous.Welcome.Verified {
		t.Error("an anonymous visitor counts as verified")
	}
	for name, tt := range map[string]struct {
		o    client.Options
		want *engine.Error
	}{
		"an operator's token":  {client.Options{JWT: r.token("ada")}, engine.ErrAuthInvalid},
		"another tenant's":     {client.Options{Tenant: "slow", JWT: good}, engine.ErrAuthInvalid},
		"expired":              {client.Options{JWT: r.visitorToken("u1", now.Add(-2*time.Hour), time.Hour)}, engine.ErrAuthExpired},
		"signature cut off":    {client.Options{JWT: good[:strings.LastIndexByte(good, '.')+1]}, engine.ErrAuthInvalid},
		"another page's":       {client.Options{JWT: good, Origin: "https://evil.example"}, engine.ErrOriginNotAllowed},
		"rubbish with a token": {client.Options{JWT: "canary-7f3a", Token: "token"}, engine.ErrAuthInvalid},
		"a tenant of no name":  {client.Options{JWT: good, Tenant: "nobody"}, engine.ErrTenantUnknown},
	} {
		o := tt.o
		o.Addr = r.addr
		if o.Tenant == "" {
			o.Tenant = "acme"
		}
		if o.Origin == "" {
			o.Origin = testOrigin
		}
		visits := len(r.board.visits)
		_, err := client.DialVisitor(soon(t), o)
		if !errors.Is(err, tt.want) || len(r.board.visits) != visits {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
		got := book.last(t)
		if got.Reason != tt.want.Code || got.During != "auth" || got.Side != "visitor" || (got.Tenant == "") != (o.Tenant == "nobody") {
			t.Errorf("%s: audit: got %+v", name, got)
		}
	}
	if _, err := client.DialOperator(soon(t), client.Options{Addr: r.addr, Tenant: "acme", Token: r.visitorToken("ada", now, time.Hour)}); !errors.Is(err, engine.ErrAuthInvalid) {
		t.Errorf("a visitor's token on the operators' socket: got %v, want %v", err, engine.ErrAuthInvalid)
	}
}

// A host with operators' tokens of its own still verifies visitors by JWT,
// unless it brings something else.
func TestVisitorAuthenticatorDefaults(t *testing.T) {
	own, jwt := onlyOperators{}, &auth.JWT{}
	for name, tt := range map[string]struct {
		o    Options
		want func(VisitorAuthenticator) bool
	}{
		"nothing given":      {Options{}, func(v VisitorAuthenticator) bool { _, ok := v.(*auth.JWT); return ok }},
		"operators only":     {Options{Authenticator: own}, func(v VisitorAuthenticator) bool { _, ok := v.(*auth.JWT); return ok }},
		"one that does both": {Options{Authenticator: jwt}, func(v VisitorAuthenticator) bool { return v == VisitorAuthenticator(jwt) }},
	} {
		if tt.o.EnsureDefaults(); !tt.want(tt.o.Visitors) {
			t.Errorf("%s: got %T", name, tt.o.Visitors)
		}
	}
}

type onlyOperators struct{}

func (onlyOperators) Operator(context.Context, *engine.Tenant, string) (engine.Principal, error) {
	return engine.Principal{Operator: "ada", Roles: []engine.Role{engine.RoleOperator}}, nil
}

// Roles decide who may answer chats at all.
func TestRoles(t *testing.T) {
	r := serve(t, Options{})
	for _, role := range []engine.Role{engine.RoleOperator, engine.RoleSupervisor, engine.RoleBot, engine.RoleAdmin, engine.RoleAuditor} {
		allowed := slices.Contains([]engine.Role{engine.RoleOperator, engine.RoleSupervisor, engine.RoleBot}, role)
		token := r.tokenOf(auth.Claims{Tenant: "acme", Operator: "ada", Roles: []engine.Role{role}, Issued: time.Now()})
		c, err := client.DialOperator(soon(t), client.Options{Addr: r.addr, Tenant: "acme", Token: token})
		if allowed {
			if err != nil {
				t.Errorf("%s: %v", role, err)
				continue
			}
			_ = c.Close()
		} else if !errors.Is(err, engine.ErrForbidden) {
			t.Errorf("%s: got %v, want %v", role, err, engine.ErrForbidden)
		}
	}
}
