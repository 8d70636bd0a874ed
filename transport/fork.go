package transport

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
)

// A socket lives for hours and must cost little; a file wants its body streamed,
// and a server of fasthttp's that streams bodies keeps a read buffer for each
// connection, sockets too: 4 KiB each. So there are two servers behind one
// listener. A connection whose first request is a socket's stays with the one that
// does not stream; all others go to the one that does. Only a connection's very
// first bytes are looked at: a request begins there for certain, so nobody can have
// a part of a body taken for a request.

// fork is the listener of the server for sockets, and hands other connections on.
type fork struct {
	net.Listener
	others *handed
	watch  bool // sockets are read by the library
}

// newFork divides a listener. Whoever serves others must serve the fork as well.
func newFork(ln net.Listener, watch bool) (sockets *fork, others *handed) {
	others = &handed{queue: make(chan net.Conn), closed: make(chan struct{}), addr: ln.Addr()}
	return &fork{ln, others, watch}, others
}

// Accept implements net.Listener. It does not look at the connection: that would
// wait for its first bytes.
func (f *fork) Accept() (net.Conn, error) {
	c, err := f.Listener.Accept()
	if err != nil {
		return nil, err
	}
	first := &firstConn{Conn: c, others: f.others}
	if f.watch {
		first.watch = &closeWatch{}
	}
	if _, secure := c.(*tls.Conn); secure {
		return &firstTLS{first}, nil
	}
	return first, nil
}

// handed is the listener of the server for everything else.
type handed struct {
	queue  chan net.Conn
	closed chan struct{}
	once   sync.Once
	addr   net.Addr
}

func (h *handed) Accept() (net.Conn, error) {
	select {
	case c := <-h.queue:
		return c, nil
	case <-h.closed:
		return nil, io.EOF // fasthttp's word for an end that was meant
	}
}

func (h *handed) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

func (h *handed) Addr() net.Addr { return h.addr }

// take hands a connection over, or closes it when nobody serves any more.
func (h *handed) take(c net.Conn) error {
	select {
	case h.queue <- c:
		return nil
	case <-h.closed:
		return c.Close()
	}
}

// The states of a firstConn. It ends as its server closes it: a connection that
// goes elsewhere looks to this server as if nothing ever came.
const (
	firstOpen int32 = iota
	firstHanded
	firstClosed
)

// firstConn looks at a connection's first bytes.
type firstConn struct {
	net.Conn
	others *handed

	// Owned by the reader.
	early  []byte // read, and not handed out yet
	judged bool
	watch  *closeWatch // nil: not watched

	// Atomic.
	state atomic.Int32
	muted atomic.Bool
}

// errMuted is what the WebSocket library gets for the close frame that it would
// answer a fault with.
var errMuted = errors.New("this socket is written by its connection")

// mute refuses what comes to be written by this wrapper from now on. A connection
// writes by the socket beneath; the library's one frame could fall between the
// pieces of another, and would be the last, before the bye.
func (c *firstConn) mute() { c.muted.Store(true) }

// Write implements net.Conn.
func (c *firstConn) Write(p []byte) (int, error) {
	if c.muted.Load() {
		return 0, errMuted
	}
	return c.Conn.Write(p)
}

// longestStart is the longest of the beginnings that startsSocket knows.
const longestStart = len("GET " + OperatorPath)

func (c *firstConn) Read(p []byte) (int, error) {
	if !c.judged {
		if err := c.judge(); err != nil {
			return 0, err
		}
	}
	n, err := c.read(p)
	if c.watch != nil {
		c.watch.see(p[:n])
	}
	return n, err
}

func (c *firstConn) read(p []byte) (int, error) {
	if len(c.early) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.early)
	if c.early = c.early[n:]; len(c.early) == 0 {
		c.early = nil
	}
	return n, nil
}

// halfClosed reports that the client's close frame held half a code.
func (c *firstConn) halfClosed() bool { return c.watch != nil && c.watch.half }

// judge reads until it is clear where the connection belongs.
func (c *firstConn) judge() error {
	start := make([]byte, 0, longestStart)
	for {
		n, err := c.Conn.Read(start[len(start):cap(start)])
		start = start[:len(start)+n]
		socket, known := startsSocket(string(start))
		switch {
		case known && socket:
			c.judged, c.early = true, start
			return nil
		case known && len(start) > 0 && c.state.CompareAndSwap(firstOpen, firstHanded):
			c.judged, c.early = true, start
			return io.EOF
		case err != nil:
			return err
		case known:
			return net.ErrClosed
		}
	}
}

// startsSocket reports whether a request that begins so is a socket's handshake;
// not known: it may become one.
func startsSocket(start string) (socket, known bool) {
	for _, path := range [...]string{VisitorPath, OperatorPath, EchoPath} {
		want := "GET " + path
		if strings.HasPrefix(start, want) {
			return true, true
		}
		if strings.HasPrefix(want, start) {
			return false, false
		}
	}
	return false, true
}

// Close closes the connection, or passes it on.
func (c *firstConn) Close() error {
	if c.state.CompareAndSwap(firstHanded, firstClosed) {
		next := &firstConn{Conn: c.Conn, early: c.early, judged: true}
		if _, secure := c.Conn.(*tls.Conn); secure {
			return c.others.take(&firstTLS{next})
		}
		return c.others.take(next)
	}
	if c.state.CompareAndSwap(firstOpen, firstClosed) {
		return c.Conn.Close()
	}
	return nil
}

// firstTLS is a firstConn that fasthttp sees as what it is.
type firstTLS struct{ *firstConn }

func (c *firstTLS) Handshake() error { return c.Conn.(*tls.Conn).Handshake() }

func (c *firstTLS) ConnectionState() tls.ConnectionState { return c.Conn.(*tls.Conn).ConnectionState() }

// bareOf is the connection beneath, which a socket goes on with.
func bareOf(c net.Conn) net.Conn {
	switch c := c.(type) {
	case *firstConn:
		return c.Conn
	case *firstTLS:
		return c.Conn
	default:
		return c
	}
}
