package persistence

import (
	"crypto/hmac"
	"crypto/sha256"

	"github.com/parleyhq/parley/engine"
)

// PseudonymOf is the id under which the store knows somebody by a name of the
// tenant's: HMAC-SHA256(index key, kind, 0, name)[:16]. The name itself is stored
// nowhere, and without the tenant's index key nobody can try names out; once that
// key is destroyed nobody can at all. kind says what sort of name it is, and holds
// no zero byte. A tenant that the store does not know yet is made first, which
// takes a sync.
func (s *Store) PseudonymOf(name engine.TenantID, kind, who string) ([16]byte, error) {
	t, err := s.ensureTenant(name)
	if err != nil {
		return [16]byte{}, err
	}
	return t.pseudonym(kind, who), nil
}

func (t *tenant) pseudonym(kind, who string) (id [16]byte) {
	mac := hmac.New(sha256.New, t.index[:])
	mac.Write([]byte(kind))
	mac.Write([]byte{0})
	mac.Write([]byte(who))
	copy(id[:], mac.Sum(nil))
	return id
}
