package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/internal/rfc6455"
	"github.com/parleyhq/parley/transport/wire"
)

// Client is one authenticated connection. Its methods may be called from any
// goroutine.
type Client struct {
	// Fixed after construction.
	Welcome wire.Welcome // what the server said at auth
	socket  net.Conn
	raw     func([]byte)
	options Options
	prefix  string // of idempotency keys
	pings   bool   // pings come by Frames
	frames  chan *wire.Server
	done    chan struct{} // closed when reading has ended

	// Owned by read.
	reader  *rfc6455.Reader
	message []byte
	err     error // why reading ended; read it after done
	code    int   // of the server's close frame

	writing chan struct{} // holds one: whoever has put it in may write
	out     []byte        // of whoever may write

	mu      sync.Mutex
	waiting map[string]chan *wire.Server    // guarded by mu: requests without a result
	seqs    map[engine.SessionID]engine.Seq // guarded by mu: the last event of each session

	count   atomic.Uint64
	leaving atomic.Bool
	came    atomic.Uint64 // events: both ends count them
}

// ErrClosed is what requests answer when the connection ended before their
// result came. Whether they were carried out is unknown: repeat them with the
// same key.
var ErrClosed = errors.New("the connection is closed")

// begin starts the reading goroutine, which ends with the socket and is waited
// for by Close.
func (c *Client) begin() { go c.read() }

func (c *Client) read() {
	defer close(c.done)
	defer close(c.frames)
	defer c.socket.Close() //nolint:errcheck // there is nobody left to tell
	for {
		message, err := c.reader.Next(c.borrow)
		if err != nil {
			c.err = err
			return
		}
		if err := c.take(*message); err != nil {
			c.err = err
			return
		}
	}
}

// borrow lends the one message buffer there is: a client reads one at a time.
func (c *Client) borrow() *[]byte { return &c.message }

func (c *Client) take(message []byte) error {
	switch {
	case bytes.HasPrefix(message, []byte(`{"k":"evt"`)):
		c.came.Add(1)
	case bytes.HasPrefix(message, []byte(`{"k":"ctl","t":"ping"`)):
		return c.pong(message)
	}
	if c.raw != nil {
		c.raw(message)
		return nil
	}
	frame, err := wire.DecodeServer(message)
	if err != nil {
		return err
	}
	switch frame.Kind {
	case "res":
		c.mu.Lock()
		result := c.waiting[frame.Request]
		delete(c.waiting, frame.Request)
		c.mu.Unlock()
		if result != nil {
			result <- frame // has room for its one result
			return nil
		}
	case "evt":
		c.saw(frame)
	}
	c.frames <- frame
	return nil
}

// pong answers a ping with how many events have come. What the ping tells besides
// is for those who keep it.
func (c *Client) pong(message []byte) error {
	if err := c.write(rfc6455.OpText, wire.AppendPong(nil, c.came.Load())); err != nil || !c.pings {
		return err
	}
	frame, err := wire.DecodeServer(message)
	if err != nil {
		return err
	}
	c.frames <- frame
	return nil
}

// Ack says how many events have come, without waiting for a ping.
func (c *Client) Ack() error { return c.write(rfc6455.OpText, wire.AppendAck(nil, c.came.Load())) }

func (c *Client) saw(frame *wire.Server) {
	session, err := engine.ParseSessionID(frame.Session)
	if err != nil {
		return
	}
	c.mu.Lock()
	c.seqs[session] = max(c.seqs[session], frame.Seq)
	c.mu.Unlock()
}

func (c *Client) control(opcode byte, payload []byte) error {
	switch opcode {
	case rfc6455.OpPing:
		return c.write(rfc6455.OpPong, payload)
	case rfc6455.OpClose:
		c.code = rfc6455.CloseCode(payload)
		_ = c.write(rfc6455.OpClose, payload[:min(len(payload), 2)])
		return ErrClosed
	}
	return nil
}

// Frames is what the server says besides results: events, ephemeral frames,
// watches and control frames. It is closed when the connection ends; until then
// it must be read.
func (c *Client) Frames() <-chan *wire.Server { return c.frames }

