package invariant

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Ledger follows a router: what it was told and what it granted. It computes loads
// and who could take what by itself, the slow way, and says where the two differ.
// The order of calls is the order of the router's inputs and effects.
type Ledger struct {
	tenant    *engine.Tenant
	sessions  []*held // open, in the order of their arrival
	byID      map[engine.SessionID]*held
	operators []*hand
	recent    []grant // of the router's step under way
	awaited   []engine.SessionID
	until     time.Time
	asked     uint64
}

// held is a session as the router knows it.
type held struct {
	row      engine.Row
	arrival  time.Time
	promised []*hand // by the unanswered offer
	number   uint64
	life     engine.Term // of the session, as it last reported
	sent     bool        // refused, or made a message: no longer waiting, as far as the router knows
	charged  []charge
	weight   int // of the owner's load, milli-units
	lease    int // of the load of whom it is promised or offered to
}

type charge struct {
	to     *hand
	weight int
}

// hand is an operator as the router knows it.
type hand struct {
	id        engine.OperatorID
	conf      engine.Operator
	known     bool
	routable  bool
	breathing time.Time             // as it says
	breathes  time.Time             // as the end of its last chat says
	scope     []engine.DepartmentID // of its tokens; empty: all
	used      int
	open      int
}

type grant struct {
	s  *held
	to *hand
}

// Grant is what the router offers, as far as the ledger looks at it.
type Grant struct {
	Session   engine.SessionID
	Operators []engine.OperatorID // asked at the same time
	Epoch     engine.Epoch
	Life      engine.Term // of the session
	Number    uint64
	Direct    bool
	Transfer  engine.Seq
	Forced    bool // capacity does not matter, the open cap does
	Picked    bool // by the operator, out of turn
}

// NewLedger is the ledger of a router that knows nothing.
func NewLedger() *Ledger { return &Ledger{byID: map[engine.SessionID]*held{}} }

// Configure follows the router's configuration.
func (l *Ledger) Configure(t *engine.Tenant) {
	l.tenant = t
	for _, o := range l.operators {
		o.conf, o.known = t.Operator(o.id)
	}
	for _, o := range t.Operators {
		l.hand(o.ID)
	}
}

func (l *Ledger) hand(id engine.OperatorID) *hand {
	for _, o := range l.operators {
		if o.id == id {
			return o
		}
	}
	o := &hand{id: id}
	if l.tenant != nil {
		o.conf, o.known = l.tenant.Operator(id)
	}
	l.operators = append(l.operators, o)
	return o
}

// Await follows that the router waits for sessions' reports: until it has them it
// takes operators' reports in, but grants nothing.
func (l *Ledger) Await(ids []engine.SessionID, asked uint64, until time.Time) {
	l.awaited, l.asked, l.until = append(l.awaited[:0], ids...), asked, until
}

// awaits reports whether sessions are awaited still.
func (l *Ledger) awaits(now time.Time) bool { return len(l.awaited) > 0 && now.Before(l.until) }

// GaveUp reports whether the router waits no longer for sessions that have not
// reported: it cannot know then what they were offered before.
func (l *Ledger) GaveUp(now time.Time) bool { return len(l.awaited) > 0 && !now.Before(l.until) }

// OperatorIs follows an operator's report. scope are the departments that its tokens
// name; empty: all.
func (l *Ledger) OperatorIs(id engine.OperatorID, routable bool, breathing time.Time, scope []engine.DepartmentID) {
	o := l.hand(id)
	o.routable, o.breathing, o.scope = routable, breathing, scope
}

