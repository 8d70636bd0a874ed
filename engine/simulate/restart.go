package simulate

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/invariant"
	"github.com/parleyhq/parley/engine/operator"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/engine/session"
)

// rebuild makes a session's machine anew from its log and row.
func (h *house) rebuild() {
	w := h.w
	h.life++
	head := engine.Head{Term: h.life, Last: engine.Seq(len(h.log)), Visitor: h.owner, Row: h.row}
	if h.proven != 0 {
		head.Visitor = provenID(h.visitor)
	}
	if h.closed != 0 {
		head.Closed, head.Row = true, nil
	}
	for i := len(h.log) - 1; i >= 0 && head.Form == nil; i-- {
		if h.log[i].Kind == engine.KindFormFilled {
			head.Form = h.log[i]
		}
	}
	for i := len(h.log) - 1; i >= 0 && head.Identity == nil; i-- {
		if h.log[i].Kind == engine.KindAttrsSet {
			head.Identity = h.log[i]
		}
	}
	room := len(h.results)
	if h.closed == 0 {
		room += 4
	}
	head.Results = append(make([]engine.Result, 0, room), h.results...)
	tail := h.log[max(0, len(h.log)-engine.MaxHistory):]
	h.held, h.waits, h.head, h.rows = nil, nil, 0, nil
	h.s = session.Restore(h.ref, head, tail, w.rules)
	row := h.s.Row()
	h.now = &row
	if h.check.Last() != head.Last { // the log has lost its end
		h.check = invariant.Log{}
		for _, e := range h.log {
			w.found(h.check.Add(e))
		}
	}
	w.restarts++
}

// recover is what the next life of the session's actor begins with.
func (h *house) recover() {
	h.step(session.Recover{Since: h.w.now})
	row := h.s.Row()
	for _, o := range h.told.offers {
		if !row.HasOffer(o.ID) {
			h.notify(session.Notify{Operator: o.Operator, Note: session.OfferEnded, Offer: o.Offer, Cause: engine.CauseRestart})
		}
	}
	owner := row.Owner
	if !row.State.IsOpen() {
		owner = ""
		h.w.send(&h.toRouter, letter{router: routing.SessionIs{Row: &row, Life: h.life, Recovered: true}})
	}
	if was := h.told.owner; was != "" && was != owner {
		h.notify(session.Notify{Operator: was, Note: session.Lost, Offer: engine.Offer{Epoch: row.Epoch}})
	}
	if owner != "" {
		h.notify(session.Notify{Operator: owner, Note: session.Gained, Offer: engine.Offer{Epoch: row.Epoch, Department: row.Department}})
	}
}

// crash ends the session's actor and begins another. What it had handed to the log
// is stored; what it wanted to do then is forgotten.
func (h *house) crash() {
	if len(h.log) == 0 {
		return
	}
	before, present := h.s.Row(), h.s.InFlight() == 0
	h.w.lose(&h.store)
	for _, k := range h.rows {
		if k.row != nil {
			h.row = k.row
		}
	}
	h.rebuild()
	if after := h.s.Row(); present && before.State.IsOpen() && !same(before, after) {
		h.w.broken("I13", h, "rebuilt otherwise: %s", differs(after, before))
	}
	h.recover()
}

// same compares all that a session must know again after a restart. What people
// have read is kept with the next entry, and so is who watches unseen; that the owner
// drains is told again.
func same(a, b engine.Row) bool {
	for _, r := range []*engine.Row{&a, &b} {
		r.ReadVisitor, r.ReadOperator, r.LastActivity, r.Service.Draining = 0, 0, a.LastActivity, false
		r.Service.Members = slices.DeleteFunc(slices.Clone(r.Service.Members), func(m engine.Member) bool { return m.Hidden })
		if len(r.Service.Members) == 0 {
			r.Service.Members = nil
		}
		if len(r.Declines) == 0 {
			r.Declines = nil
		}
		if len(r.Offers) == 0 {
			r.Offers = nil
		}
	}
	return reflect.DeepEqual(a, b)
}

