package main

import (
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
)

// unseenHouse is a server with two departments, whose owners have seconds to come back.
func unseenHouse(t *testing.T) *house {
	t.Helper()
	tenants, err := engine.NewTenants(&engine.Tenant{
		ID: "acme", Transcripts: true, Origins: []string{identityOrigin},
		Departments: []engine.Department{{ID: "sales", OperatorGrace: 2 * time.Second}, {ID: "help"}},
		Operators:   []engine.Operator{{ID: "ada"}, {ID: "grace", Departments: []engine.DepartmentID{"sales"}}},
		Keys:        []engine.TokenKey{{Algorithm: "HS256", Secret: engine.BodyOf(operatorsSecret)}},
		VisitorKeys: []engine.TokenKey{{Algorithm: "HS256", Secret: engine.BodyOf(visitorsSecret)}},
	})
	must(t, err)
	h := &house{t: t, parts: testParts(t, tenants)}
	h.stack, err = startStack(h.parts)
	must(t, err)
	t.Cleanup(h.close)
	return h
}

// TestANarrowerTokenGivesTheChatToSomebodyElse: the owner shows a token that does not
// name the chat's department; a wider one has the chat back within the grace, and after
// it another operator takes it, while the owner keeps what it may see.
func TestANarrowerTokenGivesTheChatToSomebodyElse(t *testing.T) {
	h := unseenHouse(t)
	ada := h.sits("ada", nil)
	take := func(department string) (*socket, string) {
		v, sid := h.comes(department, "")
		offer := ada.hears("offer.new", is("sid", sid))
		ada.ok("offer.accept", map[string]any{"offer_id": offer["offer_id"], "ep": offer["ep"]})
		return v, sid
	}
	sales, sold := take("sales")
	_, helped := take("help")
	show := func(departments ...engine.DepartmentID) {
		ada.ok("auth.refresh", map[string]any{"token": h.token(auth.Claims{Operator: "ada", Departments: departments})})
	}
	event := func(what string) { sales.until(what, func(f map[string]any) bool { return f["t"] == what }) }

	show("help")
	event("session.detached")
	show("help", "sales")
	event("session.restored")
	ada.ok("message.send", map[string]any{"sid": sold, "body": textBody("here"), "cmid": "m1"})

	show("help")
	event("session.detached")
	event("session.requeued")
	grace := h.sits("grace", nil)
	offer := grace.hears("offer.new", is("sid", sold))
	grace.ok("offer.accept", map[string]any{"offer_id": offer["offer_id"], "ep": offer["ep"]})
	ada.ok("message.send", map[string]any{"sid": helped, "body": textBody("still here"), "cmid": "m2"})
	info, err := h.system.OperatorInfo(t.Context(), "acme", "ada")
	must(t, err)
	if len(info.Sessions) != 1 || info.Sessions[0].String() != helped {
		t.Errorf("ada owns %v, want %s", info.Sessions, helped)
	}
}
