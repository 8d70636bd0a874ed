package persistence

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/keyring"
	"github.com/parleyhq/parley/persistence/seal"
)

// tenant is what the store knows of a tenant: its number and its keys. It is
// immutable and is kept for the life of the store.
type tenant struct {
	name   engine.TenantID
	number tenantNumber
	kek    *seal.Key          // wraps the others and the subjects' keys
	index  [seal.KeySize]byte // keyed digests
	token  *seal.Key          // visitors' tokens
	row    *seal.Key          // open sessions' rows, intents
	refs   [len(tenantKinds)]keyring.Ref
	// err says that a key could not be loaded: everything of this tenant answers it.
	err error
}

// tenantKinds are a tenant's keys in the order of its row t.
var tenantKinds = [...]keyring.Kind{keyring.KindTenant, keyring.KindIndex, keyring.KindToken, keyring.KindRow}

const tenantRowLen = 1 + 8 + len(tenantKinds)*8

// nameDigest binds a tenant's keys to its name: rows t are not sealed, and two
// that are exchanged must not exchange the tenants.
func nameDigest(name engine.TenantID) (id keyring.ID) {
	sum := sha256.Sum256([]byte("parley tenant\x00" + string(name)))
	copy(id[:], sum[:])
	return id
}

func tenantOwner(name engine.TenantID, number tenantNumber, kind keyring.Kind) keyring.Owner {
	return keyring.Owner{Kind: kind, Tenant: uint64(number), Own: nameDigest(name), Generation: keyGeneration}
}

// newTenant draws a tenant's keys and adds their slots to the batch. It answers
// the value of its row t as well.
func newTenant(cache *seal.Cache, root *seal.Key, slots *keyring.Batch, name engine.TenantID, number tenantNumber) (*tenant, []byte, error) {
	t := &tenant{name: name, number: number}
	value := binary.BigEndian.AppendUint64([]byte{valueVersion}, uint64(number))
	under := root
	for i, kind := range tenantKinds {
		key := seal.NewKey()
		ref, err := slots.Add(tenantOwner(name, number, kind), &key, under)
		if err != nil {
			return nil, nil, err
		}
		t.refs[i] = ref
		t.keep(cache, kind, &key)
		value = appendRef(value, ref)
		under = t.kek
	}
	return t, value, nil
}

// keep takes a key into memory and clears the caller's copy.
func (t *tenant) keep(cache *seal.Cache, kind keyring.Kind, key *[seal.KeySize]byte) {
	switch kind {
	case keyring.KindTenant:
		t.kek = seal.NewCache(1).Key(key) // of its own: never evicted, and never plaintext
	case keyring.KindIndex:
		t.index = *key
	case keyring.KindToken:
		t.token = seal.NewCache(1).Key(key)
	case keyring.KindRow:
		t.row = cache.Key(key)
	}
	clear(key[:])
}

// loadTenant reads a row t and unwraps the tenant's keys. A tenant whose keys
// are erased or corrupt is known, with its err.
func loadTenant(cache *seal.Cache, ring *keyring.Ring, name engine.TenantID, value []byte) (*tenant, error) {
	if len(value) != tenantRowLen || value[0] != valueVersion {
		return nil, fmt.Errorf("row of tenant %s: %w", name, engine.ErrCorrupt)
	}
	t := &tenant{name: name, number: tenantNumber(binary.BigEndian.Uint64(value[1:]))}
	under := ring.Key()
	for i, kind := range tenantKinds {
		t.refs[i] = readRef(value[9+8*i:])
		key, err := ring.Load(t.refs[i], tenantOwner(name, t.number, kind), under)
		if err != nil {
			t.err = fmt.Errorf("keys of tenant %s: %w", name, err)
			return t, nil
		}
		t.keep(cache, kind, &key)
		under = t.kek
	}
	return t, nil
}

// tag is the keyed digest under which an operator is found.
func (t *tenant) tag(operator engine.OperatorID) [16]byte {
	return t.pseudonym("operator", string(operator))
}

func (t *tenant) subjectOwner(visitor engine.VisitorID) keyring.Owner {
	return keyring.Owner{Kind: keyring.KindSubject, Tenant: uint64(t.number), Own: keyring.ID(visitor), Generation: keyGeneration}
}

func (t *tenant) sessionOwner(session engine.SessionID, visitor engine.VisitorID, generation uint32) keyring.Owner {
	return keyring.Owner{
		Kind: keyring.KindSession, Tenant: uint64(t.number), Own: keyring.ID(session),
		Parent: keyring.ID(visitor), Generation: generation,
	}
}
