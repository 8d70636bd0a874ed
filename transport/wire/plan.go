package wire

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// maxWait bounds wait_s as it is read; what a transfer may wait, the session says.
const maxWait = 3600

// planned reports whether an operation has a plan: see engine.Plan.
func planned(op engine.Op) bool {
	switch op {
	case engine.OpStart, engine.OpContinue, engine.OpClose, engine.OpPick, engine.OpRelease, engine.OpTransfer, engine.OpJoin,
		engine.OpTakeover, engine.OpSet, engine.OpRate, engine.OpLeaveQueue, engine.OpHandoff:
		return true
	default:
		return false
	}
}

// planOf fills in what an operation asks of how a session is served. It is a copy:
// the params of other requests stay off the heap.
func (p *params) planOf(d *engine.Draft) {
	const asked = fieldPriority | fieldSkills | fieldWeight | fieldTags | fieldFollowUp | fieldReasonCode | fieldWrapUp
	if (d.Op == engine.OpStart || d.Op == engine.OpClose) && p.seen&asked == 0 { // most say nothing of the kind
		return
	}
	plan := p.plan
	switch d.Op {
	case engine.OpTransfer:
		d.Body = p.remark
	case engine.OpRelease, engine.OpHandoff:
		plan.Target = engine.Target{Department: d.Department}
		d.Body = p.remark
	case engine.OpSet:
		plan.Target = engine.Target{Department: d.Department}
	case engine.OpRate:
		d.Body = p.remark
	default:
	}
	d.Plan = &plan
}

// takePlan reads one member that says how a session is to be served. A field of 0
// is one that nobody knows.
func (p *params) takePlan(name string, value []byte) (field fields, good bool) {
	plan := &p.plan
	switch name {
	case "mode":
		text, ok := textOf(value, 1, 16)
		plan.Cold = text == "cold"
		return fieldMode, ok && (plan.Cold || text == "warm")
	case "on_unavailable":
		text, ok := textOf(value, 1, 16)
		plan.Or, good = engine.ParseFallback(text)
		return fieldFallback, ok && good
	case "wait_s":
		n, ok := wholeOf(value)
		plan.Wait = time.Duration(min(n, maxWait)) * time.Second
		return fieldWait, ok && n >= 1 && n <= maxWait
	case "note", "comment":
		p.remark, good = boxed(value)
		if name == "note" {
			return fieldNote, good
		}
		return fieldComment, good
	case "force":
		plan.Force, good = boolOf(value)
		return fieldForce, good
	case "as":
		text, ok := textOf(value, 1, 16)
		plan.As, good = engine.ParsePart(text)
		return fieldAs, ok && good
	case "hidden":
		plan.Hidden, good = boolOf(value)
		return fieldHidden, good
	case "choice":
		text, ok := textOf(value, 1, 16)
		plan.Message = text == "message"
		return fieldChoice, ok && (plan.Message || text == "close")
	default:
		return p.takeFiling(name, value)
	}
}

// takeFiling reads one member about how a session is filed.
func (p *params) takeFiling(name string, value []byte) (field fields, good bool) {
	plan := &p.plan
	switch name {
	case "priority":
		n, ok := intOf(value)
		plan.Priority = &n
		return fieldPriority, ok && n >= engine.MinPriority && n <= engine.MaxPriority
	case "skills":
		plan.Needs, good = needsOf(value)
		return fieldSkills, good
	case "weight":
		n, ok := wholeOf(value)
		own := int(min(n, engine.MaxWeight+1))
		plan.Weight = &own
		return fieldWeight, ok && own >= engine.MinWeight && own <= engine.MaxWeight
	case "tags":
		plan.Tags, good = tagsOf(value)
		return fieldTags, good
	case "if_rev":
		plan.IfRev, good = seqOf(value)
		return fieldIfRev, good
	case "follow_up_at":
		plan.FollowUp, good = timeOf(value)
		return fieldFollowUp, good
	case "follow_up":
		plan.FollowUp, good = laterOf(value)
		return fieldFollowUp, good
	case "reason_code":
		plan.Reason, good = codeOf(value)
		return fieldReasonCode, good
	case "wrapup":
		wants, ok := boolOf(value)
		plan.WrapUp = &wants
		return fieldWrapUp, ok
	case "score":
		n, ok := wholeOf(value)
		plan.Score = int(min(n, 6))
		return fieldScore, ok && n >= 1 && n <= 5
	case "subject", "form":
		return p.takeForm(name, value)
	default:
		return p.takeDesk(name, value)
	}
}

