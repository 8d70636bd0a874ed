package actors

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
	"pgregory.net/rapid"
)

// deed is one thing that somebody does: what, who, and three numbers.
type deed struct{ What, Who, A, B, C int }

const deeds = 24

// I10: whatever people do, whatever their tokens are renewed to, and however slow
// the store is, nothing reaches a connection that may not have it at that moment.
func TestNothingReachesWhoMayNotHaveIt(t *testing.T) {
	size := 120
	if os.Getenv("PARLEY_TEST_LONG") != "" {
		size = 400
	}
	let := map[string]int{}
	one := rapid.Custom(func(rt *rapid.T) deed {
		return deed{
			rapid.IntRange(0, deeds-1).Draw(rt, "what"), rapid.IntRange(0, 15).Draw(rt, "who"),
			rapid.IntRange(0, 7).Draw(rt, "a"), rapid.IntRange(0, 7).Draw(rt, "b"), rapid.IntRange(0, 7).Draw(rt, "c"),
		}
	})
	rapid.Check(t, func(rt *rapid.T) {
		story := rapid.SliceOfN(one, 40, size).Draw(rt, "story")
		latency := time.Duration(rapid.IntRange(0, 20).Draw(rt, "latency")) * time.Millisecond
		var o *oracle
		synctest.Test(t, func(t *testing.T) { o = tell(t, story, latency) })
		for what, n := range o.let {
			let[what] += n
		}
		if len(o.faults) > 0 {
			rt.Fatalf("%d faults, the first: %s", len(o.faults), o.faults[0])
		}
	})
	for _, what := range []string{"an entry", "a situation", "a page", "the last word", "a board", "operators", "one line"} {
		if let[what] == 0 {
			t.Errorf("%s was let through to nobody: the law says nothing about it", what)
		}
	}
}

// stage is a system of two tenants with the same operators, and who is connected.
type stage struct {
	world
	oracle  *oracle
	tenants []*engine.Tenant
	conns   []*guard
	store   *watched
}

func twoTenants() (all []*engine.Tenant) {
	for _, id := range []engine.TenantID{"demo", "other"} {
		t := &engine.Tenant{
			ID: id, Transcripts: true, Peek: true,
			Departments: []engine.Department{
				{ID: "sales", QueueGrace: time.Hour, DeclineFor: time.Second, Steps: []engine.Step{{For: 2 * time.Second}, {Also: []engine.DepartmentID{"support"}}}},
				{ID: "support", QueueGrace: time.Hour, DeclineFor: time.Second},
			},
			Operators: []engine.Operator{
				{ID: "ada", Capacity: 6}, {ID: "grace", Capacity: 6, Departments: []engine.DepartmentID{"sales"}}, {ID: "linus", Capacity: 6},
			},
		}
		all = append(all, t)
	}
	return all
}

func tell(t *testing.T, story []deed, latency time.Duration) *oracle {
	s := &stage{tenants: twoTenants()}
	s.t, s.oracle = t, newOracle(s.tenants...)
	s.store = &watched{fakeStore: newFakeStore(), oracle: s.oracle, latency: latency}
	tenants, err := engine.NewTenants(s.tenants...)
	if err != nil {
		t.Fatal(err)
	}
	if s.sys, err = Start(Config{Store: s.store, Tenants: tenants}); err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	for i := range 2 {
		for _, id := range []engine.OperatorID{"ada", "grace", "linus"} {
			s.attend(i, engine.Principal{Operator: id, Roles: s.roles(id, 0)})
		}
		s.arrive(i, engine.Visit{})
	}
	s.arrive(0, engine.Visit{})
	for _, g := range s.conns { // refused to those who may not
		s.post(g, engine.Draft{Op: engine.OpWatch, Topics: []engine.Topic{board("sales")}})
		s.post(g, engine.Draft{Op: engine.OpWatch, Topics: []engine.Topic{everybody}})
		s.post(g, engine.Draft{Op: engine.OpWatch, Topics: []engine.Topic{line("support")}})
	}
	for _, d := range story {
		s.do(d)
	}
	time.Sleep(time.Second)
	synctest.Wait()
	s.lastWord()
	return s.oracle
}

// roles: linus is a supervisor, and ada while n says so.
func (s *stage) roles(id engine.OperatorID, n int) []engine.Role {
	if id == "linus" && n%3 != 1 || id == "ada" && n%3 == 2 {
		return []engine.Role{engine.RoleOperator, engine.RoleSupervisor}
	}
	return []engine.Role{engine.RoleOperator}
}

func (s *stage) attend(tenant int, p engine.Principal) {
	p.Issued, p.Expires = time.Now(), time.Now().Add(24*time.Hour)
	g := &guard{screen: newScreen(), oracle: s.oracle, tenant: s.tenants[tenant].ID, operates: true, who: p, issued: p.Issued}
	g.name = fmt.Sprintf("%s/%s#%d", g.tenant, p.Operator, len(s.conns))
	at := engine.Attendance{Request: "hi", Tenant: s.tenants[tenant], Principal: p, Intent: engine.IntentAccepting}
	if seat, err := s.sys.Attend(context.Background(), at, g); err == nil {
		g.seat = seat
		s.conns = append(s.conns, g)
	}
}

