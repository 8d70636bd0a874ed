package actors

import (
	"slices"

	"github.com/parleyhq/parley/engine"
)

// page gathers one page of a session's history for a reader. It goes backwards
// through the log in reads of a bounded size; each ends at an entry that the
// reader may see (Entry.Prev), so that none finds nothing, however much of the
// log is not for the reader. One entry more than asked for is looked for: whether
// there are earlier ones is known then, and not guessed.
type page struct {
	// Fixed after construction.
	log   engine.Log
	ref   engine.SessionRef
	seat  *seat
	limit int
	done  func(engine.Answer) // by the actor, which judges the right once more

	// Owned by the read under way.
	entries []*engine.Entry // visible to the reader, newest first
}

// history answers a page of the log. It changes nothing, so the rules have no
// part in it but the right to read, now and when it is answered. The reads follow
// one another without the actor.
func (a *sessionActor) history(item draftPosted) {
	d, seat := item.draft, item.seat
	if !a.mayRead(seat) {
		seat.answer(d, engine.Answer{Err: engine.ErrNotFound})
		return
	}
	p := &page{log: a.h.log, ref: a.h.ref, seat: seat, limit: d.Limit, done: a.readOn(item)}
	if p.limit <= 0 || p.limit > engine.MaxHistory {
		p.limit = engine.MaxHistory
	}
	last := a.rules.Durable()
	if d.Before != 0 && d.Before <= last {
		last = d.Before - 1
	}
	p.read(last)
}

// read reads on backwards from an entry, or answers when none is left.
func (p *page) read(last engine.Seq) {
	if last == 0 {
		p.answer()
		return
	}
	const size = engine.MaxHistory + 1
	after := last - min(last, size)
	p.log.ReadFrom(p.ref, after, int(last-after), func(entries []*engine.Entry, err error) {
		switch {
		case engine.ErrUnknown.Is(err):
			p.done(engine.Answer{Err: engine.ErrNotFound})
		case err != nil:
			p.done(engine.Answer{Err: engine.ErrBusy})
		default:
			p.take(entries, last)
		}
	})
}

// take adds what was read, and reads on unless the page is full. A log that lets
// its oldest entries go answers with later ones than asked for.
func (p *page) take(entries []*engine.Entry, last engine.Seq) {
	for _, e := range slices.Backward(entries) {
		if e.Seq <= last && e.IsVisible(p.seat.reader) {
			if p.entries = append(p.entries, e); len(p.entries) > p.limit {
				p.answer()
				return
			}
		}
	}
	if len(entries) == 0 || entries[0].Seq > last {
		p.answer()
		return
	}
	p.read(entries[0].Prev(p.seat.reader))
}

func (p *page) answer() {
	more := len(p.entries) > p.limit
	entries := p.entries[:min(len(p.entries), p.limit)]
	slices.Reverse(entries)
	p.done(engine.Answer{Session: p.ref.Session, Entries: entries, More: more})
}