// takeDesk reads one member about an operator's intent, its lists, whom it bans or
// what it asks about.
func (p *params) takeDesk(name string, value []byte) (field fields, good bool) {
	switch name {
	case "reason":
		p.draft.Reason, good = codeOf(value)
		return fieldReason, good
	case "until":
		p.draft.Until, good = timeOf(value)
		return fieldUntil, good
	case "for":
		text, ok := textOf(value, 1, 128)
		p.draft.For = engine.OperatorID(text)
		return fieldFor, ok && p.draft.For.Validate() == nil
	case "decision_seq":
		p.decision, good = seqOf(value)
		return fieldDecision, good && p.decision > 0
	case "operator":
		text, ok := textOf(value, 1, 128)
		p.whom = engine.OperatorID(text)
		return fieldWhom, ok && p.whom.Validate() == nil
	case "visitor", "days":
		return p.takeVisitor(name, value)
	case "drain":
		p.draft.Drain, good = boolOf(value)
		return fieldDrain, good
	case "topics":
		p.draft.Topics, good = topicsOf(value)
		return fieldTopics, good && len(p.draft.Topics) > 0
	default:
		return 0, true
	}
}

// The functions below read one scanned value; false means that it is not of the
// type or range wanted.

// targetOf reads {"operator":…}, {"department":…} or {"skill":…}: exactly one.
func targetOf(value []byte) (target engine.Target, ok bool) {
	named := 0
	ok = eachMember(value, func(name string, value []byte) bool {
		var most int
		var into *string
		switch name {
		case "operator":
			most, into = 128, (*string)(&target.Operator)
		case "department":
			most, into = 64, (*string)(&target.Department)
		case "skill":
			most, into = engine.MaxTagBytes, &target.Skill
		default:
			return true
		}
		text, good := textOf(value, 1, most)
		*into = text
		named++
		return good
	})
	valid := (target.Operator == "" || target.Operator.Validate() == nil) && (target.Department == "" || target.Department.Validate() == nil)
	return target, ok && named == 1 && valid
}

// needsOf reads [{"skill":…,"level":…,"hard":…}].
func needsOf(value []byte) ([]engine.Need, bool) {
	needs := []engine.Need{} // not nil: none is a change too
	ok := eachItem(value, func(item []byte) bool {
		var n engine.Need
		good := eachMember(item, func(name string, value []byte) (good bool) {
			switch name {
			case "skill":
				n.Skill, good = textOf(value, 1, engine.MaxTagBytes)
			case "level":
				level, whole := wholeOf(value)
				n.Level, good = int(min(level, engine.MaxLevel)), whole && level >= 1 && level <= engine.MaxLevel
			case "hard":
				n.Hard, good = boolOf(value)
			default:
				good = true
			}
			return good
		})
		needs = append(needs, n)
		return good && n.Skill != "" && len(needs) <= engine.MaxNeeds
	})
	return needs, ok
}

// tagsOf reads ["…"].
func tagsOf(value []byte) ([]string, bool) {
	tags := []string{}
	ok := eachItem(value, func(item []byte) bool {
		tag, good := textOf(item, 1, engine.MaxTagBytes)
		tags = append(tags, tag)
		return good && len(tags) <= engine.MaxTags
	})
	return tags, ok
}

// laterOf reads {"at":…}.
func laterOf(value []byte) (at time.Time, ok bool) {
	ok = eachMember(value, func(name string, value []byte) (good bool) {
		if name != "at" {
			return true
		}
		at, good = timeOf(value)
		return good
	})
	return at, ok && !at.IsZero()
}

// timeOf reads a moment of RFC 3339.
func timeOf(value []byte) (time.Time, bool) {
	text, ok := textOf(value, 20, 40)
	at, err := time.Parse(time.RFC3339, text)
	return at.UTC(), ok && err == nil
}

// intOf reads a whole number that may be negative.
func intOf(value []byte) (int, bool) {
	sign := 1
	if value[0] == '-' {
		sign, value = -1, value[1:]
	}
	n, ok := wholeOf(value)
	return sign * int(min(n, 1<<20)), ok
}

// eachMember calls take with each member of an object, null as if it were not
// there, until it answers false.
func eachMember(value []byte, take func(name string, value []byte) bool) bool {
	s := scanner{data: value}
	if !s.eat('{') {
		return false
	}
	for first := true; ; first = false {
		name, more, ok := s.member(first)
		if !ok || !more {
			return ok
		}
		s.space()
		start := s.pos
		s.skip(1)
		if one := value[start:s.pos]; one[0] != 'n' && !take(string(name), one) {
			return false
		}
	}
}

// eachItem calls take with each item of a list until it answers false.
func eachItem(value []byte, take func([]byte) bool) bool {
	s := scanner{data: value}
	if !s.eat('[') {
		return false
	}
	if s.eat(']') {
		return true
	}
	for {
		s.space()
		start := s.pos
		s.skip(1)
		if !take(value[start:s.pos]) {
			return false
		}
		if !s.eat(',') {
			return true
		}
	}
}
