package wire

import (
	"errors"
	"testing"

	"github.com/parleyhq/parley/engine"
)

// What explain asks about: a session, one of its decisions, or the one that an offer
// comes from, which names its session.
func TestExplainAsksAboutADecision(t *testing.T) {
	const sid, elsewhere = "01JTDKRQGG000000000000001A", "01JTDKRQGG000000000000001B"
	id, err := engine.ParseSessionID(sid)
	if err != nil {
		t.Fatal(err)
	}
	for d, want := range map[string]engine.Draft{
		`{"sid":"` + sid + `"}`:                                                   {Session: id},
		`{"sid":"` + sid + `","decision_seq":4,"operator":"eve"}`:                 {Session: id, Target: 4, For: "eve"},
		`{"offer_id":"` + sid + `.7"}`:                                            {Session: id, Target: 7},
		`{"offer_id":"` + sid + `.7","operator":"eve"}`:                           {Session: id, Target: 7, For: "eve"},
		`{"sid":"` + elsewhere + `","offer_id":"` + sid + `.7","decision_seq":4}`: {Session: id, Target: 7},
	} {
		var frame Frame
		if err := Decode([]byte(`{"k":"req","id":"c1","op":"explain","d":`+d+`}`), &frame); err != nil {
			t.Errorf("%s: %v", d, err)
			continue
		}
		if got := frame.Draft; got.Session != want.Session || got.Target != want.Target || got.For != want.For {
			t.Errorf("%s: got %v #%d for %q, want %v #%d for %q", d, got.Session, got.Target, got.For, want.Session, want.Target, want.For)
		}
	}
	var frame Frame
	if err := Decode([]byte(`{"k":"req","id":"c1","op":"explain","d":{"operator":"eve"}}`), &frame); !errors.Is(err, engine.ErrBadRequest) {
		t.Errorf("about nothing: got %v", err)
	}
}
