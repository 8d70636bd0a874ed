package wire

import (
	"strconv"
	"strings"

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

func appendOffer(dst []byte, o *engine.Offer) []byte {
	dst = append(dst, '{')
	dst = appendOfferField(dst, o.Session, o.ID)
	dst = appendSession(dst, "sid", o.Session)
	dst = appendUintField(dst, "ep", uint64(o.Epoch))
	dst = appendField(dst, "department", string(o.Department))
	dst = appendTimeField(dst, "expires_at", o.Deadline)
	dst = appendTimeField(dst, "waiting_since", o.Waiting)
	return append(dst, '}')
}
