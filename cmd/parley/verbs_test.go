package main

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
	"github.com/parleyhq/parley/transport/client"
)

// verbsHouse has two operators, of whom grace may supervise, and time for notes.
func verbsHouse(t *testing.T) *house {
	t.Helper()
	tenants, err := engine.NewTenants(&engine.Tenant{
		ID: "acme", Transcripts: true, Origins: []string{identityOrigin},
		Departments: []engine.Department{
			{ID: "sales", Name: "Sales", WrapUp: time.Minute, RatingWindow: time.Hour, Strategy: engine.Manual},
			{ID: "help", Name: "Help", Strategy: engine.Manual, UnattendedFor: time.Hour},
		},
		Operators: []engine.Operator{{ID: "ada", MayPick: true}, {ID: "grace"}},
		Keys:      []engine.TokenKey{{Algorithm: "HS256", Secret: engine.BodyOf(operatorsSecret)}},
	})
	must(t, err)
	h := &house{t: t, parts: testParts(t, tenants)}
	h.stack, err = startStack(h.parts)
	must(t, err)
	t.Cleanup(h.close)
	return h
}

// TestClientVerbs walks a chat through every verb of the Go client, against a whole
// server.
func TestClientVerbs(t *testing.T) {
	h := verbsHouse(t)
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	ada, err := h.operator(ctx, h.token(auth.Claims{Operator: "ada"}))
	must(t, err)
	grace, err := h.operator(ctx, h.token(auth.Claims{Operator: "grace", Roles: []engine.Role{engine.RoleSupervisor}}))
	must(t, err)
	for _, c := range []*client.Client{ada, grace} {
		must(t, c.SetIntent(ctx, engine.IntentAccepting))
		must(t, c.SetAway(ctx, false))
	}
	guest := h.visitor(ctx, "", "")
	list, err := guest.Departments(ctx)
	must(t, err)
	if len(list) != 2 || list[0].ID != "sales" || list[0].Name != "Sales" || list[0].Status == "" {
		t.Fatalf("departments: got %+v", list)
	}
	started, err := guest.Start(ctx, "sales", "hello")
	must(t, err)
	s := started.Session
	step := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}

	_, err = grace.LeaveSession(ctx, s)
	refused(t, "leaving what nobody joined", err, engine.ErrNotFound)
	got, err := untilReady(ctx, func() (client.Result, error) { return ada.Pick(ctx, s, 0, false) })
	step("pick", err)
	_, err = grace.Join(ctx, s, engine.PartWhisper, false)
	step("join", err)
	_, err = grace.Note(ctx, s, "be kind")
	step("whisper", err)
	_, err = grace.LeaveSession(ctx, s)
	step("leave", err)
	priority := 3
	_, err = ada.Set(ctx, s, engine.Plan{Priority: &priority, Tags: []string{"parcel"}})
	step("set", err)
	_, err = ada.Transfer(ctx, s, got.Epoch, engine.Plan{Target: engine.Target{Operator: "grace"}}, "knows parcels")
	step("transfer", err)
	_, err = ada.CancelTransfer(ctx, s)
	step("cancel", err)
	taken, err := untilReady(ctx, func() (client.Result, error) { return grace.TakeOver(ctx, s, 0, false) })
	step("take over", err)
	_, err = grace.Release(ctx, s, taken.Epoch, "help", "wants help")
	step("release", err)
	_, err = untilReady(ctx, func() (client.Result, error) { return ada.Pick(ctx, s, 0, false) })
	step("pick again", err)
	_, err = ada.Send(ctx, s, "good day")
	step("send", err)
	x, err := ada.Explain(ctx, s, 0, "grace")
	step("explain", err)
	if len(x.Decisions) < 2 || x.Decisions[0].Operator != "ada" || x.Decisions[0].Why.Rule == "" || x.Why == nil || x.Why.Reason == "" {
		t.Errorf("explain: got %+v", x)
	}
	_, err = guest.HandOff(ctx, s, engine.Plan{}, "")
	refused(t, "handing a person's chat off", err, engine.ErrForbidden)
	_, err = ada.CloseWith(ctx, s, engine.Plan{Tags: []string{"solved"}})
	step("close", err)
	_, err = guest.Rate(ctx, s, 5, "thank you")
	step("rate", err)
	_, err = ada.AddNote(ctx, s, "was kind")
	step("note", err)

	again, err := guest.Continue(ctx, s, "help", "one more thing")
	step("continue", err)
	if again.Session == s {
		t.Error("continue: got the same session")
	}
	_, err = guest.LeaveQueue(ctx, again.Session, true)
	step("leave the queue", err)
	must(t, grace.ChangeIntent(ctx, client.IntentChange{Intent: engine.IntentPaused, Until: time.Now().Add(time.Hour), For: "ada"}))
	err = ada.ChangeIntent(ctx, client.IntentChange{Intent: engine.IntentPaused, For: "grace"})
	refused(t, "pausing somebody else", err, engine.ErrForbidden)
}

