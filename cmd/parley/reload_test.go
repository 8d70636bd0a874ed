package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/client"
)

// TestReload changes the tenants' files of a real server and sends it SIGHUP: the
// table of docs/OPERATING.md, row by row.
func TestReload(t *testing.T) {
	h := newReloadHouse(t)
	for _, row := range []struct {
		name string
		test func(*testing.T, *reloadHouse)
	}{
		{"a file that is wrong", reloadWrongFile},
		{"transcripts turned off", reloadRefusedChange},
		{"origins", reloadOrigins},
		{"limits", reloadLimits},
		{"keys", reloadKeys},
		{"a new tenant, and its end", reloadTenants},
		{"a removed department", reloadDepartment},
		{"an operator's departments", reloadMembership},
		{"a removed operator", reloadOperator},
	} {
		t.Run(row.name, func(t *testing.T) {
			mine := *h
			harness := *h.crashHarness
			harness.t = t
			mine.crashHarness = &harness
			row.test(t, &mine)
			mine.write("crash", reloadTenant)
			mine.reload(reloadOK)
		})
	}
}

// changed is the tenant's file with one text for another.
func changed(t *testing.T, from, to string) string {
	t.Helper()
	if !strings.Contains(reloadTenant, from) {
		t.Fatalf("the file has no %q", from)
	}
	return strings.ReplaceAll(reloadTenant, from, to)
}

func reloadWrongFile(t *testing.T, h *reloadHouse) {
	v := h.visitor("crash", "")
	sid := v.start("sales")
	h.write("another", strings.Replace(reloadTenant, "id: crash", "id: another", 1)) // good, and read first
	h.write("crash", changed(t, "origins:", "origin:"))
	h.reload(reloadInvalid)
	if said := h.said.String(); !strings.Contains(said, "crash.yaml:2: unknown key origin") {
		t.Errorf("the log does not say where it is: %s", said)
	}
	if strings.Contains(h.said.String(), crashSecret) {
		t.Error("the log has the secret")
	}
	if got := h.status("/readyz"); got != http.StatusOK {
		t.Errorf("ready: got %d", got)
	}
	if _, err := h.dial(client.DialVisitor, client.Options{Tenant: "another", Origin: networkOrigin}); err == nil {
		t.Error("the good file was taken over without the other")
	}
	if _, err := v.Send(t.Context(), sid, "still here"); err != nil {
		t.Error(err)
	}
	h.remove("another")
}

func reloadRefusedChange(t *testing.T, h *reloadHouse) {
	h.write("crash", changed(t, "id: crash", "id: crash\ntranscripts: false"))
	h.reload(reloadRefused)
	h.visitor("crash", "").start("sales")
}

func reloadOrigins(t *testing.T, h *reloadHouse) {
	v, ada := h.visitor("crash", ""), h.operator("ada")
	sid := v.start("sales")
	h.write("crash", changed(t, "https://shop.example", "https://other.example"))
	h.reload(reloadOK)
	_, _ = v.Send(t.Context(), sid, "one more") // its next act
	v.wantEnd("origin_not_allowed")
	if _, err := h.dial(client.DialVisitor, client.Options{Tenant: "crash", Origin: networkOrigin}); !engine.ErrOriginNotAllowed.Is(err) {
		t.Errorf("a new one: got %v", err)
	}
	if err := ada.SetIntent(t.Context(), engine.IntentAccepting); err != nil { // a native program has none
		t.Error(err)
	}
}

func reloadLimits(t *testing.T, h *reloadHouse) {
	v := h.visitor("crash", "")
	sid := v.start("sales")
	h.write("crash", changed(t, "limits: {", "limits: {message_bytes: 10, "))
	h.reload(reloadOK)
	if _, err := v.Send(t.Context(), sid, "longer than ten bytes"); !engine.ErrTooLarge.Is(err) {
		t.Errorf("got %v, want %v", err, engine.ErrTooLarge)
	}
	h.write("crash", changed(t, "messages_per_second: 100000", "messages_per_second: 0.1"))
	h.reload(reloadOK)
	if _, err := v.Send(t.Context(), sid, "a"); err != nil {
		t.Error(err)
	}
	if _, err := v.Send(t.Context(), sid, "b"); !engine.ErrRateLimited.Is(err) {
		t.Errorf("got %v, want %v", err, engine.ErrRateLimited)
	}
}

