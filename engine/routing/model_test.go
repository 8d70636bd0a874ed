package routing_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
	"pgregory.net/rapid"
)

// model is the router done the slow way: it walks the whole line and all
// operators each time, and recomputes everything from the reports.
type model struct {
	tenant   *engine.Tenant
	rows     map[engine.SessionID]*modelSession
	routable map[engine.OperatorID]bool
	chosen   map[engine.OperatorID]time.Time
	number   uint64
	now      time.Time
	again    *modelSession // whose offer is to be repeated
	view     map[engine.SessionID]engine.QueueRow
	full     map[engine.DepartmentID]bool
}

type modelSession struct {
	row      engine.Row
	promised engine.OperatorID
	number   uint64
	why      string
	refused  bool
}

func newModel() *model {
	return &model{
		rows: map[engine.SessionID]*modelSession{}, routable: map[engine.OperatorID]bool{},
		chosen: map[engine.OperatorID]time.Time{}, view: map[engine.SessionID]engine.QueueRow{},
		full: map[engine.DepartmentID]bool{},
	}
}

func (m *model) used(id engine.OperatorID) (sum int) {
	for _, s := range m.rows {
		owner := s.row.Owner
		switch s.row.State {
		case engine.StateOffered:
			owner = s.row.OfferedTo()
		case engine.StateQueued:
			owner = ""
		}
		if owner == id || s.promised == id {
			sum += s.row.Weight
		}
	}
	return sum
}

func (m *model) configured(id engine.OperatorID) (engine.Operator, bool) {
	if m.tenant == nil {
		return engine.Operator{}, false
	}
	return m.tenant.Operator(id)
}

func (m *model) serves(id engine.OperatorID, d engine.DepartmentID) bool {
	o, ok := m.configured(id)
	return ok && (len(o.Departments) == 0 || slices.Contains(o.Departments, d))
}

// couldTake is eligibility but for declines.
func (m *model) couldTake(id engine.OperatorID, s *modelSession) bool {
	o, _ := m.configured(id)
	return m.routable[id] && m.serves(id, s.row.Department) && m.used(id)+s.row.Weight <= 1000*o.Capacity
}

func declined(s *modelSession, id engine.OperatorID, now time.Time) bool {
	return slices.ContainsFunc(s.row.Declines, func(d engine.Decline) bool { return d.Operator == id && now.Before(d.Until) })
}

// waiting is the line, in order.
func (m *model) waiting() []*modelSession {
	var line []*modelSession
	for _, s := range m.rows {
		if s.row.State == engine.StateQueued && s.promised == "" && !s.refused {
			line = append(line, s)
		}
	}
	slices.SortFunc(line, func(a, b *modelSession) int {
		if c := arrival(a.row).Compare(arrival(b.row)); c != 0 {
			return c
		}
		return bytes.Compare(a.row.Ref.Session[:], b.row.Ref.Session[:])
	})
	return line
}

func arrival(row engine.Row) time.Time {
	return row.FirstQueued.Add(-time.Duration(row.Priority)*time.Minute - row.Boost)
}

// round is a match round as SEMANTICS 3.5.2 says it: walk the waiting sessions in
// order, give each the first eligible operator.
func (m *model) round(now time.Time) (offers []string) {
	for _, s := range m.waiting() {
		var best *engine.Operator
		eligible := 0
		for _, o := range m.tenantOperators() {
			if !m.couldTake(o.ID, s) || declined(s, o.ID, now) {
				continue
			}
			eligible++
			if best == nil || m.before(o, *best) {
				best = &o
			}
		}
		if best == nil {
			continue
		}
		m.number++
		s.why = fmt.Sprintf("%d %s %s %d %d", m.number, s.row.Ref.Session, best.ID, eligible, m.used(best.ID))
		offers = append(offers, s.why)
		s.promised, s.number = best.ID, m.number
		m.chosen[best.ID] = now
	}
	return offers
}

func (m *model) tenantOperators() []engine.Operator {
	if m.tenant == nil {
		return nil
	}
	return m.tenant.Operators
}

func (m *model) before(a, b engine.Operator) bool {
	if l, r := m.used(a.ID)*b.Capacity, m.used(b.ID)*a.Capacity; l != r {
		return l < r
	}
	if c := m.chosen[a.ID].Compare(m.chosen[b.ID]); c != 0 {
		return c < 0
	}
	return engine.BodyOf(string(a.ID)).Digest() < engine.BodyOf(string(b.ID)).Digest()
}

