package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
)

// TestRESTAfterTheEnd: of a session that has ended every change is refused as
// session_closed with 410, also after a restart, and what was said is still read.
func TestRESTAfterTheEnd(t *testing.T) {
	h := openHouse(t)
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	started, err := h.visitor(ctx, "", "").Start(ctx, "", "hello")
	must(t, err)
	admin := h.token(auth.Claims{Operator: "grace", Roles: []engine.Role{engine.RoleAdmin}})
	ask := func(method, path, key, body string) (int, string) {
		t.Helper()
		url := "http://" + h.parts.listeners.admin.Addr().String() + "/v1/tenants/acme/sessions/" + started.Session.String() + path
		request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
		must(t, err)
		request.Header.Set("Authorization", "Bearer "+admin)
		request.Header.Set("Content-Type", "application/json")
		if key != "" {
			request.Header.Set("Idempotency-Key", key)
		}
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		must(t, err)
		var answer struct{ Code string }
		must(t, json.Unmarshal(text, &answer))
		return response.StatusCode, answer.Code
	}
	const held = `{"lawful_basis":"contract","set":{"name":"A"}}`
	if status, code := ask("PUT", "/identity", "before", held); status != http.StatusOK {
		t.Fatalf("before the end: got %d %s", status, code)
	}
	if status, code := ask("POST", "/close", "end", `{}`); status != http.StatusOK {
		t.Fatalf("close: got %d %s", status, code)
	}
	for _, when := range []string{"at once", "after a restart"} {
		for _, tt := range []struct {
			method, path, key, body string
			status                  int
			code                    string
		}{
			{"PUT", "/identity", "i1", held, http.StatusGone, "session_closed"},
			{"POST", "/messages", "m1", `{"text":"late"}`, http.StatusGone, "session_closed"},
			{"PATCH", "", "p1", `{"priority":1}`, http.StatusGone, "session_closed"},
			{"POST", "/transfer", "t1", `{"target":{"department":"help"}}`, http.StatusGone, "session_closed"},
			{"POST", "/close", "c1", `{}`, http.StatusGone, "session_closed"},
			{"POST", "/close", "end", `{}`, http.StatusOK, ""},
			{"GET", "", "", "", http.StatusOK, ""},
			{"GET", "/identity", "", "", http.StatusOK, ""},
			{"GET", "/events", "", "", http.StatusOK, ""},
		} {
			if status, code := ask(tt.method, tt.path, tt.key, tt.body); status != tt.status || code != tt.code {
				t.Errorf("%s, %s %s %s: got %d %q, want %d %q", when, tt.method, tt.path, tt.key, status, code, tt.status, tt.code)
			}
		}
		if when == "at once" {
			h.restart()
		}
	}
}
