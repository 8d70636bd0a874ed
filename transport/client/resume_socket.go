package client

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// watched is a connection that is given up when the other end falls silent:
// each read and write has a deadline. Without one, a network that swallows
// everything would hold a client for many minutes.
type watched struct {
	net.Conn
	write   time.Duration
	silence atomic.Int64 // nanoseconds; 0: reads may last

	// Owned by whoever reads.
	until time.Time // the read deadline

	mu     sync.Mutex
	pinned bool // guarded by mu: somebody else has set the deadline
}

func (w *watched) Read(p []byte) (int, error) {
	if silence := time.Duration(w.silence.Load()); silence > 0 {
		// A deadline that is a little old will do, and costs nothing.
		if until := time.Now().Add(silence); until.Sub(w.until) > silence/16 {
			w.until = until
			w.extend(w.Conn.SetReadDeadline, until)
		}
	}
	return w.Conn.Read(p)
}

// Write closes a connection that took a part only: what follows would be garbage.
func (w *watched) Write(p []byte) (int, error) {
	w.extend(w.Conn.SetWriteDeadline, time.Now().Add(w.write))
	n, err := w.Conn.Write(p)
	if err != nil {
		_ = w.Conn.Close()
	}
	return n, err
}

func (w *watched) extend(set func(time.Time) error, until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.pinned {
		_ = set(until) // if it fails, so will the read or write
	}
}

// SetDeadline is final: who closes does not wait for the watch.
func (w *watched) SetDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pinned = true
	return w.Conn.SetDeadline(t)
}
