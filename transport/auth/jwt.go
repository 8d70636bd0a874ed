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

	keys keyring
}

type claims struct {
	jwt.RegisteredClaims
	Roles       []string `json:"roles,omitempty"`
	Departments []string `json:"departments,omitempty"`
}

// Operator says who the bearer of token is at tenant. Errors: ErrAuthExpired
// for a token that was good once, ErrAuthInvalid for every other.
func (j *JWT) Operator(_ context.Context, tenant *engine.Tenant, token string) (engine.Principal, error) {
	now := j.now()
	c, err := j.parse(tenant, operatorKeys, token, now)
	if err != nil {
		return engine.Principal{}, err
	}
	return j.principal(tenant, c)
}

// Visitor says by which name the tenant knows the visitor who bears token, and
// until when the token holds. Errors are Operator's; a tenant without visitors'
// keys answers ErrAuthInvalid to everything.
func (j *JWT) Visitor(_ context.Context, tenant *engine.Tenant, token string) (subject string, until time.Time, err error) {
	c, err := j.parse(tenant, visitorKeys, token, j.now())
	if err != nil {
		return "", time.Time{}, err
	}
	// A name that is not UTF-8 was changed by the decoder: two would become one.
	if len(c.Subject) == 0 || len(c.Subject) > MaxSubject || strings.ContainsRune(c.Subject, utf8.RuneError) {
		return "", time.Time{}, engine.ErrAuthInvalid
	}
	return c.Subject, c.ExpiresAt.UTC(), nil
}

// parse verifies a token under one set of the tenant's keys and judges its
// audience and times.
func (j *JWT) parse(tenant *engine.Tenant, set keySet, token string, now time.Time) (*claims, error) {
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{algEdDSA, algES256, algHS256}),
		jwt.WithTimeFunc(func() time.Time { return now }),
		jwt.WithAudience(string(tenant.ID)),
		jwt.WithExpirationRequired(),
		jwt.WithStrictDecoding(),
	)
	var c claims
	_, err := parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		return j.keys.find(tenant, set, t.Header)
	})
	switch {
	case onlyExpired(err):
		return nil, engine.ErrAuthExpired
	case err != nil && !j.forgives(err, &c, now), !j.isTimely(&c, now):
		return nil, engine.ErrAuthInvalid
	}
	return &c, nil
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

// isTimely reports that a token neither ends too far ahead nor was issued in the
// future.
func (j *JWT) isTimely(c *claims, now time.Time) bool {
	maxTTL := j.MaxTTL
	if maxTTL == 0 {
		maxTTL = DefaultMaxTTL
	}
	return c.ExpiresAt != nil && !c.ExpiresAt.After(now.Add(maxTTL)) &&
		(c.IssuedAt == nil || !c.IssuedAt.After(now.Add(j.leeway())))
}

// principal judges the claims of a token whose signature, audience and times
// are right.
func (j *JWT) principal(tenant *engine.Tenant, c *claims) (engine.Principal, error) {
	operator, declared := tenant.Operator(engine.OperatorID(c.Subject))
	if !declared {
		return engine.Principal{}, engine.ErrAuthInvalid
	}
	departments, ok := departmentsOf(tenant, c.Departments)
	if !ok {
		return engine.Principal{}, engine.ErrAuthInvalid
	}
	p := engine.Principal{Operator: operator.ID, Roles: rolesOf(c.Roles), Departments: departments, Expires: c.ExpiresAt.UTC()}
	if c.IssuedAt != nil {
		p.Issued = c.IssuedAt.UTC()
	}
	return p, nil
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
