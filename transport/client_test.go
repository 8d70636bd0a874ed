package transport

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/client"
)

func TestClientVerbs(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		r := serve(t, o)
		visitor, ada := r.visitor(), r.operator("ada")
		sid := r.board.session
		ctx := soon(t)
		for name, verb := range map[string]func() (client.Result, error){
			"start":  func() (client.Result, error) { return visitor.Start(ctx, "sales", "hello") },
			"send":   func() (client.Result, error) { return visitor.Send(ctx, sid, "hello") },
			"accept": func() (client.Result, error) { return ada.Accept(ctx, sid, 3, 1) },
			"reject": func() (client.Result, error) { return ada.Reject(ctx, sid, 3, 1) },
			"close":  func() (client.Result, error) { return ada.CloseSession(ctx, sid) },
		} {
			if got, err := verb(); err != nil || got.Session != sid {
				t.Errorf("%s: got %+v, %v", name, got, err)
			}
		}
		if err := errors.Join(ada.MarkRead(ctx, sid, 1), ada.SetIntent(ctx, engine.IntentPaused)); err != nil {
			t.Error(err)
		}
		if _, more, err := visitor.History(ctx, sid, 0, 10); err != nil || more {
			t.Errorf("history: more=%v, %v", more, err)
		}
		next(t, visitor, "evt", "message.new")
		if have := visitor.Have(); len(have) != 1 || have[0] != (engine.Have{Session: sid, Seq: 1}) {
			t.Errorf("have: got %v", have)
		}
		if err := visitor.Close(); err != nil {
			t.Error(err)
		}
		if _, err := visitor.Send(ctx, sid, "x"); err == nil {
			t.Error("sent after Close")
		}
	})
}

// What was held before goes to the engine with the next auth.
func TestClientHave(t *testing.T) {
	r := serve(t, Options{})
	have := []engine.Have{{Session: r.board.session, Seq: 7}}
	r.dial(client.DialVisitor, client.Options{Origin: testOrigin, Token: "old", Have: have})
	r.board.mu.Lock()
	defer r.board.mu.Unlock()
	if v := r.board.visits[0]; len(v.Have) != 1 || v.Have[0] != have[0] || v.Token != "old" || v.Origin != testOrigin {
		t.Errorf("got %+v", v)
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	r := serve(t, Options{})
	r.board.mu.Lock() // Visit waits
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	_, err := client.DialVisitor(ctx, client.Options{Addr: r.addr, Tenant: "acme", Origin: testOrigin})
	r.board.mu.Unlock()
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
}
