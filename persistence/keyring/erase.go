package keyring

import (
	"fmt"
	"slices"
)

// Erase destroys keys: their slots are overwritten with zeros in place and
// synced. Whatever was sealed under them, or under keys that they wrap, is
// unreadable from here on, in every copy of the records (GDPR Art. 17). A slot
// with another generation was erased before. Idempotent.
func (r *Ring) Erase(refs ...Ref) error { return r.wipe(stateErased, refs) }

// Free gives erased slots back for use, with a higher generation: only after
// every row that names them is gone. Live slots are erased as well.
func (r *Ring) Free(refs ...Ref) error { return r.wipe(stateFree, refs) }

func (r *Ring) wipe(to state, refs []Ref) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	for _, ref := range refs {
		if err := r.wipeOne(to, ref); err != nil {
			return fmt.Errorf("erase keyring slot %d: %w", ref.Slot, err)
		}
	}
	if err := r.sync(); err != nil {
		return fmt.Errorf("sync keyring: %w", err)
	}
	return nil
}

func (r *Ring) wipeOne(to state, ref Ref) error {
	s, err := r.read(ref.Slot)
	if err != nil {
		return err
	}
	was := s.state()
	if s.generation() != ref.Generation || was == stateFree || was == to {
		return nil
	}
	left := s.wipe(to)
	if _, err := r.file.WriteAt(left[:], int64(ref.Slot)*slotSize); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if was == stateLive {
		r.live--
	}
	if to == stateFree {
		at, _ := slices.BinarySearchFunc(r.free, ref.Slot, func(a, b uint32) int { return int(b) - int(a) })
		r.free = slices.Insert(r.free, at, ref.Slot)
	}
	return nil
}

// Reconcile is called at start with the stamp that the store of records has. If
// the store is exactly one batch behind, that batch was cut short by a crash: its
// subject and session slots, which no record names, are freed. In any other case
// nothing is freed: a store or a keyring was restored from a backup, and what
// looks like nobody's may be somebody's. It answers how many slots it freed, and
// the stamp that the store must take on.
func (r *Ring) Reconcile(storeStamp uint64) (freed int, stamp uint64, err error) {
	last := r.Stamp()
	if storeStamp+1 == last {
		orphans, err := r.batchOf(last)
		if err != nil {
			return 0, 0, err
		}
		if err := r.Free(orphans...); err != nil {
			return 0, 0, err
		}
		freed = len(orphans)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stamp = max(r.stamp, storeStamp)
	return freed, r.stamp, nil
}

func (r *Ring) batchOf(stamp uint64) (refs []Ref, err error) {
	err = r.each(func(number uint32, s *slot) {
		kind := s.kind()
		if s.state() == stateLive && s.stamp() == stamp && (kind == KindSubject || kind == KindSession) && s.isIntact() {
			refs = append(refs, Ref{Slot: number, Generation: s.generation()})
		}
	})
	return refs, err
}
