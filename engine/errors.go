package engine

import (
	"errors"
	"time"
)

// Error is a kind of refusal with a stable code, the one that goes on the wire
// (docs/PROTOCOL.md lists them). Compare with errors.Is: two Errors are the same
// kind when their codes are equal, whatever else they carry.
type Error struct {
	Code    string        // stable; part of the protocol
	Message string        // for people; may change; holds no personal data
	Retry   time.Duration // when trying again makes sense; 0 means the refusal is final
	Seq     Seq           // the entry the refusal points at, e.g. the closing one; 0 if none
	Epoch   Epoch         // the current epoch, of ErrStaleEpoch
	Fields  []string      // the request's fields that are wrong, of ErrBadRequest
	Opens   time.Time     // of ErrDepartmentClosed: when it opens; zero: not known
	Denial  Denial        // of a refused attempt to be let in: why, for the audit trail alone
	Ends    time.Time     // of ErrBanned: until when
	Max     int64         // bytes that would be allowed, of ErrTooLarge; 0 if not said
}

func (e *Error) Error() string {
	if e.Message == "" {
		return e.Code
	}
	return e.Code + ": " + e.Message
}

// Is reports whether target is the same kind of refusal.
func (e *Error) Is(target error) bool {
	var other *Error
	return e != nil && errors.As(target, &other) && other != nil && other.Code == e.Code
}

// The kinds of refusal. Callers branch on these by errors.Is; a site that has
// more to say copies one with With… below.
var (
	ErrBadFrame           = &Error{Code: "bad_frame", Message: "the frame is not one of this protocol"}
	ErrBadRequest         = &Error{Code: "bad_request", Message: "a field is missing or malformed"}
	ErrUnknownOp          = &Error{Code: "unknown_op", Message: "no such operation"}
	ErrUnsupportedVersion = &Error{Code: "unsupported_version", Message: "this protocol version is not spoken here"}
	ErrAuthRequired       = &Error{Code: "auth_required", Message: "the first request must be auth"}
	ErrAuthInvalid        = &Error{Code: "auth_invalid", Message: "the token is not valid here"}
	ErrAuthExpired        = &Error{Code: "auth_expired", Message: "the token has expired"}
	ErrForbidden          = &Error{Code: "forbidden", Message: "not allowed"}
	ErrOriginNotAllowed   = &Error{Code: "origin_not_allowed", Message: "this web origin is not on the tenant's list"}
	ErrTenantUnknown      = &Error{Code: "tenant_unknown", Message: "no such tenant"}
	ErrNotFound           = &Error{Code: "not_found", Message: "no such thing, or not yours"}
	ErrClosed             = &Error{Code: "session_closed", Message: "the session is closed"}
	ErrOfferGone          = &Error{Code: "offer_gone", Message: "the offer has ended"}
	ErrOfferNotYours      = &Error{Code: "offer_not_yours", Message: "the offer was made to somebody else"}
	ErrNotOwner           = &Error{Code: "not_owner", Message: "only the session's operator may do this"}
	ErrStaleEpoch         = &Error{Code: "stale_epoch", Message: "the session has changed hands meanwhile"}
	ErrStaleView          = &Error{Code: "stale_view", Message: "somebody wrote meanwhile"}
	ErrIdemConflict       = &Error{Code: "idem_conflict", Message: "this idempotency key was used with another body"}
	ErrTooLarge           = &Error{Code: "too_large", Message: "larger than allowed"}
	ErrTypeNotAllowed     = &Error{Code: "type_not_allowed", Message: "files of this type are not taken"}
	ErrFileMismatch       = &Error{Code: "file_mismatch", Message: "the bytes are not what was announced"}
	ErrRateLimited        = &Error{Code: "rate_limited", Message: "too many requests", Retry: time.Second}
	ErrTooManyConnections = &Error{Code: "too_many_connections", Message: "no more connections allowed"}
	ErrQueueFull          = &Error{Code: "queue_full", Message: "the waiting line is full"}
	ErrBusy               = &Error{Code: "unavailable", Message: "busy, try again", Retry: 250 * time.Millisecond}
	ErrFull               = &Error{Code: "storage_full", Message: "the store is out of space", Retry: 10 * time.Second}
	ErrPrecondition       = &Error{Code: "precondition_failed", Message: "it has changed since you read it"}
	ErrErased             = &Error{Code: "erased", Message: "erased on request"}
	ErrDepartmentClosed   = &Error{Code: "department_closed", Message: "the department is closed"}
	ErrDepartmentAway     = &Error{Code: "department_away", Message: "nobody is there"}
	ErrAlreadyOwner       = &Error{Code: "already_owner", Message: "the session is yours already"}
	ErrTargetOffline      = &Error{Code: "target_offline", Message: "the target is not there"}
	ErrTargetFull         = &Error{Code: "target_full", Message: "the target has no room"}
	ErrTargetNotMember    = &Error{Code: "target_not_member", Message: "the target may not take this session"}
	ErrTransferPending    = &Error{Code: "transfer_pending", Message: "a transfer is under way"}
	ErrCapacityExceeded   = &Error{Code: "capacity_exceeded", Message: "no room for another session"}
	ErrStaleRevision      = &Error{Code: "stale_revision", Message: "changed by somebody else meanwhile"}
	ErrBanned             = &Error{Code: "banned", Message: "banned for the time being"}
	ErrInternal           = &Error{Code: "internal", Message: "the server failed; it has been recorded"}

	// The next three never reach a client.
	ErrFenced  = &Error{Code: "fenced", Message: "a newer activation owns the session"}
	ErrUnknown = &Error{Code: "unknown_session", Message: "the store does not know the session"}
	ErrCorrupt = &Error{Code: "corrupt", Message: "stored bytes fail their check"}
)

// At copies the error, pointing at an entry.
func (e *Error) At(seq Seq) *Error { c := *e; c.Seq = seq; return &c }

// InEpoch copies the error, naming the current epoch.
func (e *Error) InEpoch(epoch Epoch) *Error { c := *e; c.Epoch = epoch; return &c }

// In copies the error, naming the fields at fault.
func (e *Error) In(fields ...string) *Error { c := *e; c.Fields = fields; return &c }

// After copies the error with the wait before another try.
// It is told in whole milliseconds, so it is rounded up to one: what is told as 0 says
// that trying again is in vain.
func (e *Error) After(retry time.Duration) *Error {
	c := *e
	c.Retry = (retry + time.Millisecond - 1).Truncate(time.Millisecond)
	return &c
}

// Until copies the error, saying when the department opens.
func (e *Error) Until(opens time.Time) *Error { c := *e; c.Opens = opens; return &c }

// EndsAt copies the error, saying until when it holds.
func (e *Error) EndsAt(ends time.Time) *Error { c := *e; c.Ends = ends; return &c }

// UpTo copies the error, saying how many bytes would be allowed.
func (e *Error) UpTo(bytes int64) *Error { c := *e; c.Max = bytes; return &c }

// Because copies the error with a message of the site's own. The message must
// hold ids and counts only.
func (e *Error) Because(message string) *Error { c := *e; c.Message = message; return &c }
