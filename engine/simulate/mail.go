package simulate

import (
	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/engine/session"
)

// link is the mail of one sender to one receiver: in order, and as late as the
// world likes. Exactly one of toHouse and toDesk is set, or none: it is the router's.
type link struct {
	toHouse *house
	toDesk  *desk
	queue   []letter
	head    int
	slot    int // in world.busy; -1: empty
}

// letter is one message: one of its fields is set.
type letter struct {
	session  session.Input
	router   routing.Input
	operator operator.Input
	through  engine.Seq // from the store
	life     uint64     // of the router that wrote it, as world.questions counts
}

func newLink(to *house, at *desk) link { return link{toHouse: to, toDesk: at, slot: -1} }

func (w *world) send(l *link, m letter) {
	l.queue = append(l.queue, m)
	if l.slot < 0 {
		l.slot = len(w.busy)
		w.busy = append(w.busy, l)
	}
}

// take takes the first letter; the link must not be empty.
func (w *world) take(l *link) letter {
	m := l.queue[l.head]
	l.queue[l.head] = letter{}
	if l.head++; l.head == len(l.queue) {
		l.queue, l.head = l.queue[:0], 0
		w.idle(l)
	}
	return m
}

// lose empties a link, as the end of a process does.
func (w *world) lose(l *link) {
	clear(l.queue)
	l.queue, l.head = l.queue[:0], 0
	if l.slot >= 0 {
		w.idle(l)
	}
}

func (w *world) idle(l *link) {
	last := w.busy[len(w.busy)-1]
	w.busy[l.slot], last.slot = last, l.slot
	w.busy = w.busy[:len(w.busy)-1]
	l.slot = -1
}

// deliver lets a receiver take its next letter.
func (w *world) deliver(l *link) {
	m := w.take(l)
	switch {
	case m.router != nil:
		w.stepRouter(m.router)
	case m.operator != nil:
		l.toDesk.step(m.operator)
	case m.session != nil:
		w.written = m.life
		l.toHouse.step(m.session)
	default:
		l.toHouse.stored(m.through)
	}
}
