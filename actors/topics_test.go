package actors

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

var supervising = []engine.Role{engine.RoleOperator, engine.RoleSupervisor}

func board(d engine.DepartmentID) engine.Topic {
	return engine.Topic{Kind: engine.TopicBoard, Department: d}
}

func line(d engine.DepartmentID) engine.Topic {
	return engine.Topic{Kind: engine.TopicQueue, Department: d}
}

var everybody = engine.Topic{Kind: engine.TopicOperators}

// boss is a supervisor who takes no chats.
func (w *world) boss(departments ...engine.DepartmentID) *person {
	p := w.attendAs("grace", supervising, departments...)
	p.good(w.t, p.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentPaused}))
	return p
}

func (p *person) watch(topics ...engine.Topic) []engine.Topic {
	p.w.t.Helper()
	watched := p.good(p.w.t, p.do(engine.Draft{Op: engine.OpWatch, Topics: topics})).Topics
	synctest.Wait()
	return watched
}

// boards are those shown so far; their revisions must have no gap.
func (p *person) boards() (all []engine.BoardShown) {
	p.w.t.Helper()
	synctest.Wait()
	for _, signal := range p.signalsSoFar() {
		if b, ok := signal.(engine.BoardShown); ok {
			if n := len(all); n > 0 && b.Rev != all[n-1].Rev+1 {
				p.w.t.Fatalf("board revision %d after %d", b.Rev, all[n-1].Rev)
			}
			all = append(all, b)
		}
	}
	return all
}

func (p *person) board() engine.Board {
	p.w.t.Helper()
	time.Sleep(2 * boardEvery) // of the bubble
	all := p.boards()
	if len(all) == 0 {
		p.w.t.Fatal("no board was shown")
	}
	return all[len(all)-1].Board
}

func TestABoardFollowsItsDepartment(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		boss := w.boss()
		boss.watch(board("sales"))
		shown := boss.boards()
		if len(shown) != 1 || !shown[0].Snapshot || shown[0].Board.Department != "sales" {
			t.Fatalf("first: got %+v, want one snapshot at once", shown)
		}
		visitor, elsewhere := w.visitor(""), w.visitor("")
		visitor.start("hello")
		elsewhere.good(t, elsewhere.do(engine.Draft{Op: engine.OpStart, Department: "support"}))
		began := time.Now()
		if b := boss.board(); b.Waiting != 1 || b.Offered != 0 || b.Slots != 0 || began.Sub(b.OldestSince) > time.Second {
			t.Errorf("one waits: got %+v", b)
		}
		ada := w.operator("ada")
		synctest.Wait()
		if b := boss.board(); b.Offered != 1 || b.Waiting != 0 || b.Operators[engine.OperatorAccepting] != 1 || b.Operators[engine.OperatorPaused] != 1 || b.Slots != 1 {
			t.Errorf("offered: got %+v", b)
		}
		ada.acceptOfferOf(visitor.id)
		time.Sleep(2 * time.Second)
		ada.good(t, ada.do(engine.Draft{Op: engine.OpMessage, Session: visitor.id, Body: engine.BodyOf("yes?")}))
		b := boss.board()
		if b.Active != 1 || b.Offered != 0 || b.Hour.Served != 1 || b.Hour.Replies != 1 || b.Hour.FirstReply < 2*time.Second || !b.OldestSince.IsZero() {
			t.Errorf("served: got %+v", b)
		}
		second := w.visitor("")
		ada.good(t, ada.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentPaused}))
		second.start("anybody?")
		second.good(t, second.do(engine.Draft{Op: engine.OpClose}))
		if b := boss.board(); b.Hour.Abandoned != 1 || b.Waiting != 0 {
			t.Errorf("abandoned: got %+v", b)
		}
		time.Sleep(61 * time.Minute)
		if b := boss.board(); b.Hour.Abandoned != 0 || b.Hour.Served != 0 || !b.Hour.Since.IsZero() {
			t.Errorf("an hour later: got %+v", b.Hour)
		}
	})
}

// surveyed is a router that says how often it was asked for its counts.
type surveyed struct {
	*routing.Router
	asked *atomic.Int64
}

func (c surveyed) Tallies() []routing.Tally { c.asked.Add(1); return c.Router.Tallies() }

func TestNobodyCountsForNobody(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		var asked atomic.Int64
		w.sys.tenant("demo").router.newRules = func() routerRules { return surveyed{routing.New(), &asked} }
		boss := w.boss()
		for range 20 {
			visitor := w.visitor("")
			visitor.start("hello")
			visitor.good(t, visitor.do(engine.Draft{Op: engine.OpClose}))
			visitor.seat.Leave()
		}
		time.Sleep(time.Minute)
		if n := asked.Load(); n != 0 {
			t.Fatalf("asked %d times, and nobody watches", n)
		}
		boss.watch(board("sales"))
		before := len(boss.boards())
		for range 20 { // within the same half second
			w.visitor("").start("hello")
		}
		time.Sleep(boardEvery)
		if n := len(boss.boards()) - before; n != 1 {
			t.Errorf("20 changes in half a second: got %d frames, want 1", n)
		}
		if n := asked.Load(); n > 4 {
			t.Errorf("asked %d times in half a second", n)
		}
		boss.seat.Leave()
		synctest.Wait()
		asked.Store(0)
		time.Sleep(time.Minute)
		if n := asked.Load(); n != 0 {
			t.Errorf("asked %d times after the watcher left", n)
		}
	})
}

