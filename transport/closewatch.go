package transport

import (
	"encoding/binary"

	"github.com/parleyhq/parley/transport/internal/rfc6455"
)

// closeWatch follows a client's bytes on their way to the WebSocket library, for the
// one fault that the library takes for none: a close frame whose payload is one byte,
// half a code (RFC 6455 section 5.5.1). It looks at frames' headers and keeps
// nothing else. Owned by the reader.
type closeWatch struct {
	begun  int      // bytes of the blank line after the handshake that have come
	header [14]byte // of the frame that begins
	have   int      // bytes of header
	skip   uint64   // bytes of payload to come
	closed bool     // a close frame came; what follows is nobody's business
	half   bool     // and its payload is one byte
}

const blankLine = "\r\n\r\n"

// see takes the next bytes.
func (w *closeWatch) see(data []byte) {
	for len(data) > 0 && !w.closed {
		switch {
		case w.begun < len(blankLine):
			w.seeHandshake(data[0])
			data = data[1:]
		case w.skip > 0:
			n := min(uint64(len(data)), w.skip)
			w.skip -= n
			data = data[n:]
		default:
			w.header[w.have] = data[0]
			w.have++
			data = data[1:]
			w.frame()
		}
	}
}

// seeHandshake looks for the end of the request, which has no body.
func (w *closeWatch) seeHandshake(c byte) {
	switch c {
	case blankLine[w.begun]:
		w.begun++
	case '\r':
		w.begun = 1
	default:
		w.begun = 0
	}
}

// frame passes on to the payload once the header is whole.
func (w *closeWatch) frame() {
	if w.have < 2 {
		return
	}
	length, size := uint64(w.header[1]&0x7f), 2
	switch length {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	masked := size
	if w.header[1]&0x80 != 0 {
		masked += 4
	}
	if w.have < masked {
		return
	}
	switch size {
	case 4:
		length = uint64(binary.BigEndian.Uint16(w.header[2:]))
	case 10:
		length = binary.BigEndian.Uint64(w.header[2:])
	}
	w.closed = w.header[0]&15 == rfc6455.OpClose
	w.half = w.closed && length == 1
	w.have, w.skip = 0, length
}
