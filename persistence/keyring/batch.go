package keyring

import (
	"fmt"

	"github.com/parleyhq/parley/persistence/seal"
)

// Batch is the new slots of one group commit: written together, synced once.
// Only one Batch may be under way; the store's writer owns it.
type Batch struct {
	ring  *Ring
	stamp uint64
	adds  []add
}

type add struct {
	number uint32
	slot   slot
}

// Begin starts a batch. One that nothing was added to costs nothing and takes no
// stamp.
func (r *Ring) Begin() *Batch { return &Batch{ring: r} }

// Len is how many slots the batch adds.
func (b *Batch) Len() int { return len(b.adds) }

// Stamp is the batch's number; the store writes it in the batch of records that
// needs these slots. Zero while nothing was added.
func (b *Batch) Stamp() uint64 { return b.stamp }

// Add takes a slot for a key, wrapped under another one. The slot is in no file
// before Commit.
func (b *Batch) Add(owner Owner, key *[seal.KeySize]byte, under *seal.Key) (Ref, error) {
	number, generation, err := b.ring.take()
	if err != nil {
		return Ref{}, err
	}
	if b.stamp == 0 {
		b.stamp = b.ring.Stamp() + 1
	}
	b.adds = append(b.adds, add{number: number})
	s := &b.adds[len(b.adds)-1].slot
	s.describe(owner, generation)
	wrapped, err := under.Wrap(s.wrapped()[:0], s.place(number), key)
	if err != nil {
		b.adds = b.adds[:len(b.adds)-1] // the slot stays out of use until the next start
		return Ref{}, fmt.Errorf("wrap key for keyring slot %d: %w", number, err)
	}
	copy(s.wrapped(), wrapped)
	s.finish(b.stamp)
	return Ref{Slot: number, Generation: generation}, nil
}

// take picks a slot: freed ones first, in ascending order, so that the file
// grows no further than it must; then the next never used.
func (r *Ring) take() (number, generation uint32, err error) {
	r.mu.Lock()
	if n := len(r.free); n > 0 {
		number = r.free[n-1]
		r.free = r.free[:n-1]
		r.mu.Unlock()
		old, err := r.read(number)
		return number, old.generation() + 1, err
	}
	number = r.next
	r.next++
	r.mu.Unlock()
	return number, 1, nil
}

// Commit writes the batch and syncs it: afterwards, and not before, records may
// be written that need its slots. An error is final for the keyring: a sync is
// never tried again.
func (b *Batch) Commit() error {
	if len(b.adds) == 0 {
		return nil
	}
	r := b.ring
	r.writing.Lock()
	defer r.writing.Unlock()
	if err := r.grow(b.highest() + 1); err != nil {
		return fmt.Errorf("grow keyring: %w", err)
	}
	if err := b.write(); err != nil {
		return fmt.Errorf("write keyring: %w", err)
	}
	h := head{id: r.id, stamp: b.stamp}
	if _, err := r.file.WriteAt(h.encode(), h.offset()); err != nil {
		return fmt.Errorf("write keyring header: %w", err)
	}
	if err := r.sync(); err != nil {
		return fmt.Errorf("sync keyring: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stamp, r.live = b.stamp, r.live+len(b.adds)
	return nil
}

func (b *Batch) highest() (number uint32) {
	for i := range b.adds {
		number = max(number, b.adds[i].number)
	}
	return number
}

// write puts neighbouring slots into one write.
func (b *Batch) write() error {
	var run []byte
	for i := range b.adds {
		run = append(run, b.adds[i].slot[:]...)
		if i+1 < len(b.adds) && b.adds[i+1].number == b.adds[i].number+1 {
			continue
		}
		first := int64(b.adds[i].number+1)*slotSize - int64(len(run))
		if _, err := b.ring.file.WriteAt(run, first); err != nil {
			return err
		}
		run = run[:0]
	}
	return nil
}

// grow extends the file with empty slots, many at a time: a sync that changes
// the file's size costs a journal commit more.
func (r *Ring) grow(slots uint32) error {
	r.mu.Lock()
	capacity := r.capacity
	r.mu.Unlock()
	if slots <= capacity {
		return nil
	}
	add := (slots - capacity + growBy - 1) / growBy * growBy
	if _, err := r.file.WriteAt(make([]byte, int(add)*slotSize), int64(capacity)*slotSize); err != nil {
		return err
	}
	r.mu.Lock()
	r.capacity = capacity + add
	r.mu.Unlock()
	return nil
}
