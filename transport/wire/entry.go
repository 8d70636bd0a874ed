package wire

import "github.com/parleyhq/parley/engine"

// entryOverhead bounds the bytes of an event beyond what people typed and
// named: keys, ids, numbers and times.
const entryOverhead = 384

// EncodeEntry encodes an event for readers of the given visibility: what
// engine.Entry.Frame asks for. Every user of Frame must pass this function, so
// that all who share an entry agree on its bytes.
func EncodeEntry(e *engine.Entry, reader engine.Visibility) []byte {
	return AppendEntry(make([]byte, 0, entryOverhead+e.Body.Len()), e, reader)
}

// AppendEntry appends an event as readers of the given visibility get it. It
// holds nothing of any single receiver.
func AppendEntry(dst []byte, e *engine.Entry, reader engine.Visibility) []byte {
	dst = append(dst, `{"k":"evt","t":"`...)
	dst = append(dst, e.Kind.String()...)
	dst = append(dst, '"')
	dst = appendSession(dst, "sid", e.Session)
	dst = appendUintField(dst, "seq", uint64(e.Seq))
	dst = appendUintField(dst, "prev", uint64(e.Prev(reader)))
	dst = appendUintField(dst, "ep", uint64(e.Epoch))
	dst = appendTimeField(dst, "at", e.At)
	dst = appendAuthor(dst, e.Author)
	dst = appendField(dst, "cid", e.ClientID)
	dst = appendField(dst, "cause", e.Cause.String())
	if e.Visibility == engine.VisibleToOperators {
		dst = append(dst, `,"vis":"operators"`...)
	}
	dst = append(dst, `,"d":{`...)
	dst = appendEntryData(dst, e, reader)
	return append(dst, '}', '}')
}

func appendEntryData(dst []byte, e *engine.Entry, reader engine.Visibility) []byte {
	switch e.Kind {
	case engine.KindMessageNew, engine.KindNoteAdded:
		return appendBody(appendName(dst, "body"), e.Format, e.Body)
	case engine.KindMessageEdited:
		return appendBody(appendName(appendUintField(dst, "target", uint64(e.Target)), "body"), e.Format, e.Body)
	case engine.KindFormFilled:
		if e.Format != engine.FormatForm { // removed
			return dst
		}
		return appendMembers(dst, e.Body)
	case engine.KindAttrsSet:
		return appendAttrsSet(dst, e)
	case engine.KindMessageRedacted:
		return appendUintField(dst, "target", uint64(e.Target))
	case engine.KindSessionClosing:
		if reader == engine.VisibleToOperators { // how long notes take is their matter
			dst = appendDeadline(dst, e)
		}
		return appendFacts(dst, e, reader)
	default:
		return appendFacts(appendServed(dst, e), e, reader)
	}
}

// appendServed appends what an entry about whose the session is says.
func appendServed(dst []byte, e *engine.Entry) []byte {
	switch e.Kind {
	case engine.KindSessionStarted, engine.KindSessionQueued:
		return appendField(dst, "department", string(e.Department))
	case engine.KindOfferMade:
		dst = appendOfferField(dst, e.Session, e.Seq)
		dst = appendField(dst, "operator", string(e.Operator))
		return appendTimeField(dst, "expires_at", e.Deadline)
	case engine.KindOfferEnded:
		dst = appendOfferField(dst, e.Session, e.Offer)
		return appendField(dst, "operator", string(e.Operator))
	case engine.KindSessionAssigned:
		dst = appendField(dst, "operator", string(e.Operator))
		return appendOfferField(dst, e.Session, e.Offer)
	case engine.KindSessionRequeued:
		dst = appendField(dst, "department", string(e.Department))
		return appendField(dst, "operator", string(e.Operator))
	case engine.KindSessionUnattended:
		return appendDeadline(appendField(dst, "department", string(e.Department)), e)
	case engine.KindSessionDetached:
		return appendDeadline(appendField(dst, "operator", string(e.Operator)), e)
	case engine.KindSessionRestored, engine.KindParticipantJoined, engine.KindParticipantLeft, engine.KindNudged:
		return appendField(dst, "operator", string(e.Operator))
	case engine.KindTransferStarted, engine.KindRatingRequested, engine.KindWrapUpExtended:
		return appendDeadline(dst, e)
	case engine.KindTransferEnded:
		return appendUintField(dst, "target", uint64(e.Target))
	default:
		return dst
	}
}

func appendDeadline(dst []byte, e *engine.Entry) []byte {
	if e.Deadline.IsZero() {
		return dst
	}
	return appendTimeField(dst, "deadline", e.Deadline)
}
