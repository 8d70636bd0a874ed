package invariant

import (
	"fmt"

	"github.com/parleyhq/parley/engine"
)

// CheckIntent says what is wrong with how an operator's intent changes, or nil (I9):
// only the operator, a supervisor, the tenant's servers and the miss rule change it,
// each is named, and a sign-out is never taken back.
func CheckIntent(of engine.OperatorID, before, after engine.IntentInfo) *Violation {
	bad := func(format string, args ...any) *Violation {
		return &Violation{Invariant: "I9", Detail: fmt.Sprintf("operator %s: ", of) + fmt.Sprintf(format, args...)}
	}
	switch {
	case after.Intent == engine.IntentNone:
		return bad("no intent is declared")
	case after.Revoked.Before(before.Revoked):
		return bad("its sign-out is taken back")
	}
	switch after.Cause {
	case engine.CauseManual:
		if after.By != of {
			return bad("%q declares what only the operator does", after.By)
		}
	case engine.CauseSupervisor:
		if after.By == "" || after.By == of {
			return bad("a supervisor declares, named %q", after.By)
		}
	case engine.CauseMissed:
		if after.By != "" || after.Intent != engine.IntentPaused {
			return bad("the miss rule declares %v, as %q", after.Intent, after.By)
		}
	case engine.CauseIntegration:
		if after.By != "" {
			return bad("a server declares, named %q", after.By)
		}
	default:
		return bad("it changes because of %v", after.Cause)
	}
	return nil
}

// CheckRef says that what an actor of one session writes or reports is another's, or of
// another tenant (I14); nil: it is its own.
func CheckRef(own, named engine.SessionRef) *Violation {
	if own == named {
		return nil
	}
	return &Violation{Invariant: "I14", Session: own.Session, Detail: fmt.Sprintf("its actor speaks of %s", named)}
}
