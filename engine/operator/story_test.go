package operator_test

import (
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
)

var nine = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const (
	grace = 30 * time.Second
	reach = 10 * time.Minute
)

// desk is an operator, and what the world has heard of it.
type desk struct {
	t        *testing.T
	m        *operator.Machine
	now      time.Time
	stored   engine.IntentInfo
	stores   []engine.Intent
	router   operator.Report
	reports  int
	sessions map[engine.SessionID]operator.TellOwned // last told
	heard    []operator.TellOwned
	revoked  []engine.Cause
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, now: nine, sessions: map[engine.SessionID]operator.TellOwned{}}
	d.m = operator.New("ada")
	d.configure(func(*operator.Configure) {})
	return d
}

func (d *desk) configure(change func(*operator.Configure)) {
	c := operator.Configure{Operator: engine.Operator{ID: "ada", PushReach: reach}, Known: true, Grace: grace, Breathing: 5 * time.Second, MaxMisses: 2}
	change(&c)
	d.step(c)
}

func (d *desk) step(inputs ...operator.Input) {
	d.t.Helper()
	for _, in := range inputs {
		for _, e := range d.m.Step(in, d.now, nil) {
			switch e := e.(type) {
			case operator.Store:
				d.stored = e.Intent
				d.stores = append(d.stores, e.Intent.Intent)
			case operator.Report:
				d.router = e
				d.reports++
			case operator.TellOwned:
				d.heard = append(d.heard, e)
				for _, s := range e.Sessions {
					told := e
					told.Sessions = nil
					d.sessions[s.Session] = told
				}
			case operator.RevokeOffers:
				d.revoked = append(d.revoked, e.Cause)
			}
		}
	}
}

// after lets time pass, with a tick at each deadline on the way.
func (d *desk) after(by time.Duration) {
	d.t.Helper()
	end := d.now.Add(by)
	for {
		at := d.m.Deadline()
		if at.IsZero() || at.After(end) {
			break
		}
		d.now = at
		d.step(operator.Tick{})
		if again := d.m.Deadline(); !again.IsZero() && !again.After(at) {
			d.t.Fatalf("a tick at %v left that deadline", at)
		}
	}
	d.now = end
}

func (d *desk) is(want operator.Connectivity, routable bool) {
	d.t.Helper()
	if got := d.m.Connectivity(); got != want {
		d.t.Errorf("connectivity: got %v, want %v", got, want)
	}
	if d.router.Routable != routable || d.m.Routable() != routable {
		d.t.Errorf("routable: the router knows %v, the machine says %v, want %v", d.router.Routable, d.m.Routable(), routable)
	}
}

func (d *desk) intent(want engine.Intent, cause engine.Cause) {
	d.t.Helper()
	if got := d.m.Intent(); got.Intent != want || got.Cause != cause || got != d.stored {
		d.t.Errorf("intent: got %v by %v (stored %v), want %v by %v", got.Intent, got.Cause, d.stored.Intent, want, cause)
	}
}

func connect(id uint64) operator.Connect {
	return operator.Connect{Connection: id, Device: "desk", Intent: engine.IntentAccepting}
}

func mobile(id uint64) operator.Connect {
	return operator.Connect{Connection: id, Device: "phone", Pushable: true, Intent: engine.IntentAccepting}
}

func say(intent engine.Intent) operator.SetIntent {
	return operator.SetIntent{Intent: intent, Cause: engine.CauseManual, By: "ada", Device: "desk"}
}

func offered(n byte, id engine.Seq) operator.Offered {
	return operator.Offered{Offer: engine.Offer{Session: sid(n), ID: id}}
}

func sid(n byte) engine.SessionID { return engine.SessionID{n} }

func gone(cause engine.Cause) operator.TellOwned { return operator.TellOwned{Gone: true, Cause: cause} }

func (d *desk) told(n byte, want operator.TellOwned) {
	d.t.Helper()
	got, ok := d.sessions[sid(n)]
	if !ok || got.Gone != want.Gone || got.Cause != want.Cause || got.Drain != want.Drain {
		d.t.Errorf("session %d: told %+v, want %+v", n, got, want)
	}
}

// The operator closes the browser: it gets no chat from then on, and what was
// offered goes on to others at once.
func TestFailure35_browser_closed(t *testing.T) {
	d := newDesk(t)
	d.step(connect(1), offered(1, 7))
	d.is(operator.Connected, true)
	d.step(operator.Disconnect{Connection: 1})
	d.is(operator.InGrace, false)
	if !slices.Equal(d.revoked, []engine.Cause{engine.CauseOperatorLost}) {
		t.Errorf("revoked: got %v", d.revoked)
	}
	if !d.router.Present {
		t.Error("in grace, and not present")
	}
	d.after(grace)
	d.is(operator.Gone, false)
	if d.router.Present {
		t.Error("gone, and still present")
	}
}

