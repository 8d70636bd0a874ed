package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// KeySize is the size of every key of the hierarchy in bytes.
const KeySize = 32

// Root is the root key: it wraps the one key under which a keyring's tenant
// keys are wrapped. It is called when a store is opened and never on the
// message path, so that an implementation may ask a key service. Safe from any
// goroutine.
type Root interface {
	// ID names the key without revealing it: 1 to 64 printable characters that
	// are the same at every start. It tells a wrong key from a damaged file.
	ID() string
	// Seal encrypts a small key; the additional data must be given again to Open.
	// The result is at most 2,048 bytes.
	Seal(plaintext, additional []byte) ([]byte, error)
	// Open decrypts what Seal made, or fails.
	Open(sealed, additional []byte) ([]byte, error)
}

// ErrRootKey is wrapped by every error about a root key that cannot be used.
var ErrRootKey = errors.New("root key")

// localRoot is a root key that the process holds itself.
type localRoot struct {
	id   string
	aead cipher.AEAD
}

// NewRoot makes a root key of 32 bytes that the caller holds. The bytes are
// copied.
func NewRoot(key []byte) (Root, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("%w: want %d bytes, got %d", ErrRootKey, KeySize, len(key))
	}
	aead, err := newAEAD(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRootKey, err)
	}
	name := hmac.New(sha256.New, key)
	name.Write([]byte("parley root key id v1"))
	return &localRoot{id: hex.EncodeToString(name.Sum(nil)[:8]), aead: aead}, nil
}

// RootFromText makes a root key of its text, 64 hexadecimal digits or the
// base64 of 32 bytes, as it stands in an environment variable. Errors never
// hold the text.
func RootFromText(text string) (Root, error) {
	text = strings.TrimSpace(text)
	for _, decode := range []func(string) ([]byte, error){
		hex.DecodeString,
		base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
		base64.URLEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
	} {
		if key, err := decode(text); err == nil && len(key) == KeySize {
			return NewRoot(key)
		}
	}
	return nil, fmt.Errorf("%w: want 64 hexadecimal digits or the base64 of %d bytes, got %d characters",
		ErrRootKey, KeySize, len(text))
}

func (r *localRoot) ID() string { return r.id }

func (r *localRoot) Seal(plaintext, additional []byte) ([]byte, error) {
	return r.aead.Seal(nil, nil, plaintext, additional), nil
}

func (r *localRoot) Open(sealed, additional []byte) ([]byte, error) {
	key, err := r.aead.Open(nil, nil, sealed, additional)
	if err != nil {
		return nil, fmt.Errorf("%w %s: does not open what is sealed", ErrRootKey, r.id)
	}
	return key, nil
}

// newAEAD is AES-256-GCM with random nonces, about 350 ns and 1.3 KB to make.
func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
