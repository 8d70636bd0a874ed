package wire

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds nesting: the protocol needs four levels.
const maxDepth = 32

// scanner reads one JSON text (RFC 8259) front to back. Its methods answer false
// at the first byte that does not belong there; nothing may be read after that.
type scanner struct {
	data []byte
	pos  int
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek is the next byte that is no space, 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.pos == len(s.data) {
		return 0
	}
	return s.data[s.pos]
}

// eat consumes c if it comes next.
func (s *scanner) eat(c byte) bool {
	if s.peek() != c || s.pos == len(s.data) {
		return false
	}
	s.pos++
	return true
}

// atEnd reports that nothing but space follows.
func (s *scanner) atEnd() bool {
	s.space()
	return s.pos == len(s.data)
}

// member moves to the next member of an object that was entered, past its name
// and colon. more is false at the closing brace.
func (s *scanner) member(first bool) (name []byte, more, ok bool) {
	if s.eat('}') {
		return nil, false, true
	}
	if !first && !s.eat(',') {
		return nil, false, false
	}
	raw, escaped, ok := s.text()
	if !ok || !s.eat(':') {
		return nil, false, false
	}
	if escaped {
		raw = unquote(nil, raw)
	}
	return raw, true, true
}

// text reads a string and answers what is between its quotes.
func (s *scanner) text() (raw []byte, escaped, ok bool) {
	if !s.eat('"') {
		return nil, false, false
	}
	start := s.pos
	for {
		s.pos += plain(s.data[s.pos:])
		if s.pos == len(s.data) {
			return nil, false, false
		}
		switch s.data[s.pos] {
		case '"':
			s.pos++
			return s.data[start : s.pos-1], escaped, true
		case '\\':
			escaped = true
			if !s.escape() {
				return nil, false, false
			}
		default:
			return nil, false, false
		}
	}
}

// plain is how many bytes at the beginning of data stand for themselves in a
// string: neither a quote, a backslash nor a control character. Eight at a time.
func plain(data []byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(data); i += 8 {
		w := binary.LittleEndian.Uint64(data[i:])
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		if ((quote-ones)&^quote|(slash-ones)&^slash|(w-ones*' ')&^w)&tops != 0 {
			break
		}
	}
	for ; i < len(data); i++ {
		if c := data[i]; c < ' ' || c == '"' || c == '\\' {
			break
		}
	}
	return i
}

func (s *scanner) escape() bool {
	if s.pos+1 >= len(s.data) {
		return false
	}
	switch s.data[s.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return true
	case 'u':
		if s.pos+6 > len(s.data) || hex4(s.data[s.pos+2:]) < 0 {
			return false
		}
		s.pos += 6
		return true
	default:
		return false
	}
}

// number reads a number. whole reports that it is an integer from 0 to 2^53-1,
// which is then n.
func (s *scanner) number() (n uint64, whole, ok bool) {
	s.space()
	negative := s.pos < len(s.data) && s.data[s.pos] == '-'
	if negative {
		s.pos++
	}
	digits := s.digits()
	if digits == 0 || digits > 1 && s.data[s.pos-digits] == '0' {
		return 0, false, false
	}
	whole = !negative && digits <= 16
	for _, c := range s.data[s.pos-digits : s.pos] {
		n = n*10 + uint64(c-'0')
	}
	whole = whole && n < 1<<53
	if s.pos < len(s.data) && s.data[s.pos] == '.' {
		s.pos++
		whole = false
		if s.digits() == 0 {
			return 0, false, false
		}
	}
	if s.pos < len(s.data) && s.data[s.pos]|0x20 == 'e' {
		s.pos++
		whole = false
		if s.pos < len(s.data) && (s.data[s.pos] == '+' || s.data[s.pos] == '-') {
			s.pos++
		}
		if s.digits() == 0 {
			return 0, false, false
		}
	}
	return n, whole, true
}

func (s *scanner) digits() (count int) {
	for s.pos < len(s.data) && s.data[s.pos]-'0' <= 9 {
		s.pos++
		count++
	}
	return count
}

func (s *scanner) word(text string) bool {
	if len(s.data)-s.pos < len(text) || string(s.data[s.pos:s.pos+len(text)]) != text {
		return false
	}
	s.pos += len(text)
	return true
}

// skip reads any value.
func (s *scanner) skip(depth int) bool {
	switch s.peek() {
	case '"':
		_, _, ok := s.text()
		return ok
	case '{':
		return depth < maxDepth && s.skipObject(depth+1)
	case '[':
		return depth < maxDepth && s.skipArray(depth+1)
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	default:
		_, _, ok := s.number()
		return ok
	}
}

func (s *scanner) skipObject(depth int) bool {
	s.pos++
	for first := true; ; first = false {
		_, more, ok := s.member(first)
		if !ok || !more {
			return ok
		}
		if !s.skip(depth) {
			return false
		}
	}
}

func (s *scanner) skipArray(depth int) bool {
	s.pos++
	if s.eat(']') {
		return true
	}
	for {
		if !s.skip(depth) {
			return false
		}
		if s.eat(']') {
			return true
		}
		if !s.eat(',') {
			return false
		}
	}
}

// unquote appends the text that raw, the inside of a valid string, stands for.
// Half a surrogate pair becomes U+FFFD.
func unquote(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		n := bytes.IndexByte(raw[i:], '\\')
		if n < 0 {
			return append(dst, raw[i:]...)
		}
		dst = append(dst, raw[i:i+n]...)
		i += n
		c := raw[i+1]
		i += 2
		switch c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hex4(raw[i:])
			i += 4
			if utf16.IsSurrogate(r) {
				low := rune(-1)
				if i+6 <= len(raw) && raw[i] == '\\' && raw[i+1] == 'u' {
					low = hex4(raw[i+2:])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// mend makes U+FFFD of every half of a surrogate pair in valid JSON, as unquote does:
// where a value is passed on as it is, readers would not agree on what it says (RFC
// 8259 section 8.2). Whole pairs stay as they are, and so does the length.
func mend(raw []byte) {
	for i := 0; i < len(raw); {
		n := bytes.IndexByte(raw[i:], '\\')
		if n < 0 {
			return
		}
		if i += n; raw[i+1] != 'u' {
			i += 2
			continue
		}
		switch r := hex4(raw[i+2:]); {
		case !utf16.IsSurrogate(r):
		case i+12 <= len(raw) && raw[i+6] == '\\' && raw[i+7] == 'u' && utf16.DecodeRune(r, hex4(raw[i+8:])) != utf8.RuneError:
			i += 6
		default:
			copy(raw[i+2:], "fffd")
		}
		i += 6
	}
}

// hex4 is the number in the first four bytes, -1 if they are not hexadecimal.
func hex4(digits []byte) (r rune) {
	for _, c := range digits[:4] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}
