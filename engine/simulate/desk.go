package simulate

import (
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/engine/session"
)

// desk is one operator: its machine, its devices, what is stored of it.
type desk struct {
	w        *world
	id       engine.OperatorID
	number   int
	m        *operator.Machine
	stored   engine.IntentInfo
	there    [maxDevices]uint64 // connections by device; 0: none
	tokens   tokens
	deadline time.Time

	toRouter, fromRouter, disk link
	jammed                     bool // the next intent cannot be kept
}

func (w *world) newDesk(number int) *desk {
	d := &desk{w: w, id: operatorIDs[number], number: number}
	d.toRouter, d.fromRouter, d.disk = newLink(nil, nil), newLink(nil, d), newLink(nil, d)
	return d
}

func (w *world) desk(id engine.OperatorID) *desk {
	for _, d := range w.desks {
		if d.id == id {
			return d
		}
	}
	return nil
}

// begin makes a machine of what is stored: the intent, and the sessions whose rows
// name the operator.
func (d *desk) begin() {
	d.m = operator.New(d.id)
	d.there, d.tokens = [maxDevices]uint64{}, tokens{}
	d.step(operator.SettingsOf(d.w.tenant, d.id))
	var owned []operator.Owned
	for _, h := range d.w.alive {
		if h.row != nil && h.row.Owner == d.id && h.row.State.IsOpen() && !h.over {
			owned = append(owned, operator.Owned{Session: h.ref.Session, Epoch: h.row.Epoch, Department: h.row.Department})
		}
	}
	d.step(operator.Restore{Intent: d.stored, Sessions: owned})
}

func (d *desk) step(in operator.Input) {
	w := d.w
	w.events++
	d.tokens.note(in)
	before, devices := d.m.Intent(), d.m.Connections()
	if w.tale != nil {
		w.tell("operator %s <- %T%+v", d.id, in, in)
	}
	var stored bool
	w.operatorOut = d.m.Step(in, w.now, w.operatorOut[:0])
	for i, effect := range w.operatorOut {
		w.operatorOut[i] = nil
		if w.tale != nil {
			w.tell("    operator: %T%+v", effect, effect)
		}
		switch e := effect.(type) {
		case operator.Store:
			d.keep(e.Intent)
			stored = true
		case operator.Report:
			w.send(&d.toRouter, letter{router: routing.OperatorIs{
				Operator: d.id, Routable: e.Routable, Present: e.Present, Reachable: e.Reachable, Breathing: e.Breathing, Departments: e.Departments,
			}})
		case operator.RevokeOffers:
			for _, o := range e.Offers {
				w.send(w.house(o.Session).mailFrom(d), letter{session: session.Revoke{Operator: d.id, Offer: o.ID, Cause: e.Cause}})
			}
		case operator.TellOwned:
			d.tell(e)
		case operator.Changed:
		}
	}
	_, restored := in.(operator.Restore)
	_, kept := in.(operator.Kept) // or not: then what was said is as if it had not been
	if !stored && !restored && !kept && d.m.Intent() != before {
		w.broken("I9", nil, "operator %s: %T changed the intent and did not have it kept", d.id, in)
	}
	if after := d.m.Intent(); after.Intent != before.Intent {
		d.mayChange(in, devices, before)
	}
	d.deadline = d.m.Deadline()
}

// keep stores an intent, unless the disk is full.
func (d *desk) keep(info engine.IntentInfo) {
	d.named(info)
	ok := !d.jammed
	if d.jammed = false; ok {
		d.stored = info
	}
	d.w.send(&d.disk, letter{operator: operator.Kept{Intent: info, OK: ok}})
}

// mayChange is I9: a device that comes changes the intent only where the operator
// had signed out and had no other.
func (d *desk) mayChange(in operator.Input, devices int, before engine.IntentInfo) {
	switch in.(type) {
	case operator.SetIntent, operator.Restore, operator.Missed, operator.Kept:
		return
	case operator.Connect:
		if devices == 0 && (before.Intent == engine.IntentNone || before.Intent == engine.IntentSignedOut) {
			return
		}
	default:
	}
	if isDue(before.Until, d.w.now) { // a pause that was said to end now
		return
	}
	d.w.broken("I9", nil, "operator %s: %T changed the intent", d.id, in)
}

// named is I9: one of the causes, with actor and device.
func (d *desk) named(info engine.IntentInfo) {
	switch info.Cause {
	case engine.CauseManual:
		if info.By == d.id && info.Device != "" {
			return
		}
	case engine.CauseSupervisor:
		if info.By != "" {
			return
		}
	case engine.CauseIntegration:
		return
	case engine.CauseMissed:
		if info.Intent == engine.IntentPaused {
			return
		}
	default:
	}
	d.w.broken("I9", nil, "operator %s: %v by %q, cause %v", d.id, info.Intent, info.By, info.Cause)
}

func (d *desk) tell(e operator.TellOwned) {
	for _, s := range e.Sessions {
		var in session.Input = session.OwnerBack{Operator: d.id, Epoch: s.Epoch}
		if e.Gone {
			in = session.OwnerGone{Operator: d.id, Epoch: s.Epoch, Cause: e.Cause, Drain: e.Drain, Since: e.Since}
		}
		d.w.send(d.w.house(s.Session).mailFrom(d), letter{session: in})
	}
}
