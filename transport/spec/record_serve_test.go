package spec_test

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
)

// serving are the departments and the people of the story's second half: one that
// is served by hand, one whose people are soon missed, one of a bot and one that
// nobody serves.
func serving() ([]engine.Department, []engine.Operator) {
	hasty := engine.Silence{VisitorWarn: time.Second, OperatorNudge: time.Second, IdleAfter: time.Second}
	only := func(d engine.DepartmentID) []engine.DepartmentID { return []engine.DepartmentID{d} }
	departments := []engine.Department{
		{
			ID: "desk", Strategy: engine.Manual, WrapUp: time.Minute, SLA: time.Second,
			Form: []engine.FormField{{Name: engine.FormSubject}, {Name: "order", Label: "Order number", Options: []string{"17", "18"}}},
		},
		{ID: "brief", AutoAccept: true, Silence: &hasty, Steps: []engine.Step{{For: time.Second, Require: []engine.Need{{Skill: "gold"}}}, {}}},
		{ID: "robots", QueueLimit: 10},
		{ID: "away", WhenNobody: engine.OtherwiseUnattended},
	}
	return departments, []engine.Operator{
		{ID: "sue", Name: "Sue", Departments: only("desk")},
		{ID: "tom", Name: "Tom", Departments: only("desk"), MayPick: true},
		{ID: "ann", Name: "Ann", Departments: only("brief")},
		{ID: "robo", Name: "Robo", Departments: only("robots"), Bot: true},
	}
}

func (s *story) guest() *peer {
	v := s.b.dial(s.t, s.h.addr, "visitor", origin)
	v.ask("auth", map[string]any{"tenant": "acme", "anonymous": true})
	return v
}

func (s *story) employee(id engine.OperatorID, role engine.Role) *peer {
	token, err := auth.Sign(s.secret, "", auth.Claims{Tenant: "acme", Operator: id, Roles: []engine.Role{engine.RoleOperator, role}, Issued: time.Now(), TTL: time.Hour})
	must(s.t, err)
	p := s.b.dial(s.t, s.h.addr, "operator", "")
	p.ask("auth", map[string]any{"tenant": "acme", "token": token, "intent": "accepting"})
	return p
}

