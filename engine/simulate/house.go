package simulate

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/invariant"
	"github.com/parleyhq/parley/engine/operator"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/engine/session"
)

// house is one session: its machine, its log, its mail.
type house struct {
	w       *world
	ref     engine.SessionRef
	visitor *visitor
	owner   engine.VisitorID // the visitor as it began
	s       *session.Session

	log     []*engine.Entry
	results []engine.Result // of the log, as a store keeps them
	closed  engine.Seq      // the log's session.closed; 0: none
	proven  engine.Seq      // the log's identity.upgraded; 0: none
	files   int             // announced
	rows    []keptRow       // not yet durable
	row     *engine.Row     // durable
	held    []session.Effect
	waits   []engine.Seq // of held, what each waits for
	head    int
	over    bool        // the durable log has its last entry
	life    engine.Term // how often it was rebuilt

	check    invariant.Log
	now      *engine.Row // as last reported, durable or not
	deadline time.Time
	told     told

	toRouter, fromRouter, store link
	desks                       [maxOperators]struct{ to, from link }
	tries                       [4]try // drafts that may come again
}

// told is what an actor that died told operators.
type told struct {
	owner  engine.OperatorID
	offers []engine.LiveOffer
}

// keptRow is a row on its way to the disk, with the entries up to through.
type keptRow struct {
	through engine.Seq
	row     *engine.Row
}

// try is a draft, and what came of it first.
type try struct {
	by     engine.Author
	rights engine.Rights
	draft  engine.Draft
	plan   engine.Plan // may be draft's
	server bool        // a server of the tenant's speaks for the visitor
	seq    engine.Seq
}

func (w *world) newHouse(v *visitor) *house {
	h := w.spareHouse()
	h.w, h.visitor, h.owner = w, v, v.id
	n := len(w.houses) + 1
	h.ref = engine.SessionRef{Tenant: w.tenant.ID, Session: engine.SessionID{14: byte(n >> 8), 15: byte(n)}}
	h.s = session.New(h.ref, v.id, w.rules)
	h.toRouter, h.fromRouter, h.store = newLink(nil, nil), newLink(h, nil), newLink(h, nil)
	for i, d := range w.desks {
		h.desks[i].to, h.desks[i].from = newLink(nil, d), newLink(h, nil)
	}
	w.houses = append(w.houses, h)
	return h
}

// spareHouse is an empty house.
func (w *world) spareHouse() *house {
	n := len(w.spare)
	if n == 0 {
		return &house{}
	}
	h := w.spare[n-1]
	w.spare = w.spare[:n-1]
	clear(h.log)
	*h = house{log: h.log[:0], results: h.results[:0]}
	return h
}

func (w *world) house(id engine.SessionID) *house {
	if n := int(id[14])<<8 | int(id[15]); n > 0 && n <= len(w.houses) {
		return w.houses[n-1]
	}
	return nil
}

