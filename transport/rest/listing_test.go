package rest_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
)

// people is what a fakeSystem knows of visitors. Its one visitor has the id of
// sessionID.
type people struct {
	ban   engine.Ban
	asked []engine.SessionQuery
	start engine.Draft
}

var visitorID = engine.VisitorID(sessionID)

func (s *fakeSystem) listed() []engine.ListedSession {
	return []engine.ListedSession{
		{Session: closedID, Visitor: visitorID, State: engine.StateClosed, Began: at, Filed: engine.Filed{Department: "sales", Owner: "ada", Tags: []string{"vip"}, Ended: at, Cause: engine.CauseBanned, Verified: true}},
		{Session: sessionID, Visitor: visitorID, State: engine.StateActive, Began: at, Priority: 2, Filed: engine.Filed{Department: "help"}},
	}
}

func (s *fakeSystem) Sessions(_ context.Context, tenant engine.TenantID, q engine.SessionQuery) (engine.SessionPage, error) {
	s.asked = append(s.asked, q)
	var page engine.SessionPage
	if tenant != "acme" {
		return page, s.fail
	}
	for _, one := range s.listed() {
		if !q.Wants(&one) || !q.Before.IsZero() && string(one.Session[:]) >= string(q.Before[:]) {
			continue
		}
		if len(page.Sessions) == q.Limit {
			page.Next = page.Sessions[q.Limit-1].Session
			break
		}
		page.Sessions = append(page.Sessions, one)
	}
	return page, s.fail
}

func (s *fakeSystem) Visitor(_ context.Context, _ engine.TenantID, visitor engine.VisitorID, departments []engine.DepartmentID) (engine.VisitorInfo, error) {
	if s.fail != nil {
		return engine.VisitorInfo{}, s.fail
	}
	info := engine.VisitorInfo{
		Visitor: visitor, Verified: true, Since: at, Session: closedID, Sessions: 2, Ban: s.ban,
		Identity: &engine.Identity{Seq: 3, Attrs: []engine.Attr{{Name: "name", Value: engine.BodyOf("N. N."), Source: engine.SourceForm, Basis: engine.BasisConsent, At: at}}},
	}
	for _, one := range s.listed() {
		if one.Visitor == visitor && (&engine.SessionQuery{Departments: departments}).Wants(&one) {
			info.Last = append(info.Last, one)
		}
	}
	if info.Last == nil {
		return engine.VisitorInfo{}, engine.ErrNotFound
	}
	return info, nil
}

func (s *fakeSystem) StartFor(_ context.Context, _ engine.TenantID, visitor engine.VisitorID, d engine.Draft) (engine.Answer, error) {
	switch {
	case s.fail != nil:
		return engine.Answer{}, s.fail
	case visitor != visitorID:
		return engine.Answer{}, engine.ErrNotFound
	case s.ban.Holds(at):
		return engine.Answer{}, engine.ErrBanned.EndsAt(s.ban.Until)
	}
	s.start = d
	return engine.Answer{Session: sessionID, Seq: 1, At: at, Epoch: 1, State: engine.StateQueued}, nil
}

func (s *fakeSystem) Ban(_ context.Context, _ engine.TenantID, _ engine.VisitorID, order engine.BanOrder, key string) (engine.Ban, error) {
	if s.fail != nil {
		return engine.Ban{}, s.fail
	}
	if key == "used" {
		return engine.Ban{}, engine.ErrIdemConflict
	}
	made, refused := order.Over(s.ban, engine.Author{Kind: engine.AuthorIntegration}, at)
	if refused != nil {
		return engine.Ban{}, refused
	}
	s.ban = made
	return s.ban, nil
}

func (s *fakeSystem) BanOf(engine.TenantID, engine.VisitorID) (engine.Ban, error) {
	return s.ban, s.fail
}

