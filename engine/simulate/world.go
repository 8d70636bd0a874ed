package simulate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/invariant"
	"github.com/parleyhq/parley/engine/operator"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/engine/session"
)

const visitorCount = 8

// world is one tenant's town. It is a function of its seed and of the acts.
type world struct {
	now     time.Time
	tenant  *engine.Tenant
	plans   [4]*engine.Tenant // what the configuration changes to
	reforms []*engine.Tenant  // the same, much at once
	off     bool              // transcripts are: sessions end with the process, and nothing they hold may leave it
	rules   session.Rules

	houses   []*house // by number, all there ever were
	spare    []*house // of worlds before this one: their memory is used again
	alive    []*house // those that may still do something, in order
	desks    []*desk
	visitors [visitorCount]visitor
	busy     []*link // those with letters

	router         *routing.Router
	routerDeadline time.Time
	ledger         *invariant.Ledger
	loads          [maxOperators]load // as operators were told
	picking        *routing.Pick      // being stepped
	decision       *engine.Decision   // the router's last
	written        uint64             // the life of the router whose letter is being read
	explaining     engine.OperatorID  // whom it is asked about

	connections uint64
	keys        int
	trying      *try // the draft being stepped
	asked       session.Ask

	events    int
	tally     tally
	violation *invariant.Violation // the first
	unsettled bool                 // configuration or router changed since all was last at rest
	lenient   bool                 // unsettled, and some truth cannot hold meanwhile
	restarts  int
	questions uint64 // of routers that had lost their memory
	excluded  int    // sessions that ended with the process, because nothing is recorded
	rests     int
	tale      *strings.Builder // what happens, told; nil: nobody listens

	// One step's scratch.
	sessionOut  []session.Effect
	routerOut   []routing.Effect
	operatorOut []operator.Effect
}

// load is what the router told of an operator.
type load struct {
	told       bool
	used, open int
}

// visitor is a person at the tenant's pages.
type visitor struct {
	id     engine.VisitorID
	number int
	open   *house    // takes messages, as far as the switchboard knows
	last   *house    // the one before
	banned time.Time // until then it neither begins nor writes
}

func newWorld(seed uint64, off bool) *world {
	r := rand.New(rand.NewPCG(seed, 1))
	w := &world{now: start, tenant: newTenant(r), ledger: invariant.NewLedger(), router: routing.New()}
	w.plans[0] = w.tenant
	for i := range w.plans[1:] {
		w.plans[i+1] = vary(r, w.plans[i])
	}
	w.reforms = reforms(rand.New(rand.NewPCG(seed, 3)), w.tenant)
	w.off = off
	for _, t := range slices.Concat(w.plans[:], w.reforms) {
		t.Transcripts = !off
		t.Attributes = []string{"order"}
	}
	w.rules = session.Rules{
		Keeps:      !off,
		Peek:       true,
		Files:      w.tenant.Files,
		Attributes: w.tenant.Attributes,
		Department: func(id engine.DepartmentID) (engine.Department, bool) { return w.tenant.Department(id) },
		Operator:   func(id engine.OperatorID) (engine.Operator, bool) { return w.tenant.Operator(id) },
		BodyBytes:  1000,
	}
	for i := range w.visitors {
		w.visitors[i] = visitor{id: engine.VisitorID{15: byte(i + 1)}, number: i}
	}
	w.stepRouter(routing.Configure{Tenant: w.tenant})
	for i := range operatorIDs {
		d := w.newDesk(i)
		w.desks = append(w.desks, d)
		d.begin()
	}
	return w
}

// found notes the first violation.
func (w *world) found(v *invariant.Violation) {
	if v != nil && w.violation == nil {
		w.violation = v
	}
}

func (w *world) broken(name string, h *house, format string, args ...any) {
	if w.violation != nil {
		return
	}
	v := &invariant.Violation{Invariant: name, Detail: fmt.Sprintf(format, args...)}
	if h != nil {
		v.Session = h.ref.Session
	}
	w.violation = v
}

// tell tells what happens. Where it happens often, ask first whether somebody
// listens: a tale costs more than a step.
func (w *world) tell(format string, args ...any) {
	if w.tale != nil {
		fmt.Fprintf(w.tale, "%s "+format+"\n", append([]any{w.now.Format("15:04:05.000")}, args...)...)
	}
}

// stepRouter lets the router take one input; the ledger follows.
func (w *world) stepRouter(in routing.Input) {
	w.events++
	w.ledger.Begin()
	w.picking = nil
	if w.tale != nil {
		w.tell("router <- %T%+v", in, in)
	}
	switch in := in.(type) {
	case routing.SessionIs:
		if w.tale != nil {
			w.tell("  row %+v", *in.Row)
		}
		w.ledger.SessionIs(in.Row, in.Life, in.Number, in.Recovered, in.Asked, w.now)
	case routing.OperatorIs:
		w.ledger.OperatorIs(in.Operator, in.Routable, in.Breathing, in.Departments)
	case routing.Configure:
		w.ledger.Configure(in.Tenant)
	case routing.Await:
		w.ledger.Await(in.Sessions, in.Asked, w.now.Add(engine.DefaultOperatorGrace))
	case routing.Pick:
		w.picking = &in
	default:
	}
	w.routerOut = w.router.Step(in, w.now, w.routerOut[:0])
	for i, effect := range w.routerOut {
		if w.tale != nil {
			w.tell("    router: %T%+v", effect, effect)
		}
		w.routerOut[i] = nil
		w.routed(effect)
	}
	w.found(w.ledger.End(w.now))
	w.lenient = w.lenient || w.ledger.GaveUp(w.now) // the mail of half a minute is under way
	w.routerDeadline = w.router.Deadline()
}

