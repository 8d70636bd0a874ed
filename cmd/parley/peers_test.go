package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/lxzan/gws"

	"github.com/parleyhq/parley/transport"
)

// A speaker is a WebSocket client that shares no code with the server.
type speaker interface {
	say(binary bool, text []byte)
	hear() (binary bool, text []byte)
	leave() (code int) // the server's answer to a close with 1000
}

type dialer func(t *testing.T, addr, path string, header http.Header) speaker

func dialers() map[string]dialer {
	return map[string]dialer{"coder": dialCoder, "gobwas": dialGobwas, "gws": dialGws}
}

// TestIndependentClients: clients of three other makers chat, and get an echo of
// whatever they send, on both ways that the server reads and writes.
func TestIndependentClients(t *testing.T) {
	for path, fast := range map[string]bool{"library": false, "fast": true} {
		p := testParts(t, oneTenant(t))
		p.sockets.SelfOrigin, p.sockets.Echo, p.sockets.FastPath = true, true, fast
		s, err := startStack(p)
		must(t, err)
		addr := s.bound.public.Addr().String()
		for name, dial := range dialers() {
			t.Run(path+"/"+name+"/chat", func(t *testing.T) { chatWith(t, addr, dial) })
			t.Run(path+"/"+name+"/echo", func(t *testing.T) { echoWith(t, addr, dial) })
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		must(t, s.stop(ctx))
		cancel()
	}
}

func chatWith(t *testing.T, addr string, dial dialer) {
	c := dial(t, addr, "/v1/visitor", http.Header{"Origin": {"http://" + addr}})
	until := func(what string) string {
		t.Helper()
		for {
			binary, text := c.hear()
			if binary {
				t.Fatal("a binary message")
			}
			if bytes.Contains(text, []byte(what)) {
				return string(text)
			}
		}
	}
	c.say(false, []byte(`{"k":"req","id":"a","op":"auth","d":{"tenant":"`+demoTenant+`","anonymous":true}}`))
	until(`"id":"a","ok":true`)
	c.say(false, []byte(`{"k":"req","id":"s","op":"session.start","d":{"idem":"s"}}`))
	_, rest, _ := strings.Cut(until(`"id":"s","ok":true`), `"sid":"`)
	sid, _, _ := strings.Cut(rest, `"`)
	text := strings.Repeat("é漢🙂", 700)
	c.say(false, []byte(`{"k":"req","id":"m","op":"message.send","d":{"sid":"`+sid+`","cmid":"m","body":{"type":"text","text":"`+text+`"}}}`))
	if event := until(`"t":"message.new"`); !strings.Contains(event, text) {
		t.Errorf("the event is not what was said: %d bytes", len(event))
	}
	if code := c.leave(); code != 1000 {
		t.Errorf("close: got %d, want 1000", code)
	}
}

func echoWith(t *testing.T, addr string, dial dialer) {
	c := dial(t, addr, "/v1/echo", http.Header{})
	for _, size := range []int{0, 1, 125, 126, 65_535, 65_536, 1 << 20} {
		for _, binary := range []bool{false, true} {
			text := bytes.Repeat([]byte("x"), size)
			if binary {
				text = bytes.Repeat([]byte{0xff}, size)
			}
			c.say(binary, text)
			if gotBinary, got := c.hear(); gotBinary != binary || !bytes.Equal(got, text) {
				t.Fatalf("%d bytes, binary %v: got %d bytes, binary %v", size, binary, len(got), gotBinary)
			}
		}
	}
	if code := c.leave(); code != 1000 {
		t.Errorf("close: got %d, want 1000", code)
	}
}

// coderSpeaker sends each message in fragments, and asks for compression.
type coderSpeaker struct {
	t    *testing.T
	ctx  context.Context
	conn *websocket.Conn
}

func dialCoder(t *testing.T, addr, path string, header http.Header) speaker {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	conn, res, err := websocket.Dial(ctx, "ws://"+addr+path, &websocket.DialOptions{
		HTTPHeader: header, Subprotocols: []string{transport.Subprotocol}, CompressionMode: websocket.CompressionContextTakeover,
	})
	must(t, err)
	if got := res.Header.Get("Sec-WebSocket-Extensions"); got != "" {
		t.Errorf("extensions: got %q, want none", got)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	conn.SetReadLimit(2 << 20)
	return &coderSpeaker{t, ctx, conn}
}

func (c *coderSpeaker) say(binary bool, text []byte) {
	kind := websocket.MessageText
	if binary {
		kind = websocket.MessageBinary
	}
	w, err := c.conn.Writer(c.ctx, kind)
	must(c.t, err)
	for rest := text; len(rest) > 0; {
		n := min(len(rest), 10_001)
		_, err = w.Write(rest[:n])
		must(c.t, err)
		rest = rest[n:]
	}
	must(c.t, w.Close())
}

func (c *coderSpeaker) hear() (bool, []byte) {
	kind, text, err := c.conn.Read(c.ctx)
	must(c.t, err)
	return kind == websocket.MessageBinary, text
}

func (c *coderSpeaker) leave() int {
	if err := c.conn.Close(websocket.StatusNormalClosure, "done"); err != nil { // it waits for the server's close frame
		return int(websocket.CloseStatus(err))
	}
	return 1000
}

type gobwasSpeaker struct {
	t    *testing.T
	conn net.Conn
	from io.Reader
}

func dialGobwas(t *testing.T, addr, path string, header http.Header) speaker {
	t.Helper()
	d := ws.Dialer{Header: ws.HandshakeHeaderHTTP(header), Timeout: 20 * time.Second}
	if path != transport.EchoPath { // it refuses an answer without the protocol it asked for
		d.Protocols = []string{transport.Subprotocol}
	}
	conn, early, _, err := d.Dial(context.Background(), "ws://"+addr+path)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	c := &gobwasSpeaker{t: t, conn: conn, from: bufio.NewReader(conn)}
	if early != nil {
		c.from = early
	}
	return c
}

func (c *gobwasSpeaker) say(binary bool, text []byte) {
	op := ws.OpText
	if binary {
		op = ws.OpBinary
	}
	for half := len(text) / 2; ; half, op = len(text), ws.OpContinuation {
		last := op == ws.OpContinuation
		must(c.t, ws.WriteFrame(c.conn, ws.MaskFrame(ws.NewFrame(op, last, bytes.Clone(text[:half])))))
		if text = text[half:]; last {
			return
		}
		must(c.t, ws.WriteFrame(c.conn, ws.MaskFrame(ws.NewPingFrame([]byte("between")))))
	}
}

func (c *gobwasSpeaker) hear() (bool, []byte) {
	text, op, err := wsutil.ReadServerData(struct {
		io.Reader
		io.Writer
	}{c.from, c.conn})
	must(c.t, err)
	return op == ws.OpBinary, text
}

func (c *gobwasSpeaker) leave() int {
	must(c.t, ws.WriteFrame(c.conn, ws.MaskFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, "done")))))
	for {
		header, err := ws.ReadHeader(c.from)
		must(c.t, err)
		if header.Length > 1<<20 {
			c.t.Fatalf("a frame of %d bytes", header.Length)
		}
		payload := make([]byte, header.Length)
		_, err = io.ReadFull(c.from, payload)
		must(c.t, err)
		if header.OpCode == ws.OpClose {
			code, _ := ws.ParseCloseFrameData(payload)
			return int(code)
		}
	}
}

