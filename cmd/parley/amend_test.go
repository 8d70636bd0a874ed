package main

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport"
	"github.com/parleyhq/parley/transport/client"
	"github.com/parleyhq/parley/transport/wire"
)

// TestTakenBack: what a visitor removes is in no answer and no replay any more,
// for itself and for everybody else.
func TestTakenBack(t *testing.T) {
	d := newDoorstep(t, transport.Options{})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	dial := func(token string) *client.Client {
		c, err := client.DialVisitor(ctx, client.Options{Addr: d.addr, Tenant: "acme", Origin: shopOrigin, Token: token})
		must(t, err)
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	visitor := dial("")
	started, err := visitor.Start(ctx, "", "hello")
	must(t, err)
	secret, err := visitor.Send(ctx, started.Session, "my card is 4711")
	must(t, err)
	first, err := visitor.Redact(ctx, started.Session, secret.Seq)
	must(t, err)
	again, err := visitor.Redact(ctx, started.Session, secret.Seq)
	must(t, err)
	if again.Seq != first.Seq {
		t.Errorf("removed again: got event %d, want %d", again.Seq, first.Seq)
	}
	if _, err := visitor.Edit(ctx, started.Session, secret.Seq, "x"); !errors.Is(err, engine.ErrForbidden) {
		t.Errorf("a visitor edits: got %v, want %v", err, engine.ErrForbidden)
	}
	events, _, err := visitor.History(ctx, started.Session, 0, 0)
	must(t, err)
	wantRemoved(t, "history", events, secret.Seq)

	var replayed []*wire.Server
	for frame := range dial(visitor.Welcome.Token).Frames() {
		if frame.Kind == "evt" {
			replayed = append(replayed, frame)
		}
		if frame.Seq == first.Seq {
			break
		}
	}
	wantRemoved(t, "a replay", replayed, secret.Seq)
}

func wantRemoved(t *testing.T, where string, events []*wire.Server, seq engine.Seq) {
	t.Helper()
	found := false
	for _, e := range events {
		if bytes.Contains(e.Data, []byte("4711")) {
			t.Errorf("%s: event %d still holds the text", where, e.Seq)
		}
		var data wire.Data
		must(t, e.Read(&data))
		if e.Seq == seq {
			found = e.Type == "message.new" && data.Body.Type == "redacted"
		}
	}
	if !found {
		t.Errorf("%s: no event %d whose body was removed", where, seq)
	}
}
