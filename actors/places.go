package actors

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// place is a seat in a session: where entries go.
type place struct {
	seat     *seat
	sent     engine.Seq      // the last entry delivered, or passed over as invisible
	catching bool            // a read is under way; what becomes durable meanwhile waits in backlog
	backlog  []*engine.Entry // bounded by MaxCatchUp: beyond it the outlet is closed
	reset    bool            // the gap was too long to fill
	public   bool            // of an operator: the visitor knows that it is there
	gone     bool
}

// attach seats an outlet: first what it missed, then what comes.
func (a *sessionActor) attach(item attach, now time.Time) {
	s := item.seat
	if !a.knows(s) { // the session has become another visitor's since
		s.outlet.Close(engine.ReasonFailed)
		return
	}
	if s.left.Load() || !a.mayRead(s) || a.placeOf(s) != nil {
		return
	}
	p := &place{seat: s}
	if !a.isLet(p, sent{}) {
		return
	}
	a.places = append(a.places, p)
	a.arrived(s, now)
	a.introduce(s, now)
	head := a.headFor(s.reader)
	after, reset := missed(item.have, head, a.rules.Durable())
	if after >= head {
		a.situate(p, after+1, head, reset)
		return
	}
	p.catching, p.reset, p.sent = true, reset, after
	life := a.life
	a.h.log.ReadFrom(a.h.ref, after, int(head-after), func(entries []*engine.Entry, err error) {
		a.h.tell(readBack{life: life, place: p, from: after + 1, head: head, entries: entries, err: err})
	})
}

// missed is where a reader's replay begins who holds the entries up to have. How
// much it missed is judged by the last entry that it may see: what operators write
// among themselves after that fills no gap of a visitor's.
func missed(have, head, durable engine.Seq) (after engine.Seq, reset bool) {
	if have <= durable && (have >= head || head-have <= engine.MaxCatchUp) {
		return have, false
	}
	return head - min(head, engine.MaxHistory), true
}

// headFor is the last durable entry that a reader may see. A visitor must not be
// told a number beyond it: it would wait for an entry that is not for it, and it
// would learn how many there are.
func (a *sessionActor) headFor(reader engine.Visibility) engine.Seq {
	if reader == engine.VisibleToOperators {
		return a.rules.Durable()
	}
	return a.shown
}

// caughtUp delivers what was read, then what became durable meanwhile.
func (a *sessionActor) caughtUp(item readBack, now time.Time) {
	p := item.place
	if p.gone {
		return
	}
	if !a.mayRead(p.seat) { // it has lost the right during the read
		a.lose(p)
		return
	}
	if item.err != nil {
		p.gone = true
		p.seat.outlet.Close(engine.ReasonFailed)
		a.prune(now)
		return
	}
	from := item.from
	if skip := tooMuch(item.entries); skip > 0 {
		item.entries, p.reset = item.entries[skip:], true
		from = item.entries[0].Seq
	}
	a.situate(p, from, item.head, p.reset)
	p.catching = false
	for _, e := range item.entries {
		a.hand(p, e)
	}
	for _, e := range p.backlog {
		a.hand(p, e)
	}
	p.backlog = nil
	a.prune(now)
}

// replayBytes is how much text a replay may hold: half of what an outbox holds
// by default, so that catching up does not make a slow consumer.
const replayBytes = 512 << 10

// tooMuch is how many of the first entries have to be left out of a replay.
func tooMuch(entries []*engine.Entry) int {
	total := 0
	for i, e := range slices.Backward(entries) {
		const frame = 300 // what an event holds besides its text
		if total += e.Body.Len() + frame; total > replayBytes && i < len(entries)-1 {
			return i + 1
		}
	}
	return 0
}

// situate tells an outlet where the session stands.
func (a *sessionActor) situate(p *place, from, head engine.Seq, reset bool) {
	p.sent = max(p.sent, from-1)
	sit := a.rules.Situation(p.seat.reader)
	sit.From, sit.Head, sit.Reset = from, head, reset
	if !a.isLet(p, sent{signal: sit}) {
		return
	}
	if !p.seat.outlet.Notify(sit) {
		p.gone = true
		return
	}
	a.showPlace(p)
}

// deliver hands a durable entry to everybody who may see it.
func (a *sessionActor) deliver(e *engine.Entry) {
	if e.IsVisible(engine.VisibleToAll) {
		a.shown = e.Seq
	}
	for _, p := range a.places {
		if p.catching {
			p.backlog = append(p.backlog, e)
			if len(p.backlog) > engine.MaxCatchUp {
				p.gone = true
				p.seat.outlet.Close(engine.ReasonSlowConsumer)
			}
			continue
		}
		a.hand(p, e)
	}
}