// A second device that says "accepting" as it comes changes nothing, whatever was said before.
func TestFailure36_second_device(t *testing.T) {
	for _, said := range []engine.Intent{engine.IntentPaused, engine.IntentSignedOut} {
		d := newDesk(t)
		d.step(connect(1), say(said), mobile(2), operator.Disconnect{Connection: 1})
		d.intent(said, engine.CauseManual)
		d.is(operator.Connected, false)
		if d.stored.Device != "desk" || d.stored.By != "ada" {
			t.Errorf("%v: I9 wants actor and device, got %+v", said, d.stored)
		}
	}
}

// After a start everybody is as they were: the intent is the one that was stored, and
// a connection is enough.
func TestFailure37_server_start(t *testing.T) {
	d := newDesk(t)
	stored := engine.IntentInfo{Intent: engine.IntentAccepting, Cause: engine.CauseManual, By: "ada", At: nine}
	d.stored = stored
	d.step(operator.Restore{Intent: stored, Sessions: []operator.Owned{{Session: sid(1)}}})
	d.is(operator.InGrace, false)
	if len(d.heard) > 0 {
		t.Errorf("told at once: %+v", d.heard)
	}
	d.after(grace * 2 / 3)
	d.told(1, operator.TellOwned{Gone: true, Cause: engine.CauseOperatorLost, Since: nine})
	d.after(grace/3 - time.Second)
	d.step(operator.Connect{Connection: 1, Device: "desk"})
	d.is(operator.Connected, true)
	d.told(1, operator.TellOwned{})
	d.intent(engine.IntentAccepting, engine.CauseManual)
	if len(d.stores) != 0 {
		t.Errorf("the start stored intents: %v", d.stores)
	}
}

// The browser and the phone come and go: the intent does not move, and the operator
// is there while one of them is.
func TestFailure38_two_devices(t *testing.T) {
	d := newDesk(t)
	d.step(connect(1), mobile(2))
	before := len(d.stores)
	for range 5 {
		d.step(operator.SetAway{Connection: 2, On: true}, operator.Disconnect{Connection: 2})
		d.is(operator.Connected, true)
		d.step(mobile(2), operator.Disconnect{Connection: 1})
		d.is(operator.Connected, true)
		d.step(connect(1))
	}
	if len(d.stores) != before || d.reports > 4 {
		t.Errorf("got %d intents and %d reports for devices that came and went", len(d.stores)-before, d.reports)
	}
	d.step(operator.SetAway{Connection: 1, On: true})
	d.is(operator.Connected, true)
	d.step(operator.SetAway{Connection: 2, On: true})
	d.is(operator.Connected, false) // away: all are
	d.intent(engine.IntentAccepting, engine.CauseManual)
}

// A team with phones only is there while pushes can reach it.
func TestFailure39_phones_only(t *testing.T) {
	d := newDesk(t)
	d.step(mobile(1), operator.Gained{Session: sid(1)}, operator.Disconnect{Connection: 1})
	d.is(operator.Reachable, true)
	d.told(1, operator.TellOwned{})
	if !d.router.Reachable {
		t.Errorf("reachable: got %+v, told %v", d.router, d.sessions)
	}
	d.after(reach)
	d.is(operator.InGrace, false)
	d.told(1, gone(engine.CauseOperatorLost))
	d.after(grace)
	d.is(operator.Gone, false)
	d.step(mobile(1))
	d.is(operator.Connected, true)
	d.told(1, operator.TellOwned{})
}

// The sessions of an operator who is lost hear of it at once, also those that it
// got while it was going.
func TestFailure40_lost_with_visitors(t *testing.T) {
	d := newDesk(t)
	d.step(connect(1), operator.Gained{Session: sid(1)}, operator.Disconnect{Connection: 1}, operator.Gained{Session: sid(2)})
	d.told(1, gone(engine.CauseOperatorLost))
	d.told(2, gone(engine.CauseOperatorLost))
	d.step(offered(3, 9))
	if !slices.Equal(d.revoked, []engine.Cause{engine.CauseOperatorLost}) {
		t.Errorf("an offer to nobody: revoked %v", d.revoked)
	}
}

// A reload of the page is no absence.
func TestFailure41_page_reload(t *testing.T) {
	d := newDesk(t)
	d.step(connect(1), operator.Gained{Session: sid(1)}, operator.Disconnect{Connection: 1})
	d.after(2 * time.Second)
	d.step(connect(2))
	d.told(1, operator.TellOwned{})
	d.is(operator.Connected, true)
	d.after(time.Hour)
	d.is(operator.Connected, true)
}

