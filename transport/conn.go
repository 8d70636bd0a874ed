package transport

import (
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/internal/rfc6455"
	"github.com/parleyhq/parley/transport/wire"
)

// side is which endpoint a connection came to.
type side uint8

const (
	visitorSide side = iota
	operatorSide
	echoSide // says what it hears: for conformance suites
	sides
)

func (s side) String() string {
	switch s {
	case operatorSide:
		return "operator"
	case echoSide:
		return "echo"
	default:
		return "visitor"
	}
}

// sees is what connections of this side may see.
func (s side) sees() engine.Visibility {
	if s == operatorSide {
		return engine.VisibleToOperators
	}
	return engine.VisibleToAll
}

// conn is one connection: it owns the socket, is the engine's Outlet, and holds
// the engine's Seat.
type conn struct {
	// Fixed after construction.
	server *Server
	side   side
	id     engine.ID

	// Fixed when the socket comes, before anyone else learns of the connection.
	socket net.Conn        // the bare one, not fasthttp's wrapper of it
	raw    syscall.RawConn // for the fast path; nil: write by socket
	source source
	shard  *shard // writes for this connection; nil without raw

	// Fixed before the connection is seated; read by outlet methods only.
	tenant   *engine.Tenant // as it was then: see configured
	operator engine.OperatorID
	who      string    // the principal, as resume tokens name it
	pass     string    // an operator's first resume token
	returned *returned // what the client showed of an earlier connection; nil: nothing

	// Owned by readLoop.
	entrance *entrance      // what the handshake said; nil once auth was judged
	rules    *engine.Tenant // by which the connection was judged last
	origin   string         // that was let in, as the tenant writes it; empty: it does not matter
	seat     engine.Seat
	limit    limiter
	strikes  int // messages over the rate since the last pause
	pauses   int // times that reading was paused since the client last kept quiet
	bad      int // malformed frames

	// Owned by the sweeper.
	asked bool // an echo connection: it was pinged when the sweeper looked last

	// Guarded by the outbox's mu.
	out        outbox
	ended      ending
	introduced []engine.OperatorID // whom a people frame has named
	stream     *stream             // nil before the hello

	// Guarded by the registry's mu.
	place place

	// Atomic.
	seated  atomic.Bool
	astray  atomic.Bool  // counted as one that never came to auth
	alive   atomic.Bool  // something came since the last ping
	expires atomic.Int64 // Unix seconds at which the token ends; 0: never

	heardClose atomic.Bool // the client's close frame came
}

// source is where messages come from: the library's reader or our own. Wait may
// return before something came. Next borrows a buffer when a message begins and
// returns it, nil if none was borrowed, with an error or without. Opcode is that
// of the last message.
type source interface {
	Wait() error
	Next(borrow func() *[]byte) (*[]byte, error)
	Opcode() byte
}

// run reads until the connection ends, and then takes it apart. It is the
// connection's goroutine: started by the handshake, ended by the socket, waited
// for by the server's drain. A stack that grew never shrinks to the least there
// is, so a connection that falls silent goes on in a new goroutine.
func (c *conn) run() {
	silent := false
	defer func() {
		if silent {
			go c.run()
		} else {
			c.finish()
		}
	}()
	defer c.recovered()
	silent = c.readLoop()
}

// readLoop reads until the connection ends, or until it seems to fall silent.
func (c *conn) readLoop() (silent bool) {
	s := c.server
	for {
		if err := c.source.Wait(); err != nil {
			c.readFailed(err)
			return false
		}
		message, err := c.source.Next(s.borrow)
		if err != nil {
			s.giveBack(message)
			c.readFailed(err)
			return false
		}
		silent := !c.isEnding() && c.received(*message)
		s.giveBack(message)
		if c.isEnding() {
			c.linger()
			return false
		}
		if silent {
			return true
		}
	}
}

// received takes one message. silent: there is nothing to wait for but the next
// ping.
func (c *conn) received(message []byte) (silent bool) {
	m := c.server.metrics
	m.framesIn.Inc()
	m.bytesIn.Add(float64(len(message)))
	if !c.alive.Load() {
		c.alive.Store(true)
	}
	if c.side == echoSide {
		c.echo(message)
		return false
	}
	var frame wire.Frame
	err := wire.Decode(message, &frame)
	if c.seat == nil {
		c.authenticate(&frame, err)
		return true
	}
	now := c.server.now()
	if c.isExpired(now) && frame.Kind != wire.FrameRefresh { // refreshed late is refreshed
		c.end(endAuthExpired, 0)
		return false
	}
	if !c.isStillLetIn() {
		return false
	}
	if c.limit.isFull(now) {
		c.strikes, c.pauses = 0, 0
	}
	if wait := c.limit.take(now, c.rules.Limits.MessagesPerSecond); wait > 0 {
		c.tooFast(&frame, wait)
		return false
	}
	if err != nil {
		c.malformed(&frame, err)
		return false
	}
	c.dispatch(&frame)
	return frame.Kind == wire.FrameAlive
}

