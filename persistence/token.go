package persistence

import (
	"encoding/base64"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/seal"
)

// maxToken bounds what OpenToken looks at, in characters.
const maxToken = 4096

// SealToken seals a visitor's claims under the tenant's token key, as URL-safe
// text without padding. Nobody but this store can read or make one. A tenant that
// the store does not know yet is made first, which takes a sync.
func (s *Store) SealToken(name engine.TenantID, claims []byte) (string, error) {
	t, err := s.ensureTenant(name)
	if err != nil {
		return "", err
	}
	sealed, err := t.token.Seal(&seal.Scratch{}, nil, tokenPlace(name), keyGeneration, claims)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// OpenToken answers the claims that SealToken sealed for the tenant. Whatever is
// wrong with a token, the answer is engine.ErrAuthInvalid and takes as long: one
// decryption is done in every case.
func (s *Store) OpenToken(name engine.TenantID, token string) ([]byte, error) {
	t := s.tenant(name)
	known := t != nil && t.err == nil
	key := s.ring.Key() // opens no token, at the same price
	if known {
		key = t.token
	}
	sealed, err := base64.RawURLEncoding.DecodeString(token[:min(len(token), maxToken)])
	if err != nil || len(sealed) < seal.Overhead || len(token) > maxToken {
		known = false
		sealed = append([]byte{seal.Version, 0, 0, 0, keyGeneration}, make([]byte, seal.Overhead)...)
	}
	claims, err := key.Open(&seal.Scratch{}, nil, tokenPlace(name), keyGeneration, sealed)
	if err != nil || !known {
		return nil, engine.ErrAuthInvalid
	}
	return claims, nil
}

func tokenPlace(name engine.TenantID) []byte { return append([]byte("token\x00"), name...) }

// ensureTenant finds a tenant, or has the writer make it and waits for the sync.
func (s *Store) ensureTenant(name engine.TenantID) (*tenant, error) {
	if t := s.tenant(name); t != nil {
		return t, t.err
	}
	answer := make(chan error, 1)
	nothing := func(*writer, *tenant) error { return nil }
	s.put(&putOp{tenant: name, write: nothing, done: func(err error) { answer <- err }})
	if err := <-answer; err != nil {
		return nil, err
	}
	return s.tenant(name), nil
}