// TestClientWrapUp extends and ends the time for notes, and asks what is held.
func TestClientWrapUp(t *testing.T) {
	h := verbsHouse(t)
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	ada, err := h.operator(ctx, h.token(auth.Claims{Operator: "ada"}))
	must(t, err)
	must(t, ada.SetIntent(ctx, engine.IntentAccepting))
	guest := h.visitor(ctx, "", "")
	started, err := guest.Start(ctx, "sales", "hello")
	must(t, err)
	s := started.Session
	_, err = guest.Identify(ctx, s, engine.IdentityChange{Basis: engine.BasisConsent, Set: []engine.Attr{{Name: "email", Value: engine.BodyOf("v@shop.example")}}})
	must(t, err)
	held, err := guest.Identity(ctx, s)
	must(t, err)
	if len(held) != 1 || held[0].Name != "email" || held[0].Verified || held[0].Basis != "consent" {
		t.Errorf("identity: got %d values", len(held))
	}
	_, err = untilReady(ctx, func() (client.Result, error) { return ada.Pick(ctx, s, 0, false) })
	must(t, err)
	_, err = ada.ExtendWrapUp(ctx, s)
	if err == nil {
		t.Error("extend before the end: got no error")
	}
	_, err = ada.CloseSession(ctx, s)
	must(t, err)
	_, err = ada.ExtendWrapUp(ctx, s)
	must(t, err)
	_, err = ada.EndWrapUp(ctx, s)
	must(t, err)
	_, err = ada.EndWrapUp(ctx, s)
	if err == nil {
		t.Error("ended twice under two keys: got no error")
	}
}

// TestClientWatches asks where a chat could go, watches, and bans, against a whole
// server.
func TestClientWatches(t *testing.T) {
	h := verbsHouse(t)
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	ada, err := h.operator(ctx, h.token(auth.Claims{Operator: "ada"}))
	must(t, err)
	grace, err := h.operator(ctx, h.token(auth.Claims{Operator: "grace", Roles: []engine.Role{engine.RoleSupervisor}}))
	must(t, err)
	must(t, ada.ChangeIntent(ctx, client.IntentChange{Intent: engine.IntentAccepting, Reason: "back"}))
	guest := h.visitor(ctx, "", "")
	started, err := guest.Start(ctx, "sales", "hello")
	must(t, err)
	s := started.Session
	_, err = untilReady(ctx, func() (client.Result, error) { return ada.Pick(ctx, s, 0, false) })
	must(t, err)

	board, people := engine.Topic{Kind: engine.TopicBoard, Department: "sales"}, engine.Topic{Kind: engine.TopicOperators}
	all, err := grace.Watch(ctx, board, people)
	must(t, err)
	if !slices.Contains(all, "board:sales") || !slices.Contains(all, "operators") {
		t.Errorf("watch: got %q", all)
	}
	for seen := map[string]bool{}; !seen["board"] || !seen["operators"]; {
		select {
		case frame := <-grace.Frames():
			seen[frame.Watch] = seen[frame.Watch] || frame.Kind == "watch"
		case <-ctx.Done():
			t.Fatalf("watch: got %v", seen)
		}
	}
	_, err = ada.Watch(ctx, people)
	refused(t, "watching operators without the right", err, engine.ErrForbidden)
	all, err = grace.Unwatch(ctx, board)
	must(t, err)
	if slices.Contains(all, "board:sales") {
		t.Errorf("unwatch: got %q", all)
	}

	must(t, grace.SetIntent(ctx, engine.IntentPaused))
	for { // the router hears of it a little later
		targets, err := ada.TransferTargets(ctx, s)
		must(t, err)
		at := slices.IndexFunc(targets, func(one client.Target) bool { return one.Kind == "operator" && one.ID == "grace" })
		if at >= 0 && !targets[at].Routable && targets[at].Reason == "not_routable" && targets[at].Load != nil && targets[at].Load.Capacity > 0 {
			break
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("targets: got %+v, want grace, who takes no chats", targets)
		}
	}

	err = ada.BanVisitor(ctx, s, engine.BanOrder{Days: 1, Reason: engine.BanSpam})
	refused(t, "a ban by who does not supervise", err, engine.ErrForbidden)
	must(t, grace.BanVisitor(ctx, s, engine.BanOrder{Days: 1, Reason: engine.BanSpam}))
	known, err := grace.Visitor(ctx, s)
	must(t, err)
	if known.Sessions != 1 || known.Banned == nil || known.Banned.Reason != "spam" || time.Until(known.Banned.Until) < 23*time.Hour {
		t.Errorf("visitor: got %+v", known)
	}
	_, err = guest.Send(ctx, s, "more")
	if err == nil {
		t.Error("a banned visitor writes: got no error")
	}
}

// untilReady asks again while the router does not yet know what it must.
func untilReady(ctx context.Context, ask func() (client.Result, error)) (client.Result, error) {
	for {
		got, err := ask()
		var said *engine.Error
		if err == nil || !errors.As(err, &said) || said.Code != engine.ErrCapacityExceeded.Code && said.Code != engine.ErrBusy.Code {
			return got, err
		}
		select {
		case <-ctx.Done():
			return got, err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func refused(t *testing.T, what string, err error, want *engine.Error) {
	t.Helper()
	var got *engine.Error
	if !errors.As(err, &got) || got.Code != want.Code {
		t.Errorf("%s: got %v, want %s", what, err, want.Code)
	}
}
