package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
)

// What is taken of a published key set (RFC 7517): public keys for signatures,
// of the two types whose algorithm follows from the type, so that a token cannot
// choose (RFC 8725 section 3.1). Shared secrets never come from a network.

// maxKeys bounds the keys of one set.
const maxKeys = 64

// jwk is one key (RFC 7517 section 4, RFC 7518 section 6.2, RFC 8037 section 2).
type jwk struct {
	Type       string   `json:"kty"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	Algorithm  string   `json:"alg"`
	ID         string   `json:"kid"`
	Curve      string   `json:"crv"`
	X          string   `json:"x"`
	Y          string   `json:"y"`
	D          string   `json:"d"` // a private key: see usable
}

var errKeySet = errors.New("not a key set")

// parseKeySet reads the keys that can be used, by kid. What is of another type,
// use or curve, has no kid, or gives its private half away is left out (RFC 7517
// section 5); so are keys that share a kid, of which none can be told from the others.
func parseKeySet(text []byte) (map[string]parsed, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil || set.Keys == nil || len(set.Keys) > maxKeys {
		return nil, errKeySet
	}
	keys, twice := map[string]parsed{}, map[string]bool{}
	for _, raw := range set.Keys {
		var k jwk
		if json.Unmarshal(raw, &k) != nil || k.ID == "" || len(k.ID) > maxKeyID {
			continue
		}
		key, ok := k.usable()
		if !ok {
			continue
		}
		if _, seen := keys[k.ID]; seen {
			twice[k.ID] = true
		}
		keys[k.ID] = key
	}
	for id := range twice {
		delete(keys, id)
	}
	return keys, nil
}

// usable is the key with the one algorithm that its type has.
func (k *jwk) usable() (parsed, bool) {
	if k.D != "" || k.Use != "" && k.Use != "sig" || len(k.Operations) > 0 && !slices.Contains(k.Operations, "verify") {
		return parsed{}, false
	}
	switch {
	case k.Type == "OKP" && k.Curve == "Ed25519" && (k.Algorithm == "" || k.Algorithm == algEdDSA || k.Algorithm == "Ed25519"):
		x, ok := coordinate(k.X)
		return parsed{algorithm: algEdDSA, key: ed25519.PublicKey(x)}, ok
	case k.Type == "EC" && k.Curve == "P-256" && (k.Algorithm == "" || k.Algorithm == algES256):
		x, okX := coordinate(k.X)
		y, okY := coordinate(k.Y)
		if !okX || !okY {
			return parsed{}, false
		}
		point := slices.Concat([]byte{4}, x, y) // SEC 1 section 2.3.3: uncompressed
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
		return parsed{algorithm: algES256, key: key}, err == nil
	}
	return parsed{}, false
}

// coordinate is 32 bytes in base64url without padding (RFC 7518 section 6.2.1.2).
func coordinate(text string) ([]byte, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return b, err == nil && len(b) == 32
}
