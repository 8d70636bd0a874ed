package actors

import (
	"context"
	"sync"
)

// liveCount counts running processes of one kind, so that a stop can wait for them.
type liveCount struct {
	mu   sync.Mutex
	n    int
	zero chan struct{} // closed when n falls to 0; made by wait
}

func (l *liveCount) add(delta int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n += delta
	if l.n == 0 && l.zero != nil {
		close(l.zero)
		l.zero = nil
	}
}

// wait returns when none runs, or with the context's error.
func (l *liveCount) wait(ctx context.Context) error {
	for {
		l.mu.Lock()
		if l.n == 0 {
			l.mu.Unlock()
			return nil
		}
		if l.zero == nil {
			l.zero = make(chan struct{})
		}
		zero := l.zero
		l.mu.Unlock()
		select {
		case <-zero:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
