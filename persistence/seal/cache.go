package seal

import "sync"

// DefaultCiphers is how many cipher objects a Cache keeps unless told otherwise:
// 5.4 MB of them.
const DefaultCiphers = 4096

// Cache bounds how many keys hold a cipher object at a time: a key is 32 bytes
// and its cipher object 1.3 KB, so that 100,000 open sessions would hold 130 MB.
// A key that loses its object makes a new one at its next use, about 350 ns.
// Eviction gives a second chance to keys used since the hand last passed.
type Cache struct {
	// Fixed after construction.
	plain bool

	// Guarded by mu.
	mu   sync.Mutex
	ring []*Key // nil: free
	hand int
}

// NewCache makes a cache of the given number of cipher objects; 0 means
// DefaultCiphers.
func NewCache(ciphers int) *Cache {
	if ciphers <= 0 {
		ciphers = DefaultCiphers
	}
	return &Cache{ring: make([]*Key, ciphers)}
}

// NewPlaintextCacheForTests makes a cache whose keys do not encrypt: values hold
// their plaintext. It exists to prove that the scans of stored files would find
// what they look for.
func NewPlaintextCacheForTests() *Cache {
	c := NewCache(1)
	c.plain = true
	return c
}

// Key makes a Key of 32 bytes, which are copied.
func (c *Cache) Key(key *[KeySize]byte) *Key { return &Key{cache: c, key: *key} }

// admit gives k a place, taking it from a key that was not used lately. It is
// called with k.mu held and takes no other key's lock.
func (c *Cache) admit(k *Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range 2 * len(c.ring) { // after one round every used flag is down
		place := &c.ring[c.hand]
		c.hand = (c.hand + 1) % len(c.ring)
		if old := *place; old != nil && old != k && old.used.Swap(false) {
			continue
		} else if old != nil && old != k {
			old.cipher.Store(nil)
		}
		*place = k
		return
	}
}
