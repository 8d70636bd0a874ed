package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
	"github.com/parleyhq/parley/transport/client"
	"github.com/parleyhq/parley/transport/wire"
)

// reloadHouse is a server whose tenants' files change while it runs.
type reloadHouse struct {
	*crashHarness
	said *lockedBuffer // what it logs
}

// lockedBuffer is written by the process's reader and read by the test.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

const reloadTenant = `id: crash
origins: ["https://shop.example"]
departments: [{id: sales, queue_grace: 1h, offer_timeout: 1h, operator_grace: 1h}, {id: support, queue_grace: 1h, offer_timeout: 1h, operator_grace: 1h}]
operators: [{id: ada, capacity: 100, departments: [sales]}, {id: bob, capacity: 100, departments: [sales, support]}, {id: root, departments: [sales], tiers: {sales: never_auto}}]
keys: [{id: k, algorithm: HS256, secret: ` + crashSecret + `}]
limits: {messages_per_second: 100000}
`

func newReloadHouse(t *testing.T) *reloadHouse {
	t.Helper()
	h := &reloadHouse{crashHarness: newCrashHarness(t), said: &lockedBuffer{}}
	h.admin = freePort(t)
	h.write("crash", reloadTenant)
	h.start()
	return h
}

func (h *reloadHouse) start() {
	h.t.Helper()
	h.cmd = h.parley("serve", "--tenants", filepath.Join(h.dir, "tenants"), "--data", filepath.Join(h.dir, "data"),
		"--root-key-file", filepath.Join(h.dir, "root.key"), "--listen", h.listen, "--admin-listen", h.admin, "--metrics-listen", h.metrics)
	h.cmd.Stderr = h.said
	if err := h.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.until("the server to be ready", func() bool { return h.status("/readyz") == http.StatusOK })
}

// until waits for something to become so, but not for ever.
func (h *reloadHouse) until(what string, is func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !is(); {
		if time.Now().After(deadline) {
			h.t.Fatalf("waited in vain for %s\n%s", what, h.said)
		}
		time.Sleep(5 * time.Millisecond) // between two looks
	}
}

func (h *reloadHouse) status(path string) int {
	res, err := http.Get("http://" + h.metrics + path)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func (h *reloadHouse) write(name, text string) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join(h.dir, "tenants", name+".yaml"), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func (h *reloadHouse) remove(name string) {
	h.t.Helper()
	if err := os.Remove(filepath.Join(h.dir, "tenants", name+".yaml")); err != nil {
		h.t.Fatal(err)
	}
}

// reload sends the signal and waits until the files have been read, with that result.
func (h *reloadHouse) reload(result string) {
	h.t.Helper()
	before := h.reloads(result)
	if err := h.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		h.t.Fatal(err)
	}
	h.until("parley_config_reload_total "+result, func() bool { return h.reloads(result) == before+1 })
}

func (h *reloadHouse) reloads(result string) int {
	res, err := http.Get("http://" + h.metrics + "/metrics")
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	for line := range strings.Lines(string(text)) {
		var n int
		if _, err := fmt.Sscanf(line, `parley_config_reload_total{result="`+result+`"} %d`, &n); err == nil {
			return n
		}
	}
	h.t.Fatalf("no parley_config_reload_total of %s", result)
	return 0
}

// session asks REST what a session is.
func (h *reloadHouse) session(tenant string, sid engine.SessionID) (state, owner, department string) {
	h.t.Helper()
	res := h.rest(tenant, "/sessions/"+sid.String())
	defer res.Body.Close()
	var d struct {
		State      string `json:"state"`
		Owner      string `json:"owner"`
		Department string `json:"department"`
	}
	if res.StatusCode != http.StatusOK || json.NewDecoder(res.Body).Decode(&d) != nil {
		h.t.Fatalf("session %s: got %s", sid, res.Status)
	}
	return d.State, d.Owner, d.Department
}

func (h *reloadHouse) rest(tenant, path string) *http.Response {
	h.t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+h.admin+"/v1/tenants/"+tenant+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+h.token(tenant, "root", engine.RoleAdmin))
	res, err := http.DefaultClient.Do(request)
	if err != nil {
		h.t.Fatal(err)
	}
	return res
}

