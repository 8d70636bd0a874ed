package transport

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/parleyhq/parley/transport/client"
)

func TestHandshakes(t *testing.T) {
	good := handshakeHead + "Origin: " + testOrigin + "\r\n\r\n"
	swap := func(old, with string) string {
		if !strings.Contains(good, old) {
			panic(old)
		}
		return strings.Replace(good, old, with, 1)
	}
	ext := func(value string) string { return swap("Origin", "Sec-WebSocket-Extensions: "+value+"\r\nOrigin") }
	for _, tt := range []struct {
		name, request string
		status        int
	}{
		{"good", good, 101},
		{"token lists", swap("Connection: Upgrade", "Connection: keep-alive, Upgrade"), 101},
		{"ours among several protocols", swap("parley.v1+json", "chat, parley.v1+json"), 101},
		{"protocols on two lines", swap("Sec-WebSocket-Protocol: ", "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: "), 101},
		{"extensions are not agreed to", swap("Origin", "Sec-WebSocket-Extensions: permessage-deflate\r\nOrigin"), 101},
		{"extensions with parameters are not agreed to", ext("permessage-deflate; server_max_window_bits=8, x-webkit-deflate-frame"), 101},
		{"an extension that only begins like a known one", ext("permessage-deflate-later; client_max_window_bits"), 101},
		{"unknown, doubled and impossible parameters", ext("permessage-deflate; server_max_window_bits=99; a; a=\"b\"; server_no_context_takeover"), 101},
		{"extensions on two lines, an empty element", ext("permessage-deflate,,foo\r\nSec-WebSocket-Extensions: bar"), 101},
		{"an extension without a name", ext("; server_max_window_bits=8"), 400},
		{"a parameter without a name", ext("permessage-deflate; =8"), 400},
		{"a parameter without a value after all", ext("permessage-deflate; server_max_window_bits="), 400},
		{"an empty parameter", ext("permessage-deflate;;"), 400},
		{"an open quote", ext("permessage-deflate; a=\"b"), 400},
		{"a quoted value that is no token", ext("permessage-deflate; a=\"b c\""), 400},
		{"a value for the name", ext("permessage-deflate=1"), 400},
		{"a name of two words", ext("permessage deflate"), 400},
		{"an empty list", ext(" , "), 400},
		{"HTTP/1.0", swap("HTTP/1.1", "HTTP/1.0"), 426},
		{"no host", swap("Host: parley\r\n", ""), 400},
		{"two hosts", swap("Host: parley\r\n", "Host: parley\r\nHost: other\r\n"), 400},
		{"upgrade in another case", swap("Upgrade: websocket", "Upgrade: WebSocket"), 101},
		{"two versions", swap("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 13, 8"), 426},
		{"version on two lines", swap("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 8"), 426},
		{"version with a sign", swap("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: +13"), 426},
		{"key of 17 bytes", swap("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZWU="), 400},
		{"key with bits that nobody wrote", swap("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZR=="), 400},
		{"key in URL-safe base64", swap("dGhlIHNhbXBsZSBub25jZQ==", "_-hlIHNhbXBsZSBub25jZQ=="), 400},
		{"PUT", swap("GET", "PUT"), 405},
		{"POST", swap("GET", "POST"), 405},
		{"a body", swap("Origin", "Content-Length: 5\r\nOrigin") + "hello", 400},
		{"a chunked body", swap("Origin", "Transfer-Encoding: chunked\r\nOrigin") + "0\r\n\r\n", 400},
		{"no upgrade", swap("Upgrade: websocket", "Upgrade: h2c"), 426},
		{"connection in two lines", swap("Connection: Upgrade", "Connection: keep-alive\r\nConnection: Upgrade"), 101},
		{"two lines, and to be closed", swap("Connection: Upgrade", "Connection: close\r\nConnection: Upgrade"), 426},
		{"no connection", swap("Connection: Upgrade", "Connection: keep-alive"), 426},
		{"version 8", swap("Version: 13", "Version: 8"), 426},
		{"no version", swap("Sec-WebSocket-Version: 13\r\n", ""), 426},
		{"no key", swap("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""), 400},
		{"key of one letter", swap("dGhlIHNhbXBsZSBub25jZQ==", "x"), 400},
		{"key of 15 bytes", swap("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j"), 400},
		{"key no base64", swap("dGhlIHNhbXBsZSBub25jZQ==", "!!!!IHNhbXBsZSBub25jZQ=="), 400},
		{"two keys", swap("Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key"), 400},
		{"no subprotocol", swap("Sec-WebSocket-Protocol: parley.v1+json\r\n", ""), 400},
		{"another subprotocol", swap("parley.v1+json", "chat"), 400},
		{"subprotocol as a prefix", swap("parley.v1+json", "xparley.v1+json"), 400},
		{"two origins", swap("Origin", "Origin: https://evil.com\r\nOrigin"), 400},
		{"another path", swap("/v1/visitor", "/v1/admin"), 404},
		{"a path below", swap("/v1/visitor", "/v1/visitor/x"), 404},
		{"header too large", swap("Origin", "Cookie: "+strings.Repeat("x", 20<<10)+"\r\nOrigin"), 431},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := serve(t, Options{})
			c := r.tcp()
			c.say([]byte(tt.request))
			head := c.head()
			if !strings.HasPrefix(head, fmt.Sprintf("HTTP/1.1 %d ", tt.status)) {
				t.Errorf("got %q, want %d", head, tt.status)
			}
			if strings.Contains(head, "Extensions") || strings.Contains(head, "\nServer:") {
				t.Errorf("head says too much: %q", head)
			}
			_ = c.Close()
			eventually(t, "the place is given back", func() bool { return r.server.Connections() == 0 })
		})
	}
}

