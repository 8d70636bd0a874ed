package persistence

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Stored structures are written by hand: the bytes on disk are the project's and
// no library's, they are golden in testdata, and they cost no allocation.
// Numbers are varints (encoding/binary), strings carry their length.

func appendString[T ~string | ~[]byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendTime writes nanoseconds since 1970, shifted so that 0 is the zero time.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	return binary.AppendUvarint(b, zigzag(t.UnixNano())+1)
}

// appendMillis is appendTime in milliseconds.
func appendMillis(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	return binary.AppendUvarint(b, zigzag(t.UnixMilli())+1)
}

func zigzag(v int64) uint64 { return uint64(v<<1) ^ uint64(v>>63) }

func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// decoder reads what the append functions wrote. After the first fault every
// read answers zero and finish tells the fault.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) fail() {
	d.bad = true
	d.rest = nil
}

func (d *decoder) u8() byte {
	if len(d.rest) == 0 {
		d.fail()
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) varint() int64 { return unzigzag(d.uvarint()) }

// take is the next n bytes, shared with the input.
func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.rest)) {
		d.fail()
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) bytes() []byte { return d.take(d.uvarint()) }

func (d *decoder) str() string { return string(d.bytes()) }

func (d *decoder) id() (id [16]byte) {
	copy(id[:], d.take(16))
	return id
}

func (d *decoder) time() time.Time {
	v := d.uvarint()
	if v == 0 {
		return time.Time{}
	}
	return time.Unix(0, unzigzag(v-1)).UTC()
}

func (d *decoder) millis() time.Time {
	v := d.uvarint()
	if v == 0 {
		return time.Time{}
	}
	return time.UnixMilli(unzigzag(v - 1)).UTC()
}

// json reads a value of a length given before it.
func (d *decoder) json(into any) {
	if err := json.Unmarshal(d.bytes(), into); err != nil {
		d.fail()
	}
}

// version checks the structure's first byte.
func (d *decoder) version(want byte) {
	if d.u8() != want {
		d.fail()
	}
}

// finish tells whether the bytes were exactly the structure.
func (d *decoder) finish(what string) error {
	if d.bad || len(d.rest) != 0 {
		return fmt.Errorf("decode %s: %w", what, engine.ErrCorrupt)
	}
	return nil
}
