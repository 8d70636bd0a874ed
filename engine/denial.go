package engine

import "errors"

// Denial says why somebody was not let in, or not let stay: a closed list for
// audit trails and metrics. It never goes to a client, who learns the error's code
// alone: what exactly was wrong with a token is nobody's business who forges one.
type Denial uint8

// The denials.
const (
	DenialNone         Denial = iota
	DenialNoToken             // none was shown
	DenialMalformed           // it is no token of any kind that is read here
	DenialAlgorithm           // signed otherwise than its key is for (RFC 8725 section 3.1)
	DenialKeyUnknown          // it names no key of the tenant's
	DenialKeys                // the issuer's keys cannot be fetched
	DenialSignature           // the signature is not the key's
	DenialAudience            // it was made for somebody else
	DenialExpired             // it was good once
	DenialEarly               // it is not good yet
	DenialLifetime            // it has no end, or one too far ahead
	DenialSubject             // it names nobody who may be named here
	DenialDepartments         // it names departments of which none exists
	DenialRole                // its roles do not allow this
	DenialRevoked             // it was issued before its bearer was signed out
	DenialBound               // it is bound to another web origin
	DenialSomebodyElse        // it is good, and another's than who is seated
	DenialOrigin              // the page's web origin is not on the tenant's list
	DenialTenant              // no such tenant
	DenialConnections         // too many connections
	DenialVersion             // another version of the protocol
	DenialOrder               // something else came before auth
	DenialRequest             // the request to be let in is not well-formed
	DenialTimeout             // no auth came in time
	DenialUnavailable         // the server cannot tell now
	DenialInternal            // the server failed
	denials
)

var denialNames = [...]string{
	"", "no_token", "malformed", "algorithm", "key_unknown", "keys_unavailable", "signature", "audience", "expired", "early", "lifetime",
	"subject", "departments", "role", "revoked", "bound", "somebody_else", "origin", "tenant", "connections", "version", "order", "request",
	"timeout", "unavailable", "internal",
}

func (d Denial) String() string { return nameOf(denialNames[:], int(d), "denial") }

// Denials lists every denial there is.
func Denials() []Denial {
	all := make([]Denial, 0, denials-1)
	for d := DenialNone + 1; d < denials; d++ {
		all = append(all, d)
	}
	return all
}

// Denied copies the error, saying why to the audit trail.
func (e *Error) Denied(why Denial) *Error { c := *e; c.Denial = why; return &c }

// DenialOf is why an attempt to be let in failed: what the error says, or else
// what its code means.
func DenialOf(err error) Denial {
	var refusal *Error
	if !errors.As(err, &refusal) {
		return DenialInternal
	}
	if refusal.Denial != DenialNone {
		return refusal.Denial
	}
	switch refusal.Code {
	case ErrAuthInvalid.Code:
		return DenialMalformed
	case ErrAuthExpired.Code:
		return DenialExpired
	case ErrAuthRequired.Code:
		return DenialOrder
	case ErrForbidden.Code:
		return DenialSomebodyElse
	case ErrOriginNotAllowed.Code:
		return DenialOrigin
	case ErrTenantUnknown.Code:
		return DenialTenant
	case ErrTooManyConnections.Code:
		return DenialConnections
	case ErrUnsupportedVersion.Code:
		return DenialVersion
	case ErrBadFrame.Code, ErrBadRequest.Code, ErrUnknownOp.Code, ErrTooLarge.Code:
		return DenialRequest
	case ErrBusy.Code, ErrFull.Code:
		return DenialUnavailable
	default:
		return DenialInternal
	}
}