func TestLargeCookiesOnTheFastPath(t *testing.T) {
	r := serve(t, Options{FastPath: true})
	c := r.tcp()
	c.say([]byte(handshakeHead + "Cookie: " + strings.Repeat("x", 8000) + "\r\nOrigin: " + testOrigin + "\r\n\r\n"))
	if head := c.head(); !strings.Contains(head, " 101 ") {
		t.Errorf("got %q", head)
	}
}

// A client that does not wait for the handshake's answer is served all the same.
func TestFrameTogetherWithTheHandshake(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		r := serve(t, o)
		c := r.tcp()
		c.say(append([]byte(handshakeHead+"Origin: "+testOrigin+"\r\n\r\n"),
			masked(true, 1, `{"k":"req","id":"a","op":"auth","d":{"tenant":"acme","anonymous":true}}`)...))
		c.head()
		if _, payload := c.frame(); !strings.Contains(string(payload), `"ok":true`) {
			t.Errorf("got %s", payload)
		}
	})
}

func TestSlowlorisIsClosed(t *testing.T) {
	r := serve(t, Options{ReadTimeout: 150 * time.Millisecond})
	c := r.tcp()
	began := time.Now()
	stop := make(chan struct{})
	defer close(stop)
	go func() { // ends with the test
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for _, b := range []byte(handshakeHead) {
			select {
			case <-tick.C:
				_, _ = c.Write([]byte{b})
			case <-stop:
				return
			}
		}
	}()
	c.head()
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("closed after %s", took)
	}
}

func TestLimits(t *testing.T) {
	t.Run("of the server", func(t *testing.T) {
		r := serve(t, Options{MaxConnections: 2})
		r.visitor()
		second := r.visitor()
		if _, err := client.DialVisitor(soon(t), client.Options{Addr: r.addr, Tenant: "acme", Origin: testOrigin}); err == nil || !strings.Contains(err.Error(), "503") {
			t.Errorf("third: got %v, want 503", err)
		}
		_ = second.Close()
		eventually(t, "a place is free", func() bool { return r.server.Connections() == 1 })
		r.visitor()
	})
	t.Run("of an address", func(t *testing.T) {
		r := serve(t, Options{MaxConnectionsPerIP: 1})
		r.visitor()
		if _, err := client.DialVisitor(soon(t), client.Options{Addr: r.addr, Tenant: "acme", Origin: testOrigin}); err == nil || !strings.Contains(err.Error(), "429") {
			t.Errorf("second: got %v, want 429", err)
		}
	})
	t.Run("of a tenant", func(t *testing.T) {
		r := serve(t, Options{})
		r.dial(client.DialVisitor, client.Options{Tenant: "slow", Origin: testOrigin})
		r.dial(client.DialVisitor, client.Options{Tenant: "slow", Origin: testOrigin})
		if _, err := client.DialVisitor(soon(t), client.Options{Addr: r.addr, Tenant: "slow", Origin: testOrigin}); err == nil || !strings.Contains(err.Error(), "too_many") {
			t.Errorf("third: got %v, want too_many_connections", err)
		}
		r.visitor() // others are not concerned
	})
}

func TestPeerAddress(t *testing.T) {
	s := NewServer(newBoard(), Options{Tenants: testTenants(t), TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	for _, tt := range []struct{ socket, forwarded, want string }{
		{"192.0.2.1", "", "192.0.2.1"},
		{"192.0.2.1", "198.51.100.7", "192.0.2.1"}, // whoever says so is not trusted
		{"10.1.1.1", "198.51.100.7", "198.51.100.7"},
		{"10.1.1.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"}, // what the client claims comes first
		{"10.1.1.1", "198.51.100.7, 10.2.2.2", "198.51.100.7"},
		{"10.1.1.1", "rubbish", "10.1.1.1"},
		{"::ffff:192.0.2.1", "", "192.0.2.1"},
		{"2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::"},
	} {
		var ctx fasthttp.RequestCtx
		var req fasthttp.Request
		if tt.forwarded != "" {
			req.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		ctx.Init(&req, &net.TCPAddr{IP: net.ParseIP(tt.socket)}, nil)
		if got := s.peer(&ctx).String(); got != tt.want {
			t.Errorf("%s via %q: got %s, want %s", tt.socket, tt.forwarded, got, tt.want)
		}
	}
}

func TestPlaintextBeyondLoopback(t *testing.T) {
	s := NewServer(newBoard(), Options{Tenants: testTenants(t)})
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:80"} {
		if err := s.ListenAndServe(context.Background(), addr); err == nil || !strings.Contains(err.Error(), "AllowPlaintextBeyondLoopback") {
			t.Errorf("%s: got %v", addr, err)
		}
	}
	for _, addr := range []string{"127.0.0.1:0", "localhost:0", "[::1]:0"} {
		if err := s.refusePlaintext(addr); err != nil {
			t.Errorf("%s: got %v", addr, err)
		}
	}
	s.options.AllowPlaintextBeyondLoopback = true
	if err := s.refusePlaintext("0.0.0.0:0"); err != nil {
		t.Errorf("allowed by name: got %v", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]Options{
		"Tenants":     {},
		"OutboxBytes": {Tenants: testTenants(t), OutboxBytes: 5},
		"PongTimeout": {Tenants: testTenants(t), PingEvery: time.Second, PongTimeout: time.Second},
		"AuthTimeout": {Tenants: testTenants(t), AuthTimeout: -1},
	} {
		if err := NewServer(newBoard(), o).ListenAndServe(context.Background(), "127.0.0.1:0"); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
