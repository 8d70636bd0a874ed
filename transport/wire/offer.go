package wire

import (
	"strconv"
	"strings"
	"time"

	"github.com/parleyhq/parley/engine"
)

// An offer's id on the wire is opaque to clients: the session's id, a dot, and
// the number of the entry that made the offer.

// AppendOfferID appends an offer's id.
func AppendOfferID(dst []byte, session engine.SessionID, offer engine.Seq) []byte {
	dst = append(appendID(dst, engine.ID(session)), '.')
	return strconv.AppendUint(dst, uint64(offer), 10)
}

// ParseOfferID reads an offer's id.
func ParseOfferID(text string) (engine.SessionID, engine.Seq, bool) {
	sid, number, found := strings.Cut(text, ".")
	if !found || number == "" || number[0] < '1' || number[0] > '9' {
		return engine.SessionID{}, 0, false
	}
	session, err := engine.ParseSessionID(sid)
	if err != nil {
		return engine.SessionID{}, 0, false
	}
	seq, err := strconv.ParseUint(number, 10, 53)
	return session, engine.Seq(seq), err == nil
}

func appendOfferField(dst []byte, session engine.SessionID, offer engine.Seq) []byte {
	if offer == 0 {
		return dst
	}
	dst = append(appendName(dst, "offer_id"), '"')
	return append(AppendOfferID(dst, session, offer), '"')
}

// appendOffer appends an offer, and what it is about where that is known.
func appendOffer(dst []byte, o *engine.Offer, about *engine.Brief) []byte {
	dst = append(dst, '{')
	dst = appendOfferField(dst, o.Session, o.ID)
	dst = appendSession(dst, "sid", o.Session)
	dst = appendUintField(dst, "ep", uint64(o.Epoch))
	dst = appendField(dst, "department", string(o.Department))
	dst = appendTimeField(dst, "expires_at", o.Deadline)
	dst = appendTimeField(dst, "waiting_since", o.Waiting)
	if about != nil {
		dst = appendBrief(dst, about)
	}
	return append(dst, '}')
}

func appendBrief(dst []byte, b *engine.Brief) []byte {
	dst = appendUintField(dst, "waited_s", uint64(max(b.Waited, 0)/time.Second))
	dst = append(appendName(dst, "visitor"), '{')
	if b.Name.Len() > 0 {
		dst = appendString(appendName(dst, "name"), b.Name.Reveal())
	}
	dst = append(appendBoolField(dst, "verified", b.Verified), '}')
	if b.Subject.Len() > 0 {
		dst = appendString(appendName(dst, "subject"), b.Subject.Reveal())
	}
	dst = append(appendName(dst, "skills_met"), '[')
	for i, n := range b.Met {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendField(append(dst, '{'), "skill", n.Skill)
		dst = append(appendIntField(dst, "level", max(n.Level, 1)), '}')
	}
	dst = appendIntField(append(dst, ']'), "parallel", b.Parallel)
	if b.Rule == "" {
		return dst
	}
	dst = appendField(append(appendName(dst, "why"), '{'), "rule", b.Rule)
	return append(appendIntField(dst, "step", b.Step), '}')
}

// appendBreathing appends until when no offers come.
func appendBreathing(dst []byte, until time.Time) []byte {
	if until.IsZero() {
		return dst
	}
	return appendTimeField(dst, "breathing_until", until)
}

func appendNotice(dst []byte, n *engine.Notice) []byte {
	dst = appendField(dst, "kind", n.Kind.String())
	switch n.Kind {
	case engine.NoticeMissedPause:
		return appendIntField(appendTimeField(dst, "since", n.Since), "misses", n.Misses)
	case engine.NoticeConfigChanged:
		return appendUintField(dst, "rev", n.Rev)
	case engine.NoticeRisk:
		dst = appendField(dst, "department", string(n.Department))
		dst = appendUintField(dst, "waited_s", uint64(max(n.Waited, 0)/time.Second))
		return appendIntField(dst, "sessions", n.Sessions)
	case engine.NoticeSilent:
		dst = appendField(dst, "sid", n.Session.String())
		dst = appendField(dst, "department", string(n.Department))
		return appendField(dst, "operator", string(n.Operator))
	default:
		return dst
	}
}
