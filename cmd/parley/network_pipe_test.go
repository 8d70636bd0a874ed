package main

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// network is a network in memory, for bubbles of virtual time: connections with
// delay, jitter, narrow buffers and pieces of any size, that can be cut, swallow
// everything (half-open), or stand still. All randomness is the seed's.
type network struct {
	mu       sync.Mutex
	rng      *rand.Rand      // guarded by mu, as all that follows
	listener *memoryListener // nil: nobody listens
	away     bool            // dials are swallowed
	links    []*link
	port     int
}

func newNetwork(seed uint64) *network {
	return &network{rng: rand.New(rand.NewPCG(seed, 1)), port: 40_000}
}

// between draws from [low, high).
func (n *network) between(low, high time.Duration) time.Duration {
	return low + time.Duration(n.rng.Int64N(int64(high-low)))
}

// listen replaces the listener there was.
func (n *network) listen() net.Listener {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.listener = &memoryListener{network: n, arrived: make(chan net.Conn, 64), closed: make(chan struct{})}
	return n.listener
}

type memoryListener struct {
	network *network
	arrived chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.arrived:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.network.mu.Lock()
		defer l.network.mu.Unlock()
		if l.network.listener == l {
			l.network.listener = nil
		}
	})
	return nil
}

func (l *memoryListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// dial connects with a link of random qualities.
func (n *network) dial(ctx context.Context) (net.Conn, error) {
	n.mu.Lock()
	pause := n.between(time.Millisecond, 50*time.Millisecond)
	n.mu.Unlock()
	select {
	case <-time.After(pause):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	n.mu.Lock()
	listener, away := n.listener, n.away
	if listener == nil && !away {
		n.mu.Unlock()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	if away {
		n.mu.Unlock()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	n.port++
	l := &link{network: n}
	at := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: n.port}
	up, down := n.stream(), n.stream()
	up.limit = 1 << 30 // the client writes under a mutex, and who waits for a mutex holds up virtual time
	l.client = &memoryConn{link: l, in: down, out: up, local: at, remote: listener.Addr()}
	l.server = &memoryConn{link: l, in: up, out: down, local: listener.Addr(), remote: at}
	n.links = append(n.links, l)
	n.mu.Unlock()
	select {
	case listener.arrived <- l.server:
		return l.client, nil
	case <-listener.closed:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNRESET}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// stream makes one direction of a link. Call with mu held.
func (n *network) stream() *stream {
	s := &stream{
		rng:   rand.New(rand.NewPCG(n.rng.Uint64(), 2)),
		limit: []int{512, 4096, 65536, 262144}[n.rng.IntN(4)],
		piece: []int{1 + n.rng.IntN(7), 64, 1460, 65536}[n.rng.IntN(4)],
		delay: n.between(0, 40*time.Millisecond), jitter: n.between(1, 20*time.Millisecond),
	}
	if s.piece < 64 { // a few bytes at a time, each with its own delay, would take hours
		s.delay, s.jitter = 0, time.Millisecond/4
	}
	s.changed = sync.NewCond(&s.mu)
	return s
}

// open lists the links that stand, in the order of their making.
func (n *network) open() []*link {
	n.mu.Lock()
	defer n.mu.Unlock()
	var open []*link
	for _, l := range n.links {
		if !l.isOver() {
			open = append(open, l)
		}
	}
	n.links = open
	return append([]*link(nil), open...)
}

// strike does something to one random link.
func (n *network) strike() {
	open := n.open()
	if len(open) == 0 {
		return
	}
	n.mu.Lock()
	l := open[n.rng.IntN(len(open))]
	what, long := n.rng.IntN(6), n.between(time.Millisecond, 40*time.Second)
	n.mu.Unlock()
	switch what {
	case 0, 1:
		l.cut()
	case 2: // both directions
		l.client.in.swallow()
		l.client.out.swallow()
	case 3:
		l.client.in.swallow()
	case 4:
		l.client.out.swallow()
	case 5:
		l.client.in.stall(long)
	}
}

func (n *network) cutAll() {
	for _, l := range n.open() {
		l.cut()
	}
}

func (n *network) setAway(away bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.away = away
}

// link is one connection.
type link struct {
	network        *network
	client, server *memoryConn
}

func (l *link) isOver() bool { return l.client.in.isOver() && l.client.out.isOver() }

// cut resets both ends: what was under way is lost.
func (l *link) cut() {
	l.client.in.reset()
	l.client.out.reset()
}

// stream is one direction: a queue of pieces, each with the time of its arrival.
type stream struct {
	// Fixed after construction.
	limit, piece  int
	delay, jitter time.Duration

	mu       sync.Mutex
	changed  *sync.Cond
	rng      *rand.Rand // guarded by mu, as all that follows
	queue    []piece
	buffered int
	last     time.Time // arrival of the last piece
	ended    bool      // the writer closed
	deaf     bool      // the reader closed
	broken   bool      // reset
	swallows bool
	reading  deadline
	writing  deadline
}

type piece struct {
	data []byte
	at   time.Time
}

// deadline wakes a stream when it comes.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) isPast() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func (s *stream) setDeadline(d *deadline, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.at = at
	if wait := time.Until(at); !at.IsZero() && wait > 0 {
		d.timer = time.AfterFunc(wait, s.wakeUp)
	}
	s.changed.Broadcast()
}

func (s *stream) wakeUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed.Broadcast()
}

func (s *stream) isOver() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken || s.ended && s.deaf
}

func (s *stream) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken, s.queue, s.buffered = true, nil, 0
	s.changed.Broadcast()
}

