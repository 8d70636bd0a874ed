package session_test

import (
	"testing"

	"github.com/parleyhq/parley/engine"
)

// A server of the tenant's hands a session on as its owner could, and forces nobody.
func TestAServerTransfers(t *testing.T) {
	l := newLife(t)
	l.owned()
	plan := toBob()
	plan.Force = true
	l.bad(engine.ErrForbidden, server, engine.Draft{Op: engine.OpTransfer, Plan: plan})
	l.bad(engine.ErrStaleEpoch, server, engine.Draft{Op: engine.OpTransfer, Epoch: l.s.Row().Epoch + 1, Plan: toBob()})
	a := l.good(server, engine.Draft{Op: engine.OpTransfer, ClientID: "x", Plan: toBob(), Body: engine.BodyOf("wants a refund")})
	if e := l.log[a.Seq-1]; e.Kind != engine.KindTransferStarted || e.Author != server || e.IsVisible(engine.VisibleToAll) {
		t.Fatalf("the answer names %v", e)
	}
	if note := l.log[a.Seq-2]; note.Author != server || note.IsVisible(engine.VisibleToAll) {
		t.Fatalf("the note is %v", note)
	}
	if again := l.good(server, engine.Draft{Op: engine.OpTransfer, ClientID: "x", Plan: toBob()}); again.Seq != a.Seq {
		t.Fatalf("again: got %d, want %d", again.Seq, a.Seq)
	}
	l.bad(engine.ErrTransferPending, server, engine.Draft{Op: engine.OpTransfer, Plan: toBob()})
	l.bad(engine.ErrForbidden, visitor, engine.Draft{Op: engine.OpTransfer, Plan: toBob()})
	l.good(operator("bob"), engine.Draft{Op: engine.OpAccept, Offer: l.transferOffer("bob")})
	l.is(engine.StateActive, "bob")
}
