package transport

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/parleyhq/parley/transport/internal/rfc6455"
)

// writeChunk is how many bytes one write takes at most, unless a single frame
// is larger.
const writeChunk = 64 << 10

// wakeWriter passes on the write right that the caller has just won.
func (c *conn) wakeWriter() {
	if c.shard != nil {
		c.shard.add(c)
	} else {
		go c.writeOut(nil, nil, 0)
	}
}

// writeOut writes with deadlines until nothing waits: first rest, the end of a
// frame of b, then b's frames from the given one on, then what was queued
// meanwhile. It holds the write right and ends when it gives it back; a failed
// write ends the connection. At most one runs per connection.
func (c *conn) writeOut(rest []byte, b *batch, from int) {
	defer func() {
		if value := recover(); value != nil {
			c.server.panicked("writer", c.id, value)
			c.abandon(nil)
		}
	}()
	if len(rest) > 0 && !c.writeSome(rest) {
		return
	}
	said := false
	if b == nil {
		b, said = c.out.next(&c.server.batches, nil)
	}
	for b != nil {
		if !c.writeBatch(b, from) {
			return
		}
		from = 0
		b, said = c.out.next(&c.server.batches, b)
	}
	if said {
		c.saidGoodbye()
	}
}

// writeBatch writes a batch in as few writes as possible.
func (c *conn) writeBatch(b *batch, from int) bool {
	buffer, _ := c.server.writeBuffers.Get().(*[]byte)
	if buffer == nil {
		buffer = new([]byte)
	}
	defer func() {
		if cap(*buffer) <= 2*writeChunk {
			c.server.writeBuffers.Put(buffer)
		}
	}()
	for from < len(b.frames) {
		var frames int
		*buffer, frames = appendFrames((*buffer)[:0], b.frames[from:])
		if !c.writeSome(*buffer) {
			return false
		}
		c.server.metrics.framesOut.Add(float64(frames))
		from += frames
	}
	return true
}

// appendFrames appends frames until a chunk is full, at least one, and answers
// how many.
func appendFrames(dst []byte, frames []outFrame) ([]byte, int) {
	for i, f := range frames {
		if i > 0 && len(dst)+rfc6455.MaxHeader+len(f.payload) > writeChunk {
			return dst, i
		}
		dst = rfc6455.AppendHeader(dst, f.opcode, len(f.payload))
		dst = append(dst, f.payload...)
	}
	return dst, len(frames)
}

// writeSome writes bytes, each piece under a deadline of its own.
func (c *conn) writeSome(data []byte) bool {
	for len(data) > 0 {
		piece := data[:min(len(data), writeChunk)]
		err := c.socket.SetWriteDeadline(time.Now().Add(c.server.options.WriteTimeout))
		if err == nil {
			_, err = c.socket.Write(piece)
		}
		c.server.metrics.writes.Inc()
		if err != nil {
			c.abandon(err)
			return false
		}
		c.server.metrics.bytesOut.Add(float64(len(piece)))
		data = data[len(piece):]
	}
	return true
}

// abandon gives the socket up after a write that failed: nothing more can be
// said. The reader takes the rest apart.
func (c *conn) abandon(err error) {
	why := endGone
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		why = endSlowConsumer
	}
	c.out.shut(&c.server.batches)
	c.out.mu.Lock()
	c.note(why)
	c.out.mu.Unlock()
	_ = c.socket.Close()
}

// saidGoodbye follows the close frame. If it answered the client's, the
// connection is over; else the reader waits for the client's.
func (c *conn) saidGoodbye() {
	if c.heardClose.Load() {
		_ = c.socket.Close()
	}
}

// shard writes for a share of the connections on the fast path: one goroutine,
// one buffer, writes that never block. A socket that takes no more gets a
// goroutine of its own until it has caught up.
type shard struct {
	// Fixed after construction.
	server *Server
	awake  chan struct{}

	// Owned by run.
	buffer []byte
	out    rawWriter

	mu    sync.Mutex
	ready []*conn // guarded by mu: hold the write right, passed to the shard
	spare []*conn // owned by run
}

func newShard(s *Server) *shard {
	return &shard{server: s, awake: make(chan struct{}, 1), buffer: make([]byte, 0, writeChunk+4096)}
}

// add passes a connection's write right to the shard.
func (s *shard) add(c *conn) {
	s.mu.Lock()
	s.ready = append(s.ready, c)
	first := len(s.ready) == 1
	s.mu.Unlock()
	if first {
		select {
		case s.awake <- struct{}{}:
		default:
		}
	}
}

// run writes until stop closes: started and ended by the server, after the last
// connection.
func (s *shard) run(stop <-chan struct{}) {
	for {
		select {
		case <-s.awake:
		case <-stop:
			return
		}
		s.mu.Lock()
		todo := s.ready
		s.ready = s.spare[:0]
		s.mu.Unlock()
		for i, c := range todo {
			s.serve(c)
			todo[i] = nil
		}
		s.spare = todo
	}
}

// serve writes what waits for one connection.
func (s *shard) serve(c *conn) {
	defer func() {
		if value := recover(); value != nil {
			s.server.panicked("shard", c.id, value)
			c.abandon(nil)
		}
	}()
	b, said := c.out.next(&s.server.batches, nil)
	if b == nil {
		if said {
			c.saidGoodbye()
		}
		return
	}
	for from := 0; from < len(b.frames); {
		var frames int
		s.buffer, frames = appendFrames(s.buffer[:0], b.frames[from:])
		n, err := s.out.write(c.raw, s.buffer)
		m := s.server.metrics
		m.writes.Inc()
		m.bytesOut.Add(float64(n))
		m.framesOut.Add(float64(frames))
		from += frames
		if err != nil {
			c.abandon(err)
			return
		}
		if n < len(s.buffer) {
			go c.writeOut(append([]byte(nil), s.buffer[n:]...), b, from)
			return
		}
	}
	if cap(s.buffer) > 4*writeChunk {
		s.buffer = make([]byte, 0, writeChunk+4096)
	}
	s.done(c, b)
}

// done gives the write right back, or queues the connection again behind the
// others if more came meanwhile.
func (s *shard) done(c *conn, b *batch) {
	more, said := c.out.release(&s.server.batches, b)
	switch {
	case more:
		s.add(c)
	case said:
		c.saidGoodbye()
	}
}
