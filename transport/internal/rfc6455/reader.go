package rfc6455

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"unicode/utf8"
)

// Reader reads one peer's messages. It is owned by one goroutine.
type Reader struct {
	// Fixed after construction.
	src     io.Reader
	limit   int  // bytes of a message
	masked  bool // the peer must mask (it is a client), or must not
	binary  bool // binary messages are taken
	opcode  byte // of the last message
	control func(opcode byte, payload []byte) error

	// The bytes buf[r:w] were read and not yet used.
	buf  []byte
	r, w int
}

// Role says who reads.
type Role bool

// The roles.
const (
	ServerSide Role = true
	ClientSide Role = false
)

// NewReader reads from src through a buffer of its own of the given size, at
// least 128 bytes, which it keeps for its life. Control frames go to control, whose payload
// is valid during the call; an error of control ends the reading and is
// returned as it is. A close frame is checked before control sees it.
func NewReader(src io.Reader, role Role, bufferBytes, limit int, control func(opcode byte, payload []byte) error) *Reader {
	return &Reader{src: src, limit: limit, masked: role == ServerSide, control: control, buf: make([]byte, max(bufferBytes, 128))}
}

// TakeBinary makes Next hand over binary messages as well; Opcode tells which.
// Without it they are a fault. Call it before the first Next.
func (r *Reader) TakeBinary() { r.binary = true }

// Opcode is the last message's: OpText or OpBinary.
func (r *Reader) Opcode() byte { return r.opcode }

// Wait waits until there is something to read. Next would as well; but this
// needs little stack, which is what silent connections are made of.
func (r *Reader) Wait() error { return r.fill(1) }

// Next reads the next message into a buffer that it borrows when the
// message begins, so that a peer who says nothing holds none. The buffer is
// returned in any case, nil if none was borrowed. Errors: *Fault for what the
// peer does wrong, what control returned, or the source's.
func (r *Reader) Next(borrow func() *[]byte) (message *[]byte, err error) {
	var (
		checked Validator
		text    *Validator // nil in a binary message
		started bool
		length  int
	)
	for {
		h, err := r.header()
		if err != nil {
			return message, err
		}
		if h.opcode >= OpClose {
			if err := r.controlFrame(h); err != nil {
				return message, err
			}
			continue
		}
		switch {
		case h.opcode == OpContinuation && !started:
			return message, &Fault{CloseProtocol, "continuation of nothing"}
		case h.opcode != OpContinuation && started:
			return message, &Fault{CloseProtocol, "message inside a message"}
		case h.opcode == OpBinary && !r.binary:
			return message, &Fault{CloseUnsupported, "binary message"}
		case h.payload > uint64(r.limit-length):
			return message, &Fault{CloseTooBig, "message too large"}
		}
		if !started {
			started = true
			if r.opcode = h.opcode; h.opcode == OpText {
				text = &checked
			}
			message = borrow()
			*message = (*message)[:0]
		}
		length += int(h.payload)
		if *message, err = r.payload(*message, h, text); err != nil {
			return message, err
		}
		if h.final {
			if text != nil && !text.Complete() {
				return message, &Fault{CloseInvalidUTF8, "message is not UTF-8"}
			}
			return message, nil
		}
	}
}

type header struct {
	opcode  byte
	final   bool
	payload uint64
	mask    [4]byte
}

func (r *Reader) header() (h header, err error) {
	if err = r.fill(2); err != nil {
		return h, err
	}
	b0, b1 := r.buf[r.r], r.buf[r.r+1]
	h.opcode, h.final, h.payload = b0&15, b0&bitFin != 0, uint64(b1&0x7f)
	switch {
	case b0&0x70 != 0:
		return h, &Fault{CloseProtocol, "reserved bits"}
	case h.opcode > OpBinary && h.opcode < OpClose || h.opcode > OpPong:
		return h, &Fault{CloseProtocol, "unknown opcode"}
	case h.opcode >= OpClose && (!h.final || h.payload > maxControl):
		return h, &Fault{CloseProtocol, "control frame fragmented or too long"}
	case (b1&bitMask != 0) != r.masked:
		return h, &Fault{CloseProtocol, "wrong masking"}
	}
	size := 2
	switch h.payload {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	whole := size
	if r.masked {
		whole += 4
	}
	if err = r.fill(whole); err != nil {
		return h, err
	}
	b := r.buf[r.r : r.r+whole]
	switch size {
	case 4:
		h.payload = uint64(binary.BigEndian.Uint16(b[2:]))
	case 10:
		if h.payload = binary.BigEndian.Uint64(b[2:]); h.payload>>63 != 0 {
			return h, &Fault{CloseProtocol, "length with the highest bit set"}
		}
	}
	copy(h.mask[:], b[size:])
	r.r += whole
	return h, nil
}

// fill waits until n bytes are in the buffer; n is at most its size.
func (r *Reader) fill(n int) error {
	for r.w-r.r < n {
		if r.r == r.w {
			r.r, r.w = 0, 0
		} else if len(r.buf)-r.r < n {
			r.w = copy(r.buf, r.buf[r.r:r.w])
			r.r = 0
		}
		got, err := r.src.Read(r.buf[r.w:])
		r.w += got
		if err != nil && r.w-r.r < n {
			if errors.Is(err, io.EOF) && r.w > r.r {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// payload appends a data frame's payload to dst, checked as it comes in where it
// is text.
func (r *Reader) payload(dst []byte, h header, text *Validator) ([]byte, error) {
	for offset := 0; uint64(offset) < h.payload; {
		rest := int(h.payload) - offset
		at := len(dst)
		if r.r < r.w {
			n := min(rest, r.w-r.r)
			dst = append(dst, r.buf[r.r:r.r+n]...)
			r.r += n
		} else if rest >= len(r.buf) { // straight into the message
			dst = slices.Grow(dst, min(rest, 4096))
			n, err := r.src.Read(dst[at:min(cap(dst), at+rest)])
			dst = dst[:at+n]
			if n == 0 && err != nil {
				return dst, unexpected(err)
			}
		} else if err := r.fill(1); err != nil {
			return dst, unexpected(err)
		}
		piece := dst[at:]
		if r.masked {
			Mask(piece, h.mask, offset)
		}
		offset += len(piece)
		if text != nil && !text.Write(piece) {
			return dst, &Fault{CloseInvalidUTF8, "message is not UTF-8"}
		}
	}
	return dst, nil
}

func (r *Reader) controlFrame(h header) error {
	n := int(h.payload)
	if err := r.fill(n); err != nil {
		return unexpected(err)
	}
	payload := r.buf[r.r : r.r+n]
	r.r += n
	if r.masked {
		Mask(payload, h.mask, 0)
	}
	if h.opcode == OpClose {
		if fault := CheckClose(payload); fault != nil {
			return fault
		}
	}
	return r.control(h.opcode, payload)
}

// CheckClose says what is wrong with a close frame's payload, or nil.
func CheckClose(payload []byte) *Fault {
	switch {
	case len(payload) == 0:
		return nil
	case len(payload) == 1:
		return &Fault{CloseProtocol, "close code of one byte"}
	case !IsCloseCode(int(binary.BigEndian.Uint16(payload))):
		return &Fault{CloseProtocol, "close code out of range"}
	case !utf8.Valid(payload[2:]):
		return &Fault{CloseInvalidUTF8, "close reason is not UTF-8"}
	default:
		return nil
	}
}

// CloseCode is the code in a checked close frame's payload.
func CloseCode(payload []byte) int {
	if len(payload) < 2 {
		return CloseNoStatus
	}
	return int(binary.BigEndian.Uint16(payload))
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
