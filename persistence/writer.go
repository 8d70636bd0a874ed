package persistence

import (
	"encoding/binary"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/keyring"
)

// maxBatchBytes ends a batch early: a memtable takes it whole.
const maxBatchBytes = 2 << 20

// op is something for the writer to do.
type op interface {
	// apply adds to the batch, before the sync. False: there is nothing to settle.
	apply(w *writer) bool
	// settle answers, after the sync: err is nil when everything that apply added
	// is durable. A store that has failed settles without applying.
	settle(w *writer, err error)
}

// writer is the one goroutine that writes. Whatever must happen in order goes
// through its queue; it alone changes sessions, tenants and key slots.
type writer struct {
	*Store
	space space

	// Owned by the writer's goroutine.
	terms     engine.Term // given so far; of all sessions, so that none is given twice
	numbers   tenantNumber
	loads     int // sessions that readers are loading
	draining  bool
	full      bool // new data are refused in this batch
	batch     *pebble.Batch
	slots     *keyring.Batch
	settling  []op
	entries   int
	oldest    time.Time     // the first append of the batch
	dead      []keyring.Ref // slots whose keys end with the batch
	deadFiles [][]byte      // rows of files that end with the batch
	scratchPd *scratch

	// Of the batch under way: what is not yet to be read from Pebble.
	newTenants  map[engine.TenantID]*tenant
	newSubjects map[subjectKey]subject
	currents    map[subjectKey]engine.SessionID
}

type subjectKey struct {
	tenant  tenantNumber
	visitor engine.VisitorID
}

func newWriter(s *Store) *writer {
	w := &writer{
		Store: s, scratchPd: &scratch{},
		space:       space{fs: s.opts.FS, dir: s.dir, reserve: s.opts.ReserveBytes, log: s.opts.Logger},
		newTenants:  map[engine.TenantID]*tenant{},
		newSubjects: map[subjectKey]subject{},
		currents:    map[subjectKey]engine.SessionID{},
	}
	for number := range s.byNumber {
		w.numbers = max(w.numbers, number)
	}
	return w
}

// run ends when the queue was closed, by drainOp, and is empty.
func (w *writer) run() {
	for {
		ops, open := w.queue.Take()
		if !open {
			return
		}
		w.begin()
		for _, o := range ops {
			w.do(o)
			if w.batch.Len() > maxBatchBytes {
				w.finish()
				w.begin()
			}
		}
		w.finish()
	}
}

// do applies one operation to the batch.
func (w *writer) do(o op) {
	if w.Err() != nil || o.apply(w) {
		w.settling = append(w.settling, o)
	}
}

func (w *writer) begin() {
	w.batch = w.db.NewBatch()
	w.slots = w.ring.Begin()
	w.full = w.isFull()
}

// finish makes the batch durable, keys first, and settles its operations in
// their order.
func (w *writer) finish() {
	err := w.commit()
	if err == nil {
		w.account()
		w.publish()
	}
	settling := w.settling
	w.settling = nil
	for _, o := range settling {
		o.settle(w, err)
	}
	clear(settling)
	w.settling = settling[:0]
	w.dead = w.dead[:0]
	clear(w.deadFiles)
	w.deadFiles = w.deadFiles[:0]
	w.entries, w.oldest = 0, time.Time{}
	clear(w.newTenants)
	clear(w.newSubjects)
	clear(w.currents)
}

// commit syncs the keyring and then the records: a slot is durable before the
// first record that needs it. When Pebble's log cannot be synced it tells its
// logger and answers nil, so the cause is asked for before anybody is answered.
func (w *writer) commit() error {
	defer w.batch.Close()
	if err := w.Err(); err != nil {
		return err
	}
	if w.slots.Len() > 0 {
		if err := w.slots.Commit(); err != nil {
			w.fail(err)
			return w.Err()
		}
		w.set([]byte{kindStamp}, binary.BigEndian.AppendUint64(nil, w.slots.Stamp()))
	}
	if w.batch.Empty() {
		return nil
	}
	w.space.written += int64(w.batch.Len())
	w.metrics.bytes.Add(float64(w.batch.Len()))
	if err := w.batch.Commit(w.durable); err != nil {
		w.fail(err)
	}
	if w.Err() == nil {
		w.bury()
	}
	if w.Err() == nil {
		for _, row := range w.deadFiles {
			w.dropFile(row)
		}
	}
	return w.Err()
}

// flush ends the batch under way and begins another.
func (w *writer) flush() {
	w.finish()
	w.begin()
}

// account keeps the figures of a durable batch.
func (w *writer) account() {
	if w.entries == 0 {
		return
	}
	w.metrics.entries.Add(float64(w.entries))
	w.metrics.batchEntries.Observe(float64(w.entries))
	w.metrics.appendSeconds.Observe(time.Since(w.oldest).Seconds())
}

// publish lets others use the tenants that are durable now.
func (w *writer) publish() {
	for _, t := range w.newTenants {
		w.keepTenant(t)
	}
}

// isFull reports whether new data must be refused.
func (w *writer) isFull() bool {
	full := w.space.isFull(time.Now())
	if full != w.full {
		value := 0.0
		if full {
			value = 1
		}
		w.metrics.full.Set(value)
	}
	return full
}

// set and remove cannot fail: the batch is in memory.
func (w *writer) set(key, value []byte) { _ = w.batch.Set(key, value, nil) }
func (w *writer) remove(key []byte)     { _ = w.batch.Delete(key, nil) }

// claim a session for the map of live ones, or take it out.
func (w *writer) enlist(held *session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.live[held.ref] = held
}

func (w *writer) dismiss(held *session) {
	w.mu.Lock()
	if w.live[held.ref] == held {
		delete(w.live, held.ref)
	}
	w.mu.Unlock()
	if o := held.opened.Load(); o != nil {
		o.forget()
	}
}

func (w *writer) nextTerm() engine.Term {
	w.terms++
	return w.terms
}

// tenantFor finds a tenant, or makes it in this batch.
func (w *writer) tenantFor(name engine.TenantID) (*tenant, error) {
	if t := w.tenants[name]; t != nil {
		return t, t.err
	}
	if t := w.newTenants[name]; t != nil {
		return t, nil
	}
	if err := name.Validate(); err != nil {
		return nil, err
	}
	t, value, err := newTenant(w.cache, w.ring.Key(), w.slots, name, w.numbers+1)
	if err != nil {
		return nil, err
	}
	w.numbers++
	w.newTenants[name] = t
	w.set(tenantKey(nil, name), value)
	return t, nil
}

// drainOp ends the writer once everything before it is settled and no session
// is loading.
type drainOp struct{}

func (o *drainOp) apply(*writer) bool { return true }

func (o *drainOp) settle(w *writer, _ error) {
	w.draining = true
	w.endIfDrained()
}

func (w *writer) endIfDrained() {
	if w.draining && w.loads == 0 {
		w.queue.Close()
	}
}
