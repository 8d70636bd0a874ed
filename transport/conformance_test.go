package transport

import (
	"bytes"
	"strings"
	"testing"

	"github.com/parleyhq/parley/transport/internal/rfc6455"
	"github.com/parleyhq/parley/transport/wire"
)

// marker is a request whose answer shows that the connection lives.
const marker = `{"k":"req","id":"marker","op":"read.mark","d":{"sid":"01JTDKRQGG000000000000001A","seq":1}}`

// frameCase is what a client sends, frame by frame, and what comes of it.
type frameCase struct {
	name string
	send [][]byte
	want int // 0: the connection lives on
	also int // another code that is right
}

// frameCases speak RFC 6455 by hand, in the order of the Autobahn suite's groups,
// to an endpoint whose messages may have limit bytes.
func frameCases(limit int) []frameCase {
	text := func(final bool, s string) []byte { return masked(final, rfc6455.OpText, s) }
	more := func(final bool, s string) []byte { return masked(final, rfc6455.OpContinuation, s) }
	ping := func(s string) []byte { return masked(true, rfc6455.OpPing, s) }
	raw := func(b ...byte) []byte { return b }
	flagged := func(bits byte, frame []byte) []byte { frame[0] |= bits; return frame }
	unmasked := rfc6455.AppendHeader(nil, rfc6455.OpText, 0)
	closing := func(code int, reason string) []byte {
		return masked(true, rfc6455.OpClose, string(rfc6455.AppendClose(nil, code, reason)))
	}
	padded := func(n int) string { // a good request of n bytes
		return marker[:len(marker)-1] + strings.Repeat(" ", n-len(marker)) + "}"
	}
	return []frameCase{
		{"1.1 sizes around the length forms", [][]byte{text(true, padded(125)), text(true, padded(126)), text(true, padded(127)), text(true, padded(65535))}, 0, 0},
		{"1.1 the largest", [][]byte{text(true, padded(limit))}, 0, 0},
		{"1.1 one byte too large", [][]byte{text(true, padded(limit+1))}, 1009, 0},
		{"1.1 too large by far", [][]byte{append(raw(0x81, 0xff, 0, 0, 0, 0, 0x7f, 0, 0, 0, 1, 2, 3, 4), make([]byte, limit)...), make([]byte, 100)}, 1009, 1007},
		{"1.1 too large by a header alone, which only our own reader judges", [][]byte{raw(0x81, 0xff, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 'x')}, 1009, 0},
		{"1.1 too large in fragments", [][]byte{text(false, padded(limit-10)), more(true, strings.Repeat(" ", 11))}, 1009, 0},
		{"1.2 binary", [][]byte{masked(true, rfc6455.OpBinary, "x")}, 1003, 0},
		{"2.1 ping", [][]byte{ping("")}, 0, 0},
		{"2.3 ping of 125 bytes", [][]byte{ping(strings.Repeat("\xfe", 125))}, 0, 0},
		{"2.5 ping of 126 bytes", [][]byte{ping(strings.Repeat("x", 126))}, 1002, 0},
		{"2.7 pong nobody asked for", [][]byte{masked(true, rfc6455.OpPong, "x")}, 0, 0},
		{"3.1 RSV1", [][]byte{flagged(0x40, text(true, marker))}, 1002, 0},
		{"3.3 RSV2", [][]byte{flagged(0x20, text(true, marker))}, 1002, 0},
		{"3.4 RSV3 on a ping", [][]byte{flagged(0x10, ping("x"))}, 1002, 0},
		{"4.1 opcode 3", [][]byte{masked(true, 3, "")}, 1002, 0},
		{"4.2 opcode 11", [][]byte{masked(true, 11, "")}, 1002, 0},
		{"5.1 ping in fragments", [][]byte{masked(false, rfc6455.OpPing, "x")}, 1002, 0},
		{"5.3 text in fragments", [][]byte{text(false, marker[:20]), more(false, ""), more(true, marker[20:])}, 0, 0},
		{"5.6 ping between fragments", [][]byte{text(false, marker[:20]), ping("between"), more(true, marker[20:])}, 0, 0},
		{"5.9 continuation of nothing", [][]byte{more(true, "x")}, 1002, 0},
		{"5.18 text inside a text", [][]byte{text(false, "x"), text(true, "y")}, 1002, 0},
		{"5.20 binary inside a text", [][]byte{text(false, "x"), masked(true, rfc6455.OpBinary, "y")}, 1002, 0},
		{"6.2 UTF-8 cut at every byte", cutAt(text, more, `{"k":"req","id":"é漢🙂","op":"read.mark","d":{}}`), 0, 0},
		{"6.3 bad byte", [][]byte{text(true, "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80")}, 1007, 0},
		{"6.3 fails at the first bad byte of a message that goes on", [][]byte{text(false, "abc\xff")}, 1007, 0},
		{"6.4 fails when no continuation can help", [][]byte{text(false, "\xf4"), more(false, "\x90")}, 1007, 0},
		{"6.6 incomplete at the end", [][]byte{text(false, "\xe6\xbc"), more(true, "")}, 1007, 0},
		{"6.10 overlong", [][]byte{text(true, "\xc0\x80")}, 1007, 0},
		{"6.21 surrogate", [][]byte{text(true, "\xed\xa0\x80")}, 1007, 0},
		{"6.11 beyond U+10FFFF", [][]byte{text(true, "\xf4\x90\x80\x80")}, 1007, 0},
		{"7.1 close", [][]byte{closing(1000, "bye")}, 1000, 0},
		{"7.1 nothing is read after close", [][]byte{closing(1000, ""), text(true, marker), ping("x")}, 1000, 0},
		{"7.3 close without a code", [][]byte{masked(true, rfc6455.OpClose, "")}, rfc6455.CloseNoStatus, 0},
		{"7.3 close code of one byte", [][]byte{masked(true, rfc6455.OpClose, "\x03")}, 1002, 0},
		{"7.3 close code of one byte after messages", [][]byte{text(true, padded(200)), text(false, padded(70000)[:100]), masked(true, rfc6455.OpClose, "\x03")}, 1002, 0},
		{"7.3 a close frame with a code, and half a one behind", [][]byte{masked(true, rfc6455.OpClose, ""), masked(true, rfc6455.OpClose, "\x03")}, rfc6455.CloseNoStatus, 0},
		{"7.3 longest reason", [][]byte{closing(1000, strings.Repeat("x", 123))}, 1000, 0},
		{"7.5 reason no UTF-8", [][]byte{closing(1000, "\xff")}, 1007, 1002},
		{"7.7 code 3000", [][]byte{closing(3000, "")}, 3000, 0},
		{"7.7 code 4999", [][]byte{closing(4999, "")}, 4999, 0},
		{"7.9 code 0", [][]byte{closing(0, "")}, 1002, 0},
		{"7.9 code 999", [][]byte{closing(999, "")}, 1002, 0},
		{"7.9 code 1005", [][]byte{closing(1005, "")}, 1002, 0},
		{"7.9 code 1006", [][]byte{closing(1006, "")}, 1002, 0},
		{"7.13 code 5000", [][]byte{closing(5000, "")}, 1002, 0},
		{"not masked", [][]byte{unmasked}, 1002, 0},
		{"length with the highest bit", [][]byte{raw(0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4)}, 1002, 1009},
	}
}

