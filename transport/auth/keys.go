package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"sync"

	"github.com/parleyhq/parley/engine"
)

const (
	algEdDSA = "EdDSA"
	algES256 = "ES256"
	algHS256 = "HS256"
)

// keySet is whose tokens a tenant's keys verify.
type keySet uint8

const (
	operatorKeys keySet = iota
	visitorKeys
	keySets
)

// of lists the tenant's keys of a set.
func (set keySet) of(tenant *engine.Tenant) []engine.TokenKey {
	if set == visitorKeys {
		return tenant.VisitorKeys
	}
	return tenant.Keys
}

// published lists the issuers whose keys are fetched, of a set.
func (set keySet) published(tenant *engine.Tenant) []engine.KeySet {
	if set == visitorKeys {
		return tenant.VisitorKeySets
	}
	return tenant.KeySets
}

// keyring remembers parsed keys. They are kept by tenant, revision, set and key,
// so that a new configuration never verifies with an old key, and two tenants or
// sets that use one key id never share a key.
type keyring struct {
	mu      sync.Mutex
	tenants map[engine.TenantID]*tenantKeys // guarded by mu
}

type tenantKeys struct {
	tenant   *engine.Tenant // whose revision the keys are of
	revision uint64
	byID     [keySets]map[string]parsed
}

type parsed struct {
	algorithm string
	key       any // ed25519.PublicKey, *ecdsa.PublicKey or []byte
	err       error
}

// find is the key that a token's header names, of the algorithm that the tenant
// declared for it.
func (r *keyring) find(tenant *engine.Tenant, set keySet, header map[string]any) (any, error) {
	if _, critical := header["crit"]; critical { // RFC 7515 section 4.1.11: no extension is understood here
		return nil, errUnknownKey
	}
	kid, _ := header["kid"].(string)
	algorithm := algorithmOf(header)
	if only := set.of(tenant); len(only) == 1 {
		if _, named := header["kid"]; !named {
			kid = only[0].ID
		}
	}
	key, known := r.of(tenant).byID[set][kid]
	switch {
	case !known || key.err != nil:
		return nil, errUnknownKey
	case key.algorithm != algorithm:
		return nil, invalid(engine.DenialAlgorithm)
	}
	return key.key, nil
}

func (r *keyring) of(tenant *engine.Tenant) *tenantKeys {
	r.mu.Lock()
	defer r.mu.Unlock()
	keys := r.tenants[tenant.ID]
	if keys != nil && keys.tenant == tenant && keys.revision == tenant.Revision {
		return keys
	}
	keys = &tenantKeys{tenant: tenant, revision: tenant.Revision}
	for set := range keySets {
		keys.byID[set] = map[string]parsed{}
		for _, k := range set.of(tenant) {
			key, err := parse(k)
			keys.byID[set][k.ID] = parsed{k.Algorithm, key, err}
		}
	}
	if r.tenants == nil {
		r.tenants = map[engine.TenantID]*tenantKeys{}
	}
	r.tenants[tenant.ID] = keys
	return keys
}

// CheckKey says what is wrong with a tenant's key, or nil: for whoever reads
// configurations and wants to say so before the first token comes.
func CheckKey(key engine.TokenKey) error {
	_, err := parse(key)
	return err
}

func parse(k engine.TokenKey) (any, error) {
	if k.Algorithm == algHS256 {
		if k.Secret.Len() < 32 {
			return nil, fmt.Errorf("key %q: an HS256 secret is at least 32 bytes", k.ID)
		}
		return k.Secret.Reveal(), nil
	}
	block, _ := pem.Decode([]byte(k.PEM))
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, fmt.Errorf("key %q: want a PEM block PUBLIC KEY", k.ID)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("key %q: %w", k.ID, err)
	}
	switch key := public.(type) {
	case ed25519.PublicKey:
		if k.Algorithm == algEdDSA {
			return key, nil
		}
	case *ecdsa.PublicKey:
		if k.Algorithm == algES256 && key.Curve == elliptic.P256() {
			return key, nil
		}
	}
	return nil, fmt.Errorf("key %q: the PEM holds no public key for %s", k.ID, k.Algorithm)
}
