package transport

import (
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/internal/rfc6455"
)

// ending is why a connection ends.
type ending uint8

const (
	endNone ending = iota
	endBye
	endProtocol
	endBinary
	endInvalidUTF8
	endTooLarge
	endInternal
	endShutdown
	endSlowConsumer
	endFailed
	endNoPong
	endAuthFailed
	endAuthTimeout
	endOrigin
	endTooMany
	endSignedOut
	endBadFrames
	endRateLimited
	endVersion
	endAuthExpired
	endBadAck
	endSuspended
	endGone // the other end vanished; nobody is there to be told
	endings
)

// farewell is what the client is told.
type farewell struct {
	code      int
	reason    string        // the word in bye, and the metric's label
	reconnect string        // advice; empty when the client chose to leave
	retry     time.Duration // the least wait, of reconnect "after"
}

const (
	adviceYes   = "yes"
	adviceAfter = "after"
	adviceToken = "with_new_token"
	adviceNo    = "no"
)

// farewellOf is the one table of close codes; docs/PROTOCOL.md has the same, and
// a test compares them.
func farewellOf(e ending) farewell {
	switch e {
	case endBye:
		return farewell{rfc6455.CloseNormal, "bye", "", 0}
	case endProtocol:
		return farewell{rfc6455.CloseProtocol, "protocol_error", adviceNo, 0}
	case endBinary:
		return farewell{rfc6455.CloseUnsupported, "binary_frame", adviceNo, 0}
	case endInvalidUTF8:
		return farewell{rfc6455.CloseInvalidUTF8, "invalid_utf8", adviceNo, 0}
	case endTooLarge:
		return farewell{rfc6455.CloseTooBig, "frame_too_large", adviceNo, 0}
	case endShutdown:
		return farewell{4000, "shutdown", adviceAfter, time.Second}
	case endSlowConsumer:
		return farewell{4001, "slow_consumer", adviceYes, 0}
	case endFailed:
		return farewell{4002, "failed", adviceAfter, 2 * time.Second}
	case endNoPong:
		return farewell{4003, "no_pong", adviceYes, 0}
	case endAuthFailed:
		return farewell{4500, "auth_failed", adviceToken, 0}
	case endAuthTimeout:
		return farewell{4004, "auth_timeout", adviceYes, 0}
	case endOrigin:
		return farewell{4502, "origin_not_allowed", adviceNo, 0}
	case endTooMany:
		return farewell{4503, "too_many_connections", adviceNo, 0}
	case endSignedOut:
		return farewell{4504, "signed_out", adviceNo, 0}
	case endBadFrames:
		return farewell{4505, "bad_frames", adviceNo, 0}
	case endRateLimited:
		return farewell{4506, "rate_limited", adviceNo, 0}
	case endVersion:
		return farewell{4507, "unsupported_version", adviceNo, 0}
	case endAuthExpired:
		return farewell{4508, "auth_expired", adviceToken, 0}
	case endBadAck:
		return farewell{4509, "bad_ack", adviceNo, 0}
	case endSuspended:
		return farewell{4510, "tenant_suspended", adviceNo, 0}
	case endGone:
		return farewell{rfc6455.CloseNoStatus, "gone", "", 0}
	default:
		return farewell{rfc6455.CloseInternal, "internal", adviceAfter, 2 * time.Second}
	}
}

// endingOf maps what the engine says.
func endingOf(reason engine.Reason) ending {
	switch reason {
	case engine.ReasonShutdown:
		return endShutdown
	case engine.ReasonSlowConsumer:
		return endSlowConsumer
	case engine.ReasonTooMany:
		return endTooMany
	case engine.ReasonSignedOut:
		return endSignedOut
	case engine.ReasonSuspended:
		return endSuspended
	default:
		return endFailed
	}
}

// endingOfFault maps what the client's bytes got wrong.
func endingOfFault(fault *rfc6455.Fault) ending {
	switch fault.Code {
	case rfc6455.CloseUnsupported:
		return endBinary
	case rfc6455.CloseInvalidUTF8:
		return endInvalidUTF8
	case rfc6455.CloseTooBig:
		return endTooLarge
	default:
		return endProtocol
	}
}

// endingOfRefusal maps why a connection was not seated.
func endingOfRefusal(err *engine.Error) ending {
	switch err.Code {
	case engine.ErrOriginNotAllowed.Code:
		return endOrigin
	case engine.ErrTooManyConnections.Code:
		return endTooMany
	case engine.ErrUnsupportedVersion.Code:
		return endVersion
	case engine.ErrBadFrame.Code, engine.ErrBadRequest.Code, engine.ErrUnknownOp.Code:
		return endBadFrames
	case engine.ErrInternal.Code:
		return endInternal
	case engine.ErrBusy.Code, engine.ErrFull.Code:
		return endFailed
	default:
		return endAuthFailed
	}
}
