package keyring

import (
	"fmt"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/seal"
)

// Parent is whose key wraps the slot's key: the visitor of a session's slot. The
// answer is only believed once Load has opened the slot with it.
func (r *Ring) Parent(ref Ref, want Owner) (ID, error) {
	s, err := r.check(ref, want)
	return s.owner().Parent, err
}

// Load unwraps a slot's key. The caller says whose key it expects, except for
// the parent, which may change hands. engine.ErrErased: the key was destroyed.
// engine.ErrCorrupt: it is there and does not open.
func (r *Ring) Load(ref Ref, want Owner, under *seal.Key) (key [seal.KeySize]byte, err error) {
	s, err := r.check(ref, want)
	if err != nil {
		return key, err
	}
	key, err = under.Unwrap(s.place(ref.Slot), s.wrapped())
	if err != nil {
		return key, fmt.Errorf("keyring slot %d: %w", ref.Slot, engine.ErrCorrupt)
	}
	return key, nil
}

// check reads a slot and judges it: zeros, or a later generation, mean erased;
// whatever else is not as expected is corrupt. The two are never mixed up.
func (r *Ring) check(ref Ref, want Owner) (slot, error) {
	s, err := r.read(ref.Slot)
	if err != nil {
		return s, err
	}
	switch {
	case s.generation() > ref.Generation, s.isBlank():
		return s, fmt.Errorf("keyring slot %d: %w", ref.Slot, engine.ErrErased)
	case s.generation() != ref.Generation, s.state() != stateLive, !s.isIntact():
		return s, fmt.Errorf("keyring slot %d: %w", ref.Slot, engine.ErrCorrupt)
	}
	got := s.owner()
	got.Parent = want.Parent
	if got != want {
		return s, fmt.Errorf("keyring slot %d belongs to somebody else: %w", ref.Slot, engine.ErrCorrupt)
	}
	return s, nil
}
