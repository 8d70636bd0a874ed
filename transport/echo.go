package transport

import (
	"bytes"
	"fmt"

	"github.com/parleyhq/parley/transport/internal/rfc6455"
)

// echoAhead is how many messages of the largest size an echo connection may have
// waiting besides OutboxBytes; beyond that it is a slow consumer as any other.
const echoAhead = 4

// echo sends a message back as it came. All else about an echo connection is
// what every connection has: sources, outbox, writers, close codes, drain. It has
// no seat, hears no text of ours (pings are RFC 6455's, there is no bye), and its
// messages may be binary.
func (c *conn) echo(message []byte) {
	c.send(outFrame{bytes.Clone(message), c.source.Opcode()})
}

// pingEcho pings an echo connection that was silent since the sweeper looked last.
// One that talks is not pinged: suites do not expect it. The sweeper only.
func (c *conn) pingEcho(heard bool) {
	if c.asked = !heard; c.asked {
		c.send(outFrame{nil, rfc6455.OpPing})
	}
}

// isSpared reports that silence is no fault, because nothing was asked.
func (c *conn) isSpared() bool { return c.side == echoSide && !c.asked }

// maxMessage bounds one message from the client, in bytes.
func (c *conn) maxMessage() int {
	if c.side == echoSide {
		return c.server.options.EchoBytes
	}
	return c.server.options.FrameBytes
}

// refuseEcho keeps an endpoint that answers everybody from other machines' reach
// by oversight.
func (s *Server) refuseEcho(addr string) error {
	if !s.options.Echo || s.options.AllowEchoBeyondLoopback || isLoopback(addr) {
		return nil
	}
	return fmt.Errorf("transport: %s is reached from other machines and %s answers everybody: switch Echo off, or allow it by name "+
		"(AllowEchoBeyondLoopback)", addr, EchoPath)
}