func (m *model) deadline(now time.Time) (first time.Time) {
	for _, s := range m.waiting() {
		for _, d := range s.row.Declines {
			if now.Before(d.Until) && m.couldTake(d.Operator, s) && (first.IsZero() || d.Until.Before(first)) {
				first = d.Until
			}
		}
	}
	return first
}

func (m *model) limit(id engine.DepartmentID) int {
	if m.tenant == nil {
		return 1 << 30
	}
	if d, ok := m.tenant.Department(id); ok {
		return d.QueueLimit
	}
	return engine.DefaultQueueLimit
}

// sessionIs takes a report in, and tells whether the session has just entered.
func (m *model) sessionIs(in routing.SessionIs) bool {
	id := in.Row.Ref.Session
	s, known := m.rows[id]
	if !in.Row.State.IsOpen() {
		delete(m.rows, id)
		return false
	}
	if !known {
		s = &modelSession{}
		m.rows[id] = s
	}
	switch {
	case s.promised == "":
	case !in.Recovered && in.Number == s.number:
		s.promised = ""
	case in.Recovered && in.Row.State == engine.StateQueued && in.Row.Epoch == s.row.Epoch && !declined(&modelSession{row: in.Row}, s.promised, m.now):
		m.again = s
	case in.Recovered:
		s.promised = ""
	}
	if in.Recovered || in.Row.State != engine.StateQueued || in.Row.Epoch != s.row.Epoch {
		s.refused = false
	}
	s.row = in.Row
	return !known && !in.Recovered && in.Row.State == engine.StateQueued && !in.Row.FirstQueued.Before(epoch0)
}

// world is a router beside its model, and what a listener has heard of it.
type world struct {
	*rapid.T
	router *routing.Router
	model  *model
	now    time.Time
	heard  map[engine.OperatorID]routing.LoadIs
	rev    uint64
	next   int
}

func (w *world) step(in routing.Input) {
	w.model.now, w.model.again = w.now, nil
	entered := false
	var entrant engine.SessionID
	switch in := in.(type) {
	case routing.SessionIs:
		entered, entrant = w.model.sessionIs(in), in.Row.Ref.Session
	case routing.OperatorIs:
		w.model.routable[in.Operator] = in.Routable
	case routing.Configure:
		w.model.tenant = in.Tenant
	}
	var want []string
	if w.model.again != nil {
		want = append(want, w.model.again.why)
	}
	want = append(want, w.model.round(w.now)...)
	if s := w.model.rows[entrant]; entered && s.promised == "" {
		if w.model.full[s.row.Department] || w.model.inLine(s.row.Department) > w.model.limit(s.row.Department) {
			s.refused = true
			want = append(want, "refuse "+entrant.String())
		}
	}
	w.model.hysteresis()
	effects := w.router.Step(in, w.now, nil)
	w.hear(in, effects, want)
	w.agree()
}

// hear compares the effects with what the model wants.
func (w *world) hear(in routing.Input, effects []routing.Effect, want []string) {
	var got []string
	shows := 0
	for _, e := range effects {
		switch e := e.(type) {
		case routing.Offer:
			got = append(got, fmt.Sprintf("%d %s %s %d %d", e.Number, e.Session.Session, e.Operator, e.Decision.Eligible, e.Decision.Winner.Used))
			s := w.model.rows[e.Session.Session]
			if e.Epoch != s.row.Epoch {
				w.Fatalf("offer of epoch %d, want %d", e.Epoch, s.row.Epoch)
			}
			if w.model.again != s && e.Decision.Winner.Used+s.row.Weight > e.Decision.Winner.Capacity {
				w.Fatalf("I2: %d + %d exceeds %d", e.Decision.Winner.Used, s.row.Weight, e.Decision.Winner.Capacity)
			}
		case routing.Refuse:
			got = append(got, "refuse "+e.Session.Session.String())
		case routing.LoadIs:
			w.heard[e.Operator] = e
		case routing.Show:
			shows++
			w.see(e)
		}
	}
	if !slices.Equal(got, want) {
		w.Fatalf("after %T: got %q, want %q", in, got, want)
	}
	if shows > 1 {
		w.Fatalf("%d changes of the queue in one step", shows)
	}
}

// see keeps the view that a listener builds from deltas.
func (w *world) see(show routing.Show) {
	q := show.Queue
	if q.Snapshot {
		mine := map[engine.SessionID]engine.QueueRow{}
		for id, row := range w.model.view {
			if w.model.serves(show.To, row.Department) {
				mine[id] = row
			}
		}
		got := map[engine.SessionID]engine.QueueRow{}
		for _, row := range q.Rows {
			got[row.Session] = row
		}
		if q.Rev != w.rev || !maps.Equal(got, mine) {
			w.Fatalf("snapshot %d: got %v, want %d: %v", q.Rev, got, w.rev, mine)
		}
		return
	}
	if w.rev++; q.Rev != w.rev {
		w.Fatalf("rev %d, want %d", q.Rev, w.rev)
	}
	for _, row := range q.Rows {
		w.model.view[row.Session] = row
	}
	for _, id := range q.Gone {
		if _, shown := w.model.view[id]; !shown {
			w.Fatalf("%s is gone but never was there", id)
		}
		delete(w.model.view, id)
	}
}