const onlyOurReader = "only our own reader judges"

func TestConformance(t *testing.T) {
	for _, tt := range frameCases(64 << 10) {
		t.Run(tt.name, func(t *testing.T) {
			paths(t, func(t *testing.T, o Options) {
				if strings.HasSuffix(tt.name, onlyOurReader) && !o.FastPath {
					return
				}
				for _, whole := range []bool{true, false} {
					c := serve(t, o).seated()
					c.sendAll(tt.send, whole)
					if tt.want == 0 {
						c.text(marker)
						c.mark(len(tt.send))
						continue
					}
					tt.says(t, tt.ends(t, c, whole))
				}
			})
		})
	}
}

// ended is how a connection was ended.
type ended struct {
	code        int
	reason, bye string
}

// says checks what a chat is told before it is closed for a fault: the bye, and as
// the close frame's reason the same word of ours.
func (tt frameCase) says(t *testing.T, got ended) {
	t.Helper()
	words := map[int]string{1002: "protocol_error", 1003: "binary_frame", 1007: "invalid_utf8", 1009: "frame_too_large"}
	word, fault := words[got.code]
	if !fault {
		return
	}
	want := string(wire.AppendBye(nil, word, "no", 0))
	if got.reason != word || got.bye != want {
		t.Errorf("%d: got reason %q after %q, want %q after %q", got.code, got.reason, got.bye, word, want)
	}
}

// sendAll sends frames whole, or in pieces of one byte.
func (c *rawConn) sendAll(frames [][]byte, whole bool) {
	for _, frame := range frames {
		frame = bytes.Clone(frame)
		for !whole && len(frame) > 0 && len(frame) < 2000 {
			_, _ = c.Write(frame[:1])
			frame = frame[1:]
		}
		_, _ = c.Write(frame) // the server may have closed already
	}
}

func (tt frameCase) ends(t *testing.T, c *rawConn, whole bool) ended {
	t.Helper()
	code, reason, bye := c.parting()
	if code != tt.want && (tt.also == 0 || code != tt.also) {
		t.Errorf("whole=%v: got %d %s, want %d", whole, code, bye, tt.want)
	}
	return ended{code, reason, bye}
}

// mark reads up to the answer to the last marker, and checks that pongs say what
// pings said.
func (c *rawConn) mark(int) {
	c.t.Helper()
	c.text(`{"k":"req","id":"last","op":"read.mark","d":{"sid":"01JTDKRQGG000000000000001A","seq":1}}`)
	for {
		opcode, payload := c.frame()
		switch {
		case opcode == rfc6455.OpText && strings.Contains(string(payload), `"id":"last"`):
			return
		case opcode == 0 || opcode == rfc6455.OpClose:
			c.t.Fatalf("closed: %d %q", rfc6455.CloseCode(payload), payload)
		}
	}
}

func TestPongEchoesPing(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		c := serve(t, o).seated()
		for _, payload := range []string{"", "hello", strings.Repeat("\xfe", 125)} {
			c.say(masked(true, rfc6455.OpPing, payload))
			if opcode, got := c.frame(); opcode != rfc6455.OpPong || string(got) != payload {
				t.Errorf("got %d %q, want a pong of %q", opcode, got, payload)
			}
		}
	})
}

// cutAt is a text cut into fragments of one byte.
func cutAt(text, more func(bool, string) []byte, s string) [][]byte {
	frames := [][]byte{text(false, s[:1])}
	for i := 1; i < len(s)-1; i++ {
		frames = append(frames, more(false, s[i:i+1]))
	}
	return append(frames, more(true, s[len(s)-1:]))
}
