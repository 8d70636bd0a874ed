package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
	"github.com/parleyhq/parley/transport/client"
	"github.com/parleyhq/parley/transport/wire"
)

const (
	identityOrigin  = "https://shop.example"
	operatorsSecret = "operators-0123456789012345678901234567"
	visitorsSecret  = "visitors-01234567890123456789012345678"
)

// house is a whole server that can be started again over the same folder.
type house struct {
	t *testing.T
	parts
	*stack
}

func openHouse(t *testing.T) *house {
	t.Helper()
	tenants, err := engine.NewTenants(&engine.Tenant{
		ID: "acme", Transcripts: true, Origins: []string{identityOrigin}, Departments: []engine.Department{{ID: "sales"}, {ID: "help"}},
		Operators:   []engine.Operator{{ID: "ada"}, {ID: "grace"}},
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

func (h *house) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := h.stop(ctx); err != nil {
		h.t.Errorf("stop: %v", err)
	}
}

// restart stops the server and starts another over the same folder.
func (h *house) restart() {
	h.t.Helper()
	h.close()
	var err error
	h.parts.registry = newRegistry()
	h.parts.listeners, err = listen("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0")
	must(h.t, err)
	h.stack, err = startStack(h.parts)
	must(h.t, err)
}

func (h *house) visitor(ctx context.Context, subject, token string) *client.Client {
	h.t.Helper()
	o := client.Options{Addr: h.parts.listeners.public.Addr().String(), Tenant: "acme", Origin: identityOrigin, Token: token}
	if subject != "" {
		o.JWT = h.proof(subject)
	}
	c, err := client.DialVisitor(ctx, o)
	must(h.t, err)
	h.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (h *house) proof(subject string) string {
	h.t.Helper()
	token, err := auth.SignVisitor([]byte(visitorsSecret), "", auth.VisitorClaims{Tenant: "acme", Subject: subject, Issued: time.Now()})
	must(h.t, err)
	return token
}

func (h *house) token(c auth.Claims) string {
	h.t.Helper()
	c.Tenant = "acme"
	if c.Issued.IsZero() {
		c.Issued = time.Now()
	}
	token, err := auth.Sign([]byte(operatorsSecret), "", c)
	must(h.t, err)
	return token
}

func (h *house) operator(ctx context.Context, token string) (*client.Client, error) {
	return client.DialOperator(ctx, client.Options{
		Addr: h.parts.listeners.public.Addr().String(), Tenant: "acme", Token: token, Intent: engine.IntentAccepting,
	})
}

// awaitFrame reads frames until one is wanted.
func awaitFrame(t *testing.T, c *client.Client, what string, wanted func(*wire.Server) bool) *wire.Server {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case frame, open := <-c.Frames():
			if !open {
				t.Fatalf("closed before %s came: %v", what, c.Err())
			}
			if wanted(frame) {
				return frame
			}
		case <-deadline:
			t.Fatalf("no %s in time", what)
		}
	}
}

func texts(t *testing.T, ctx context.Context, c *client.Client, session engine.SessionID) string {
	t.Helper()
	events, _, err := c.History(ctx, session, 0, 0)
	must(t, err)
	var all []string
	for _, event := range events {
		var d wire.Data
		must(t, event.Read(&d))
		if event.Type == "message.new" {
			all = append(all, d.Body.Text)
		}
		if event.Type == "identity.upgraded" && event.Visible != "operators" {
			t.Errorf("the visitor sees %+v", event)
		}
	}
	return strings.Join(all, "|")
}

// TestVisitorSignsInDuringAChat: over real sockets and files, with a restart in
// between: the open session goes along, and who the visitor is in the tenant's
// words is written nowhere.
func TestVisitorSignsInDuringAChat(t *testing.T) {
	const subject = "canary-7f3a customer 17"
	h := openHouse(t)
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	ada, err := h.operator(ctx, h.token(auth.Claims{Operator: "ada"}))
	must(t, err)
	defer ada.Close()
	anonymous := h.visitor(ctx, "", "")
	started, err := anonymous.Start(ctx, "", "hello")
	must(t, err)
	offer := awaitFrame(t, ada, "an offer", func(f *wire.Server) bool { return f.Type == "offer.new" })
	var o wire.Offer
	must(t, offer.Read(&o))
	_, id, _ := wire.ParseOfferID(o.ID)
	_, err = ada.Accept(ctx, started.Session, id, o.Epoch)
	must(t, err)

	known := h.visitor(ctx, subject, anonymous.Welcome.Token)
	w := known.Welcome
	if !w.Verified || w.Session != started.Session.String() || w.Visitor == anonymous.Welcome.Visitor {
		t.Fatalf("hello: got %+v", w)
	}
	awaitFrame(t, ada, "identity.upgraded", func(f *wire.Server) bool { return f.Type == "identity.upgraded" && f.Visible == "operators" })
	awaitFrame(t, anonymous, "the goodbye", func(f *wire.Server) bool { return f.Type == "bye" })
	_, err = known.Send(ctx, started.Session, "it is me")
	must(t, err)
	_, err = ada.Send(ctx, started.Session, "welcome")
	must(t, err)
	if got := texts(t, ctx, known, started.Session); got != "hello|it is me|welcome" {
		t.Errorf("the verified visitor reads %q", got)
	}
	stranger := h.visitor(ctx, "", anonymous.Welcome.Token)
	if stranger.Welcome.Session != "" || stranger.Welcome.Visitor != anonymous.Welcome.Visitor {
		t.Errorf("the anonymous visitor: got %+v", stranger.Welcome)
	}
	if _, _, err := stranger.History(ctx, started.Session, 0, 0); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("it reads the session: %v", err)
	}

	h.restart()
	for name, c := range map[string]*client.Client{"by proof": h.visitor(ctx, subject, ""), "by token": h.visitor(ctx, "", w.Token)} {
		if c.Welcome.Visitor != w.Visitor || c.Welcome.Session != w.Session || !c.Welcome.Verified {
			t.Errorf("after a restart, %s: got %+v", name, c.Welcome)
		}
		if got := texts(t, ctx, c, started.Session); got != "hello|it is me|welcome" {
			t.Errorf("after a restart, %s: reads %q", name, got)
		}
		if _, err := c.Refresh(ctx, h.proof(subject)); err != nil {
			t.Errorf("refresh: %v", err)
		}
		if _, err := c.Refresh(ctx, h.proof("somebody else")); !errors.Is(err, engine.ErrForbidden) {
			t.Errorf("refresh with somebody else's: got %v", err)
		}
	}
	files := 0
	must(t, filepath.WalkDir(h.data, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte("canary-7f3a")) {
			t.Errorf("%s holds the visitor's name", filepath.Base(path))
		}
		files++
		return err
	}))
	if files < 3 {
		t.Errorf("only %d files were searched", files)
	}
}