// agree compares all that can be seen of the router with the model.
func (w *world) agree() {
	for id := range w.model.routable {
		if got, want := w.heard[id].Used, w.model.used(id); got != want {
			w.Fatalf("I2: load of %s: got %d, want %d", id, got, want)
		}
		o, _ := w.model.configured(id)
		if got, want := w.heard[id].Capacity, 1000*o.Capacity; got != want {
			w.Fatalf("capacity of %s: got %d, want %d", id, got, want)
		}
	}
	want := map[engine.SessionID]engine.QueueRow{}
	for id, s := range w.model.rows {
		if !s.refused && (s.row.State == engine.StateQueued || s.row.State == engine.StateOffered) {
			want[id] = engine.QueueRow{Session: id, Department: s.row.Department, Since: s.row.FirstQueued, Offered: s.row.State == engine.StateOffered}
		}
	}
	if !maps.Equal(w.model.view, want) {
		w.Fatalf("queue: got %v, want %v", w.model.view, want)
	}
	if line := w.model.waiting(); len(line) > 0 { // I5, straight from its words
		for _, s := range line {
			for _, o := range w.model.tenantOperators() {
				if w.model.couldTake(o.ID, s) && !declined(s, o.ID, w.now) {
					w.Fatalf("I5: %s waits and %s could take it", s.row.Ref.Session, o.ID)
				}
			}
		}
	}
}

var (
	someOperators   = rapid.SampledFrom([]engine.OperatorID{"ada", "bob", "cem", "eve", "fay"})
	someDepartments = rapid.SampledFrom([]engine.DepartmentID{"sales", "support", "gone"})
)

func drawTenant(t *rapid.T) *engine.Tenant {
	tenant := &engine.Tenant{ID: "acme", Departments: []engine.Department{
		{ID: "sales", QueueLimit: rapid.IntRange(1, 4).Draw(t, "limit")}, {ID: "support", QueueLimit: 3},
	}}
	for _, id := range []engine.OperatorID{"ada", "bob", "cem", "eve"} {
		if rapid.IntRange(0, 4).Draw(t, "absent") == 0 {
			continue
		}
		o := engine.Operator{ID: id, OpenCap: 100, Capacity: rapid.IntRange(1, 3).Draw(t, "capacity")}
		o.Departments = rapid.SliceOfNDistinct(rapid.SampledFrom([]engine.DepartmentID{"sales", "support"}), 0, 2, rapid.ID).Draw(t, "departments")
		tenant.Operators = append(tenant.Operators, o)
	}
	return tenant
}

// drawRow changes a session's facts in any way that a session could, and in some
// that it could not: the ledger must hold whatever is reported.
func (w *world) drawRow(row engine.Row) engine.Row {
	row.State = rapid.SampledFrom([]engine.State{
		engine.StateQueued, engine.StateQueued, engine.StateQueued, engine.StateOffered, engine.StateActive, engine.StateClosing, engine.StateClosed,
	}).Draw(w.T, "state")
	row.Offers = nil
	if rapid.IntRange(0, 4).Draw(w.T, "weight changes") == 0 {
		row.Weight = 500
	}
	switch row.State {
	case engine.StateOffered:
		row.Offers = []engine.LiveOffer{{Operator: someOperators.Draw(w.T, "to")}}
	case engine.StateActive, engine.StateClosing:
		row.Owner = someOperators.Draw(w.T, "owner")
		row.Epoch++
	case engine.StateQueued:
		if rapid.Bool().Draw(w.T, "declined") {
			d := engine.Decline{
				Operator: someOperators.Draw(w.T, "decliner"),
				Until:    w.now.Add(time.Duration(rapid.IntRange(-5, 60).Draw(w.T, "until")) * time.Second),
			}
			row.Declines = append(slices.Clone(row.Declines), d)
		}
		if rapid.IntRange(0, 3).Draw(w.T, "requeued") == 0 {
			row.Epoch++
			row.Boost = time.Duration(rapid.IntRange(0, 2).Draw(w.T, "boost")) * time.Hour
		}
	}
	return row
}

