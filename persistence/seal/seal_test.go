package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newTestKey(c *Cache) *Key {
	key := NewKey()
	return c.Key(&key)
}

// TestSealOpens: what was sealed opens at its place and generation, and nowhere
// else.
func TestSealOpens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, s := newTestKey(NewCache(2)), &Scratch{}
		plain, place := rapid.SliceOf(rapid.Byte()).Draw(t, "plain"), rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "place")
		generation := rapid.Uint32().Draw(t, "generation")
		sealed, err := k.Seal(s, nil, place, generation, plain)
		if err != nil || (len(sealed)-Overhead)%Block != 0 || len(sealed) <= len(plain)+Overhead {
			t.Fatalf("sealed %d bytes into %d, error %v", len(plain), len(sealed), err)
		}
		if got, err := k.Open(s, []byte("before"), place, generation, sealed); err != nil || string(got) != "before"+string(plain) {
			t.Fatalf("open: got %d bytes, error %v", len(got), err)
		}
		at := rapid.IntRange(0, len(sealed)-1).Draw(t, "flip")
		flipped := bytes.Clone(sealed)
		flipped[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		elsewhere := append(bytes.Clone(place[:len(place)-1]), place[len(place)-1]+1)
		for what, open := range map[string]func() ([]byte, error){
			"flipped":            func() ([]byte, error) { return k.Open(s, nil, place, generation, flipped) },
			"cut":                func() ([]byte, error) { return k.Open(s, nil, place, generation, sealed[:at]) },
			"elsewhere":          func() ([]byte, error) { return k.Open(s, nil, elsewhere, generation, sealed) },
			"another generation": func() ([]byte, error) { return k.Open(s, nil, place, generation+1, sealed) },
			"another key":        func() ([]byte, error) { return newTestKey(NewCache(1)).Open(s, nil, place, generation, sealed) },
		} {
			if got, err := open(); !errors.Is(err, ErrOpen) || len(got) != 0 {
				t.Fatalf("%s: got %d bytes, error %v, want %v", what, len(got), err, ErrOpen)
			}
		}
	})
}

// TestSealIsRandom: the same text twice is two different values.
func TestSealIsRandom(t *testing.T) {
	k, s := newTestKey(NewCache(1)), &Scratch{}
	first, _ := k.Seal(s, nil, []byte("p"), 1, []byte("text"))
	second, _ := k.Seal(s, nil, []byte("p"), 1, []byte("text"))
	if bytes.Equal(first, second) {
		t.Fatal("two sealings are equal: a nonce was used twice")
	}
}

func TestForgottenKey(t *testing.T) {
	k, s := newTestKey(NewCache(1)), &Scratch{}
	clone, err := k.Clone()
	if err != nil {
		t.Fatal(err)
	}
	sealed, _ := k.Seal(s, nil, nil, 1, []byte("text"))
	k.Forget()
	if _, err := k.Seal(s, nil, nil, 1, nil); !errors.Is(err, ErrForgotten) {
		t.Errorf("seal: got %v, want %v", err, ErrForgotten)
	}
	if _, err := k.Open(s, nil, nil, 1, sealed); !errors.Is(err, ErrForgotten) {
		t.Errorf("open: got %v, want %v", err, ErrForgotten)
	}
	if _, err := k.Clone(); !errors.Is(err, ErrForgotten) {
		t.Errorf("clone: got %v, want %v", err, ErrForgotten)
	}
	if k.key != [KeySize]byte{} {
		t.Error("the key's bytes are still there")
	}
	if got, err := clone.Open(s, nil, nil, 1, sealed); err != nil || string(got) != "text" {
		t.Errorf("the clone lives on: got %q, error %v", got, err)
	}
}

// TestCacheIsBounded: more keys than places, and each still works.
func TestCacheIsBounded(t *testing.T) {
	c := NewCache(4)
	var keys []*Key
	for range 20 {
		keys = append(keys, newTestKey(c))
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			s := &Scratch{}
			for _, k := range keys {
				sealed, _ := k.Seal(s, nil, []byte("p"), 1, []byte("text"))
				if got, err := k.Open(s, nil, []byte("p"), 1, sealed); err != nil || string(got) != "text" {
					t.Errorf("got %q, error %v", got, err)
				}
			}
		})
	}
	all.Wait()
	held := 0
	for _, k := range keys {
		if k.cipher.Load() != nil {
			held++
		}
	}
	if held == 0 || held > 4 {
		t.Fatalf("%d keys hold a cipher object, want 1 to 4", held)
	}
}