// step lets the session take one input and carries out the effects, those that
// follow an entry once it is durable.
func (h *house) step(in session.Input) {
	w := h.w
	w.events++
	if w.tale != nil {
		w.tell("session %s (%v) <- %T%+v", h.ref.Session, h.s.State(), in, in)
	}
	isStale := h.isStale(in)
	out := h.s.Step(in, w.now, w.sessionOut[:0])
	if isStale && len(out) > 0 {
		h.fenced(in, out)
	}
	if offer, ok := in.(session.Offer); ok {
		h.reserved(offer, out)
	}
	w.sessionOut = nil // one that is carried out may begin another session, which steps as well
	var written engine.Seq
	for _, effect := range out {
		if w.tale != nil {
			w.tell("    session: %T%+v", effect, effect)
		}
		switch e := effect.(type) {
		case session.Write:
			if w.tale != nil {
				w.tell("      %v cause %v operator %s epoch %d", e.Entry, e.Entry.Cause, e.Entry.Operator, e.Entry.Epoch)
			}
			h.log = append(h.log, e.Entry)
			if r, matters := engine.ResultOf(e.Entry); matters {
				h.results = append(h.results, r)
			}
			switch e.Entry.Kind {
			case engine.KindMessageNew:
				if e.Entry.Author.Kind == engine.AuthorVisitor && w.now.Before(h.visitor.banned) {
					w.broken("I10", h, "message %d of a banned visitor", e.Entry.Seq)
				}
			case engine.KindSessionClosed:
				h.closed = e.Entry.Seq
			case engine.KindIdentityUpgraded:
				h.proven = e.Entry.Seq
			default:
			}
			w.tally.kinds[e.Entry.Kind]++
			w.tally.causes[e.Entry.Cause]++
			w.found(h.check.Add(e.Entry))
			written = e.Entry.Seq
			h.hold(written, effect)
		case session.Reply:
			h.answered(e)
		case session.Report:
			if w.tale != nil {
				w.tell("      row %+v", *e.Row)
			}
			h.reported(e.Row)
			h.hold(e.After, effect)
		case session.Notify:
			h.hold(e.After, effect)
		case session.Pick:
			h.hold(e.After, effect)
		case session.Begin:
			h.hold(e.After, effect)
		case session.Tell:
		}
	}
	if written > 0 {
		h.rows = append(h.rows, keptRow{written, h.s.TakeRow()})
		w.send(&h.store, letter{through: written})
	}
	if w.off && w.events%secretEvery == 0 {
		h.printed(in, out)
	}
	clear(out)
	w.sessionOut = out
	h.deadline = h.s.Deadline()
	if h.now != nil && (written > 0 || w.events&15 == 0) {
		w.found(invariant.CheckDeadline(h.now, h.deadline))
	}
}

// reported checks what the session has become.
func (h *house) reported(row *engine.Row) {
	w := h.w
	w.found(invariant.CheckRow(row))
	if h.now != nil {
		w.found(invariant.CheckChange(h.now, row))
	}
	before := h.now
	if h.now = row; !w.lenient {
		w.notTooMany(before, row)
	}
	if h.check.Offers() != len(row.Offers) && row.State.IsOpen() {
		w.broken("I4", h, "%d offers stand in the log, %d in the row", h.check.Offers(), len(row.Offers))
	}
	if w.off {
		h.unrecorded(row)
	}
	if row.Ref != h.ref {
		w.broken("I14", h, "reports as %s", row.Ref)
	}
}

// reserved is I2 where it begins: whoever is asked, or given the session, has a slot
// that the router keeps for it. A router that lost its memory learns of the offers of
// the one before from the answers to its question.
func (h *house) reserved(in session.Offer, effects []session.Effect) {
	w := h.w
	if w.written != w.questions || w.ledger.Reserves(h.ref.Session, in.Number) {
		return
	}
	for _, e := range effects {
		if e, ok := e.(session.Write); ok && (e.Entry.Kind == engine.KindOfferMade || e.Entry.Kind == engine.KindSessionAssigned) {
			w.broken("I2", h, "takes offer %d, of which the router knows nothing any more", in.Number)
		}
	}
}

// notTooMany is I2 as people feel it: whatever the router believes, nobody has more
// sessions, or offers of them, than the open cap. It looks at those who got one.
func (w *world) notTooMany(before, row *engine.Row) {
	for i := range 1 + len(row.Offers) {
		id := row.Owner
		if i > 0 {
			id = row.Offers[i-1].Operator
		}
		if before != nil && holds(before, id) {
			continue
		}
		o, known := w.tenant.Operator(id)
		if !known {
			continue
		}
		open := 0
		for _, h := range w.alive {
			if h.now != nil && h.now.State.IsOpen() && holds(h.now, id) {
				open++
			}
		}
		if limit := invariant.OpenCap(&o); open > limit {
			w.broken("I2", nil, "operator %s has %d open sessions of %d", id, open, limit)
		}
	}
}

// holds reports whether the session is the operator's, or offered to it.
func holds(row *engine.Row, id engine.OperatorID) bool {
	return row.Owner == id || slices.ContainsFunc(row.Offers, func(o engine.LiveOffer) bool { return o.Operator == id })
}

