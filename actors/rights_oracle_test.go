package actors

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/parleyhq/parley/engine"
)

// oracle computes who may read what from the rows that the store was handed, the
// tokens that were shown and the configuration. It shares no code with what it
// judges.
type oracle struct {
	mu        sync.Mutex
	tenants   map[engine.TenantID]*engine.Tenant
	rows      map[engine.SessionID]engine.Row
	order     []engine.SessionID
	hidden    map[string]bool      // who has ever asked to watch unseen: that is in no row
	signedOut map[string]time.Time // tenant and who: up to when tokens count no more
	faults    []string
	let       map[string]int // what was let through, by sort: else the law says nothing
}

func newOracle(tenants ...*engine.Tenant) *oracle {
	o := &oracle{tenants: map[engine.TenantID]*engine.Tenant{}, rows: map[engine.SessionID]engine.Row{}, hidden: map[string]bool{}, signedOut: map[string]time.Time{}, let: map[string]int{}}
	for _, t := range tenants {
		o.tenants[t.ID] = t
	}
	return o
}

// watched is a fakeStore that takes its time and tells the oracle of each row.
type watched struct {
	*fakeStore
	oracle  *oracle
	latency time.Duration
}

func (w *watched) Claim(c engine.Claim, done func(engine.Head, []*engine.Entry, error)) {
	if c.Create != nil {
		w.oracle.row(engine.Row{Ref: c.Ref, Visitor: c.Create.Visitor})
	}
	w.fakeStore.Claim(c, done)
}

func (w *watched) Append(appends []engine.Append, done func([]error)) {
	for _, a := range appends {
		if a.Row != nil {
			w.oracle.row(*a.Row)
		} else {
			w.oracle.read(a)
		}
	}
	w.fakeStore.Append(appends, func(errs []error) { time.Sleep(w.latency); done(errs) })
}

func (w *watched) ReadFrom(ref engine.SessionRef, after engine.Seq, limit int, done func([]*engine.Entry, error)) {
	w.fakeStore.ReadFrom(ref, after, limit, func(entries []*engine.Entry, err error) { time.Sleep(w.latency); done(entries, err) })
}

func (o *oracle) row(row engine.Row) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before, known := o.rows[row.Ref.Session]
	if known && row.State == engine.StateNone { // claimed again
		row = before
	}
	if !known {
		o.order = append(o.order, row.Ref.Session)
	}
	row.Service.Members = slices.Clone(row.Service.Members)
	o.rows[row.Ref.Session] = row
}

// read takes from the entries what an append without a row has come to: the last.
func (o *oracle) read(a engine.Append) {
	o.mu.Lock()
	defer o.mu.Unlock()
	row := o.rows[a.Ref.Session]
	for _, e := range a.Entries {
		without := slices.DeleteFunc(slices.Clone(row.Service.Members), func(m engine.Member) bool { return m.Operator == e.Operator })
		switch e.Kind {
		case engine.KindSessionAssigned:
			row.Owner, row.Service.Members = e.Operator, without
		case engine.KindSessionRequeued:
			row.Owner = ""
		case engine.KindParticipantJoined:
			row.Service.Members = append(without, engine.Member{Operator: e.Operator})
		case engine.KindParticipantLeft:
			row.Service.Members = without
		}
	}
	o.rows[a.Ref.Session] = row
}

func (o *oracle) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.order)
}

func (o *oracle) session(n int) (engine.Row, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.order) == 0 {
		return engine.Row{}, false
	}
	return o.rows[o.order[n%len(o.order)]], true
}

// guard is a connection: an outlet that lets nothing pass unjudged.
type guard struct {
	*screen
	oracle  *oracle
	name    string
	tenant  engine.TenantID
	visitor engine.VisitorID // zero: an operator's
	token   string
	seat    engine.Seat

	operates bool
	// Guarded by the oracle's mu.
	issued time.Time
	who    engine.Principal
	revs   map[engine.Topic]uint64 // as last shown
}

func (g *guard) isVisitor() bool { return !g.operates }

func (g *guard) key() string {
	if g.isVisitor() {
		return string(g.tenant) + "/" + g.visitor.String()
	}
	return string(g.tenant) + "/" + string(g.who.Operator)
}

// denied says why a connection may not read a session, or nothing. Call with mu held.
func (o *oracle) denied(g *guard, id engine.SessionID) string {
	row, known := o.rows[id]
	at, out := o.signedOut[g.key()]
	switch {
	case !known:
		return "a session that nobody has stored"
	case row.Ref.Tenant != g.tenant:
		return "another tenant's"
	case out && !g.issued.After(at):
		return "signed out"
	case g.isVisitor() && row.Visitor != g.visitor:
		return "another visitor's"
	case g.isVisitor():
		return ""
	case !slices.Contains([]engine.OperatorID{"ada", "grace", "linus"}, g.who.Operator):
		return "not declared"
	case !o.scoped(g, row.Department):
		return "a department that the token does not name"
	case row.Owner == g.who.Operator:
		return ""
	}
	members := row.Service.Members
	if o.hidden[g.key()+id.String()] {
		members = append(slices.Clip(members), engine.Member{Operator: g.who.Operator, Hidden: true})
	}
	for _, m := range members {
		if m.Operator != g.who.Operator {
			continue
		}
		if (m.As == engine.PartObserver || m.Hidden) && !slices.Contains(g.who.Roles, engine.RoleSupervisor) {
			return "watched as a supervisor, which it no longer is"
		}
		return ""
	}
	return "no part in it"
}