func (w *world) routed(effect routing.Effect) {
	switch e := effect.(type) {
	case routing.Offer:
		w.decision = e.Decision
		w.granted(&e)
		w.toHouse(e.Session, session.Offer{
			Operator: e.Operator, Also: e.Also, Epoch: e.Epoch, Life: e.Life, Number: e.Number, Direct: e.Direct, Transfer: e.Transfer, Why: e.Decision,
			Reachable: e.Reachable,
		})
	case routing.Refuse:
		w.ledger.Sent(e.Session.Session)
		w.toHouse(e.Session, session.Refuse{Epoch: e.Epoch, Cause: e.Cause})
	case routing.Defer:
		w.ledger.Sent(e.Session.Session)
		w.toHouse(e.Session, session.Defer{Epoch: e.Epoch, Cause: e.Cause})
	case routing.Resume:
		w.toHouse(e.Session, session.Resume{Epoch: e.Epoch})
	case routing.Relax:
		w.toHouse(e.Session, session.Relax{Epoch: e.Epoch, Step: e.Step})
	case routing.TransferFailed:
		w.toHouse(e.Session, session.TransferFailed{Epoch: e.Epoch, Transfer: e.Transfer, Cause: e.Cause})
	case routing.Picked:
		if h := w.house(e.Session); h != nil {
			w.send(&h.fromRouter, letter{session: session.Picked{Life: e.Life, Number: e.Request, Err: e.Err}})
		}
	case routing.LoadIs:
		w.found(w.ledger.Load(e.Operator, e.Used, e.Open))
		if d := w.desk(e.Operator); d != nil {
			w.loads[d.number] = load{true, e.Used, e.Open}
		}
	case routing.Ask:
		w.toHouse(e.Session, session.Again{Asked: e.Asked})
	case routing.Explained:
		w.explained(e)
	default: // what people are shown
	}
}

func (w *world) toHouse(ref engine.SessionRef, in session.Input) {
	h := w.house(ref.Session)
	if h == nil || ref.Tenant != w.tenant.ID {
		w.broken("I14", nil, "the router speaks of %s", ref)
		return
	}
	w.send(&h.fromRouter, letter{session: in, life: w.questions})
}

func (w *world) granted(e *routing.Offer) {
	g := invariant.Grant{
		Session: e.Session.Session, Operators: append([]engine.OperatorID{e.Operator}, e.Also...), Epoch: e.Epoch, Life: e.Life, Number: e.Number,
		Direct: e.Direct, Transfer: e.Transfer,
	}
	if p := w.picking; p != nil && p.Session == e.Session.Session && p.Operator == e.Operator {
		g.Picked, g.Forced = true, p.Force
	}
	if row, ok := w.ledger.Row(g.Session); ok && e.Transfer != 0 && row.Service.Transfer != nil && row.Service.Transfer.Force {
		g.Forced = true
	}
	w.found(w.ledger.Granted(g, w.now))
}

// begin is a new session of the visitor of h, unless it has one that is open.
func (w *world) begin(h *house, inherit session.Inherit) {
	v := h.visitor
	if w.current(v) != nil {
		return
	}
	next := w.open(v)
	next.step(session.Present{On: true})
	next.step(session.Ask{
		By: engine.Author{Kind: engine.AuthorVisitor}, Inherit: &inherit,
		Draft:  engine.Draft{Op: engine.OpContinue, Request: "r", ClientID: w.key(), Department: inherit.Department},
		Banned: v.banned,
	})
}

// current is the visitor's session that takes messages; nil: it may start one.
func (w *world) current(v *visitor) *house {
	h := v.open
	if h == nil {
		return nil
	}
	if s := h.s.State(); (s == engine.StateClosing || s == engine.StateClosed) && h.s.InFlight() == 0 {
		v.last, v.open = h, nil
		return nil
	}
	return h
}

func (w *world) open(v *visitor) *house {
	for _, h := range w.alive {
		if h.visitor == v && h.s.State() != engine.StateClosing && h.s.State().IsOpen() {
			w.broken("I8", h, "the visitor has it, and gets another")
		}
	}
	v.open = w.newHouse(v)
	w.alive = append(w.alive, v.open)
	return v.open
}

// bury forgets sessions that are over and that nobody speaks of any more.
func (w *world) bury() {
	w.alive = slices.DeleteFunc(w.alive, func(h *house) bool {
		return h.over && h.s.InFlight() == 0 && h != h.visitor.open && h != h.visitor.last
	})
}

// tick tells those whose time has come.
func (w *world) tickAll() (any bool) {
	for _, h := range w.alive {
		if isDue(h.deadline, w.now) {
			h.step(session.Tick{})
			any = true
		}
	}
	for _, d := range w.desks {
		if isDue(d.deadline, w.now) {
			d.step(operator.Tick{})
			any = true
		}
	}
	if isDue(w.routerDeadline, w.now) {
		w.stepRouter(routing.Tick{})
		any = true
	}
	return any
}

func isDue(deadline, now time.Time) bool { return !deadline.IsZero() && !now.Before(deadline) }

// next is the first deadline after now; zero: none.
func (w *world) next() (first time.Time) {
	try := func(at time.Time) {
		if at.After(w.now) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	for _, h := range w.alive {
		try(h.deadline)
	}
	for _, d := range w.desks {
		try(d.deadline)
	}
	try(w.routerDeadline)
	return first
}
