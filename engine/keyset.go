package engine

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// KeySet names an issuer of tokens that publishes its keys (RFC 7517 section 5),
// so that it can change them by itself. A token is judged by the set when its
// `iss` is the set's issuer, and then by no other key of the tenant's.
type KeySet struct {
	Issuer   string // what its tokens' `iss` says, byte for byte (RFC 7519 section 4.1.1)
	URL      string // where the keys are: https, or http to this very machine
	Audience string // what its tokens' `aud` must hold; empty: the tenant's id
}

// AudienceAt is what the `aud` of the set's tokens must hold at a tenant.
func (k KeySet) AudienceAt(tenant TenantID) string {
	if k.Audience == "" {
		return string(tenant)
	}
	return k.Audience
}

// maxIssuer bounds an issuer, an audience and an address of keys, in bytes.
const maxIssuer = 512

func (t *Tenant) validateKeySets() error {
	for name, sets := range map[string][]KeySet{"key_sets": t.KeySets, "visitor_key_sets": t.VisitorKeySets} {
		for i, k := range sets {
			if err := k.validate(); err != nil {
				return fmt.Errorf("%s: set %d: %w", name, i+1, err)
			}
			if slices.ContainsFunc(sets[:i], func(other KeySet) bool { return other.Issuer == k.Issuer }) {
				return fmt.Errorf("%s: set %d: the issuer is named twice", name, i+1)
			}
		}
	}
	// Else a visitor's token could pass for an operator's of the same name.
	for i, k := range t.VisitorKeySets {
		shared := func(other KeySet) bool {
			return (k.Issuer == other.Issuer || k.URL == other.URL) && k.AudienceAt(t.ID) == other.AudienceAt(t.ID)
		}
		if slices.ContainsFunc(t.KeySets, shared) {
			return fmt.Errorf("visitor_key_sets: set %d: it verifies operators' tokens too; the two need audiences of their own", i+1)
		}
	}
	return nil
}

func (k KeySet) validate() error {
	if k.Issuer == "" || len(k.Issuer) > maxIssuer || len(k.Audience) > maxIssuer || len(k.URL) > maxIssuer {
		return fmt.Errorf("issuer is 1 to %d bytes, audience and url at most that", maxIssuer)
	}
	if strings.ContainsRune(k.Issuer, 0) { // it ends the issuer in names of visitors
		return fmt.Errorf("issuer: holds a NUL")
	}
	u, err := url.Parse(k.URL)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "":
		return fmt.Errorf("url: want https://host/path, without a user and without what follows #")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && isThisMachine(u.Hostname()):
		return nil
	}
	return fmt.Errorf("url: want https (http only to this very machine): whoever is on the way could give keys of its own")
}

func isThisMachine(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
