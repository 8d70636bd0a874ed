package actors

import (
	"encoding/json"
	"time"

	"github.com/parleyhq/parley/engine"
)

// memosKept bounds the idempotency keys that are remembered of one owner: the oldest go.
const memosKept = 1024

// act is what was done under one idempotency key outside a session, or is being
// done; T is what it is answered with.
type act[T any] struct {
	digest  uint64
	at      time.Time
	result  T
	handed  bool // to the store
	stored  bool
	waiting []func(T, *engine.Error) // for it to be stored
}

// holds reports whether a key still stands for the act.
func (d *act[T]) holds(now time.Time) bool {
	return !d.stored || now.Sub(d.at) < engine.KeysFor
}

// memo is what the store keeps of it, with what it will be answered with.
func (d *act[T]) memo(tag engine.Tag, result T) *engine.Memo {
	text, err := json.Marshal(result)
	if err != nil { // it has no field that could fail
		return nil
	}
	return &engine.Memo{Tag: tag, Digest: d.digest, At: d.at, Result: text}
}

// answerAll tells whoever waited for an act what it came to.
func answerAll[T any](waiting []func(T, *engine.Error), result T, refused *engine.Error) {
	for _, reply := range waiting {
		reply(result, refused)
	}
}

// acts are what is remembered of one owner, by key. Its user guards it.
type acts[T any] map[engine.Tag]*act[T]

// remember keeps what is done under a key, and lets go of what is past its time, or
// of the oldest.
func (m *acts[T]) remember(tag engine.Tag, d *act[T], now time.Time) {
	if *m == nil {
		*m = acts[T]{}
	}
	all := *m
	all[tag] = d
	if len(all) <= memosKept {
		return
	}
	var oldest engine.Tag
	for t, each := range all {
		switch {
		case !each.stored:
		case !each.holds(now):
			delete(all, t)
		case oldest == engine.Tag{} || each.at.Before(all[oldest].at):
			oldest = t
		}
	}
	if len(all) > memosKept {
		delete(all, oldest)
	}
}

// recover takes up what the store has kept of a key.
func (m *acts[T]) recover(memo engine.Memo, now time.Time) {
	d := &act[T]{digest: memo.Digest, at: memo.At, stored: true}
	if json.Unmarshal(memo.Result, &d.result) == nil {
		m.remember(memo.Tag, d, now)
	}
}
