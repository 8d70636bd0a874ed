package actors

import (
	"context"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
)

// serverNames are the keys of what the tenant's servers set: no operator's id has a space.
const serverNames = intentKeyNames + " by a server"

// SetIntent sets an operator's intent on the word of one of the tenant's servers, as
// a supervisor does on a socket: accepting, or paused, until a time if one is given.
// It answers once that is durable. reason is a code (engine.IsCode) or empty. key makes a repetition harmless, as with Revoke,
// which is how an operator is signed out. Errors: engine.ErrBadRequest for any other
// intent, engine.ErrNotFound if the tenant declares no such operator,
// engine.ErrIdemConflict.
func (s *System) SetIntent(ctx context.Context, tenant engine.TenantID, id engine.OperatorID, intent engine.Intent, until time.Time, reason, key string) (engine.IntentInfo, error) {
	h, err := s.declared(tenant, id)
	if err != nil {
		return engine.IntentInfo{}, err
	}
	if intent != engine.IntentAccepting && intent != engine.IntentPaused {
		return engine.IntentInfo{}, engine.ErrBadRequest.In("intent")
	}
	if reason != "" && !engine.IsCode(reason) {
		return engine.IntentInfo{}, engine.ErrBadRequest.In("reason")
	}
	draft := engine.Draft{Op: engine.OpIntent, ClientID: key, Intent: intent, Until: until, Reason: reason}
	return ask(ctx, func(reply func(engine.IntentInfo, *engine.Error)) bool {
		return !s.stopping.Load() && h.tell(serverIntent{draft: draft, reply: reply})
	})
}

func (a *operatorActor) serverIntent(item serverIntent, now time.Time) {
	tag, known := a.once(serverNames, item.draft.ClientID, intentDigest(item.draft), now, item.reply)
	if known {
		return
	}
	if isOver(item.draft, now) {
		refused := engine.ErrBadRequest.In("until")
		a.did(tag, engine.IntentInfo{}, refused)
		item.reply(engine.IntentInfo{}, refused)
		return
	}
	in := operator.SetIntent{Intent: item.draft.Intent, Cause: engine.CauseIntegration, Until: item.draft.Until, Reason: item.draft.Reason}
	a.think(in, now, intentStored{reply: item.reply, tag: tag})
	a.carryOn()
}
