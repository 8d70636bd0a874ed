package operator_test

import (
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
	"pgregory.net/rapid"
)

// law is an operator beside what can be said of it from its inputs alone.
type law struct {
	*rapid.T
	desk    *desk
	known   bool
	away    map[uint64]bool                  // the connections that there are
	names   map[uint64][]engine.DepartmentID // what the token of each names
	lastly  []engine.DepartmentID            // what that of the last one to go did
	owns    map[engine.SessionID]bool
	offers  map[engine.SessionID]engine.Seq
	stopped bool
	next    engine.Seq
}

func (l *law) step(in operator.Input) {
	d := l.desk
	before, stores := d.m.Intent(), len(d.stores)
	revoked := map[engine.SessionID]bool{}
	for _, e := range d.m.Step(in, d.now, nil) {
		switch e := e.(type) {
		case operator.Store:
			d.stored = e.Intent
			d.stores = append(d.stores, e.Intent.Intent)
		case operator.Report:
			d.router = e
		case operator.TellOwned:
			for _, s := range e.Sessions {
				d.sessions[s.Session] = e
			}
		case operator.RevokeOffers:
			for _, o := range e.Offers {
				revoked[o.Session] = true
				delete(l.offers, o.Session)
			}
		}
	}
	after := d.m.Intent()
	if after != before && len(d.stores) == stores {
		l.Fatalf("the intent changed and was not stored after %T", in)
	}
	if after.Intent != before.Intent {
		l.mayChange(in, before, after)
	}
	l.holds()
}

// mayChange is I9: the three causes, each with its actor and device.
func (l *law) mayChange(in operator.Input, before, after engine.IntentInfo) {
	switch in := in.(type) {
	case operator.SetIntent:
		if after.By != in.By || after.Device != in.Device || after.Cause != in.Cause {
			l.Fatalf("I9: got %+v after %+v", after, in)
		}
		return
	case operator.Connect:
		if first := len(l.away) == 1; first && (before.Intent == engine.IntentNone || before.Intent == engine.IntentSignedOut) && after.By == "ada" && after.Device == in.Device {
			return
		}
	case operator.Missed:
		if after.Intent == engine.IntentPaused && after.Cause == engine.CauseMissed {
			return
		}
	}
	if before.Intent == engine.IntentPaused && !before.Until.IsZero() && !l.desk.now.Before(before.Until) {
		return // its own word, said when it paused
	}
	l.Fatalf("I9: %T changed %v to %v", in, before.Intent, after.Intent)
}

// holds checks what must be so after every step.
func (l *law) holds() {
	d := l.desk
	isAway := len(l.away) > 0
	for _, away := range l.away {
		isAway = isAway && away
	}
	c := d.m.Connectivity()
	if (c == operator.Connected) != (len(l.away) > 0) {
		l.Fatalf("%v with %d connections", c, len(l.away))
	}
	reaches := c == operator.Connected || c == operator.Reachable
	routable := reaches && d.m.Intent().Intent == engine.IntentAccepting && !isAway && l.known && !l.stopped
	if d.m.Routable() != routable || d.router.Routable != routable {
		l.Fatalf("routable: got %v, the router knows %v, want %v", d.m.Routable(), d.router.Routable, routable)
	}
	if present := c != operator.Gone; d.router.Present != present || d.router.Reachable != (c == operator.Reachable) {
		l.Fatalf("the router knows %+v of %v", d.router, c)
	}
	if len(l.offers) > 0 && (!reaches || l.stopped || !l.known || d.m.Intent().Intent != engine.IntentAccepting) {
		l.Fatalf("an offer is live and nobody can take it")
	}
	if got := len(d.m.Offers(nil)); got != len(l.offers) {
		l.Fatalf("%d offers, want %d", got, len(l.offers))
	}
	if got := d.m.Sessions(nil); len(got) != len(l.owns) {
		l.Fatalf("%d sessions, want %d", len(got), len(l.owns))
	}
	l.toldTruth(reaches)
	if at := d.m.Deadline(); !at.IsZero() && !at.After(d.now) {
		l.Fatalf("a deadline has passed and stands")
	}
}

