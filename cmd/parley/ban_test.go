package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
)

// banWorld is a server of its own process, asked by REST and by sockets.
type banWorld struct {
	*crashHarness
	token string
}

func newBanWorld(t *testing.T) *banWorld {
	h := newCrashHarness(t)
	h.admin = freePort(t)
	token, err := auth.Sign([]byte(crashSecret), "k", auth.Claims{Tenant: "crash", Operator: "ada", Roles: []engine.Role{engine.RoleAdmin}, Issued: time.Now(), TTL: time.Hour})
	must(t, err)
	h.boot()
	t.Cleanup(func() { _ = h.cmd.Process.Kill(); _ = h.cmd.Wait() })
	return &banWorld{h, token}
}

func (w *banWorld) killed() {
	w.t.Helper()
	must(w.t, w.cmd.Process.Kill())
	_ = w.cmd.Wait()
	w.boot()
}

// ask is a request by REST that must have the status; it answers the body.
func (w *banWorld) ask(status int, method, path, key, body string) string {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), method, "http://"+w.admin+"/v1/tenants/crash"+path, strings.NewReader(body))
	must(w.t, err)
	request.Header.Set("Authorization", "Bearer "+w.token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", key)
	response, err := http.DefaultClient.Do(request)
	must(w.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(w.t, err)
	if response.StatusCode != status {
		w.t.Fatalf("%s %s: got %d %s, want %d", method, path, response.StatusCode, text, status)
	}
	return string(text)
}

// TestBanOverAKill: the server is killed in the moment in which it has said that a
// visitor is banned. The ban holds, the session is over, under the key comes the first
// answer, and sessions are found as they are.
func TestBanOverAKill(t *testing.T) {
	w := newBanWorld(t)
	enter := func(token any) *socket {
		s := dialSocket(t, w.listen, "visitor", "https://shop.example")
		d := map[string]any{"tenant": "crash", "anonymous": true}
		if token != nil {
			d["token"] = token
		}
		s.ok("auth", d)
		return s
	}
	for round := range 3 {
		v := enter(nil)
		sid := v.ok("session.start", map[string]any{"text": "canary-7f3a", "idem": "s1"})["sid"].(string)
		visitor, token := v.hello["visitor"].(string), v.hello["token"]
		key := fmt.Sprint("b", round)
		first := w.ask(200, "PUT", "/visitors/"+visitor+"/ban", key, `{"days":3,"reason":"abuse"}`)
		w.killed()
		v = enter(token)
		if v.hello["banned_until"] == nil {
			t.Fatal("the hello says nothing of the ban")
		}
		for op, d := range map[string]map[string]any{
			"session.start": {"idem": "s2"}, "message.send": {"sid": sid, "cmid": "m1", "body": textBody("let me")},
		} {
			e, _ := v.result(op, d)["e"].(map[string]any)
			if e["code"] != "banned" || e["until"] != v.hello["banned_until"] {
				t.Errorf("%s: got %v", op, e)
			}
		}
		if again := w.ask(200, "PUT", "/visitors/"+visitor+"/ban", key, `{"days":3,"reason":"abuse"}`); again != first {
			t.Errorf("repeated: got %s, want %s", again, first)
		}
		w.ask(422, "PUT", "/visitors/"+visitor+"/ban", key, `{"days":4,"reason":"abuse"}`)
		w.ask(403, "POST", "/sessions", "s3", `{"visitor":"`+visitor+`"}`)
		listed := w.ask(200, "GET", "/sessions?state=closed&department=sales&visitor="+visitor, "", "")
		if !strings.Contains(listed, sid) || !strings.Contains(listed, `"cause":"banned"`) {
			t.Errorf("listed: %s", listed)
		}
		if open := w.ask(200, "GET", "/sessions?state=open", "", ""); strings.Contains(open, sid) {
			t.Errorf("open sessions: %s", open)
		}
		w.ask(200, "DELETE", "/visitors/"+visitor+"/ban", "", "")
		w.killed()
		v = enter(token)
		if v.hello["banned_until"] != nil || v.ok("session.start", map[string]any{"idem": "s4"})["sid"] == sid {
			t.Error("a lifted ban holds")
		}
		v.ok("session.close", map[string]any{"sid": v.ok("session.start", map[string]any{"idem": "s4"})["sid"], "idem": "c"})
	}
}

// TestStartedByServer: a server begins a session for a visitor that is there, with
// words, a priority and needs; the visitor's repetition under the same key is the same;
// listing, transcript and the visitor tell of it.
func TestStartedByServer(t *testing.T) {
	w := newBanWorld(t)
	v := dialSocket(t, w.listen, "visitor", "https://shop.example")
	v.ok("auth", map[string]any{"tenant": "crash", "anonymous": true})
	visitor := v.hello["visitor"].(string)
	body := `{"visitor":"` + visitor + `","text":"my parcel\n2026-01-01 00:00:00Z #9 system: forged","priority":7,"weight":2500,"skills":[{"skill":"parcels","hard":true}]}`
	if heavy := w.ask(400, "POST", "/sessions", "k0", `{"visitor":"`+visitor+`","weight":5001}`); !strings.Contains(heavy, `"weight"`) {
		t.Errorf("too heavy: %s", heavy)
	}
	var started struct{ Sid, State string }
	must(t, json.Unmarshal([]byte(w.ask(200, "POST", "/sessions", "k1", body)), &started))
	var again struct{ Sid string }
	must(t, json.Unmarshal([]byte(w.ask(200, "POST", "/sessions", "k1", body)), &again))
	if started.State != "queued" || again.Sid != started.Sid {
		t.Fatalf("got %+v, then %+v", started, again)
	}
	first := v.until("the first message", func(f map[string]any) bool { return f["t"] == "message.new" })
	if by := first["by"].(map[string]any); by["kind"] != "visitor" || first["cause"] != "integration" {
		t.Errorf("the first message: %v", first)
	}
	if code := v.code("session.start", map[string]any{"text": "my parcel\n2026-01-01 00:00:00Z #9 system: forged", "idem": "k1"}); code != "" {
		t.Errorf("the visitor repeats it: got %s", code)
	}
	if code := v.code("session.start", map[string]any{"priority": 7, "idem": "k2"}); code != "" { // it has one open: nothing is begun
		t.Errorf("another start: got %s", code)
	}
	listed := w.ask(200, "GET", "/sessions?state=queued&from="+time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), "", "")
	if !strings.Contains(listed, started.Sid) || !strings.Contains(listed, `"priority":7`) {
		t.Errorf("listed: %s", listed)
	}
	w.ask(400, "PATCH", "/sessions/"+started.Sid, "k3", `{"weight":99}`)
	w.ask(200, "PATCH", "/sessions/"+started.Sid, "k4", `{"weight":300}`)
	script := w.ask(200, "GET", "/sessions/"+started.Sid+"/transcript?format=text", "", "")
	if !strings.Contains(script, "visitor: my parcel\n    2026-01-01") {
		t.Errorf("the transcript: %s", script)
	}
	if about := w.ask(200, "GET", "/visitors/"+visitor, "", ""); !strings.Contains(about, `"sessions":1`) || !strings.Contains(about, started.Sid) {
		t.Errorf("the visitor: %s", about)
	}
	w.ask(404, "POST", "/sessions", "k3", `{"visitor":"01JTDKRQGG000000000000001A"}`)
	w.ask(404, "GET", "/visitors/01JTDKRQGG000000000000001A", "", "")
}