// Done is closed when the connection has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// CloseCode is the server's close code after Done, 0 if it sent none.
func (c *Client) CloseCode() int {
	<-c.done
	return c.code
}

// Err is why the connection ended, after Done.
func (c *Client) Err() error {
	<-c.done
	return c.err
}

// Have is how much of each session came: what to dial with again.
func (c *Client) Have() []engine.Have {
	c.mu.Lock()
	defer c.mu.Unlock()
	have := make([]engine.Have, 0, len(c.seqs))
	for session, seq := range c.seqs {
		have = append(have, engine.Have{Session: session, Seq: seq})
	}
	return have
}

// Key is a fresh idempotency key.
func (c *Client) Key() string { return c.prefix + "-" + strconv.FormatUint(c.count.Add(1), 36) }

// Post sends a request and does not wait. The draft's Request names it; without
// one it is given one.
func (c *Client) Post(d engine.Draft) error {
	if d.Request == "" {
		d.Request = strconv.FormatUint(c.count.Add(1), 36)
	}
	return c.write(rfc6455.OpText, wire.AppendDraft(make([]byte, 0, 256+d.Body.Len()), &d))
}

// Do sends a request and waits for its result. A refusal is an *engine.Error.
// Not for raw mode.
func (c *Client) Do(ctx context.Context, d engine.Draft) (*wire.Server, error) {
	return c.ask(ctx, d.Op.String(), func(request string) error {
		d.Request = request
		return c.Post(d)
	})
}

// Refresh shows the server a newer token: an operator's, or a visitor's that the
// tenant signed, or the visitor's own of the Welcome. The server answers until
// when it holds. Refused, the connection goes on as before. Not for raw mode.
func (c *Client) Refresh(ctx context.Context, token string) (wire.Renewed, error) {
	frame, err := c.ask(ctx, "auth.refresh", func(request string) error {
		return c.write(rfc6455.OpText, wire.AppendRefresh(nil, request, token))
	})
	var renewed wire.Renewed
	if err != nil {
		return renewed, err
	}
	return renewed, frame.Read(&renewed)
}

// ask sends a request under a name of its own and waits for its result.
func (c *Client) ask(ctx context.Context, what string, send func(request string) error) (*wire.Server, error) {
	request := strconv.FormatUint(c.count.Add(1), 36)
	result := make(chan *wire.Server, 1)
	c.mu.Lock()
	c.waiting[request] = result
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.waiting, request)
		c.mu.Unlock()
	}()
	if err := send(request); err != nil {
		return nil, err
	}
	select {
	case frame := <-result:
		if !frame.OK {
			return frame, frame.Refusal.Err()
		}
		return frame, nil
	case <-c.done:
		return nil, fmt.Errorf("%s: %w", what, ErrClosed)
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: %w", what, ctx.Err())
	}
}

func (c *Client) write(opcode byte, payload []byte) error {
	var mask [4]byte
	n := rand.Uint32()
	mask = [4]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}
	c.writing <- struct{}{}
	defer func() { <-c.writing }()
	c.out = rfc6455.AppendMasked(c.out[:0], opcode, payload, mask)
	_, err := c.socket.Write(c.out)
	if cap(c.out) > 4096 {
		c.out = nil
	}
	return err
}

// Close says goodbye, waits for the server to close, a second at most, and
// frees everything. Frames that were not read are lost. Idempotent.
func (c *Client) Close() error {
	if c.leaving.Swap(true) {
		<-c.done
		return nil
	}
	_ = c.socket.SetDeadline(time.Now().Add(time.Second))
	_ = c.write(rfc6455.OpClose, rfc6455.AppendClose(nil, rfc6455.CloseNormal, ""))
	for {
		select {
		case <-c.done:
			return nil
		case _, open := <-c.frames: // the reader may wait for room
			if !open {
				<-c.done
				return nil
			}
		}
	}
}

// Abort cuts the connection as a network would: nothing is said.
func (c *Client) Abort() {
	c.leaving.Store(true)
	if tcp, ok := c.socket.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.socket.Close()
	for range c.frames { //nolint:revive // until the reader has ended
	}
	<-c.done
}
