package main

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
)

// Two shops in one server whose departments and people have the same ids: what is
// watched and read of one says nothing of the other.

func twinHouse(t *testing.T) *house {
	t.Helper()
	twin := func(id engine.TenantID) *engine.Tenant {
		return &engine.Tenant{
			ID: id, Revision: 1, Transcripts: true, Origins: []string{identityOrigin},
			Departments: []engine.Department{{ID: "sales", OfferTimeout: time.Minute}, {ID: "help", OfferTimeout: time.Minute}},
			Operators: []engine.Operator{
				{ID: "ada", Capacity: 1, Departments: []engine.DepartmentID{"sales"}},
				{ID: "grace", Departments: []engine.DepartmentID{"help"}},
			},
			Keys: []engine.TokenKey{{Algorithm: "HS256", Secret: engine.BodyOf(operatorsSecret)}},
		}
	}
	tenants, err := engine.NewTenants(twin("acme"), twin("bolt"))
	must(t, err)
	h := &house{t: t, parts: testParts(t, tenants)}
	h.stack, err = startStack(h.parts)
	must(t, err)
	t.Cleanup(h.close)
	return h
}

// ofTenant is a token of a tenant's supervisor and admin.
func (h *house) ofTenant(tenant engine.TenantID, id engine.OperatorID, departments ...engine.DepartmentID) string {
	h.t.Helper()
	token, err := auth.Sign([]byte(operatorsSecret), "", auth.Claims{
		Tenant: tenant, Operator: id, Issued: time.Now(), Departments: departments,
		Roles: []engine.Role{engine.RoleOperator, engine.RoleSupervisor, engine.RoleAdmin},
	})
	must(h.t, err)
	return token
}

// watches is an operator's socket with topics; paused, so that nothing is offered to it.
func (h *house) watches(tenant engine.TenantID, id engine.OperatorID, topics ...string) *socket {
	h.t.Helper()
	s := dialSocket(h.t, h.addr(), "operator", "")
	s.ok("auth", map[string]any{"tenant": tenant, "token": h.ofTenant(tenant, id), "intent": "accepting", "watch": topics})
	s.ok("intent.set", map[string]any{"intent": "paused", "idem": "p"})
	return s
}

// counts waits for a board on which is holds.
func (s *socket) counts(what string, is func(board map[string]any) bool) map[string]any {
	s.t.Helper()
	frame := s.until(what, func(f map[string]any) bool {
		d, ok := f["d"].(map[string]any)
		return f["w"] == "board" && ok && is(d)
	})
	return frame["d"].(map[string]any)
}

// reads asks a tenant's REST, and answers what it says with 200.
func (h *house) reads(tenant engine.TenantID, token, path string, status int) (answer map[string]any) {
	h.t.Helper()
	url := "http://" + h.parts.listeners.admin.Addr().String() + "/v1/tenants/" + string(tenant) + path
	request, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, url, http.NoBody)
	must(h.t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	must(h.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(h.t, err)
	if response.StatusCode != status {
		h.t.Fatalf("GET %s of %s: got %d %s, want %d", path, tenant, response.StatusCode, text, status)
	}
	must(h.t, json.Unmarshal(text, &answer))
	return answer
}

func TestBoardsAreOfOneTenant(t *testing.T) {
	h := twinHouse(t)
	acme, bolt := h.watches("acme", "ada", "board:sales", "operators"), h.watches("bolt", "ada", "board:sales", "operators")
	h.comes("sales", "")
	h.comes("sales", "")
	waiting := func(n float64) func(map[string]any) bool {
		return func(d map[string]any) bool { return d["waiting"] == n }
	}
	seen := acme.counts("two who wait", waiting(2))
	if seen["department"] != "sales" || seen["operators"].(map[string]any)["paused"] != 1.0 {
		t.Errorf("got %v", seen)
	}
	for tenant, want := range map[engine.TenantID]float64{"acme": 2, "bolt": 0} {
		live := h.reads(tenant, h.ofTenant(tenant, "grace"), "/live", http.StatusOK)
		boards := live["departments"].([]any)
		if len(boards) != 2 {
			t.Fatalf("the wall of %s: %v", tenant, live)
		}
		for _, board := range boards {
			b := board.(map[string]any)
			if b["department"] == "sales" && b["waiting"] != want || b["department"] == "help" && b["waiting"] != 0.0 {
				t.Errorf("the wall of %s: %v", tenant, b)
			}
		}
	}
	h.reads("bolt", h.ofTenant("acme", "grace"), "/live", http.StatusUnauthorized)

	// A word after which all that bolt was told has come.
	bolt.ok("intent.set", map[string]any{"intent": "signed_out", "idem": "o"})
	told := bolt.counts("one who is gone", func(d map[string]any) bool {
		if d["waiting"] != 0.0 || d["offered"] != 0.0 {
			t.Errorf("the other shop's board says %v", d)
		}
		return d["operators"].(map[string]any)["signed_out"] == 1.0
	})
	if told["active"] != 0.0 {
		t.Errorf("got %v", told)
	}
	if load := h.reads("acme", h.ofTenant("acme", "grace"), "/operators/ada/load", http.StatusOK); load["capacity"] != 1000.0 {
		t.Errorf("got %v", load)
	}
}

// What a token does not name is not on the wall.
func TestTheWallOfATokenForOneDepartment(t *testing.T) {
	h := twinHouse(t)
	h.comes("sales", "")
	narrow := h.ofTenant("acme", "grace", "help")
	boards := h.reads("acme", narrow, "/live", http.StatusOK)["departments"].([]any)
	if len(boards) != 1 || boards[0].(map[string]any)["department"] != "help" {
		t.Errorf("the wall: %v", boards)
	}
	for _, row := range h.reads("acme", narrow, "/operators", http.StatusOK)["operators"].([]any) {
		if row.(map[string]any)["operator"] == "ada" {
			t.Errorf("an operator of another department is listed: %v", row)
		}
	}
	if found := h.reads("acme", narrow, "/sessions", http.StatusOK)["sessions"].([]any); len(found) != 0 {
		t.Errorf("sessions of another department are listed: %v", found)
	}
}