// toldTruth is I7 from the operator's side: each of its sessions was last told what is so.
func (l *law) toldTruth(reaches bool) {
	if l.desk.m.IsQuiet() { // for a while after a start
		return
	}
	for id := range l.owns {
		want := l.truth(reaches && l.sees(lawDepartment(id)))
		if got := l.desk.sessions[id]; got.Gone != want.Gone || got.Cause != want.Cause || got.Drain != want.Drain {
			l.Fatalf("a session was told %+v, want %+v", got, want)
		}
	}
}

// truth is what a session is to be told whose owner may see it, or not.
func (l *law) truth(sees bool) (want operator.TellOwned) {
	intent := l.desk.m.Intent()
	switch {
	case !l.known:
		want = gone(engine.CauseOperatorRemoved)
	case intent.Intent == engine.IntentSignedOut && !intent.Drain:
		want = gone(engine.CauseOperatorSignedOut)
	case !sees && !l.stopped:
		want = gone(engine.CauseOperatorLost)
	case intent.Intent == engine.IntentSignedOut:
		want = operator.TellOwned{Gone: true, Cause: engine.CauseOperatorSignedOut, Drain: true}
	}
	return want
}

// lawTenant has sessions of sales that support may take too, at a later step.
var lawTenant = &engine.Tenant{Departments: []engine.Department{
	{ID: "sales", Steps: []engine.Step{{For: time.Minute}, {Also: []engine.DepartmentID{"support"}}}}, {ID: "support"},
}}

// lawDepartment is where a session is: in sales, in support, or in one that is no more.
func lawDepartment(id engine.SessionID) engine.DepartmentID {
	return [...]engine.DepartmentID{"sales", "support", "night"}[int(id[0])%3]
}

// sees is what tokens are worth to a department's sessions.
func (l *law) sees(d engine.DepartmentID) bool {
	good := func(names []engine.DepartmentID) bool {
		return len(names) == 0 || slices.Contains(names, d) || d == "sales" && slices.Contains(names, "support")
	}
	if len(l.away) == 0 {
		return good(l.lastly)
	}
	for id := range l.away {
		if good(l.names[id]) {
			return true
		}
	}
	return false
}

func TestLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &desk{now: nine, sessions: map[engine.SessionID]operator.TellOwned{}, m: operator.New("ada")}
		l := &law{T: t, desk: d, known: true, away: map[uint64]bool{}, names: map[uint64][]engine.DepartmentID{}, owns: map[engine.SessionID]bool{}, offers: map[engine.SessionID]engine.Seq{}}
		l.configure()
		someone := func() uint64 { return rapid.Uint64Range(1, 3).Draw(t, "connection") }
		session := func() engine.SessionID { return sid(rapid.ByteRange(1, 4).Draw(t, "session")) }
		named := rapid.SampledFrom([][]engine.DepartmentID{nil, {"sales"}, {"support"}, {"night", "support"}})
		intents := rapid.SampledFrom([]engine.Intent{engine.IntentNone, engine.IntentAccepting, engine.IntentPaused, engine.IntentSignedOut})
		t.Repeat(map[string]func(*rapid.T){
			"connect": func(*rapid.T) {
				id := someone()
				l.away[id], l.names[id] = false, named.Draw(t, "token")
				l.step(operator.Connect{
					Connection: id, Device: "tab", Pushable: rapid.Bool().Draw(t, "pushable"), Intent: intents.Draw(t, "stated"), Departments: l.names[id],
				})
			},
			"newer token": func(*rapid.T) {
				id := someone()
				names := named.Draw(t, "token")
				if _, there := l.away[id]; there {
					l.names[id] = names
				}
				l.step(operator.Rescope{Connection: id, Departments: names})
			},
			"disconnect": func(*rapid.T) {
				id := someone()
				if _, there := l.away[id]; there {
					l.lastly = l.names[id]
				}
				delete(l.away, id)
				l.step(operator.Disconnect{Connection: id})
			},
			"away": func(*rapid.T) {
				id, on := someone(), rapid.Bool().Draw(t, "on")
				if _, there := l.away[id]; there {
					l.away[id] = on
				}
				l.step(operator.SetAway{Connection: id, On: on})
			},
			"intent": func(*rapid.T) {
				in := operator.SetIntent{Intent: intents.Draw(t, "intent"), Cause: engine.CauseManual, By: "ada", Device: "tab", Drain: rapid.Bool().Draw(t, "drain")}
				if rapid.Bool().Draw(t, "supervisor") {
					in.Cause, in.By, in.Device = engine.CauseSupervisor, "sue", "desk"
				}
				if rapid.Bool().Draw(t, "for a while") {
					in.Until = d.now.Add(time.Minute)
				}
				l.step(in)
			},
			"offered": func(*rapid.T) {
				l.next++
				id := session()
				l.offers[id] = l.next
				l.step(operator.Offered{Offer: engine.Offer{Session: id, ID: l.next}})
			},
			"offer ended": func(*rapid.T) {
				id := session()
				cause := rapid.SampledFrom([]engine.Cause{engine.CauseRejected, engine.CauseMissed, engine.CauseTaken}).Draw(t, "cause")
				ended := l.next
				if rapid.Bool().Draw(t, "an earlier one") {
					ended = 0
				} else {
					delete(l.offers, id)
				}
				l.step(operator.OfferEnded{Session: id, ID: ended, Cause: cause})
			},
			"missed": func(*rapid.T) { l.step(operator.Missed{}) },
			"gained": func(*rapid.T) {
				id := session()
				if !l.owns[id] {
					delete(d.sessions, id)
				}
				l.owns[id] = true
				delete(l.offers, id)
				l.step(operator.Gained{Session: id, Department: lawDepartment(id)})
			},
			"lost": func(*rapid.T) {
				id := session()
				delete(l.owns, id)
				l.step(operator.Lost{Session: id, Served: rapid.Bool().Draw(t, "served")})
			},
			"configure": func(*rapid.T) {
				l.known = rapid.IntRange(0, 3).Draw(t, "known") > 0
				l.configure()
			},
			"stop": func(*rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "really") == 0 {
					l.stopped = true
					l.step(operator.Drain{})
				}
			},
			"time": func(*rapid.T) {
				d.now = d.now.Add(time.Duration(rapid.IntRange(1, 700).Draw(t, "seconds")) * time.Second)
				l.step(operator.Tick{})
			},
			"restart": func(*rapid.T) { l.restart() },
		})
	})
}

func (l *law) configure() {
	l.step(operator.Configure{
		Operator: engine.Operator{ID: "ada", PushReach: reach}, Known: l.known, Grace: grace, Breathing: 5 * time.Second, MaxMisses: 2, Tenant: lawTenant,
	})
}

// restart keeps what is stored: the intent, and what the logs say it owns.
func (l *law) restart() {
	d := l.desk
	var owned []operator.Owned
	for id := range l.owns {
		owned = append(owned, operator.Owned{Session: id, Department: lawDepartment(id)})
	}
	slices.SortFunc(owned, func(a, b operator.Owned) int { return slices.Compare(a.Session[:], b.Session[:]) })
	d.m = operator.New("ada")
	clear(l.away)
	clear(l.offers)
	clear(d.sessions)
	l.stopped, l.lastly = false, nil
	l.configureQuietly()
	stores, stored := len(d.stores), d.stored
	for _, e := range d.m.Step(operator.Restore{Intent: stored, Sessions: owned}, d.now, nil) {
		switch e := e.(type) {
		case operator.Report:
			d.router = e
		case operator.TellOwned:
			for _, s := range e.Sessions {
				d.sessions[s.Session] = e
			}
		}
	}
	l.step(operator.Tick{})
	if got := d.m.Intent(); got != d.stored || len(d.stores) > stores+1 {
		l.Fatalf("I9: restored with %+v, stored was %+v", got, d.stored)
	}
	if c := d.m.Connectivity(); c != operator.InGrace {
		l.Fatalf("restored as %v", c)
	}
}

func (l *law) configureQuietly() {
	l.desk.m.Step(operator.Configure{
		Operator: engine.Operator{ID: "ada", PushReach: reach}, Known: l.known, Grace: grace, Breathing: 5 * time.Second, MaxMisses: 2, Tenant: lawTenant,
	}, l.desk.now, nil)
}
