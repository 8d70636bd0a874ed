package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
	"go.uber.org/goleak"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/rest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// Both are fasthttp's own: one sleeps up to 10 s after a shutdown, the
		// other keeps the Date header for the life of the process.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

const canary = "canary-7f3a"

var (
	sessionID = mustSession("01JD9Z5T0000000000000000S1")
	closedID  = mustSession("01JD9Z5T0000000000000000S2")
	foreignID = mustSession("01JD9Z5T0000000000000000S3")
	erasedID  = mustSession("01JD9Z5T0000000000000000S4")
	at        = time.Date(2026, 5, 4, 9, 30, 17, 250e6, time.UTC)
)

func mustSession(text string) engine.SessionID {
	id, err := engine.ParseSessionID(text)
	if err != nil {
		panic(err)
	}
	return id
}

// fakeSystem holds three sessions of tenant acme: an active one, a closed one
// and an erased one. It remembers what was posted.
type fakeSystem struct {
	mu     sync.Mutex
	drafts map[string]engine.Draft
	author engine.Author
	fail   error // what every call answers, if not nil
	block  bool  // PostAs waits for its context
	panics bool

	signedOut bool     // whatever token comes
	revoked   []string // operators and keys
	held      *engine.Identity
	people
}

func (s *fakeSystem) check(ref engine.SessionRef) error {
	switch {
	case s.panics:
		panic(canary)
	case s.fail != nil:
		return s.fail
	case ref.Tenant != "acme" || ref.Session == foreignID:
		return engine.ErrUnknown
	case ref.Session == erasedID:
		return engine.ErrErased
	case ref.Session != sessionID && ref.Session != closedID:
		return engine.ErrNotFound
	}
	return nil
}

func (s *fakeSystem) SessionInfo(_ context.Context, ref engine.SessionRef) (engine.SessionInfo, error) {
	if err := s.check(ref); err != nil {
		return engine.SessionInfo{}, err
	}
	info := engine.SessionInfo{
		Ref: ref, State: engine.StateActive, Epoch: 2, Department: "sales", Owner: "ada", Head: 6,
		Turn: engine.TurnVisitor, Present: true, LastActivity: at,
	}
	if ref.Session == closedID {
		info.State, info.Owner, info.Present, info.LastActivity = engine.StateClosed, "", false, time.Time{}
	}
	return info, nil
}

func (s *fakeSystem) History(_ context.Context, ref engine.SessionRef, after engine.Seq, limit int) ([]*engine.Entry, error) {
	if err := s.check(ref); err != nil {
		return nil, err
	}
	var page []*engine.Entry
	for _, e := range entries() {
		if e.Seq > after && len(page) < limit {
			page = append(page, e)
		}
	}
	return page, nil
}

func (s *fakeSystem) Live(context.Context, engine.TenantID) ([]engine.Board, time.Time, error) {
	return []engine.Board{{
		Department: "sales", Waiting: 3, OldestSince: at.Add(-time.Minute), P50: time.Minute, P90: 2 * time.Minute, Operators: [engine.OperatorStates]int{1, 0, 0, 0, 0, 1},
		Slots: 2, Hour: engine.Hour{Served: 7, Replies: 6, FirstReply: time.Second, Since: at},
	}, {Department: "help"}}, at, s.fail
}

func (s *fakeSystem) Operators(engine.TenantID) ([]engine.OperatorRow, error) {
	return []engine.OperatorRow{
		{Operator: "ada", State: engine.OperatorAccepting, Since: at, Used: 1000, Capacity: 3000, Open: 1, OpenCap: 6}, {Operator: "sal", Capacity: 3000, OpenCap: 6},
	}, s.fail
}

func (s *fakeSystem) Departments(engine.TenantID) ([]engine.DepartmentStatus, error) {
	return []engine.DepartmentStatus{{Department: "help"}, {Department: "sales", Status: engine.StatusClosed, OpensAt: at}}, s.fail
}

func (s *fakeSystem) Decisions(_ context.Context, ref engine.SessionRef) ([]engine.Decided, error) {
	if err := s.check(ref); err != nil {
		return nil, err
	}
	why := engine.Decision{
		Revision: 9, Department: "sales", Weight: 1000, Waited: 1200, Position: 1, Strategy: "balanced", Rule: "tier", Eligible: 2, Rest: engine.Reasons{Full: 3},
		Needs: []engine.Need{{Skill: "lang:fr", Level: 2, Hard: true}}, Declined: []engine.OperatorID{"eve"},
		Winner: engine.Candidate{Operator: "ada", Capacity: 3000}, Next: []engine.Candidate{{Operator: "eve", Tier: engine.TierSecondary, Capacity: 3000, LastChosen: at}},
	}
	return []engine.Decided{
		{Seq: 3, At: at, Epoch: 1, Operator: "ada", Cause: engine.CauseAuto, Accepted: true, EndedAt: at, Decision: why},
		{Seq: 9, At: at, Epoch: 2, Operator: "eve", Cause: engine.CauseAuto, Ended: engine.CauseMissed, EndedAt: at, Decision: why},
	}, nil
}

func (s *fakeSystem) Explain(_ context.Context, ref engine.SessionRef, decision engine.Seq, operator engine.OperatorID) (engine.Explanation, error) {
	if err := s.check(ref); err != nil {
		return engine.Explanation{}, err
	}
	if decision != 3 || operator != "eve/o'x" && operator != "hal" {
		return engine.Explanation{}, engine.ErrNotFound
	}
	return engine.Explanation{Reason: "full", Then: engine.Candidate{Operator: operator, Used: 3000, Capacity: 3000, Open: 3}}, nil
}

