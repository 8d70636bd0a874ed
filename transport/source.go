package transport

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/parleyhq/parley/transport/internal/rfc6455"
)

// librarySource reads with the WebSocket library: the default path. The library
// does not check UTF-8 and does not bound what it hands over; that is done here.
type librarySource struct {
	ws     *websocket.Conn
	limit  int
	binary bool // binary messages are taken
	muted  bool // the library cannot write
	opcode byte // of the last message
}

// errLibrarySaid is a protocol error that the library answered with a close
// frame of its own: the one frame that it writes where it could not be muted.
var errLibrarySaid = errors.New("protocol error")

// mute keeps the library from answering faults with a close frame of its own: it
// could fall between the pieces of another frame, would come before the bye, and
// says the library's words. Where a host's own TLS is beneath, it cannot be kept.
func mute(ws *websocket.Conn, socket net.Conn) bool {
	switch socket := socket.(type) {
	case interface{ mute() }:
		socket.mute()
		return true
	case *net.TCPConn:
		// Past its deadline a write writes nothing, and after a write that failed the
		// library writes no more.
		if ws.SetWriteDeadline(time.Unix(1, 0)) != nil {
			return false
		}
		err := ws.WriteMessage(websocket.TextMessage, nil)
		return socket.SetWriteDeadline(time.Time{}) == nil && err != nil
	default:
		return false
	}
}

// newLibrarySource reads ws, whose bytes come by socket.
func newLibrarySource(c *conn, ws *websocket.Conn, socket net.Conn) *librarySource {
	watched, _ := socket.(interface{ halfClosed() bool })
	ws.SetPingHandler(func(data string) error { return c.control(rfc6455.OpPing, []byte(data)) })
	ws.SetPongHandler(func(string) error { return c.control(rfc6455.OpPong, nil) })
	ws.SetCloseHandler(func(code int, _ string) error {
		if code == websocket.CloseNoStatusReceived {
			if watched != nil && watched.halfClosed() {
				return &rfc6455.Fault{Code: rfc6455.CloseProtocol, What: "close code of one byte"}
			}
			return c.control(rfc6455.OpClose, nil)
		}
		return c.control(rfc6455.OpClose, rfc6455.AppendClose(nil, code, ""))
	})
	return &librarySource{ws: ws, limit: c.maxMessage(), binary: c.side == echoSide, muted: mute(ws, socket)}
}

// Wait has nothing to do: the library waits in Next.
func (l *librarySource) Wait() error { return nil }

func (l *librarySource) Next(borrow func() *[]byte) (*[]byte, error) {
	kind, r, err := l.ws.NextReader()
	if err != nil {
		return nil, l.judge(err)
	}
	if l.opcode = byte(kind); kind != websocket.TextMessage && !l.binary {
		return nil, &rfc6455.Fault{Code: rfc6455.CloseUnsupported, What: "binary message"}
	}
	message := borrow()
	*message = (*message)[:0]
	var text rfc6455.Validator
	for {
		*message = append(*message, 0)[:len(*message)] // room for at least one byte
		at := len(*message)
		n, err := r.Read((*message)[at:cap(*message)])
		*message = (*message)[:at+n]
		switch {
		case l.opcode == rfc6455.OpText && (!text.Write((*message)[at:]) || errors.Is(err, io.EOF) && !text.Complete()):
			return message, &rfc6455.Fault{Code: rfc6455.CloseInvalidUTF8, What: "message is not UTF-8"}
		case len(*message) > l.limit:
			return message, &rfc6455.Fault{Code: rfc6455.CloseTooBig, What: "message too large"}
		case errors.Is(err, io.EOF):
			return message, nil
		case err != nil:
			return message, l.judge(err)
		}
	}
}

// Opcode is the last message's: the library's numbers are RFC 6455's.
func (l *librarySource) Opcode() byte { return l.opcode }

// judge tells the library's protocol errors, which have no type, from
// those of the socket.
func (l *librarySource) judge(err error) error {
	var timeout net.Error // *net.OpError is one
	var closed *websocket.CloseError
	var fault *rfc6455.Fault
	switch {
	case errors.Is(err, websocket.ErrReadLimit): // a length beyond all numbers; the library did not answer it
		return &rfc6455.Fault{Code: rfc6455.CloseTooBig, What: "message too large"}
	case errors.Is(err, errPeerClosed), errors.As(err, &fault), errors.As(err, &timeout), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, net.ErrClosed), errors.As(err, &closed):
		return err
	case l.muted:
		return &rfc6455.Fault{Code: rfc6455.CloseProtocol, What: "what the library refuses"}
	default:
		return errLibrarySaid
	}
}

// librarySaid follows the library's close frame: nothing may come after it.
func (c *conn) librarySaid() {
	c.out.mu.Lock()
	c.note(endProtocol)
	c.out.mu.Unlock()
	c.out.shut(&c.server.batches)
	_ = c.socket.SetReadDeadline(time.Now().Add(c.server.options.CloseTimeout))
	c.await()
}

// newOwnSource reads with this project's reader: the fast path. early is what
// came together with the handshake.
func newOwnSource(c *conn, early []byte) source {
	var from io.Reader = c.socket
	if len(early) > 0 {
		from = io.MultiReader(bytes.NewReader(early), c.socket)
	}
	r := rfc6455.NewReader(from, rfc6455.ServerSide, readBuffer, c.maxMessage(), c.control)
	if c.side == echoSide {
		r.TakeBinary()
	}
	return r
}

// drainEarly takes the bytes that fasthttp read beyond the handshake out of its
// buffer, so that the buffer need not be kept: with a deadline in the past only
// what is in memory is read. A client that keeps to RFC 6455 has sent none.
func drainEarly(wrapped net.Conn) (early []byte, ok bool) {
	if wrapped.SetReadDeadline(time.Unix(1, 0)) != nil {
		return nil, false
	}
	var piece [512]byte
	for {
		n, err := wrapped.Read(piece[:])
		early = append(early, piece[:n]...)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return early, wrapped.SetReadDeadline(time.Time{}) == nil
		}
		if err != nil {
			return nil, false
		}
	}
}
