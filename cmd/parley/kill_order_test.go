package main

import (
	"context"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/wire"
)

// checkOrder frees one slot after the other: each time the head of the line is
// offered, those first that have lost their operator, then by age. It answers how
// many places it has tried.
func (w *killWorld) checkOrder() (tried int) {
	w.h.t.Helper()
	lines := map[engine.DepartmentID][]*killFile{}
	for _, f := range w.files() {
		if f.waits() {
			lines[engine.DepartmentID(f.Dept)] = append(lines[engine.DepartmentID(f.Dept)], f)
		}
	}
	for _, line := range lines {
		slices.SortFunc(line, func(a, b *killFile) int { return a.key().Compare(b.key()) })
	}
	for _, o := range w.operators {
		line := lines[o.dept]
		if tried == w.size.orders {
			break
		}
		if o.lost || len(line) == 0 || len(o.chats()) == 0 {
			continue
		}
		got, ok := w.next(o)
		if !ok {
			return tried
		}
		i := slices.IndexFunc(line, func(f *killFile) bool { return f.sid == got.Session })
		switch {
		case i < 0:
			w.h.t.Errorf("I6: %s was offered %s, which did not wait", o.id, got.Session)
			continue
		case line[i].key().After(line[0].key()):
			w.h.t.Errorf("I6: %s was offered the %d. of the line, %s of %v, before %s of %v", o.id, i+1, line[i].sid, line[i].key(), line[0].sid, line[0].key())
		}
		lines[o.dept] = slices.Delete(line, i, i+1)
		tried++
	}
	return tried
}

// next ends one of an operator's chats and answers what it is offered instead.
func (w *killWorld) next(o *killOperator) (wire.Offer, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for len(o.news) > 0 { // older than this
		<-o.news
	}
	o.mu.Lock()
	var chat string
	for sid := range o.owned {
		chat = sid
	}
	o.mu.Unlock()
	sid, err := engine.ParseSessionID(chat)
	if err != nil {
		w.h.t.Errorf("%s has no chat to end", o.id)
		return wire.Offer{}, false
	}
	if _, err := o.c.CloseSession(ctx, sid); err != nil {
		w.h.t.Errorf("%s ends %s: %v", o.id, sid, err)
		return wire.Offer{}, false
	}
	select {
	case offer, open := <-o.news:
		return offer, open
	case <-ctx.Done():
		w.h.t.Errorf("I5: %s has a free slot, sessions wait, and nothing is offered", o.id)
		return wire.Offer{}, false
	}
}
