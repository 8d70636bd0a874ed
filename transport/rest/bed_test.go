package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp/fasthttputil"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/rest"
)

// bed is a server on an in-memory listener.
type bed struct {
	client   *http.Client
	system   *fakeSystem
	registry *prometheus.Registry
	log      *bytes.Buffer
}

// spoiltByNine stands for the host's validator.
func spoiltByNine(_ *engine.Tenant, policy []byte) []rest.PolicyProblem {
	if !bytes.Contains(policy, []byte("9")) {
		return nil
	}
	return []rest.PolicyProblem{{Path: "parallel", Problem: "wrong"}}
}

func newBed(t *testing.T, timeout time.Duration) *bed {
	t.Helper()
	key := []engine.TokenKey{{Algorithm: "HS256", Secret: engine.BodyOf(strings.Repeat("k", 32))}}
	tenants, err := engine.NewTenants(
		&engine.Tenant{ID: "acme", Departments: []engine.Department{{ID: "sales", Name: "Sales"}, {ID: "help"}}, Operators: []engine.Operator{{ID: "ada"}, {ID: "eve/o'x"}, {ID: "sal", Departments: []engine.DepartmentID{"sales"}}, {ID: "hal", Departments: []engine.DepartmentID{"help"}}}, Keys: key},
		&engine.Tenant{ID: "other", Departments: []engine.Department{{ID: "all"}}, Keys: key},
	)
	if err != nil {
		t.Fatal(err)
	}
	b := &bed{system: &fakeSystem{drafts: map[string]engine.Draft{}}, registry: prometheus.NewRegistry(), log: &bytes.Buffer{}}
	server := rest.Server(rest.Options{
		System: b.system, Tenants: tenants, CheckPolicy: spoiltByNine, Authenticator: fakeAuth{}, Registerer: b.registry,
		Logger: slog.New(slog.NewJSONHandler(b.log, nil)), Timeout: timeout, BodyBytes: 16 << 10,
	})
	listener := fasthttputil.NewInmemoryListener()
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }() // ends when the listener closes, below
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return listener.Dial() }}
	b.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := server.Shutdown(); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return b
}

// reply is an answer that was read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) code() string {
	var problem struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(r.body, &problem)
	return problem.Code
}

// ask sends a request; header is name, value, name, value.
func (b *bed) ask(t *testing.T, method, path, body string, header ...string) reply {
	t.Helper()
	request, err := http.NewRequest(method, "http://parley"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer admin-of-acme")
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := b.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(response.Body); err != nil {
		t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, text.Bytes()}
}
