package actors

import (
	"encoding/binary"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/invariant"
)

// What leaves a session is judged twice (I10): by mayRead each time, and for a part of it
// by engine/invariant, which computes anew from the session's facts, the token and the
// configuration who may have what. Looked at are one frame in thirty-two on average, every
// connection as it is seated, what it is told first, and every page of the log; of a
// frozen session everything.
// What fails goes nowhere: the connection is closed and the session frozen.

// spots says at which frames to look: at a distance that varies, so that a number of
// readers that never changes does not hide one of them. Owned by the session's actor.
type spots struct {
	left  int
	state uint32
}

// spotDistance is twice how many frames pass by for one that is looked at, a power of two.
const spotDistance = 64

// newSpots begins with the first frame, and goes on differently in each session.
func newSpots(id engine.SessionID) spots { return spots{state: binary.BigEndian.Uint32(id[12:])} }

// pass reports whether this frame goes unlooked at. It is asked for each: it is small.
func (s *spots) pass() bool {
	s.left--
	return s.left >= 0
}

// next says when to look again.
func (s *spots) next() {
	s.state = s.state*1664525 + 1013904223 // a linear congruence: its upper bits vary
	s.left = int((s.state >> 16) % spotDistance)
}

// sent is what is about to go to a connection; the zero sent is something of the session.
type sent struct {
	entry  *engine.Entry
	page   []*engine.Entry
	signal engine.Signal
}

// isUnseen reports whether what goes to a place now is not looked at.
func (a *sessionActor) isUnseen() bool { return a.spots.pass() && a.frozen == nil }

// isLet judges anew whether something may go to a place. If not, it must not go.
func (a *sessionActor) isLet(p *place, what sent) bool {
	a.spots.next()
	v := a.unfit(p.seat, what)
	if v == nil {
		return true
	}
	if !a.mayRead(p.seat) { // it has lost the right meanwhile
		a.lose(p)
		return false
	}
	p.gone, p.backlog = true, nil
	a.pruning = true
	p.seat.outlet.Close(engine.ReasonFailed)
	a.breaks(v)
	return false
}

// unfit says why something may not go to a connection, or nil. Configurations and tokens
// change while it is judged: it is judged again, unless the rules say so too.
func (a *sessionActor) unfit(s *seat, what sent) *invariant.Violation {
	v := a.unfitNow(s, what)
	if v != nil && a.mayRead(s) {
		v = a.unfitNow(s, what)
	}
	return v
}

func (a *sessionActor) unfitNow(s *seat, what sent) *invariant.Violation {
	row, r, t := a.rules.Facts(), s.reads(a.sys.cfg.Clock), a.h.tenant.config()
	switch {
	case what.entry != nil:
		return invariant.CheckEntry(what.entry, row, &r, t)
	case what.signal != nil:
		return invariant.CheckSignal(what.signal, row, &r, t)
	}
	for _, e := range what.page {
		if v := invariant.CheckEntry(e, row, &r, t); v != nil {
			return v
		}
	}
	return invariant.CheckReader(row, &r, t)
}

// reads is the connection as invariant.CheckReader wants it.
func (s *seat) reads(now func() time.Time) invariant.Reader {
	r := invariant.Reader{Tenant: s.tenant.id, Author: s.author, Visitor: s.visitor, Sees: s.reader}
	switch {
	case s.desk != nil:
		r.Token = s.principal.Load()
		if at := s.desk.revoked.Load(); at != 0 {
			r.SignedOut = time.Unix(0, at)
		}
	case s.revoked.Load():
		r.SignedOut = now()
	}
	return r
}

// breaks freezes the session. Of one that is frozen or over already it is told all the
// same.
func (a *sessionActor) breaks(v *invariant.Violation) {
	if a.frozen != nil || a.over {
		a.sys.alarm.note(a.h.ref.Tenant, v, a.sys.cfg.Clock())
		return
	}
	a.watch.found(v)
	a.judge()
}

// checked is an answer with entries, or what is held about the visitor, if its asker may
// have that; else a refusal.
func (a *sessionActor) checked(s *seat, answer engine.Answer) engine.Answer {
	v := a.unfit(s, sent{page: answer.Entries})
	if v == nil {
		return answer
	}
	refused := engine.Answer{Request: answer.Request, Op: answer.Op, Session: answer.Session, Err: engine.ErrNotFound}
	if !a.mayRead(s) { // it has lost the right meanwhile
		return refused
	}
	a.breaks(v)
	if refused.Err = a.frozen; a.frozen == nil {
		refused.Err = engine.ErrInternal
	}
	return refused
}
