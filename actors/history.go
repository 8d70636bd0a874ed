package actors

import "github.com/parleyhq/parley/engine"

// history answers a page of the log. It changes nothing, so the rules have no
// part in it but the right to read.
func (a *sessionActor) history(item draftPosted) {
	d, seat := item.draft, item.seat
	if !a.rules.MayRead(seat.author) {
		seat.answer(d, engine.Answer{Err: engine.ErrNotFound})
		return
	}
	limit := d.Limit
	if limit <= 0 || limit > engine.MaxHistory {
		limit = engine.MaxHistory
	}
	before := d.Before
	if before == 0 || before > a.rules.Durable() {
		before = a.rules.Durable() + 1
	}
	after := before - 1 - min(before-1, engine.Seq(limit))
	a.h.log.ReadFrom(a.h.ref, after, int(before-1-after), func(entries []*engine.Entry, err error) {
		if err != nil {
			seat.answer(d, engine.Answer{Err: engine.ErrBusy})
			return
		}
		seat.answer(d, engine.Answer{Session: a.h.ref.Session, Entries: visible(entries, seat.reader), More: after > 0})
	})
}
