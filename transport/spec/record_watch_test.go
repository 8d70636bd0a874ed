package spec_test

import (
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
)

// watch: a supervisor watches its department until its token no longer names it.
func (s *story) watch() {
	sign := func(role engine.Role, departments ...engine.DepartmentID) string {
		token, err := auth.Sign(s.secret, "", auth.Claims{
			Tenant: "acme", Operator: "sue", Roles: []engine.Role{engine.RoleOperator, role}, Departments: departments, Issued: time.Now(), TTL: time.Hour,
		})
		must(s.t, err)
		return token
	}
	sue := s.b.dial(s.t, s.h.addr, "operator", "")
	sue.ask("auth", map[string]any{"tenant": "acme", "token": sign(engine.RoleSupervisor), "watch": []string{"board:desk"}, "intent": "accepting"})
	if d := sue.named("watch.board.snapshot"); d["department"] != "desk" {
		s.t.Errorf("board: got %v", d)
	}
	topics, _ := sue.ask("watch", map[string]any{"topics": []string{"queue:desk", "operators", "queue"}})["topics"].([]any)
	if len(topics) != 4 {
		s.t.Errorf("watches: got %v", topics)
	}
	sue.ask("unwatch", map[string]any{"topics": []string{"queue"}})
	for _, name := range []string{"watch.queue.snapshot", "watch.operators.snapshot"} {
		sue.named(name)
	}
	sue.refused("forbidden", "watch", map[string]any{"topics": []string{"board:sales"}})
	sue.ask("intent.set", map[string]any{"intent": "paused", "idem": "w1"})
	sue.named("watch.operators.delta")
	sue.named("watch.board.delta")
	sue.ask("auth.refresh", map[string]any{"token": sign(engine.RoleOperator, "night")})
	for _, name := range []string{"watch.board.ended", "watch.queue.ended", "watch.operators.ended"} {
		sue.named(name)
	}
}