func (s *stage) arrive(tenant int, v engine.Visit) {
	v.Request, v.Tenant, v.Origin = "hi", s.tenants[tenant], "https://shop.example"
	g := &guard{screen: newScreen(), oracle: s.oracle, tenant: v.Tenant.ID}
	g.name = fmt.Sprintf("%s/visitor#%d", g.tenant, len(s.conns))
	switch { // known before the first thing reaches it
	case v.Subject != "":
		v.Issued, v.Until = time.Now(), time.Now().Add(time.Hour)
		g.issued = v.Issued
		g.visitor, _ = s.store.PseudonymOf(g.tenant, "visitor", v.Subject)
	case v.Token != "":
		for _, other := range s.conns {
			if other.token == v.Token {
				g.visitor, g.issued = other.visitor, other.issued
			}
		}
	}
	seat, err := s.sys.Visit(context.Background(), v, g)
	if err != nil {
		return
	}
	welcome := g.good(s.t, "hi").Welcome
	if v.Token == "" && v.Subject == "" {
		g.visitor, g.issued = welcome.Visitor, time.Now()
	}
	g.seat, g.token = seat, welcome.Token
	if g.visitor != welcome.Visitor {
		s.t.Errorf("%s: got %s, want %s", g.name, welcome.Visitor, g.visitor)
	}
	s.conns = append(s.conns, g)
}

// index is the tenant's.
func (s *stage) index(g *guard) int {
	return slices.IndexFunc(s.tenants, func(t *engine.Tenant) bool { return t.ID == g.tenant })
}

func (s *stage) post(g *guard, d engine.Draft) {
	if d.Op == engine.OpJoin && d.Plan.Hidden {
		s.oracle.mu.Lock()
		s.oracle.hidden[g.key()+d.Session.String()] = true
		s.oracle.mu.Unlock()
	}
	d.Request = s.request()
	if d.ClientID == "" {
		d.ClientID = "c-" + d.Request
	}
	_ = g.seat.Post(d)
}

func (s *stage) do(d deed) {
	g := s.conns[d.Who%len(s.conns)]
	row, known := s.oracle.session(d.A)
	id := row.Ref.Session
	if d.What < 3 {
		s.post(g, engine.Draft{Op: engine.OpStart, Department: []engine.DepartmentID{"sales", "support"}[d.B%2], Body: engine.BodyOf("hello")})
		return
	}
	if s.comeAndGo(g, d) || !known {
		return
	}
	text := engine.BodyOf("some words")
	target := engine.Plan{Target: engine.Target{Operator: []engine.OperatorID{"ada", "grace", "linus"}[d.C%3]}, Cold: d.B%2 == 0}
	if d.C > 4 {
		target.Target = engine.Target{Department: []engine.DepartmentID{"sales", "support"}[d.C%2]}
	}
	switch d.What {
	case 3, 4:
		s.post(g, engine.Draft{Op: engine.OpMessage, Session: id, Body: text, Visibility: engine.Visibility(d.B % 2)})
	case 5:
		s.post(g, engine.Draft{Op: engine.OpHistory, Session: id, Limit: d.B})
	case 6:
		s.post(g, engine.Draft{Op: engine.OpTransfer, Session: id, Plan: &target})
	case 7, 8:
		s.post(g, engine.Draft{Op: engine.OpJoin, Session: id, Plan: &engine.Plan{As: engine.Part(d.B % 4), Hidden: d.C%2 == 0 && d.B%4 == int(engine.PartObserver)}})
	case 9:
		s.post(g, engine.Draft{Op: []engine.Op{engine.OpLeave, engine.OpRelease, engine.OpTakeover}[d.B%3], Session: id, Plan: &engine.Plan{}})
	case 10:
		s.post(g, engine.Draft{Op: engine.OpMessage, Session: id, IfSeq: 1, Body: text})
	case 11:
		for _, signal := range []engine.Signal{engine.Typing{On: true}, engine.Peek{Body: text}} {
			g.seat.Signal(id, signal)
		}
	case 12:
		s.post(g, engine.Draft{Op: engine.OpIdentity, Session: id})
	case 13:
		change := &engine.IdentityChange{Basis: engine.BasisContract, Set: []engine.Attr{{Name: "name", Value: text}}}
		s.post(g, engine.Draft{Op: engine.OpIdentify, Session: id, Identity: change})
	case 14:
		if d.B == 0 {
			s.post(g, engine.Draft{Op: engine.OpClose, Session: id, Plan: &engine.Plan{}})
		}
	}
}

