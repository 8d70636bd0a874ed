package routing_test

import (
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/engine/session"
	"pgregory.net/rapid"
)

// town is a router and real sessions with mail in between that takes its time.
type town struct {
	*rapid.T
	now      time.Time
	tenant   *engine.Tenant
	router   *routing.Router
	toRouter []routing.Input
	sessions []*house
	used     map[engine.OperatorID]int // as operators are told
	routable map[engine.OperatorID]bool
}

// house is one session, its mail and its log.
type house struct {
	s    *session.Session
	mail []session.Input
	log  []*engine.Entry
	row  *engine.Row
	life engine.Term
}

// offerTo is the live offer to an operator; 0: there is none.
func offerTo(row engine.Row, to engine.OperatorID) engine.Seq {
	for _, o := range row.Offers {
		if o.Operator == to {
			return o.ID
		}
	}
	return 0
}

func newTown(t *rapid.T) *town {
	tenant := &engine.Tenant{
		ID:          "acme",
		Departments: []engine.Department{{ID: "sales"}, {ID: "support", WrapUp: 30 * time.Second}},
		Operators: []engine.Operator{
			{ID: "ada", Capacity: 1}, {ID: "bob", Capacity: 2, Departments: []engine.DepartmentID{"support"}}, {ID: "cem", Capacity: 2},
		},
	}
	tenant.EnsureDefaults()
	town := &town{T: t, now: epoch0, tenant: tenant, router: routing.New(), used: map[engine.OperatorID]int{}, routable: map[engine.OperatorID]bool{}}
	town.route(routing.Configure{Tenant: tenant})
	return town
}

func (w *town) rules() session.Rules {
	return session.Rules{Department: w.tenant.Department, BodyBytes: 100}
}

// route lets the router take one input.
func (w *town) route(in routing.Input) {
	for _, e := range w.router.Step(in, w.now, nil) {
		switch e := e.(type) {
		case routing.Offer:
			h := w.house(e.Session)
			h.mail = append(h.mail, session.Offer{Operator: e.Operator, Also: e.Also, Epoch: e.Epoch, Life: e.Life, Number: e.Number, Direct: e.Direct, Transfer: e.Transfer, Why: e.Decision})
		case routing.Refuse:
			h := w.house(e.Session)
			h.mail = append(h.mail, session.Refuse{Epoch: e.Epoch, Cause: e.Cause})
		case routing.LoadIs:
			w.used[e.Operator] = e.Used
		}
	}
}

func (w *town) house(ref engine.SessionRef) *house {
	return w.sessions[slices.IndexFunc(w.sessions, func(h *house) bool { return h.s.Row().Ref == ref })]
}

// live lets a session take one input.
func (w *town) live(h *house, in session.Input) {
	for _, e := range h.s.Step(in, w.now, nil) {
		switch e := e.(type) {
		case session.Write:
			h.log = append(h.log, e.Entry)
		case session.Report:
			w.toRouter = append(w.toRouter, routing.SessionIs{Row: e.Row, Life: e.Life, Number: e.Number, Recovered: e.Recovered})
		}
	}
	if row := h.s.TakeRow(); row != nil {
		h.row = row
	}
}

func (w *town) deliver() bool {
	moved := false
	if len(w.toRouter) > 0 {
		in := w.toRouter[0]
		w.toRouter = w.toRouter[1:]
		w.route(in)
		moved = true
	}
	for _, h := range w.sessions {
		if len(h.mail) > 0 {
			in := h.mail[0]
			h.mail = h.mail[1:]
			w.live(h, in)
			moved = true
		}
	}
	return moved
}

// loads is what sessions really lay on operators, whatever the router believes.
func (w *town) loads() map[engine.OperatorID]int {
	loads := map[engine.OperatorID]int{}
	for _, h := range w.sessions {
		switch row := h.s.Row(); row.State {
		case engine.StateOffered:
			loads[row.OfferedTo()] += row.Weight
		case engine.StateActive, engine.StateClosing:
			loads[row.Owner] += row.Weight
		}
	}
	return loads
}

func (w *town) neverTooMuch() {
	for id, load := range w.loads() {
		if o, _ := w.tenant.Operator(id); load > 1000*o.Capacity {
			w.Fatalf("I2: %s has %d of %d", id, load, 1000*o.Capacity)
		}
	}
}

