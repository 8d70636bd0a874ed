package rfc6455

import "unicode/utf8"

// Validator checks that a message is UTF-8 while it comes in, piece by piece:
// it fails at the first byte that cannot be part of any valid continuation, and
// not only when the message is complete (RFC 6455 section 8.1). The zero value is
// ready for a message.
type Validator struct {
	tail [utf8.UTFMax]byte // the beginning of a character whose rest is to come
	held int
}

// Write takes the next piece; false means that the message is not UTF-8.
func (v *Validator) Write(piece []byte) bool {
	for v.held > 0 && len(piece) > 0 {
		v.tail[v.held] = piece[0]
		v.held++
		piece = piece[1:]
		if utf8.FullRune(v.tail[:v.held]) {
			if r, size := utf8.DecodeRune(v.tail[:v.held]); r == utf8.RuneError && size <= 1 {
				return false
			}
			v.held = 0
		}
	}
	whole := len(piece) - cut(piece)
	v.held += copy(v.tail[v.held:], piece[whole:])
	return utf8.Valid(piece[:whole])
}

// Complete reports that the message may end here.
func (v *Validator) Complete() bool { return v.held == 0 }

// cut is how many bytes at the end of piece begin a character that goes on
// after it.
func cut(piece []byte) int {
	for n := 1; n <= min(utf8.UTFMax-1, len(piece)); n++ {
		tail := piece[len(piece)-n:]
		if utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}
