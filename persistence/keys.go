package persistence

import (
	"encoding/binary"

	"github.com/parleyhq/parley/engine"
)

// The layout of the store, byte by byte. Integers are big endian, so that keys
// sort by number; a tenant is its number, eight bytes, assigned at first use.
//
//	key                             value
//	m tenant8 session16 seq8        sealed entry                          session key
//	c tenant8 session16             ver1 slot4 slotgen4 + sealed header   session key
//	s tenant8 subject16             ver1 slot4 slotgen4 + sealed profile  subject key
//	u tenant8 subject16 session16   empty: the sessions of a subject
//	v tenant8 subject16             session16: the subject's open session
//	o tenant8 session16             sealed row: an open session           row key
//	a tenant8 session16 file16      empty: an entry of the session holds the file, which is sealed under a key in that entry
//	p tenant8 tag16                 sealed intent of an operator          row key
//	i tenant8 owner16 tag16         ver1 session16 hour4: a start's; with session zero, + sealed memo: row key
//	n tenant8 subject16             sealed time: a visitor's sign-out     row key
//	x tenant8 subject16             sealed ban: until when a visitor is banned  row key
//	w tenant8 session16             empty: the host has not taken all entries of the session
//	t name                          ver1 number8, slot4 slotgen4 of the tenant, index, token and row keys
//	e slot4 slotgen4                empty: a slot to be zeroed, its key was replaced by a redaction
//	b                               stamp8: the last keyring batch that the store has
//	f                               ver1 ring16: the layout, and the keyring that belongs to the store
//
// Sealed is what package seal writes: ver1 generation4 nonce12 ciphertext tag16,
// the plaintext padded to 32 bytes. The tag of p is HMAC-SHA256(index key,
// operator)[:16]. The tag of i is that of an operation and an idempotency key; its
// owner is a subject, or an operator's tag.
//
// In clear, and why: the tenant's name and number (routing, range deletes); the
// session's id with its creation time, and the entry's number (order, reading a
// range); the subject's id (a pseudonym: random, or the keyed digest of a verified
// visitor's name; finding a person's sessions to export or erase them); the file's id (finding what no entry holds); slot numbers (finding the key); the padded size;
// the hour of a start or of a memo (letting it go). Not in
// clear: what was written and by whom, operators, departments, exact times,
// devices, idempotency keys.
const (
	kindRecord  = 'm'
	kindHeader  = 'c'
	kindSubject = 's'
	kindOwned   = 'u'
	kindCurrent = 'v'
	kindOpen    = 'o'
	kindFile    = 'a'
	kindIntent  = 'p'
	kindIdem    = 'i'
	kindRevoked = 'n'
	kindBan     = 'x'
	kindUntold  = 'w'
	kindTenant  = 't'
	kindDead    = 'e'
	kindStamp   = 'b'
	kindFormat  = 'f'
)

const (
	layoutVersion = 1 // of the value of f
	valueVersion  = 1 // of the first byte of c, s and t

	scopedKeyLen = 1 + 8 + 16
	recordKeyLen = scopedKeyLen + 8
)

type tenantNumber uint64

// scopedKey is kind, tenant, and a 16-byte id.
func scopedKey(dst []byte, kind byte, tenant tenantNumber, id [16]byte) []byte {
	dst = append(dst, kind)
	dst = binary.BigEndian.AppendUint64(dst, uint64(tenant))
	return append(dst, id[:]...)
}

func recordKey(dst []byte, tenant tenantNumber, session engine.SessionID, seq engine.Seq) []byte {
	dst = scopedKey(dst, kindRecord, tenant, session)
	return binary.BigEndian.AppendUint64(dst, uint64(seq))
}

// recordSeq is the number at the end of a record's key.
func recordSeq(key []byte) engine.Seq {
	if len(key) != recordKeyLen {
		return 0
	}
	return engine.Seq(binary.BigEndian.Uint64(key[scopedKeyLen:]))
}

func ownedKey(dst []byte, tenant tenantNumber, visitor engine.VisitorID, session engine.SessionID) []byte {
	return append(scopedKey(dst, kindOwned, tenant, visitor), session[:]...)
}

func tenantKey(dst []byte, name engine.TenantID) []byte {
	return append(append(dst, kindTenant), name...)
}

// tenantPrefix bounds a scan of one tenant's rows of a kind.
func tenantPrefix(dst []byte, kind byte, tenant tenantNumber) []byte {
	return binary.BigEndian.AppendUint64(append(dst, kind), uint64(tenant))
}

// scopeOf reads the tenant and the id of a scoped key.
func scopeOf(key []byte) (tenant tenantNumber, id [16]byte, ok bool) {
	if len(key) < scopedKeyLen {
		return 0, id, false
	}
	copy(id[:], key[9:])
	return tenantNumber(binary.BigEndian.Uint64(key[1:])), id, true
}
