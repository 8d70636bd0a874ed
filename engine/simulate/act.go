package simulate

import (
	"math/rand/v2"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/engine/session"
)

// deed is what an act does.
//
// Stories are made of deeds and numbers: what one means to an old story must not
// change. Something new is a deed of its own.
type deed uint8

const (
	deliver   deed = iota // the mail of link a, b
	pass                  // time: to the next deadline, or a little on
	ask                   // visitor a's session is asked something
	again                 // a draft comes again
	here                  // visitor a's connection comes or goes
	connect               // operator a's device b comes or goes
	intent                // operator a's
	away                  // operator a's device b
	crash                 // visitor a's session's actor
	amnesia               // the router's
	blackout              // operator a's
	powerCut              // the process
	configure             // the tenant
	settle                // all mail arrives
	upgrade               // visitor a proves who it is
	odd                   // visitor a's session is asked something wrong, or rare: b
	signal                // what is in no log
	share                 // a file in visitor a's session
	reform                // the configuration changes much
	rescope               // operator a's device b shows another token
	question              // the router is asked what it knows
	jam                   // the next intent of operator a cannot be kept
	stop                  // the process ends in good order
	deeds
)

var deedNames = [deeds]string{
	"deliver", "pass", "ask", "again", "here", "connect", "intent", "away", "crash", "amnesia", "blackout", "power_cut", "configure", "settle", "upgrade",
	"odd", "signal", "share", "reform", "rescope", "question", "jam", "stop",
}

// act is something that happens: a deed and what it is about, as small numbers
// that mean something in any world.
type act struct {
	deed    deed
	a, b, c uint8
}

// draw draws the next act. Mail moves more often than anything else happens.
func (w *world) draw(r *rand.Rand) act {
	n := r.Uint64()
	x := act{a: uint8(n >> 16), b: uint8(n >> 24), c: uint8(n >> 32)}
	switch p := n & 0xfff; {
	case len(w.busy) > 0 && p < 2300, len(w.busy) > 20 && p < 3400:
		x.deed = deliver
	case p < 3500:
		x.deed = ask
		switch n >> 40 & 15 {
		case 0, 1:
			x.deed = odd
		case 2:
			x.deed = [...]deed{signal, share, upgrade, odd}[n>>44&3]
		default:
		}
	case p < 3620:
		x.deed = pass
	case p < 3700:
		x.deed = again
	case p < 3780:
		x.deed = connect
	case p < 3860:
		x.deed = intent
	case p < 3900:
		x.deed = here
	case p < 3920:
		x.deed = away
	case p < 3980:
		x.deed = crash
	case p < 3985:
		x.deed = amnesia
	case p < 3990:
		x.deed = blackout
	case p < 3995:
		x.deed = powerCut
	case p < 4005:
		x.deed = configure
	case p < 4015:
		x.deed = settle
	case p < 4020:
		x.deed = reform
	case p < 4030:
		x.deed = rescope
	case p < 4040:
		x.deed = question
	case p < 4042:
		x.deed = jam
	case p < 4043:
		x.deed = stop
	default:
		x.deed = deliver
	}
	return x
}

// do makes an act happen.
func (w *world) do(x act) {
	v, d := &w.visitors[int(x.a)%visitorCount], w.desks[int(x.a)%maxOperators]
	switch x.deed {
	case deliver:
		if len(w.busy) > 0 {
			w.deliver(w.busy[(int(x.a)|int(x.b)<<8)%len(w.busy)])
		}
	case pass:
		w.pass(x)
	case ask:
		w.ask(v, x)
	case again:
		w.again(v, x)
	case here:
		if h := w.current(v); h != nil {
			h.step(session.Present{On: x.b&1 == 0})
		}
	case connect:
		d.device(x)
	case intent:
		d.says(x)
	case away:
		if id := d.there[int(x.b)%maxDevices]; id != 0 {
			d.step(operator.SetAway{Connection: id, On: x.c&1 == 0})
		}
	case crash:
		if h := v.open; h != nil {
			h.crash()
		}
	case amnesia:
		w.newRouter()
	case blackout:
		w.restarts++
		d.begin()
	case powerCut:
		w.newProcess(int(x.a) % 4)
	case configure:
		w.configure(w.plans[int(x.a)%len(w.plans)])
	case settle:
		w.rest()
	default:
		w.doMore(v, d, x)
	}
}

// doMore makes the rarer acts happen.
func (w *world) doMore(v *visitor, d *desk, x act) {
	switch x.deed {
	case upgrade:
		w.prove(v)
	case odd:
		w.odd(v, x)
	case signal:
		w.signals(v, x)
	case share:
		w.files(v, x)
	case reform:
		w.configure(w.reforms[int(x.a)%len(w.reforms)])
	case rescope:
		d.rescope(x)
	case question:
		w.question(d, x)
	case jam:
		d.jammed = true
	case stop:
		w.stop(x)
	default:
	}
}

// pass lets time pass: mostly to the next deadline, and mostly those whom it
// concerns hear of it at once.
func (w *world) pass(x act) {
	at := w.now.Add(time.Duration(x.a) * 50 * time.Millisecond)
	if next := w.next(); x.b&3 != 0 && !next.IsZero() && next.Before(w.now.Add(20*time.Minute)) {
		at = next.Add(time.Duration(x.a&3) * time.Second)
	} else if x.b>>2 == 0 {
		at = w.now.Add(time.Duration(x.a) * time.Minute)
	}
	w.now = at
	if x.c&7 != 0 {
		w.tickAll()
	}
}

func (w *world) configure(t *engine.Tenant) {
	w.unsettled, w.lenient = true, true
	w.tenant = t
	w.stepRouter(routing.Configure{Tenant: t})
	for _, h := range w.alive {
		h.s.Reconfigure(w.rules)
		h.deadline = h.s.Deadline()
	}
	for _, d := range w.desks {
		d.step(operator.SettingsOf(t, d.id))
	}
}

// device lets an operator's device connect or go. A device that comes states an
// intent now and then.
func (d *desk) device(x act) {
	at := &d.there[int(x.b)%maxDevices]
	if *at != 0 && x.c&1 == 0 {
		d.step(operator.Disconnect{Connection: *at})
		*at = 0
		return
	}
	d.w.connections++
	*at = d.w.connections
	in := operator.Connect{Connection: *at, Device: "device", Pushable: int(x.b)%maxDevices == 2}
	if x.c&0x18 != 0 {
		in.Intent = engine.IntentAccepting
	}
	if x.b>>5 == 1 { // a token for one department
		in.Departments = []engine.DepartmentID{departments[int(x.c>>5)%len(departments)]}
	}
	d.step(in)
}

// says: mostly that the operator takes chats.
func (d *desk) says(x act) {
	in := operator.SetIntent{Intent: engine.IntentAccepting, Cause: engine.CauseManual, By: d.id, Device: "device", Drain: x.c&1 == 0}
	switch x.b & 7 {
	case 0:
		in.Intent = engine.IntentPaused
		if x.c&2 == 0 {
			in.Until = d.w.now.Add(time.Duration(x.c) * time.Second)
		}
	case 1:
		in.Intent = engine.IntentSignedOut
	}
	switch x.c >> 5 {
	case 0:
		in.Cause, in.By = engine.CauseSupervisor, "boss"
	case 1:
		in.Cause, in.By = engine.CauseIntegration, ""
	}
	d.step(in)
}
