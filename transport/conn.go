package transport

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/parleyhq/parley/engine"
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

	// Guarded by the expiries' mu.
	expiry expiry

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

// newConnID draws a connection's id. It is a name and no secret.
func newConnID(now time.Time) engine.ID {
	var id engine.ID
	binary.BigEndian.PutUint64(id[:8], uint64(now.UnixMilli())<<16|rand.Uint64()&0xffff)
	binary.BigEndian.PutUint64(id[8:], rand.Uint64())
	return id
}
