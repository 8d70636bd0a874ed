// Package gather collects work from many goroutines into batches for one.
//
// A group commit is as good as its batches are large. A committer that takes
// whatever lies there when a sync ends falls into two half cohorts: one half
// waits for the sync while the other half's answers are on their way. So Take
// lingers until a batch is as large as the last one, for some microseconds at
// most: a lone writer never waits.
package gather

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Queue is a queue of many producers and one consumer. It is not bounded:
// producers are (a session has at most engine.MaxInFlight entries under way).
type Queue[T any] struct {
	// Fixed after construction.
	linger time.Duration
	wake   chan struct{} // one pending wake-up at most

	// Atomic. size is len(items), readable without the lock.
	size atomic.Int64

	// Guarded by mu.
	mu     sync.Mutex
	items  []T
	closed bool

	// Owned by the consumer.
	last  int // how many items the batch before had
	spare []T
}

// New makes a queue whose Take lingers at most as long as told; 0 or less means
// not at all.
func New[T any](linger time.Duration) *Queue[T] {
	return &Queue[T]{linger: linger, wake: make(chan struct{}, 1)}
}

// Put adds an item. It reports false, and adds nothing, after Close.
func (q *Queue[T]) Put(item T) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.items = append(q.items, item)
	q.size.Store(int64(len(q.items)))
	if len(q.items) == 1 {
		select {
		case q.wake <- struct{}{}:
		default:
		}
	}
	return true
}

// Take waits for items and takes them all, in the order of Put. The slice is the
// caller's until the next Take. It reports false once the queue is closed and
// empty. Consumer only.
func (q *Queue[T]) Take() ([]T, bool) {
	for {
		if q.size.Load() == 0 {
			if _, open := <-q.wake; !open && q.size.Load() == 0 {
				return nil, false
			}
		}
		if q.size.Load() > 0 {
			break
		}
	}
	q.lingerFor(q.last)
	clear(q.spare)
	q.mu.Lock()
	taken := q.items
	q.items, q.spare = q.spare[:0], taken
	q.size.Store(0)
	q.mu.Unlock()
	q.last = len(taken)
	return taken, true
}

// lingerFor yields until the batch is as large as wanted. It does not sleep: the
// shortest sleep of an idle process is a millisecond, several syncs long.
func (q *Queue[T]) lingerFor(want int) {
	if q.linger <= 0 || q.size.Load() >= int64(want) {
		return
	}
	for begin := time.Now(); q.size.Load() < int64(want) && time.Since(begin) < q.linger; {
		runtime.Gosched()
	}
}

// Len is how many items wait. Safe from any goroutine.
func (q *Queue[T]) Len() int { return int(q.size.Load()) }

// Close ends the queue: Put refuses, Take hands out what is left and then ends.
// Idempotent.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.closed = true
		close(q.wake)
	}
}
