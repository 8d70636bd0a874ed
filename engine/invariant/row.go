package invariant

import (
	"fmt"
	"time"

	"github.com/parleyhq/parley/engine"
)

// CheckRow says what is wrong with a session's routing facts by themselves, or nil:
// every open state has a holder or a deadline (I4), nobody holds a closed session
// (I12).
func CheckRow(row *engine.Row) *Violation {
	bad := func(invariant, format string, args ...any) *Violation {
		detail := fmt.Sprintf("%v: ", row.State) + fmt.Sprintf(format, args...)
		return &Violation{Invariant: invariant, Session: row.Ref.Session, Detail: detail}
	}
	owned, offered := row.Owner != "", len(row.Offers) > 0
	switch row.State {
	case engine.StateQueued, engine.StateUnattended, engine.StateOffered:
		if owned {
			return bad("I1", "has an owner")
		}
		if offered != (row.State == engine.StateOffered) {
			return bad("I4", "has %d offers", len(row.Offers))
		}
		if row.State == engine.StateUnattended && row.Service.ReviewBy.IsZero() {
			return bad("I4", "has no review date")
		}
		if row.FirstQueued.IsZero() && row.State != engine.StateUnattended {
			return bad("I6", "waits since never")
		}
	case engine.StateActive, engine.StateDetached:
		if !owned {
			return bad("I4", "has no owner")
		}
		if offered && row.Service.Transfer == nil {
			return bad("I4", "has %d offers and no transfer", len(row.Offers))
		}
		if detached := row.State == engine.StateDetached; detached == row.Service.GraceBy.IsZero() {
			return bad("I4", "grace is %v", !row.Service.GraceBy.IsZero())
		}
	case engine.StateClosing:
		if row.CloseBy.IsZero() {
			return bad("I4", "has no deadline")
		}
		if offered {
			return bad("I12", "has %d offers", len(row.Offers))
		}
	case engine.StateClosed:
		if offered {
			return bad("I12", "has %d offers", len(row.Offers))
		}
	case engine.StateNone, engine.StateNew:
	}
	if len(row.Offers) > engine.MaxParallel {
		return bad("I2", "has %d offers", len(row.Offers))
	}
	for i := range row.Offers {
		if row.Offers[i].Deadline.IsZero() {
			return bad("I4", "offer %d has no deadline", row.Offers[i].ID)
		}
	}
	return nil
}

// CheckUnrecorded says what the facts of a session hold that they may not where
// transcripts are off, or nil: when its visitor was last active is kept of nobody (I15).
func CheckUnrecorded(row *engine.Row) *Violation {
	if row.LastActivity.IsZero() {
		return nil
	}
	return &Violation{Invariant: "I15", Session: row.Ref.Session, Detail: "keeps when its visitor was active"}
}

// CheckChange says what is wrong with how a session's facts have changed, or nil: one
// owner per epoch (I1), a closed session stays closed (I3), the age of one that waits for
// people is never reset (I6).
func CheckChange(before, after *engine.Row) *Violation {
	bad := func(invariant, format string, args ...any) *Violation {
		return &Violation{Invariant: invariant, Session: after.Ref.Session, Detail: fmt.Sprintf(format, args...)}
	}
	switch {
	case after.Epoch < before.Epoch:
		return bad("I1", "epoch %d after %d", after.Epoch, before.Epoch)
	case after.Epoch == before.Epoch && before.Owner != "" && after.Owner != "" && after.Owner != before.Owner:
		return bad("I1", "epoch %d has two owners", after.Epoch)
	case after.Epoch == before.Epoch && before.Owner == "" && after.Owner != "":
		return bad("I1", "epoch %d got an owner", after.Epoch)
	case before.State == engine.StateClosed && after.State != engine.StateClosed,
		before.State == engine.StateClosing && after.State != engine.StateClosing && after.State != engine.StateClosed:
		return bad("I3", "%v after %v", after.State, before.State)
	case !before.FirstQueued.IsZero() && !after.FirstQueued.Equal(before.FirstQueued) && before.Service.Handed:
		return bad("I6", "the age was reset")
	case before.State == engine.StateDetached && after.State == engine.StateDetached && after.Epoch == before.Epoch &&
		after.Service.GraceBy.After(before.Service.GraceBy):
		return bad("I13", "the grace was prolonged")
	case before.State == engine.StateUnattended && after.State == engine.StateUnattended && !after.Service.ReviewBy.Equal(before.Service.ReviewBy):
		return bad("I13", "the review was moved")
	}
	return nil
}

// CheckDeadline says whether a session, of which deadline is when it next wants to be
// told the time, will hear of all its dates (I4, I13); nil: it will.
func CheckDeadline(row *engine.Row, deadline time.Time) *Violation {
	due := func(what string, by time.Time) *Violation {
		if by.IsZero() || !deadline.IsZero() && !deadline.After(by) {
			return nil
		}
		return &Violation{Invariant: "I13", Session: row.Ref.Session, Detail: fmt.Sprintf("%v: nothing wakes it for its %s", row.State, what)}
	}
	var v *Violation
	switch row.State {
	case engine.StateDetached:
		v = due("grace", row.Service.GraceBy)
	case engine.StateClosing:
		v = due("wrap-up", row.CloseBy)
	case engine.StateUnattended:
		v = due("review", row.Service.ReviewBy)
	default:
	}
	for i := range row.Offers {
		if v == nil {
			v = due("offer", row.Offers[i].Deadline)
		}
	}
	if t := row.Service.Transfer; v == nil && t != nil && len(row.Offers) == 0 { // an offer has its own
		v = due("transfer", t.Until)
	}
	return v
}
