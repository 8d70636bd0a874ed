package persistence

import (
	"sync/atomic"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/keyring"
	"github.com/parleyhq/parley/persistence/seal"
)

// session is a claimed session: it is in memory between Claim and Release, or
// while its log is being loaded.
type session struct {
	// Fixed after construction.
	ref engine.SessionRef

	// Owned by the writer.
	term     engine.Term // 0: released
	last     engine.Seq  // the last accepted entry. Invariant: durable <= last
	closed   bool
	released bool
	untold   bool // row w is there, for all that the writer knows
	loading  bool
	waiting  []op // what came for the session while it was loading

	// Atomic. opened is nil while loading; durable is the last entry whose sync is
	// done: nobody reads beyond it.
	opened  atomic.Pointer[opened]
	durable atomic.Uint64
}

// opened is a session's address in the store and its keys. Immutable, except
// that keys can be forgotten, and that a redaction links its successor.
type opened struct {
	tenant     *tenant
	session    engine.SessionID
	slot       keyring.Ref
	key        *seal.Key
	generation uint32 // of key; a redaction counts it up
	visitor    engine.VisitorID
	subject    subject

	// Redactions: a reader may hold a snapshot from before one and these keys from
	// after it, or the other way round; an append may have been sealed before it.
	former *opened
	next   atomic.Pointer[opened]
}

// subject is a visitor's slot and key.
type subject struct {
	slot keyring.Ref
	key  *seal.Key
}

func (o *opened) forget() {
	o.subject.key.Forget()
	for ; o != nil; o = o.former {
		o.key.Forget()
	}
}

// follows reports whether other is these keys, or what they were before a
// redaction.
func (o *opened) follows(other *opened) bool {
	for ; o != nil; o = o.former {
		if o == other {
			return true
		}
	}
	return false
}

// open opens a value of the session under the generation that sealed it.
func (o *opened) open(s *seal.Scratch, dst, place, sealed []byte) ([]byte, error) {
	generation := seal.Generation(sealed)
	for held := o; held != nil; held = held.former {
		if held.generation == generation {
			return held.key.Open(s, dst, place, generation, sealed)
		}
	}
	if later := o.next.Load(); later != nil && later.generation == generation {
		return later.key.Open(s, dst, place, generation, sealed)
	}
	return dst, seal.ErrOpen
}

// headerPlace is what binds the sealed part of row c to its place.
func (o *opened) header(s *seal.Scratch, key []byte, h header) ([]byte, error) {
	value := appendClear(nil, o.slot)
	return o.key.Seal(s, value, placeOf(key, value), o.generation, appendHeader(nil, h))
}

func (o *opened) openHeader(s *seal.Scratch, key, value []byte) (h header, err error) {
	plain, err := o.open(s, nil, placeOf(key, value[:clearLen]), value[clearLen:])
	if err != nil {
		return h, err
	}
	return decodeHeader(plain)
}

func (s subject) profile(scratch *seal.Scratch, key []byte, p profile) ([]byte, error) {
	value := appendClear(nil, s.slot)
	return s.key.Seal(scratch, value, placeOf(key, value), keyGeneration, appendProfile(nil, p))
}

func (s subject) openProfile(scratch *seal.Scratch, key, value []byte) (p profile, err error) {
	plain, err := s.key.Open(scratch, nil, placeOf(key, value[:clearLen]), keyGeneration, value[clearLen:])
	if err != nil {
		return p, err
	}
	return decodeProfile(plain)
}

// placeOf is a key followed by the value's clear part. Keys of these kinds have
// one length, so no two places are spelled alike.
func placeOf(key, clearPart []byte) []byte {
	return append(append(make([]byte, 0, len(key)+len(clearPart)), key...), clearPart...)
}
