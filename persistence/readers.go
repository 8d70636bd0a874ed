package persistence

import "sync"

// readerCount bounds how many logs are read at a time: reading must not keep
// the processors from the writer.
const readerCount = 4

// readers are a few goroutines that read, so that the writer does not. The queue
// in front of them is bounded by its callers, like the writer's.
type readers struct {
	// Guarded by mu.
	mu     sync.Mutex
	some   sync.Cond
	jobs   []func()
	closed bool

	ended sync.WaitGroup
}

// newReaders starts them; close ends them.
func newReaders(count int) *readers {
	r := &readers{}
	r.some.L = &r.mu
	for range count {
		r.ended.Go(r.run)
	}
	return r
}

// do has a job done. It reports false, and does nothing, after close.
func (r *readers) do(job func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.jobs = append(r.jobs, job)
	r.some.Signal()
	return true
}

func (r *readers) run() {
	for {
		r.mu.Lock()
		for len(r.jobs) == 0 && !r.closed {
			r.some.Wait()
		}
		if len(r.jobs) == 0 {
			r.mu.Unlock()
			return
		}
		job := r.jobs[0]
		r.jobs[0] = nil
		r.jobs = r.jobs[1:]
		r.mu.Unlock()
		job()
	}
}

// close waits for the jobs that are left.
func (r *readers) close() {
	r.mu.Lock()
	r.closed = true
	r.some.Broadcast()
	r.mu.Unlock()
	r.ended.Wait()
}
