package persistence

import (
	"encoding/binary"

	"github.com/parleyhq/parley/engine"
)

func appendAttrs(b []byte, f *engine.AttrsFact) []byte {
	b = append(b, byte(f.Basis), byte(f.Source))
	b = binary.AppendUvarint(b, uint64(len(f.Names)))
	for _, name := range f.Names {
		b = appendString(b, name)
	}
	return b
}

func (d *decoder) attrs() *engine.AttrsFact {
	f := &engine.AttrsFact{Basis: engine.Basis(d.u8()), Source: engine.Source(d.u8())}
	count := d.uvarint()
	if count > uint64(len(d.rest)) { // a name has at least its length
		d.fail()
		return f
	}
	for range count {
		f.Names = append(f.Names, d.str())
	}
	return f
}
