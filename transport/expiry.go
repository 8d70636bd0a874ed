package transport

import (
	"container/heap"
	"sync"
	"time"
)

// expiries are the connections whose tokens end, the next one first: one timer for all
// of them ends each when its token does, also who is silent.
type expiries struct {
	sooner chan struct{} // holds one: the next one has changed

	mu  sync.Mutex
	all byExpiry // guarded by mu
}

// expiry is a connection's entry. Guarded by expiries.mu.
type expiry struct {
	at   int64 // Unix seconds; 0: never
	nth  int   // its place in the heap and one; 0: none
	gone bool  // the connection is taken apart: it has no entry any more
}

// byExpiry is a heap (container/heap).
type byExpiry []*conn

func (h byExpiry) Len() int           { return len(h) }
func (h byExpiry) Less(i, j int) bool { return h[i].expiry.at < h[j].expiry.at }
func (h byExpiry) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].expiry.nth, h[j].expiry.nth = i+1, j+1
}

// Push implements heap.Interface.
func (h *byExpiry) Push(x any) {
	c := x.(*conn)
	*h = append(*h, c)
	c.expiry.nth = len(*h)
}

// Pop implements heap.Interface.
func (h *byExpiry) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	c.expiry.nth = 0
	return c
}

func newExpiries() *expiries { return &expiries{sooner: make(chan struct{}, 1)} }

// set notes when a connection's token ends, in Unix seconds; 0: never. Any goroutine.
func (e *expiries) set(c *conn, at int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	is := &c.expiry
	is.at = at
	switch {
	case is.gone:
		return
	case is.nth > 0 && at == 0:
		heap.Remove(&e.all, is.nth-1)
	case is.nth > 0:
		heap.Fix(&e.all, is.nth-1)
	case at != 0:
		heap.Push(&e.all, c)
	}
	if is.nth == 1 {
		select {
		case e.sooner <- struct{}{}:
		default:
		}
	}
}

// drop forgets a connection for good.
func (e *expiries) drop(c *conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.expiry.gone = true; c.expiry.nth > 0 {
		heap.Remove(&e.all, c.expiry.nth-1)
	}
}

// due takes the connections out whose tokens have ended, and says when the next one
// does; zero: none.
func (e *expiries) due(now time.Time) (ended []*conn, next time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.all) > 0 {
		if at := e.all[0].expiry.at; at > now.Unix() {
			return ended, time.Unix(at, 0)
		}
		ended = append(ended, heap.Pop(&e.all).(*conn))
	}
	return ended, time.Time{}
}

// expire ends the connections whose tokens have ended; who has shown a newer one
// meanwhile stays. It answers when the next one ends; zero: none.
func (s *Server) expire() time.Time {
	now := s.now()
	ended, next := s.expiries.due(now)
	for _, c := range ended {
		if c.isExpired(now) {
			c.end(endAuthExpired, 0)
		}
	}
	return next
}

// watchTokens ends connections when their tokens do. One goroutine per server, started
// by begin, ended by stop. The sweeper looks too, for a clock that was set forward.
func (s *Server) watchTokens(stop <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-s.expiries.sooner:
		case <-stop:
			return
		}
		if next := s.expire(); next.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(next.Sub(s.now()))
		}
	}
}
