package operator_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
)

// inStates are the operator's states, each reached from a fresh desk.
var inStates = []struct {
	name  string
	enter func(*desk)
}{
	{"new", func(*desk) {}},
	{"accepting", func(d *desk) { d.step(connect(1)) }},
	{"away", func(d *desk) { d.step(connect(1), operator.SetAway{Connection: 1, On: true}) }},
	{"paused", func(d *desk) { d.step(connect(1), say(engine.IntentPaused)) }},
	{"missed", func(d *desk) { d.step(connect(1), operator.Missed{}, operator.Missed{}) }},
	{"signed_out", func(d *desk) { d.step(connect(1), say(engine.IntentSignedOut)) }},
	{"reachable", func(d *desk) { d.step(mobile(1), operator.Disconnect{Connection: 1}) }},
	{"grace", func(d *desk) { d.step(connect(1), operator.Disconnect{Connection: 1}) }},
	{"gone", func(d *desk) { d.step(connect(1), operator.Disconnect{Connection: 1}); d.after(time.Hour) }},
	{"gone, signed out", func(d *desk) {
		d.step(connect(1), say(engine.IntentSignedOut), operator.Disconnect{Connection: 1})
		d.after(time.Hour)
	}},
	{"removed", func(d *desk) { d.step(connect(1)); d.configure(func(c *operator.Configure) { c.Known = false }) }},
	{"stopping", func(d *desk) { d.step(connect(1), operator.Drain{}) }},
}

var inInputs = []struct {
	name string
	in   operator.Input
}{
	{"connect, accepting", connect(9)},
	{"connect", operator.Connect{Connection: 9, Device: "tab"}},
	{"disconnect", operator.Disconnect{Connection: 1}},
	{"accepting", say(engine.IntentAccepting)},
	{"paused", say(engine.IntentPaused)},
	{"signed out", say(engine.IntentSignedOut)},
	{"no intent", say(engine.IntentNone)},
	{"away", operator.SetAway{Connection: 1, On: true}},
	{"back", operator.SetAway{Connection: 1}},
	{"missed", operator.Missed{}},
	{"gained", operator.Gained{Session: sid(1)}},
	{"again", operator.Again{}},
	{"tick", operator.Tick{}},
}

// TestEveryInputInEveryState: connectivity, intent, and whether chats may come (+).
func TestEveryInputInEveryState(t *testing.T) {
	want := map[string][]string{
		"new": {
			"connected accepting+", "connected -", "gone -", "gone accepting-", "gone paused-",
			"gone signed_out-", "gone -", "gone -", "gone -",
			"gone -", "gone -", "gone -", "gone -",
		},
		"accepting": {
			"connected accepting+", "connected accepting+", "grace accepting-", "connected accepting+", "connected paused-",
			"connected signed_out-", "connected accepting+", "connected accepting-", "connected accepting+",
			"connected accepting+", "connected accepting+", "connected accepting+", "connected accepting+",
		},
		"away": {
			"connected accepting+", "connected accepting+", "grace accepting-", "connected accepting-", "connected paused-",
			"connected signed_out-", "connected accepting-", "connected accepting-", "connected accepting+",
			"connected accepting-", "connected accepting-", "connected accepting-", "connected accepting-",
		},
		"paused": {
			"connected paused-", "connected paused-", "grace paused-", "connected accepting+", "connected paused-",
			"connected signed_out-", "connected paused-", "connected paused-", "connected paused-",
			"connected paused-", "connected paused-", "connected paused-", "connected paused-",
		},
		"missed": {
			"connected paused-", "connected paused-", "grace paused-", "connected accepting+", "connected paused-",
			"connected signed_out-", "connected paused-", "connected paused-", "connected paused-",
			"connected paused-", "connected paused-", "connected paused-", "connected paused-",
		},
		"signed_out": {
			"connected signed_out-", "connected signed_out-", "grace signed_out-", "connected accepting+", "connected paused-",
			"connected signed_out-", "connected signed_out-", "connected signed_out-", "connected signed_out-",
			"connected signed_out-", "connected signed_out-", "connected signed_out-", "connected signed_out-",
		},
		"reachable": {
			"connected accepting+", "connected accepting+", "reachable accepting+", "reachable accepting+", "reachable paused-",
			"reachable signed_out-", "reachable accepting+", "reachable accepting+", "reachable accepting+",
			"reachable accepting+", "reachable accepting+", "reachable accepting+", "reachable accepting+",
		},
		"grace": {
			"connected accepting+", "connected accepting+", "grace accepting-", "grace accepting-", "grace paused-",
			"grace signed_out-", "grace accepting-", "grace accepting-", "grace accepting-",
			"grace accepting-", "grace accepting-", "grace accepting-", "grace accepting-",
		},
		"gone": {
			"connected accepting+", "connected accepting+", "gone accepting-", "gone accepting-", "gone paused-",
			"gone signed_out-", "gone accepting-", "gone accepting-", "gone accepting-",
			"gone accepting-", "gone accepting-", "gone accepting-", "gone accepting-",
		},
		"gone, signed out": {
			"connected accepting+", "connected signed_out-", "gone signed_out-", "gone accepting-", "gone paused-",
			"gone signed_out-", "gone signed_out-", "gone signed_out-", "gone signed_out-",
			"gone signed_out-", "gone signed_out-", "gone signed_out-", "gone signed_out-",
		},
		"removed": {
			"connected accepting-", "connected accepting-", "grace accepting-", "connected accepting-", "connected paused-",
			"connected signed_out-", "connected accepting-", "connected accepting-", "connected accepting-",
			"connected accepting-", "connected accepting-", "connected accepting-", "connected accepting-",
		},
		"stopping": {
			"connected accepting-", "connected accepting-", "grace accepting-", "connected accepting-", "connected paused-",
			"connected signed_out-", "connected accepting-", "connected accepting-", "connected accepting-",
			"connected accepting-", "connected accepting-", "connected accepting-", "connected accepting-",
		},
	}
	for _, state := range inStates {
		for i, input := range inInputs {
			t.Run(state.name+"/"+input.name, func(t *testing.T) {
				d := newDesk(t)
				state.enter(d)
				d.step(input.in)
				mark := "-"
				if d.m.Routable() {
					mark = "+"
				}
				got := fmt.Sprintf("%v %v%s", d.m.Connectivity(), d.m.Intent().Intent, mark)
				if row := want[state.name]; i >= len(row) || row[i] != got {
					t.Errorf("got %q", got)
				}
				if d.router.Routable != d.m.Routable() {
					t.Errorf("the router was told %v", d.router.Routable)
				}
			})
		}
	}
}
