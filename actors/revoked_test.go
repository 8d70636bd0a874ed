package actors

import (
	"context"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
)

// TestRevokedVisitorStaysOut: what it was given or signed before is refused at the
// door, on its open socket and after a restart; what is newer is good.
func TestRevokedVisitorStaysOut(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visit := func(v engine.Visit) error {
			v.Request, v.Tenant, v.Origin = "hi", w.tenant, origin
			seat, err := w.sys.Visit(context.Background(), v, newScreen())
			if err == nil {
				seat.Leave()
			}
			return err
		}
		before := time.Now()
		anonymous, proven, other := w.visitor(""), w.proven("u1", ""), w.visitor("")
		anonymous.start("hello")
		for _, p := range []*person{anonymous, proven} {
			if err := w.sys.RevokeVisitor(context.Background(), "demo", p.welcome(t).Visitor); err != nil {
				t.Fatal(err)
			}
		}
		if err := anonymous.seat.Post(engine.Draft{Op: engine.OpMessage, Session: anonymous.id, ClientID: "k", Body: engine.BodyOf("x")}); !errors.Is(err, engine.ErrForbidden) {
			t.Errorf("on the open socket: got %v", err)
		}
		old := []byte{passAnonymousOld}
		id := anonymous.welcome(t).Visitor
		old = append(append(append(old, id[:]...), 0, 0, 0, 0x7f, 0, 0, 0, 0), origin...)
		until := time.Now().Add(time.Hour)
		check := func(when string) {
			t.Helper()
			for name, v := range map[string]engine.Visit{
				"its token":               {Token: anonymous.token},
				"its token as proven":     {Token: proven.token},
				"a token of before":       {Token: "demo." + base64.RawURLEncoding.EncodeToString(old)},
				"a proof of before":       {Subject: "u1", Until: until, Issued: before},
				"a proof without its day": {Subject: "u1", Until: until},
			} {
				if err := visit(v); !errors.Is(err, engine.ErrAuthInvalid) || engine.DenialOf(err) != engine.DenialRevoked {
					t.Errorf("%s: %s: got %v", when, name, err)
				}
			}
			if err := visit(engine.Visit{Token: other.token}); err != nil {
				t.Errorf("%s: somebody else: %v", when, err)
			}
		}
		check("at once")
		time.Sleep(time.Second)
		fresh := engine.Visit{Subject: "u1", Until: until, Issued: time.Now()}
		if err := visit(fresh); err != nil {
			t.Errorf("a newer proof: %v", err)
		}
		w.stop()
		w.start(Config{Store: w.store})
		check("after a restart")
		if err := visit(fresh); err != nil {
			t.Errorf("a newer proof after a restart: %v", err)
		}
		w.stop()
		time.Sleep(31 * 24 * time.Hour)
		w.start(Config{Store: w.store})
		if at := w.store.revocations[id]; !at.IsZero() {
			t.Error("it is kept beyond the last token of before")
		}
	})
}

// TestRevokedAdmin: REST asks the same question as the sockets.
func TestRevokedAdmin(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		p := engine.Principal{Operator: "ada", Issued: time.Now(), Expires: time.Now().Add(time.Hour)}
		if w.sys.Revoked("demo", p) {
			t.Error("before: refused")
		}
		w.revoke("ada", "k")
		for name, bad := range map[string]bool{
			"of before": w.sys.Revoked("demo", p), "undated": w.sys.Revoked("demo", engine.Principal{Operator: "ada"}),
			"nowhere": w.sys.Revoked("none", engine.Principal{Operator: "ada"}),
		} {
			if !bad {
				t.Errorf("%s: accepted", name)
			}
		}
		p.Issued = time.Now().Add(time.Second)
		if w.sys.Revoked("demo", p) || w.sys.Revoked("demo", engine.Principal{Operator: "grace"}) {
			t.Error("a newer token, or somebody else's, is refused")
		}
	})
}
