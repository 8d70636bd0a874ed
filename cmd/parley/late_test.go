package main

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
)

// answers is an outlet that keeps answers and nothing else.
type answers chan engine.Answer

func (answers) Deliver(*engine.Entry) bool { return true }

func (answers) Notify(engine.Signal) bool { return true }

func (answers) Close(engine.Reason) {}

func (a answers) Answer(answer engine.Answer) bool {
	a <- answer
	return true
}

// TestLatePostIsAnswered posts to a session the very moment its close was
// acknowledged, while its actor ends: the post is refused, never left waiting.
func TestLatePostIsAnswered(t *testing.T) {
	tenants := oneTenant(t)
	s, err := startStack(testParts(t, tenants))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	defer func() {
		if err := s.stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	}()
	tenant, _ := tenants.Tenant(demoTenant)
	for round := range 200 {
		out := make(answers, 8)
		seat, err := s.system.Visit(ctx, engine.Visit{Request: "a", Tenant: tenant, Origin: "http://localhost"}, out)
		if err != nil {
			t.Fatal(err)
		}
		<-out
		if refusal := seat.Post(engine.Draft{Op: engine.OpStart, Request: "s", ClientID: "s" + strconv.Itoa(round), Body: engine.BodyOf("hi")}); refusal != nil {
			t.Fatal(refusal)
		}
		ref := engine.SessionRef{Tenant: tenant.ID, Session: (<-out).Session}
		server := engine.Author{Kind: engine.AuthorIntegration}
		if _, err := s.system.PostAs(ctx, ref, server, engine.Draft{Op: engine.OpClose, ClientID: "c"}); err != nil {
			t.Fatalf("close: %v", err)
		}
		soon, stop := context.WithTimeout(ctx, 5*time.Second)
		_, err = s.system.PostAs(soon, ref, server, engine.Draft{Op: engine.OpMessage, ClientID: "m", Body: engine.BodyOf("late")})
		stop()
		if !errors.Is(err, engine.ErrClosed) {
			t.Fatalf("round %d: a late post: got %v, want %v", round, err, engine.ErrClosed)
		}
		seat.Leave()
	}
}
