package rest

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/parleyhq/parley/engine"
)

// problem is a refusal as its reader gets it. Source: RFC 9457 section 3; code
// and what follows it are extension members with the names of the WebSocket
// protocol's errors.
type problem struct {
	Type    string   `json:"type"`
	Title   string   `json:"title"`
	Status  int      `json:"status"`
	Code    string   `json:"code"`
	Retry   int64    `json:"retry_after_ms,omitempty"`
	Seq     uint64   `json:"seq,omitempty"`
	Current uint64   `json:"current,omitempty"`
	Opens   string   `json:"opens_at,omitempty"`
	Until   string   `json:"until,omitempty"`
	Fields  []string `json:"fields,omitempty"`
}

// public is an error as the outside may see it: kinds that speak of the
// inside are replaced, and everything unknown is internal.
func public(err error) *engine.Error {
	var kind *engine.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return engine.ErrBusy.After(time.Second).Because("no answer in time; repeat with the same Idempotency-Key")
	case !errors.As(err, &kind):
		return engine.ErrInternal
	}
	switch kind.Code {
	case engine.ErrFull.Code:
		return engine.ErrBusy.After(kind.Retry)
	case engine.ErrUnknown.Code:
		return engine.ErrNotFound
	case engine.ErrTenantUnknown.Code:
		return engine.ErrAuthInvalid
	case engine.ErrFenced.Code, engine.ErrCorrupt.Code:
		return engine.ErrInternal
	}
	return kind
}

// status maps an error's code to HTTP's. Source: RFC 9110 section 15.
func status(code string) int {
	switch code {
	case engine.ErrBadRequest.Code, engine.ErrBadFrame.Code, engine.ErrUnknownOp.Code:
		return fasthttp.StatusBadRequest
	case engine.ErrAuthRequired.Code, engine.ErrAuthInvalid.Code, engine.ErrAuthExpired.Code:
		return fasthttp.StatusUnauthorized
	case engine.ErrForbidden.Code, engine.ErrNotOwner.Code, engine.ErrBanned.Code:
		return fasthttp.StatusForbidden
	case engine.ErrNotFound.Code:
		return fasthttp.StatusNotFound
	case engine.ErrStaleEpoch.Code, engine.ErrStaleView.Code, engine.ErrOfferGone.Code, engine.ErrOfferNotYours.Code,
		engine.ErrStaleRevision.Code, engine.ErrAlreadyOwner.Code, engine.ErrTransferPending.Code, engine.ErrTargetOffline.Code, engine.ErrTargetFull.Code,
		engine.ErrTargetNotMember.Code, engine.ErrCapacityExceeded.Code, engine.ErrDepartmentClosed.Code, engine.ErrDepartmentAway.Code:
		return fasthttp.StatusConflict
	case engine.ErrPrecondition.Code:
		return fasthttp.StatusPreconditionFailed
	case engine.ErrErased.Code, engine.ErrClosed.Code:
		return fasthttp.StatusGone
	case engine.ErrTooLarge.Code:
		return fasthttp.StatusRequestEntityTooLarge
	case engine.ErrIdemConflict.Code:
		return fasthttp.StatusUnprocessableEntity
	case engine.ErrRateLimited.Code:
		return fasthttp.StatusTooManyRequests
	case engine.ErrBusy.Code, engine.ErrQueueFull.Code, engine.ErrTooManyConnections.Code:
		return fasthttp.StatusServiceUnavailable
	}
	return fasthttp.StatusInternalServerError
}

func writeProblem(ctx *fasthttp.RequestCtx, kind *engine.Error) {
	writeProblemStatus(ctx, kind, status(kind.Code))
}

// writeRefusal answers a request that has no route.
func writeRefusal(ctx *fasthttp.RequestCtx, r *refusal) {
	if r.allow == "" {
		writeProblem(ctx, r.kind)
		return
	}
	writeProblemStatus(ctx, r.kind, fasthttp.StatusMethodNotAllowed)
	ctx.Response.Header.Set(fasthttp.HeaderAllow, r.allow)
}

func writeProblemStatus(ctx *fasthttp.RequestCtx, kind *engine.Error, status int) {
	title := kind.Message
	if title == "" {
		title = kind.Code
	}
	body, _ := json.Marshal(problem{ // holds strings and numbers only: cannot fail
		Type: "urn:parley:problem:" + kind.Code, Title: title, Status: status, Code: kind.Code,
		Retry: kind.Retry.Milliseconds(), Seq: uint64(kind.Seq), Current: uint64(kind.Epoch), Opens: stamp(kind.Opens), Until: stamp(kind.Ends), Fields: kind.Fields,
	})
	ctx.Response.Reset()
	ctx.SetStatusCode(status)
	setCommonHeaders(ctx)
	ctx.SetContentType("application/problem+json")
	if status == fasthttp.StatusUnauthorized {
		ctx.Response.Header.Set(fasthttp.HeaderWWWAuthenticate, `Bearer realm="parley"`)
	}
	if kind.Retry > 0 {
		seconds := (kind.Retry + time.Second - 1) / time.Second // the header knows whole seconds only
		ctx.Response.Header.Set(fasthttp.HeaderRetryAfter, strconv.Itoa(int(seconds)))
	}
	ctx.SetBody(body)
}
