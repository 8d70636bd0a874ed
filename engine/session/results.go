package session

import (
	"cmp"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// key is an idempotency key's scope: principal and operation, within the
// session. The kind of the entry that an operation adds stands for the operation.
type key struct {
	author engine.Author
	kind   engine.Kind
	id     string
}

func keyOf(r *engine.Result) key { return key{r.Author, r.Kind, r.ClientID} }

// results are what was done, by idempotency key. Most sessions are short: a list that
// is looked through costs less than a map, in time and in memory.
type results struct {
	list  []engine.Result // each key once
	index map[key]int     // places in list; nil while the list is short
}

const (
	fewResults = 24 // from how many on an index is kept
	fewFirst   = 8  // room made at first: hardly any session does with less
)

func (r *results) of(k key) (engine.Result, bool) {
	if i := r.find(&k); i >= 0 {
		return r.list[i], true
	}
	return engine.Result{}, false
}

// find is the key's place in the list, or -1.
func (r *results) find(k *key) int {
	if r.index != nil {
		if i, known := r.index[*k]; known {
			return i
		}
		return -1
	}
	for i := len(r.list) - 1; i >= 0; i-- {
		if e := &r.list[i]; e.ClientID == k.id && e.Kind == k.kind && e.Author == k.author {
			return i
		}
	}
	return -1
}

// keep takes a result in; of two under one key, the later counts.
func (r *results) keep(e *engine.Result) {
	k := keyOf(e)
	if i := r.find(&k); i >= 0 {
		r.list[i] = *e
		return
	}
	if r.list == nil {
		r.list = make([]engine.Result, 0, fewFirst)
	}
	r.list = append(r.list, *e)
	switch {
	case r.index != nil:
		r.index[k] = len(r.list) - 1
	case len(r.list) > fewResults:
		r.index = make(map[key]int, 2*fewResults)
		for i := range r.list {
			r.index[keyOf(&r.list[i])] = i
		}
	}
}

// forget takes from a message's results, and its edits', what they said.
func (r *results) forget(target engine.Seq) {
	for i := range r.list {
		e := &r.list[i]
		if (e.Kind == engine.KindMessageNew || e.Kind == engine.KindFormFilled) && e.Seq == target || e.Kind == engine.KindMessageEdited && e.Target == target {
			e.Format, e.Digest = engine.FormatRedacted, engine.Body{}.Digest()
		}
	}
}

// written is what is remembered of a message: whose it is, who may see it, and
// which entry removed it.
type written struct {
	seq        engine.Seq
	author     engine.Author
	visibility engine.Visibility
	file       engine.FileID // zero: it is none
	removed    engine.Seq    // 0: it stands
	removedAt  time.Time
}

// countMessages is how much room a restored session's messages need.
func countMessages(all []engine.Result) (n int) {
	for i := range all {
		if all[i].Kind == engine.KindMessageNew {
			n++
		}
	}
	return n
}

// messages are all there are, by their numbers.
type messages []written

// at is where a message is, or would be.
func (m messages) at(seq engine.Seq) (int, bool) {
	if n := len(m); n == 0 || m[n-1].seq < seq {
		return n, false
	}
	return slices.BinarySearchFunc(m, seq, func(w written, seq engine.Seq) int { return cmp.Compare(w.seq, seq) })
}

// of is a message; nil: there is none of that number.
func (m messages) of(seq engine.Seq) *written {
	if i, known := m.at(seq); known {
		return &m[i]
	}
	return nil
}

// keep takes a message in, in the place of what is known under its number.
func (m *messages) keep(w *written) {
	i, known := m.at(w.seq)
	switch {
	case known:
		(*m)[i] = *w
	case *m == nil:
		*m = append(make(messages, 0, fewFirst), *w)
	case i == len(*m):
		*m = append(*m, *w)
	default:
		*m = slices.Insert(*m, i, *w)
	}
}

// remove notes which entry removed a message.
func (m *messages) remove(target, by engine.Seq, at time.Time) (was engine.FileID) {
	w := written{seq: target}
	if known := m.of(target); known != nil {
		w = *known
	}
	w.removed, w.removedAt = by, at
	m.keep(&w)
	return w.file
}
