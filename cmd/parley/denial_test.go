package main

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
	"github.com/golang-jwt/jwt/v5"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport"
	"github.com/parleyhq/parley/transport/client"
)

// TestRefusalsAreNamed: everything that can be wrong with who comes is refused by a
// whole server, and its audit trail says what it was, without a word of the token's.
func TestRefusalsAreNamed(t *testing.T) {
	tenants, err := engine.NewTenants(&engine.Tenant{
		ID: "acme", Origins: []string{identityOrigin, "https://other.example"}, Departments: []engine.Department{{ID: "sales"}},
		Operators:   []engine.Operator{{ID: "ada"}, {ID: "grace"}},
		Keys:        []engine.TokenKey{{ID: "k", Algorithm: "HS256", Secret: engine.BodyOf(operatorsSecret)}, {ID: "l", Algorithm: "HS256", Secret: engine.BodyOf(operatorsSecret + "l")}},
		VisitorKeys: []engine.TokenKey{{Algorithm: "HS256", Secret: engine.BodyOf(visitorsSecret)}},
		KeySets:     []engine.KeySet{{Issuer: "https://id.example", URL: "https://127.0.0.1:1/keys"}}, // private, and not allowed
		Limits:      engine.Limits{OperatorDevices: 1},
	})
	must(t, err)
	p := testParts(t, tenants)
	logs := &safeBuffer{}
	p.logger = slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	p.sockets.AuthTimeout = 3 * time.Second
	s, err := startStack(p)
	must(t, err)
	h := &house{t: t, parts: p, stack: s}
	t.Cleanup(h.close)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	now := time.Now()
	token := func(method jwt.SigningMethod, key any, kid string, change jwt.MapClaims) string {
		c := jwt.MapClaims{"sub": "ada", "aud": "acme", "exp": now.Add(time.Hour).Unix(), "iat": now.Add(-time.Minute).Unix(), "roles": []string{"operator"}}
		for name, value := range change {
			c[name] = value
		}
		signed := jwt.NewWithClaims(method, c)
		signed.Header["kid"] = kid
		text, err := signed.SignedString(key)
		must(t, err)
		return text
	}
	good := func(change jwt.MapClaims) string {
		return token(jwt.SigningMethodHS256, []byte(operatorsSecret), "k", change)
	}
	addr := s.bound.public.Addr().String()
	operator := func(text string) error {
		c, err := client.DialOperator(ctx, client.Options{Addr: addr, Tenant: "acme", Token: text})
		if err == nil {
			_ = c.Close()
		}
		return err
	}
	visitor := func(o client.Options) error {
		o.Addr = addr
		if o.Tenant == "" {
			o.Tenant = "acme"
		}
		if o.Origin == "" {
			o.Origin = identityOrigin
		}
		c, err := client.DialVisitor(ctx, o)
		if err == nil {
			_ = c.Close()
		}
		return err
	}
	ada, err := client.DialOperator(ctx, client.Options{Addr: addr, Tenant: "acme", Token: good(nil)})
	must(t, err)
	t.Cleanup(func() { _ = ada.Close() })
	anonymous, err := client.DialVisitor(ctx, client.Options{Addr: addr, Tenant: "acme", Origin: identityOrigin})
	must(t, err)
	t.Cleanup(func() { _ = anonymous.Close() })
	graces := good(jwt.MapClaims{"sub": "grace"})
	_, err = s.system.Revoke(ctx, "acme", "grace", "k")
	must(t, err)
	// raw says one thing on a socket that nobody has let in, and answers how it ends.
	raw := func(subprotocol, frame string) error {
		dialer := websocket.Dialer{Subprotocols: []string{subprotocol}, HandshakeTimeout: socketPatience}
		c, _, err := dialer.Dial("ws://"+addr+"/v1/operator", nil)
		must(t, err)
		defer c.Close()
		must(t, c.SetReadDeadline(time.Now().Add(socketPatience)))
		if frame != "" {
			must(t, c.WriteMessage(websocket.TextMessage, []byte(frame)))
		}
		for err == nil {
			_, _, err = c.ReadMessage()
		}
		return err
	}
	for _, tt := range []struct {
		want engine.Denial
		try  func() error
	}{
		{engine.DenialNoToken, func() error { return operator("") }},
		{engine.DenialMalformed, func() error { return operator("canary-7f3a") }},
		{engine.DenialAlgorithm, func() error {
			return operator(token(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "k", nil))
		}},
		{engine.DenialKeyUnknown, func() error { return operator(token(jwt.SigningMethodHS256, []byte(operatorsSecret), "x", nil)) }},
		{engine.DenialKeys, func() error { return operator(good(jwt.MapClaims{"iss": "https://id.example"})) }},
		{engine.DenialSignature, func() error { return operator(token(jwt.SigningMethodHS256, []byte(visitorsSecret), "k", nil)) }},
		{engine.DenialAudience, func() error { return operator(good(jwt.MapClaims{"aud": "canary-7f3a"})) }},
		{engine.DenialExpired, func() error { return operator(good(jwt.MapClaims{"exp": now.Add(-time.Second).Unix()})) }},
		{engine.DenialEarly, func() error { return operator(good(jwt.MapClaims{"nbf": now.Add(time.Hour / 2).Unix()})) }},
		{engine.DenialLifetime, func() error { return operator(good(jwt.MapClaims{"exp": now.Add(48 * time.Hour).Unix()})) }},
		{engine.DenialSubject, func() error { return operator(good(jwt.MapClaims{"sub": "canary-7f3a"})) }},
		{engine.DenialDepartments, func() error { return operator(good(jwt.MapClaims{"departments": []string{"canary-7f3a"}})) }},
		{engine.DenialRole, func() error { return operator(good(jwt.MapClaims{"roles": []string{"auditor"}})) }},
		{engine.DenialRevoked, func() error { return operator(graces) }},
		{engine.DenialConnections, func() error { return operator(good(nil)) }},
		{engine.DenialBound, func() error {
			return visitor(client.Options{Token: anonymous.Welcome.Token, Origin: "https://other.example"})
		}},
		{engine.DenialOrigin, func() error { return visitor(client.Options{Origin: "https://evil.example"}) }},
		{engine.DenialTenant, func() error { return visitor(client.Options{Tenant: "nobody"}) }},
		{engine.DenialSomebodyElse, func() error { _, err := ada.Refresh(ctx, graces); return err }},
		{engine.DenialVersion, func() error { return raw("parley.v9+json", "") }},
		{engine.DenialOrder, func() error {
			return raw(transport.Subprotocol, `{"k":"req","id":"c1","op":"intent.set","d":{"intent":"accepting"}}`)
		}},
		{engine.DenialRequest, func() error {
			return raw(transport.Subprotocol, `{"k":"req","id":"c1","op":"auth","d":{"tenant":"acme","token":7,"canary-7f3a":1}}`)
		}},
		{engine.DenialTimeout, func() error { return raw(transport.Subprotocol, "") }},
	} {
		line := "denial=" + tt.want.String() + "\n"
		before := strings.Count(logs.String(), line)
		if err := tt.try(); err == nil {
			t.Errorf("%s: let in", tt.want)
		}
		if got := strings.Count(logs.String(), line) - before; got != 1 {
			t.Errorf("%s: named %d times", tt.want, got)
		}
	}
	if strings.Contains(logs.String(), "canary") {
		t.Error("the audit trail holds what somebody typed")
	}
}
