package engine

import "time"

// KeysFor is how long an idempotency key is kept: from its use on where nothing
// outlives it, and from the session's end on where it began one.
const KeysFor = 24 * time.Hour

// Tag stands for an idempotency key: a digest under a key of the tenant's, from
// which nobody can learn what the key was. It is unique within its scope:
// principal and operation.
type Tag [16]byte

// Start is an OpStart that an append carries out: its idempotency key and that
// key's tag. The log finds the session by the tag when the visitor asks again,
// also after the session has ended (Log of package actors: Recall).
type Start struct {
	ClientID string
	Tag      Tag
}

// Memo is what was done under an idempotency key outside a session.
type Memo struct {
	Tag    Tag
	Digest uint64 // of what was asked
	At     time.Time
	Result []byte // the first answer, as its owner encodes it; no text that people typed
}

// IsOver reports that a memo is past its time.
func (m Memo) IsOver(now time.Time) bool { return now.Sub(m.At) >= KeysFor }
