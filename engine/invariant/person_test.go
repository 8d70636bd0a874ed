package invariant_test

import (
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/invariant"
)

func TestIntent(t *testing.T) {
	accepting := engine.IntentInfo{Intent: engine.IntentAccepting, Cause: engine.CauseManual, By: "ada", Device: "desk"}
	for _, test := range []struct {
		name          string
		before, after engine.IntentInfo
		want          string
	}{
		{"its own word", engine.IntentInfo{}, accepting, ""},
		{"a supervisor's", accepting, engine.IntentInfo{Intent: engine.IntentPaused, Cause: engine.CauseSupervisor, By: "chief"}, ""},
		{"the miss rule's", accepting, engine.IntentInfo{Intent: engine.IntentPaused, Cause: engine.CauseMissed}, ""},
		{"a server's", accepting, engine.IntentInfo{Intent: engine.IntentSignedOut, Cause: engine.CauseIntegration, Revoked: noon}, ""},
		{"nothing", accepting, engine.IntentInfo{Cause: engine.CauseManual, By: "ada"}, "I9"},
		{"by itself", accepting, engine.IntentInfo{Intent: engine.IntentPaused}, "I9"},
		{"by a disconnect", accepting, engine.IntentInfo{Intent: engine.IntentSignedOut, Cause: engine.CauseOperatorLost}, "I9"},
		{"a colleague's", accepting, engine.IntentInfo{Intent: engine.IntentPaused, Cause: engine.CauseManual, By: "bob"}, "I9"},
		{"a nameless supervisor's", accepting, engine.IntentInfo{Intent: engine.IntentPaused, Cause: engine.CauseSupervisor}, "I9"},
		{"a miss that brings back", accepting, engine.IntentInfo{Intent: engine.IntentAccepting, Cause: engine.CauseMissed}, "I9"},
		{"a server with a name", accepting, engine.IntentInfo{Intent: engine.IntentPaused, Cause: engine.CauseIntegration, By: "ada"}, "I9"},
		{"a sign-out that is forgotten", engine.IntentInfo{Intent: engine.IntentSignedOut, Cause: engine.CauseIntegration, Revoked: noon}, accepting, "I9"},
	} {
		if v := invariant.CheckIntent("ada", test.before, test.after); got(v) != test.want {
			t.Errorf("%s: got %v, want %q", test.name, v, test.want)
		}
	}
}

func TestRef(t *testing.T) {
	own := engine.SessionRef{Tenant: "acme", Session: engine.SessionID{1}}
	for named, want := range map[engine.SessionRef]string{
		own:                                     "",
		{Tenant: "other", Session: own.Session}: "I14",
		{Tenant: "acme", Session: engine.SessionID{2}}: "I14",
	} {
		if v := invariant.CheckRef(own, named); got(v) != want || v != nil && v.Session != own.Session {
			t.Errorf("%s: got %v, want %q", named, v, want)
		}
	}
}