// linesOf are the changes of one department's line, without a gap.
func (p *person) linesOf(d engine.DepartmentID) (all []*engine.Queue) {
	p.w.t.Helper()
	time.Sleep(lineWindow) // of the bubble
	synctest.Wait()
	for _, signal := range p.signalsSoFar() {
		if q, ok := signal.(*engine.Queue); ok && q.Department() == d {
			if n := len(all); n > 0 && !q.Snapshot && q.Rev != all[n-1].Rev+1 {
				p.w.t.Fatalf("revision %d after %d", q.Rev, all[n-1].Rev)
			}
			all = append(all, q)
		}
	}
	return all
}

func TestOneDepartmentsLine(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		first := w.visitor("")
		first.start("hello")
		boss := w.boss()
		time.Sleep(2 * lineWindow) // and all has been told that she has to do with
		if got := boss.watch(line("sales")); !slices.Equal(got, []engine.Topic{everything, line("sales")}) {
			t.Fatalf("watched: got %v", got)
		}
		boss.good(t, boss.do(engine.Draft{Op: engine.OpUnwatch, Topics: []engine.Topic{everything}}))
		whole := len(boss.linesOf(""))
		second, elsewhere := w.visitor(""), w.visitor("")
		second.start("hello")
		elsewhere.good(t, elsewhere.do(engine.Draft{Op: engine.OpStart, Department: "support"}))
		boss.linesOf("sales") // and their time passes
		first.good(t, first.do(engine.Draft{Op: engine.OpClose}))
		shown := boss.linesOf("sales")
		if len(shown) != 3 || !shown[0].Snapshot || len(shown[0].Rows) != 1 || len(shown[1].Rows) != 1 || !slices.Equal(shown[2].Gone, []engine.SessionID{first.id}) {
			t.Fatalf("sales: got %+v", shown)
		}
		if l := shown[1].Lines(); len(l) != 1 || l[0].Length != 2 || l[0].OldestSince.IsZero() {
			t.Errorf("its figures: got %+v", l)
		}
		if n := len(boss.linesOf("")); n != whole {
			t.Errorf("%d frames of all lines after the connection let them go", n-whole)
		}
		boss.watch(line("sales")) // again: anew
		if shown = boss.linesOf("sales"); len(shown) != 4 || !shown[3].Snapshot || len(shown[3].Rows) != 1 {
			t.Errorf("again: got %+v", shown)
		}
		boss.good(t, boss.do(engine.Draft{Op: engine.OpUnwatch, Topics: []engine.Topic{line("sales")}}))
		w.visitor("").start("hello")
		if n := len(boss.linesOf("sales")); n != 4 {
			t.Errorf("%d frames after the end", n-4)
		}
	})
}

// people is what a watcher of operators has come to know, without a gap.
func (p *person) people() map[engine.OperatorID]engine.OperatorRow {
	p.w.t.Helper()
	time.Sleep(2 * boardEvery)
	synctest.Wait()
	var rev uint64
	known := map[engine.OperatorID]engine.OperatorRow{}
	for _, signal := range p.signalsSoFar() {
		shown, ok := signal.(*engine.OperatorsShown)
		if !ok {
			continue
		}
		if rev++; shown.Rev != rev {
			p.w.t.Fatalf("revision %d, want %d", shown.Rev, rev)
		}
		for _, row := range shown.Rows {
			known[row.Operator] = row
		}
		for _, id := range shown.Gone {
			delete(known, id)
		}
	}
	return known
}

func TestASupervisorWatchesOperators(t *testing.T) {
	inWorld(t, func(c *Config, tenant *engine.Tenant) {
		noSilence(c, tenant)
		tenant.Operators = append(tenant.Operators, engine.Operator{ID: "sam", Departments: []engine.DepartmentID{"support"}})
	}, func(w *world) {
		boss := w.boss("sales")
		boss.watch(everybody)
		if got := boss.people(); len(got) != 2 || got["ada"].State != engine.OperatorSignedOut || got["grace"].State != engine.OperatorPaused {
			t.Fatalf("first: got %+v, want those of sales", got)
		}
		visitor := w.visitor("")
		visitor.start("hello")
		ada := w.operator("ada")
		ada.acceptOffer()
		if got := boss.people()["ada"]; got.State != engine.OperatorAccepting || got.Used != 1000 || got.Capacity != 3000 || got.Open != 1 || got.OpenCap != 6 {
			t.Errorf("ada at work: got %+v", got)
		}
		since := boss.people()["ada"].Since
		ada.good(t, ada.do(engine.Draft{Op: engine.OpAway, On: true}))
		if got := boss.people()["ada"]; got.State != engine.OperatorAway || !got.Since.After(since) {
			t.Errorf("ada away: got %+v", got)
		}
		ada.seat.Leave()
		if got := boss.people()["ada"].State; got != engine.OperatorReconnecting {
			t.Errorf("ada lost: got %v", got)
		}
		time.Sleep(time.Minute)
		if got := boss.people()["ada"].State; got != engine.OperatorOffline {
			t.Errorf("ada gone: got %v", got)
		}
		refused := boss.answer(t, boss.do(engine.Draft{Op: engine.OpWatch, Topics: []engine.Topic{board("support")}}))
		if !engine.ErrForbidden.Is(refused.Err) {
			t.Errorf("a board that the token does not name: got %v", refused.Err)
		}
		plain := w.attendAs("grace", []engine.Role{engine.RoleOperator})
		if a := plain.answer(t, plain.do(engine.Draft{Op: engine.OpWatch, Topics: []engine.Topic{everybody}})); !engine.ErrForbidden.Is(a.Err) {
			t.Errorf("who supervises nobody: got %v", a.Err)
		}
	})
}