// SessionIs follows a session's report: number is the last offer that this life of it
// has seen.
func (l *Ledger) SessionIs(row *engine.Row, life engine.Term, number uint64, recovered bool, asked uint64, now time.Time) {
	if recovered && len(l.awaited) > 0 && (asked == l.asked || !row.State.IsOpen()) {
		l.awaited = slices.DeleteFunc(l.awaited, func(id engine.SessionID) bool { return id == row.Ref.Session })
	}
	s := l.byID[row.Ref.Session]
	isOpen := row.State.IsOpen() && row.State != engine.StateNew
	if s == nil {
		if !isOpen {
			return
		}
		s = &held{}
		l.byID[row.Ref.Session] = s
	} else {
		i := slices.Index(l.sessions, s)
		l.sessions = slices.Delete(l.sessions, i, i+1)
	}
	if len(s.promised) > 0 && !s.stillPromised(row, life, number) {
		s.promised = s.promised[:0]
	}
	s.life = life
	if row.State == engine.StateClosed && s.row.Owner != "" {
		l.breathe(l.hand(s.row.Owner), now)
	}
	s.sent = s.sent && !recovered && row.Epoch == s.row.Epoch && row.State == s.row.State
	s.row = *row
	s.weigh(l)
	s.arrival = row.FirstQueued.Add(-time.Duration(row.Priority)*engine.PriorityCredit - row.Boost)
	l.charge(s)
	if !isOpen {
		delete(l.byID, row.Ref.Session)
		return
	}
	i, _ := slices.BinarySearchFunc(l.sessions, s, compareArrivals)
	l.sessions = slices.Insert(l.sessions, i, s)
}

// breathe: a chat has ended in the operator's hands.
func (l *Ledger) breathe(o *hand, now time.Time) {
	if l.tenant == nil || !o.known {
		return
	}
	for i := range l.tenant.Departments {
		d := &l.tenant.Departments[i]
		until := now.Add(d.Breathing)
		if (len(o.conf.Departments) == 0 || slices.Contains(o.conf.Departments, d.ID)) && until.After(o.breathes) {
			o.breathes = until
		}
	}
}

func compareArrivals(a, b *held) int {
	if c := a.arrival.Compare(b.arrival); c != 0 {
		return c
	}
	return bytes.Compare(a.row.Ref.Session[:], b.row.Ref.Session[:])
}

// stillPromised: a report of the same life that has not seen the offer leaves the
// promise; another life does not take it.
func (s *held) stillPromised(row *engine.Row, life engine.Term, number uint64) bool {
	return life == s.life && number != s.number && row.State.IsOpen()
}

// Reserves reports whether the router keeps a slot for the session's offer of that
// number.
func (l *Ledger) Reserves(id engine.SessionID, number uint64) bool {
	s := l.byID[id]
	return s != nil && len(s.promised) > 0 && s.number == number
}

// charge computes whose load the session is part of.
func (l *Ledger) charge(s *held) {
	for _, c := range s.charged {
		c.to.used -= c.weight
		c.to.open--
	}
	s.charged = s.charged[:0]
	for _, o := range s.promised {
		s.add(o, s.lease)
	}
	switch s.row.State {
	case engine.StateOffered, engine.StateActive, engine.StateDetached, engine.StateClosing:
	default:
		return
	}
	for i := range s.row.Offers {
		if s.row.State != engine.StateClosing {
			s.add(l.hand(s.row.Offers[i].Operator), s.lease)
		}
	}
	if s.row.Owner != "" {
		s.add(l.hand(s.row.Owner), s.weight)
	}
}

// add makes the session part of an operator's load, once.
func (s *held) add(o *hand, weight int) {
	for i := range s.charged {
		if c := &s.charged[i]; c.to == o {
			if weight > c.weight {
				o.used += weight - c.weight
				c.weight = weight
			}
			return
		}
	}
	s.charged = append(s.charged, charge{o, weight})
	o.used += weight
	o.open++
}

// weigh: an idle session weighs little for who has it, but whoever takes it will
// serve it, where the transfer goes.
func (s *held) weigh(l *Ledger) {
	if s.weight = s.row.Weight; s.weight <= 0 {
		s.weight = engine.DefaultWeight
	}
	s.lease = s.weight
	owned := s.row.State == engine.StateActive || s.row.State == engine.StateDetached || s.row.State == engine.StateClosing
	switch t := s.row.Service.Transfer; {
	case s.row.Service.Weight != 0:
		s.lease = max(s.lease, s.row.Service.Weight)
	case t != nil && t.Target.Department != "":
		s.lease = max(s.lease, l.weightOf(t.Target.Department))
	case owned && s.row.Owner != "":
		s.lease = max(s.lease, l.weightOf(s.row.Department))
	}
}

func (l *Ledger) weightOf(id engine.DepartmentID) int {
	if d := l.department(id); d != nil {
		return d.Weight
	}
	return engine.DefaultWeight
}

