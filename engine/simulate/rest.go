package simulate

import (
	"slices"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
	"github.com/parleyhq/parley/engine/session"
)

// mailLimit is how many letters a town may take to come to rest: more is a circle.
const mailLimit = 20_000

// rest delivers all mail and all that is due, and checks what must hold then.
func (w *world) rest() {
	for turn := range mailLimit {
		if w.violation != nil {
			return
		}
		if len(w.busy) > 0 {
			w.deliver(w.busy[turn%len(w.busy)]) // everybody's moves on
		} else if !w.tickAll() {
			w.atRest()
			return
		}
	}
	w.broken("I4", nil, "the town does not come to rest")
}

// atRest checks a town in which nothing is under way.
func (w *world) atRest() {
	w.rests++
	w.unsettled, w.lenient = false, false
	open := 0
	for _, h := range w.alive {
		if row := h.s.Row(); row.State.IsOpen() && row.State != engine.StateNew {
			open++
			h.atRest(&row)
		}
	}
	if got := w.ledger.Sessions(); got != open {
		w.broken("I12", nil, "the router knows %d open sessions, there are %d", got, open)
	}
	for _, d := range w.desks {
		d.atRest()
	}
	w.found(w.ledger.End(w.now))
	for _, f := range w.router.Audit() { // nothing is under way: each counts
		w.broken(f.Invariant, w.house(f.Session), "the router's audit: %s", f.Detail)
	}
	if w.off {
		w.keepsNoSecret()
	}
	w.bury()
}

// atRest: the router knows the session as it is (I4), and its owner is there (I7).
func (h *house) atRest(row *engine.Row) {
	w := h.w
	known, ok := w.ledger.Row(h.ref.Session)
	switch {
	case !ok:
		w.broken("I4", h, "%v, and the router does not know it", row.State)
		return
	case known.State != row.State || known.Epoch != row.Epoch || known.Owner != row.Owner || known.Weight != row.Weight || known.Service.Weight != row.Service.Weight || known.Department != row.Department ||
		len(known.Offers) != len(row.Offers):
		w.broken("I4", h, "is %v of epoch %d, the router knows %v of epoch %d", row.State, row.Epoch, known.State, known.Epoch)
	case h.s.InFlight() != 0 || len(h.held) != 0:
		w.broken("I11", h, "%d entries are not durable, %d effects wait", h.s.InFlight(), len(h.held))
	case isDue(h.deadline, w.now):
		w.broken("I13", h, "%v: a deadline has passed", row.State)
	}
	if w.rests%4 == 0 {
		h.seen(row)
	}
	if row.State != engine.StateActive && row.State != engine.StateDetached {
		return
	}
	d := w.desk(row.Owner)
	is := d.m.Connectivity()
	seen := d.tokens.maySee(w.tenant, row.Department)
	switch {
	case is == operator.Gone && row.State == engine.StateActive: // a detached one has its deadline
		w.broken("I7", h, "active, and its owner is gone")
	case is == operator.InGrace && row.State == engine.StateActive && !d.m.IsQuiet():
		w.broken("I7", h, "active, and its owner has no connection")
	case row.State == engine.StateActive && row.Service.Draining != (d.m.Intent().Intent == engine.IntentSignedOut) && !d.m.IsQuiet():
		w.broken("I7", h, "its owner drains: it knows %v", row.Service.Draining)
	case (is == operator.Connected || is == operator.Reachable) && !seen && row.State == engine.StateActive:
		w.broken("I7", h, "active, and its owner has no connection that may see it")
	case (is == operator.Connected || is == operator.Reachable) && seen && row.State == engine.StateDetached:
		w.broken("I7", h, "detached, and its owner is there")
	}
}

// seen: what people are shown (I10), and that a server that reads the row and runs no
// actor looks at the session in time (I13).
func (h *house) seen(row *engine.Row) {
	w := h.w
	by := session.DeadlineOf(*h.row, h.s.AwaySince(w.now), w.rules)
	if !h.deadline.IsZero() && (by.IsZero() || by.After(h.deadline)) {
		w.broken("I13", h, "%v: it is to be looked at %v, from its stored row one would at %v", row.State, h.deadline, by)
	}
	visitor, operators := h.s.Situation(engine.VisibleToAll), h.s.Situation(engine.VisibleToOperators)
	if visitor.Serving != nil || !visitor.Visitor.LastActivity.IsZero() || h.s.HeadFor(engine.VisibleToAll) > h.s.HeadFor(engine.VisibleToOperators) {
		w.broken("I10", h, "its visitor is shown what operators are")
	}
	if info := h.s.Info(); operators.Serving == nil || info.Owner != row.Owner || info.State != row.State || w.off && !info.LastActivity.IsZero() {
		w.broken("I10", h, "is shown as %v of %q", info.State, info.Owner)
	}
	for _, m := range operators.Serving.Members {
		if m.Hidden {
			w.broken("I10", h, "who watches unseen is shown")
		}
	}
}

// atRest: the operator knows what it owns, and its load.
func (d *desk) atRest() {
	w := d.w
	var owned int
	mine := d.m.Sessions(nil)
	for _, h := range w.alive {
		if !h.s.State().IsOpen() || h.s.Row().Owner != d.id {
			continue
		}
		owned++
		if !slices.Contains(mine, h.ref.Session) {
			w.broken("I7", h, "operator %s owns it and does not know", d.id)
		}
	}
	if len(mine) != owned {
		w.broken("I7", nil, "operator %s believes to own %d sessions, it owns %d", d.id, len(mine), owned)
	}
	if info := d.m.Intent(); info != d.stored && info.Cause != engine.CauseMissed {
		w.broken("I9", nil, "operator %s is %v, stored is %v", d.id, info.Intent, d.stored.Intent)
	}
	used, open := w.ledger.Used(d.id)
	if l := w.loads[d.number]; l.told && l.used != used {
		w.broken("I2", nil, "operator %s was told a load of %d in %d, it is %d in %d", d.id, l.used, l.open, used, open)
	}
}