// comeAndGo is what people do that is about no session. What changes the rights of
// a connection is done while no actor is in the middle of something: else what
// left a moment before could not be told from what left a moment after.
func (s *stage) comeAndGo(g *guard, d deed) bool {
	switch d.What {
	case 15, 16:
		for _, other := range s.conns {
			if o, offered := lastOffer(other.screen); offered {
				s.post(other, engine.Draft{Op: engine.OpAccept, Session: o.Session, Offer: o.ID, Epoch: o.Epoch})
			}
		}
	case 17:
		synctest.Wait()
		if g.isVisitor() {
			return true
		}
		p := g.who
		p.Roles, p.Departments, p.Issued = s.roles(p.Operator, d.A), [][]engine.DepartmentID{nil, {"sales"}, {"support"}, {"sales", "support"}}[d.B%4], time.Now()
		s.oracle.mu.Lock() // what a wider token brings may come before Renew has returned
		if _, err := g.seat.Renew(engine.Renewal{Principal: p}); err == nil {
			g.who, g.issued = p, p.Issued
		}
		s.oracle.mu.Unlock()
	case 18:
		if d.A < 2 {
			s.signOut(g)
		} else {
			s.watch(d)
		}
	case 19:
		if g.isVisitor() {
			s.arrive(s.index(g), engine.Visit{Token: g.token})
		} else {
			s.attend(s.index(g), engine.Principal{Operator: g.who.Operator, Roles: s.roles(g.who.Operator, d.A), Departments: g.who.Departments})
		}
	case 22, 23:
		topics := []engine.Topic{line("sales"), line("support"), board("sales"), board("support"), everybody, everything}
		s.post(g, engine.Draft{Op: []engine.Op{engine.OpWatch, engine.OpUnwatch}[d.What-22], Topics: topics[d.A%len(topics):][:1]})
	case 20:
		if g.isVisitor() {
			s.arrive(s.index(g), engine.Visit{Token: g.token, Subject: fmt.Sprintf("u%d", d.A)})
		}
	case 21:
		time.Sleep(time.Duration(d.A*d.A*d.A) * 5 * time.Millisecond) // of the bubble
	default:
		return false
	}
	return true
}

// watch: supervisors observe what there is, or read it.
func (s *stage) watch(d deed) {
	for _, g := range s.conns {
		if g.who.Operator != "linus" {
			continue
		}
		for n := range s.oracle.count() {
			row, _ := s.oracle.session(n)
			if d.A%2 == 0 {
				s.post(g, engine.Draft{Op: engine.OpJoin, Session: row.Ref.Session, Plan: &engine.Plan{As: engine.PartObserver, Hidden: d.B%2 == 0}})
			} else {
				s.post(g, engine.Draft{Op: engine.OpHistory, Session: row.Ref.Session})
			}
		}
	}
}

func lastOffer(s *screen) (engine.Offer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, signal := range slices.Backward(s.signals) {
		if o, ok := signal.(engine.OfferNew); ok {
			return o.Offer, true
		}
	}
	return engine.Offer{}, false
}

func (s *stage) signOut(g *guard) {
	synctest.Wait()
	at := time.Now()
	if g.isVisitor() {
		_ = s.sys.RevokeVisitor(context.Background(), g.tenant, g.visitor)
	} else {
		_, _ = s.sys.Revoke(context.Background(), g.tenant, g.who.Operator, s.request())
	}
	s.oracle.mu.Lock()
	defer s.oracle.mu.Unlock()
	s.oracle.signedOut[g.key()] = at
}

// lastWord: the other direction. What is said at the end in a session that goes on
// reaches each of its visitor's and its owner's connections that may have it.
func (s *stage) lastWord() {
	for n := range s.oracle.count() {
		row, _ := s.oracle.session(n)
		info, err := s.sys.SessionInfo(context.Background(), row.Ref)
		if err != nil || info.State != engine.StateActive {
			continue
		}
		answer, err := s.sys.PostAs(context.Background(), row.Ref, engine.Author{Kind: engine.AuthorIntegration}, engine.Draft{Op: engine.OpMessage, ClientID: "last", Body: engine.BodyOf("the last word")})
		if err != nil {
			s.t.Errorf("the last word in an open session: %v", err)
			continue
		}
		synctest.Wait()
		for _, g := range s.conns {
			s.heard(g, &row, answer.Seq)
		}
	}
}

func (s *stage) heard(g *guard, row *engine.Row, seq engine.Seq) {
	s.oracle.mu.Lock()
	defer s.oracle.mu.Unlock()
	if s.oracle.denied(g, row.Ref.Session) != "" || !g.isVisitor() && row.Owner != g.who.Operator {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	has := slices.ContainsFunc(g.entries, func(e *engine.Entry) bool { return e.Session == row.Ref.Session && e.Seq == seq })
	switch {
	case len(g.closed) > 0: // it comes again
	case !has:
		s.oracle.faults = append(s.oracle.faults, g.name+" did not get the last word")
	default:
		s.oracle.let["the last word"]++
	}
}