// becomes waits for a session to be so.
func (h *reloadHouse) becomes(sid engine.SessionID, state, owner string) {
	h.t.Helper()
	var is, of string
	defer func() {
		if h.t.Failed() {
			h.t.Logf("session %s: %s of %q", sid, is, of)
		}
	}()
	h.until(state+" of "+owner, func() bool { is, of, _ = h.session("crash", sid); return is == state && of == owner })
}

func (h *reloadHouse) token(tenant string, id engine.OperatorID, roles ...engine.Role) string {
	h.t.Helper()
	token, err := auth.Sign([]byte(crashSecret), "k", auth.Claims{Tenant: engine.TenantID(tenant), Operator: id, Roles: roles, Issued: time.Now(), TTL: time.Hour})
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

// guest is somebody's connection, with what it was told.
type guest struct {
	*client.Client
	h     *reloadHouse
	ended chan string // the reason in bye; closed when the connection has ended

	mu     sync.Mutex
	offers map[string]wire.Offer // guarded by mu, as what follows
	line   map[string]bool
}

func (h *reloadHouse) dial(dial func(context.Context, client.Options) (*client.Client, error), o client.Options) (*guest, error) {
	ctx, cancel := context.WithTimeout(h.t.Context(), 10*time.Second)
	defer cancel()
	o.Addr, o.Buffer = h.listen, 1024
	c, err := dial(ctx, o)
	if err != nil {
		return nil, err
	}
	g := &guest{Client: c, h: h, ended: make(chan string, 1), offers: map[string]wire.Offer{}, line: map[string]bool{}}
	var reading sync.WaitGroup
	reading.Go(g.read) // ends with the connection
	h.t.Cleanup(func() { c.Abort(); reading.Wait() })
	return g, nil
}

func (h *reloadHouse) operator(id engine.OperatorID) *guest {
	h.t.Helper()
	g, err := h.dial(client.DialOperator, client.Options{Tenant: "crash", Token: h.token("crash", id, engine.RoleOperator), Intent: engine.IntentAccepting})
	if err != nil {
		h.t.Fatal(err)
	}
	return g
}

func (h *reloadHouse) visitor(tenant engine.TenantID, token string) *guest {
	h.t.Helper()
	g, err := h.dial(client.DialVisitor, client.Options{Tenant: tenant, Origin: networkOrigin, Token: token})
	if err != nil {
		h.t.Fatal(err)
	}
	return g
}

func (g *guest) read() {
	defer close(g.ended)
	for frame := range g.Frames() {
		var d struct {
			wire.Offer
			Reason string `json:"reason"`
			Rows   []struct {
				Session string `json:"sid"`
			} `json:"rows"`
			Gone []string `json:"gone"`
		}
		if json.Unmarshal(frame.Data, &d) != nil {
			continue
		}
		if frame.Type == "bye" {
			g.ended <- d.Reason
		}
		g.mu.Lock()
		switch frame.Type {
		case "offer.new":
			g.offers[d.Session] = d.Offer
		case "snapshot", "delta":
			if frame.Type == "snapshot" {
				clear(g.line)
			}
			for _, row := range d.Rows {
				g.line[row.Session] = true
			}
			for _, sid := range d.Gone {
				delete(g.line, sid)
			}
		}
		g.mu.Unlock()
	}
}

func (g *guest) sees(sid engine.SessionID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.line[sid.String()]
}

// start begins a session.
func (g *guest) start(department engine.DepartmentID) engine.SessionID {
	g.h.t.Helper()
	r, err := g.Start(g.h.t.Context(), department, "good day")
	if err != nil {
		g.h.t.Fatal(err)
	}
	return r.Session
}

// accept takes the offer of a session.
func (g *guest) accept(sid engine.SessionID) {
	g.h.t.Helper()
	var offer wire.Offer
	g.h.until("the offer of "+sid.String(), func() (found bool) {
		g.mu.Lock()
		defer g.mu.Unlock()
		offer, found = g.offers[sid.String()]
		return found
	})
	_, number, _ := wire.ParseOfferID(offer.ID)
	if _, err := g.Accept(g.h.t.Context(), sid, number, offer.Epoch); err != nil {
		g.h.t.Fatal(err)
	}
}

func (g *guest) wantEnd(reason string) {
	g.h.t.Helper()
	select {
	case got := <-g.ended:
		if got != reason {
			g.h.t.Errorf("bye: got %q, want %q", got, reason)
		}
	case <-time.After(15 * time.Second):
		g.h.t.Fatalf("the connection does not end with %s", reason)
	}
}