// TestSignOutByREST: the sockets end with 4504, the token is good for nothing any
// more, a newer one is, and a repetition of the request changes nothing.
func TestSignOutByREST(t *testing.T) {
	h := openHouse(t)
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	old := h.token(auth.Claims{Operator: "ada", Issued: time.Now().Add(-time.Minute)})
	ada, err := h.operator(ctx, old)
	must(t, err)
	defer ada.Close()
	if until := ada.Welcome.Expires; time.Until(until) < 7*time.Hour {
		t.Errorf("the operator's hello: expires %v", until)
	}
	admin := h.token(auth.Claims{Operator: "grace", Roles: []engine.Role{engine.RoleAdmin}})
	post := func(operator, token, key string) (int, map[string]any) {
		t.Helper()
		url := "http://" + h.parts.listeners.admin.Addr().String() + "/v1/tenants/acme/operators/" + operator + "/sign-out"
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
		must(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
		if key != "" {
			request.Header.Set("Idempotency-Key", key)
		}
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		must(t, err)
		var answer map[string]any
		must(t, json.Unmarshal(text, &answer))
		return response.StatusCode, answer
	}
	for name, c := range map[string]struct {
		operator, token, key string
		want                 int
	}{
		"without a key": {"ada", admin, "", http.StatusBadRequest}, "nobody": {"mallory", admin, "k0", http.StatusNotFound},
		"no admin": {"ada", old, "k0", http.StatusForbidden}, "no token": {"ada", "x", "k0", http.StatusUnauthorized},
	} {
		if status, answer := post(c.operator, c.token, c.key); status != c.want {
			t.Errorf("%s: got %d %v, want %d", name, status, answer, c.want)
		}
	}
	status, first := post("ada", admin, "k1")
	if status != http.StatusOK || first["intent"] != "signed_out" || first["cause"] != "integration" {
		t.Fatalf("got %d %v", status, first)
	}
	for range ada.Frames() { //nolint:revive // to the end
	}
	if code := ada.CloseCode(); code != 4504 {
		t.Errorf("her socket ended with %d, want 4504", code)
	}
	refused := func(when string) {
		t.Helper()
		if c, err := h.operator(ctx, old); !errors.Is(err, engine.ErrAuthInvalid) {
			t.Errorf("the old token %s: got %v", when, err)
			if err == nil {
				_ = c.Close()
			}
		}
	}
	refused("at once")
	h.restart()
	refused("after a restart")
	newer := h.token(auth.Claims{Operator: "ada", Issued: time.Now().Add(2 * time.Second)})
	back, err := h.operator(ctx, newer)
	must(t, err)
	defer back.Close()
	if _, err := back.Refresh(ctx, old); !errors.Is(err, engine.ErrAuthInvalid) {
		t.Errorf("refreshed with the old token: got %v", err)
	}
	must(t, back.SetIntent(ctx, engine.IntentAccepting))
	_, second := post("ada", admin, "k2") // issued ahead of the clock, so that a second is not waited for: still newer
	if status, again := post("ada", admin, "k2"); status != http.StatusOK || again["at"] != second["at"] {
		t.Errorf("repeated: got %d %v, want %v", status, again, second)
	}
}