// scoped: the token names the department, or support, whose operators take what
// waits in sales too.
func (o *oracle) scoped(g *guard, d engine.DepartmentID) bool {
	names := g.who.Departments
	return len(names) == 0 || slices.Contains(names, d) || d == "sales" && slices.Contains(names, "support")
}

func (g *guard) check(what string, id engine.SessionID) {
	o := g.oracle
	o.mu.Lock()
	defer o.mu.Unlock()
	if why := o.denied(g, id); why != "" {
		o.faults = append(o.faults, fmt.Sprintf("%s got %s of %s: %s (state %s, owner %q, members %v, department %s)", g.name, what, id, why, o.rows[id].State, o.rows[id].Owner, o.rows[id].Service.Members, o.rows[id].Department))
		return
	}
	o.let[what]++
}

// wrong notes a fault. Call with the oracle's mu held.
func (g *guard) wrong(format string, args ...any) {
	g.oracle.faults = append(g.oracle.faults, g.name+" got "+fmt.Sprintf(format, args...))
}

func (g *guard) entry(what string, e *engine.Entry) {
	g.check(what, e.Session)
	g.only(!g.isVisitor() || e.Visibility != engine.VisibleToOperators, what+" that is for operators")
}

func (g *guard) Deliver(e *engine.Entry) bool {
	g.entry("an entry", e)
	return g.screen.Deliver(e)
}

func (g *guard) Notify(s engine.Signal) bool {
	switch s := s.(type) {
	case engine.Situation:
		g.check("a situation", s.Session)
		g.only(!g.isVisitor() || s.Serving == nil, "how it is served")
	case engine.Typing:
		g.check("typing", s.Session)
	case engine.Peek:
		g.check("a peek", s.Session)
		g.only(!g.isVisitor(), "a peek")
	case engine.Presence:
		g.check("presence", s.Session)
	case engine.ReadMoved:
		g.check("a read mark", s.Session)
	case *engine.Queue:
		g.queue(s)
	case engine.BoardShown:
		g.list("a board", s.Board.Department)
		g.follows(board(s.Board.Department), s.Rev, s.Snapshot)
	case *engine.OperatorsShown:
		g.operators(s)
		g.follows(everybody, s.Rev, s.Snapshot)
	}
	return g.screen.Notify(s)
}

func (g *guard) only(holds bool, what string) {
	g.oracle.mu.Lock()
	defer g.oracle.mu.Unlock()
	if !holds {
		g.wrong("%s", what)
	}
}

// list judges a frame about one department that is no session's. Its watcher serves
// that department, and so does its token.
func (g *guard) list(what string, d engine.DepartmentID) {
	g.oracle.mu.Lock()
	defer g.oracle.mu.Unlock()
	at, out := g.oracle.signedOut[g.key()]
	switch names := g.who.Departments; {
	case g.isVisitor():
		g.wrong("%s", what)
	case out && !g.issued.After(at):
		g.wrong("%s: signed out", what)
	case g.who.Operator == "grace" && d != "sales":
		g.wrong("%s of a department that it does not serve", what)
	case len(names) > 0 && !slices.Contains(names, d):
		g.wrong("%s of a department that its token does not name", what)
	default:
		g.oracle.let[what]++
	}
}

// operators judges the list of operators: grace serves sales only, the others all.
func (g *guard) operators(s *engine.OperatorsShown) {
	g.oracle.mu.Lock()
	defer g.oracle.mu.Unlock()
	at, out := g.oracle.signedOut[g.key()]
	sales := g.who.Operator != "grace" && len(g.who.Departments) == 0 || slices.Contains(g.who.Departments, "sales")
	switch {
	case g.isVisitor() || !slices.Contains(g.who.Roles, engine.RoleSupervisor):
		g.wrong("operators, and is no supervisor")
	case out && !g.issued.After(at):
		g.wrong("operators: signed out")
	case !sales && slices.ContainsFunc(s.Rows, func(r engine.OperatorRow) bool { return r.Operator == "grace" }):
		g.wrong("an operator of a department that it does not supervise")
	default:
		g.oracle.let["operators"]++
	}
}

// follows: no revision of a list is left out.
func (g *guard) follows(t engine.Topic, rev uint64, snapshot bool) {
	g.oracle.mu.Lock()
	defer g.oracle.mu.Unlock()
	if g.revs == nil {
		g.revs = map[engine.Topic]uint64{}
	}
	if !snapshot && rev != g.revs[t]+1 {
		g.wrong("revision %d of %s after %d", rev, t, g.revs[t])
	}
	g.revs[t] = rev
}

func (g *guard) queue(q *engine.Queue) {
	if q.Department() != "" {
		g.list("one line", q.Department())
		g.follows(line(q.Department()), q.Rev, q.Snapshot)
	}
	for _, l := range q.Lines() {
		g.list("figures of a line", l.Department)
	}
	g.oracle.mu.Lock()
	defer g.oracle.mu.Unlock()
	at, out := g.oracle.signedOut[g.key()]
	for _, row := range q.Rows {
		switch names := g.who.Departments; {
		case g.isVisitor():
			g.wrong("the waiting lines")
		case out && !g.issued.After(at):
			g.wrong("the waiting lines: signed out")
		case g.who.Operator == "grace" && row.Department != "sales":
			g.wrong("a row of a department that it does not serve")
		case len(names) > 0 && !slices.Contains(names, row.Department):
			g.wrong("a row of a department that its token does not name")
		}
	}
}

func (g *guard) Answer(a engine.Answer) bool {
	for _, e := range a.Entries {
		g.entry("a page", e)
	}
	if a.Held != nil {
		g.check("what is held", a.Session)
	}
	return g.screen.Answer(a)
}
