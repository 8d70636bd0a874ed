package rest

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// transferSession hands a session on as its owner or a supervisor could.
func (a *api) transferSession(wait context.Context, c *call) (any, error) {
	var body struct {
		Target struct {
			Operator   engine.OperatorID   `json:"operator"`
			Department engine.DepartmentID `json:"department"`
			Skill      string              `json:"skill"`
		} `json:"target"`
		Mode     string `json:"mode"`
		Fallback string `json:"on_unavailable"`
		Wait     int    `json:"wait_s"`
		Note     string `json:"note"`
		Epoch    uint64 `json:"ep"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if body.Mode != "" && body.Mode != "warm" && body.Mode != "cold" {
		return nil, engine.ErrBadRequest.In("mode")
	}
	plan := engine.Plan{
		Target: engine.Target{Operator: body.Target.Operator, Department: body.Target.Department, Skill: body.Target.Skill},
		Cold:   body.Mode == "cold",
	}
	if body.Fallback != "" {
		or, known := engine.ParseFallback(body.Fallback)
		if !known {
			return nil, engine.ErrBadRequest.In("on_unavailable")
		}
		plan.Or = or
	}
	if body.Wait < 0 || body.Wait > 3600 {
		return nil, engine.ErrBadRequest.In("wait_s")
	}
	plan.Wait = time.Duration(body.Wait) * time.Second
	if len(body.Note) > c.tenant.Limits.MessageBytes {
		return nil, engine.ErrTooLarge
	}
	draft := engine.Draft{Op: engine.OpTransfer, Epoch: engine.Epoch(body.Epoch), Plan: &plan}
	if body.Note != "" {
		draft.Body = engine.BodyOf(body.Note)
	}
	return a.post(wait, c, draft)
}

// setIntent says whether an operator gets chats. Signing out is another route: it
// ends connections and tokens as well.
func (a *api) setIntent(wait context.Context, c *call) (any, error) {
	var body struct {
		Intent string `json:"intent"`
		Until  string `json:"until"`
		Reason string `json:"reason"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	key, err := c.key()
	if err != nil {
		return nil, err
	}
	intent, _ := engine.ParseIntent(body.Intent)
	if intent != engine.IntentAccepting && intent != engine.IntentPaused {
		return nil, engine.ErrBadRequest.In("intent")
	}
	var until time.Time
	if body.Until != "" {
		if until, err = time.Parse(time.RFC3339, body.Until); err != nil || intent != engine.IntentPaused {
			return nil, engine.ErrBadRequest.In("until")
		}
	}
	if body.Reason != "" && !engine.IsCode(body.Reason) {
		return nil, engine.ErrBadRequest.In("reason")
	}
	id, err := c.operator()
	if err != nil {
		return nil, err
	}
	info, err := a.System.SetIntent(wait, c.tenant.ID, id, intent, until.UTC(), body.Reason, key)
	if err != nil {
		return nil, err
	}
	return intentOf(info), nil
}

type invariantsAnswer struct {
	Violations []countAnswer    `json:"violations"`
	Frozen     []violatedAnswer `json:"frozen"`
	Recent     []violatedAnswer `json:"recent"`
	Audits     uint64           `json:"audits"`
	LastAudit  string           `json:"last_audit_at,omitempty"`
}

type countAnswer struct {
	Invariant string `json:"invariant"`
	Count     uint64 `json:"count"`
}

type violatedAnswer struct {
	Session   string `json:"sid,omitempty"`
	Invariant string `json:"invariant"`
	Detail    string `json:"detail"`
	At        string `json:"at"`
	Ref       string `json:"ref,omitempty"`
}

// getInvariants says what was found broken in the tenant's sessions and router.
func (a *api) getInvariants(_ context.Context, c *call) (any, error) {
	if !c.seesAll() { // they name sessions of every department
		return nil, engine.ErrForbidden.Because("the token names departments; this is about the whole tenant")
	}
	found := a.System.InvariantsOf(c.tenant.ID)
	counts := make([]countAnswer, 0, len(found.Violations))
	for _, invariant := range slices.Sorted(maps.Keys(found.Violations)) {
		counts = append(counts, countAnswer{invariant, found.Violations[invariant]})
	}
	return invariantsAnswer{
		Violations: counts, Frozen: violatedOf(found.Frozen), Recent: violatedOf(found.Recent),
		Audits: found.Audits, LastAudit: stamp(found.LastAudit),
	}, nil
}

func violatedOf(all []engine.Violated) []violatedAnswer {
	answers := make([]violatedAnswer, len(all))
	for i, v := range all {
		answers[i] = violatedAnswer{Invariant: v.Invariant, Detail: v.Detail, At: stamp(v.At), Ref: v.Ref}
		if !v.Session.IsZero() {
			answers[i].Session = v.Session.String()
		}
	}
	return answers
}
