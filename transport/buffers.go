package transport

import "sync"

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
