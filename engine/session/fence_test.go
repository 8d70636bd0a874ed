package session_test

import (
	"reflect"
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
	"pgregory.net/rapid"
)

// offerTo is the live offer to an operator; 0: there is none.
func offerTo(row engine.Row, to engine.OperatorID) engine.Seq {
	for _, o := range row.Offers {
		if o.Operator == to {
			return o.ID
		}
	}
	return 0
}

// post lets an operator's word arrive, and keeps a copy that may arrive once more.
func (l *life) post(in session.Input) {
	l.mail = append(l.mail, in)
	l.do(in)
}

// lateMail lets a copy of any earlier word of an operator's arrive, in whatever order:
// one that was computed from another epoch, or about another offer, has no effect (I13).
func (l *life) lateMail() {
	var stale []session.Input
	row := l.s.Row()
	for _, in := range l.mail {
		if l.isStale(in, row) {
			stale = append(stale, in)
		}
	}
	if len(stale) == 0 {
		l.Skip("nothing is stale")
	}
	in := rapid.SampledFrom(stale).Draw(l.T, "late")
	if l.do(in); len(l.effects) > 0 || !reflect.DeepEqual(l.s.Row(), row) {
		l.Fatalf("%T%+v at epoch %d came late and had an effect: %+v", in, in, row.Epoch, l.effects)
	}
}

func (l *life) isStale(in session.Input, row engine.Row) bool {
	switch in := in.(type) {
	case session.OwnerGone:
		return in.Epoch != row.Epoch
	case session.OwnerBack:
		return in.Epoch != row.Epoch
	case session.Revoke:
		return in.Offer == 0 || offerTo(row, in.Operator) != in.Offer
	default:
		return false
	}
}

// An operator's going that was said of an earlier time it had the session does not
// take the session from it now; nor does one offer's end revoke the next.
func TestWhatComesLateIsOfBefore(t *testing.T) {
	l := newLife(t)
	l.owned()
	before := l.s.Row().Epoch
	l.good(operator("ada"), engine.Draft{Op: engine.OpRelease, Plan: &engine.Plan{}})
	l.advance(engine.DefaultDeclineFor)
	l.direct("ada")
	l.is(engine.StateActive, "ada")
	for _, in := range []session.Input{
		session.OwnerGone{Operator: "ada", Epoch: before, Cause: engine.CauseOperatorLost},
		session.OwnerGone{Operator: "ada", Epoch: before, Cause: engine.CauseOperatorSignedOut},
		session.OwnerGone{Operator: "ada", Epoch: before, Cause: engine.CauseOperatorRemoved},
	} {
		l.do(in)
		l.is(engine.StateActive, "ada")
	}
	l.lost("ada")
	l.do(session.OwnerBack{Operator: "ada", Epoch: before})
	l.is(engine.StateDetached, "ada")

	l = newLife(t)
	l.begin("support")
	l.offer("bob")
	first := offerTo(l.s.Row(), "bob")
	l.do(session.Revoke{Operator: "bob", Offer: first, Cause: engine.CauseOperatorLost})
	l.offer("bob")
	l.do(session.Revoke{Operator: "bob", Offer: first, Cause: engine.CauseOperatorLost})
	l.is(engine.StateOffered, "")
}
