package rest_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/valyala/fasthttp"
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