// settles: when all mail has arrived the router knows what is, and nobody waits
// whom somebody could take.
func (w *town) settles() {
	for w.deliver() {
		w.neverTooMuch()
	}
	loads := w.loads()
	for id, used := range w.used {
		if used != loads[id] {
			w.Fatalf("the router believes %s has %d, it is %d", id, used, loads[id])
		}
	}
	for _, h := range w.sessions {
		row := h.s.Row()
		if row.State != engine.StateQueued {
			continue
		}
		for _, o := range w.tenant.Operators {
			serves := len(o.Departments) == 0 || slices.Contains(o.Departments, row.Department)
			cooling := slices.ContainsFunc(row.Declines, func(d engine.Decline) bool { return d.Operator == o.ID && w.now.Before(d.Until) })
			if serves && !cooling && w.routable[o.ID] && loads[o.ID]+row.Weight <= 1000*o.Capacity {
				w.Fatalf("I5: %s waits and %s could take it", row.Ref.Session, o.ID)
			}
		}
	}
}

func (w *town) anyHouse() *house {
	if len(w.sessions) == 0 {
		w.Skip("no sessions")
	}
	return w.sessions[rapid.IntRange(0, len(w.sessions)-1).Draw(w.T, "session")]
}

// ask lets a participant of some session ask for something.
func (w *town) ask(op engine.Op) func(*rapid.T) {
	return func(*rapid.T) {
		h := w.anyHouse()
		row := h.s.Row()
		by := engine.Author{Kind: engine.AuthorVisitor}
		if op != engine.OpClose {
			by = engine.Author{Kind: engine.AuthorOperator, Operator: row.OfferedTo()}
		}
		draft := engine.Draft{Op: op}
		if len(row.Offers) > 0 {
			draft.Offer = row.Offers[0].ID
		}
		w.live(h, session.Ask{By: by, Draft: draft})
	}
}

// TestTogether runs real sessions with the router, with mail under way at any
// time: no operator ever has too much, and once all has arrived all is well.
func TestTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTown(t)
		deliver := func(*rapid.T) { w.deliver() }
		t.Repeat(map[string]func(*rapid.T){
			"start": func(*rapid.T) {
				ref := engine.SessionRef{Tenant: "acme", Session: sessionID(len(w.sessions) + 1)}
				h := &house{s: session.New(ref, engine.VisitorID{}, w.rules())}
				w.sessions = append(w.sessions, h)
				department := rapid.SampledFrom([]engine.DepartmentID{"sales", "support"}).Draw(w.T, "department")
				w.live(h, session.Present{On: true})
				w.live(h, session.Ask{By: engine.Author{Kind: engine.AuthorVisitor}, Draft: engine.Draft{Op: engine.OpStart, Department: department}})
			},
			"deliver": deliver, "deliver2": deliver, "deliver3": deliver,
			"accept": w.ask(engine.OpAccept), "reject": w.ask(engine.OpReject), "close": w.ask(engine.OpClose),
			"operator": func(*rapid.T) {
				id := rapid.SampledFrom([]engine.OperatorID{"ada", "bob", "cem"}).Draw(w.T, "operator")
				w.routable[id] = rapid.IntRange(0, 3).Draw(w.T, "routable") > 0
				w.toRouter = append(w.toRouter, routing.OperatorIs{Operator: id, Routable: w.routable[id]})
				for _, h := range w.sessions {
					if !w.routable[id] {
						h.mail = append(h.mail, session.Revoke{Operator: id, Offer: offerTo(h.s.Row(), id), Cause: engine.CauseOperatorLost})
					}
				}
			},
			"crash": func(*rapid.T) {
				h := w.anyHouse()
				if !h.s.State().IsOpen() {
					w.Skip("over")
				}
				h.life++
				head := engine.Head{Term: h.life, Last: engine.Seq(len(h.log)), Row: h.row}
				h.s = session.Restore(h.s.Row().Ref, head, h.log, w.rules())
				w.live(h, session.Recover{Since: w.now})
			},
			"presence": func(*rapid.T) { w.live(w.anyHouse(), session.Present{On: rapid.Bool().Draw(w.T, "on")}) },
			"time": func(*rapid.T) {
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 30).Draw(w.T, "seconds")) * time.Second)
				for _, h := range w.sessions {
					if d := h.s.Deadline(); !d.IsZero() && !w.now.Before(d) {
						w.live(h, session.Tick{})
					}
				}
				if d := w.router.Deadline(); !d.IsZero() && !w.now.Before(d) {
					w.route(routing.Tick{})
				}
			},
			"settle": func(*rapid.T) { w.settles() },
			"":       func(*rapid.T) { w.neverTooMuch() },
		})
		w.settles()
	})
}
