package auth

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"github.com/parleyhq/parley/engine"
)

// Defaults of JWT's zero fields.
const (
	DefaultMaxTTL = 24 * time.Hour
	DefaultLeeway = 5 * time.Second
)

// MaxSubject bounds the name of a visitor, in bytes.
const MaxSubject = 255

// JWT verifies operators' and visitors' tokens. The zero value is ready; it must not be copied
// after first use. Safe from any goroutine.
type JWT struct {
	// Clock is asked what time it is. Nil means time.Now.
	Clock func() time.Time
	// MaxTTL is how far ahead `exp` may be. 0 means 24 h.
	MaxTTL time.Duration
	// Leeway forgives clocks that differ, for `nbf` and `iat`; `exp` gets none.
	// 0 means 5 s.
	Leeway time.Duration
	// Remote fetches the keys of tenants' key sets. Nil: tokens of their issuers are refused.
	Remote *Remote

	keys keyring
}

type claims struct {
	jwt.RegisteredClaims
	Roles       []string `json:"roles,omitempty"`
	Departments []string `json:"departments,omitempty"`
	visitorClaims

	published bool // the keys of the issuer's own set verify it
}

// subject is by what name the tenant knows a visitor. An issuer's `sub` is unique at
// that issuer and nowhere else (RFC 7519 section 4.1.2, OpenID Connect Core 1.0
// section 5.7), so that the one names nobody whom another issuer names, or the
// tenant itself. Neither has a NUL of its own.
func (c *claims) subject() string {
	if !c.published {
		return c.Subject
	}
	return c.Issuer + "\x00" + c.Subject
}

// Operator says who the bearer of token is at tenant. Errors: ErrAuthExpired
// for a token that was good once, ErrAuthInvalid for every other.
func (j *JWT) Operator(ctx context.Context, tenant *engine.Tenant, token string) (engine.Principal, error) {
	now := j.now()
	c, err := j.parse(ctx, tenant, operatorKeys, token, now)
	if err != nil {
		return engine.Principal{}, err
	}
	return j.principal(tenant, c)
}

// Visitor says what a visitor has proven by token: by which name the tenant knows
// it, until when that holds, and what else the tenant says of it. Errors are
// Operator's; a tenant without visitors' keys answers ErrAuthInvalid to everything.
func (j *JWT) Visitor(ctx context.Context, tenant *engine.Tenant, token string) (engine.Proof, error) {
	c, err := j.parse(ctx, tenant, visitorKeys, token, j.now())
	if err != nil {
		return engine.Proof{}, err
	}
	// A name that is not UTF-8 was changed by the decoder: two would become one. With
	// NUL in it, it could be what subject makes of another.
	if len(c.Subject) == 0 || len(c.Subject) > MaxSubject || strings.ContainsRune(c.Subject, utf8.RuneError) || strings.ContainsRune(c.Subject, 0) {
		return engine.Proof{}, invalid(engine.DenialSubject)
	}
	return engine.Proof{Subject: c.subject(), Issued: issuedOf(c), Until: c.ExpiresAt.UTC(), Rights: c.rights(), Claims: c.identity(tenant)}, nil
}

// invalid is the one answer to every token that never was good.
func invalid(why engine.Denial) *engine.Error { return engine.ErrAuthInvalid.Denied(why) }

func issuedOf(c *claims) time.Time {
	if c.IssuedAt == nil {
		return time.Time{}
	}
	return c.IssuedAt.UTC()
}

// parse verifies a token under one set of the tenant's keys and judges its
// audience and times.
func (j *JWT) parse(ctx context.Context, tenant *engine.Tenant, set keySet, token string, now time.Time) (*claims, error) {
	if token == "" {
		return nil, invalid(engine.DenialNoToken)
	}
	parser := jwt.NewParser(jwt.WithValidMethods(methods()), jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation())
	var c claims
	audience := string(tenant.ID)
	parsed, err := parser.ParseWithClaims(token, &c, func(t *jwt.Token) (key any, err error) {
		key, audience, c.published, err = j.keyFor(ctx, tenant, set, c.Issuer, t.Header)
		return key, err
	})
	if err != nil {
		return nil, unverified(parsed, err)
	}
	err = jwt.NewValidator(
		jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithAudience(audience), jwt.WithExpirationRequired(),
	).Validate(&c)
	switch {
	case onlyExpired(err):
		return nil, engine.ErrAuthExpired
	case err != nil && !j.forgives(err, &c, now):
		return nil, invalid(faultOf(err))
	}
	return &c, j.untimely(&c, now)
}

func methods() []string { return []string{algEdDSA, algES256, algHS256} }

// keyFor is the key that a token's header names, what its audience must be, and
// whether the key is published: of the issuer that it names, if the tenant has a
// key set of that issuer, and then of no other; else of the tenant's own keys.
func (j *JWT) keyFor(ctx context.Context, tenant *engine.Tenant, set keySet, issuer string, header map[string]any) (key any, audience string, published bool, err error) {
	for _, of := range set.published(tenant) {
		if issuer == of.Issuer {
			key, err := j.remoteKey(ctx, tenant, set, of, header)
			return key, of.AudienceAt(tenant.ID), true, err
		}
	}
	key, err = j.keys.find(tenant, set, header)
	return key, string(tenant.ID), false, err
}

