package actors

import (
	"context"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
)

// Revoke signs an operator out on the word of one of the tenant's servers: its
// connections end with engine.ReasonSignedOut, tokens issued up to now are
// refused from now on, over restarts too, and its intent is signed_out. It
// answers once that is durable. key makes a repetition harmless: it gets the
// first answer again, for engine.KeysFor; empty means none. engine.ErrNotFound if the tenant declares no such operator.
func (s *System) Revoke(ctx context.Context, tenant engine.TenantID, id engine.OperatorID, key string) (engine.IntentInfo, error) {
	h, err := s.declared(tenant, id)
	if err != nil {
		return engine.IntentInfo{}, err
	}
	return ask(ctx, func(reply func(engine.IntentInfo, *engine.Error)) bool {
		return !s.stopping.Load() && h.tell(signOut{key: key, reply: reply})
	})
}

func (t *tenancy) seatsOf(id engine.VisitorID) []*seat {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if v := t.visitors[id]; v != nil {
		return slices.Clone(v.seats)
	}
	return nil
}

// signOut ends the connections at once; the intent, and with it the time from
// which on tokens must be newer, is stored before anybody is told that it is done.
func (a *operatorActor) signOut(item signOut, now time.Time) {
	tag, known := a.once(signOutKeyNames, item.key, 0, now, item.reply)
	if known {
		return
	}
	a.h.revoked.Store(now.UnixNano())
	for _, id := range a.parts() {
		a.h.tenant.lookup(id).tell(judge{})
	}
	for _, s := range a.seats {
		s.failed = true
		s.seat.outlet.Close(engine.ReasonSignedOut)
	}
	a.think(operator.SetIntent{Intent: engine.IntentSignedOut, Cause: engine.CauseIntegration}, now, intentStored{reply: item.reply, tag: tag})
	a.carryOn()
}
