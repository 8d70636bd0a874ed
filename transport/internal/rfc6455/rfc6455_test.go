package rfc6455

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func borrow() *[]byte { return new([]byte) }

func nothing(byte, []byte) error { return nil }

func TestValidatorAgreesWithUTF8(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(rapid.OneOf(
			rapid.String(),
			rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) }),
			rapid.Custom(func(t *rapid.T) string {
				s := []byte(rapid.StringN(1, -1, -1).Draw(t, "text"))
				s[rapid.IntRange(0, len(s)-1).Draw(t, "at")] ^= byte(1 << rapid.IntRange(0, 7).Draw(t, "bit"))
				return string(s)
			}),
		).Draw(t, "text"))
		var v Validator
		good := true
		for rest := text; len(rest) > 0 && good; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			good = v.Write(rest[:n])
			rest = rest[n:]
		}
		if got, want := good && v.Complete(), utf8.Valid(text); got != want {
			t.Fatalf("%q: got %v, want %v", text, got, want)
		}
	})
}

// It fails at the very byte after which nothing valid can follow.
func TestValidatorFailsEarly(t *testing.T) {
	for _, tt := range []struct {
		text string
		at   int
	}{
		{"abc\xff", 3}, {"\xc0\x80", 0}, {"\xf4\x90", 1}, {"\xed\xa0", 1}, {"\xf8", 0}, {"é\x80", 2}, {"\xe6\xbc(", 2},
	} {
		var v Validator
		for i := range len(tt.text) {
			if good := v.Write([]byte{tt.text[i]}); good != (i < tt.at) {
				t.Errorf("%q byte %d: got %v", tt.text, i, good)
				break
			}
		}
	}
}

func TestMaskIsItsOwnInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		mask := [4]byte{1, 0x7f, 0x80, 0xff}
		data := bytes.Clone(plain)
		for i := range data {
			data[i] ^= mask[i&3]
		}
		at, offset := 0, 0
		for at < len(data) { // in pieces
			n := rapid.IntRange(1, len(data)-at).Draw(t, "n")
			offset = Mask(data[at:at+n], mask, offset)
			at += n
		}
		if !bytes.Equal(data, plain) {
			t.Fatalf("got %x, want %x", data, plain)
		}
	})
}

// Whatever the sizes and however the bytes come, messages arrive as sent.
func TestMessagesRoundTrip(t *testing.T) {
	sizes := []int{0, 1, 125, 126, 127, 500, 511, 512, 513, 65535, 65536, 70000}
	for _, role := range []Role{ServerSide, ClientSide} {
		var stream []byte
		var want []string
		for _, size := range sizes {
			text := strings.Repeat("ab", size/2+1)[:size]
			want = append(want, text)
			if role == ServerSide {
				stream = AppendMasked(stream, OpText, []byte(text), [4]byte{9, 8, 7, 6})
			} else {
				stream = append(AppendHeader(stream, OpText, size), text...)
			}
		}
		for name, from := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "halves": iotest.HalfReader, "bytes": iotest.OneByteReader, "with errors": iotest.DataErrReader,
		} {
			r := NewReader(from(bytes.NewReader(stream)), role, 512, 1<<20, nothing)
			for i, text := range want {
				got, err := r.Next(borrow)
				if err != nil || string(*got) != text {
					t.Fatalf("%s, message %d of %d bytes: got %v", name, i, len(text), err)
				}
			}
			if _, err := r.Next(borrow); !errors.Is(err, io.EOF) {
				t.Errorf("%s: at the end: got %v, want EOF", name, err)
			}
		}
	}
}

func TestNoBufferIsBorrowedForSilence(t *testing.T) {
	stream := AppendMasked(nil, OpPing, []byte("x"), [4]byte{})
	r := NewReader(bytes.NewReader(stream), ServerSide, 512, 100, nothing)
	if got, err := r.Next(func() *[]byte { t.Error("borrowed"); return new([]byte) }); got != nil || !errors.Is(err, io.EOF) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestKeys(t *testing.T) {
	if got := Accept("dGhlIHNhbXBsZSBub25jZQ=="); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" { // RFC 6455 section 1.3
		t.Errorf("got %s", got)
	}
	for key, want := range map[string]bool{
		"dGhlIHNhbXBsZSBub25jZQ==": true, "": false, "x": false, "dGhlIHNhbXBsZSBub25jZQ=": false,
		"dGhlIHNhbXBsZSBub25jZR==": false, "dGhlIHNhbXBsZSBub25jZTEy": false,
	} {
		if got := IsKey([]byte(key)); got != want {
			t.Errorf("%q: got %v, want %v", key, got, want)
		}
	}
}

// No bytes make the reader panic, or hand over more than its limit or what is
// not UTF-8.
func FuzzReader(f *testing.F) {
	f.Add(AppendMasked(nil, OpText, []byte("héllo"), [4]byte{1, 2, 3, 4}))
	f.Add(AppendMasked(AppendMasked(nil, OpPing, nil, [4]byte{}), OpClose, AppendClose(nil, 1000, "bye"), [4]byte{5}))
	f.Add([]byte{0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := NewReader(iotest.HalfReader(bytes.NewReader(stream)), ServerSide, 128, 1000, func(opcode byte, payload []byte) error {
			if opcode < OpClose || len(payload) > 125 {
				t.Errorf("control %d of %d bytes", opcode, len(payload))
			}
			return nil
		})
		for {
			message, err := r.Next(borrow)
			if err != nil {
				return
			}
			if len(*message) > 1000 || !utf8.Valid(*message) {
				t.Fatalf("got %d bytes", len(*message))
			}
		}
	})
}

func BenchmarkNext(b *testing.B) {
	frame := AppendMasked(nil, OpText, bytes.Repeat([]byte("x"), 200), [4]byte{byte(rand.Uint32()), 2, 3, 4})
	src := &endless{frame: frame}
	r := NewReader(src, ServerSide, 512, 1<<16, nothing)
	buffer := make([]byte, 0, 1024)
	lend := func() *[]byte { return &buffer }
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Next(lend); err != nil {
			b.Fatal(err)
		}
	}
}

type endless struct {
	frame []byte
	at    int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.frame[e.at:])
	e.at = (e.at + n) % len(e.frame)
	return n, nil
}
