package auth

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/parleyhq/parley/engine"
)

// visitorClaims are what a visitor's token may say about the visitor: the names
// are OpenID Connect's (Core 1.0 section 5.1), but for lawful_basis, attributes and
// priority: whether it may state a priority, and needs that no step drops.
type visitorClaims struct {
	Email         text       `json:"email,omitempty"`
	EmailVerified *flag      `json:"email_verified,omitempty"`
	Phone         text       `json:"phone_number,omitempty"`
	PhoneVerified *flag      `json:"phone_number_verified,omitempty"`
	Name          text       `json:"name,omitempty"`
	Basis         text       `json:"lawful_basis,omitempty"`
	Attributes    attributes `json:"attributes,omitempty"`
	Priority      flag       `json:"priority,omitempty"`
}

// rights are what the tenant lets the visitor ask for.
func (c *visitorClaims) rights() engine.Rights {
	if c.Priority {
		return engine.RightPriority
	}
	return 0
}

// identity is what the claims say, as far as it can be held at the tenant: a
// claim that is malformed, or that the tenant does not declare, is left out. Nil:
// nothing.
func (c *visitorClaims) identity(tenant *engine.Tenant) *engine.IdentityChange {
	change := &engine.IdentityChange{}
	change.Basis, _ = engine.ParseBasis(string(c.Basis))
	add := func(name string, value text, verified *flag) {
		a := engine.Attr{Name: name, Value: engine.BodyOf(string(value)), Verified: verified == nil || bool(*verified)}
		one := &engine.IdentityChange{Basis: engine.BasisConsent, Set: []engine.Attr{a}}
		if value != "" && len(engine.CheckIdentity(one, tenant.Attributes)) == 0 {
			change.Set = append(change.Set, a)
		}
	}
	add(engine.AttrEmail, c.Email, c.EmailVerified)
	add(engine.AttrPhone, c.Phone, c.PhoneVerified)
	add(engine.AttrName, c.Name, nil)
	for _, name := range tenant.Attributes {
		add(name, c.Attributes[name], nil)
	}
	if len(change.Set) == 0 {
		return nil
	}
	slices.SortFunc(change.Set, func(a, b engine.Attr) int { return strings.Compare(a.Name, b.Name) })
	return change
}

var errNumericDate = errors.New("a time must be a number")

// UnmarshalJSON reads a token's claims. Its times must be numbers (NumericDate, RFC
// 7519 section 2); the library takes a number in a string as well, which other
// readers of the same token would not.
func (c *claims) UnmarshalJSON(b []byte) error {
	type plain claims
	if err := json.Unmarshal(b, (*plain)(c)); err != nil {
		return err
	}
	var times struct {
		Expires   json.RawMessage `json:"exp"`
		NotBefore json.RawMessage `json:"nbf"`
		Issued    json.RawMessage `json:"iat"`
	}
	if err := json.Unmarshal(b, &times); err != nil {
		return err
	}
	for _, at := range []json.RawMessage{times.Expires, times.NotBefore, times.Issued} {
		if len(at) > 0 && at[0] == '"' {
			return errNumericDate
		}
	}
	return nil
}

// The types below take what an issuer puts into a claim of that name for purposes
// of its own: what is of another type says nothing, and spoils no token.

type text string

// UnmarshalJSON reads a string, and nothing else.
func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) != nil {
		s = ""
	}
	*t = text(s)
	return nil
}

type flag bool

// UnmarshalJSON reads true; anything else is false: it vouches for nothing.
func (f *flag) UnmarshalJSON(b []byte) error {
	*f = string(b) == "true"
	return nil
}

type attributes map[string]text

// UnmarshalJSON reads an object, and nothing else.
func (a *attributes) UnmarshalJSON(b []byte) error {
	var m map[string]text
	if json.Unmarshal(b, &m) != nil {
		m = nil
	}
	*a = m
	return nil
}
