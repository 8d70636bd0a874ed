package keyring

import (
	"encoding/binary"
	"hash/crc32"
)

// Kind says whose key a slot holds. A number, once given, is never reused: it is
// on disk.
type Kind uint8

// The kinds.
const (
	KindNone    Kind = iota
	KindTenant       // a tenant's key-wrapping key; wrapped by the keyring key
	KindIndex        // a tenant's key of keyed digests; wrapped by the tenant key
	KindToken        // a tenant's key of visitors' tokens; wrapped by the tenant key
	KindRow          // a tenant's key of routing facts and intents; wrapped by the tenant key
	KindSubject      // a visitor's key; wrapped by the tenant key
	KindSession      // a session's key; wrapped by the visitor's key
)

// state of a slot.
type state uint8

const (
	stateFree   state = iota // never used, or may be used again
	stateLive                // holds a wrapped key
	stateErased              // held one
)

const (
	slotSize    = 128
	slotVersion = 1

	offNonce = 56
	offCRC   = 116
	offStamp = 120
)

// ID is whose key it is within its tenant: a visitor's or session's id, or a
// digest of the tenant's name.
type ID [16]byte

// Owner is whose key a slot holds.
type Owner struct {
	Kind       Kind
	Tenant     uint64 // the tenant's number
	Own        ID     // the visitor, the session, or the digest of the tenant's name
	Parent     ID     // of KindSession: the visitor
	Generation uint32 // the key's generation, counted by its owner
}

// Ref finds a slot again: it stands in the rows that need the key. The zero Ref
// is none. A slot with another generation than the Ref's was erased since.
type Ref struct {
	Slot       uint32
	Generation uint32
}

// IsZero reports whether the Ref is absent.
func (r Ref) IsZero() bool { return r == Ref{} }

// slot is one slot's 128 bytes.
type slot [slotSize]byte

func (s *slot) kind() Kind         { return Kind(s[0]) }
func (s *slot) state() state       { return state(s[2]) }
func (s *slot) generation() uint32 { return binary.BigEndian.Uint32(s[4:]) }
func (s *slot) stamp() uint64      { return binary.BigEndian.Uint64(s[offStamp:]) }
func (s *slot) wrapped() []byte    { return s[offNonce:offCRC] }

func (s *slot) owner() (o Owner) {
	o.Kind = s.kind()
	o.Generation = binary.BigEndian.Uint32(s[12:])
	o.Tenant = binary.BigEndian.Uint64(s[16:])
	copy(o.Own[:], s[24:])
	copy(o.Parent[:], s[40:])
	return o
}

// describe fills what lies before the nonce.
func (s *slot) describe(o Owner, generation uint32) {
	s[0], s[1], s[2] = byte(o.Kind), slotVersion, byte(stateLive)
	binary.BigEndian.PutUint32(s[4:], generation)
	binary.BigEndian.PutUint32(s[8:], 1) // KEK version; rotation counts it up
	binary.BigEndian.PutUint32(s[12:], o.Generation)
	binary.BigEndian.PutUint64(s[16:], o.Tenant)
	copy(s[24:], o.Own[:])
	copy(s[40:], o.Parent[:])
}

// finish stamps the slot and sums it up.
func (s *slot) finish(stamp uint64) {
	binary.BigEndian.PutUint64(s[offStamp:], stamp)
	binary.BigEndian.PutUint32(s[offCRC:], s.sum())
}

func (s *slot) sum() uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // a shared table after the first call
	return crc32.Update(crc32.Checksum(s[:offCRC], table), table, s[offStamp:])
}

func (s *slot) isIntact() bool {
	return s[1] == slotVersion && binary.BigEndian.Uint32(s[offCRC:]) == s.sum()
}

// isBlank reports whether nothing is left of a wrapped key.
func (s *slot) isBlank() bool {
	for _, b := range s.wrapped() {
		if b != 0 {
			return false
		}
	}
	return true
}

// wipe is what is left of an erased or freed slot.
func (s *slot) wipe(to state) slot {
	var left slot
	left[0], left[2] = s[0], byte(to)
	copy(left[4:8], s[4:8])
	return left
}

// place is the additional data of the slot's wrapped key.
func (s *slot) place(number uint32) []byte {
	place := make([]byte, 0, 4+offNonce)
	place = binary.BigEndian.AppendUint32(place, number)
	return append(place, s[:offNonce]...)
}
