package rfc6455

import (
	"crypto/sha1" //nolint:gosec // RFC 6455 section 1.3 asks for it; nothing rests on its strength
	"encoding/base64"
	"encoding/binary"
	"strconv"
)

// The opcodes (RFC 6455 section 5.2).
const (
	OpContinuation = 0x0
	OpText         = 0x1
	OpBinary       = 0x2
	OpClose        = 0x8
	OpPing         = 0x9
	OpPong         = 0xA
)

// The close codes that this package answers faults with (section 7.4.1).
const (
	CloseNormal      = 1000
	CloseProtocol    = 1002
	CloseUnsupported = 1003
	CloseNoStatus    = 1005 // never sent: the peer's close frame had no code
	CloseInvalidUTF8 = 1007
	CloseTooBig      = 1009
	CloseInternal    = 1011
)

const (
	bitFin     = 0x80
	bitMask    = 0x80
	maxControl = 125
	// MaxHeader is the largest header of a frame: without a mask 10 bytes.
	MaxHeader = 14
)

// Fault is what is wrong with the peer's bytes, as a close code.
type Fault struct {
	Code int
	What string
}

func (f *Fault) Error() string { return "websocket fault " + strconv.Itoa(f.Code) + ": " + f.What }

// AppendHeader appends the header of a final, unmasked frame: a server's.
func AppendHeader(dst []byte, opcode byte, payload int) []byte {
	dst = append(dst, bitFin|opcode)
	switch {
	case payload <= maxControl:
		return append(dst, byte(payload))
	case payload <= 0xffff:
		return binary.BigEndian.AppendUint16(append(dst, 126), uint16(payload))
	default:
		return binary.BigEndian.AppendUint64(append(dst, 127), uint64(payload))
	}
}

// AppendMasked appends a whole final frame as a client sends it.
func AppendMasked(dst []byte, opcode byte, payload []byte, mask [4]byte) []byte {
	at := len(dst)
	dst = AppendHeader(dst, opcode, len(payload))
	dst[at+1] |= bitMask
	dst = append(dst, mask[:]...)
	at = len(dst)
	dst = append(dst, payload...)
	Mask(dst[at:], mask, 0)
	return dst
}

// AppendClose appends a close frame's payload.
func AppendClose(dst []byte, code int, reason string) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, reason[:min(len(reason), maxControl-2)]...)
}

// Mask masks or unmasks data that begins offset bytes into its frame's payload,
// and answers the offset that follows.
func Mask(data []byte, mask [4]byte, offset int) int {
	next := offset + len(data)
	if len(data) >= 16 {
		var turned [8]byte
		for i := range turned {
			turned[i] = mask[(offset+i)&3]
		}
		key := binary.NativeEndian.Uint64(turned[:])
		for len(data) >= 8 {
			binary.NativeEndian.PutUint64(data, binary.NativeEndian.Uint64(data)^key)
			data = data[8:]
			offset += 8
		}
	}
	for i := range data {
		data[i] ^= mask[(offset+i)&3]
	}
	return next
}

// IsCloseCode reports whether a peer may send the code in a close frame
// (section 7.4).
func IsCloseCode(code int) bool {
	switch {
	case code >= 3000 && code <= 4999:
		return true
	case code >= 1000 && code <= 1014:
		return code != 1004 && code != 1005 && code != 1006
	default:
		return false
	}
}

// Accept is the Sec-WebSocket-Accept that proves a handshake (section 1.3).
func Accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // see the import
	return base64.StdEncoding.EncodeToString(sum[:])
}

// IsKey reports whether key is 16 bytes in base 64, as Sec-WebSocket-Key must
// be (section 4.1).
func IsKey(key []byte) bool {
	var raw [18]byte
	if len(key) != 24 {
		return false
	}
	n, err := base64.StdEncoding.Strict().Decode(raw[:], key)
	return err == nil && n == 16
}
