package routing_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
	"pgregory.net/rapid"
)

// world is a router beside its model, and what a listener has heard of it.
type world struct {
	*rapid.T
	router    *routing.Router
	model     *model
	now       time.Time
	heard     map[engine.OperatorID]routing.LoadIs
	status    map[engine.DepartmentID]engine.Status
	told      map[engine.SessionID]told
	wrong     map[engine.SessionID]time.Time // since when what it was told is not its place
	view      map[engine.SessionID]engine.QueueRow
	decisions []*engine.Decision
	rev       uint64
	next      int
}

type told struct {
	position int
	at       time.Time
}

func newWorld(t *rapid.T) *world {
	return &world{
		T: t, router: routing.New(), model: newModel(epoch0), now: epoch0.Add(100 * time.Second), heard: map[engine.OperatorID]routing.LoadIs{},
		status: map[engine.DepartmentID]engine.Status{}, told: map[engine.SessionID]told{}, wrong: map[engine.SessionID]time.Time{}, view: map[engine.SessionID]engine.QueueRow{},
	}
}

// sessionIs takes a report in, and tells the session if it has just entered.
func (m *model) sessionIs(in routing.SessionIs) (entered *modelSession) {
	id := in.Row.Ref.Session
	s, known := m.rows[id]
	if known && owner(s) != "" && owner(s) != owner(&modelSession{row: *in.Row}) {
		m.operator(owner(s)).idle = m.now
	}
	if !in.Row.State.IsOpen() {
		if known && in.Row.State == engine.StateClosed {
			m.breathe(owner(s))
		}
		delete(m.rows, id)
		return nil
	}
	if !known {
		s = &modelSession{told: in.Row.Service.Step}
		m.rows[id] = s
		if in.Row.State == engine.StateQueued && !in.Recovered && !in.Row.FirstQueued.Before(m.born) {
			entered, s.early = s, !m.settled
		}
	}
	if in.Life != s.life || in.Number == s.number { // another life takes no offer of this one's
		s.promised = nil
	}
	s.life = in.Life
	if in.Recovered || in.Row.State != s.row.State || in.Row.Epoch != s.row.Epoch {
		s.dismissed = false
	}
	if in.Recovered || in.Row.Service.Transfer == nil {
		s.failed = 0
	}
	moved := !in.Row.Service.Queued.Equal(s.row.Service.Queued) || in.Row.Department != s.row.Department
	if moved {
		s.step = 0
	}
	if moved || in.Recovered || in.Row.Epoch != s.row.Epoch {
		s.told = in.Row.Service.Step
	}
	s.step, s.told = max(s.step, in.Row.Service.Step), max(s.told, in.Row.Service.Step)
	s.row = *in.Row
	return entered
}