// hand is the one place where an entry leaves for a reader: rights are judged here (I10),
// and that they were is looked at (delivery.go).
func (a *sessionActor) hand(p *place, e *engine.Entry) {
	if p.gone || e.Seq <= p.sent {
		return
	}
	if !a.mayRead(p.seat) {
		a.lose(p)
		return
	}
	p.sent = e.Seq
	if !e.IsVisible(p.seat.reader) || !a.isUnseen() && !a.isLet(p, sent{entry: e}) {
		return
	}
	if !p.seat.outlet.Deliver(e) {
		p.gone = true
	}
}

// notify passes a signal to one side.
func (a *sessionActor) notify(t session.Tell) {
	for _, p := range a.places {
		switch {
		case p.seat.reader != t.To, p.catching, p.gone:
		case !a.mayRead(p.seat):
			a.lose(p)
		case a.isUnseen() || a.isLet(p, sent{signal: t.Signal}):
			p.gone = !p.seat.outlet.Notify(t.Signal)
		}
	}
}

func (a *sessionActor) placeOf(s *seat) *place {
	for _, p := range a.places {
		if p.seat == s && !p.gone {
			return p
		}
	}
	return nil
}

// detach takes a seat away.
func (a *sessionActor) detach(s *seat, now time.Time) {
	if p := a.placeOf(s); p != nil {
		p.gone = true
		a.prune(now)
	}
}

// prune forgets places that are gone or have lost their right.
func (a *sessionActor) prune(now time.Time) {
	for _, p := range a.places {
		if !p.gone && !a.mayRead(p.seat) {
			a.lose(p)
		}
	}
	a.pruning = false
	var gone []*place
	a.places = slices.DeleteFunc(a.places, func(p *place) bool {
		if p.gone {
			gone = append(gone, p)
		}
		return p.gone
	})
	for _, p := range gone {
		p.backlog = nil
		a.departed(p, now)
	}
	a.publish(now)
}

func (a *sessionActor) isCatchingUp() bool {
	return slices.ContainsFunc(a.places, func(p *place) bool { return p.catching && !p.gone })
}

func (a *sessionActor) seated(author engine.Author) int {
	n := 0
	for _, p := range a.places {
		if p.seat.author == author && !p.gone {
			n++
		}
	}
	return n
}

// arrived and departed keep presence: the visitor's is the rules' business, that of
// operators is passed on to the visitor, of those whom it knows of.
func (a *sessionActor) arrived(s *seat, now time.Time) {
	if s.desk == nil && a.seated(s.author) == 1 {
		a.presence(s.author, true, now)
	}
	a.publish(now)
}

func (a *sessionActor) departed(p *place, now time.Time) {
	if p.seat.desk != nil && p.public && !a.isPresent(p.seat.author) || p.seat.desk == nil && a.seated(p.seat.author) == 0 {
		a.presence(p.seat.author, false, now)
	}
}

// publish tells the visitor of operators who have come to write to it: the owner,
// and members. Who only reads or whispers is not its business.
func (a *sessionActor) publish(now time.Time) {
	for _, p := range a.places {
		by := p.seat.author
		if p.public || p.gone || p.seat.desk == nil {
			continue
		}
		if part, takesPart := a.rules.PartOf(by.Operator); !a.rules.Owns(by) && (!takesPart || part.As != engine.PartMember) {
			continue
		}
		first := !a.isPresent(by)
		if p.public = true; first {
			a.presence(by, true, now)
		}
	}
}

// isPresent reports whether the visitor was told that an operator is there.
func (a *sessionActor) isPresent(by engine.Author) bool {
	return slices.ContainsFunc(a.places, func(p *place) bool { return p.public && !p.gone && p.seat.author == by })
}

func (a *sessionActor) presence(author engine.Author, on bool, now time.Time) {
	switch author.Kind {
	case engine.AuthorVisitor:
		if !on && a.h.tenant.isDraining() { // it was sent away: no grace runs for that
			return
		}
		a.step(session.Present{On: on}, now)
	case engine.AuthorOperator:
		signal := engine.Presence{Session: a.h.ref.Session, Author: author, Present: on}
		a.notify(session.Tell{To: engine.VisibleToAll, Signal: signal})
	default:
	}
}

// visible filters entries for a reader.
func visible(entries []*engine.Entry, reader engine.Visibility) []*engine.Entry {
	return slices.DeleteFunc(slices.Clone(entries), func(e *engine.Entry) bool { return !e.IsVisible(reader) })
}
