package engine

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ID is 128 bits in ULID layout: 48 bits of Unix milliseconds, then 80 random
// bits, so that ids sort by creation. Its text is 26 characters of Crockford's
// base 32. The engine never makes one: ids arrive in inputs, because drawing
// random numbers is I/O. The zero ID means "none".
// Source: the ULID specification (github.com/ulid/spec).
type ID [16]byte

// SessionID names one served episode of a conversation.
type SessionID ID

// VisitorID names a visitor within one tenant.
type VisitorID ID

// TenantID names a customer of the embedding platform: 1 to 64 characters of
// a-z, 0-9, '-' and '_', beginning with a letter or digit.
type TenantID string

// DepartmentID names a waiting line of a tenant; the same alphabet as TenantID.
type DepartmentID string

// OperatorID is the tenant's own name for an operator (a token's `sub`): 1 to
// 128 printable ASCII characters without spaces. It can be personal data and is
// stored only sealed or as a keyed digest.
type OperatorID string

// Seq is an entry's place in its session's log: contiguous from 1. Zero means
// "nothing yet".
type Seq uint64

// Epoch counts a session's changes of owner and entries into the queue
// (SEMANTICS: fencing). Messages between actors carry the epoch they were
// computed from; a stale one has no effect.
type Epoch uint64

// Term counts activations of one session's actor. It fences appends: the store
// refuses those of an older activation. Never on the wire.
type Term uint64

// SessionRef is a session's full address: ids are looked up within their
// tenant only, so that no tenant can reach another's session (I14).
type SessionRef struct {
	Tenant  TenantID
	Session SessionID
}

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

var crockfordValue = func() (table [256]byte) {
	for i := range table {
		table[i] = 0xff
	}
	for i := range len(crockford) {
		table[crockford[i]] = byte(i)
		table[crockford[i]|0x20] = byte(i) // lower case; digits map onto themselves
	}
	return table
}()

// String is the id's 26-character text.
func (id ID) String() string {
	var text [26]byte
	// 130 bits hold 128: the first character carries only three.
	hi, lo := id.halves()
	for i := 25; i >= 0; i-- {
		text[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(text[:])
}

func (id ID) halves() (hi, lo uint64) {
	for i := range 8 {
		hi = hi<<8 | uint64(id[i])
		lo = lo<<8 | uint64(id[8+i])
	}
	return hi, lo
}

// Time is the id's creation time, to the millisecond, UTC.
func (id ID) Time() time.Time {
	hi, _ := id.halves()
	return time.UnixMilli(int64(hi >> 16)).UTC()
}

// ErrBadID is what the parsers answer for text that is no id.
var ErrBadID = errors.New("malformed id")

// ParseID reads an id's 26-character text, in either case.
func ParseID(text string) (ID, error) {
	var id ID
	if len(text) != 26 || text[0] > '7' {
		return id, fmt.Errorf("%w: want 26 characters of base 32", ErrBadID)
	}
	var hi, lo uint64
	for i := range len(text) {
		v := crockfordValue[text[i]]
		if v == 0xff {
			return id, fmt.Errorf("%w: character %d is not base 32", ErrBadID, i)
		}
		hi = hi<<5 | lo>>59
		lo = lo<<5 | uint64(v)
	}
	for i := 7; i >= 0; i-- {
		id[i], id[8+i] = byte(hi), byte(lo)
		hi, lo = hi>>8, lo>>8
	}
	return id, nil
}

// ParseSessionID reads a session id's text.
func ParseSessionID(text string) (SessionID, error) {
	id, err := ParseID(text)
	return SessionID(id), err
}

// ParseVisitorID reads a visitor id's text.
func ParseVisitorID(text string) (VisitorID, error) {
	id, err := ParseID(text)
	return VisitorID(id), err
}

func (id SessionID) String() string { return ID(id).String() }

// IsZero reports whether the id is absent.
func (id SessionID) IsZero() bool { return id == SessionID{} }

// MarshalText is the id's text.
func (id SessionID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads an id's text, in either case.
func (id *SessionID) UnmarshalText(text []byte) error {
	read, err := ParseSessionID(string(text))
	if err == nil {
		*id = read
	}
	return err
}

func (id VisitorID) String() string { return ID(id).String() }

// IsZero reports whether the id is absent.
func (id VisitorID) IsZero() bool { return id == VisitorID{} }

func (r SessionRef) String() string { return string(r.Tenant) + "/" + r.Session.String() }

// Validate says what is wrong with a tenant's name, or nil.
func (id TenantID) Validate() error { return validateName("tenant", string(id)) }

// Validate says what is wrong with a department's name, or nil.
func (id DepartmentID) Validate() error { return validateName("department", string(id)) }

// Validate says what is wrong with an operator's name, or nil.
func (id OperatorID) Validate() error {
	if len(id) == 0 || len(id) > 128 {
		return fmt.Errorf("%w: operator: want 1 to 128 characters, got %d", ErrBadID, len(id))
	}
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c > '~' {
			return fmt.Errorf("%w: operator: character %d is not printable ASCII", ErrBadID, i)
		}
	}
	return nil
}

func validateName(what, name string) error {
	if len(name) == 0 || len(name) > 64 {
		return fmt.Errorf("%w: %s: want 1 to 64 characters, got %d", ErrBadID, what, len(name))
	}
	const inside = "abcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range len(name) {
		if !strings.ContainsRune(inside, rune(name[i])) || i == 0 && (name[i] == '-' || name[i] == '_') {
			return fmt.Errorf("%w: %s: want a-z, 0-9, '-' and '_', beginning with a letter or digit", ErrBadID, what)
		}
	}
	return nil
}
