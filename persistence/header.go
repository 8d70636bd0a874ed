package persistence

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/keyring"
)

// keyGeneration is the generation of every key that is never rotated by itself,
// and of a session's key until its first redaction.
const keyGeneration = 1

const clearLen = 1 + 8 // of c and s: version and slot

// header is the sealed part of a session's row c:
//
//	ver 1 | closed 1 | last uvarint | visitor 16
//
// It is written at creation and at close. While the session is open its log's
// own last record counts; once it is closed, a log that ends before Last was cut.
// Version 2 goes on with what a closed session is found by:
//
//	department, owner strings | ended millis | cause 1 | verified 1 | tags: count uvarint, strings
type header struct {
	Closed  bool
	Last    engine.Seq
	Visitor engine.VisitorID
	Filed   *engine.Filed // of a closed session; nil: of version 1
}

const (
	headerVersion      = 1
	headerFiledVersion = 2
)

func appendHeader(b []byte, h header) []byte {
	version := byte(headerVersion)
	if h.Filed != nil {
		version = headerFiledVersion
	}
	b = binary.AppendUvarint(append(b, version, flagByte(h.Closed)), uint64(h.Last))
	b = append(b, h.Visitor[:]...)
	if h.Filed == nil {
		return b
	}
	f := h.Filed
	b = appendMillis(appendString(appendString(b, f.Department), f.Owner), f.Ended)
	b = binary.AppendUvarint(append(b, byte(f.Cause), flagByte(f.Verified)), uint64(len(f.Tags)))
	for _, tag := range f.Tags {
		b = appendString(b, tag)
	}
	return b
}

func flagByte(on bool) byte {
	if on {
		return 1
	}
	return 0
}

func decodeHeader(plain []byte) (h header, err error) {
	d := decoder{rest: plain}
	version := d.u8()
	if version != headerVersion && version != headerFiledVersion {
		d.fail()
	}
	h.Closed, h.Last, h.Visitor = d.u8() == 1, engine.Seq(d.uvarint()), d.id()
	if version == headerFiledVersion {
		f := &engine.Filed{Department: engine.DepartmentID(d.str()), Owner: engine.OperatorID(d.str()), Ended: d.millis()}
		f.Cause, f.Verified = engine.Cause(d.u8()), d.u8() == 1
		count := d.uvarint()
		if count > uint64(len(d.rest)) { // a tag has at least one byte
			d.fail()
		}
		for range min(count, uint64(len(d.rest))) {
			f.Tags = append(f.Tags, d.str())
		}
		h.Filed = f
	}
	return h, d.finish("session header")
}

// profile is the sealed part of a subject's row s:
//
//	ver 1 | last activity, minutes since 1970, uvarint; 0: unknown
type profile struct{ Activity time.Time }

const profileVersion = 1

func appendProfile(b []byte, p profile) []byte {
	minutes := uint64(0)
	if !p.Activity.IsZero() {
		minutes = uint64(max(0, p.Activity.Unix()/60))
	}
	return binary.AppendUvarint(append(b, profileVersion), minutes)
}

func decodeProfile(plain []byte) (p profile, err error) {
	d := decoder{rest: plain}
	d.version(profileVersion)
	if minutes := d.uvarint(); minutes != 0 {
		p.Activity = time.Unix(int64(minutes)*60, 0).UTC()
	}
	return p, d.finish("subject row")
}

// appendClear writes the clear part of c and s.
func appendClear(b []byte, ref keyring.Ref) []byte { return appendRef(append(b, valueVersion), ref) }

// splitClear takes the clear part off a value of c or s.
func splitClear(what string, value []byte) (ref keyring.Ref, sealed []byte, err error) {
	if len(value) < clearLen || value[0] != valueVersion {
		return ref, nil, fmt.Errorf("decode %s: %w", what, engine.ErrCorrupt)
	}
	return readRef(value[1:]), value[clearLen:], nil
}

func appendRef(b []byte, ref keyring.Ref) []byte {
	b = binary.BigEndian.AppendUint32(b, ref.Slot)
	return binary.BigEndian.AppendUint32(b, ref.Generation)
}

func readRef(b []byte) keyring.Ref {
	return keyring.Ref{Slot: binary.BigEndian.Uint32(b), Generation: binary.BigEndian.Uint32(b[4:])}
}