// Two misses in a row pause, a rejection between them is an answer, and one click
// is enough to come back.
func TestMissRule(t *testing.T) {
	d := newDesk(t)
	d.step(connect(1), operator.Missed{}, operator.OfferEnded{Cause: engine.CauseRejected}, operator.Missed{})
	d.is(operator.Connected, true)
	d.step(offered(1, 3), operator.Gained{Session: sid(1)}) // accepted
	d.step(operator.Missed{})
	d.intent(engine.IntentAccepting, engine.CauseManual)
	d.step(offered(2, 5), operator.Missed{})
	d.intent(engine.IntentPaused, engine.CauseMissed)
	d.is(operator.Connected, false)
	if !slices.Equal(d.revoked, []engine.Cause{engine.CauseOperatorSignedOut}) {
		t.Errorf("its other offer: revoked %v", d.revoked)
	}
	d.step(operator.Missed{}, say(engine.IntentAccepting), operator.Missed{})
	d.intent(engine.IntentAccepting, engine.CauseManual)
	d.configure(func(c *operator.Configure) { c.MaxMisses = -1 })
	d.step(operator.Missed{}, operator.Missed{}, operator.Missed{})
	d.intent(engine.IntentAccepting, engine.CauseManual)
}

// Sessions assigned without an offer count too: getting one is no answer to it.
func TestMissRuleOfDirectAssignment(t *testing.T) {
	d := newDesk(t)
	d.step(connect(1))
	d.step(operator.Gained{Session: sid(1)}, operator.Missed{}, operator.Lost{Session: sid(1)})
	d.step(operator.Gained{Session: sid(2)}, operator.Missed{}, operator.Lost{Session: sid(2)})
	d.intent(engine.IntentPaused, engine.CauseMissed)
}

// Signing out gives the open sessions back, draining keeps them.
func TestSignOut(t *testing.T) {
	d := newDesk(t)
	d.step(connect(1), operator.Gained{Session: sid(1)})
	drain := say(engine.IntentSignedOut)
	drain.Drain = true
	d.step(drain)
	d.told(1, operator.TellOwned{Gone: true, Cause: engine.CauseOperatorSignedOut, Drain: true})
	d.step(operator.Disconnect{Connection: 1})
	d.told(1, gone(engine.CauseOperatorLost))
	d.heard = nil
	d.step(operator.Connect{Connection: 2})
	if len(d.heard) != 2 || d.heard[0].Gone {
		t.Errorf("a session that waits is told %+v", d.heard)
	}
	d.told(1, operator.TellOwned{Gone: true, Cause: engine.CauseOperatorSignedOut, Drain: true})
	d.is(operator.Connected, false)
	d.step(say(engine.IntentSignedOut))
	d.told(1, gone(engine.CauseOperatorSignedOut))
	d.step(operator.Disconnect{Connection: 2}, connect(3)) // the first one since: it states
	d.intent(engine.IntentAccepting, engine.CauseManual)
	d.told(1, operator.TellOwned{})
}

// A pause may end by itself; a restart in between does not forget it.
func TestPauseUntil(t *testing.T) {
	d := newDesk(t)
	pause := say(engine.IntentPaused)
	pause.Until = nine.Add(time.Hour)
	d.step(connect(1), pause)
	stored := d.stored
	d.after(time.Minute)
	d.m = operator.New("ada")
	d.configure(func(*operator.Configure) {})
	d.step(operator.Restore{Intent: stored}, connect(1))
	d.intent(engine.IntentPaused, engine.CauseManual)
	d.after(2 * time.Hour)
	d.is(operator.Connected, true)
	if d.stored.Intent != engine.IntentAccepting || !d.stored.At.Equal(pause.Until) {
		t.Errorf("stored %+v", d.stored)
	}
}

// An intent that the store did not take is as if it had not been said; the
// misses' pause holds all the same.
func TestIntentNotKept(t *testing.T) {
	d := newDesk(t)
	d.step(connect(1))
	d.step(operator.Kept{Intent: d.stored, OK: true}, say(engine.IntentPaused))
	d.step(operator.Kept{Intent: d.stored})
	d.is(operator.Connected, true)
	d.step(say(engine.IntentPaused))
	late := d.stored
	d.after(time.Second)
	d.step(say(engine.IntentSignedOut), operator.Kept{Intent: late})
	d.intent(engine.IntentSignedOut, engine.CauseManual)
	d.step(say(engine.IntentAccepting), operator.Kept{Intent: d.stored, OK: true}, operator.Missed{}, operator.Missed{})
	d.step(operator.Kept{Intent: d.stored})
	d.intent(engine.IntentPaused, engine.CauseMissed)
}

