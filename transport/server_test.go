package transport

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/client"
	"github.com/parleyhq/parley/transport/wire"
)

func TestTwoPeopleTalk(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		r := serve(t, o)
		visitor, ada := r.visitor(), r.operator("ada")
		if visitor.Welcome.Token != "token" || ada.Welcome.Operator.Name != "Ada Lovelace" || ada.Welcome.Me == nil || ada.Welcome.Limits.PingSeconds != 20 {
			t.Fatalf("hello: got %+v and %+v", visitor.Welcome, ada.Welcome)
		}
		for i := range 20 {
			said, err := visitor.Send(soon(t), r.board.session, strings.Repeat("ä", 1+i*100))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []*client.Client{visitor, ada} {
				if e := next(t, c, "evt", "message.new"); e.Seq != said.Seq || e.By.Kind != "visitor" {
					t.Fatalf("got %+v, want seq %d by the visitor", e, said.Seq)
				}
			}
		}
		if have := ada.Have(); len(have) != 1 || have[0].Seq != 20 {
			t.Errorf("have: got %v", have)
		}
		if err := visitor.Typing(r.board.session, true); err != nil {
			t.Fatal(err)
		}
		eventually(t, "typing is passed on", func() bool {
			r.board.mu.Lock()
			defer r.board.mu.Unlock()
			return len(r.board.signals) == 1 && r.board.signals[0] == engine.Signal(engine.Typing{Session: r.board.session, On: true})
		})
	})
}

// Names are not in events: a people frame comes before the first event that
// names somebody new to the connection, once.
func TestPeopleAreIntroducedOnce(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		r := serve(t, o)
		visitor := r.visitor()
		ada := engine.Author{Kind: engine.AuthorOperator, Operator: "ada"}
		r.board.say(ada, "one")
		r.board.say(ada, "two")
		r.board.say(engine.Author{Kind: engine.AuthorOperator, Operator: "grace"}, "three")
		r.board.say(engine.Author{Kind: engine.AuthorOperator, Operator: "erased"}, "four")
		var got []string
		for len(got) < 6 {
			select {
			case f := <-visitor.Frames():
				got = append(got, f.Kind+"."+f.Type+"."+f.By.ID+peopleOf(t, f))
			case <-soon(t).Done():
				t.Fatalf("got only %q", got)
			}
		}
		want := "eph.people.Ada Lovelace evt.message.new.ada evt.message.new.ada eph.people.Grace Hopper evt.message.new.grace evt.message.new.erased"
		if strings.Join(got, " ") != want {
			t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
		}
	})
}

func peopleOf(t *testing.T, f *wire.Server) string {
	var d wire.Data
	if err := f.Read(&d); err != nil {
		t.Fatal(err)
	}
	if len(d.People) == 0 {
		return ""
	}
	return d.People[0].Name
}

func TestRefusedRequests(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		r := serve(t, o)
		visitor := r.visitor()
		sid := r.board.session
		for _, tt := range []struct {
			name  string
			draft engine.Draft
			want  error
		}{
			{"an operator's verb", engine.Draft{Op: engine.OpAccept, Session: sid, Offer: 1, Epoch: 1}, engine.ErrForbidden},
			{"too large", engine.Draft{Op: engine.OpMessage, Session: sid, ClientID: "k", Body: engine.BodyOf(strings.Repeat("x", 8193))}, engine.ErrTooLarge},
			{"no key", engine.Draft{Op: engine.OpMessage, Session: sid, Body: engine.BodyOf("x")}, engine.ErrBadRequest},
		} {
			if _, err := visitor.Do(soon(t), tt.draft); !errors.Is(err, tt.want) {
				t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
			}
		}
		r.board.mu.Lock()
		r.board.busy = true
		r.board.mu.Unlock()
		_, err := visitor.Send(soon(t), sid, "x")
		var refusal *engine.Error
		if !errors.As(err, &refusal) || refusal.Code != "unavailable" || refusal.Retry != 250*time.Millisecond {
			t.Errorf("busy: got %v", err)
		}
		operator := r.operator("ada")
		if _, err := operator.Start(soon(t), "", ""); !errors.Is(err, engine.ErrForbidden) {
			t.Errorf("a visitor's verb: got %v", err)
		}
	})
}

