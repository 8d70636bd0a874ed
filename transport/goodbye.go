package transport

import (
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/internal/rfc6455"
	"github.com/parleyhq/parley/transport/wire"
)

// control answers control frames: what the sources call.
func (c *conn) control(opcode byte, payload []byte) error {
	c.alive.Store(true)
	switch opcode {
	case rfc6455.OpPing:
		c.send(outFrame{append([]byte(nil), payload...), rfc6455.OpPong})
	case rfc6455.OpClose:
		c.echoClose(payload)
		return errPeerClosed
	}
	return nil
}

// errPeerClosed ends reading after the client's close frame.
var errPeerClosed = errors.New("closed by the client")

// readFailed says goodbye according to why reading ended.
func (c *conn) readFailed(err error) {
	var fault *rfc6455.Fault
	switch {
	case errors.Is(err, errPeerClosed):
		c.await()
	case errors.Is(err, errLibrarySaid):
		c.librarySaid()
	case errors.As(err, &fault):
		c.end(endingOfFault(fault), 0)
		c.await()
	default:
		// Gone, or past the deadline that end set.
		c.out.mu.Lock()
		c.note(endGone)
		c.out.mu.Unlock()
	}
}

// end begins the end of the connection: what waits is written, then bye and a
// close frame. A slow consumer too gets what waits for it, as far as it takes it
// within WriteTimeout: so each of its returns makes progress, and a replay that
// overflows the outbox is not begun from the same place for ever. Only the first reason counts. Safe from any goroutine.
func (c *conn) end(why ending, retry time.Duration) {
	f := farewellOf(why)
	var bye []byte
	if f.reconnect != "" && c.side != echoSide {
		bye = wire.AppendBye(nil, f.reason, f.reconnect, max(retry, f.retry))
	}
	c.out.mu.Lock()
	if c.out.phase != phaseOpen {
		c.out.mu.Unlock()
		return
	}
	c.note(why)
	v := refused
	if bye != nil {
		v = c.out.add(&c.server.batches, outFrame{bye, rfc6455.OpText})
	}
	c.goodbye(v, rfc6455.AppendClose(nil, f.code, f.reason))
}

// echoClose answers the client's close frame with its own code.
func (c *conn) echoClose(payload []byte) {
	c.heardClose.Store(true) // before phase is read: either side sees the other's
	c.out.mu.Lock()
	if c.out.phase != phaseOpen { // it answers ours
		phase := c.out.phase
		c.out.mu.Unlock()
		if phase == phaseSaid {
			_ = c.socket.Close()
		}
		return
	}
	c.note(endBye)
	var code []byte
	if len(payload) >= 2 {
		code = binary.BigEndian.AppendUint16(nil, uint16(rfc6455.CloseCode(payload)))
	}
	c.goodbye(refused, code)
}

// goodbye queues the close frame, the last there is, and passes the write right
// on. v is the verdict on a frame queued just before. The caller holds the
// outbox's mu, which is released.
func (c *conn) goodbye(v verdict, payload []byte) {
	if next := c.out.add(&c.server.batches, outFrame{payload, rfc6455.OpClose}); v != wake {
		v = next
	}
	c.out.phase = phaseEnding
	c.out.mu.Unlock()
	_ = c.socket.SetReadDeadline(time.Now().Add(c.server.options.CloseTimeout))
	if v == wake {
		c.wakeWriter()
	}
}

// note keeps and counts the first reason. The caller holds the outbox's mu.
func (c *conn) note(why ending) {
	if c.ended == endNone {
		c.ended = why
		c.server.metrics.byes[why].Inc()
	}
}

func (c *conn) isEnding() bool {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.phase != phaseOpen
}

// linger reads on, for the client's answer to our close frame, until the
// deadline that end set: closing a socket with unread bytes in it would take back
// what the client has not read yet.
func (c *conn) linger() {
	for {
		message, err := c.source.Next(c.server.borrow)
		c.server.giveBack(message)
		if errors.Is(err, errPeerClosed) {
			c.await()
			return
		}
		if err != nil {
			return
		}
	}
}

// await discards what comes until the socket is closed by the writer, which has
// the last word to write, by the client, or by the deadline.
func (c *conn) await() {
	_, _ = io.Copy(io.Discard, justRead{c.socket})
}

// justRead hides a socket's other methods from io.Copy.
type justRead struct{ io.Reader }

// recovered ends this connection, and no other, after a panic. The value may
// hold what people typed: its type and the stack are logged.
func (c *conn) recovered() {
	value := recover()
	if value == nil {
		return
	}
	c.server.panicked("connection", c.id, value)
	c.end(endInternal, 0)
	if c.isEnding() {
		c.await()
	}
}

func (s *Server) panicked(where string, id engine.ID, value any) {
	s.metrics.panics.Inc()
	s.options.Logger.Error("panic caught", "where", where, "conn", id.String(), slog.Any("type", typeOf(value)), "stack", string(debug.Stack()))
}

// finish takes the connection apart. Only the reader calls it, once.
func (c *conn) finish() {
	defer c.server.forget(c)
	defer func() {
		if value := recover(); value != nil {
			c.server.panicked("leave", c.id, value)
		}
	}()
	c.out.shut(&c.server.batches)
	_ = c.socket.Close()
	if c.seat != nil {
		c.seat.Leave()
	}
}
