package engine

import (
	"fmt"
	"log/slog"
	"strconv"
)

// Body is what a person typed. Its bytes sit behind two pointers and it prints as
// its size in every verb, in JSON and in slog, so that no log line, panic value
// or dead letter can hold somebody's words by accident. Reveal is the only way
// to the text: call it where the text is encoded for its reader or sealed.
// A Body is immutable; the zero Body is empty.
type Body struct{ boxed *box }

// box is two pointers deep: fmt follows one pointer inside a value whose methods
// it may not call, such as an unexported field, and would print what it finds.
type box struct{ text *[]byte }

// NewBody boxes text and takes ownership of it: the caller must not change the
// slice afterwards.
func NewBody(text []byte) Body {
	if len(text) == 0 {
		return Body{}
	}
	b := &struct { // one allocation for the box and what it points at
		box  box
		text []byte
	}{text: text}
	b.box.text = &b.text
	return Body{boxed: &b.box}
}

// BodyOf boxes a copy of text.
func BodyOf(text string) Body { return NewBody([]byte(text)) }

// Reveal is the text itself. The caller must not change it.
func (b Body) Reveal() []byte {
	if b.boxed == nil {
		return nil
	}
	return *b.boxed.text
}

// Len is the text's size in bytes.
func (b Body) Len() int {
	if b.boxed == nil {
		return 0
	}
	return len(*b.boxed.text)
}

// Digest distinguishes two bodies sent under one idempotency key: FNV-1a, 64
// bits. It is no secret-keeping digest; it never leaves memory.
func (b Body) Digest() uint64 {
	return digestOf(b.Reveal())
}

func digestOf[T ~string | ~[]byte](text T) uint64 {
	hash := uint64(14695981039346656037)
	for i := range len(text) {
		hash = (hash ^ uint64(text[i])) * 1099511628211
	}
	return hash
}

// String is the body's size, never its text.
func (b Body) String() string { return "body(" + strconv.Itoa(b.Len()) + " bytes)" }

// Format prints String for every verb.
func (b Body) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(b.String())) }

// MarshalText gives JSON and other encoders the size, never the text.
func (b Body) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// LogValue gives slog the size, never the text.
func (b Body) LogValue() slog.Value { return slog.StringValue(b.String()) }