func TestAuthRefusals(t *testing.T) {
	sign := func(r *rig) string { return r.token("ada") }
	for _, tt := range []struct {
		name   string
		side   func(context.Context, client.Options) (*client.Client, error)
		o      client.Options
		token  func(*rig) string
		refuse error
		want   error
	}{
		{"unknown tenant", client.DialVisitor, client.Options{Tenant: "nobody", Origin: testOrigin}, nil, nil, engine.ErrTenantUnknown},
		{"bad token", client.DialOperator, client.Options{Token: "a.b.c"}, nil, nil, engine.ErrAuthInvalid},
		{"token of another tenant", client.DialOperator, client.Options{Tenant: "slow"}, sign, nil, engine.ErrAuthInvalid},
		{"no token", client.DialOperator, client.Options{}, nil, nil, engine.ErrBadRequest},
		{"visitor refused by the board", client.DialVisitor, client.Options{Origin: testOrigin, Token: "old"}, nil, engine.ErrAuthExpired, engine.ErrAuthExpired},
		{"too many", client.DialVisitor, client.Options{Origin: testOrigin}, nil, engine.ErrTooManyConnections, engine.ErrTooManyConnections},
		{"busy", client.DialVisitor, client.Options{Origin: testOrigin}, nil, engine.ErrBusy, engine.ErrBusy},
		{"a failure", client.DialVisitor, client.Options{Origin: testOrigin}, nil, errors.New("canary-7f3a"), engine.ErrInternal},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := serve(t, Options{})
			r.board.refuse = tt.refuse
			tt.o.Addr = r.addr
			if tt.o.Tenant == "" {
				tt.o.Tenant = "acme"
			}
			if tt.token != nil {
				tt.o.Token = tt.token(r)
			}
			_, err := tt.side(soon(t), tt.o)
			if !errors.Is(err, tt.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if n := r.metric("parley_auth_refused_total"); n != 1 {
				t.Errorf("metric: got %v, want 1", n)
			}
		})
	}
}

// Cross-site WebSocket hijacking: nobody's page but the tenant's connects.
func TestOrigins(t *testing.T) {
	for _, tt := range []struct {
		origin            string
		visitor, operator bool
	}{
		{testOrigin, true, true},
		{"HTTPS://SHOP.example", true, true}, // scheme and host compare in lower case
		{"http://127.0.0.1:7000", true, true},
		{"", false, true}, // native programs
		{"null", false, false},
		{"http://shop.example", false, false},
		{"https://shop.example:443", false, false},
		{"https://shop.example:8443", false, false},
		{"https://shop.example.evil.com", false, false},
		{"https://evilshop.example", false, false},
		{"https://a.shop.example", false, false},
		{"https://shop.example@evil.com", false, false},
		{"https://shop.example/", false, false},
		{"https://shop.example, https://evil.com", false, false},
		{"http://127.0.0.1", false, false},
		{"file://", false, false},
		{"http://parley", false, false}, // this server's own pages, unless SelfOrigin says so
	} {
		t.Run(tt.origin, func(t *testing.T) {
			r := serve(t, Options{})
			_, err := client.DialVisitor(soon(t), client.Options{Addr: r.addr, Tenant: "acme", Origin: tt.origin})
			if got := err == nil; got != tt.visitor {
				t.Errorf("visitor: got %v, want seated=%v", err, tt.visitor)
			}
			if err != nil && !errors.Is(err, engine.ErrOriginNotAllowed) {
				t.Errorf("visitor: got %v, want %v", err, engine.ErrOriginNotAllowed)
			}
			_, err = client.DialOperator(soon(t), client.Options{Addr: r.addr, Tenant: "acme", Origin: tt.origin, Token: r.token("ada")})
			if got := err == nil; got != tt.operator {
				t.Errorf("operator: got %v, want seated=%v", err, tt.operator)
			}
		})
	}
}

func TestSelfOrigin(t *testing.T) {
	r := serve(t, Options{SelfOrigin: true})
	r.dial(client.DialVisitor, client.Options{Origin: "http://" + r.addr})
	_, err := client.DialVisitor(soon(t), client.Options{Addr: r.addr, Tenant: "acme", Origin: "https://" + r.addr})
	if !errors.Is(err, engine.ErrOriginNotAllowed) {
		t.Errorf("another scheme: got %v, want %v", err, engine.ErrOriginNotAllowed)
	}
}

func TestFirstFrameMustBeAuth(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		for _, tt := range []struct {
			name, text, code string
			want             int
		}{
			{"another request", `{"k":"req","id":"x","op":"read.mark","d":{"sid":"01JTDKRQGG000000000000001A","seq":1}}`, "auth_required", 4500},
			{"rubbish", `hello`, "bad_frame", 4505},
			{"auth without fields", `{"k":"req","id":"x","op":"auth"}`, "bad_request", 4505},
		} {
			r := serve(t, o)
			c := r.raw()
			c.text(tt.text)
			if _, payload := c.frame(); !strings.Contains(string(payload), tt.code) {
				t.Errorf("%s: got %s, want %s", tt.name, payload, tt.code)
			}
			if code, bye := c.closed(); code != tt.want || bye == "" {
				t.Errorf("%s: got %d %q, want %d", tt.name, code, bye, tt.want)
			}
		}
	})
}

// A client of another version is told in frames, which a browser can see.
func TestUnsupportedVersion(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		r := serve(t, o)
		c := r.tcp()
		c.say([]byte(strings.Replace(handshakeHead, "parley.v1+json", "chat, parley.v9+cbor", 1) + "Origin: " + testOrigin + "\r\n\r\n"))
		if head := c.head(); !strings.Contains(head, "101") || !strings.Contains(head, "parley.v9+cbor") {
			t.Fatalf("got %q", head)
		}
		c.text(`{"k":"req","id":"a","op":"auth","d":{"tenant":"acme","anonymous":true}}`)
		if code, bye := c.closed(); code != 4507 || !strings.Contains(bye, "unsupported_version") {
			t.Errorf("got %d %s", code, bye)
		}
		if len(r.board.visits) != 0 {
			t.Error("it was seated")
		}
	})
}
