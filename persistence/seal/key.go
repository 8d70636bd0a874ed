package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
)

// Version is the first byte of a sealed value.
const Version = 1

// plainVersion marks values of a store that was opened with plaintext for tests.
const plainVersion = 0xff

// Block is the multiple that a plaintext is padded to, in bytes.
const Block = 32

// Overhead is what a sealed value is longer than its padded plaintext, in bytes.
const Overhead = 1 + 4 + 12 + 16

const headerLen = 1 + 4

// ErrOpen is the answer to a value that does not open: damaged, moved from
// another place, or sealed under another key or generation. It does not say
// which: nothing is known about such bytes.
var ErrOpen = errors.New("sealed value does not open")

// ErrForgotten is the answer of a key whose Forget was called.
var ErrForgotten = errors.New("key was forgotten")

// NewKey draws a random key. It panics when the system has no randomness, as
// crypto/rand does: no key is better than a weak one.
func NewKey() (key [KeySize]byte) {
	_, _ = rand.Read(key[:])
	return key
}

// Key seals and opens records under one data key. It holds the 32 bytes and,
// while it is in use, a cipher object of 1.3 KB that its Cache bounds. Safe from
// any goroutine.
type Key struct {
	// Fixed after construction.
	cache *Cache

	// Atomic. cipher is nil until first use and after eviction.
	cipher atomic.Pointer[cipher.AEAD]
	used   atomic.Bool

	// Guarded by mu.
	mu        sync.Mutex
	key       [KeySize]byte
	forgotten bool
}

// Scratch is working memory for Seal and Open, so that neither allocates. It is
// used by one goroutine at a time.
type Scratch struct{ additional, plain []byte }

// Seal appends the sealed plaintext to dst. The place is the value's full key in
// the store and whatever precedes the sealed bytes in clear. It fails only with
// ErrForgotten.
func (k *Key) Seal(s *Scratch, dst, place []byte, generation uint32, plaintext []byte) ([]byte, error) {
	aead, err := k.aead()
	if err != nil {
		return dst, err
	}
	s.plain = pad(append(s.plain[:0], plaintext...))
	version := byte(Version)
	if k.cache.plain {
		version = plainVersion
	}
	dst = append(dst, version)
	dst = binary.BigEndian.AppendUint32(dst, generation)
	if k.cache.plain {
		dst = append(dst, s.plain...)
		clear(s.plain)
		return dst, nil
	}
	s.additional = additional(s.additional[:0], place, dst[len(dst)-headerLen:])
	dst = aead.Seal(dst, nil, s.plain, s.additional)
	clear(s.plain)
	return dst, nil
}

// Open appends the plaintext of a sealed value to dst, or fails with ErrOpen or
// ErrForgotten. Nothing is appended then.
func (k *Key) Open(s *Scratch, dst, place []byte, generation uint32, sealed []byte) ([]byte, error) {
	if len(sealed) < headerLen || binary.BigEndian.Uint32(sealed[1:]) != generation {
		return dst, ErrOpen
	}
	if k.cache.plain {
		if sealed[0] != plainVersion {
			return dst, ErrOpen
		}
		return unpad(dst, append(dst, sealed[headerLen:]...))
	}
	if sealed[0] != Version {
		return dst, ErrOpen
	}
	aead, err := k.aead()
	if err != nil {
		return dst, err
	}
	s.additional = additional(s.additional[:0], place, sealed[:headerLen])
	opened, err := aead.Open(dst, nil, sealed[headerLen:], s.additional)
	if err != nil {
		return dst, ErrOpen
	}
	return unpad(dst, opened)
}

// SealedLen is how long a sealed value of n bytes is.
func (k *Key) SealedLen(n int) int {
	padded := n/Block*Block + Block
	if k.cache.plain {
		return headerLen + padded
	}
	return Overhead + padded
}

// Clone is another Key of the same bytes, which is forgotten by itself.
func (k *Key) Clone() (*Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.forgotten {
		return nil, ErrForgotten
	}
	return k.cache.Key(&k.key), nil
}

// Generation is the key generation that a sealed value names; 0 for a value that
// is too short.
func Generation(sealed []byte) uint32 {
	if len(sealed) < headerLen {
		return 0
	}
	return binary.BigEndian.Uint32(sealed[1:])
}

// Forget overwrites the key: every later use fails. Copies that the runtime made
// are beyond reach until the collector reuses their memory.
func (k *Key) Forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forgotten = true
	clear(k.key[:])
	k.cipher.Store(nil)
}

// aead is the cipher object: from memory on the hot path.
func (k *Key) aead() (cipher.AEAD, error) {
	if aead := k.cipher.Load(); aead != nil {
		if !k.used.Load() { // a load first: an unconditional store would bounce the cache line
			k.used.Store(true)
		}
		return *aead, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.forgotten {
		return nil, ErrForgotten
	}
	aead, err := newAEAD(k.key[:])
	if err != nil {
		return nil, err // impossible: the key has the right size
	}
	k.cipher.Store(&aead)
	k.used.Store(true)
	k.cache.admit(k)
	return aead, nil
}

func additional(dst, place, header []byte) []byte {
	dst = append(dst, "ctr1"...)
	dst = append(dst, place...)
	return append(dst, header...)
}

// pad closes a plaintext with 0x80 and zeros up to a multiple of Block
// (ISO/IEC 7816-4); at least one byte is added.
func pad(plain []byte) []byte {
	plain = append(plain, 0x80)
	for len(plain)%Block != 0 {
		plain = append(plain, 0)
	}
	return plain
}

// unpad takes the padding off what was appended to dst.
func unpad(dst, opened []byte) ([]byte, error) {
	for i := len(opened) - 1; i >= len(dst); i-- {
		switch opened[i] {
		case 0:
		case 0x80:
			return opened[:i], nil
		default:
			return dst, ErrOpen
		}
	}
	return dst, ErrOpen
}

// WrappedSize is the size of a wrapped key: nonce, ciphertext, tag.
const WrappedSize = 12 + KeySize + 16

// Wrap appends another key, sealed under this one, to dst: WrappedSize bytes
// without a header. Keys are wrapped in a store of plaintext as well.
func (k *Key) Wrap(dst, place []byte, key *[KeySize]byte) ([]byte, error) {
	aead, err := k.aead()
	if err != nil {
		return dst, err
	}
	return aead.Seal(dst, nil, key[:], wrapPlace(place)), nil
}

// Unwrap opens what Wrap made, or fails with ErrOpen or ErrForgotten.
func (k *Key) Unwrap(place, wrapped []byte) (key [KeySize]byte, err error) {
	aead, err := k.aead()
	if err != nil {
		return key, err
	}
	if len(wrapped) != WrappedSize {
		return key, ErrOpen
	}
	if _, err := aead.Open(key[:0], nil, wrapped, wrapPlace(place)); err != nil {
		clear(key[:])
		return key, ErrOpen
	}
	return key, nil
}

// wrapPlace keeps wrapped keys apart from sealed records of the same key.
func wrapPlace(place []byte) []byte { return append([]byte("slot"), place...) }
