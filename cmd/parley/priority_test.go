package main

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/parleyhq/parley/transport/auth"
)

// TestPriorityIsSigned: a visitor states a priority, and needs that no step drops, if
// its signed token says that it may; nobody else does, and a newer token without it
// takes it back.
func TestPriorityIsSigned(t *testing.T) {
	h := openHouse(t)
	proof := func(subject string, priority any) string {
		c := jwt.MapClaims{"sub": subject, "aud": "acme", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
		if priority != nil {
			c["priority"] = priority
		}
		text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString([]byte(visitorsSecret))
		must(t, err)
		return text
	}
	signed, err := auth.SignVisitor([]byte(visitorsSecret), "", auth.VisitorClaims{Tenant: "acme", Subject: "u9", Issued: time.Now(), Priority: true})
	must(t, err)
	enter := func(word string) *socket {
		s := dialSocket(t, h.parts.listeners.public.Addr().String(), "visitor", identityOrigin)
		d := map[string]any{"tenant": "acme", "anonymous": true}
		if word != "" {
			d["jwt"] = word
		}
		s.ok("auth", d)
		return s
	}
	urgent := map[string]any{"department": "sales", "priority": 5, "weight": 2500, "skills": []any{map[string]any{"skill": "gold", "hard": true}}, "idem": "s1"}
	for name, c := range map[string]struct{ word, code string }{
		"anonymous":              {"", "forbidden"},
		"proven":                 {proof("u1", nil), "forbidden"},
		"proven, said otherwise": {proof("u2", false), "forbidden"},
		"proven, said as a text": {proof("u3", "true"), "forbidden"},
		"proven, said as a 1":    {proof("u4", 1), "forbidden"},
		"whose token allows it":  {proof("u5", true), ""},
		"whose token we made":    {signed, ""},
	} {
		if got := enter(c.word).code("session.start", urgent); got != c.code {
			t.Errorf("%s: got %q, want %q", name, got, c.code)
		}
	}
	s := enter(proof("u6", true))
	s.ok("auth.refresh", map[string]any{"token": proof("u6", nil)})
	if got := s.code("session.start", urgent); got != "forbidden" {
		t.Errorf("after a token that does not allow it: got %q", got)
	}
	s.ok("auth.refresh", map[string]any{"token": proof("u6", true)})
	for field, value := range map[string]any{"priority": 11, "weight": 5001, "skills": []any{map[string]any{"level": 3}}, "department": "No Such"} {
		bad := map[string]any{"idem": "s2", field: value}
		e, _ := s.result("session.start", bad)["e"].(map[string]any)
		if fields, _ := e["fields"].([]any); e["code"] != "bad_request" || len(fields) != 1 || fields[0] != field {
			t.Errorf("a bad %s: got %v", field, e)
		}
	}
	if got := s.code("session.start", urgent); got != "" {
		t.Errorf("after a token that allows it again: got %q", got)
	}
}
