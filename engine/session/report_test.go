package session_test

import (
	"reflect"
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// reportOf is the report among a step's effects.
func reportOf(t *testing.T, effects []session.Effect) session.Report {
	t.Helper()
	for _, e := range effects {
		if r, ok := e.(session.Report); ok {
			return r
		}
	}
	t.Fatal("the router does not learn of it")
	return session.Report{}
}

// The log and the router get one copy of the row, and it never changes: both read
// it later, and from elsewhere.
func TestReportedRowIsACopy(t *testing.T) {
	c := newChat()
	s := c.s
	first := reportOf(t, s.Step(session.Ask{By: visitor, Draft: engine.Draft{Op: engine.OpStart}}, c.now, nil))
	if s.TakeRow() != first.Row {
		t.Error("the log gets a row of its own")
	}
	was := *first.Row
	offered := reportOf(t, s.Step(session.Offer{Operator: "ada", Epoch: 1, Number: 1}, c.now, nil))
	s.Step(session.Ask{By: visitor, Draft: engine.Draft{Op: engine.OpMessage, ClientID: "m", Body: engine.BodyOf("hello")}}, c.now, nil)
	taken := s.TakeRow() // of both steps
	if !reflect.DeepEqual(*first.Row, was) || first.Row.State != engine.StateQueued {
		t.Errorf("the first report has become %+v", *first.Row)
	}
	if taken == nil || taken.PrevAll != s.Last() || offered.Row.PrevAll == s.Last() || offered.Row.State != engine.StateOffered {
		t.Errorf("got %+v after the report %+v, want what the message made of it", taken, *offered.Row)
	}
	if s.TakeRow() != nil {
		t.Error("the row is taken twice")
	}
}