func reloadKeys(t *testing.T, h *reloadHouse) {
	ada := h.operator("ada")
	h.write("crash", changed(t, crashSecret, "another-secret-of-thirty-two-bytes-or-more"))
	h.reload(reloadOK)
	if err := ada.SetIntent(t.Context(), engine.IntentAccepting); err != nil { // until its token ends
		t.Errorf("who is there: %v", err)
	}
	token := h.token("crash", "ada", engine.RoleOperator)
	if _, err := ada.Refresh(t.Context(), token); !engine.ErrAuthInvalid.Is(err) {
		t.Errorf("auth.refresh by the old key: got %v", err)
	}
	if _, err := h.dial(client.DialOperator, client.Options{Tenant: "crash", Token: token}); !engine.ErrAuthInvalid.Is(err) {
		t.Errorf("auth by the old key: got %v", err)
	}
	res := h.rest("crash", "/departments")
	_ = res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("REST by the old key: got %s", res.Status)
	}
}

func reloadTenants(t *testing.T, h *reloadHouse) {
	second := strings.Replace(reloadTenant, "id: crash", "id: second", 1)
	h.write("second", second)
	h.reload(reloadOK)
	v := h.visitor("second", "")
	token := v.Welcome.Token
	sid := v.start("sales")
	before, _, _ := h.session("second", sid)
	h.remove("second")
	h.reload(reloadOK)
	v.wantEnd("tenant_suspended")
	if _, err := h.dial(client.DialVisitor, client.Options{Tenant: "second", Origin: networkOrigin, Token: token}); !engine.ErrTenantUnknown.Is(err) {
		t.Errorf("its visitor: got %v", err)
	}
	res := h.rest("second", "/sessions/"+sid.String())
	_ = res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("REST: got %s", res.Status)
	}
	h.write("second", second)
	h.reload(reloadOK)
	if got := h.visitor("second", token).Welcome.Session; got != sid.String() {
		t.Errorf("its session: got %q, want %s", got, sid)
	}
	if after, _, _ := h.session("second", sid); after != before {
		t.Errorf("it was %s and is %s", before, after)
	}
	h.remove("second")
}

func reloadDepartment(t *testing.T, h *reloadHouse) {
	v := h.visitor("crash", "")
	waits := v.start("support")
	h.write("crash", strings.Replace(strings.Replace(reloadTenant, ", {id: support, queue_grace: 1h, offer_timeout: 1h, operator_grace: 1h}", "", 1), "[sales, support]", "[sales]", 1))
	h.reload(reloadOK)
	h.becomes(waits, "unattended", "")
	if _, err := h.visitor("crash", "").Start(t.Context(), "support", "hello"); !engine.ErrBadRequest.Is(err) {
		t.Errorf("a start in it: got %v", err)
	}
}

func reloadMembership(t *testing.T, h *reloadHouse) {
	bob := h.operator("bob")
	if err := bob.SetIntent(t.Context(), engine.IntentPaused); err != nil {
		t.Fatal(err)
	}
	sid := h.visitor("crash", "").start("support")
	h.until("bob to see who waits", func() bool { return bob.sees(sid) })
	h.write("crash", changed(t, "{id: bob, capacity: 100, departments: [sales, support]}", "{id: bob, capacity: 100, departments: [sales]}"))
	h.reload(reloadOK)
	h.until("bob not to see who waits", func() bool { return !bob.sees(sid) })
	h.write("crash", reloadTenant)
	h.reload(reloadOK)
	h.until("bob to see who waits again", func() bool { return bob.sees(sid) })
	h.becomes(sid, "queued", "")
}

func reloadOperator(t *testing.T, h *reloadHouse) {
	ada := h.operator("ada")
	sid := h.visitor("crash", "").start("sales")
	ada.accept(sid)
	h.becomes(sid, "active", "ada")
	h.write("crash", changed(t, "{id: ada, capacity: 100, departments: [sales]}, ", ""))
	h.reload(reloadOK)
	ada.wantEnd("signed_out")
	h.becomes(sid, "queued", "")
	bob := h.operator("bob")
	if err := bob.SetIntent(t.Context(), engine.IntentAccepting); err != nil {
		t.Fatal(err)
	}
	bob.accept(sid)
	h.becomes(sid, "active", "bob")
}