// ended are the lists whose end was said.
func (p *person) ended() (all []engine.Topic) {
	synctest.Wait()
	for _, signal := range p.signalsSoFar() {
		if e, ok := signal.(engine.WatchEnded); ok {
			all = append(all, e.Topic)
		}
	}
	return all
}

func TestAWatchEndsWithItsRight(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		boss := w.boss()
		boss.watch(board("sales"), line("sales"), board("support"), everybody)
		p := engine.Principal{Operator: "grace", Roles: []engine.Role{engine.RoleOperator}, Departments: []engine.DepartmentID{"support"}}
		if _, err := boss.seat.Renew(engine.Renewal{Principal: p}); err != nil {
			t.Fatal(err)
		}
		if got := boss.ended(); !slices.Equal(got, []engine.Topic{board("sales"), line("sales"), everybody}) {
			t.Fatalf("ended by the token: got %v", got)
		}
		narrower := *w.tenant
		narrower.Revision++
		narrower.Operators = []engine.Operator{{ID: "ada", Capacity: 3}, {ID: "grace", Capacity: 3, Departments: []engine.DepartmentID{"sales"}}}
		if err := w.sys.Reconfigure(&narrower); err != nil {
			t.Fatal(err)
		}
		if got := boss.ended(); len(got) != 4 || got[3] != board("support") {
			t.Fatalf("ended by the configuration: got %v", got)
		}
		before := len(boss.signalsSoFar())
		w.visitor("").start("hello")
		time.Sleep(time.Minute)
		for _, signal := range boss.signalsSoFar()[before:] {
			switch signal := signal.(type) {
			case engine.BoardShown, *engine.OperatorsShown:
				t.Errorf("after the end: got %T", signal)
			case *engine.Queue:
				if len(signal.Rows)+len(signal.Lines()) > 0 {
					t.Errorf("after the end: got %+v", signal)
				}
			}
		}
		late := &person{screen: newScreen(), w: w}
		at := engine.Attendance{Request: "hi", Tenant: w.tenant, Principal: p, Watch: []engine.Topic{board("sales")}}
		if _, err := w.sys.Attend(context.Background(), at, late.screen); err != nil {
			t.Fatal(err)
		}
		if got := late.ended(); !slices.Equal(got, []engine.Topic{board("sales")}) {
			t.Errorf("asked for at the door: got %v ended", got)
		}
	})
}

// slowRules are a router that takes its time over snapshots of the lines.
type slowRules struct {
	*routing.Router
	asked *atomic.Int64
	held  *atomic.Bool
	gate  chan struct{}
}

func (r slowRules) WaitingIn(shown func(engine.DepartmentID) bool) []engine.QueueRow {
	r.asked.Add(1)
	if r.held.Load() {
		<-r.gate
	}
	return r.Router.WaitingIn(shown)
}

// However often a connection asks for a list while its snapshot is on its way, the
// router makes one.
func TestOneSnapshotIsOnItsWay(t *testing.T) {
	inWorld(t, noSilence, func(w *world) {
		rules := slowRules{routing.New(), &atomic.Int64{}, &atomic.Bool{}, make(chan struct{})}
		w.sys.tenant("demo").router.newRules = func() routerRules { return rules }
		boss := w.boss()
		synctest.Wait()
		before := rules.asked.Load()
		rules.held.Store(true)
		for range 5 {
			boss.watch(line("sales"), everything)
		}
		rules.held.Store(false)
		close(rules.gate)
		synctest.Wait()
		if got := rules.asked.Load() - before; got != 1 { // the other list was made up a moment ago
			t.Errorf("the router was asked %d times, want once", got)
		}
		time.Sleep(lineWindow)
		boss.watch(line("sales"))
		if got := rules.asked.Load() - before; got != 2 {
			t.Errorf("asked again later: %d, want 2", got)
		}
		snapshots := 0
		for _, signal := range boss.signalsSoFar() {
			if q, ok := signal.(*engine.Queue); ok && q.Snapshot && q.Department() == "sales" {
				snapshots++
			}
		}
		if snapshots != 2 {
			t.Errorf("%d snapshots of the line, want 2", snapshots)
		}
	})
}