// Sent follows that the router told a session to wait no longer here (a refusal, a
// deferral).
func (l *Ledger) Sent(id engine.SessionID) {
	if s := l.byID[id]; s != nil {
		s.sent = true
	}
}

// Begin begins a step of the router.
func (l *Ledger) Begin() { l.recent = l.recent[:0] }

// Granted follows an offer: it must fit (I2), and be of a session that is as the
// router believes.
func (l *Ledger) Granted(g Grant, now time.Time) *Violation {
	s := l.byID[g.Session]
	bad := func(invariant, format string, args ...any) *Violation {
		return &Violation{Invariant: invariant, Session: g.Session, Detail: fmt.Sprintf(format, args...)}
	}
	if s == nil {
		return bad("I12", "offer %d of a session that is closed", g.Number)
	}
	if l.awaits(now) {
		return bad("I2", "offer %d while %d sessions are awaited", g.Number, len(l.awaited))
	}
	if g.Epoch != s.row.Epoch {
		return bad("I13", "offer %d of epoch %d, it is %d", g.Number, g.Epoch, s.row.Epoch)
	}
	if g.Life != s.life {
		return bad("I2", "offer %d to life %d, it is %d", g.Number, g.Life, s.life)
	}
	if len(s.promised) > 0 {
		return bad("I2", "offer %d while offer %d is not answered", g.Number, s.number)
	}
	s.number, s.promised = g.Number, s.promised[:0]
	for _, id := range g.Operators {
		s.promised = append(s.promised, l.hand(id))
	}
	l.charge(s)
	for _, o := range s.promised {
		switch {
		case !o.known:
			return bad("I2", "offer %d to an operator who is not of the tenant", g.Number)
		case !o.routable && !g.Picked:
			return bad("I2", "offer %d to an operator who is not routable", g.Number)
		case !l.isInScope(s, o):
			return bad("I10", "offer %d to an operator whose tokens name none of its departments", g.Number)
		case !g.Picked && (o.breathing.After(now) || o.breathes.After(now)):
			return bad("I2", "offer %d to an operator who breathes", g.Number)
		case !g.Picked && s.hasDeclined(o.id, now):
			return bad("I6", "offer %d to an operator who has just turned it down", g.Number)
		case o.used > 1000*capacity(&o.conf) && !g.Forced:
			return bad("I2", "offer %d makes a load of %d of %d", g.Number, o.used, 1000*capacity(&o.conf))
		case o.open > openCap(&o.conf):
			return bad("I2", "offer %d makes %d open sessions of %d", g.Number, o.open, openCap(&o.conf))
		}
		if g.Transfer == 0 && !g.Picked && !s.row.Service.Returning {
			l.recent = append(l.recent, grant{s, o})
		}
	}
	return nil
}

// OpenCap is how many sessions an operator may have open at most.
func OpenCap(o *engine.Operator) int { return openCap(o) }

func capacity(o *engine.Operator) int {
	if o.Capacity <= 0 {
		return engine.DefaultCapacity
	}
	return o.Capacity
}

func openCap(o *engine.Operator) int {
	if o.OpenCap <= 0 {
		return 2 * capacity(o)
	}
	return o.OpenCap
}

// Load compares what the router says of an operator's load with the ledger (I2).
func (l *Ledger) Load(id engine.OperatorID, used, open int) *Violation {
	if o := l.hand(id); o.used != used || o.open != open {
		return &Violation{Invariant: "I2", Detail: fmt.Sprintf("the router counts %d in %d sessions, the ledger %d in %d", used, open, o.used, o.open)}
	}
	return nil
}

// Used is an operator's load in milli-units, and in sessions.
func (l *Ledger) Used(id engine.OperatorID) (used, open int) {
	o := l.hand(id)
	return o.used, o.open
}

// Row is a session's facts as the router was told last; false: it is not open.
func (l *Ledger) Row(id engine.SessionID) (*engine.Row, bool) {
	s := l.byID[id]
	if s == nil {
		return nil, false
	}
	return &s.row, true
}

// Sessions is how many open sessions the router knows.
func (l *Ledger) Sessions() int { return len(l.byID) }

