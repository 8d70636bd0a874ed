package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/parleyhq/parley/engine"
)

// Claims is what a token is to say.
type Claims struct {
	Tenant      engine.TenantID
	Operator    engine.OperatorID
	Roles       []engine.Role         // none: RoleOperator
	Departments []engine.DepartmentID // none: all of the operator's
	Issued      time.Time
	TTL         time.Duration // 0 means 8 h
}

// Sign mints an operator's token. key is the secret's []byte for HS256, an
// ed25519.PrivateKey for EdDSA, an *ecdsa.PrivateKey on P-256 for ES256; the
// algorithm follows from its type. kid may be empty if the tenant has one key.
func Sign(key any, kid string, c Claims) (string, error) {
	if c.TTL == 0 {
		c.TTL = 8 * time.Hour
	}
	if len(c.Roles) == 0 {
		c.Roles = []engine.Role{engine.RoleOperator}
	}
	body := claims{RegisteredClaims: jwt.RegisteredClaims{
		Subject: string(c.Operator), Audience: jwt.ClaimStrings{string(c.Tenant)},
		IssuedAt: jwt.NewNumericDate(c.Issued), ExpiresAt: jwt.NewNumericDate(c.Issued.Add(c.TTL)),
	}}
	for _, role := range c.Roles {
		body.Roles = append(body.Roles, string(role))
	}
	for _, d := range c.Departments {
		body.Departments = append(body.Departments, string(d))
	}
	return sign(key, kid, c.Tenant, body)
}

// VisitorClaims is what a visitor's token is to say.
type VisitorClaims struct {
	Tenant  engine.TenantID
	Subject string // the tenant's own name for the visitor, at most MaxSubject bytes
	Issued  time.Time
	TTL     time.Duration // 0 means 1 h
	// Priority lets the visitor state a priority and hard needs when it starts.
	Priority bool
}

// SignVisitor mints a visitor's token; key and kid are as for Sign.
func SignVisitor(key any, kid string, c VisitorClaims) (string, error) {
	if len(c.Subject) == 0 || len(c.Subject) > MaxSubject {
		return "", fmt.Errorf("sign a visitor's token of tenant %s: the subject has %d bytes: want 1 to %d", c.Tenant, len(c.Subject), MaxSubject)
	}
	if c.TTL == 0 {
		c.TTL = time.Hour
	}
	return sign(key, kid, c.Tenant, claims{RegisteredClaims: jwt.RegisteredClaims{
		Subject: c.Subject, Audience: jwt.ClaimStrings{string(c.Tenant)},
		IssuedAt: jwt.NewNumericDate(c.Issued), ExpiresAt: jwt.NewNumericDate(c.Issued.Add(c.TTL)),
	}, visitorClaims: visitorClaims{Priority: flag(c.Priority)}})
}

func sign(key any, kid string, tenant engine.TenantID, body claims) (string, error) {
	method, err := methodOf(key)
	if err != nil {
		return "", err
	}
	token := jwt.NewWithClaims(method, body)
	if kid != "" {
		token.Header["kid"] = kid
	}
	signed, err := token.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign a token of tenant %s: %w", tenant, err)
	}
	return signed, nil
}

func methodOf(key any) (jwt.SigningMethod, error) {
	switch k := key.(type) {
	case []byte:
		return jwt.SigningMethodHS256, nil
	case ed25519.PrivateKey:
		return jwt.SigningMethodEdDSA, nil
	case *ecdsa.PrivateKey:
		return jwt.SigningMethodES256, nil
	case crypto.Signer:
		return nil, fmt.Errorf("sign a token: no algorithm for keys of type %T", k)
	default:
		return nil, fmt.Errorf("sign a token: want a secret, an Ed25519 or a P-256 private key, got %T", key)
	}
}