// After a chat's end the router leaves the operator alone for a while; other
// endings give no rest.
func TestBreathing(t *testing.T) {
	d := newDesk(t)
	d.step(connect(1), operator.Gained{Session: sid(1)}, operator.Gained{Session: sid(2)}, operator.Lost{Session: sid(2)})
	if !d.router.Breathing.IsZero() {
		t.Errorf("breathes after a chat that went on elsewhere")
	}
	d.step(operator.Lost{Session: sid(1), Served: true})
	if want := nine.Add(5 * time.Second); !d.router.Breathing.Equal(want) || !d.router.Routable {
		t.Errorf("got %+v, want breathing until %v", d.router, want)
	}
}

// A server that stops takes its connections away: nobody's grace runs for that.
func TestDrain(t *testing.T) {
	d := newDesk(t)
	d.step(connect(1), operator.Gained{Session: sid(1)}, offered(2, 4), operator.Drain{})
	d.is(operator.Connected, false)
	d.step(operator.Disconnect{Connection: 1})
	d.after(time.Hour)
	d.told(1, operator.TellOwned{})
	if !d.router.Present || !slices.Equal(d.revoked, []engine.Cause{engine.CauseShutdown}) {
		t.Errorf("told %v, router %+v, revoked %v", d.sessions, d.router, d.revoked)
	}
}

// A session that was rebuilt does not know what it was told; it says that it is owned
// and hears it again. A router that lost its memory hears all again.
func TestToldAgain(t *testing.T) {
	d := newDesk(t)
	d.step(connect(1), operator.Gained{Session: sid(1)}, operator.Disconnect{Connection: 1})
	clear(d.sessions)
	d.step(operator.Gained{Session: sid(1)})
	d.told(1, gone(engine.CauseOperatorLost))
	d.step(connect(2))
	clear(d.sessions)
	d.step(operator.Gained{Session: sid(1)})
	d.told(1, operator.TellOwned{})
	before := d.reports
	d.step(operator.Again{}, operator.Tick{})
	if d.reports != before+1 {
		t.Errorf("got %d reports, want 1", d.reports-before)
	}
}

// An operator whom the configuration no longer has serves nobody.
func TestRemoved(t *testing.T) {
	d := newDesk(t)
	d.step(connect(1), operator.Gained{Session: sid(1)}, offered(2, 4))
	d.configure(func(c *operator.Configure) { c.Known = false })
	d.is(operator.Connected, false)
	d.told(1, gone(engine.CauseOperatorRemoved))
	if !slices.Equal(d.revoked, []engine.Cause{engine.CauseOperatorRemoved}) {
		t.Errorf("revoked %v", d.revoked)
	}
}

func TestSettingsOf(t *testing.T) {
	tenant := &engine.Tenant{MaxMisses: 3, Departments: []engine.Department{
		{ID: "a", OperatorGrace: time.Second}, {ID: "b", OperatorGrace: 3 * time.Second, Breathing: 4 * time.Second}, {ID: "c"},
	}, Operators: []engine.Operator{{ID: "ada", Departments: []engine.DepartmentID{"a", "b"}}, {ID: "bob"}}}
	for id, want := range map[engine.OperatorID]time.Duration{"ada": 3 * time.Second, "bob": engine.DefaultOperatorGrace} {
		if got := operator.SettingsOf(tenant, id); got.Grace != want || got.Breathing != 4*time.Second || got.MaxMisses != 3 || !got.Known {
			t.Errorf("%s: got %+v", id, got)
		}
	}
	if operator.SettingsOf(tenant, "eve").Known {
		t.Error("eve is not of this tenant")
	}
}

// What a session said before it came back does not take it away.
func TestWhatWasSaidOfAnEarlierEpoch(t *testing.T) {
	d := newDesk(t)
	d.step(connect(1), operator.Gained{Session: sid(1), Epoch: 5}, operator.Lost{Session: sid(1), Epoch: 4}, operator.Gained{Session: sid(1), Epoch: 3})
	if got := d.m.Owned(nil); len(got) != 1 || got[0].Epoch != 5 {
		t.Fatalf("got %v, want session 1 by epoch 5", got)
	}
	d.step(operator.Disconnect{Connection: 1})
	if said := d.heard[len(d.heard)-1]; !said.Gone || said.Sessions[0] != (operator.Owned{Session: sid(1), Epoch: 5}) {
		t.Errorf("told %+v", said)
	}
	d.step(operator.Lost{Session: sid(1), Epoch: 6})
	if got := d.m.Owned(nil); len(got) != 0 {
		t.Errorf("still owns %v", got)
	}
}