func entries() []*engine.Entry {
	ada := engine.Author{Kind: engine.AuthorOperator, Operator: "ada"}
	return []*engine.Entry{
		{Session: sessionID, Seq: 1, Epoch: 1, At: at, Kind: engine.KindSessionStarted, Author: engine.Author{Kind: engine.AuthorVisitor}, ClientID: "k1", Department: "sales"},
		{Session: sessionID, Seq: 2, PrevAll: 1, Epoch: 1, At: at, Kind: engine.KindSessionQueued, Department: "sales"},
		{Session: sessionID, Seq: 3, PrevAll: 2, Epoch: 1, At: at, Kind: engine.KindOfferMade, Visibility: engine.VisibleToOperators, Operator: "ada", Deadline: at.Add(time.Minute)},
		{Session: sessionID, Seq: 4, PrevAll: 2, Epoch: 2, At: at, Kind: engine.KindSessionAssigned, Author: ada, Operator: "ada", Offer: 3},
		{Session: sessionID, Seq: 5, PrevAll: 4, Epoch: 2, At: at, Kind: engine.KindMessageNew, Author: ada, ClientID: "k2", Body: engine.BodyOf("hello \"you\"\n</script> \u2028")},
		{Session: sessionID, Seq: 6, PrevAll: 5, Epoch: 2, At: at, Kind: engine.KindMessageNew, Visibility: engine.VisibleToOperators, Author: ada, ClientID: "k3", Body: engine.BodyOf("late again")},
		{Session: sessionID, Seq: 7, PrevAll: 5, Epoch: 2, At: at, Kind: engine.KindMessageEdited, Author: ada, ClientID: "k4", Target: 5, Format: engine.FormatRedacted},
		{Session: sessionID, Seq: 8, PrevAll: 7, Epoch: 2, At: at, Kind: engine.KindMessageNew, Author: engine.Author{Kind: engine.AuthorVisitor}, ClientID: "k5", Format: engine.FormatForm, Body: engine.BodyOf(`{"form":"f","fields":{}}`)},
		{Session: sessionID, Seq: 9, PrevAll: 8, Epoch: 2, At: at, Kind: engine.KindMessageRedacted, Author: ada, ClientID: "k6", Target: 5},
		{Session: sessionID, Seq: 10, PrevAll: 9, Epoch: 2, At: at, Kind: engine.KindSessionClosing, Author: ada, Cause: engine.CauseManual},
	}
}