func TestWrap(t *testing.T) {
	k, inner := newTestKey(NewCache(1)), NewKey()
	wrapped, err := k.Wrap(nil, []byte("slot 5"), &inner)
	if err != nil || len(wrapped) != WrappedSize {
		t.Fatalf("got %d bytes, error %v, want %d", len(wrapped), err, WrappedSize)
	}
	if got, err := k.Unwrap([]byte("slot 5"), wrapped); err != nil || got != inner {
		t.Errorf("unwrap: %v", err)
	}
	if _, err := k.Unwrap([]byte("slot 6"), wrapped); !errors.Is(err, ErrOpen) {
		t.Errorf("unwrap in another slot: got %v, want %v", err, ErrOpen)
	}
}

func TestRootFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "root.key")
	if _, err := RootFromFile(path); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("no file: got %v", err)
	}
	if err := GenerateRootFile(path); err != nil {
		t.Fatal(err)
	}
	if err := GenerateRootFile(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("generated over a key: got %v, want %v", err, fs.ErrExist)
	}
	info, _ := os.Stat(path)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, want 0600", info.Mode().Perm())
	}
	first, err := RootFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	second, _ := RootFromFile(path)
	sealed, _ := first.Seal([]byte("key"), []byte("a"))
	if got, err := second.Open(sealed, []byte("a")); err != nil || string(got) != "key" || first.ID() != second.ID() {
		t.Errorf("the same file read twice: got %q, error %v", got, err)
	}
	if _, err := second.Open(sealed, []byte("b")); !errors.Is(err, ErrRootKey) {
		t.Errorf("other additional data: got %v, want %v", err, ErrRootKey)
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o660} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := RootFromFile(path); !errors.Is(err, ErrRootKey) || !strings.Contains(err.Error(), "0600") {
			t.Errorf("mode %v: got %v, want it refused", mode, err)
		}
	}
}

func TestRootForms(t *testing.T) {
	key := bytes.Repeat([]byte{0xfb}, KeySize)
	want, err := NewRoot(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		hex.EncodeToString(key), strings.ToUpper(hex.EncodeToString(key)) + "\n", base64.StdEncoding.EncodeToString(key),
		base64.RawURLEncoding.EncodeToString(key),
	} {
		if got, err := RootFromText(text); err != nil || got.ID() != want.ID() {
			t.Errorf("text of %d characters: %v", len(text), err)
		}
	}
	path := filepath.Join(t.TempDir(), "raw")
	if err := os.WriteFile(path, key, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := RootFromFile(path); err != nil || got.ID() != want.ID() {
		t.Errorf("raw file: %v", err)
	}
	for _, text := range []string{"", "secret-canary-7f3a", hex.EncodeToString(key[:31]), strings.Repeat("z", 64)} {
		if _, err := RootFromText(text); !errors.Is(err, ErrRootKey) || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("bad text of %d characters: got %v", len(text), err)
		}
	}
	if _, err := NewRoot(key[:16]); !errors.Is(err, ErrRootKey) {
		t.Errorf("short key: got %v", err)
	}
}

func BenchmarkSeal200(b *testing.B) {
	k, s := newTestKey(NewCache(1)), &Scratch{}
	plain, place := make([]byte, 200), make([]byte, 33)
	var sealed []byte
	b.ReportAllocs()
	for b.Loop() {
		sealed, _ = k.Seal(s, sealed[:0], place, 1, plain)
	}
}

func BenchmarkOpen200(b *testing.B) {
	k, s := newTestKey(NewCache(1)), &Scratch{}
	place := make([]byte, 33)
	sealed, _ := k.Seal(s, nil, place, 1, make([]byte, 200))
	var plain []byte
	b.ReportAllocs()
	for b.Loop() {
		plain, _ = k.Open(s, plain[:0], place, 1, sealed)
	}
}

// BenchmarkSealWithoutCache makes the cipher object anew each time, as a cache
// that is far too small does.
func BenchmarkSealWithoutCache(b *testing.B) {
	c, s := NewCache(1), &Scratch{}
	keys := []*Key{newTestKey(c), newTestKey(c)}
	plain, place := make([]byte, 200), make([]byte, 33)
	var sealed []byte
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		sealed, _ = keys[i%2].Seal(s, sealed[:0], place, 1, plain)
	}
}
