package wire

import "github.com/parleyhq/parley/engine"

// appendTargets appends where a session could be handed on to.
func appendTargets(dst []byte, all []engine.TransferTarget) []byte {
	dst = append(appendName(dst, "targets"), '[')
	for i := range all {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendTransferTarget(append(dst, '{'), &all[i]), '}')
	}
	return append(dst, ']')
}

func appendTransferTarget(dst []byte, t *engine.TransferTarget) []byte {
	id, kind := string(t.Operator), "operator"
	switch {
	case t.Department != "":
		id, kind = string(t.Department), "department"
	case t.Skill != "":
		id, kind = t.Skill, "skill"
	}
	dst = appendField(appendField(dst, "id", id), "kind", kind)
	dst = appendBoolField(dst, "routable", t.Routable)
	dst = appendField(dst, "reason", t.Reason)
	if t.Operator != "" {
		dst = append(appendName(dst, "load"), '{')
		dst = appendIntField(dst, "used", t.Used)
		dst = appendIntField(dst, "capacity", t.Capacity)
		dst = appendIntField(dst, "open", t.Open)
		dst = append(appendIntField(dst, "open_cap", t.OpenCap), '}')
	}
	dst = append(appendName(dst, "missing_skills"), '[')
	for i, skill := range t.Missing {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, skill)
	}
	return append(dst, ']')
}
