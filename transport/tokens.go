package transport

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"

	"github.com/parleyhq/parley/engine"
)

// TokenSealer seals what clients are handed to be shown again, under a key of the
// tenant's. *persistence.Store is one. SealToken may wait when a tenant has its
// first token sealed; no actor calls it.
type TokenSealer interface {
	SealToken(tenant engine.TenantID, claims []byte) (string, error)
	// OpenToken undoes SealToken; anything else is engine.ErrAuthInvalid.
	OpenToken(tenant engine.TenantID, token string) ([]byte, error)
}

// ownTokens seals under a key that lives as long as the server.
type ownTokens struct{ key cipher.AEAD }

func newOwnTokens() *ownTokens {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	block, err := aes.NewCipher(secret[:])
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	key, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // AES is a block cipher of 128 bits
	}
	return &ownTokens{key}
}

func (o *ownTokens) SealToken(tenant engine.TenantID, claims []byte) (string, error) {
	return base64.RawURLEncoding.EncodeToString(o.key.Seal(nil, nil, claims, []byte(tenant))), nil
}

func (o *ownTokens) OpenToken(tenant engine.TenantID, token string) ([]byte, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return nil, engine.ErrAuthInvalid
	}
	claims, err := o.key.Open(nil, nil, sealed, []byte(tenant))
	if err != nil {
		return nil, engine.ErrAuthInvalid
	}
	return claims, nil
}