// swallow lets nothing arrive any more, and nobody notices.
func (s *stream) swallow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.swallows, s.queue = true, nil
}

// stall holds up what is under way and what comes in that time.
func (s *stream) stall(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	until := time.Now().Add(d)
	for i := range s.queue {
		if s.queue[i].at.Before(until) {
			s.queue[i].at = until
		}
	}
	if s.last.Before(until) {
		s.last = until
	}
}

var errReset = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.deaf:
			return 0, net.ErrClosed
		case s.reading.isPast():
			return 0, os.ErrDeadlineExceeded
		case s.broken:
			return 0, errReset
		case len(p) == 0:
			return 0, nil
		}
		if len(s.queue) > 0 {
			first := &s.queue[0]
			wait := time.Until(first.at)
			if wait <= 0 {
				n := copy(p, first.data)
				if first.data = first.data[n:]; len(first.data) == 0 {
					s.queue = s.queue[1:]
				}
				s.buffered -= n
				s.changed.Broadcast()
				return n, nil
			}
			time.AfterFunc(wait, s.wakeUp)
		} else if s.ended && !s.swallows {
			return 0, io.EOF
		}
		s.changed.Wait()
	}
}

func (s *stream) write(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(p) > 0 {
		switch {
		case s.ended:
			return n, net.ErrClosed
		case s.broken:
			return n, errReset
		case s.writing.isPast():
			return n, os.ErrDeadlineExceeded
		case s.deaf && !s.swallows:
			return n, &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}
		}
		room := min(len(p), s.limit-s.buffered, 1+s.rng.IntN(s.piece))
		if room <= 0 {
			s.changed.Wait()
			continue
		}
		s.buffered += room
		if !s.swallows {
			at := time.Now().Add(s.delay + time.Duration(s.rng.Int64N(int64(s.jitter))))
			if at.Before(s.last) {
				at = s.last
			}
			s.last = at
			s.queue = append(s.queue, piece{append([]byte(nil), p[:room]...), at})
			s.changed.Broadcast()
		}
		p, n = p[room:], n+room
	}
	return n, nil
}

// memoryConn is one end of a link.
type memoryConn struct {
	link          *link
	in, out       *stream
	local, remote net.Addr
	once          sync.Once
}

func (c *memoryConn) Read(p []byte) (int, error)  { return c.in.read(p) }
func (c *memoryConn) Write(p []byte) (int, error) { return c.out.write(p) }
func (c *memoryConn) LocalAddr() net.Addr         { return c.local }
func (c *memoryConn) RemoteAddr() net.Addr        { return c.remote }

// Close is as TCP's: with unread bytes in the buffer it is a reset, which takes
// back what the other end has not read yet.
func (c *memoryConn) Close() error {
	err := net.ErrClosed
	c.once.Do(func() {
		err = nil
		c.in.mu.Lock()
		unread := c.in.buffered > 0 && !c.in.swallows
		c.in.deaf = true
		c.in.changed.Broadcast()
		c.in.mu.Unlock()
		c.out.mu.Lock()
		c.out.ended = true
		if unread && !c.out.swallows {
			c.out.broken, c.out.queue = true, nil
		}
		c.out.changed.Broadcast()
		c.out.mu.Unlock()
	})
	return err
}

func (c *memoryConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *memoryConn) SetReadDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.reading, t)
	return nil
}

func (c *memoryConn) SetWriteDeadline(t time.Time) error {
	c.out.setDeadline(&c.out.writing, t)
	return nil
}
