package persistence

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parleyhq/parley/persistence/internal/gather"
)

// Yardstick is Pebble alone behind a committer of the same shape as the Store's:
// the same options, the same gathering, one batch and one sync, and nothing of
// keys, numbers or terms. Measurements divide the Store's rate by its rate, taken
// in the same minute: disks drift, ratios do not. It is no store.
type Yardstick struct {
	// Fixed after construction.
	db      *pebble.DB
	queue   *gather.Queue[*yardPut]
	written sync.WaitGroup // the committer's goroutine; its error goes to each done
	shared  *Store         // lends its options and its failure

	pool sync.Pool

	// Atomic.
	puts, syncs atomic.Int64
}

type yardPut struct {
	bytes []byte
	key   int // bytes of the key; the rest is the value
	done  func(error)
}

// OpenYardstick opens one in a directory of its own. Only the options of Pebble
// and Linger matter; no root key is needed.
func OpenYardstick(dir string, opts Options) (*Yardstick, error) {
	opts.EnsureDefaults()
	shared := &Store{opts: opts, dir: dir, metrics: newMetrics()}
	db, err := pebble.Open(dir, shared.pebbleOptions())
	if err != nil {
		return nil, err
	}
	y := &Yardstick{db: db, queue: gather.New[*yardPut](opts.Linger), shared: shared}
	y.written.Go(y.run)
	return y, nil
}

// Put writes a key and a value; done is called after the sync.
func (y *Yardstick) Put(key, value []byte, done func(error)) {
	p, ok := y.pool.Get().(*yardPut)
	if !ok {
		p = &yardPut{}
	}
	p.bytes = append(append(p.bytes[:0], key...), value...)
	p.key, p.done = len(key), done
	if !y.queue.Put(p) {
		go done(ErrStoreClosed)
	}
}

func (y *Yardstick) run() {
	for {
		puts, open := y.queue.Take()
		if !open {
			return
		}
		batch := y.db.NewBatch()
		for _, p := range puts {
			slot := batch.SetDeferred(p.key, len(p.bytes)-p.key)
			copy(slot.Key, p.bytes)
			copy(slot.Value, p.bytes[p.key:])
			_ = slot.Finish() // fails for indexed batches only
		}
		err := errors.Join(batch.Commit(pebble.Sync), batch.Close(), y.shared.Err())
		y.puts.Add(int64(len(puts)))
		y.syncs.Add(1)
		for _, p := range puts {
			done := p.done
			y.pool.Put(p)
			done(err)
		}
	}
}

// Close carries out what waits and closes the files.
func (y *Yardstick) Close() error {
	y.queue.Close()
	y.written.Wait()
	return y.db.Close()
}
