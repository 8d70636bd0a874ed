package wire

import (
	"encoding/json"

	"github.com/parleyhq/parley/engine"
)

// explained judges what explain asks about: a session, or the decision that an offer
// comes from, and so its session: an offer_id says both, whatever else is there.
func (p *params) explained() *engine.Error {
	switch {
	case p.seen&(fieldSession|fieldOffer) == 0:
		return engine.ErrBadRequest.In("sid", "offer_id")
	case p.seen&fieldOffer == 0:
		return nil
	}
	p.draft.Session, p.decision = p.offered, p.draft.Offer
	return nil
}

// appendDecisions appends what a session's router decided, for operators.
func appendDecisions(dst []byte, all *engine.Decisions) []byte {
	if all == nil {
		all = &engine.Decisions{}
	}
	dst = append(appendName(dst, "decisions"), '[')
	for i := range all.Last {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendDecided(append(dst, '{'), &all.Last[i]), '}')
	}
	dst = appendBoolField(append(dst, ']'), "more", all.More)
	if all.Why == nil {
		return dst
	}
	dst = append(appendName(dst, "why"), '{')
	dst = appendUintField(dst, "seq", uint64(all.Why.Seq))
	dst = appendField(dst, "operator", string(all.Why.Operator))
	dst = appendField(dst, "reason", all.Why.Reason)
	if all.Why.Then.Operator != "" {
		dst = appendJSON(dst, "then", all.Why.Then)
	}
	return append(dst, '}')
}

func appendDecided(dst []byte, d *engine.Decided) []byte {
	dst = appendUintField(dst, "seq", uint64(d.Seq))
	dst = appendTimeField(dst, "at", d.At)
	dst = appendUintField(dst, "ep", uint64(d.Epoch))
	dst = appendField(dst, "operator", string(d.Operator))
	dst = appendField(dst, "cause", d.Cause.String())
	dst = appendBoolField(dst, "direct", d.Direct)
	dst = appendBoolField(dst, "accepted", d.Accepted)
	dst = appendField(dst, "ended", d.Ended.String())
	if !d.EndedAt.IsZero() {
		dst = appendTimeField(dst, "ended_at", d.EndedAt)
	}
	return appendJSON(dst, "decision", d.Decision)
}

// appendJSON appends a member that is facts of package engine, as the log has them.
func appendJSON(dst []byte, name string, value any) []byte {
	text, err := json.Marshal(value)
	if err != nil { // they have no field that could fail
		text = []byte("null")
	}
	return append(appendName(dst, name), text...)
}

// appendListed appends what the departments are now.
func appendListed(dst []byte, all []engine.ListedDepartment) []byte {
	dst = append(appendName(dst, "departments"), '[')
	for i, d := range all {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendField(append(dst, '{'), "id", string(d.Department))
		dst = appendField(dst, "name", d.Name)
		dst = appendStanding(dst, &d.DepartmentStatus)
		dst = appendQuestions(dst, d.Form)
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// appendStanding appends what a department is for visitors, less which one it is.
func appendStanding(dst []byte, d *engine.DepartmentStatus) []byte {
	dst = appendField(dst, "status", d.Status.String())
	if !d.OpensAt.IsZero() {
		dst = appendTimeField(dst, "opens_at", d.OpensAt)
	}
	if q := d.Queue; q != nil {
		dst = appendIntField(dst, "queue_len", q.Length)
		if dst = appendSeconds(dst, "eta", q.P50); q.P50 <= 0 {
			dst = append(appendName(dst, "eta"), "null"...)
		}
	}
	return dst
}
