package wire

import "github.com/parleyhq/parley/engine"

// appendPlanned appends the fields of a request that has a plan, or that belongs to
// those: everything after sid, and before idem.
func appendPlanned(dst []byte, d *engine.Draft) []byte {
	if d.Op != engine.OpStart {
		dst = appendSession(dst, "sid", d.Session)
	}
	if rule, _ := ruleOf(d.Op); rule.need&fieldEpoch != 0 || rule.may&fieldEpoch != 0 && d.Epoch != 0 {
		dst = appendUintField(dst, "ep", uint64(d.Epoch))
	}
	p := d.Plan
	if p == nil {
		p = &engine.Plan{}
	}
	switch d.Op {
	case engine.OpStart, engine.OpContinue:
		dst = appendField(dst, "department", string(d.Department))
		if d.Body.Len() > 0 {
			dst = appendString(appendName(dst, "text"), d.Body.Reveal())
		}
		dst = appendForm(dst, d.Form)
	case engine.OpTransfer:
		dst = appendTransfer(dst, p)
	case engine.OpRelease, engine.OpHandoff, engine.OpSet:
		dst = appendField(dst, "department", string(p.Target.Department))
	case engine.OpPick, engine.OpTakeover:
		dst = appendIf(dst, "force", p.Force)
	case engine.OpJoin:
		dst = appendIf(appendField(dst, "as", p.As.String()), "hidden", p.Hidden)
	case engine.OpRate:
		dst = appendIntField(dst, "score", p.Score)
		if d.Body.Len() > 0 {
			dst = appendString(appendName(dst, "comment"), d.Body.Reveal())
		}
	case engine.OpLeaveQueue:
		choice := "close"
		if p.Message {
			choice = "message"
		}
		dst = appendField(dst, "choice", choice)
	case engine.OpNote:
		return appendBody(appendName(dst, "body"), d.Format, d.Body)
	default:
	}
	if hasNote := d.Op == engine.OpTransfer || d.Op == engine.OpRelease || d.Op == engine.OpHandoff; hasNote && d.Body.Len() > 0 {
		dst = appendString(appendName(dst, "note"), d.Body.Reveal())
	}
	return appendFiling(dst, p)
}

func appendTransfer(dst []byte, p *engine.Plan) []byte {
	dst = appendTarget(dst, p.Target)
	dst = appendField(dst, "mode", modeOf(p.Cold))
	dst = appendField(dst, "on_unavailable", p.Or.String())
	if p.Wait > 0 {
		dst = appendUintField(dst, "wait_s", uint64(p.Wait.Seconds()))
	}
	return appendIf(dst, "force", p.Force)
}

// appendFiling appends what any plan may change besides.
func appendFiling(dst []byte, p *engine.Plan) []byte {
	if p.Priority != nil {
		dst = appendIntField(dst, "priority", *p.Priority)
	}
	if p.Needs != nil {
		dst = appendNeeds(dst, p.Needs)
	}
	if p.Weight != nil {
		dst = appendIntField(dst, "weight", *p.Weight)
	}
	if p.Tags != nil {
		dst = appendTexts(dst, "tags", p.Tags)
	}
	if p.IfRev != 0 {
		dst = appendUintField(dst, "if_rev", uint64(p.IfRev))
	}
	if !p.FollowUp.IsZero() {
		dst = appendTimeField(dst, "follow_up_at", p.FollowUp)
	}
	dst = appendField(dst, "reason_code", p.Reason)
	if p.WrapUp != nil {
		dst = appendBoolField(dst, "wrapup", *p.WrapUp)
	}
	return dst
}

func modeOf(cold bool) string {
	if cold {
		return "cold"
	}
	return "warm"
}

func appendTarget(dst []byte, t engine.Target) []byte {
	dst = append(appendName(dst, "target"), '{')
	dst = appendField(dst, "operator", string(t.Operator))
	dst = appendField(dst, "department", string(t.Department))
	return append(appendField(dst, "skill", t.Skill), '}')
}

func appendNeeds(dst []byte, needs []engine.Need) []byte {
	dst = append(appendName(dst, "skills"), '[')
	for i, n := range needs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendField(append(dst, '{'), "skill", n.Skill)
		if n.Level > 0 {
			dst = appendIntField(dst, "level", n.Level)
		}
		dst = append(appendIf(dst, "hard", n.Hard), '}')
	}
	return append(dst, ']')
}

func appendTexts(dst []byte, name string, texts []string) []byte {
	dst = append(appendName(dst, name), '[')
	for i, text := range texts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, text)
	}
	return append(dst, ']')
}

// appendTextsOf is appendTexts, nothing when there are none.
func appendTextsOf(dst []byte, name string, texts []string) []byte {
	if len(texts) == 0 {
		return dst
	}
	return appendTexts(dst, name, texts)
}

// appendIf appends `,"name":true`, nothing when it is not.
func appendIf(dst []byte, name string, on bool) []byte {
	if !on {
		return dst
	}
	return appendBoolField(dst, name, true)
}

// appendServing appends how a session is being served, for operators.
func appendServing(dst []byte, v *engine.Serving) []byte {
	dst = append(appendName(dst, "serving"), '{')
	dst = appendTimeField(dst, "first_queued_at", v.FirstQueued)
	dst = appendTimeField(dst, "queued_at", v.Queued)
	dst = appendIntField(dst, "step", v.Step)
	dst = appendIntField(dst, "priority", v.Priority)
	dst = appendNeeds(dst, v.Needs)
	if v.Weight != 0 {
		dst = appendIntField(dst, "weight", v.Weight)
	}
	dst = appendTexts(dst, "tags", v.Tags)
	dst = appendUintField(dst, "rev", uint64(v.Rev))
	if !v.TurnSince.IsZero() {
		dst = appendTimeField(dst, "turn_since", v.TurnSince)
	}
	dst = appendIf(dst, "idle", v.Idle)
	if t := v.Transfer; t != nil {
		dst = append(appendName(dst, "transfer"), '{')
		dst = appendUintField(dst, "id", uint64(t.ID))
		dst = appendField(appendTarget(dst, t.Target), "by", string(t.By))
		dst = appendField(dst, "mode", modeOf(t.Cold))
		dst = appendField(dst, "on_unavailable", t.Or.String())
		if !t.Until.IsZero() {
			dst = appendTimeField(dst, "until", t.Until)
		}
		dst = append(appendIf(dst, "force", t.Force), '}')
	}
	dst = append(appendName(dst, "members"), '[')
	for i, m := range v.Members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendField(append(dst, '{'), "operator", string(m.Operator))
		dst = append(appendField(dst, "as", m.As.String()), '}')
	}
	dst = append(dst, ']')
	if !v.Previous.IsZero() {
		dst = appendSession(dst, "previous", v.Previous)
	}
	if !v.FollowUp.IsZero() {
		dst = appendTimeField(dst, "follow_up_at", v.FollowUp)
	}
	return append(dst, '}')
}
