package persistence

import (
	"bytes"
	"encoding/binary"

	"github.com/parleyhq/parley/engine"
)

// An entry, before it is sealed:
//
//	ver 1 | flags uvarint | kind 1 | cause 1 | visibility 1 | author kind 1 |
//	previous visible to all uvarint | epoch uvarint | at millis |
//	author's operator, client id, department, operator: strings |
//	offer uvarint | deadline nanos | target uvarint | format 1 | body string |
//	file 16, its bytes uvarint, its key string |
//	attributes: basis 1, source 1, count uvarint, names strings
//
// A flag says that an optional field follows. The session and the number are in
// the key, which is part of the additional data.
const entryVersion = 1

const (
	hasAuthor = 1 << iota
	hasClientID
	hasDepartment
	hasOperator
	hasOffer
	hasDeadline
	hasTarget
	hasFormat
	hasBody
	hasFile
	hasAttrs
	entryFlags
)

func appendEntry(b []byte, e *engine.Entry) []byte {
	flags := flagsOf(e)
	b = append(b, entryVersion)
	b = binary.AppendUvarint(b, flags)
	b = append(b, byte(e.Kind), byte(e.Cause), byte(e.Visibility), byte(e.Author.Kind))
	b = binary.AppendUvarint(b, uint64(e.PrevAll))
	b = binary.AppendUvarint(b, uint64(e.Epoch))
	b = appendMillis(b, e.At)
	if flags&hasAuthor != 0 {
		b = appendString(b, e.Author.Operator)
	}
	if flags&hasClientID != 0 {
		b = appendString(b, e.ClientID)
	}
	if flags&hasDepartment != 0 {
		b = appendString(b, e.Department)
	}
	if flags&hasOperator != 0 {
		b = appendString(b, e.Operator)
	}
	if flags&hasOffer != 0 {
		b = binary.AppendUvarint(b, uint64(e.Offer))
	}
	if flags&hasDeadline != 0 {
		b = appendTime(b, e.Deadline)
	}
	if flags&hasTarget != 0 {
		b = binary.AppendUvarint(b, uint64(e.Target))
	}
	if flags&hasFormat != 0 {
		b = append(b, byte(e.Format))
	}
	if flags&hasBody != 0 {
		b = appendString(b, e.Body.Reveal())
	}
	if flags&hasFile != 0 {
		b = append(b, e.File.File[:]...)
		b = binary.AppendUvarint(b, uint64(e.File.Bytes))
		b = appendString(b, e.File.Key.Reveal())
	}
	if flags&hasAttrs != 0 {
		b = appendAttrs(b, e.Attrs)
	}
	return b
}

func flagsOf(e *engine.Entry) (flags uint64) {
	for flag, present := range [...]bool{
		e.Author.Operator != "", e.ClientID != "", e.Department != "", e.Operator != "",
		e.Offer != 0, !e.Deadline.IsZero(), e.Target != 0, e.Format != 0, e.Body.Len() > 0, e.File != nil, e.Attrs != nil,
	} {
		if present {
			flags |= 1 << flag
		}
	}
	return flags
}

// decodeEntry reads an entry's plaintext. The body is copied: plain may be
// scratch memory.
func decodeEntry(session engine.SessionID, seq engine.Seq, plain []byte) (*engine.Entry, error) {
	d := decoder{rest: plain}
	d.version(entryVersion)
	flags := d.uvarint()
	if flags >= entryFlags {
		d.fail()
	}
	e := &engine.Entry{Session: session, Seq: seq}
	e.Kind, e.Cause = engine.Kind(d.u8()), engine.Cause(d.u8())
	e.Visibility, e.Author.Kind = engine.Visibility(d.u8()), engine.AuthorKind(d.u8())
	if e.Visibility > engine.VisibleToOperators {
		d.fail() // it indexes the entry's frames
	}
	e.PrevAll, e.Epoch, e.At = engine.Seq(d.uvarint()), engine.Epoch(d.uvarint()), d.millis()
	if flags&hasAuthor != 0 {
		e.Author.Operator = engine.OperatorID(d.str())
	}
	if flags&hasClientID != 0 {
		e.ClientID = d.str()
	}
	if flags&hasDepartment != 0 {
		e.Department = engine.DepartmentID(d.str())
	}
	if flags&hasOperator != 0 {
		e.Operator = engine.OperatorID(d.str())
	}
	if flags&hasOffer != 0 {
		e.Offer = engine.Seq(d.uvarint())
	}
	if flags&hasDeadline != 0 {
		e.Deadline = d.time()
	}
	if flags&hasTarget != 0 {
		e.Target = engine.Seq(d.uvarint())
	}
	if flags&hasFormat != 0 {
		e.Format = engine.Format(d.u8())
	}
	if flags&hasBody != 0 {
		e.Body = engine.NewBody(bytes.Clone(d.bytes()))
	}
	if flags&hasFile != 0 {
		e.File = &engine.Attachment{File: d.id(), Bytes: int64(d.uvarint()), Key: engine.NewBody(bytes.Clone(d.bytes()))}
	}
	if flags&hasAttrs != 0 {
		e.Attrs = d.attrs()
	}
	if err := d.finish("entry"); err != nil {
		return nil, err
	}
	return e, nil
}