// answered checks the answer to a draft that came again (I8).
func (h *house) answered(e session.Reply) {
	w := h.w
	if e.Answer.Err == nil {
		w.tally.done[e.Answer.Op]++
	} else {
		w.tally.refused[e.Answer.Op]++
	}
	t := w.trying
	if t == nil || e.Answer.Err != nil || t.draft.ClientID == "" || t.draft.Op == engine.OpIdentity { // what is held changes
		return
	}
	if t.seq != 0 && e.Answer.Seq != 0 && t.seq != e.Answer.Seq {
		w.broken("I8", h, "%v with a known key answers entry %d, the first time %d", t.draft.Op, e.Answer.Seq, t.seq)
	}
	if t.seq == 0 {
		t.seq = e.Answer.Seq
	}
}

func (h *house) hold(after engine.Seq, effect session.Effect) {
	if after <= h.s.Durable() {
		h.carryOut(effect)
		return
	}
	h.held, h.waits = append(h.held, effect), append(h.waits, after)
}

// stored makes entries durable, and carries out what waited for them.
func (h *house) stored(through engine.Seq) {
	if through > h.s.Last() {
		return // of a life that ended before
	}
	for len(h.rows) > 0 && h.rows[0].through <= through {
		if h.rows[0].row != nil {
			h.row = h.rows[0].row
		}
		h.rows = h.rows[1:]
	}
	h.step(session.Stored{Through: through})
	for h.head < len(h.held) && h.waits[h.head] <= through {
		effect := h.held[h.head]
		h.held[h.head] = nil
		h.head++
		h.carryOut(effect)
	}
	if h.head == len(h.held) {
		h.held, h.waits, h.head = h.held[:0], h.waits[:0], 0
	}
}

func (h *house) carryOut(effect session.Effect) {
	w := h.w
	switch e := effect.(type) {
	case session.Write:
		h.delivered(e.Entry)
		if w.off {
			h.leaves(e.Entry)
		}
	case session.Report:
		w.send(&h.toRouter, letter{router: routing.SessionIs{Row: e.Row, Life: e.Life, Number: e.Number, Recovered: e.Recovered, Asked: e.Asked}})
		if !e.Row.State.IsOpen() {
			h.over = true
		}
	case session.Pick:
		w.send(&h.toRouter, letter{router: routing.Pick{Session: h.ref.Session, Operator: e.Operator, Epoch: e.Epoch, Force: e.Force, Life: e.Life, Request: e.Number}})
	case session.Begin:
		w.begin(h, e.Inherit)
	case session.Notify:
		h.notify(e)
	}
}

// delivered checks that an entry reaches nobody without the right to it (I10).
func (h *house) delivered(e *engine.Entry) {
	if h.now == nil || h.head+1 < len(h.held) {
		return // the row is ahead of the entry
	}
	for _, d := range h.w.desks {
		if !h.s.MayRead(engine.Author{Kind: engine.AuthorOperator, Operator: d.id}) || h.now.Owner == d.id {
			continue
		}
		member := false
		row := h.s.Row()
		for _, m := range row.Service.Members {
			member = member || m.Operator == d.id
		}
		if !member && row.Owner != d.id {
			h.w.broken("I10", h, "entry %d would reach an operator who takes no part", e.Seq)
		}
	}
}

func (h *house) notify(e session.Notify) {
	d := h.w.desk(e.Operator)
	if d == nil {
		return
	}
	var in operator.Input
	switch e.Note {
	case session.Offered:
		in = operator.Offered{Offer: e.Offer}
		h.told.offers = append(h.told.offers[:0:0], engine.LiveOffer{Offer: e.Offer, Operator: e.Operator})
	case session.OfferEnded:
		in = operator.OfferEnded{Session: h.ref.Session, ID: e.Offer.ID, Cause: e.Cause}
	case session.Gained:
		in = operator.Gained{Session: h.ref.Session, Epoch: e.Offer.Epoch, Department: e.Offer.Department}
		h.told.owner = e.Operator
	case session.Lost:
		in = operator.Lost{Session: h.ref.Session, Epoch: e.Offer.Epoch, Served: !h.s.State().IsOpen()}
		if h.told.owner == e.Operator {
			h.told.owner = ""
		}
	case session.Missed:
		in = operator.Missed{Session: h.ref.Session}
	default:
		return
	}
	h.w.send(h.mailTo(d), letter{operator: in})
}

func (h *house) mailTo(d *desk) *link { return &h.desks[d.number].to }

func (h *house) mailFrom(d *desk) *link { return &h.desks[d.number].from }
