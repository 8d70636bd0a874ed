package wire

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/parleyhq/parley/engine"
)

const hexDigits = "0123456789abcdef"

// appendString appends text as a JSON string. Text that is no UTF-8 does not
// get this far from a socket; from elsewhere its bad bytes become U+FFFD, so
// that no frame can be ill-formed.
func appendString[T string | []byte](dst []byte, text T) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(text); {
		if plain := plainASCII(text[i:]); plain > 0 {
			i += plain
			continue
		}
		c := text[i]
		if c < utf8.RuneSelf {
			dst = append(dst, text[start:i]...)
			dst = appendEscape(dst, c)
			i++
			start = i
			continue
		}
		size := sizeOfRune(text, i)
		if size == 0 {
			dst = append(dst, text[start:i]...)
			dst = append(dst, "\uFFFD"...)
			i++
			start = i
			continue
		}
		i += size
	}
	dst = append(dst, text[start:]...)
	return append(dst, '"')
}

// plainASCII is how many characters at the beginning of text are ASCII and stand
// for themselves.
func plainASCII[T string | []byte](text T) int {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return i
		}
	}
	return len(text)
}

// sizeOfRune is the length of the well-formed sequence at text[i], 0 if there is none.
func sizeOfRune[T string | []byte](text T, i int) int {
	var window [utf8.UTFMax]byte
	n := copy(window[:], text[i:])
	r, size := utf8.DecodeRune(window[:n])
	if r == utf8.RuneError && size <= 1 {
		return 0
	}
	return size
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
}

// appendField appends `,"name":"text"`, nothing when text is empty.
func appendField(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	return appendString(appendName(dst, name), text)
}

// appendName appends `,"name":`, without the comma after an opening brace.
func appendName(dst []byte, name string) []byte {
	if last := dst[len(dst)-1]; last != '{' && last != '[' {
		dst = append(dst, ',')
	}
	dst = append(dst, '"')
	dst = append(dst, name...)
	return append(dst, '"', ':')
}

func appendUintField(dst []byte, name string, n uint64) []byte {
	return strconv.AppendUint(appendName(dst, name), n, 10)
}

func appendIntField(dst []byte, name string, n int) []byte {
	return strconv.AppendInt(appendName(dst, name), int64(n), 10)
}

func appendBoolField(dst []byte, name string, on bool) []byte {
	return strconv.AppendBool(appendName(dst, name), on)
}

func appendTimeField(dst []byte, name string, at time.Time) []byte {
	return appendTime(appendName(dst, name), at)
}

// appendTime appends at as RFC 3339, UTC, milliseconds.
func appendTime(dst []byte, at time.Time) []byte {
	at = at.UTC()
	year, month, day := at.Date()
	if year < 0 || year > 9999 { // RFC 3339 has four digits
		year, month, day = 1, 1, 1
	}
	hour, minute, second := at.Clock()
	dst = append(dst, '"')
	dst = append(dst, byte('0'+year/1000), byte('0'+year/100%10))
	dst = append(appendTwo(dst, year%100), '-')
	dst = append(appendTwo(dst, int(month)), '-')
	dst = append(appendTwo(dst, day), 'T')
	dst = append(appendTwo(dst, hour), ':')
	dst = append(appendTwo(dst, minute), ':')
	dst = append(appendTwo(dst, second), '.')
	milli := at.Nanosecond() / 1e6
	dst = append(dst, byte('0'+milli/100))
	return append(appendTwo(dst, milli%100), 'Z', '"')
}

func appendTwo(dst []byte, n int) []byte {
	return append(dst, byte('0'+n/10), byte('0'+n%10))
}

// appendSession appends `,"name":"<session id>"`.
func appendSession(dst []byte, name string, id engine.SessionID) []byte {
	dst = append(appendName(dst, name), '"')
	dst = appendID(dst, engine.ID(id))
	return append(dst, '"')
}

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// appendID appends the text of engine.ID.String without making a string.
func appendID(dst []byte, id engine.ID) []byte {
	var hi, lo uint64
	for i := range 8 {
		hi = hi<<8 | uint64(id[i])
		lo = lo<<8 | uint64(id[8+i])
	}
	var text [26]byte
	for i := len(text) - 1; i >= 0; i-- {
		text[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return append(dst, text[:]...)
}

func appendAuthor(dst []byte, by engine.Author) []byte {
	dst = append(appendName(dst, "by"), `{"kind":"`...)
	dst = append(dst, by.Kind.String()...)
	dst = append(dst, '"')
	if by.Kind == engine.AuthorOperator {
		dst = appendField(dst, "id", string(by.Operator))
	}
	return append(dst, '}')
}
