package actors

import (
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/engine/session"
)

// placed says where a waiting session is in line. To a session, control lane: at most
// one every engine.PositionEvery.
type placed struct{ engine.QueuePosition }

// place passes a session's place in line on, if somebody may be there to be told.
func (a *routerActor) place(e routing.PositionIs) {
	h := a.h.tenant.known(e.Session.Session)
	if h != nil && h.running.Load() {
		h.tell(placed{engine.QueuePosition{Session: e.Session.Session, Position: e.Position, P50: whole(e.P50), P90: whole(e.P90)}})
	}
}

// whole rounds an estimate: it is one. A short one stays known.
func whole(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return max(d.Round(time.Second), time.Second)
}

// placed keeps the place in line for visitors' connections that come later, and
// tells those that are there.
func (a *sessionActor) placed(item placed) {
	if a.waits() && !a.hidesQueue() {
		a.position = item.QueuePosition
		a.notify(session.Tell{To: engine.VisibleToAll, Signal: item.QueuePosition})
	}
}

// showPlace tells a visitor's connection that has just come.
func (a *sessionActor) showPlace(p *place) {
	if a.position.Position > 0 && p.seat.reader == engine.VisibleToAll && !p.gone && a.waits() && !a.hidesQueue() {
		p.gone = !p.seat.outlet.Notify(a.position)
	}
}

// hidesQueue reports whether the department keeps its line to itself.
func (a *sessionActor) hidesQueue() bool {
	d, _ := a.h.tenant.config().Department(a.rules.Department())
	return d.HideQueue
}

func (a *sessionActor) waits() bool {
	s := a.rules.State()
	return s == engine.StateQueued || s == engine.StateOffered
}
