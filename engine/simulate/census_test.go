package simulate_test

import (
	"strings"
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/simulate"
)

// elsewhere are the causes and operations that no world has, and why. What never
// happens is never checked: all others must.
var (
	causesElsewhere = map[engine.Cause]string{
		engine.CauseErased: "an erasure takes the session away; package persistence tries it",
	}
	opsElsewhere = map[engine.Op]string{
		engine.OpHistory:     "reads the log; package actors",
		engine.OpFetch:       "a link to a file's bytes; package actors",
		engine.OpExplain:     "reads the log; the worlds ask the router itself",
		engine.OpDepartments: "asks no session; package actors",
		engine.OpTargets:     "asks the router; package actors",
		engine.OpWatch:       "a connection's; package actors",
		engine.OpUnwatch:     "a connection's; package actors",
		engine.OpBan:         "asks no session; the worlds tell a session what comes of it",
		engine.OpSessions:    "asks no session; package actors",
		engine.OpVisitor:     "changes nothing; package actors",
		engine.OpIntent:      "an operator's: operator.SetIntent",
		engine.OpAway:        "an operator's: operator.SetAway",
	}
)

// TestEverythingHappens: in a million events there is every kind of entry and every
// cause, and every operation is carried out and refused.
func TestEverythingHappens(t *testing.T) {
	if slow {
		t.Skip("too slow with the race detector")
	}
	result := simulate.Run(simulate.Options{Seed: 5, Events: 1_000_000})
	if result.Violation != nil {
		t.Fatal(result.Violation)
	}
	for kind := engine.KindSessionStarted; kind.IsValid(); kind++ {
		if result.Kinds[kind] == 0 {
			t.Errorf("%v never happened", kind)
		}
	}
	for cause := engine.CauseManual; !strings.HasPrefix(cause.String(), "cause("); cause++ {
		if _, known := causesElsewhere[cause]; known != (result.Causes[cause] == 0) {
			t.Errorf("cause %v: %d times, named as one that never is: %v", cause, result.Causes[cause], known)
		}
	}
	for op := engine.OpStart; !strings.HasPrefix(op.String(), "op("); op++ {
		if _, known := opsElsewhere[op]; known != (result.Done[op] == 0) {
			t.Errorf("%v: carried out %d times, named as one that never is: %v", op, result.Done[op], known)
		}
		if _, known := opsElsewhere[op]; !known && result.Refused[op] == 0 {
			t.Errorf("%v was never refused", op)
		}
	}
	if result.Excluded == 0 || result.Restarts == 0 || result.Rests == 0 {
		t.Errorf("%d sessions ended with their process, %d restarts, %d rests", result.Excluded, result.Restarts, result.Rests)
	}
	t.Logf("%v\n%v\n%v", result.Kinds, result.Causes, result.Done)
}