// gwsSpeaker hears by callbacks, and asks for compression.
type gwsSpeaker struct {
	gws.BuiltinEventHandler
	t      *testing.T
	conn   *gws.Conn
	heard  chan heard
	closed chan error
}

type heard struct {
	binary bool
	text   []byte
}

func dialGws(t *testing.T, addr, path string, header http.Header) speaker {
	t.Helper()
	if path != transport.EchoPath { // it refuses an answer without the protocol it asked for
		header.Set("Sec-WebSocket-Protocol", transport.Subprotocol)
	}
	c := &gwsSpeaker{t: t, heard: make(chan heard, 100), closed: make(chan error, 1)}
	conn, _, err := gws.NewClient(c, &gws.ClientOption{
		Addr: "ws://" + addr + path, RequestHeader: header, CheckUtf8Enabled: true, PermessageDeflate: gws.PermessageDeflate{Enabled: true},
	})
	must(t, err)
	c.conn = conn
	go conn.ReadLoop() // ends with the socket, which the cleanup closes
	t.Cleanup(func() { _ = conn.NetConn().Close() })
	return c
}

func (c *gwsSpeaker) OnMessage(_ *gws.Conn, m *gws.Message) {
	c.heard <- heard{m.Opcode == gws.OpcodeBinary, bytes.Clone(m.Bytes())}
	_ = m.Close()
}

func (c *gwsSpeaker) OnClose(_ *gws.Conn, err error) { c.closed <- err }

func (c *gwsSpeaker) say(binary bool, text []byte) {
	op := gws.OpcodeText
	if binary {
		op = gws.OpcodeBinary
	}
	must(c.t, c.conn.WriteMessage(op, text))
}

func (c *gwsSpeaker) hear() (bool, []byte) {
	select {
	case h := <-c.heard:
		return h.binary, h.text
	case err := <-c.closed:
		c.t.Fatalf("closed: %v", err)
	case <-time.After(20 * time.Second):
		c.t.Fatal("nothing is heard")
	}
	return false, nil
}

// leave: this client closes the socket once it has said so, and hears no answer.
func (c *gwsSpeaker) leave() int {
	c.conn.WriteClose(1000, nil)
	var said *gws.CloseError
	select {
	case err := <-c.closed:
		if errors.As(err, &said) {
			return int(said.Code)
		}
		return 1000
	case <-time.After(20 * time.Second):
		return 0
	}
}