func (s *fakeSystem) PostAs(ctx context.Context, ref engine.SessionRef, author engine.Author, draft engine.Draft) (engine.Answer, error) {
	if err := s.check(ref); err != nil {
		return engine.Answer{}, err
	}
	if s.block {
		<-ctx.Done()
		return engine.Answer{}, ctx.Err()
	}
	if ref.Session == closedID {
		return engine.Answer{Err: engine.ErrClosed.At(6)}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.author = author
	if draft.Op == engine.OpIdentity {
		return engine.Answer{Held: s.held, Seq: s.held.Revision()}, nil
	}
	if draft.Op == engine.OpIdentify {
		return s.identify(ref, draft), nil
	}
	if first, ok := s.drafts[draft.ClientID]; ok && first.Body.Digest() != draft.Body.Digest() {
		return engine.Answer{Err: engine.ErrIdemConflict}, nil
	}
	s.drafts[draft.ClientID] = draft
	return engine.Answer{Session: ref.Session, Seq: 7, At: at}, nil
}

func (s *fakeSystem) Revoked(engine.TenantID, engine.Principal) bool { return s.signedOut }

func (s *fakeSystem) OperatorInfo(_ context.Context, _ engine.TenantID, operator engine.OperatorID) (engine.OperatorInfo, error) {
	if s.fail != nil {
		return engine.OperatorInfo{}, s.fail
	}
	if operator != "ada" {
		return engine.OperatorInfo{Operator: operator, Capacity: 3000}, nil
	}
	return engine.OperatorInfo{
		Operator: operator, Connections: 2, Used: 1000, Capacity: 3000, Sessions: []engine.SessionID{sessionID}, LastActivity: at,
		Intent: engine.IntentInfo{Intent: engine.IntentPaused, Cause: engine.CauseManual, By: "ada", Device: "desk", At: at},
	}, nil
}

func (s *fakeSystem) SetIntent(_ context.Context, _ engine.TenantID, operator engine.OperatorID, intent engine.Intent, until time.Time, reason, _ string) (engine.IntentInfo, error) {
	if operator != "ada" && s.fail == nil {
		return engine.IntentInfo{}, engine.ErrNotFound
	}
	return engine.IntentInfo{Intent: intent, Cause: engine.CauseIntegration, At: at, Until: until, Reason: reason}, s.fail
}

func (s *fakeSystem) InvariantsOf(engine.TenantID) engine.Invariants {
	broken := engine.Violated{Tenant: "acme", Session: sessionID, Invariant: "I4", Detail: "the sums differ", At: at, Ref: "R1"}
	router := engine.Violated{Tenant: "acme", Invariant: "I2", Detail: "counted twice", At: at}
	return engine.Invariants{
		Violations: map[string]uint64{"I2": 1, "I4": 1}, Frozen: []engine.Violated{broken}, Recent: []engine.Violated{broken, router}, Audits: 7, LastAudit: at,
	}
}

func (s *fakeSystem) Unfreeze(engine.SessionRef) error { return s.fail }

func (s *fakeSystem) Revoke(_ context.Context, _ engine.TenantID, operator engine.OperatorID, key string) (engine.IntentInfo, error) {
	if s.fail != nil {
		return engine.IntentInfo{}, s.fail
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = append(s.revoked, string(operator)+" "+key)
	return engine.IntentInfo{Intent: engine.IntentSignedOut, Cause: engine.CauseIntegration, At: at, Revoked: at}, nil
}

func (s *fakeSystem) RevokeVisitor(_ context.Context, _ engine.TenantID, visitor engine.VisitorID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = append(s.revoked, visitor.String())
	return s.fail
}

// fakeAuth knows one admin and one plain operator of each tenant.
type fakeAuth struct{}

func (fakeAuth) Operator(_ context.Context, tenant *engine.Tenant, token string) (engine.Principal, error) {
	switch token {
	case "admin-of-" + string(tenant.ID):
		return engine.Principal{Operator: "ada", Roles: []engine.Role{engine.RoleAdmin}}, nil
	case "sales-of-" + string(tenant.ID), "help-of-" + string(tenant.ID):
		department, _, _ := strings.Cut(token, "-")
		return engine.Principal{Operator: "ada", Roles: []engine.Role{engine.RoleAdmin}, Departments: []engine.DepartmentID{engine.DepartmentID(department)}}, nil
	case "operator-of-" + string(tenant.ID):
		return engine.Principal{Operator: "ada", Roles: []engine.Role{engine.RoleOperator, engine.RoleSupervisor}}, nil
	case "old":
		return engine.Principal{}, engine.ErrAuthExpired
	}
	return engine.Principal{}, engine.ErrAuthInvalid
}

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

const tenant = "/v1/tenants/acme"

func session(id engine.SessionID, rest string) string {
	return tenant + "/sessions/" + id.String() + rest
}

// cases is every answer of the interface; the contract test reads the same.
var cases = []struct {
	name, method, path, body string
	header                   []string
	fail                     error
	status                   int
	code                     string // of a problem
	holds                    string // in the answer's body
}{
	{name: "document", method: "GET", path: "/v1/openapi.json", header: []string{"Authorization", ""}, status: 200, holds: `"openapi": "3.1.0"`},
	{name: "departments", method: "GET", path: tenant + "/departments", status: 200, holds: `{"id":"sales","name":"Sales","default":true,"queue_limit":1000}`},
	{name: "live", method: "GET", path: tenant + "/live", status: 200, holds: `"waiting":3,"offered":0,"active":0,"detached":0,"closing":0,"unattended":0,"oldest_wait_s":60,`},
	{name: "live while the router cannot", method: "GET", path: tenant + "/live", fail: engine.ErrBusy, status: 503, code: "unavailable"},
	{name: "operators", method: "GET", path: tenant + "/operators", status: 200, holds: `{"operator":"sal","state":"signed_out","used":0,"capacity":3000,"open":0,"open_cap":6}`},
	{name: "operators while it cannot", method: "GET", path: tenant + "/operators", fail: engine.ErrBusy, status: 503, code: "unavailable"},
	{name: "load", method: "GET", path: tenant + "/operators/ada/load", status: 200, holds: `"state":"accepting","since":"2026-05-04T09:30:17.250Z","used":1000`},
	{name: "load of nobody", method: "GET", path: tenant + "/operators/bob/load", status: 404, code: "not_found"},
	{name: "department's status", method: "GET", path: tenant + "/departments/sales/status", status: 200, holds: `{"id":"sales","status":"closed","opens_at":"2026-05-04T09:30:17.250Z"}`},
	{name: "department", method: "GET", path: tenant + "/departments/sales", status: 200, holds: `"offer_timeout":"20s","push_timeout":"1m0s"`},
	{name: "department, unknown", method: "GET", path: tenant + "/departments/none", status: 404, code: "not_found"},
	{name: "department's hours", method: "GET", path: tenant + "/departments/sales/hours?at=2026-05-04T09:30:00Z", status: 200, holds: `{"at":"2026-05-04T09:30:00.000Z","open_at":true}`},
	{name: "department's hours, no time", method: "GET", path: tenant + "/departments/sales/hours?at=noon", status: 400, code: "bad_request"},
	{name: "department's hours, unknown", method: "GET", path: tenant + "/departments/none/hours", status: 404, code: "not_found"},
	{name: "policy that is good", method: "POST", path: tenant + "/policy:check", body: `{"parallel":2}`, status: 200, holds: `{"ok":true,"problems":[]}`},
	{name: "policy that is wrong", method: "POST", path: tenant + "/policy:check", body: `{"parallel":9}`, status: 200, holds: `{"ok":false,"problems":[{"path":"parallel","problem":"wrong"}]}`},
	{name: "policy that is no object", method: "POST", path: tenant + "/policy:check", body: `[]`, status: 400, code: "bad_request"},
	{name: "department unknown", method: "GET", path: tenant + "/departments/none/status", status: 404, code: "not_found"},
	{name: "decisions", method: "GET", path: session(sessionID, "/decisions"), status: 200, holds: `"ended":"missed"`},
	{name: "decisions of another tenant's", method: "GET", path: session(foreignID, "/decisions"), status: 404, code: "not_found"},
	{name: "explain", method: "GET", path: session(sessionID, "/decisions/3/operators/"+url.PathEscape("eve/o'x")), status: 200, holds: `"reason":"full"`},
	{name: "explain no decision", method: "GET", path: session(sessionID, "/decisions/x/operators/ada"), status: 404, code: "not_found"},
	{name: "explain nobody", method: "GET", path: session(sessionID, "/decisions/3/operators/bob"), status: 404, code: "not_found"},
	{name: "set", method: "PATCH", path: session(sessionID, ""), body: `{"priority":3,"weight":700,"skills":[{"skill":"billing","level":2}],"tags":["vip"],"if_rev":4}`, header: []string{"Idempotency-Key", "p1"}, status: 200, holds: `"seq":7`},
	{name: "set without key", method: "PATCH", path: session(sessionID, ""), body: `{"tags":[]}`, status: 400, code: "bad_request", holds: `"fields":["Idempotency-Key"]`},
	{name: "set of a wrong type", method: "PATCH", path: session(sessionID, ""), body: `{"priority":"high"}`, header: []string{"Idempotency-Key", "p2"}, status: 400, code: "bad_request", holds: `"fields":["priority"]`},
	{name: "set, closed", method: "PATCH", path: session(closedID, ""), body: `{"priority":1}`, header: []string{"Idempotency-Key", "p3"}, status: 410, code: "session_closed"},
	{name: "set, of another tenant", method: "PATCH", path: session(foreignID, ""), body: `{"priority":1}`, header: []string{"Idempotency-Key", "p3"}, status: 404, code: "not_found"},
	{name: "close with a follow-up in no form", method: "POST", path: session(sessionID, "/close"), body: `{"follow_up_at":"soon"}`, header: []string{"Idempotency-Key", "p4"}, status: 400, code: "bad_request", holds: `"fields":["follow_up_at"]`},
	{name: "operator", method: "GET", path: tenant + "/operators/ada", status: 200, holds: `"last_activity_at":"2026-05-04T09:30:00.000Z"`},
	{name: "operator never seen", method: "GET", path: tenant + "/operators/" + url.PathEscape("eve/o'x"), status: 200, holds: `"intent":{"intent":"signed_out"}`},
	{name: "operator not declared", method: "GET", path: tenant + "/operators/bob", status: 404, code: "not_found"},
	{name: "session", method: "GET", path: session(sessionID, ""), status: 200, holds: `"state":"active","ep":2,"department":"sales","owner":"ada","head":6,"turn":"visitor","visitor":{"present":true,"last_activity_at":"2026-05-04T09:30:00.000Z"}`},
	{name: "session without activity", method: "GET", path: session(closedID, ""), status: 200, holds: `"visitor":{"present":false}`},
	{name: "session unknown", method: "GET", path: session(mustSession("01JD9Z5T0000000000000000ZZ"), ""), status: 404, code: "not_found"},
	{name: "session of another tenant", method: "GET", path: session(foreignID, ""), status: 404, code: "not_found"},
	{name: "session malformed", method: "GET", path: tenant + "/sessions/nonsense", status: 404, code: "not_found"},
	{name: "session erased", method: "GET", path: session(erasedID, ""), status: 410, code: "erased"},
	{name: "events", method: "GET", path: session(sessionID, "/events"), status: 200, holds: `"next_after_seq":10,"more":false`},
	{name: "events page", method: "GET", path: session(sessionID, "/events?after_seq=2&limit=2"), status: 200, holds: `"next_after_seq":4,"more":true`},
	{name: "events page to the end", method: "GET", path: session(sessionID, "/events?after_seq=8&limit=2"), status: 200, holds: `"next_after_seq":10,"more":false`},
	{name: "events after the last", method: "GET", path: session(sessionID, "/events?after_seq=10"), status: 200, holds: `{"events":[],"next_after_seq":10,"more":false}`},
	{name: "events bad after_seq", method: "GET", path: session(sessionID, "/events?after_seq=-1"), status: 400, code: "bad_request", holds: `"fields":["after_seq"]`},
	{name: "events bad limit", method: "GET", path: session(sessionID, "/events?limit=101"), status: 400, code: "bad_request", holds: `"fields":["limit"]`},
	{name: "events erased", method: "GET", path: session(erasedID, "/events"), status: 410, code: "erased"},
	{name: "identity of nothing", method: "GET", path: session(sessionID, "/identity"), status: 200, holds: `"revision":0,"identity":[]`},
	{name: "identity set", method: "PUT", path: session(sessionID, "/identity"), body: `{"lawful_basis":"contract","set":{"email":"a@b.org","name":"A <&>"},"verified":["email"]}`, header: []string{"Idempotency-Key", "i1", "If-Match", `"0"`}, status: 200, holds: `"revision":8,"identity":[{"name":"email","value":"a@b.org","verified":true,"source":"integration","lawful_basis":"contract","at":"2026-05-04T09:30:17.250Z"},{"name":"name",`},
	{name: "identity", method: "GET", path: session(sessionID, "/identity"), status: 200, holds: `"verified":false`},
	{name: "identity changed meanwhile", method: "PUT", path: session(sessionID, "/identity"), body: `{"lawful_basis":"contract","set":{}}`, header: []string{"Idempotency-Key", "i2", "If-Match", `"0"`}, status: 412, code: "precondition_failed"},
	{name: "identity of a weak tag", method: "PUT", path: session(sessionID, "/identity"), body: `{"lawful_basis":"contract"}`, header: []string{"Idempotency-Key", "i2", "If-Match", `W/"8"`}, status: 412, code: "precondition_failed"},
	{name: "identity malformed", method: "PUT", path: session(sessionID, "/identity"), body: `{"lawful_basis":"contract","set":{"email":"a"}}`, header: []string{"Idempotency-Key", "i3"}, status: 400, code: "bad_request", holds: `"fields":["email"]`},
	{name: "identity without a basis", method: "PUT", path: session(sessionID, "/identity"), body: `{"set":{"email":"a@b.org"}}`, header: []string{"Idempotency-Key", "i3"}, status: 400, code: "bad_request", holds: `"fields":["lawful_basis"]`},
	{name: "identity that vouches for nothing", method: "PUT", path: session(sessionID, "/identity"), body: `{"lawful_basis":"contract","verified":["email"]}`, header: []string{"Idempotency-Key", "i3"}, status: 400, code: "bad_request", holds: `"fields":["verified"]`},
	{name: "identity without a key", method: "PUT", path: session(sessionID, "/identity"), body: `{"lawful_basis":"contract"}`, status: 400, code: "bad_request", holds: `"fields":["Idempotency-Key"]`},
	{name: "identity of a closed session", method: "PUT", path: session(closedID, "/identity"), body: `{"lawful_basis":"contract"}`, header: []string{"Idempotency-Key", "i4"}, status: 410, code: "session_closed"},
	{name: "identity of another tenant's", method: "GET", path: session(foreignID, "/identity"), status: 404, code: "not_found"},
	{name: "message", method: "POST", path: session(sessionID, "/messages"), body: `{"text":"hi"}`, header: []string{"Idempotency-Key", "m1"}, status: 200, holds: `"seq":7,"at":"2026-05-04T09:30:17.250Z"`},
	{name: "message again", method: "POST", path: session(sessionID, "/messages"), body: `{"text":"hi"}`, header: []string{"Idempotency-Key", `"m1"`}, status: 200, holds: `"seq":7`},
	{name: "message changed", method: "POST", path: session(sessionID, "/messages"), body: `{"text":"ho"}`, header: []string{"Idempotency-Key", "m1"}, status: 422, code: "idem_conflict"},
	{name: "note", method: "POST", path: session(sessionID, "/messages"), body: `{"text":"late again","visibility":"operators"}`, header: []string{"Idempotency-Key", "n1"}, status: 200, holds: `"seq":7`},
	{name: "note for whom", method: "POST", path: session(sessionID, "/messages"), body: `{"text":"late again","visibility":"me"}`, header: []string{"Idempotency-Key", "n2"}, status: 400, code: "bad_request", holds: `"fields":["visibility"]`},
	{name: "message without key", method: "POST", path: session(sessionID, "/messages"), body: `{"text":"hi"}`, status: 400, code: "bad_request", holds: `"fields":["Idempotency-Key"]`},
	{name: "message with long key", method: "POST", path: session(sessionID, "/messages"), body: `{"text":"hi"}`, header: []string{"Idempotency-Key", strings.Repeat("k", 65)}, status: 400, code: "bad_request"},
	{name: "message with spaced key", method: "POST", path: session(sessionID, "/messages"), body: `{"text":"hi"}`, header: []string{"Idempotency-Key", "a b"}, status: 400, code: "bad_request"},
	{name: "message empty", method: "POST", path: session(sessionID, "/messages"), body: `{"text":" "}`, header: []string{"Idempotency-Key", "m2"}, status: 400, code: "bad_request", holds: `"fields":["text"]`},
	{name: "message without body", method: "POST", path: session(sessionID, "/messages"), header: []string{"Idempotency-Key", "m2"}, status: 400, code: "bad_request", holds: `"fields":["text"]`},
	{name: "message wrong type", method: "POST", path: session(sessionID, "/messages"), body: `{"text":7}`, header: []string{"Idempotency-Key", "m2"}, status: 400, code: "bad_request", holds: `"fields":["text"]`},
	{name: "message unknown field", method: "POST", path: session(sessionID, "/messages"), body: `{"text":"hi","colour":1}`, header: []string{"Idempotency-Key", "m2"}, status: 400, code: "bad_request", holds: `"fields":["colour"]`},
	{name: "message two objects", method: "POST", path: session(sessionID, "/messages"), body: `{"text":"hi"}{}`, header: []string{"Idempotency-Key", "m2"}, status: 400, code: "bad_request"},
	{name: "message bad UTF-8", method: "POST", path: session(sessionID, "/messages"), body: "{\"text\":\"\xff\"}", header: []string{"Idempotency-Key", "m2"}, status: 400, code: "bad_request"},
	{name: "message bad media type", method: "POST", path: session(sessionID, "/messages"), body: `{"text":"hi"}`, header: []string{"Idempotency-Key", "m2", "Content-Type", "text/plain"}, status: 400, code: "bad_request", holds: `"fields":["Content-Type"]`},
	{name: "message too long", method: "POST", path: session(sessionID, "/messages"), body: `{"text":"` + strings.Repeat("a", 8193) + `"}`, header: []string{"Idempotency-Key", "m2"}, status: 413, code: "too_large"},
	{name: "message stale", method: "POST", path: session(sessionID, "/messages"), body: `{"text":"hi","if_seq":4}`, header: []string{"Idempotency-Key", "m3"}, fail: engine.ErrStaleView, status: 409, code: "stale_view"},
	{name: "message while busy", method: "POST", path: session(sessionID, "/messages"), body: `{"text":"hi"}`, header: []string{"Idempotency-Key", "m3"}, fail: engine.ErrBusy, status: 503, code: "unavailable", holds: `"retry_after_ms":250`},
	{name: "message while full", method: "POST", path: session(sessionID, "/messages"), body: `{"text":"hi"}`, header: []string{"Idempotency-Key", "m3"}, fail: engine.ErrFull, status: 503, code: "unavailable", holds: `"retry_after_ms":10000`},
	{name: "message while broken", method: "POST", path: session(sessionID, "/messages"), body: `{"text":"hi"}`, header: []string{"Idempotency-Key", "m3"}, fail: errors.New("disk on fire"), status: 500, code: "internal"},
	{name: "message while fenced", method: "POST", path: session(sessionID, "/messages"), body: `{"text":"hi"}`, header: []string{"Idempotency-Key", "m3"}, fail: engine.ErrFenced, status: 500, code: "internal"},
	{name: "message closed", method: "POST", path: session(closedID, "/messages"), body: `{"text":"hi"}`, header: []string{"Idempotency-Key", "m4"}, status: 410, code: "session_closed", holds: `"seq":6`},
	{name: "sign out", method: "POST", path: tenant + "/operators/ada/sign-out", header: []string{"Idempotency-Key", "s1"}, status: 200, holds: `{"intent":"signed_out","cause":"integration","at":"2026-05-04T09:30:17.250Z"}`},
	{name: "sign out without key", method: "POST", path: tenant + "/operators/ada/sign-out", status: 400, code: "bad_request"},
	{name: "sign out with a body", method: "POST", path: tenant + "/operators/ada/sign-out", body: `{"why":"x"}`, header: []string{"Idempotency-Key", "s1"}, status: 400, code: "bad_request"},
	{name: "sign out nobody", method: "POST", path: tenant + "/operators/mallory/sign-out", header: []string{"Idempotency-Key", "s1"}, status: 404, code: "not_found"},
	{name: "visitor", method: "GET", path: tenant + "/visitors/" + sessionID.String(), status: 200, holds: `"verified":true,"since":"2026-05-04T09:30:17.250Z","sid":"` + closedID.String() + `","revision":3,"identity":[{"name":"name"`},
	{name: "visitor unknown", method: "GET", path: tenant + "/visitors/" + foreignID.String(), status: 404, code: "not_found"},
	{name: "visitor malformed", method: "GET", path: tenant + "/visitors/ada", status: 404, code: "not_found"},
	{name: "no ban", method: "GET", path: tenant + "/visitors/" + sessionID.String() + "/ban", status: 200, holds: `{"visitor":"` + sessionID.String() + `"}`},
	{name: "ban", method: "PUT", path: tenant + "/visitors/" + sessionID.String() + "/ban", body: `{"days":30,"reason":"spam"}`, header: []string{"Idempotency-Key", "b1"}, status: 200, holds: `"until":"2026-06-03T09:30:17.000Z","reason":"spam","by":{"kind":"integration"},"at":"2026-05-04T09:30:17.000Z"`},
	{name: "ban that there is", method: "GET", path: tenant + "/visitors/" + sessionID.String() + "/ban", status: 200, holds: `"until":"2026-06-03T09:30:17.000Z"`},
	{name: "visitor banned", method: "GET", path: tenant + "/visitors/" + sessionID.String(), status: 200, holds: `"banned":{"until":"2026-06-03T09:30:17.000Z"`},
	{name: "start when banned", method: "POST", path: tenant + "/sessions", body: `{"visitor":"` + sessionID.String() + `"}`, header: []string{"Idempotency-Key", "t1"}, status: 403, code: "banned", holds: `"until":"2026-06-03T09:30:17.000Z"`},
	{name: "ban without key", method: "PUT", path: tenant + "/visitors/" + sessionID.String() + "/ban", body: `{"days":30,"reason":"spam"}`, status: 400, code: "bad_request", holds: `"fields":["Idempotency-Key"]`},
	{name: "ban under a used key", method: "PUT", path: tenant + "/visitors/" + sessionID.String() + "/ban", body: `{"days":30,"reason":"spam"}`, header: []string{"Idempotency-Key", "used"}, status: 422, code: "idem_conflict"},
	{name: "ban for too long", method: "PUT", path: tenant + "/visitors/" + sessionID.String() + "/ban", body: `{"days":366,"reason":"spam"}`, header: []string{"Idempotency-Key", "b2"}, status: 400, code: "bad_request", holds: `"fields":["days"]`},
	{name: "ban for nothing", method: "PUT", path: tenant + "/visitors/" + sessionID.String() + "/ban", body: `{"days":3}`, header: []string{"Idempotency-Key", "b2"}, status: 400, code: "bad_request", holds: `"fields":["reason"]`},
	{name: "ban of nobody", method: "PUT", path: tenant + "/visitors/ada/ban", body: `{"days":3,"reason":"spam"}`, header: []string{"Idempotency-Key", "b2"}, status: 404, code: "not_found"},
	{name: "ban lifted", method: "DELETE", path: tenant + "/visitors/" + sessionID.String() + "/ban", status: 200, holds: `{"visitor":"` + sessionID.String() + `"}`},
	{name: "start", method: "POST", path: tenant + "/sessions", body: `{"visitor":"` + sessionID.String() + `","department":"help","skills":[{"skill":"billing","hard":true}],"priority":5,"text":"hello"}`, header: []string{"Idempotency-Key", "t1"}, status: 200, holds: `"seq":1,"at":"2026-05-04T09:30:17.250Z","ep":1,"state":"queued"`},
	{name: "start for nobody", method: "POST", path: tenant + "/sessions", body: `{"visitor":"ada"}`, header: []string{"Idempotency-Key", "t1"}, status: 400, code: "bad_request", holds: `"fields":["visitor"]`},
	{name: "start for somebody unknown", method: "POST", path: tenant + "/sessions", body: `{"visitor":"` + foreignID.String() + `"}`, header: []string{"Idempotency-Key", "t1"}, status: 404, code: "not_found"},
	{name: "start nowhere", method: "POST", path: tenant + "/sessions", body: `{"visitor":"` + sessionID.String() + `","department":"none"}`, header: []string{"Idempotency-Key", "t1"}, status: 400, code: "bad_request", holds: `"fields":["department"]`},
	{name: "start without key", method: "POST", path: tenant + "/sessions", body: `{"visitor":"` + sessionID.String() + `"}`, status: 400, code: "bad_request", holds: `"fields":["Idempotency-Key"]`},
	{name: "sessions", method: "GET", path: tenant + "/sessions", status: 200, holds: `"state":"closed","department":"sales","owner":"ada","tags":["vip"],"began_at":"2026-05-04T09:30:17.250Z","ended_at":"2026-05-04T09:30:17.250Z","cause":"banned"}`},
	{name: "sessions, a page", method: "GET", path: tenant + "/sessions?limit=1", status: 200, holds: `"next_cursor":"` + closedID.String() + `"`},
	{name: "sessions, the next page", method: "GET", path: tenant + "/sessions?limit=1&cursor=" + closedID.String(), status: 200, holds: `"state":"active","department":"help","priority":2`},
	{name: "sessions of a state", method: "GET", path: tenant + "/sessions?state=asleep", status: 400, code: "bad_request", holds: `"fields":["state"]`},
	{name: "sessions while busy", method: "GET", path: tenant + "/sessions", fail: engine.ErrBusy, status: 503, code: "unavailable"},
	{name: "transcript", method: "GET", path: session(sessionID, "/transcript"), status: 200, holds: `"next_after_seq":10,"more":false`},
	{name: "transcript of operators", method: "GET", path: session(sessionID, "/transcript?visibility=operators&after_seq=5"), status: 200, holds: `late again`},
	{name: "transcript in no form", method: "GET", path: session(sessionID, "/transcript?format=pdf"), status: 400, code: "bad_request", holds: `"fields":["format"]`},
	{name: "transcript for whom", method: "GET", path: session(sessionID, "/transcript?visibility=me"), status: 400, code: "bad_request", holds: `"fields":["visibility"]`},
	{name: "transcript erased", method: "GET", path: session(erasedID, "/transcript"), status: 410, code: "erased"},
	{name: "transcript of another tenant's", method: "GET", path: session(foreignID, "/transcript"), status: 404, code: "not_found"},
	{name: "sign out a visitor", method: "POST", path: tenant + "/visitors/" + sessionID.String() + "/sign-out", status: 200, holds: `{"visitor":"` + sessionID.String() + `"}`},
	{name: "sign out a visitor with a body", method: "POST", path: tenant + "/visitors/" + sessionID.String() + "/sign-out", body: `{"why":"x"}`, status: 400, code: "bad_request"},
	{name: "sign out no visitor", method: "POST", path: tenant + "/visitors/ada/sign-out", status: 404, code: "not_found"},
	{name: "sign out a visitor while the store fails", method: "POST", path: tenant + "/visitors/" + sessionID.String() + "/sign-out", fail: engine.ErrBusy, status: 503, code: "unavailable"},
	{name: "sign out by GET", method: "GET", path: tenant + "/operators/ada/sign-out", status: 405, code: "bad_request"},
	{name: "transfer", method: "POST", path: session(sessionID, "/transfer"), body: `{"target":{"department":"help"},"mode":"cold","on_unavailable":"wait","wait_s":60,"note":"yours?","ep":2}`, header: []string{"Idempotency-Key", "x1"}, status: 200, holds: `"seq":7`},
	{name: "transfer without key", method: "POST", path: session(sessionID, "/transfer"), body: `{"target":{"skill":"billing"}}`, status: 400, code: "bad_request", holds: `"fields":["Idempotency-Key"]`},
	{name: "transfer in no mode", method: "POST", path: session(sessionID, "/transfer"), body: `{"target":{"skill":"billing"},"mode":"hot"}`, header: []string{"Idempotency-Key", "x2"}, status: 400, code: "bad_request", holds: `"fields":["mode"]`},
	{name: "transfer or what", method: "POST", path: session(sessionID, "/transfer"), body: `{"target":{"skill":"billing"},"on_unavailable":"cry"}`, header: []string{"Idempotency-Key", "x2"}, status: 400, code: "bad_request", holds: `"fields":["on_unavailable"]`},
	{name: "transfer waits too long", method: "POST", path: session(sessionID, "/transfer"), body: `{"target":{"skill":"billing"},"wait_s":3601}`, header: []string{"Idempotency-Key", "x2"}, status: 400, code: "bad_request", holds: `"fields":["wait_s"]`},
	{name: "transfer with a long note", method: "POST", path: session(sessionID, "/transfer"), body: `{"target":{"skill":"billing"},"note":"` + strings.Repeat("a", 8193) + `"}`, header: []string{"Idempotency-Key", "x2"}, status: 413, code: "too_large"},
	{name: "transfer forced", method: "POST", path: session(sessionID, "/transfer"), body: `{"target":{"skill":"billing"},"force":true}`, header: []string{"Idempotency-Key", "x2"}, status: 400, code: "bad_request", holds: `"fields":["force"]`},
	{name: "transfer pending", method: "POST", path: session(sessionID, "/transfer"), body: `{"target":{"skill":"billing"}}`, header: []string{"Idempotency-Key", "x3"}, fail: engine.ErrTransferPending, status: 409, code: "transfer_pending"},
	{name: "transfer to who is closed", method: "POST", path: session(sessionID, "/transfer"), body: `{"target":{"department":"help"}}`, header: []string{"Idempotency-Key", "x3"}, fail: engine.ErrDepartmentClosed.Until(at), status: 409, code: "department_closed", holds: `"opens_at":"2026-05-04T09:30:17.250Z"`},
	{name: "transfer to the owner", method: "POST", path: session(sessionID, "/transfer"), body: `{"target":{"operator":"ada"}}`, header: []string{"Idempotency-Key", "x3"}, fail: engine.ErrAlreadyOwner, status: 409, code: "already_owner"},
	{name: "set what has changed", method: "PATCH", path: session(sessionID, ""), body: `{"tags":[],"if_rev":1}`, header: []string{"Idempotency-Key", "p9"}, fail: engine.ErrStaleRevision, status: 409, code: "stale_revision"},
	{name: "transfer, closed", method: "POST", path: session(closedID, "/transfer"), body: `{"target":{"skill":"billing"}}`, header: []string{"Idempotency-Key", "x3"}, status: 410, code: "session_closed"},
	{name: "transfer of another tenant's", method: "POST", path: session(foreignID, "/transfer"), body: `{"target":{"skill":"billing"}}`, header: []string{"Idempotency-Key", "x3"}, status: 404, code: "not_found"},
	{name: "intent", method: "POST", path: tenant + "/operators/ada/intent", body: `{"intent":"paused","until":"2026-05-04T10:00:00Z"}`, header: []string{"Idempotency-Key", "n1"}, status: 200, holds: `"intent":"paused","cause":"integration","at":"2026-05-04T09:30:17.250Z","until":"2026-05-04T10:00:00.000Z"`},
	{name: "intent without key", method: "POST", path: tenant + "/operators/ada/intent", body: `{"intent":"accepting"}`, status: 400, code: "bad_request", holds: `"fields":["Idempotency-Key"]`},
	{name: "intent to sign out", method: "POST", path: tenant + "/operators/ada/intent", body: `{"intent":"signed_out"}`, header: []string{"Idempotency-Key", "n2"}, status: 400, code: "bad_request", holds: `"fields":["intent"]`},
	{name: "intent until when", method: "POST", path: tenant + "/operators/ada/intent", body: `{"intent":"paused","until":"later"}`, header: []string{"Idempotency-Key", "n2"}, status: 400, code: "bad_request", holds: `"fields":["until"]`},
	{name: "intent accepting until", method: "POST", path: tenant + "/operators/ada/intent", body: `{"intent":"accepting","until":"2026-05-04T10:00:00Z"}`, header: []string{"Idempotency-Key", "n2"}, status: 400, code: "bad_request", holds: `"fields":["until"]`},
	{name: "intent of nobody", method: "POST", path: tenant + "/operators/mallory/intent", body: `{"intent":"paused"}`, header: []string{"Idempotency-Key", "n2"}, status: 404, code: "not_found"},
	{name: "intent, other content", method: "POST", path: tenant + "/operators/ada/intent", body: `{"intent":"paused"}`, header: []string{"Idempotency-Key", "n1"}, fail: engine.ErrIdemConflict, status: 422, code: "idem_conflict"},
	{name: "unfreeze", method: "POST", path: session(sessionID, "/unfreeze"), status: 200, holds: `{"sid":"` + sessionID.String() + `"}`},
	{name: "unfreeze what is not frozen", method: "POST", path: session(sessionID, "/unfreeze"), fail: engine.ErrNotFound, status: 404, code: "not_found"},
	{name: "unfreeze with a body", method: "POST", path: session(sessionID, "/unfreeze"), body: `{"why":"x"}`, status: 400, code: "bad_request"},
	{name: "unfreeze without the role", method: "POST", path: session(sessionID, "/unfreeze"), header: []string{"Authorization", "Bearer operator-of-acme"}, status: 403, code: "forbidden"},
	{name: "invariants", method: "GET", path: tenant + "/invariants", status: 200, holds: `"violations":[{"invariant":"I2","count":1},{"invariant":"I4","count":1}],"frozen":[{"sid":"` + sessionID.String() + `","invariant":"I4","detail":"the sums differ","at":"2026-05-04T09:30:17.250Z","ref":"R1"}]`},
	{name: "invariants without the role", method: "GET", path: tenant + "/invariants", header: []string{"Authorization", "Bearer operator-of-acme"}, status: 403, code: "forbidden"},
	{name: "close", method: "POST", path: session(sessionID, "/close"), header: []string{"Idempotency-Key", "c1"}, status: 200, holds: `"seq":7`},
	{name: "close with empty object", method: "POST", path: session(sessionID, "/close"), body: `{}`, header: []string{"Idempotency-Key", "c2"}, status: 200, holds: `"seq":7`},
	{name: "close without key", method: "POST", path: session(sessionID, "/close"), status: 400, code: "bad_request"},
	{name: "close closed", method: "POST", path: session(closedID, "/close"), header: []string{"Idempotency-Key", "c1"}, status: 410, code: "session_closed"},
	{name: "no token", method: "GET", path: session(sessionID, ""), header: []string{"Authorization", ""}, status: 401, code: "auth_required"},
	{name: "other scheme", method: "GET", path: session(sessionID, ""), header: []string{"Authorization", "Basic YTpi"}, status: 401, code: "auth_required"},
	{name: "wrong token", method: "GET", path: session(sessionID, ""), header: []string{"Authorization", "Bearer nonsense"}, status: 401, code: "auth_invalid"},
	{name: "expired token", method: "GET", path: session(sessionID, ""), header: []string{"Authorization", "bearer old"}, status: 401, code: "auth_expired"},
	{name: "another tenant's token", method: "GET", path: session(sessionID, ""), header: []string{"Authorization", "Bearer admin-of-other"}, status: 401, code: "auth_invalid"},
	{name: "unknown tenant", method: "GET", path: "/v1/tenants/nobody/departments", status: 401, code: "auth_invalid"},
	{name: "token without the role", method: "GET", path: session(sessionID, ""), header: []string{"Authorization", "Bearer operator-of-acme"}, status: 403, code: "forbidden"},
	{name: "no such path", method: "GET", path: "/v1/nothing", status: 404, code: "not_found"},
	{name: "path of dots", method: "GET", path: "/v1/x/../openapi.json", status: 404, code: "not_found"},
	{name: "method not taken", method: "DELETE", path: session(sessionID, ""), status: 405, code: "bad_request"},
}

func TestAnswers(t *testing.T) {
	b := newBed(t, 0)
	for _, c := range cases {
		b.system.fail = c.fail
		got := b.ask(t, c.method, c.path, c.body, c.header...)
		if got.status != c.status || got.code() != c.code || !strings.Contains(string(got.body), c.holds) {
			t.Errorf("%s: got %d %q %s, want %d %q %s", c.name, got.status, got.code(), got.body, c.status, c.code, c.holds)
		}
		if got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Content-Type-Options") != "nosniff" || got.header.Get("Server") != "" {
			t.Errorf("%s: headers: got %v", c.name, got.header)
		}
	}
}

// TestRefusalsTellNothing compares, byte by byte, what does not exist with
// what belongs to somebody else.
func TestRefusalsTellNothing(t *testing.T) {
	b := newBed(t, 0)
	for _, pair := range [][2]string{
		{session(foreignID, ""), session(mustSession("01JD9Z5T0000000000000000ZZ"), "")},
		{session(foreignID, "/events"), tenant + "/sessions/nonsense/events"},
		{"/v1/tenants/nobody/departments", "/v1/tenants/other/departments"},
	} {
		one, other := b.ask(t, "GET", pair[0], ""), b.ask(t, "GET", pair[1], "")
		if one.status != other.status || !bytes.Equal(one.body, other.body) {
			t.Errorf("%s answers %d %s, %s answers %d %s: want no difference", pair[0], one.status, one.body, pair[1], other.status, other.body)
		}
	}
}

func TestPostsInTheTenantsName(t *testing.T) {
	b := newBed(t, 0)
	b.ask(t, "POST", session(sessionID, "/messages"), `{"text":"hi","if_seq":5}`, "Idempotency-Key", `"m1"`)
	draft := b.system.drafts["m1"]
	if draft.Op != engine.OpMessage || draft.Session != sessionID || string(draft.Body.Reveal()) != "hi" || draft.IfSeq != 5 {
		t.Errorf("draft: got %+v", draft)
	}
	if want := (engine.Author{Kind: engine.AuthorIntegration}); b.system.author != want {
		t.Errorf("author: got %v, want %v", b.system.author, want)
	}
	b.ask(t, "POST", session(sessionID, "/messages"), `{"text":"late","visibility":"operators"}`, "Idempotency-Key", "n1")
	if got := b.system.drafts["n1"].Visibility; got != engine.VisibleToOperators || draft.Visibility != engine.VisibleToAll {
		t.Errorf("visibility: got %v and %v", got, draft.Visibility)
	}
	b.ask(t, "POST", session(sessionID, "/close"), "", "Idempotency-Key", "c1")
	if got := b.system.drafts["c1"].Op; got != engine.OpClose {
		t.Errorf("op: got %v, want %v", got, engine.OpClose)
	}
}

func TestETag(t *testing.T) {
	b := newBed(t, 0)
	path := session(sessionID, "/events")
	tag := b.ask(t, "GET", path, "").header.Get("ETag")
	if tag == "" {
		t.Fatal("no ETag")
	}
	for _, c := range []struct {
		list string
		want int
	}{{tag, 304}, {"W/" + tag, 304}, {`"x", ` + tag, 304}, {"*", 304}, {`"x"`, 200}, {"", 200}} {
		got := b.ask(t, "GET", path, "", "If-None-Match", c.list)
		if got.status != c.want || got.status == 304 && len(got.body) != 0 {
			t.Errorf("If-None-Match %q: got %d with %d bytes, want %d", c.list, got.status, len(got.body), c.want)
		}
	}
	if other := b.ask(t, "GET", path+"?limit=1", "").header.Get("ETag"); other == tag {
		t.Error("two different answers share an ETag")
	}
}

// TestSlowSystem: a request ends with its timeout, and says that it may be
// repeated.
func TestSlowSystem(t *testing.T) {
	b := newBed(t, 20*time.Millisecond)
	b.system.block = true
	got := b.ask(t, "POST", session(sessionID, "/messages"), `{"text":"hi"}`, "Idempotency-Key", "m1")
	if got.status != 503 || got.header.Get("Retry-After") != "1" {
		t.Errorf("got %d, Retry-After %q, want 503 and 1", got.status, got.header.Get("Retry-After"))
	}
}

// TestPanicEndsOneRequest: the next one is served, and the log holds nothing of
// what the panic said.
func TestPanicEndsOneRequest(t *testing.T) {
	b := newBed(t, 0)
	b.system.panics = true
	if got := b.ask(t, "GET", session(sessionID, ""), ""); got.status != 500 || got.code() != "internal" {
		t.Errorf("got %d %s, want 500 internal", got.status, got.body)
	}
	b.system.panics = false
	if got := b.ask(t, "GET", session(sessionID, ""), ""); got.status != 200 {
		t.Errorf("after a panic: got %d, want 200", got.status)
	}
	if log := b.log.String(); !strings.Contains(log, "rest: panic") || strings.Contains(log, canary) {
		t.Errorf("log: got %s", log)
	}
}

// TestOversizedBody is refused before it is read to its end.
func TestOversizedBody(t *testing.T) {
	b := newBed(t, 0)
	got := b.ask(t, "POST", session(sessionID, "/messages"), `{"text":"`+strings.Repeat("a", 64<<10)+`"}`, "Idempotency-Key", "m1")
	if got.status != 413 || got.code() != "too_large" {
		t.Errorf("got %d %s, want 413 too_large", got.status, got.body)
	}
}

func TestMetrics(t *testing.T) {
	b := newBed(t, 0)
	b.ask(t, "GET", session(sessionID, ""), "")
	b.ask(t, "GET", "/v1/nothing", "")
	if problems, err := testutil.GatherAndLint(b.registry); err != nil || len(problems) > 0 {
		t.Errorf("lint: got %v %v", problems, err)
	}
	want := `
# HELP parley_rest_requests_total REST requests by operation and HTTP status.
# TYPE parley_rest_requests_total counter
parley_rest_requests_total{operation="getSession",status="200"} 1
parley_rest_requests_total{operation="none",status="404"} 1
`
	if err := testutil.GatherAndCompare(b.registry, strings.NewReader(want), "parley_rest_requests_total"); err != nil {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	if err := (&rest.Options{}).Validate(); err == nil {
		t.Error("no error for options without a system")
	}
	defer func() {
		if recover() == nil {
			t.Error("New without a system did not panic")
		}
	}()
	var _ fasthttp.RequestHandler = rest.New(rest.Options{})
}