// End ends a step of the router: whoever still waits could not be placed (I5), and
// nobody who came later was given what it could have had (I6).
func (l *Ledger) End(now time.Time) *Violation {
	if l.awaits(now) {
		return nil
	}
	for i, s := range l.sessions {
		if s.row.State != engine.StateQueued || len(s.promised) > 0 || s.sent {
			continue
		}
		d := l.department(s.row.Department)
		if d == nil || d.Strategy == engine.Manual {
			continue
		}
		for _, o := range l.operators {
			if o.routable && l.canTake(s, o, d, now) {
				if o.used+s.lease <= 1000*capacity(&o.conf) && o.open < openCap(&o.conf) {
					return &Violation{Invariant: "I5", Session: s.row.Ref.Session, Detail: "waits, and operator " + string(o.id) + " could take it"}
				}
				if v := l.overtaken(i, s, o); v != nil {
					return v
				}
			}
		}
	}
	return nil
}

// overtaken: would the session have had room before those behind it got theirs?
func (l *Ledger) overtaken(place int, s *held, o *hand) *Violation {
	used, open := o.used, o.open
	var by *held
	for _, g := range l.recent {
		if g.to == o && len(g.s.promised) > 0 && compareArrivals(g.s, s) > 0 {
			used -= g.s.lease
			open--
			by = g.s
		}
	}
	if by == nil || used+s.lease > 1000*capacity(&o.conf) || open >= openCap(&o.conf) {
		return nil
	}
	return &Violation{
		Invariant: "I6", Session: by.row.Ref.Session,
		Detail: fmt.Sprintf("was offered to operator %s, who could take %s, number %d in line, which has waited longer", o.id, s.row.Ref.Session, place+1),
	}
}

func (l *Ledger) department(id engine.DepartmentID) *engine.Department {
	if l.tenant == nil {
		return nil
	}
	for i := range l.tenant.Departments {
		if l.tenant.Departments[i].ID == id {
			return &l.tenant.Departments[i]
		}
	}
	return nil
}

// hasDeclined reports whether the operator turned it down and is not to be asked yet.
func (s *held) hasDeclined(id engine.OperatorID, now time.Time) bool {
	for i := range s.row.Declines {
		if d := &s.row.Declines[i]; d.Operator == id && now.Before(d.Until) {
			return true
		}
	}
	return false
}

// canTake reports whether the operator certainly may take the session, were there
// room: at the step that the session itself knows.
func (l *Ledger) canTake(s *held, o *hand, d *engine.Department, now time.Time) bool {
	if !o.known || o.breathing.After(now) || o.breathes.After(now) || s.row.Owner == o.id || s.row.Service.Handed && o.conf.Bot {
		return false
	}
	if s.hasDeclined(o.id, now) {
		return false
	}
	member := o.isMember(d.ID)
	step := min(s.row.Service.Step, len(d.Steps)-1)
	for i := 0; i <= step && !member; i++ {
		for _, also := range d.Steps[i].Also {
			member = member || o.isMember(also)
		}
	}
	if !member || !meets(&o.conf, s.row.Service.Needs) {
		return false
	}
	return step < 0 || meets(&o.conf, d.Steps[step].Require)
}

// isInScope reports whether the operator's tokens name a department that the session
// may go to at some step, or that it is handed on to.
func (l *Ledger) isInScope(s *held, o *hand) bool {
	if t := s.row.Service.Transfer; t != nil && t.Target.Department != "" {
		return o.hasInScope(t.Target.Department)
	}
	in := o.hasInScope(s.row.Department)
	if d := l.department(s.row.Department); d != nil {
		for i := range d.Steps {
			in = in || slices.ContainsFunc(d.Steps[i].Also, o.hasInScope)
		}
	}
	return in
}

func (o *hand) hasInScope(d engine.DepartmentID) bool {
	return len(o.scope) == 0 || slices.Contains(o.scope, d)
}

func (o *hand) isMember(d engine.DepartmentID) bool { return o.hasInScope(d) && isMember(&o.conf, d) }

func isMember(o *engine.Operator, d engine.DepartmentID) bool {
	return (len(o.Departments) == 0 || slices.Contains(o.Departments, d)) && (o.Tiers == nil || o.Tiers[d] != engine.TierNever)
}

func meets(o *engine.Operator, needs []engine.Need) bool {
	for _, n := range needs {
		if o.Skills[n.Skill] < max(n.Level, 1) {
			return false
		}
	}
	return true
}
