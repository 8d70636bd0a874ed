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
	t := s.tenant(tenant)
	if t == nil {
		return engine.IntentInfo{}, engine.ErrNotFound
	}
	if _, declared := t.config().Operator(id); !declared {
		return engine.IntentInfo{}, engine.ErrNotFound
	}
	if intent != engine.IntentAccepting && intent != engine.IntentPaused {
		return engine.IntentInfo{}, engine.ErrBadRequest.In("intent")
	}
	if reason != "" && !engine.IsCode(reason) {
		return engine.IntentInfo{}, engine.ErrBadRequest.In("reason")
	}
	draft := engine.Draft{Op: engine.OpIntent, ClientID: key, Intent: intent, Until: until, Reason: reason}
	reply := make(chan signedOut, 1)
	if s.stopping.Load() || !t.operator(id).tell(serverIntent{draft: draft, reply: reply}) {
		return engine.IntentInfo{}, engine.ErrBusy
	}
	select {
	case done := <-reply:
		return done.info, done.err
	case <-ctx.Done():
		return engine.IntentInfo{}, context.Cause(ctx)
	}
}

func (a *operatorActor) serverIntent(item serverIntent, now time.Time) {
	tag, known := a.once(serverNames, item.draft.ClientID, intentDigest(item.draft), now, func(info engine.IntentInfo, refused *engine.Error) {
		if refused != nil { // no typed nil as an error
			item.reply <- signedOut{err: refused}
			return
		}
		item.reply <- signedOut{info: info}
	})
	if known {
		return
	}
	if isOver(item.draft, now) {
		refused := engine.ErrBadRequest.In("until")
		a.did(tag, engine.IntentInfo{}, refused)
		item.reply <- signedOut{err: refused}
		return
	}
	in := operator.SetIntent{Intent: item.draft.Intent, Cause: engine.CauseIntegration, Until: item.draft.Until, Reason: item.draft.Reason}
	a.think(in, now, intentStored{signOut: &signOut{reply: item.reply}, tag: tag})
	a.carryOn()
}
