package spec_test

import (
	"fmt"

	"github.com/parleyhq/parley/engine"
)

// ban is a visitor that is looked at and then banned for a while.
func (s *story) ban() {
	sue, v := s.employee("sue", engine.RoleSupervisor), s.b.dial(s.t, s.h.addr, "visitor", origin)
	token := v.ask("auth", map[string]any{"tenant": "acme", "anonymous": true})["token"]
	sid := v.ask("session.start", map[string]any{"department": "desk", "text": "hey you", "idem": "s1"})["sid"]
	about := sue.ask("visitor.get", map[string]any{"sid": sid})
	visitor := about["visitor"]
	if fmt.Sprint(about["sessions"]) != "1" || about["banned"] != nil {
		s.t.Errorf("a visitor: got %v", about)
	}
	sue.refused("not_found", "visitor.get", map[string]any{"visitor": sid})
	sue.refused("bad_request", "visitor.ban", map[string]any{"visitor": visitor, "days": 2, "idem": "b1"})
	until := sue.ask("visitor.ban", map[string]any{"visitor": visitor, "days": 2, "reason": "abuse", "idem": "b1"})["until"]
	v.named("evt.session.closing")
	v.refused("banned", "message.send", map[string]any{"sid": sid, "cmid": "m1", "body": map[string]any{"type": "text", "text": "hey"}})
	again := s.b.dial(s.t, s.h.addr, "visitor", origin)
	if got := again.ask("auth", map[string]any{"tenant": "acme", "token": token})["banned_until"]; got != until {
		s.t.Errorf("the hello: banned until %v, want %v", got, until)
	}
	again.refused("banned", "session.start", map[string]any{"idem": "s2"})
	if about := sue.ask("visitor.get", map[string]any{"visitor": visitor}); about["banned"] == nil {
		s.t.Errorf("a banned visitor: got %v", about)
	}
	sue.ask("visitor.ban", map[string]any{"visitor": visitor, "days": 0, "idem": "b2"})
	again.ask("session.start", map[string]any{"idem": "s3"})
}
