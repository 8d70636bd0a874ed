package actors

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// What an operator's connections are told in passing of the operator itself: its load,
// what it should know of, and what the chats are about that it is offered.

// loadEvery is how often an operator's connections hear of its load at most: several
// changes together are one.
const loadEvery = 500 * time.Millisecond

// carried is the load that connections were told, and when.
type carried struct {
	load engine.Load
	at   time.Time
}

// sayLoad tells the connections what the operator carries, if that has changed. It
// answers when it is to be asked again; zero: not before the next change.
func (a *operatorActor) sayLoad(now time.Time) time.Time {
	l := engine.Load{Used: a.load.used, Capacity: a.capacity(), Open: a.load.open, OpenCap: a.load.openCap, Breathing: a.breathing()}
	switch due := a.carried.at.Add(loadEvery); {
	case l == a.carried.load:
		return time.Time{}
	case len(a.seats) == 0: // the next one is welcomed with it
		a.carried = carried{load: l}
		return time.Time{}
	case now.Before(due):
		return due
	}
	a.carried = carried{load: l, at: now}
	a.notify(l, "")
	return time.Time{}
}

// breathing is until when no offers come; zero: it does not breathe.
func (a *operatorActor) breathing() time.Time {
	if at := a.machine.Breathing(); at.After(a.h.tenant.sys.cfg.Clock()) {
		return at
	}
	return time.Time{}
}

// say gives a notice to the connections whom it concerns.
func (a *operatorActor) say(n engine.Notice) {
	if n.Kind != engine.NoticeSilent {
		a.notify(n, n.Department)
		return
	}
	for _, s := range a.seats {
		if !s.failed && !s.seat.isSignedOut() && s.seat.rights(n.Department).Has(engine.RightSupervise) {
			s.failed = !s.seat.outlet.Notify(n)
		}
	}
}

// sayNudged tells supervisors that a session's owner leaves its visitor waiting; the
// owner has the entry.
func (a *sessionActor) sayNudged(e *engine.Entry) {
	n := engine.Notice{Kind: engine.NoticeSilent, Session: e.Session, Department: a.rules.Department(), Operator: e.Operator}
	for _, o := range a.h.tenant.allOperators() {
		if o.id != e.Operator && o.connections.Load() > 0 {
			o.tell(noticed{n})
		}
	}
}

// notify passes a signal to the operator's connections, of a department to those whose
// token names it (I10).
func (a *operatorActor) notify(signal engine.Signal, of engine.DepartmentID) {
	for _, s := range a.seats {
		if s.failed || s.seat.isSignedOut() || of != "" && !s.seat.principal.Load().Serves(of) {
			continue
		}
		s.failed = !s.seat.outlet.Notify(signal)
	}
}

// sayPaused says that the miss rule has paused the operator, and after how many.
func (a *operatorActor) sayPaused(before, is engine.IntentInfo) {
	if is.Cause != engine.CauseMissed || is.Intent != engine.IntentPaused || before.At.Equal(is.At) {
		return
	}
	misses := a.h.tenant.config().MaxMisses
	if misses == 0 {
		misses = engine.DefaultMaxMisses
	}
	a.say(engine.Notice{Kind: engine.NoticeMissedPause, Since: is.At, Misses: misses})
}

// warn tells the operators of a department that visitors wait there longer than it
// promises.
func (a *routerActor) warn(e routing.RiskIs) {
	n := engine.Notice{Kind: engine.NoticeRisk, Department: e.Department, Waited: e.Waited, Sessions: e.Sessions}
	t := a.h.tenant.config()
	for _, o := range a.h.tenant.allOperators() {
		declared, known := t.Operator(o.id)
		serves := known && (len(declared.Departments) == 0 || slices.Contains(declared.Departments, e.Department))
		if serves && o.connections.Load() > 0 {
			o.tell(noticed{n})
		}
	}
}

// brief is what an operator was told of a chat that it is offered.
type brief struct {
	offer engine.Seq
	about *engine.Brief
}

// offered tells the connections of an offer, and what it is about. Only those whose
// token names a department that it may go to learn that.
func (a *operatorActor) offered(n notice) {
	if n.Brief != nil {
		if a.briefs == nil {
			a.briefs = map[engine.SessionID]brief{}
		}
		a.briefs[n.Offer.Session] = brief{n.Offer.ID, n.Brief}
	}
	a.rev++
	for _, s := range a.seats {
		if !s.failed {
			s.failed = !s.seat.outlet.Notify(engine.OfferNew{Rev: a.rev, Offer: n.Offer, Brief: s.seat.mayHear(n.Brief)})
		}
	}
}

// mayHear is a brief as a connection may have it: none of it where its token names none
// of the departments that the chat may go to.
func (s *seat) mayHear(b *engine.Brief) *engine.Brief {
	if b == nil || s.isSignedOut() || !slices.ContainsFunc(b.Reach, s.principal.Load().Serves) {
		return nil
	}
	return b
}

// briefsOf is what is known of offers, for somebody who has just come.
func (a *operatorActor) briefsOf(offers []engine.Offer, to *seat) []*engine.Brief {
	all := make([]*engine.Brief, len(offers))
	for i, o := range offers {
		if b := a.briefs[o.Session]; b.offer == o.ID {
			all[i] = to.mayHear(b.about)
		}
	}
	return all
}

func (a *operatorActor) forgetBrief(id engine.SessionID, offer engine.Seq) {
	if b, known := a.briefs[id]; known && b.offer <= offer {
		delete(a.briefs, id)
	}
}

// hushBrief forgets what a chat that is offered is about.
func (a *operatorActor) hushBrief(id engine.SessionID, offer engine.Seq) {
	if b, known := a.briefs[id]; known && b.offer == offer {
		a.briefs[id] = brief{offer, b.about.Hushed()}
	}
}

// revokeUnseen gives back the offers of chats that none of the connections may see any
// more: nobody could accept them, and they would count as missed.
func (a *operatorActor) revokeUnseen() {
	scope := a.machine.Scope()
	if len(scope) == 0 {
		return
	}
	for id, b := range a.briefs {
		isSeen := slices.ContainsFunc(b.about.Reach, func(d engine.DepartmentID) bool { return slices.Contains(scope, d) })
		if len(b.about.Reach) > 0 && !isSeen {
			a.h.tenant.tellSession(id, revoke{Operator: a.h.id, Offer: b.offer, Cause: engine.CauseOperatorLost})
		}
	}
}

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
