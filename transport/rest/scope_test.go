package rest_test

import (
	"strconv"
	"strings"
	"testing"
)

// A token that names departments knows nothing of the others: not their sessions,
// their people or that they are there. fakeSystem's sessions are of sales.
func TestTokenOfDepartments(t *testing.T) {
	paths := []struct {
		method, path, body string
		help               int // what a token of help gets; one of sales gets 200
	}{
		{"GET", tenant + "/departments/sales/status", "", 404},
		{"GET", tenant + "/operators/sal", "", 404},
		{"POST", tenant + "/operators/sal/sign-out", "", 404},
		{"POST", tenant + "/operators/sal/intent", `{"intent":"paused"}`, 404},
		{"GET", tenant + "/operators/ada", "", 200}, // she serves all
		{"GET", tenant + "/operators/sal/load", "", 404},
		{"GET", session(sessionID, ""), "", 404},
		{"GET", session(sessionID, "/events"), "", 404},
		{"GET", session(sessionID, "/identity"), "", 404},
		{"GET", session(sessionID, "/decisions"), "", 404},
		{"POST", tenant + "/visitors/" + visitorID.String() + "/sign-out", "", 200}, // it has sessions in both
		{"POST", session(sessionID, "/messages"), `{"text":"hi"}`, 404},
		{"POST", session(sessionID, "/close"), "", 404},
		{"POST", session(sessionID, "/transfer"), `{"target":{"operator":"ada"}}`, 404},
		{"PATCH", session(sessionID, ""), `{"priority":1}`, 404},
	}
	b := newBed(t, 0)
	for n, p := range paths {
		for scope, want := range map[string]int{"sales": 200, "help": p.help} {
			got := b.ask(t, p.method, p.path, p.body, "Authorization", "Bearer "+scope+"-of-acme", "Idempotency-Key", scope+strconv.Itoa(n))
			if strings.Contains(p.path, "/intent") && scope == "sales" {
				want = 404 // fakeSystem sets that of ada only
			}
			if got.status != want {
				t.Errorf("%s %s as %s: got %d, want %d", p.method, p.path, scope, got.status, want)
			}
		}
	}
	list := string(b.ask(t, "GET", tenant+"/departments", "", "Authorization", "Bearer help-of-acme").body)
	if strings.Contains(list, "sales") || !strings.Contains(list, `"help"`) {
		t.Errorf("departments as help: got %s", list)
	}
	ada := string(b.ask(t, "GET", tenant+"/operators/ada", "", "Authorization", "Bearer help-of-acme").body)
	if !strings.Contains(ada, `"sessions":[]`) {
		t.Errorf("ada as help: got %s, want no session of sales", ada)
	}
	for path, secret := range map[string]string{"/live": "sales", "/operators": `"sal"`} {
		if list := string(b.ask(t, "GET", tenant+path, "", "Authorization", "Bearer help-of-acme").body); strings.Contains(list, secret) || len(list) < 60 {
			t.Errorf("%s as help: got %s", path, list)
		}
	}
	if got := b.ask(t, "POST", tenant+"/visitors/"+foreignID.String()+"/sign-out", "", "Authorization", "Bearer help-of-acme").status; got != 404 {
		t.Errorf("signing out a visitor of no session there: got %d, want 404", got)
	}
	for bearer, want := range map[string]int{"admin": 200, "sales": 404} { // the answer says what an operator of help carried
		if got := b.ask(t, "GET", session(sessionID, "/decisions/3/operators/hal"), "", "Authorization", "Bearer "+bearer+"-of-acme").status; got != want {
			t.Errorf("why not hal, as %s: got %d, want %d", bearer, got, want)
		}
	}
	if got := b.ask(t, "GET", tenant+"/invariants", "", "Authorization", "Bearer sales-of-acme").status; got != 403 {
		t.Errorf("invariants: got %d, want 403", got)
	}
}
