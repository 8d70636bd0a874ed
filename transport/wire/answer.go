package wire

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// AppendAnswer appends the result of a request, for readers of the given
// visibility. A Welcome is not encoded here: AppendHello does that.
func AppendAnswer(dst []byte, a *engine.Answer, reader engine.Visibility) []byte {
	if a.Err != nil {
		return appendRefusal(dst, a.Request, a.Err, a.Entries, reader)
	}
	dst = appendResult(dst, a.Request)
	switch a.Op {
	case engine.OpHistory:
		dst = append(appendEvents(dst, a.Entries, reader), `,"more":`...)
		dst = append(dst, trueOrFalse(a.More)...)
	case engine.OpIdentity:
		dst = appendSession(dst, "sid", a.Session)
		dst = appendUintField(dst, "seq", uint64(a.Seq))
		dst = appendIdentity(dst, a.Held)
	case engine.OpTargets:
		dst = appendTargets(appendSession(dst, "sid", a.Session), a.Targets)
	case engine.OpSessions:
		dst = appendBoolField(appendServedList(dst, a.Sessions), "more", a.More)
	case engine.OpWatch, engine.OpUnwatch:
		dst = appendTopics(dst, a.Topics)
	case engine.OpBan:
		dst = appendBanned(dst, a.Visitor)
	case engine.OpVisitor:
		dst = appendVisitorInfo(dst, a.Visitor)
	case engine.OpDepartments:
		dst = appendListed(dst, a.Departments)
	case engine.OpExplain:
		dst = appendSession(dst, "sid", a.Session)
		dst = appendDecisions(dst, a.Decisions)
	case engine.OpIntent:
		if a.Intent != nil {
			dst = appendIntent(dst, *a.Intent)
		}
	case engine.OpFile:
		dst = appendLink(dst, a.File, "upload_url")
	case engine.OpFetch:
		dst = appendLink(dst, a.File, "url")
	case engine.OpStart, engine.OpMessage, engine.OpEdit, engine.OpRedact, engine.OpIdentify, engine.OpClose, engine.OpAccept, engine.OpReject:
		dst = appendSession(dst, "sid", a.Session)
		dst = appendUintField(dst, "seq", uint64(a.Seq))
		dst = appendTimeField(dst, "at", a.At)
		if a.Op == engine.OpStart || a.Op == engine.OpAccept {
			dst = appendUintField(dst, "ep", uint64(a.Epoch))
		}
		if a.Op == engine.OpStart {
			dst = appendField(dst, "state", a.State.String())
		}
	default:
		dst = appendServedAnswer(dst, a)
	}
	return append(dst, '}', '}')
}

// appendServedAnswer appends the result of what was asked about whose a session is.
// What changed nothing that is logged has no number: to join once more, or hidden.
func appendServedAnswer(dst []byte, a *engine.Answer) []byte {
	switch a.Op {
	case engine.OpPick, engine.OpTakeover, engine.OpContinue, engine.OpRelease, engine.OpTransfer, engine.OpTransferCancel, engine.OpJoin,
		engine.OpLeave, engine.OpSet, engine.OpRate, engine.OpNote, engine.OpLeaveQueue, engine.OpHandoff, engine.OpWrapUpExtend, engine.OpWrapUpDone:
	default: // read.mark and away.set say nothing
		return dst
	}
	dst = appendSession(dst, "sid", a.Session)
	if a.Seq > 0 {
		dst = appendUintField(dst, "seq", uint64(a.Seq))
	}
	if !a.At.IsZero() {
		dst = appendTimeField(dst, "at", a.At)
	}
	switch a.Op {
	case engine.OpPick, engine.OpTakeover, engine.OpContinue:
		dst = appendUintField(dst, "ep", uint64(a.Epoch))
	default:
	}
	if a.Op == engine.OpContinue {
		dst = appendField(dst, "state", a.State.String())
	}
	return dst
}

// AppendRefusal appends the result of a request that was refused.
func AppendRefusal(dst []byte, request string, err *engine.Error) []byte {
	return appendRefusal(dst, request, err, nil, engine.VisibleToAll)
}

// appendResult appends a successful result up to and with the opening brace of d.
func appendResult(dst []byte, request string) []byte {
	dst = append(dst, `{"k":"res","id":`...)
	return append(appendString(dst, request), `,"ok":true,"d":{`...)
}

func appendRefusal(dst []byte, request string, err *engine.Error, missed []*engine.Entry, reader engine.Visibility) []byte {
	err = outward(err)
	dst = append(dst, `{"k":"res","id":`...)
	dst = append(appendString(dst, request), `,"ok":false,"e":{"code":`...)
	dst = appendString(dst, err.Code)
	dst = appendString(appendName(dst, "message"), err.Message)
	if err.Retry > 0 {
		dst = appendRetry(dst, err.Retry)
	}
	if len(err.Fields) > 0 {
		dst = append(appendName(dst, "fields"), '[')
		for i, field := range err.Fields {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, field)
		}
		dst = append(dst, ']')
	}
	if err.Seq > 0 {
		dst = appendUintField(dst, "seq", uint64(err.Seq))
	}
	if err.Max > 0 {
		dst = appendUintField(dst, "max", uint64(err.Max))
	}
	if err.Epoch > 0 {
		dst = appendUintField(dst, "current", uint64(err.Epoch))
	}
	if !err.Opens.IsZero() {
		dst = appendTimeField(dst, "opens_at", err.Opens)
	}
	if !err.Ends.IsZero() {
		dst = appendTimeField(dst, "until", err.Ends)
	}
	if err.Code == engine.ErrStaleView.Code {
		dst = appendEvents(append(dst, ','), missed, reader)
	}
	return append(dst, '}', '}')
}

// outward is the error as clients may know it: what happens inside stays there.
func outward(err *engine.Error) *engine.Error {
	switch err.Code {
	case engine.ErrFull.Code:
		return engine.ErrBusy.After(max(err.Retry, time.Second))
	case engine.ErrUnknown.Code:
		return engine.ErrNotFound
	case engine.ErrFenced.Code, engine.ErrCorrupt.Code, "":
		return engine.ErrInternal
	default:
		return err
	}
}

// appendEvents appends `"events":[…]`.
func appendEvents(dst []byte, entries []*engine.Entry, reader engine.Visibility) []byte {
	dst = append(dst, `"events":[`...)
	first := true
	for _, e := range entries {
		if !e.IsVisible(reader) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		dst = AppendEntry(dst, e, reader)
		first = false
	}
	return append(dst, ']')
}

func appendRetry(dst []byte, retry time.Duration) []byte {
	return appendUintField(dst, "retry_after_ms", uint64(max(retry, 0).Milliseconds()))
}

func trueOrFalse(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// Code is an error's code as clients see it.
func Code(err *engine.Error) string { return outward(err).Code }
