package actors

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// counted counts answers by request.
type counted struct {
	*screen
	mu    sync.Mutex
	n     map[string]int
	flaky *atomic.Int64 // one in so many calls panics; 0: none
}

func (c *counted) maybe() {
	if n := c.flaky.Load(); n > 0 && rand.Int64N(n) == 0 {
		panic("broken outlet")
	}
}
func (c *counted) Deliver(e *engine.Entry) bool { c.maybe(); return c.screen.Deliver(e) }
func (c *counted) Notify(s engine.Signal) bool  { c.maybe(); return c.screen.Notify(s) }
func (c *counted) Answer(a engine.Answer) bool {
	c.mu.Lock()
	c.n[a.Request]++
	c.mu.Unlock()
	return c.screen.Answer(a)
}

func TestStress(t *testing.T) {
	for round := range 6 {
		t.Run(fmt.Sprint(round), func(t *testing.T) { stressOnce(t, round) })
	}
}

func stressOnce(t *testing.T, round int) {
	var flaky, failing atomic.Int64
	store := newFakeStore()
	hook := &hooked{fakeStore: store}
	hook.append = func(a []engine.Append, done func([]error)) bool {
		if n := failing.Load(); n > 0 && rand.Int64N(n) == 0 {
			go done([]error{engine.ErrFull})
			return true
		}
		return false
	}
	tenant := demoTenant()
	if round%2 == 1 {
		tenant.Departments[0].WrapUp = 30 * time.Millisecond
	}
	tenant.Departments[0].QueueGrace = time.Second
	tenant.Departments[0].OfferTimeout = time.Second
	tenant.Departments[0].DeclineFor = 10 * time.Millisecond
	tenant.Operators[0].Capacity, tenant.Operators[1].Capacity = 5, 5
	tenants, err := engine.NewTenants(tenant)
	if err != nil {
		t.Fatal(err)
	}
	sys, err := Start(Config{Store: hook, Tenants: tenants, SweepEvery: 5 * time.Millisecond, IdleAfter: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if round >= 2 {
		failing.Store(40)
	}
	if round >= 4 {
		flaky.Store(400)
	}
	ctx := context.Background()
	var posted sync.Map // request -> *counted
	var serial atomic.Int64
	post := func(c *counted, seat engine.Seat, d engine.Draft) string {
		d.Request = fmt.Sprint("q", serial.Add(1))
		if d.ClientID == "" {
			d.ClientID = d.Request
		}
		if err := seat.Post(d); err == nil {
			posted.Store(d.Request, c)
		}
		return d.Request
	}
	end := time.Now().Add(1500 * time.Millisecond)
	var wg sync.WaitGroup
	newScr := func() *counted { return &counted{screen: newScreen(), n: map[string]int{}, flaky: &flaky} }
	for _, id := range []engine.OperatorID{"ada", "grace"} {
		wg.Go(func() {
			for time.Now().Before(end) {
				c := newScr()
				seat, err := sys.Attend(ctx, engine.Attendance{Request: "hi", Tenant: tenant, Principal: engine.Principal{Operator: id}, Intent: engine.IntentAccepting}, c)
				if err != nil {
					continue
				}
				seen := 0
				for range 60 {
					if time.Now().After(end) {
						break
					}
					time.Sleep(2 * time.Millisecond)
					c.screen.mu.Lock()
					signals := c.screen.signals[seen:]
					seen += len(signals)
					closed := len(c.screen.closed) > 0
					c.screen.mu.Unlock()
					if closed {
						break
					}
					for _, s := range signals {
						switch s := s.(type) {
						case engine.OfferNew:
							op := engine.OpAccept
							if rand.IntN(5) == 0 {
								op = engine.OpReject
							}
							post(c, seat, engine.Draft{Op: op, Session: s.Offer.Session, Offer: s.Offer.ID})
						case engine.MineChanged:
							if s.Owned {
								post(c, seat, engine.Draft{Op: engine.OpMessage, Session: s.Session, Body: engine.BodyOf("hi")})
								if rand.IntN(3) == 0 {
									post(c, seat, engine.Draft{Op: engine.OpClose, Session: s.Session})
								}
							}
						}
					}
				}
				seat.Leave()
			}
		})
	}
	for range 8 {
		wg.Go(func() {
			token := ""
			for time.Now().Before(end) {
				c := newScr()
				seat, err := sys.Visit(ctx, engine.Visit{Request: "hi", Tenant: tenant, Token: token, Origin: "o"}, c)
				if err != nil {
					continue
				}
				c.screen.mu.Lock()
				if a, ok := c.screen.answers["hi"]; ok {
					token = a.Welcome.Token
				}
				c.screen.mu.Unlock()
				r := post(c, seat, engine.Draft{Op: engine.OpStart, Body: engine.BodyOf("s")})
				var id engine.SessionID
				for range 50 {
					time.Sleep(time.Millisecond)
					c.screen.mu.Lock()
					a, ok := c.screen.answers[r]
					c.screen.mu.Unlock()
					if ok {
						id = a.Session
						break
					}
				}
				if !id.IsZero() {
					for range rand.IntN(6) {
						post(c, seat, engine.Draft{Op: engine.OpMessage, Session: id, Body: engine.BodyOf("m")})
						time.Sleep(time.Duration(rand.IntN(4)) * time.Millisecond)
					}
					if rand.IntN(2) == 0 {
						post(c, seat, engine.Draft{Op: engine.OpClose, Session: id})
					}
				}
				if rand.IntN(4) == 0 {
					time.Sleep(30 * time.Millisecond)
				}
				seat.Leave()
			}
		})
	}
	if round >= 4 {
		wg.Go(func() {
			for time.Now().Before(end) {
				time.Sleep(100 * time.Millisecond)
				sys.tenant("demo").router.tell(routing.Configure{})
			}
		})
	}
	wg.Wait()
	flaky.Store(0)
	failing.Store(0)
	// Everybody has left: operators sign in no more; end all that is active by REST.
	deadline := time.Now().Add(15 * time.Second)
	tn := sys.tenant("demo")
	for {
		for _, h := range sys.sweep.all() {
			c, cancel := context.WithTimeout(ctx, time.Second)
			_, _ = sys.PostAs(c, h.ref, engine.Author{Kind: engine.AuthorIntegration}, engine.Draft{Op: engine.OpClose, ClientID: "end"})
			cancel()
		}
		tn.mu.Lock()
		sessions, visitors := len(tn.sessions), len(tn.visitors)
		tn.mu.Unlock()
		a, _ := sys.OperatorInfo(ctx, "demo", "ada")
		g, _ := sys.OperatorInfo(ctx, "demo", "grace")
		if sessions == 0 && visitors == 0 && a.Used+g.Used == 0 && len(a.Sessions)+len(g.Sessions) == 0 && a.Connections+g.Connections == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Errorf("left over: %d sessions, %d visitors; ada %+v grace %+v", sessions, visitors, a, g)
			for _, h := range sys.sweep.all() {
				c, cancel := context.WithTimeout(ctx, time.Second)
				info, err := sys.SessionInfo(c, h.ref)
				cancel()
				t.Logf("left over: %v, which can be created: %v; %+v, %v", h.ref, h.create != nil, info, err)
			}
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	desk := tn.operator("ada")
	if len(desk.state.machine.Offers(nil)) != 0 && t.Failed() == false {
		t.Errorf("ghost offers: %d", len(desk.state.machine.Offers(nil)))
	}
	none, twice, all := 0, 0, 0
	posted.Range(func(k, v any) bool {
		all++
		c := v.(*counted)
		c.mu.Lock()
		switch n := c.n[k.(string)]; {
		case n == 0:
			none++
		case n > 1:
			twice++
		}
		c.mu.Unlock()
		return true
	})
	if none+twice > 0 {
		t.Errorf("of %d drafts %d got no answer, %d more than one", all, none, twice)
	}
	t.Logf("%d drafts", all)
	// I8 over the whole history: sessions of one visitor never overlap.
	store.Memory.mu.Lock()
	type span struct{ from, to time.Time }
	spans := map[engine.VisitorID][]span{}
	for ref, r := range store.Memory.sessions {
		if r.last == 0 {
			continue
		}
		s := span{from: r.entries[0].At}
		for _, e := range r.entries {
			if e.Kind == engine.KindSessionClosing || e.Kind == engine.KindSessionClosed && s.to.IsZero() {
				s.to = e.At
			}
		}
		if s.to.IsZero() {
			t.Errorf("%v never closed: %v", ref, r.entries[len(r.entries)-1])
		}
		for i, e := range r.entries {
			if e.Seq != engine.Seq(i+1) && len(r.entries) < memoryEntries {
				t.Errorf("gap in %v", ref)
			}
		}
		spans[r.visitor] = append(spans[r.visitor], s)
	}
	store.Memory.mu.Unlock()
	for v, all := range spans {
		for i, a := range all {
			for _, b := range all[i+1:] {
				if a.from.Before(b.to) && b.from.Before(a.to) {
					t.Errorf("I8: visitor %v: %v overlaps %v", v, a, b)
				}
			}
		}
	}
	c, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := sys.Stop(c); err != nil {
		t.Errorf("stop: %v", err)
	}
}
