package transport

import "sync"

// outFrame is a frame that waits: its payload, often shared with other
// connections and never changed, and its opcode.
type outFrame struct {
	payload []byte
	opcode  byte
}

// frameCost is what a waiting frame counts besides its payload, so that a bound
// in bytes also bounds the number of frames and the memory that holds them.
const frameCost = 64

// batch is frames that are written together.
type batch struct {
	frames []outFrame
	bytes  int // cost of the frames
}

// batches recycles batches of one server's, so that an idle connection holds
// none and a busy one allocates none.
type batches struct{ pool sync.Pool }

const keptBatch = 256 // frames of a batch worth recycling

func (p *batches) get() *batch {
	if b, ok := p.pool.Get().(*batch); ok {
		return b
	}
	return &batch{frames: make([]outFrame, 0, 8)}
}

func (p *batches) put(b *batch) {
	if cap(b.frames) > keptBatch {
		return
	}
	clear(b.frames)
	b.frames, b.bytes = b.frames[:0], 0
	p.pool.Put(b)
}

// phase is how far a connection's end has come. It only grows.
type phase uint8

const (
	phaseOpen   phase = iota
	phaseEnding       // nothing more goes in; what waits is written, the goodbye last
	phaseSaid         // the goodbye was written; the other end may answer it
	phaseClosed       // nothing is written any more
)

// outbox is what waits for one connection, bounded in bytes. All of it is
// guarded by mu, which is held for a few steps and never over a system call.
type outbox struct {
	mu      sync.Mutex
	queue   *batch // nil when nothing waits
	pending int    // cost of what waits and of what is being written
	limit   int
	phase   phase
	writing bool // somebody holds the write right
}

// verdict is what became of a frame.
type verdict uint8

const (
	refused         verdict = iota // the connection is ending
	overflow                       // no room: the connection is too slow
	queued                         // a writer is at work and will come to it
	wake                           // the caller now holds the write right and must pass it to a writer
	wakeAndOverflow                // both, of two frames
)

// push adds a frame. The caller holds mu.
func (o *outbox) push(p *batches, f outFrame) verdict {
	if o.phase != phaseOpen {
		return refused
	}
	if o.pending+len(f.payload)+frameCost > o.limit {
		return overflow
	}
	return o.add(p, f)
}

// add adds a frame whatever waits already. The caller holds mu.
func (o *outbox) add(p *batches, f outFrame) verdict {
	if o.queue == nil {
		o.queue = p.get()
	}
	cost := len(f.payload) + frameCost
	o.queue.frames = append(o.queue.frames, f)
	o.queue.bytes += cost
	o.pending += cost
	if o.writing {
		return queued
	}
	o.writing = true
	return wake
}

// drop forgets what waits and is not yet being written. The caller holds mu.
func (o *outbox) drop(p *batches) {
	if o.queue != nil {
		o.pending -= o.queue.bytes
		p.put(o.queue)
		o.queue = nil
	}
}

// crowded reports that the outbox is more than half full. The caller holds mu.
func (o *outbox) crowded() bool { return o.pending > o.limit/2 }

// next is what the holder of the write right writes next; written is what it
// just wrote, nil at first. Nil means that the right is given back; said, that
// with it the goodbye was written.
func (o *outbox) next(p *batches, written *batch) (b *batch, said bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if written != nil {
		o.pending -= written.bytes
		p.put(written)
	}
	b = o.queue
	o.queue = nil
	if b != nil {
		return b, false
	}
	return nil, o.giveBack()
}

// release ends the turn of a holder of the write right who wrote one batch and
// lets others have theirs: with more it still holds the right, else it has given
// it back; said, that with it the goodbye was written.
func (o *outbox) release(p *batches, written *batch) (more, said bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pending -= written.bytes
	p.put(written)
	if o.queue != nil {
		return true, false
	}
	return false, o.giveBack()
}

// giveBack gives the write right back. The caller holds mu.
func (o *outbox) giveBack() (said bool) {
	o.writing = false
	if o.phase == phaseEnding {
		o.phase = phaseSaid
		return true
	}
	return false
}

// shut forgets everything for good.
func (o *outbox) shut(p *batches) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drop(p)
	o.phase = phaseClosed
}
