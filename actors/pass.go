package actors

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/parleyhq/parley/engine"
)

// pass is a visitor's admission: who, and the token to show next time.
type pass struct {
	visitor  engine.VisitorID
	verified bool // by a token that the tenant signed
	token    string
	expires  time.Time
	issued   time.Time // when it was made; zero: of a version that did not say
	origin   string
}

// A visitor token's claims: version, visitor, expiry in Unix seconds, when it was
// made in Unix milliseconds, then the web origin it is bound to. Sealed by the
// store under the tenant's token key. The version says whether the visitor had
// proven who it is. Versions 1 and 2 did not say when they were made.
const (
	passAnonymousOld = 1
	passVerifiedOld  = 2
	passAnonymous    = 3
	passVerified     = 4
	passHeaderOld    = 1 + 16 + 8
	passHeader       = passHeaderOld + 8
)

// subjectNames is the sort of name that a verified visitor's `sub` is.
const subjectNames = "visitor"

// admit judges what a visitor shows: a signed proof, a token, or nothing, which
// makes a new visitor.
func (s *System) admit(ctx context.Context, t *tenancy, v engine.Visit) (pass, error) {
	now := s.cfg.Clock()
	switch {
	case v.Subject != "":
		p, err := s.verify(t, v.Subject, v.Issued, v.Until, v.Origin)
		if err != nil {
			return pass{}, err
		}
		return p, s.upgrade(ctx, t, v, p.visitor, now)
	case v.Token == "":
		return s.issue(t, pass{visitor: engine.VisitorID(s.cfg.NewID(now)), expires: tokenLife(t.config(), now), origin: v.Origin})
	}
	p, err := s.openPass(t, v.Token, v.Origin, now)
	if err != nil {
		return pass{}, err
	}
	return s.renew(t, p, now)
}

// verify admits who has proven a name. The token lasts as long as the proof, and
// is never renewed without another.
func (s *System) verify(t *tenancy, subject string, issued, until time.Time, origin string) (pass, error) {
	id, err := s.cfg.Store.PseudonymOf(t.id, subjectNames, subject)
	if err != nil {
		return pass{}, err
	}
	if t.hasRevoked(id, issued) {
		return pass{}, errRevoked
	}
	return s.issue(t, pass{visitor: id, verified: true, expires: until.UTC().Truncate(time.Second), origin: origin})
}

// renew issues a token anew once it is past half its life: of an anonymous
// visitor, whose token is all that it has.
func (s *System) renew(t *tenancy, p pass, now time.Time) (pass, error) {
	if p.verified || p.expires.Sub(now) >= t.config().Limits.TokenTTL/2 {
		return p, nil
	}
	p.expires = tokenLife(t.config(), now)
	return s.issue(t, p)
}

// openPass reads a token. Errors: ErrAuthInvalid, also for one that another web
// origin was given, and ErrAuthExpired.
func (s *System) openPass(t *tenancy, token, origin string, now time.Time) (pass, error) {
	claims, err := s.cfg.Store.OpenToken(t.id, token)
	if err != nil {
		return pass{}, err
	}
	p, bound, ok := decodePass(claims)
	p.token, p.origin = token, origin
	switch {
	case !ok:
		return pass{}, engine.ErrAuthInvalid
	case bound != origin:
		return pass{}, errBound
	case t.hasRevoked(p.visitor, p.issued):
		return pass{}, errRevoked
	}
	if !now.Before(p.expires) {
		return pass{}, engine.ErrAuthExpired
	}
	return p, nil
}

// decodePass reads a token's claims, and which web origin it is bound to.
func decodePass(claims []byte) (p pass, bound string, ok bool) {
	if len(claims) < passHeaderOld || claims[0] < passAnonymousOld || claims[0] > passVerified {
		return pass{}, "", false
	}
	p.verified = claims[0] == passVerifiedOld || claims[0] == passVerified
	copy(p.visitor[:], claims[1:])
	p.expires = time.Unix(int64(binary.BigEndian.Uint64(claims[17:])), 0).UTC()
	if claims[0] <= passVerifiedOld {
		return p, string(claims[passHeaderOld:]), true
	}
	if len(claims) < passHeader {
		return pass{}, "", false
	}
	p.issued = time.UnixMilli(int64(binary.BigEndian.Uint64(claims[passHeaderOld:]))).UTC()
	return p, string(claims[passHeader:]), true
}

// issue seals a pass's token.
func (s *System) issue(t *tenancy, p pass) (pass, error) {
	claims := make([]byte, 0, passHeader+len(p.origin))
	if p.verified {
		claims = append(claims, passVerified)
	} else {
		claims = append(claims, passAnonymous)
	}
	claims = append(claims, p.visitor[:]...)
	claims = binary.BigEndian.AppendUint64(claims, uint64(p.expires.Unix()))
	p.issued = s.cfg.Clock().UTC()
	claims = binary.BigEndian.AppendUint64(claims, uint64(p.issued.UnixMilli()))
	claims = append(claims, p.origin...)
	var err error
	p.token, err = s.cfg.Store.SealToken(t.id, claims)
	return p, err
}

// tokenLife says when a token of this tenant made now ends.
func tokenLife(t *engine.Tenant, now time.Time) time.Time {
	return now.Add(t.Limits.TokenTTL).UTC().Truncate(time.Second)
}