func (j *JWT) remoteKey(ctx context.Context, tenant *engine.Tenant, set keySet, of engine.KeySet, header map[string]any) (any, error) {
	kid, _ := header["kid"].(string)
	if _, critical := header["crit"]; critical || kid == "" || j.Remote == nil {
		return nil, errUnknownKey
	}
	key, err := j.Remote.find(ctx, tenant.ID, set, of, kid)
	switch {
	case err != nil:
		return nil, err
	case key.algorithm != header["alg"]:
		return nil, invalid(engine.DenialAlgorithm)
	}
	return key.key, nil
}

// unverified is why a token's signature could not be verified, or was wrong.
func unverified(token *jwt.Token, err error) error {
	var refusal *engine.Error
	switch {
	case errors.As(err, &refusal):
		return refusal
	case errors.Is(err, jwt.ErrTokenMalformed):
		return invalid(engine.DenialMalformed)
	case token == nil || !slices.Contains(methods(), algorithmOf(token.Header)):
		return invalid(engine.DenialAlgorithm)
	}
	return invalid(engine.DenialSignature)
}

func algorithmOf(header map[string]any) string {
	name, _ := header["alg"].(string)
	return name
}

// faultOf says which claim is at fault.
func faultOf(err error) engine.Denial {
	switch {
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return engine.DenialAudience
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return engine.DenialLifetime
	default:
		return engine.DenialEarly
	}
}

func (j *JWT) now() time.Time {
	if j.Clock == nil {
		return time.Now()
	}
	return j.Clock()
}

// onlyExpired reports that everything but the time of a token is right. The
// signature was checked before the time, so nobody learns of an expired token
// who does not hold one.
func onlyExpired(err error) bool {
	return errors.Is(err, jwt.ErrTokenExpired) && !isFault(err) && !errors.Is(err, jwt.ErrTokenNotValidYet)
}

// isFault reports a fault that no clock explains.
func isFault(err error) bool {
	for _, fault := range []error{
		jwt.ErrTokenMalformed, jwt.ErrTokenUnverifiable, jwt.ErrTokenSignatureInvalid, jwt.ErrTokenRequiredClaimMissing,
		jwt.ErrTokenInvalidAudience, jwt.ErrTokenInvalidIssuer, jwt.ErrTokenInvalidSubject, jwt.ErrTokenInvalidId,
	} {
		if errors.Is(err, fault) {
			return true
		}
	}
	return false
}

// forgives reports that the one fault is a `nbf` a few seconds ahead.
func (j *JWT) forgives(err error, c *claims, now time.Time) bool {
	return errors.Is(err, jwt.ErrTokenNotValidYet) && !isFault(err) && !errors.Is(err, jwt.ErrTokenExpired) &&
		c.NotBefore != nil && !c.NotBefore.After(now.Add(j.leeway()))
}

func (j *JWT) leeway() time.Duration {
	if j.Leeway == 0 {
		return DefaultLeeway
	}
	return j.Leeway
}

// untimely refuses a token that ends too far ahead or was issued in the future.
func (j *JWT) untimely(c *claims, now time.Time) error {
	maxTTL := j.MaxTTL
	if maxTTL == 0 {
		maxTTL = DefaultMaxTTL
	}
	switch {
	case c.ExpiresAt == nil, c.ExpiresAt.After(now.Add(maxTTL)):
		return invalid(engine.DenialLifetime)
	case c.IssuedAt != nil && c.IssuedAt.After(now.Add(j.leeway())):
		return invalid(engine.DenialEarly)
	}
	return nil
}

// principal judges the claims of a token whose signature, audience and times
// are right.
func (j *JWT) principal(tenant *engine.Tenant, c *claims) (engine.Principal, error) {
	operator, declared := tenant.Operator(engine.OperatorID(c.Subject))
	if !declared {
		return engine.Principal{}, invalid(engine.DenialSubject)
	}
	departments, ok := departmentsOf(tenant, c.Departments)
	if !ok {
		return engine.Principal{}, invalid(engine.DenialDepartments)
	}
	return engine.Principal{
		Operator: operator.ID, Roles: rolesOf(c.Roles), Departments: departments, Issued: issuedOf(c), Expires: c.ExpiresAt.UTC(),
	}, nil
}

// rolesOf keeps the roles there are; others are of a later version and give no
// right.
func rolesOf(names []string) []engine.Role {
	known := []engine.Role{engine.RoleOperator, engine.RoleSupervisor, engine.RoleAdmin, engine.RoleBot, engine.RoleAuditor}
	var roles []engine.Role
	for _, name := range names {
		if role := engine.Role(name); slices.Contains(known, role) && !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	return roles
}

// departmentsOf keeps the departments there are. A claim of which nothing
// remains must not become "all": it fails.
func departmentsOf(tenant *engine.Tenant, names []string) ([]engine.DepartmentID, bool) {
	var departments []engine.DepartmentID
	for _, name := range names {
		if d, known := tenant.Department(engine.DepartmentID(name)); known && name != "" {
			departments = append(departments, d.ID)
		}
	}
	return departments, len(names) == 0 || len(departments) > 0
}
