package actors

import (
	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// held keeps effects until the entry they follow is durable, in the order in
// which the rules gave them.
type held struct {
	queue []heldEffect
	head  int
}

type heldEffect struct {
	after  engine.Seq
	effect session.Effect
	asker  *draftPosted // of a Reply
}

func (h *held) add(after engine.Seq, effect session.Effect, asker *draftPosted) {
	h.queue = append(h.queue, heldEffect{after, effect, asker})
}

// next takes the first effect if it waits for nothing beyond through.
func (h *held) next(through engine.Seq) (heldEffect, bool) {
	if h.head == len(h.queue) || h.queue[h.head].after > through {
		return heldEffect{}, false
	}
	e := h.queue[h.head]
	h.queue[h.head] = heldEffect{}
	h.head++
	if h.head == len(h.queue) {
		h.queue, h.head = h.queue[:0], 0
		if cap(h.queue) > 64 {
			h.queue = nil
		}
	}
	return e, true
}

// askers lists whose drafts still wait for an answer.
func (h *held) askers() []*draftPosted {
	var all []*draftPosted
	for _, e := range h.queue[h.head:] {
		if e.asker != nil {
			all = append(all, e.asker)
		}
	}
	return all
}
