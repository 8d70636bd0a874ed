package actors

import (
	"fmt"
	"time"

	"github.com/parleyhq/parley/engine"
)

// What is done outside a session under an idempotency key (an operator's intent,
// a sign-out) is remembered by the operator's actor, and kept by the store in the
// same batch, for engine.KeysFor. A key's scope is the operator and the operation.

// The sorts of name that these keys are.
const (
	intentKeyNames  = "intent.set"
	signOutKeyNames = "operator.sign_out"
)

// recoverMemos takes up what operators did before the start.
func (s *System) recoverMemos(t *tenancy) error {
	for _, declared := range t.config().Operators {
		err := s.cfg.Store.Memos(t.id, declared.ID, func(m engine.Memo) bool {
			t.operator(declared.ID).state.done.recover(m, m.At)
			return true
		})
		if err != nil {
			return fmt.Errorf("keys of an operator: %w", err)
		}
	}
	return nil
}

// once answers a request whose key is known, and reports whether it was; else the
// key is that of what is now done. The answer may come later. An empty key is
// nobody's.
func (a *operatorActor) once(names, key string, digest uint64, now time.Time, reply func(engine.IntentInfo, *engine.Error)) (tag engine.Tag, known bool) {
	switch {
	case key == "":
		return tag, false
	case len(key) > engine.MaxClientID:
		reply(engine.IntentInfo{}, engine.ErrBadRequest.In("idem"))
		return tag, true
	}
	id, err := a.h.tenant.sys.cfg.Store.PseudonymOf(a.h.tenant.id, names, key)
	if err != nil {
		reply(engine.IntentInfo{}, engine.ErrBusy)
		return tag, true
	}
	tag = id
	switch d := a.done[tag]; {
	case d == nil || !d.holds(now):
		a.done.remember(tag, &act[engine.IntentInfo]{digest: digest, at: now}, now)
		return tag, false
	case d.digest != digest:
		reply(engine.IntentInfo{}, engine.ErrIdemConflict)
	case d.stored:
		reply(d.result, nil)
	default:
		d.waiting = append(d.waiting, reply)
	}
	return tag, true
}

// memo is what the store keeps of what is done under a key; nil without one.
func (a *operatorActor) memo(tag engine.Tag, info engine.IntentInfo) *engine.Memo {
	d := a.done[tag]
	if d == nil {
		return nil
	}
	return d.memo(tag, info)
}

// handed notes that the store has what is done under a key.
func (a *operatorActor) handed(tag engine.Tag) {
	if d := a.done[tag]; d != nil {
		d.handed = true
	}
}

// drop forgets, after a panic, what the store was not handed.
func (a *operatorActor) drop() {
	for tag, d := range a.done {
		if !d.stored && !d.handed {
			a.h.tenant.sys.rt.safely(&a.h.cell, func() { a.did(tag, engine.IntentInfo{}, engine.ErrInternal) })
		}
	}
}

// did ends what was done under a key: it is durable, or has failed and may be
// tried again.
func (a *operatorActor) did(tag engine.Tag, info engine.IntentInfo, refused *engine.Error) {
	d := a.done[tag]
	if d == nil {
		return
	}
	waiting := d.waiting
	d.result, d.stored, d.waiting = info, true, nil
	if refused != nil {
		delete(a.done, tag)
	}
	answerAll(waiting, info, refused)
}