// newRouter is a router that has lost its memory: all are asked to report again.
func (w *world) newRouter() {
	w.restarts++
	w.router, w.ledger, w.decision = routing.New(), invariant.NewLedger(), nil
	w.loads = [maxOperators]load{}
	w.stepRouter(routing.Configure{Tenant: w.tenant})
	w.questions++
	await := routing.Await{Asked: w.questions}
	for _, h := range w.alive {
		if h.row != nil {
			await.Sessions = append(await.Sessions, h.ref.Session)
		}
	}
	w.stepRouter(await)
	for _, h := range w.alive {
		w.send(&h.fromRouter, letter{session: session.Again{Asked: w.questions}})
	}
	for _, d := range w.desks {
		w.send(&d.fromRouter, letter{operator: operator.Again{}})
	}
}

// newProcess ends everything. Of the entries that were on their way to the disk, the
// first ones, as many as lucky says, have arrived.
func (w *world) newProcess(lucky int) {
	w.restarts++
	for len(w.busy) > 0 {
		w.lose(w.busy[0])
	}
	w.unsettled, w.lenient = true, false
	for _, h := range w.alive {
		h.powerCut(lucky)
	}
	w.alive = slices.DeleteFunc(w.alive, func(h *house) bool { return len(h.log) == 0 })
	for i := range w.visitors {
		v := &w.visitors[i]
		if v.open != nil && len(v.open.log) == 0 {
			v.open = nil
		}
		if v.last != nil && len(v.last.log) == 0 {
			v.last = nil
		}
	}
	w.router, w.ledger, w.decision = routing.New(), invariant.NewLedger(), nil
	w.loads = [maxOperators]load{}
	w.stepRouter(routing.Configure{Tenant: w.tenant})
	for _, h := range w.alive {
		h.told = told{}
		h.rebuild()
		if row := h.s.Row(); row.State.IsOpen() { // the index of open sessions, read at the start
			w.stepRouter(routing.SessionIs{Row: &row, Recovered: true})
		}
	}
	for _, d := range w.desks {
		d.begin()
	}
	for _, h := range w.alive {
		h.recover()
	}
}

// powerCut keeps of the log what is on the disk.
func (h *house) powerCut(lucky int) {
	through := h.s.Durable()
	if h.w.off { // there is no disk that knows of it
		if through, lucky = 0, 0; h.s.State().IsOpen() && len(h.log) > 0 {
			h.w.excluded++
		}
	}
	for i, k := range h.rows {
		if i >= lucky {
			break
		}
		through = k.through
		if k.row != nil {
			h.row = k.row
		}
	}
	h.rows = nil
	h.cut(through)
	for i := range h.tries { // what was lost was never answered
		if h.tries[i].seq > through {
			h.tries[i].seq = 0
		}
	}
	h.over = through > 0 && h.log[through-1].Kind == engine.KindSessionClosed
	if through == 0 {
		h.row = nil
	}
}

// cut leaves out what follows an entry, as if it had never been.
func (h *house) cut(through engine.Seq) {
	h.log = h.log[:through]
	for n := len(h.results); n > 0 && h.results[n-1].Seq > through; n-- {
		h.results = h.results[:n-1]
	}
	if h.closed > through {
		h.closed = 0
	}
	if h.proven > through {
		h.proven = 0
	}
}

// differs names the fields that do.
func differs(a, b engine.Row) (text string) {
	for _, pair := range [][2]reflect.Value{
		{reflect.ValueOf(a), reflect.ValueOf(b)}, {reflect.ValueOf(a.Service), reflect.ValueOf(b.Service)},
	} {
		for i := range pair[0].NumField() {
			if x, y := pair[0].Field(i).Interface(), pair[1].Field(i).Interface(); !reflect.DeepEqual(x, y) {
				text += fmt.Sprintf(" %s is %v and was %v,", pair[0].Type().Field(i).Name, x, y)
			}
		}
	}
	return text
}