// TestScopedListing: a token of one department lists, bans and starts nothing
// beyond it.
func TestScopedListing(t *testing.T) {
	b := newBed(t, 0)
	scoped := []string{"Authorization", "Bearer sales-of-acme", "Idempotency-Key", "k"}
	visitor := tenant + "/visitors/" + sessionID.String()
	list := func(query string) string {
		var got struct {
			Sessions []struct {
				Sid string `json:"sid"`
			} `json:"sessions"`
		}
		r := b.ask(t, "GET", tenant+"/sessions"+query, "", scoped...)
		if err := json.Unmarshal(r.body, &got); err != nil || r.status != 200 {
			t.Fatalf("%s: %d, %v", query, r.status, err)
		}
		var all []string
		for _, s := range got.Sessions {
			all = append(all, s.Sid)
		}
		return strings.Join(all, " ")
	}
	for query, want := range map[string]string{"": closedID.String(), "?department=sales": closedID.String(), "?department=help": "", "?state=active": "", "?department=none": ""} {
		if got := list(query); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
	if r := b.ask(t, "GET", visitor, "", scoped...); r.status != 200 || strings.Contains(string(r.body), sessionID.String()+`","visitor`) {
		t.Errorf("a visitor: got %d: %s", r.status, r.body)
	}
	if r := b.ask(t, "GET", tenant+"/visitors/"+foreignID.String()+"/ban", "", scoped...); r.status != 404 {
		t.Errorf("the ban of a visitor of no session there: got %d", r.status)
	}
	if r := b.ask(t, "PUT", visitor+"/ban", `{"days":1,"reason":"spam"}`, scoped...); r.status != 200 {
		t.Errorf("a ban: got %d", r.status)
	}
	b.system.ban.Department = "help"
	for body, status := range map[string]int{`{"days":1,"reason":"abuse"}`: 200, `{"days":9,"reason":"abuse"}`: 200} {
		if r := b.ask(t, "PUT", visitor+"/ban", body, scoped...); r.status != status {
			t.Errorf("another department's ban, prolonged: got %d, want %d", r.status, status)
		}
	}
	for bearer, status := range map[string]int{"sales": 403, "help": 200} {
		b.system.ban = engine.Ban{Until: at.Add(48 * time.Hour), Department: "help"}
		who := []string{"Authorization", "Bearer " + bearer + "-of-acme", "Idempotency-Key", "k"}
		if r := b.ask(t, "PUT", visitor+"/ban", `{"days":1,"reason":"abuse"}`, who...); r.status != status {
			t.Errorf("the ban of help, ended sooner by %s: got %d, want %d", bearer, r.status, status)
		}
		if r := b.ask(t, "DELETE", visitor+"/ban", "", who...); r.status != status {
			t.Errorf("the ban of help, lifted by %s: got %d, want %d", bearer, r.status, status)
		}
	}
	if r := b.ask(t, "POST", tenant+"/sessions", `{"visitor":"`+foreignID.String()+`","department":"sales"}`, scoped...); r.status != 404 || b.system.start.Op != 0 {
		t.Errorf("start for a visitor whom sales does not know: got %d", r.status)
	}
	for body, status := range map[string]int{
		`{"visitor":"` + sessionID.String() + `","department":"help"}`:  400,
		`{"visitor":"` + sessionID.String() + `","department":"sales"}`: 404, // it has one open in another
	} {
		if r := b.ask(t, "POST", tenant+"/sessions", body, scoped...); r.status != status {
			t.Errorf("start %s: got %d, want %d", body, r.status, status)
		}
	}
}

// TestListingQuery: what the parameters say is what is asked for.
func TestListingQuery(t *testing.T) {
	b := newBed(t, 0)
	path := tenant + "/sessions?state=open,closed&department=sales&operator=ada&tag=vip&visitor=" + sessionID.String() + "&from=2026-05-04T00:00:00Z&to=2026-05-05T00:00:00Z&limit=7&cursor=" + foreignID.String()
	if r := b.ask(t, "GET", path, ""); r.status != 200 {
		t.Fatalf("got %d: %s", r.status, r.body)
	}
	q := b.system.asked[0]
	from := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)
	if !slices.Equal(q.Departments, []engine.DepartmentID{"sales"}) || q.Operator != "ada" || q.Tag != "vip" || q.Visitor != visitorID || !q.From.Equal(from) ||
		!q.To.Equal(from.Add(24*time.Hour)) || q.Limit != 7 || q.Before != foreignID || len(q.States) != 8 || !slices.Contains(q.States, engine.StateUnattended) {
		t.Errorf("got %+v", q)
	}
	for _, query := range []string{"state=asleep", "state=open,", "visitor=x", "cursor=x", "from=today", "to=1", "limit=0", "limit=101", "department=No%20Such", "operator=a%20b", "tag=" + strings.Repeat("x", 65)} {
		name, _, _ := strings.Cut(query, "=")
		if r := b.ask(t, "GET", tenant+"/sessions?"+query, ""); r.status != 400 || !strings.Contains(string(r.body), `"fields":["`+name+`"]`) {
			t.Errorf("%s: got %d: %s", query, r.status, r.body)
		}
	}
	for range 20 { // in one order, always
		if r := b.ask(t, "GET", tenant+"/sessions?to=1&from=1&state=x", ""); !strings.Contains(string(r.body), `"fields":["state","from","to"]`) {
			t.Fatalf("several faults: got %s", r.body)
		}
	}
}

// TestTranscriptForms: lines of JSON, and a script in which nobody can forge a line.
func TestTranscriptForms(t *testing.T) {
	b := newBed(t, 0)
	r := b.ask(t, "GET", session(sessionID, "/transcript?format=jsonl&visibility=operators"), "")
	lines := strings.Split(strings.TrimSuffix(string(r.body), "\n"), "\n")
	if r.status != 200 || r.header.Get("Content-Type") != "application/jsonl" || len(lines) != len(entries()) {
		t.Errorf("got %d, %s, %d lines, want %d", r.status, r.header.Get("Content-Type"), len(lines), len(entries()))
	}
	for i, line := range lines {
		var event struct {
			Seq uint64 `json:"seq"`
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil || event.Seq != uint64(i+1) {
			t.Errorf("line %d: %v", i, err)
		}
	}
	r = b.ask(t, "GET", session(sessionID, "/transcript?format=text"), "")
	if r.status != 200 || !strings.HasPrefix(r.header.Get("Content-Type"), "text/plain") || !strings.Contains(string(r.body), "visitor: ") {
		t.Errorf("got %d, %s: %s", r.status, r.header.Get("Content-Type"), r.body)
	}
	for line := range strings.Lines(string(r.body)) {
		if !strings.HasPrefix(line, "2026-") && !strings.HasPrefix(line, "    ") {
			t.Errorf("a line begins with what somebody typed: %q", line)
		}
	}
	if again := b.ask(t, "GET", session(sessionID, "/transcript?format=text"), "", "If-None-Match", r.header.Get("ETag")); again.status != 304 {
		t.Errorf("again: got %d", again.status)
	}
}