// serve is a session that changes hands in every way there is, and what follows
// its end.
func (s *story) serve() {
	sue, tom, v := s.employee("sue", engine.RoleSupervisor), s.employee("tom", engine.RoleOperator), s.guest()
	v.ask("department.list", map[string]any{})
	d := v.ask("session.start", map[string]any{"department": "desk", "skills": []any{map[string]any{"skill": "lang:fr"}}, "subject": "late", "form": map[string]any{"order": "17"}, "idem": "s1"})
	v.named("evt.form.filled")
	sid, ep := d["sid"], d["ep"]
	of := func(key string, more map[string]any) map[string]any {
		d := map[string]any{"sid": sid, "idem": key}
		for name, value := range more {
			d[name] = value
		}
		return d
	}
	tom.named("eph.notice")
	ep = tom.ask("session.pick", of("p1", map[string]any{"ep": ep}))["ep"]
	v.named("evt.session.assigned")
	if d := tom.ask("explain", map[string]any{"sid": sid}); len(d["decisions"].([]any)) != 1 {
		s.t.Errorf("explain: got %v", d)
	}
	why, _ := sue.ask("explain", map[string]any{"sid": sid, "operator": "sue"})["why"].(map[string]any)
	if why["operator"] != "sue" || why["reason"] == "" {
		s.t.Errorf("why not: got %v", why)
	}
	tom.refused("already_owner", "session.pick", of("p2", map[string]any{"ep": ep}))
	set := tom.ask("session.set", of("t1", map[string]any{"priority": 3, "weight": 1200, "tags": []any{"vip", "two words"}, "skills": []any{map[string]any{"skill": "billing", "level": 2}}}))
	tom.named("evt.priority.set")
	tom.named("evt.tags.set")
	tom.refused("stale_revision", "session.set", of("t2", map[string]any{"tags": []any{}, "if_rev": 1}))
	tom.ask("session.set", of("t3", map[string]any{"tags": []any{}, "if_rev": set["seq"]}))

	sue.ask("session.join", of("j1", map[string]any{"as": "member"}))
	v.named("evt.participant.joined")
	sue.ask("session.leave", of("l1", nil))
	v.named("evt.participant.left")
	sue.ask("session.join", of("j2", map[string]any{"as": "observer", "hidden": true}))
	sue.ask("session.leave", of("l2", nil))

	if list, _ := sue.ask("session.list", map[string]any{})["sessions"].([]any); len(list) != 1 {
		s.t.Errorf("chats that operators have: got %v", list)
	}
	tom.refused("forbidden", "session.list", map[string]any{"department": "desk"})
	targets, _ := tom.ask("transfer.targets", map[string]any{"sid": sid})["targets"].([]any)
	if first, _ := targets[0].(map[string]any); first["id"] != "sue" || first["routable"] != true {
		s.t.Errorf("targets: got %v", targets)
	}
	tom.refused("already_owner", "transfer.start", of("x0", map[string]any{"ep": ep, "target": map[string]any{"operator": "tom"}}))
	tom.ask("transfer.start", of("x1", map[string]any{"ep": ep, "target": map[string]any{"operator": "sue"}, "mode": "warm", "on_unavailable": "wait", "wait_s": 60, "note": "yours?"}))
	tom.named("evt.transfer.started")
	tom.refused("transfer_pending", "transfer.start", of("x2", map[string]any{"ep": ep, "target": map[string]any{"skill": "billing"}}))
	tom.ask("transfer.cancel", of("x3", nil))
	tom.named("evt.transfer.ended")

	tom.ask("session.release", of("r1", map[string]any{"ep": ep, "note": "not for me"}))
	v.named("evt.session.requeued")
	ep = tom.ask("session.pick", of("p3", map[string]any{"ep": s.epochOf(v, sid)}))["ep"]
	ep = sue.ask("session.takeover", of("o1", map[string]any{"ep": ep}))["ep"]
	v.ask("message.send", map[string]any{"sid": sid, "cmid": "m1", "body": map[string]any{"type": "text", "text": "hello"}})
	sue.ask("message.send", map[string]any{"sid": sid, "cmid": "m1", "body": map[string]any{"type": "text", "text": "hello"}})
	sue.ask("session.close", of("c1", map[string]any{"ep": ep, "tags": []any{"done"}, "follow_up_at": "2030-01-02T03:04:05.000Z"}))
	v.named("evt.rating.requested")
	sue.ask("wrapup.extend", of("w1", nil))
	sue.named("evt.wrapup.extended")
	v.ask("session.rate", of("q1", map[string]any{"score": 5, "comment": "kind"}))
	v.named("evt.rated")
	v.named("evt.note.added")
	sue.ask("note.add", of("n1", map[string]any{"body": map[string]any{"type": "text", "text": "call back"}}))
	sue.ask("wrapup.done", of("w2", nil))
	sue.named("evt.wrapup.ended")
	v.named("evt.session.closed")
	next := v.ask("session.continue", of("s2", map[string]any{"text": "once more"}))
	if next["sid"] == sid {
		s.t.Errorf("continued: got the same session %v", next)
	}
	sid = next["sid"]
	v.ask("session.leave_queue", of("c2", map[string]any{"choice": "close"}))
}

// epochOf is a session's epoch as its latest event has it.
func (s *story) epochOf(p *peer, sid any) any {
	events := p.ask("history.get", map[string]any{"sid": sid, "limit": 5})["events"].([]any)
	return events[len(events)-1].(map[string]any)["ep"]
}

// wait is what time does to a session: its search relaxes, and who is silent is
// reminded.
func (s *story) wait() {
	ann, v := s.employee("ann", engine.RoleOperator), s.guest()
	sid := v.ask("session.start", map[string]any{"department": "brief", "text": "hello?", "idem": "s1"})["sid"]
	v.named("evt.session.assigned")
	say := func(p *peer, key string) {
		p.ask("message.send", map[string]any{"sid": sid, "cmid": key, "body": map[string]any{"type": "text", "text": "hm"}})
	}
	for _, name := range []string{"evt.step.relaxed", "evt.nudged"} {
		ann.named(name)
	}
	say(ann, "m1")
	v.named("evt.warned")
	ann.named("evt.idle.on")
	say(v, "m2")
	ann.named("evt.idle.off")
	_ = ann.conn.Close()
	v.named("evt.session.detached")
	s.employee("ann", engine.RoleOperator)
	v.named("evt.session.restored")

	robo, asks := s.employee("robo", engine.RoleBot), s.guest()
	sid = asks.ask("session.start", map[string]any{"department": "robots", "idem": "s1"})["sid"]
	asks.named("evt.session.assigned")
	robo.named("ctl.resumed")
	asks.ask("session.handoff", map[string]any{"sid": sid, "idem": "h1"})
	asks.named("evt.session.requeued")

	alone := s.guest()
	alone.ask("session.start", map[string]any{"department": "away", "text": "anybody?", "idem": "s1"})
	alone.named("evt.session.unattended")
}

// TestUnsaidIsDescribed: the list names frames that there are.
func TestUnsaidIsDescribed(t *testing.T) {
	all := compile(t, true)
	for name := range unsaid() {
		if all[name] == nil {
			t.Errorf("no schema %s", name)
		}
	}
}