// dispatch carries out one good frame of a seated connection.
func (c *conn) dispatch(frame *wire.Frame) {
	switch frame.Kind {
	case wire.FrameRequest:
		if err := c.post(&frame.Draft); err != nil {
			c.refuse(frame.Request, err)
		}
	case wire.FrameTyping:
		c.seat.Signal(frame.Session, engine.Typing{Session: frame.Session, On: frame.On})
	case wire.FramePeek:
		if c.side == visitorSide && c.rules.Peek && frame.Body.Len() <= c.rules.Limits.MessageBytes {
			c.seat.Signal(frame.Session, engine.Peek{Session: frame.Session, Body: frame.Body})
		}
	case wire.FrameAuth:
		c.refuse(frame.Request, engine.ErrBadRequest.Because("this connection is authenticated already"))
	case wire.FrameRefresh:
		c.refresh(frame)
	case wire.FrameAlive:
		if frame.Counted {
			c.ack(frame.Count)
		}
	case wire.FrameBye:
		if frame.Counted {
			c.ack(frame.Count)
		}
		c.end(endBye, 0)
	}
}

func (c *conn) post(draft *engine.Draft) *engine.Error {
	switch draft.Op {
	case engine.OpStart, engine.OpContinue, engine.OpRate, engine.OpLeaveQueue, engine.OpDepartments:
		if c.side != visitorSide {
			return engine.ErrForbidden
		}
	case engine.OpAccept, engine.OpReject, engine.OpIntent, engine.OpAway, engine.OpEdit,
		engine.OpPick, engine.OpRelease, engine.OpTransfer, engine.OpTransferCancel, engine.OpJoin, engine.OpLeave, engine.OpTakeover,
		engine.OpSet, engine.OpWrapUpExtend, engine.OpWrapUpDone, engine.OpNote, engine.OpExplain, engine.OpTargets, engine.OpWatch, engine.OpUnwatch, engine.OpBan, engine.OpVisitor:
		if c.side != operatorSide {
			return engine.ErrForbidden
		}
	}
	if draft.Body.Len() > c.rules.Limits.MessageBytes {
		return engine.ErrTooLarge.In("text")
	}
	return c.seat.Post(*draft)
}

func (c *conn) malformed(frame *wire.Frame, err *engine.Error) {
	c.refuse(frame.Request, err)
	if !errors.Is(err, engine.ErrBadFrame) {
		return
	}
	c.server.metrics.badFrames.Inc()
	if c.bad++; c.bad >= c.server.options.BadFrames {
		c.end(endBadFrames, 0)
	}
}

// refuse answers a request that goes no further.
func (c *conn) refuse(request string, err *engine.Error) {
	c.send(outFrame{wire.AppendRefusal(nil, request, err), rfc6455.OpText})
}

const (
	maxPauses = 5
	pauseStep = 50 * time.Millisecond
)

// tooFast refuses what is over the rate. Who goes on is not read for a while,
// so that TCP pushes back on that one; who persists is closed.
func (c *conn) tooFast(frame *wire.Frame, wait time.Duration) {
	c.server.metrics.limited.Inc()
	if frame.Kind == wire.FrameRequest || frame.Kind == wire.FrameRefresh {
		c.refuse(frame.Request, engine.ErrRateLimited.After(wait))
	}
	c.strikes++
	if c.strikes < int(burstSeconds*c.rules.Limits.MessagesPerSecond) {
		return
	}
	c.strikes = 0
	if c.pauses++; c.pauses > maxPauses {
		c.end(endRateLimited, 0)
		return
	}
	// Rare, so no timer and channel are kept in every connection for it.
	for left := c.server.options.pause; left > 0 && !c.isEnding(); left -= pauseStep {
		time.Sleep(min(left, pauseStep))
	}
}

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

// newConnID draws a connection's id. It is a name and no secret.
func newConnID(now time.Time) engine.ID {
	var id engine.ID
	binary.BigEndian.PutUint64(id[:8], uint64(now.UnixMilli())<<16|rand.Uint64()&0xffff)
	binary.BigEndian.PutUint64(id[8:], rand.Uint64())
	return id
}

// buffers lends message buffers, so that only connections in the middle of a
// message hold one.
type buffers struct{ pool sync.Pool }

const keptBuffer = 16 << 10 // bytes of a buffer worth recycling

func (s *Server) giveBack(buffer *[]byte) {
	if buffer != nil && cap(*buffer) <= keptBuffer {
		s.messages.pool.Put(buffer)
	}
}

func (s *Server) lend() *[]byte {
	if buffer, ok := s.messages.pool.Get().(*[]byte); ok {
		return buffer
	}
	buffer := make([]byte, 0, 1024)
	return &buffer
}
