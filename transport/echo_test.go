package transport

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/parleyhq/parley/transport/internal/rfc6455"
)

// echoing is a raw connection to the echo endpoint: no subprotocol, no token.
func (r *rig) echoing() *rawConn {
	r.t.Helper()
	c := r.tcp()
	c.say([]byte(strings.Replace(strings.Replace(handshakeHead, VisitorPath, EchoPath, 1), "Sec-WebSocket-Protocol: parley.v1+json\r\n", "", 1) + "\r\n"))
	if head := c.head(); !strings.HasPrefix(head, "HTTP/1.1 101 ") || strings.Contains(head, "Websocket-Protocol") {
		r.t.Fatalf("handshake: got %q", head)
	}
	return c
}

// said is one message, or one control frame, of a peer's.
type said struct {
	opcode  byte
	payload string
}

// replies is what an echo of a client's good frames is, by a reading of its own:
// pings become pongs, fragments become whole.
func replies(t *testing.T, frames [][]byte) (all []said) {
	t.Helper()
	var open said
	for _, f := range frames {
		opcode, n, at := f[0]&15, int(f[1]&0x7f), 2
		switch n {
		case 126:
			n, at = int(binary.BigEndian.Uint16(f[2:])), 4
		case 127:
			n, at = int(binary.BigEndian.Uint64(f[2:])), 10
		}
		payload := bytes.Clone(f[at+4:])
		if len(payload) != n {
			t.Fatalf("the case is wrong: a frame says %d bytes and has %d", n, len(payload))
		}
		for i := range payload {
			payload[i] ^= f[at+i%4]
		}
		switch opcode {
		case rfc6455.OpPing:
			all = append(all, said{rfc6455.OpPong, string(payload)})
		case rfc6455.OpPong:
		default:
			if opcode != rfc6455.OpContinuation {
				open = said{opcode: opcode}
			}
			open.payload += string(payload)
			if f[0]&0x80 != 0 {
				all = append(all, open)
			}
		}
	}
	return all
}

// hears reads frames, which must be those.
func (c *rawConn) hears(want []said) {
	c.t.Helper()
	for i, w := range want {
		opcode, payload := c.frame()
		if opcode != w.opcode || string(payload) != w.payload {
			c.t.Fatalf("frame %d: got opcode %d of %d bytes %.60q, want %d of %d bytes %.60q", i, opcode, len(payload), payload, w.opcode, len(w.payload), w.payload)
		}
	}
}

// The table of RFC 6455 once more, against the endpoint that says what it hears:
// the same sources, outbox and close codes as a chat's, and binary messages live.
func TestEchoConformance(t *testing.T) {
	for _, tt := range append(frameCases(64<<10), echoCases()...) {
		if tt.name == "1.2 binary" {
			tt.want = 0
		}
		t.Run(tt.name, func(t *testing.T) {
			paths(t, func(t *testing.T, o Options) {
				if strings.HasSuffix(tt.name, onlyOurReader) && !o.FastPath {
					return
				}
				o.Echo, o.EchoBytes = true, 64<<10
				for _, whole := range []bool{true, false} {
					c := serve(t, o).echoing()
					c.sendAll(tt.send, whole)
					if tt.want != 0 {
						tt.ends(t, c, whole)
						continue
					}
					c.hears(replies(t, tt.send))
					c.say(masked(true, rfc6455.OpClose, "\x03\xe8"))
					if opcode, payload := c.frame(); opcode != rfc6455.OpClose || string(payload) != "\x03\xe8" {
						t.Errorf("whole=%v: close: got %d %q", whole, opcode, payload)
					}
				}
			})
		})
	}
}

// echoCases are those that only an echo shows.
func echoCases() []frameCase {
	text := func(final bool, s string) []byte { return masked(final, rfc6455.OpText, s) }
	more := func(final bool, s string) []byte { return masked(final, rfc6455.OpContinuation, s) }
	binary := func(final bool, s string) []byte { return masked(final, rfc6455.OpBinary, s) }
	ping := func(s string) []byte { return masked(true, rfc6455.OpPing, s) }
	of := func(n int) string { return strings.Repeat("\xfe\x00*", n/3+1)[:n] }
	var sizes [][]byte
	for _, n := range []int{0, 1, 125, 126, 127, 128, 65535, 65536} {
		sizes = append(sizes, text(true, strings.Repeat("*", n)), binary(true, of(n)))
	}
	return []frameCase{
		{"1.1 and 1.2 every size", sizes, 0, 0},
		{"5 text of empty fragments", [][]byte{text(false, ""), more(false, ""), more(true, "")}, 0, 0},
		{"5 binary in fragments, pings between", [][]byte{binary(false, of(700)), ping("a"), more(false, of(1)), ping("b"), more(true, of(65536-701))}, 0, 0},
		{"5 text inside a binary", [][]byte{binary(false, "x"), text(true, "y")}, 1002, 0},
		{"5 binary too large in fragments", [][]byte{binary(false, of(65000)), more(true, of(537))}, 1009, 0},
		{"6 binary need not be UTF-8, text after it must", [][]byte{binary(true, "\xff\xfe"), text(true, "\xff")}, 1007, 0},
		{"6 binary in the middle of a character", [][]byte{binary(false, "\xe6"), more(true, "\xbc"), text(true, "漢")}, 0, 0},
		{"6 a message after an incomplete binary is judged anew", [][]byte{binary(true, "\xe6"), text(true, "ok")}, 0, 0},
	}
}

