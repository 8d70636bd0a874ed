package main

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
)

// TestExplain asks a whole server, as somebody on duty would, and a server of the
// tenant's does the rest of what routing has on REST.
func TestExplain(t *testing.T) {
	h := openHouse(t)
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	ada, err := h.operator(ctx, h.token(auth.Claims{Operator: "ada"}))
	must(t, err)
	_, err = ada.Do(ctx, engine.Draft{Op: engine.OpIntent, Intent: engine.IntentAccepting, ClientID: "k"})
	must(t, err)
	started, err := h.visitor(ctx, "", "").Start(ctx, "", "hello")
	must(t, err)
	admin := "http://" + h.parts.listeners.admin.Addr().String()
	token := h.token(auth.Claims{Operator: "grace", Roles: []engine.Role{engine.RoleAdmin}})
	explain := func(token string, more ...string) (code int, said, complaint string) {
		var out, bad bytes.Buffer
		args := append([]string{"explain", "--url", admin, "--token", token, "--tenant", "acme", "--session", started.Session.String()}, more...)
		code = run(ctx, args, streams{&out, &bad, func(int) {}})
		return code, out.String(), bad.String()
	}
	var said string
	for {
		code, text, complaint := explain(token, "--operator", "grace")
		if code != exitDone {
			t.Fatalf("got %d, %s", code, complaint)
		}
		if said = text; strings.Contains(said, "chosen ada") {
			break
		}
		select {
		case <-ctx.Done():
			t.Fatalf("no decision: %s", said)
		case <-time.After(10 * time.Millisecond):
		}
	}
	for _, want := range []string{" ada (auto), ", "\n  sales, balanced by only; step 0, ", "\n  grace: not_routable (primary, fit 0, load 0 of 3, 0 open)\n"} {
		if !strings.Contains(said, want) {
			t.Errorf("it lacks %q:\n%s", want, said)
		}
	}
	for name, test := range map[string]struct {
		args  []string
		token string
		code  int
		says  string
	}{
		"a wrong token":    {token: "x", code: exitFailed, says: "401 auth_invalid"},
		"nobody":           {token: token, args: []string{"--operator", "mallory"}, code: exitFailed, says: "404 not_found"},
		"no such decision": {token: token, args: []string{"--decision", "99"}, code: exitFailed, says: "no decision of seq 99"},
		"no address":       {token: token, args: []string{"--url", "somewhere"}, code: exitUsage, says: "--url"},
		"no session's id":  {token: token, args: []string{"--session", "s1"}, code: exitUsage, says: "--session"},
	} {
		code, _, complaint := explain(test.token, test.args...)
		if code != test.code || !strings.Contains(complaint, test.says) || strings.Contains(complaint, token) {
			t.Errorf("%s: got %d %q, want %d %q", name, code, complaint, test.code, test.says)
		}
	}

	ask := func(method, path, key, body string, want int) {
		t.Helper()
		request, err := http.NewRequestWithContext(ctx, method, admin+"/v1/tenants/acme"+path, strings.NewReader(body))
		must(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", key)
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s %s: got %d, want %d", method, path, response.StatusCode, want)
		}
	}
	ask("GET", "/invariants", "", "", http.StatusOK)
	ask("POST", "/operators/ada/intent", "i", `{"intent":"paused"}`, http.StatusOK)
	ask("POST", "/sessions/"+started.Session.String()+"/transfer", "t", `{"target":{"operator":"grace"}}`, http.StatusConflict) // nobody has it yet
	info, err := h.system.OperatorInfo(ctx, "acme", "ada")
	if err != nil || info.Intent.Intent != engine.IntentPaused || info.Intent.Cause != engine.CauseIntegration {
		t.Errorf("got %v, %+v", err, info.Intent)
	}
}
