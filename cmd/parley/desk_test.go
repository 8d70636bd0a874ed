package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
)

// What an operator's socket says of its offers, its load and itself, heard from a whole
// server by a client that shares no code with it.

// deskHouse is a shop that is in a hurry.
func deskHouse(t *testing.T) *house {
	t.Helper()
	tenants, err := engine.NewTenants(&engine.Tenant{
		ID: "acme", Revision: 7, Transcripts: true, Origins: []string{identityOrigin}, MaxMisses: 1,
		Departments: []engine.Department{
			{
				ID: "sales", WrapUp: time.Minute, OfferTimeout: time.Second, PushTimeout: time.Minute, SLA: time.Second, Breathing: time.Minute,
				CloseReasons: []string{"solved", "spam"}, Steps: []engine.Step{{For: time.Hour, Require: []engine.Need{{Skill: "lang:fr", Level: 2}}}, {}},
			},
			{ID: "help", OfferTimeout: time.Minute},
		},
		Operators: []engine.Operator{
			{ID: "ada", Skills: map[string]int{"lang:fr": 3}},
			{ID: "grace", Departments: []engine.DepartmentID{"help"}},
			{ID: "pia", Skills: map[string]int{"lang:fr": 2}, PushReach: time.Minute},
		},
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

func (h *house) addr() string { return h.parts.listeners.public.Addr().String() }

// sits is an operator's socket; more goes into auth.
func (h *house) sits(id engine.OperatorID, more map[string]any, departments ...engine.DepartmentID) *socket {
	h.t.Helper()
	s := dialSocket(h.t, h.addr(), "operator", "")
	d := map[string]any{"tenant": "acme", "token": h.token(auth.Claims{Operator: id, Departments: departments}), "intent": "accepting"}
	for name, value := range more {
		d[name] = value
	}
	s.ok("auth", d)
	return s
}

// comes is a visitor's socket whose session waits; proven if it has a subject.
func (h *house) comes(department, subject string) (s *socket, sid string) {
	h.t.Helper()
	s = dialSocket(h.t, h.addr(), "visitor", identityOrigin)
	d := map[string]any{"tenant": "acme", "anonymous": true}
	if subject != "" {
		d = map[string]any{"tenant": "acme", "jwt": h.proof(subject)}
	}
	s.ok("auth", d)
	return s, s.ok("session.start", map[string]any{"department": department, "idem": "s"})["sid"].(string)
}

// hears waits for a frame of a type, of which is holds, and answers its d.
func (s *socket) hears(what string, is func(d map[string]any) bool) map[string]any {
	s.t.Helper()
	frame := s.until(what, func(f map[string]any) bool {
		d, ok := f["d"].(map[string]any)
		return f["t"] == what && ok && (is == nil || is(d))
	})
	return frame["d"].(map[string]any)
}

func is(name string, want any) func(map[string]any) bool {
	return func(d map[string]any) bool { return d[name] == want }
}

func TestOfferSaysWhatItIsAbout(t *testing.T) {
	h := deskHouse(t)
	v, sid := h.comes("help", "customer-1")
	v.ok("client.identify", map[string]any{"sid": sid, "idem": "i", "lawful_basis": "consent", "set": map[string]any{"name": "Grete", "email": "grete@example.org"}})
	ada := h.sits("ada", nil, "help")
	offer := ada.hears("offer.new", is("sid", sid))
	text, err := json.Marshal(offer)
	must(t, err)
	visitor, why := offer["visitor"].(map[string]any), offer["why"].(map[string]any)
	if visitor["name"] != "Grete" || visitor["verified"] != true || why["rule"] != "only" || why["step"] != 0.0 || offer["parallel"] != 1.0 || offer["department"] != "help" {
		t.Errorf("got %s", text)
	}
	if _, said := offer["waited_s"].(float64); !said || strings.Contains(string(text), "example.org") {
		t.Errorf("got %s", text)
	}
	second := h.sits("ada", nil)
	mine := second.hello["me"].(map[string]any)["offers"].([]any)
	if len(mine) != 1 || mine[0].(map[string]any)["why"].(map[string]any)["rule"] != "only" {
		t.Errorf("a second device is welcomed with %v", mine)
	}
	narrow := h.sits("ada", nil, "sales")
	if got := narrow.hello["me"].(map[string]any)["offers"].([]any); len(got) != 1 || got[0].(map[string]any)["visitor"] != nil {
		t.Errorf("a token for another department is welcomed with %v", got)
	}

	_, sold := h.comes("sales", "")
	offer = narrow.hears("offer.new", is("sid", sold))
	if met := offer["skills_met"].([]any); len(met) != 1 || met[0].(map[string]any)["skill"] != "lang:fr" || offer["visitor"].(map[string]any)["verified"] != false {
		t.Errorf("got %v", offer)
	}
}

func TestLoadAndNotices(t *testing.T) {
	h := deskHouse(t)
	ada, grace := h.sits("ada", nil), h.sits("grace", nil)
	_, sid := h.comes("sales", "")
	offer := ada.hears("offer.new", is("sid", sid))
	if l := ada.hears("load", is("used", 1000.0)); l["capacity"] != 3000.0 || l["open"] != 1.0 || l["open_cap"] != 6.0 {
		t.Errorf("load: got %v", l)
	}
	ada.ok("offer.accept", map[string]any{"offer_id": offer["offer_id"], "ep": offer["ep"]})
	ada.ok("session.close", map[string]any{"sid": sid, "wrapup": false, "idem": "c"})
	if l := ada.hears("load", func(d map[string]any) bool { return d["breathing_until"] != nil }); l["used"] != 0.0 {
		t.Errorf("after a chat: got %v", l)
	}

	_, late := h.comes("sales", "")
	if n := ada.hears("notice", is("kind", "sla_risk")); n["department"] != "sales" || n["sessions"] != 1.0 || n["waited_s"].(float64) < 1 {
		t.Errorf("got %v", n)
	}
	pia := h.sits("pia", nil)
	pia.hears("offer.new", is("sid", late)) // and lets it run out
	if n := pia.hears("notice", is("kind", "missed_pause")); n["misses"] != 1.0 || n["since"] == nil {
		t.Errorf("got %v", n)
	}
	newer, _ := h.parts.tenants.Tenant("acme")
	changed := *newer
	changed.Revision = 8
	must(t, h.system.Reconfigure(&changed))
	if n := grace.hears("notice", is("kind", "config_changed")); n["rev"] != 8.0 {
		t.Errorf("got %v", n)
	}
	h.system.Drain()
	grace.hears("notice", is("kind", "going_away"))
	for _, frame := range grace.kept {
		if d, _ := frame["d"].(map[string]any); d["kind"] == "sla_risk" {
			t.Errorf("an operator of another department hears %v", d)
		}
	}
}

func TestReasonsOfPausesAndEnds(t *testing.T) {
	h := deskHouse(t)
	ada := h.sits("ada", nil)
	v, sid := h.comes("sales", "")
	offer := ada.hears("offer.new", is("sid", sid))
	ada.ok("offer.accept", map[string]any{"offer_id": offer["offer_id"], "ep": offer["ep"]})
	refused := ada.result("session.close", map[string]any{"sid": sid, "reason_code": "other", "idem": "c1"})["e"].(map[string]any)
	if fields, _ := refused["fields"].([]any); refused["code"] != "bad_request" || len(fields) != 1 || fields[0] != "reason_code" {
		t.Errorf("a reason that is not listed: got %v", refused)
	}
	ada.ok("session.close", map[string]any{
		"sid": sid, "reason_code": "solved", "tags": []string{"vip"}, "wrapup": false, "follow_up": map[string]any{"at": "2030-01-02T03:04:05Z"}, "idem": "c2",
	})
	closing := ada.hears("session.closing", nil)
	facts := closing["facts"].(map[string]any)
	if facts["reason_code"] != "solved" || facts["wrapup"] != false || facts["follow_up"] != "2030-01-02T03:04:05Z" || facts["tags"].([]any)[0] != "vip" {
		t.Errorf("the end is filed as %v", facts)
	}
	ada.hears("session.closed", nil)
	if facts := v.hears("session.closing", nil)["facts"]; facts != nil {
		t.Errorf("the visitor learns %v", facts)
	}

	set := ada.ok("intent.set", map[string]any{"intent": "paused", "reason": "lunch", "idem": "i"})
	isPaused := func(d map[string]any) bool { return d["intent"].(map[string]any)["intent"] == "paused" }
	if changed := ada.hears("intent.changed", isPaused)["intent"].(map[string]any); set["reason"] != "lunch" || changed["reason"] != "lunch" || changed["by"] != "ada" {
		t.Errorf("got %v, %v", set, changed)
	}
	if code := ada.code("intent.set", map[string]any{"intent": "paused", "reason": "At lunch!", "idem": "j"}); code != "bad_request" {
		t.Errorf("no code: got %q", code)
	}
	if status, text := h.ask("POST", "/operators/ada/intent", "k", `{"intent":"paused","reason":"training"}`); status != http.StatusOK || !strings.Contains(text, `"reason":"training"`) {
		t.Errorf("by REST: got %d %s", status, text)
	}
	if status, _ := h.ask("POST", "/operators/ada/intent", "l", `{"intent":"paused","reason":"At lunch!"}`); status != http.StatusBadRequest {
		t.Errorf("by REST, no code: got %d", status)
	}
	h.restart()
	again := h.sits("ada", nil).hello["me"].(map[string]any)["intent"].(map[string]any)
	if again["reason"] != "training" || again["intent"] != "paused" {
		t.Errorf("after a restart: %v", again)
	}
}

func TestServersCloseWithAReason(t *testing.T) {
	h := deskHouse(t)
	ada := h.sits("ada", nil)
	_, sid := h.comes("sales", "")
	offer := ada.hears("offer.new", is("sid", sid))
	ada.ok("offer.accept", map[string]any{"offer_id": offer["offer_id"], "ep": offer["ep"]})
	if status, text := h.ask("POST", "/sessions/"+sid+"/close", "a", `{"reason_code":"other"}`); status != http.StatusBadRequest || !strings.Contains(text, "reason_code") {
		t.Errorf("a reason that is not listed: got %d %s", status, text)
	}
	if status, text := h.ask("POST", "/sessions/"+sid+"/close", "b", `{"reason_code":"spam","wrapup":false,"follow_up":{"at":"2030-01-02T03:04:05Z"}}`); status != http.StatusOK {
		t.Errorf("got %d %s", status, text)
	}
	facts := ada.hears("session.closing", nil)["facts"].(map[string]any)
	if facts["reason_code"] != "spam" || facts["follow_up"] != "2030-01-02T03:04:05Z" {
		t.Errorf("the end is filed as %v", facts)
	}
}

func (h *house) ask(method, path, key, body string) (status int, text string) {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), method, "http://"+h.parts.listeners.admin.Addr().String()+"/v1/tenants/acme"+path, strings.NewReader(body))
	must(h.t, err)
	request.Header.Set("Authorization", "Bearer "+h.token(auth.Claims{Operator: "grace", Roles: []engine.Role{engine.RoleAdmin}}))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", key)
	response, err := http.DefaultClient.Do(request)
	must(h.t, err)
	defer func() { _ = response.Body.Close() }()
	var said json.RawMessage
	must(h.t, json.NewDecoder(response.Body).Decode(&said))
	return response.StatusCode, string(said)
}

func TestWhyByOffer(t *testing.T) {
	h := deskHouse(t)
	ada, grace := h.sits("ada", nil), h.sits("grace", nil)
	_, sid := h.comes("sales", "")
	offer := ada.hears("offer.new", is("sid", sid))
	ada.ok("offer.reject", map[string]any{"offer_id": offer["offer_id"], "ep": offer["ep"], "idem": "r"})
	ada.hears("offer.revoked", nil)
	got := ada.ok("explain", map[string]any{"offer_id": offer["offer_id"], "operator": "ada"})
	why := got["why"].(map[string]any)
	if all := got["decisions"].([]any); got["sid"] != sid || len(all) != 1 || all[0].(map[string]any)["ended"] != "rejected" || why["reason"] != "winner" {
		t.Errorf("who declined asks: got %v", got)
	}
	for name, d := range map[string]map[string]any{
		"about somebody else": {"offer_id": offer["offer_id"], "operator": "pia"},
		"another decision":    {"sid": sid, "decision_seq": 1},
	} {
		if code := ada.code("explain", d); code != "not_found" {
			t.Errorf("%s: got %q, want not_found", name, code)
		}
	}
	if code := grace.code("explain", map[string]any{"offer_id": offer["offer_id"]}); code != "not_found" {
		t.Errorf("who was not asked: got %q, want not_found", code)
	}
	if code := ada.code("explain", map[string]any{"operator": "ada"}); code != "bad_request" {
		t.Errorf("about nothing: got %q, want bad_request", code)
	}
}

func TestPushableDevice(t *testing.T) {
	h := deskHouse(t)
	phone := map[string]any{"device": map[string]any{"id": "phone", "kind": "mobile", "pushable": true}}
	pia := h.sits("pia", phone)
	must(t, pia.conn.Close())
	h.becomes(t, "pia", func(info engine.OperatorInfo) bool { return info.Connections == 0 })
	started := time.Now()
	_, sid := h.comes("sales", "")
	h.becomes(t, "pia", func(info engine.OperatorInfo) bool { return info.Open == 1 })
	h.becomes(t, "pia", func(engine.OperatorInfo) bool { return time.Since(started) > 1500*time.Millisecond }) // longer than an offer stands
	back := h.sits("pia", phone)                                                                               // somebody has woken it
	mine := back.hello["me"].(map[string]any)["offers"].([]any)
	if len(mine) != 1 {
		t.Fatalf("woken, it is welcomed with %v", back.hello["me"])
	}
	offer := mine[0].(map[string]any)
	if at, err := time.Parse(time.RFC3339, offer["expires_at"].(string)); err != nil || at.Before(started.Add(50*time.Second)) {
		t.Errorf("the offer stands until %v, made at %v", offer["expires_at"], started)
	}
	if got := back.ok("offer.accept", map[string]any{"offer_id": offer["offer_id"], "ep": offer["ep"]}); got["sid"] != sid {
		t.Errorf("got %v", got)
	}
}

// becomes waits until an operator is so.
func (h *house) becomes(t *testing.T, id engine.OperatorID, is func(engine.OperatorInfo) bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		info, err := h.system.OperatorInfo(t.Context(), "acme", id)
		must(t, err)
		if is(info) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s stays %+v", id, info)
		}
		<-time.After(10 * time.Millisecond)
	}
}

func TestTokensLimitWhatIsOffered(t *testing.T) {
	h := deskHouse(t)
	ada := h.sits("ada", nil, "help")
	_, sid := h.comes("sales", "")
	_, helped := h.comes("help", "")
	if got := ada.hears("offer.new", nil); got["sid"] != helped {
		t.Errorf("first offered: %v, want %s", got["sid"], helped)
	}
	ada.ok("auth.refresh", map[string]any{"token": h.token(auth.Claims{Operator: "ada"})})
	ada.hears("offer.new", is("sid", sid))
}
