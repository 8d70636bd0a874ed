package main

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
)

// TestColdTransferSaysThatNobodyIsThere: a heavy chat is handed on cold to a department;
// where nobody is, the answer is an end with a cause and nothing has changed; where
// somebody is, it is asked and carries the weight.
func TestColdTransferSaysThatNobodyIsThere(t *testing.T) {
	tenants, err := engine.NewTenants(&engine.Tenant{
		ID: "acme", Transcripts: true, Origins: []string{identityOrigin}, Departments: []engine.Department{{ID: "sales"}, {ID: "help"}},
		Operators: []engine.Operator{
			{ID: "ada", Departments: []engine.DepartmentID{"sales"}},
			{ID: "grace", Departments: []engine.DepartmentID{"help"}},
		},
		Keys:        []engine.TokenKey{{Algorithm: "HS256", Secret: engine.BodyOf(operatorsSecret)}},
		VisitorKeys: []engine.TokenKey{{Algorithm: "HS256", Secret: engine.BodyOf(visitorsSecret)}},
	})
	must(t, err)
	h := &house{t: t, parts: testParts(t, tenants)}
	h.stack, err = startStack(h.parts)
	must(t, err)
	t.Cleanup(h.close)

	grace, ada := h.sits("grace", nil), h.sits("ada", nil)
	word, err := auth.SignVisitor([]byte(visitorsSecret), "", auth.VisitorClaims{Tenant: "acme", Subject: "u1", Issued: time.Now(), Priority: true})
	must(t, err)
	v := dialSocket(t, h.addr(), "visitor", identityOrigin)
	v.ok("auth", map[string]any{"tenant": "acme", "jwt": word})
	sid := v.ok("session.start", map[string]any{"department": "sales", "weight": 2500, "idem": "s"})["sid"].(string)
	offer := ada.hears("offer.new", is("sid", sid))
	ep := ada.ok("offer.accept", map[string]any{"offer_id": offer["offer_id"], "ep": offer["ep"], "idem": "a"})["ep"]
	load := func(id engine.OperatorID, want int) {
		t.Helper()
		waitFor(t, string(id)+"'s load", func() bool {
			info, err := h.system.OperatorInfo(t.Context(), "acme", id)
			return err == nil && info.Used == want
		})
	}
	routable := func(want bool) {
		t.Helper()
		waitFor(t, "what the targets say of help", func() bool {
			for _, target := range ada.ok("transfer.targets", map[string]any{"sid": sid})["targets"].([]any) {
				if of := target.(map[string]any); of["id"] == "help" {
					return of["routable"] == want
				}
			}
			return false
		})
	}
	load("ada", 2500)

	grace.ok("intent.set", map[string]any{"intent": "paused"})
	routable(false)
	cold := map[string]any{"sid": sid, "ep": ep, "target": map[string]any{"department": "help"}, "mode": "cold", "idem": "t1"}
	ada.ok("transfer.start", cold)
	end := ada.until("the transfer's end", func(f map[string]any) bool { return f["t"] == "transfer.ended" })
	if end["cause"] != "target_offline" {
		t.Errorf("nobody is there: got %v", end)
	}
	load("ada", 2500)

	grace.ok("intent.set", map[string]any{"intent": "accepting"})
	routable(true)
	cold["idem"] = "t2"
	ada.ok("transfer.start", cold)
	offer = grace.hears("offer.new", is("sid", sid))
	grace.ok("offer.accept", map[string]any{"offer_id": offer["offer_id"], "ep": offer["ep"], "idem": "a"})
	load("grace", 2500)
	load("ada", 0)
}