// breathe: a chat has ended in somebody's hands.
func (m *model) breathe(id engine.OperatorID) {
	if o, ok := m.configured(id); ok {
		if span := m.tenant.BreathingOf(&o); span > 0 {
			m.operator(id).breathes = m.now.Add(span)
			m.operator(id).breathing = later(m.operator(id).breathing, m.now.Add(span))
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (m *model) operatorIs(in routing.OperatorIs) {
	o := m.operator(in.Operator)
	o.reported, o.routable, o.present, o.breathing = true, in.Routable, in.Routable || in.Present, later(in.Breathing, o.breathes)
	o.scope = in.Departments
}

func (m *model) pick(in routing.Pick) {
	s, o := m.rows[in.Session], m.operator(in.Operator)
	c, isConfigured := m.configured(in.Operator)
	refuse := func(err *engine.Error) {
		m.others = append(m.others, fmt.Sprintf("picked %d: %s", in.Request, err.Code))
	}
	if s == nil || s.dismissed || s.row.State == engine.StateClosing {
		refuse(engine.ErrNotFound)
		return
	}
	_, isMember := m.reaches(in.Operator, m.reach(s.row.Department))
	used, open := m.load(in.Operator)
	switch {
	case s.row.Epoch != in.Epoch:
		refuse(engine.ErrStaleEpoch)
	case !isConfigured || !isMember:
		refuse(engine.ErrForbidden)
	case owner(s) == in.Operator:
		refuse(engine.ErrAlreadyOwner)
	case len(s.promised) > 0 || len(s.row.Offers) > 0:
		refuse(engine.ErrOfferNotYours)
	case s.row.Service.Transfer != nil:
		refuse(engine.ErrTransferPending)
	case !o.present:
		refuse(engine.ErrTargetOffline)
	case open >= c.OpenCap || !in.Force && used+m.lease(s) > 1000*c.Capacity:
		refuse(engine.ErrCapacityExceeded)
	default:
		m.promise(s, "pick", []view{m.judge(in.Operator, s)}, 1, true)
	}
}

// step lets both take an input and compares what they do.
func (w *world) step(in routing.Input) {
	m := w.model
	m.now, m.offers, m.others = w.now, nil, nil
	var entered *modelSession
	switch in := in.(type) {
	case routing.SessionIs:
		entered = m.sessionIs(in)
	case routing.OperatorIs:
		m.operatorIs(in)
	case routing.Configure:
		m.tenant = in.Tenant
		for _, id := range []engine.OperatorID{"ada", "bob", "cem", "eve", "fay"} {
			if _, ok := m.configured(id); !ok {
				m.dropped[id] = m.decisions
			}
		}
	}
	if p, ok := in.(routing.Pick); ok {
		m.pick(p)
	}
	m.settle()
	for _, s := range m.waiting() {
		if !s.early || !m.settled || s.row.State != engine.StateQueued {
			continue
		}
		if s.early = false; m.department(s.row.Department).WhenNobody == engine.OtherwiseUnattended && m.routable(s.row.Department) == 0 {
			s.dismissed = true
			m.others = append(m.others, fmt.Sprintf("defer %s: %s", s.row.Ref.Session, engine.CauseNobody))
		}
	}
	for _, s := range m.waiting() {
		if s.row.State == engine.StateQueued && m.sendsAway(m.department(s.row.Department)) {
			s.dismissed = true
			m.others = append(m.others, fmt.Sprintf("defer %s: %s", s.row.Ref.Session, engine.CauseDepartmentClosed))
		}
	}
	m.relax()
	m.round()
	if entered != nil && m.isWaiting(entered) {
		m.limit(entered)
	}
	m.hysteresis()
	w.hear(in, w.router.Step(in, w.now, nil))
	w.agree(in)
}

func (m *model) settle() {
	silent := slices.ContainsFunc(m.roster(), func(id engine.OperatorID) bool { return !m.operator(id).reported })
	if m.tenant != nil && (!silent || !m.now.Before(m.born.Add(engine.DefaultOperatorGrace))) {
		m.settled = true
	}
}

func (m *model) limit(s *modelSession) {
	d := m.department(s.row.Department)
	switch {
	case m.settled && d.WhenNobody == engine.OtherwiseUnattended && m.routable(d.ID) == 0:
		s.dismissed = true
		m.others = append(m.others, fmt.Sprintf("defer %s: %s", s.row.Ref.Session, engine.CauseNobody))
	case d.QueueLimit > 0 && (m.full[d.ID] || m.inLine(d.ID) > d.QueueLimit):
		s.dismissed, m.full[d.ID] = true, true
		m.others = append(m.others, "refuse "+s.row.Ref.Session.String())
	}
}

// hysteresis: a line that was full takes nobody until a tenth of it has gone.
func (m *model) hysteresis() {
	for _, id := range []engine.DepartmentID{"sales", "support", "gone"} {
		d := m.department(id)
		switch n := m.inLine(id); {
		case d.QueueLimit == 0:
		case n >= d.QueueLimit:
			m.full[id] = true
		case n <= d.QueueLimit*9/10:
			m.full[id] = false
		}
	}
}

// hear compares the effects with what the model wants.
func (w *world) hear(in routing.Input, effects []routing.Effect) {
	var offers, others []string
	shows := 0
	for _, e := range effects {
		switch e := e.(type) {
		case routing.Offer:
			offers = append(offers, w.offer(e))
		case routing.Refuse:
			others = append(others, "refuse "+e.Session.Session.String())
		case routing.Defer:
			others = append(others, fmt.Sprintf("defer %s: %s", e.Session.Session, e.Cause))
		case routing.Relax:
			others = append(others, fmt.Sprintf("relax %s to %d", e.Session.Session, e.Step))
		case routing.TransferFailed:
			others = append(others, fmt.Sprintf("fail %s: %s", e.Session.Session, e.Cause))
		case routing.Picked:
			others = append(others, fmt.Sprintf("picked %d: %s", e.Request, e.Err.Code))
		case routing.LoadIs:
			w.heard[e.Operator] = e
		case routing.StatusIs:
			if was, known := w.status[e.Department]; known && was == e.Status && e.Status != engine.StatusClosed {
				w.Fatalf("%s is told to be %s again", e.Department, e.Status)
			}
			w.status[e.Department] = e.Status
		case routing.PositionIs:
			w.position(e)
		case routing.Explained:
			w.explained(in.(routing.Explain), e)
		case routing.Show:
			shows++
			w.see(e)
			w.lines(e.Queue)
		}
	}
	slices.Sort(others)
	slices.Sort(w.model.others)
	if !slices.Equal(offers, w.model.offers) || !slices.Equal(others, w.model.others) {
		w.Fatalf("after %T: got\n%s\nwant\n%s", in, strings.Join(append(offers, others...), "\n"), strings.Join(append(w.model.offers, w.model.others...), "\n"))
	}
	if shows > 1 {
		w.Fatalf("%d changes of the queue in one step", shows)
	}
}

// offer prints an offer as the model does, and checks what holds of any.
func (w *world) offer(e routing.Offer) string {
	s := w.model.rows[e.Session.Session]
	winners := append([]engine.OperatorID{e.Operator}, e.Also...)
	if e.Epoch != s.row.Epoch || e.Life != s.life || e.Transfer != s.transfer || e.Number != s.number {
		w.Fatalf("offer %+v of %+v", e, s)
	}
	d := e.Decision
	if slices.Contains(w.decisions, d) {
		w.Fatalf("offer %+v is of an older decision", e)
	}
	if d.Rule != "pick" && d.Rule != "force" && d.Winner.Used+d.Weight > d.Winner.Capacity {
		w.Fatalf("I2: %d + %d exceeds %d", d.Winner.Used, d.Weight, d.Winner.Capacity)
	}
	if o, _ := w.model.configured(e.Operator); d.Winner.Open >= o.OpenCap {
		w.Fatalf("I2: %d open of %d", d.Winner.Open, o.OpenCap)
	}
	if want := uint64(len(w.decisions)) + 1; d.Revision != want {
		w.Fatalf("revision %d, want %d", d.Revision, want)
	}
	w.decisions = append(w.decisions, d)
	return fmt.Sprintf("%d %s to %v direct %v: %s, %d eligible, %d of %d, %d next, rest %+v, place %d", e.Number, e.Session.Session,
		winners, e.Direct, d.Rule, d.Eligible, d.Winner.Used, d.Winner.Capacity, len(d.Next), d.Rest, d.Position)
}

// position checks a visitor's place and how often it is told.
func (w *world) position(e routing.PositionIs) {
	id := e.Session.Session
	line := w.model.visible(w.model.rows[id].row.Department)
	if at := slices.Index(line, w.model.rows[id]) + 1; at != e.Position {
		w.Fatalf("%s is told to be number %d, it is %d", id, e.Position, at)
	}
	before := w.told[id]
	again := before.position > 0
	since := w.now.Sub(before.at)
	if again && (since < engine.PositionEvery || before.position == e.Position && since < engine.PositionRefresh) {
		w.Fatalf("%s is told after %s that it is number %d, before that %d", id, since, e.Position, before.position)
	}
	w.told[id] = told{e.Position, w.now}
}

func (w *world) explained(in routing.Explain, e routing.Explained) {
	want := w.model.reasons[in.Decision.Revision][in.Operator]
	if want == "" { // not of the tenant any more, or not yet
		return
	}
	if e.Reason == "unknown" && w.model.dropped[in.Operator] >= in.Decision.Revision { // removed meanwhile, and forgotten
		return
	}
	if e.Reason != want {
		w.Fatalf("why not %s in %d: got %s, want %s", in.Operator, in.Decision.Revision, e.Reason, want)
	}
}

// waiting checks that who waits in an operator's lines is what a listener would have
// built.
func (w *world) waiting(of engine.OperatorID) {
	mine, got := map[engine.SessionID]engine.QueueRow{}, map[engine.SessionID]engine.QueueRow{}
	for id, row := range w.view {
		if w.model.sees(of, row.Department) {
			mine[id] = row
		}
	}
	for _, row := range w.router.WaitingIn(func(d engine.DepartmentID) bool { return w.model.sees(of, d) }) {
		got[row.Session] = row
	}
	if !maps.Equal(got, mine) {
		w.Fatalf("waiting: got %v, want %v", got, mine)
	}
}

// see keeps the view that a listener builds from deltas.
func (w *world) see(show routing.Show) {
	q := show.Queue
	if w.rev++; q.Rev != w.rev {
		w.Fatalf("rev %d, want %d", q.Rev, w.rev)
	}
	w.was(show)
	for _, row := range q.Rows {
		if _, shown := w.view[row.Session]; !shown {
			w.told[row.Session] = told{at: w.now}
		}
		w.view[row.Session] = row
	}
	for _, id := range q.Gone {
		if _, shown := w.view[id]; !shown {
			w.Fatalf("%s is gone but never was there", id)
		}
		delete(w.view, id)
		delete(w.told, id)
	}
}

// was checks that a change says in which line each of its sessions was before.
func (w *world) was(show routing.Show) {
	var want []engine.DepartmentID
	for _, row := range show.Queue.Rows {
		want = append(want, w.view[row.Session].Department)
	}
	for _, id := range show.Queue.Gone {
		want = append(want, w.view[id].Department)
	}
	if !slices.Equal(show.Was, want) {
		w.Fatalf("shown before in %q, want %q", show.Was, want)
	}
}

// agree compares all that can be seen of the router with the model.
func (w *world) agree(in routing.Input) {
	m := w.model
	for id, o := range m.operators {
		c, _ := m.configured(id)
		used, open := m.load(id)
		want := routing.LoadIs{Operator: id, Used: used, Capacity: 1000 * c.Capacity, Open: open, OpenCap: c.OpenCap}
		if o.reported && w.heard[id] != want {
			w.Fatalf("I2: load of %s: got %+v, want %+v", id, w.heard[id], want)
		}
	}
	want := map[engine.SessionID]engine.QueueRow{}
	for id, s := range m.rows {
		if !s.dismissed && (s.row.State == engine.StateQueued || s.row.State == engine.StateOffered) {
			want[id] = engine.QueueRow{Session: id, Department: s.row.Department, Since: s.row.FirstQueued, Offered: s.row.State == engine.StateOffered}
		}
	}
	if !maps.Equal(w.view, want) {
		w.Fatalf("queue: got %v, want %v", w.view, want)
	}
	for _, f := range w.router.Audit() {
		if f.Invariant != "I7" { // these people come and go as they like
			w.Fatalf("audit: %+v", f)
		}
	}
	w.nobodyIsLeft()
	w.statuses()
	w.misplaced()
	w.tallies()
	if _, isTick := in.(routing.Tick); isTick {
		w.positions()
	}
	if d := w.router.Deadline(); !d.IsZero() && d.Before(w.now) {
		if _, isTick := in.(routing.Tick); isTick {
			w.Fatalf("a tick leaves a deadline that has passed: %s, it is %s", d, w.now)
		}
	}
}

// nobodyIsLeft is I5, straight from its words.
func (w *world) nobodyIsLeft() {
	for _, s := range w.model.waiting() {
		isManual := w.model.department(s.row.Department).Strategy == engine.Manual && s.row.Service.Transfer == nil
		if able := w.model.able(s); len(able) > 0 && !isManual {
			w.Fatalf("I5: %s waits and %s could take it", s.row.Ref.Session, able[0].id)
		}
	}
}

func (w *world) statuses() {
	m := w.model
	if m.tenant == nil {
		return
	}
	for _, d := range m.tenant.Departments {
		d = m.department(d.ID)
		next := d.Hours.NextChange(w.now)
		closing := d.StopBefore > 0 && !next.IsZero() && !w.now.Before(next.Add(-d.StopBefore))
		roomy := slices.ContainsFunc(m.roster(), func(id engine.OperatorID) bool {
			o, _ := m.configured(id)
			used, open := m.load(id)
			state := m.operator(id)
			return m.serves(id, d.ID) && o.Tiers[d.ID] < engine.TierNever && state.routable && !w.now.Before(state.breathing) &&
				open < o.OpenCap && used+d.Weight <= 1000*o.Capacity
		})
		want := engine.StatusOpenQueue
		switch {
		case !d.Hours.OpenAt(w.now) || closing:
			want = engine.StatusClosed
		case m.full[d.ID]:
			want = engine.StatusFull
		case m.routable(d.ID) == 0 && m.settled:
			want = engine.StatusAway
		case roomy && m.inLine(d.ID) == 0:
			want = engine.StatusOpen
		}
		if got, known := w.status[d.ID]; !known || got != want {
			w.Fatalf("%s is %s (%v), want %s", d.ID, got, known, want)
		}
	}
}

// misplaced notes since when people hold a place that is no longer theirs.
func (w *world) misplaced() {
	wrong := map[engine.SessionID]time.Time{}
	for _, d := range []engine.DepartmentID{"sales", "support", "gone"} {
		for i, s := range w.model.visible(d) {
			id := s.row.Ref.Session
			if w.told[id].position == i+1 {
				continue
			}
			if wrong[id] = w.now; !w.wrong[id].IsZero() {
				wrong[id] = w.wrong[id]
			}
		}
	}
	w.wrong = wrong
}

// positions: after a tick everybody knows their place, or did three seconds ago.
func (w *world) positions() {
	for _, d := range []engine.DepartmentID{"sales", "support", "gone"} {
		for i, s := range w.model.visible(d) {
			told := w.told[s.row.Ref.Session]
			wrong, isWrong := w.wrong[s.row.Ref.Session]
			if since := w.now.Sub(told.at); isWrong && w.now.Sub(wrong) >= 2*engine.PositionEvery || since > engine.PositionRefresh+engine.PositionEvery {
				w.Fatalf("%s is number %d, it was told %v %s ago", s.row.Ref.Session, i+1, told.position, since)
			}
		}
	}
}