func (w *world) newRow() engine.Row {
	w.next++
	return engine.Row{
		Ref:         engine.SessionRef{Tenant: "acme", Session: sessionID(w.next * 7919 % 1000)},
		State:       engine.StateQueued,
		Epoch:       1,
		Department:  someDepartments.Draw(w.T, "department"),
		FirstQueued: w.now.Add(-time.Duration(rapid.IntRange(0, 200).Draw(w.T, "waited")) * time.Second),
		Priority:    rapid.IntRange(-2, 3).Draw(w.T, "priority"),
		Weight:      rapid.SampledFrom([]int{1000, 1000, 1000, 300, 1500}).Draw(w.T, "weight"),
	}
}

// someSession picks a known session.
func (w *world) someSession() *modelSession {
	if len(w.model.rows) == 0 {
		w.Skip("no sessions")
	}
	ids := slices.SortedFunc(maps.Keys(w.model.rows), func(a, b engine.SessionID) int { return bytes.Compare(a[:], b[:]) })
	return w.model.rows[rapid.SampledFrom(ids).Draw(w.T, "session")]
}

// TestLaws checks I2, I5 and I6, the order, the ledger, the published lines and
// the deadline against the model, whatever is reported in whatever order.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{T: t, router: routing.New(), model: newModel(), now: epoch0.Add(100 * time.Second), heard: map[engine.OperatorID]routing.LoadIs{}}
		w.router.Step(routing.Tick{}, epoch0, nil) // its life begins
		if rapid.IntRange(0, 3).Draw(t, "configured") > 0 {
			w.step(routing.Configure{Tenant: drawTenant(t)})
		}
		start := func(recovered bool) func(*rapid.T) {
			return func(*rapid.T) { w.step(routing.SessionIs{Row: w.newRow(), Recovered: recovered}) }
		}
		t.Repeat(map[string]func(*rapid.T){
			"start":  start(false),
			"start2": start(false),
			"restored": func(*rapid.T) {
				w.step(routing.SessionIs{Row: w.drawRow(w.newRow()), Recovered: true})
			},
			"answer": func(*rapid.T) { // the session has seen the offer
				s := w.someSession()
				w.step(routing.SessionIs{Row: w.drawRow(s.row), Number: s.number})
			},
			"accept": func(*rapid.T) { // as it mostly goes
				s := w.someSession()
				if s.promised == "" {
					w.Skip("not promised")
				}
				row := s.row
				row.State, row.Owner, row.Epoch, row.Offers = engine.StateActive, s.promised, row.Epoch+1, nil
				w.step(routing.SessionIs{Row: row, Number: s.number})
			},
			"stale": func(*rapid.T) { // or it has not
				s := w.someSession()
				if s.promised == "" {
					w.Skip("not promised")
				}
				number := s.number - 1
				if rapid.Bool().Draw(w.T, "former life") { // of a router that counted further
					number = s.number + 50
				}
				w.step(routing.SessionIs{Row: w.drawRow(s.row), Number: number})
			},
			"recovered": func(*rapid.T) {
				w.step(routing.SessionIs{Row: w.drawRow(w.someSession().row), Recovered: true})
			},
			"repeat": func(*rapid.T) {
				s := w.someSession()
				w.step(routing.SessionIs{Row: s.row, Number: s.number})
			},
			"operator": func(*rapid.T) {
				w.step(routing.OperatorIs{Operator: someOperators.Draw(w.T, "operator"), Routable: rapid.IntRange(0, 3).Draw(w.T, "routable") > 0})
			},
			"time": func(*rapid.T) {
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(w.T, "seconds")) * time.Second)
				w.step(routing.Tick{})
			},
			"time2": func(*rapid.T) { // a deadline is met by whatever comes next
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(w.T, "seconds")) * time.Second)
				w.step(routing.WatchQueue{Operator: someOperators.Draw(w.T, "operator")})
			},
			"configure": func(*rapid.T) {
				if rapid.IntRange(0, 3).Draw(w.T, "really") == 0 {
					w.step(routing.Configure{Tenant: drawTenant(w.T)})
				}
			},
		})
	})
}

func (m *model) inLine(d engine.DepartmentID) (n int) {
	for _, s := range m.waiting() {
		if s.row.Department == d {
			n++
		}
	}
	return n
}

// hysteresis: a line that was full takes nobody until a tenth of it has gone.
func (m *model) hysteresis() {
	if m.tenant == nil {
		return
	}
	for _, d := range []engine.DepartmentID{"sales", "support", "gone"} {
		switch n, limit := m.inLine(d), m.limit(d); {
		case n >= limit:
			m.full[d] = true
		case n <= limit*9/10:
			m.full[d] = false
		}
	}
}
