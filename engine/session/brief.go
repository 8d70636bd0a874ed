package session

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// brief is what an operator is told of a chat that it is offered. Of what is held
// about the visitor it has the name, for which operators greet, and of what it said the subject, and nothing else: who
// turns the chat down has no use for more (GDPR Art. 5(1)(c)).
func (t *turn) brief(to engine.OperatorID, asked int, why *engine.Decision) *engine.Brief {
	b := &engine.Brief{Waited: t.now.Sub(t.row.Service.Queued), Verified: t.row.Service.Verified, Parallel: asked}
	if t.row.State == engine.StateActive || t.row.State == engine.StateDetached { // it is handed on: nobody waits
		b.Waited = 0
	}
	if name, held := t.identity.Find(engine.AttrName); held {
		b.Name = name.Value
	}
	b.Subject = t.form.subject
	if why == nil {
		return b
	}
	b.Rule, b.Step = why.Rule, why.Step
	b.Reach = append([]engine.DepartmentID{why.Department}, why.Also...)
	if t.rules.Operator == nil {
		return b
	}
	o, _ := t.rules.Operator(to)
	b.Met = slices.DeleteFunc(slices.Clone(why.Needs), func(n engine.Need) bool { return o.Skills[n.Skill] < max(n.Level, 1) })
	return b
}
