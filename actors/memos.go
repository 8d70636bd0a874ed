package actors

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/parleyhq/parley/engine"
)

// What is done outside a session under an idempotency key (an operator's intent,
// a sign-out) is remembered by the operator's actor, and kept by the store in the
// same batch, for engine.KeysFor. A key's scope is the operator and the operation.

// memosKept bounds the keys that an operator's actor remembers: the oldest go.
const memosKept = 1024

// The sorts of name that these keys are.
const (
	intentKeyNames  = "intent.set"
	signOutKeyNames = "operator.sign_out"
)

// done is what was done under a key, or is being done.
type done struct {
	digest  uint64
	at      time.Time
	info    engine.IntentInfo
	handed  bool // to the store
	stored  bool
	waiting []func(engine.IntentInfo, *engine.Error) // for it to be stored
}

// recoverMemos takes up what operators did before the start.
func (s *System) recoverMemos(t *tenancy) error {
	for _, declared := range t.config().Operators {
		err := s.cfg.Store.Memos(t.id, declared.ID, func(m engine.Memo) bool {
			d := &done{digest: m.Digest, at: m.At, stored: true}
			if json.Unmarshal(m.Result, &d.info) == nil {
				t.operator(declared.ID).state.remember(m.Tag, d, m.At)
			}
			return true
		})
		if err != nil {
			return fmt.Errorf("keys of an operator: %w", err)
		}
	}
	return nil
}

// remember keeps what was done, and lets go of what is past its time.
func (o *operatorState) remember(tag engine.Tag, d *done, now time.Time) {
	if o.done == nil {
		o.done = map[engine.Tag]*done{}
	}
	o.done[tag] = d
	if len(o.done) <= memosKept {
		return
	}
	var oldest engine.Tag
	for t, each := range o.done {
		switch {
		case !each.stored:
		case now.Sub(each.at) >= engine.KeysFor:
			delete(o.done, t)
		case oldest == engine.Tag{} || each.at.Before(o.done[oldest].at):
			oldest = t
		}
	}
	if len(o.done) > memosKept {
		delete(o.done, oldest)
	}
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
	case d == nil || d.stored && now.Sub(d.at) >= engine.KeysFor:
		a.remember(tag, &done{digest: digest, at: now}, now)
		return tag, false
	case d.digest != digest:
		reply(engine.IntentInfo{}, engine.ErrIdemConflict)
	case d.stored:
		reply(d.info, nil)
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
	result, err := json.Marshal(info)
	if err != nil { // it has no field that could fail
		return nil
	}
	return &engine.Memo{Tag: tag, Digest: d.digest, At: d.at, Result: result}
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
	d.info, d.stored, d.waiting = info, true, nil
	if refused != nil {
		delete(a.done, tag)
	}
	for _, reply := range waiting {
		reply(info, refused)
	}
}