// The limit is the option's: what suites send, up to 16 MiB (by PARLEY_TEST_LONG),
// comes back, and one byte more closes.
func TestEchoOfLargeMessages(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		o.Echo, o.EchoBytes = true, 1<<20
		o.WriteTimeout = 5 * time.Second // the race detector is slow
		if os.Getenv("PARLEY_TEST_LONG") == "1" {
			o.EchoBytes = 16 << 20
		}
		r := serve(t, o)
		c := r.echoing()
		large := strings.Repeat("0123456789abcdef", o.EchoBytes/16)
		for _, frames := range [][][]byte{
			{masked(true, rfc6455.OpBinary, large)},
			{masked(false, rfc6455.OpText, large[:1<<18]), masked(true, rfc6455.OpContinuation, large[:3<<18])},
		} {
			for _, f := range frames {
				c.say(f)
			}
			c.hears(replies(t, frames))
		}
		_, _ = c.Write(masked(true, rfc6455.OpBinary, large+"x"))
		if code, bye := c.closed(); code != rfc6455.CloseTooBig || bye != "" {
			t.Errorf("got %d %q, want %d without a word", code, bye, rfc6455.CloseTooBig)
		}
	})
}

// An echo that nobody reads is bounded, as a chat is.
func TestEchoOfASlowReader(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		o.Echo, o.EchoBytes, o.OutboxBytes = true, 64<<10, 64<<10
		r := serve(t, o)
		c := r.echoing()
		frame := masked(true, rfc6455.OpBinary, strings.Repeat("x", 60_000))
		for range 1000 {
			if _, err := c.Write(frame); err != nil {
				break
			}
		}
		eventually(t, "it is closed", func() bool { return r.metric("parley_bye_total", "slow_consumer") == 1 })
	})
}

// Whoever is silent is pinged by RFC 6455's ping, hears no text, and is closed
// without an answer.
func TestEchoLiveness(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		o.Echo, o.PingEvery, o.PongTimeout = true, 200*time.Millisecond, 100*time.Millisecond
		r := serve(t, o)
		c := r.echoing()
		for range 3 {
			c.hears([]said{{rfc6455.OpPing, ""}})
			c.say(masked(true, rfc6455.OpPong, ""))
		}
		c.hears([]said{{rfc6455.OpPing, ""}})
		if opcode, payload := c.frame(); opcode != rfc6455.OpClose || rfc6455.CloseCode(payload) != 4003 {
			t.Errorf("got %d %q, want 4003", opcode, payload)
		}
		if n := r.metric("parley_ws_connections", "echo"); n != 1 && n != 0 {
			t.Errorf("connections: got %v", n)
		}
	})
}

// A drain closes echo connections too, without words.
func TestEchoIsDrained(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		o.Echo = true
		r := serve(t, o)
		c := r.echoing()
		c.text("x")
		c.hears([]said{{rfc6455.OpText, "x"}})
		if n := r.metric("parley_ws_connections", "echo"); n != 1 {
			t.Errorf("connections: got %v, want 1", n)
		}
		r.cancel()
		if opcode, payload := c.frame(); opcode != rfc6455.OpClose || rfc6455.CloseCode(payload) != 4000 {
			t.Errorf("got %d %q, want 4000", opcode, payload)
		}
		_, _ = c.Write(masked(true, rfc6455.OpClose, "\x0f\xa0"))
	})
}

// Off by default, and never beyond loopback by oversight.
func TestEchoIsNamed(t *testing.T) {
	r := serve(t, Options{})
	c := r.tcp()
	c.say([]byte(strings.Replace(handshakeHead, VisitorPath, EchoPath, 1) + "\r\n"))
	if head := c.head(); !strings.HasPrefix(head, "HTTP/1.1 404 ") {
		t.Errorf("off: got %q, want 404", head)
	}
	var d Options
	if d.EnsureDefaults(); d.EchoBytes != 16<<20 {
		t.Errorf("EchoBytes: got %d, want 16 MiB", d.EchoBytes)
	}
	o := Options{Tenants: testTenants(t), Echo: true, AllowPlaintextBeyondLoopback: true}
	if err := NewServer(newBoard(), o).ListenAndServe(context.Background(), "0.0.0.0:0"); err == nil || !strings.Contains(err.Error(), "AllowEchoBeyondLoopback") {
		t.Errorf("beyond loopback: got %v", err)
	}
	if err := NewServer(newBoard(), o).Mount(&fasthttp.Server{}); err == nil || !strings.Contains(err.Error(), "AllowEchoBeyondLoopback") {
		t.Errorf("mounted: got %v", err)
	}
	o.AllowEchoBeyondLoopback = true
	if err := NewServer(newBoard(), o).refuseAddress("0.0.0.0:0"); err != nil {
		t.Errorf("allowed by name: got %v", err)
	}
}
