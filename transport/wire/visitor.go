package wire

import "github.com/parleyhq/parley/engine"

// takeVisitor reads one member about a visitor or its ban.
func (p *params) takeVisitor(name string, value []byte) (field fields, good bool) {
	switch name {
	case "visitor":
		p.visitor, good = visitorOf(value)
		return fieldVisitor, good
	default:
		n, ok := wholeOf(value)
		p.days = int(min(n, engine.MaxBanDays+1))
		return fieldDays, ok && n <= engine.MaxBanDays
	}
}

// judgeReason refuses a reason that is none of a ban's.
func (p *params) judgeReason() {
	if _, known := engine.ParseBanReason(p.draft.Reason); !known && p.seen&fieldReason != 0 {
		p.wrong |= fieldReason
	}
}

// visitorOf fills in what is asked about a visitor.
func (p *params) visitorOf(d *engine.Draft, op engine.Op) {
	d.Visitor = p.visitor
	if op == engine.OpBan {
		reason, _ := engine.ParseBanReason(p.draft.Reason)
		d.Ban = &engine.BanOrder{Days: p.days, Reason: reason}
	}
}

func visitorOf(value []byte) (engine.VisitorID, bool) {
	id, ok := sessionOf(value)
	return engine.VisitorID(id), ok
}

// appendWhom appends whom a request is about, as a client says it.
func appendWhom(dst []byte, d *engine.Draft) []byte {
	if !d.Visitor.IsZero() {
		dst = appendVisitor(dst, d.Visitor)
	}
	if !d.Session.IsZero() {
		dst = appendSession(dst, "sid", d.Session)
	}
	return dst
}

func appendBanOrder(dst []byte, o *engine.BanOrder) []byte {
	if o == nil {
		return dst
	}
	return appendField(appendIntField(dst, "days", o.Days), "reason", o.Reason.String())
}

func appendVisitor(dst []byte, id engine.VisitorID) []byte {
	dst = append(appendName(dst, "visitor"), '"')
	return append(appendID(dst, engine.ID(id)), '"')
}

// appendBanned appends whom an order was about, and the ban that it made; without
// until there is none.
func appendBanned(dst []byte, v *engine.VisitorInfo) []byte {
	if v == nil {
		v = &engine.VisitorInfo{}
	}
	return appendBan(appendVisitor(dst, v.Visitor), v.Ban)
}

func appendBan(dst []byte, b engine.Ban) []byte {
	if b.Until.IsZero() {
		return dst
	}
	dst = appendTimeField(dst, "until", b.Until)
	dst = appendField(dst, "reason", b.Reason.String())
	dst = append(appendName(dst, "by"), '{')
	dst = appendField(dst, "kind", b.By.Kind.String())
	dst = append(appendField(dst, "id", string(b.By.Operator)), '}')
	return appendTimeField(dst, "at", b.At)
}

// appendVisitorInfo appends what a visitor is, for operators.
func appendVisitorInfo(dst []byte, v *engine.VisitorInfo) []byte {
	if v == nil {
		return dst
	}
	dst = appendSession(appendVisitor(dst, v.Visitor), "sid", v.Session)
	dst = appendBoolField(dst, "verified", v.Verified)
	if !v.Since.IsZero() {
		dst = appendTimeField(dst, "since", v.Since)
	}
	dst = appendIdentity(appendUintField(dst, "seq", uint64(v.Identity.Revision())), v.Identity)
	dst = appendIntField(dst, "sessions", v.Sessions)
	dst = append(appendName(dst, "last"), '[')
	for i := range v.Last {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendListedSession(append(dst, '{'), &v.Last[i]), '}')
	}
	dst = append(dst, ']')
	if v.Ban.Until.IsZero() {
		return dst
	}
	dst = appendBan(append(appendName(dst, "banned"), '{'), v.Ban)
	return append(dst, '}')
}

// appendServedList appends chats that operators have.
func appendServedList(dst []byte, all []engine.ListedSession) []byte {
	dst = append(appendName(dst, "sessions"), '[')
	for i := range all {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendListedSession(append(dst, '{'), &all[i]), '}')
	}
	return append(dst, ']')
}

func appendListedSession(dst []byte, s *engine.ListedSession) []byte {
	dst = appendSession(dst, "sid", s.Session)
	dst = appendField(dst, "state", s.State.String())
	dst = appendField(dst, "department", string(s.Department))
	dst = appendField(dst, "owner", string(s.Owner))
	dst = appendTimeField(dst, "began_at", s.Began)
	if !s.Ended.IsZero() {
		dst = appendTimeField(dst, "ended_at", s.Ended)
	}
	return dst
}
