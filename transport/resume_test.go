package transport

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/client"
	"github.com/parleyhq/parley/transport/internal/rfc6455"
	"github.com/parleyhq/parley/transport/wire"
)

// A resume token never grants anything: what is wrong with it is told, and the
// connection goes on as without it.
func TestResumeTokens(t *testing.T) {
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return at }
	r := serve(t, Options{Clock: clock})
	s, mine := r.server, engine.VisitorID{15: 1}.String()
	who := engine.VisitorID{15: 1}
	place := []engine.Have{{Session: r.board.session, Seq: 7}}
	seal := func(at side, tenant engine.TenantID, who string) string { return s.sealResume(at, tenant, who, place) }
	good := seal(visitorSide, "acme", string(who[:]))
	old := good
	mu.Lock()
	at = at.Add(10 * time.Minute)
	mu.Unlock()
	good = seal(visitorSide, "acme", string(who[:]))
	raw := func(claims string) string {
		token, _ := s.options.Tokens.SealToken("acme", []byte(claims))
		return token
	}
	other := newOwnTokens()
	foreign, _ := other.SealToken("acme", []byte("R"))
	stranger := engine.VisitorID{15: 2}
	for _, tt := range []struct {
		name, token, want string
		resumes           bool // the board is told of it
	}{
		{"none", "", "", false},
		{"good", good, resumeOK, true},
		{"expired to the second", old, resumeExpired, false},
		{"somebody else's", seal(visitorSide, "acme", string(stranger[:])), resumeInvalid, true}, // the board compares, and so does the hello
		{"another tenant's", seal(visitorSide, "slow", string(who[:])), resumeInvalid, false},
		{"an operator's", seal(operatorSide, "acme", "ada"), resumeInvalid, false},
		{"an operator's name of a visitor's length, for a visitor", seal(operatorSide, "acme", string(who[:])), resumeInvalid, false},
		{"another server's", foreign, resumeInvalid, false},
		{"one byte changed", good[:20] + flip(good[20:21]) + good[21:], resumeInvalid, false},
		{"cut short", good[:len(good)-4], resumeInvalid, false},
		{"with something after it", good + "AAAA", resumeInvalid, false},
		{"no base64", "!!!", resumeInvalid, false},
		{"the visitor's own token", "token", resumeInvalid, false},
		{"sealed here, of another kind", raw("\x01" + strings.Repeat("x", 60)), resumeInvalid, false},
		{"sealed here, empty", raw(""), resumeInvalid, false},
		{"sealed here, the name too long", raw("R\x00" + strings.Repeat("\x7f", 8) + "\xff" + "abc"), resumeInvalid, false},
		{"sealed here, half a place", raw("R\x00\x00\x00\x00\x00\x7f\xff\xff\xff\x01a" + "12345"), resumeInvalid, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := r.dial(client.DialVisitor, client.Options{Origin: testOrigin, Token: "token", Resume: tt.token})
			if c.Welcome.Resumed != tt.want || c.Welcome.Visitor != mine || c.Welcome.Resume == "" {
				t.Errorf("got %q for visitor %s, want %q", c.Welcome.Resumed, c.Welcome.Visitor, tt.want)
			}
			r.board.mu.Lock()
			v := r.board.visits[len(r.board.visits)-1]
			r.board.mu.Unlock()
			if (v.Resume != nil) != tt.resumes {
				t.Errorf("the board was told %+v, want told %v", v.Resume, tt.resumes)
			}
			if tt.want == resumeOK && (v.Resume.Visitor != who || len(v.Resume.Have) != 1 || v.Resume.Have[0] != place[0]) {
				t.Errorf("resume: got %+v", v.Resume)
			}
		})
	}
}

func flip(c string) string {
	if c == "A" {
		return "B"
	}
	return "A"
}

// Without the token that proves who it is, a resume token opens nothing.
func TestResumeTokenAloneOpensNothing(t *testing.T) {
	r := serve(t, Options{})
	c := r.visitor()
	_, err := client.DialOperator(soon(t), client.Options{Addr: r.addr, Tenant: "acme", Resume: c.Welcome.Resume})
	if !errors.Is(err, engine.ErrBadRequest) {
		t.Errorf("operator: got %v", err)
	}
	raw := r.raw()
	raw.text(`{"k":"req","id":"a","op":"auth","d":{"tenant":"acme","resume_token":"` + c.Welcome.Resume + `"}}`)
	if _, payload := raw.frame(); !strings.Contains(string(payload), "bad_request") {
		t.Errorf("visitor: got %s", payload)
	}
}

// An operator's places come from the token where auth does not name the session,
// and only from the operator's own.
func TestOperatorsResume(t *testing.T) {
	r := serve(t, Options{})
	mine, other := r.board.session, engine.SessionID{15: 9}
	places := []engine.Have{{Session: mine, Seq: 3}, {Session: other, Seq: 4}}
	for name, want := range map[string]struct {
		word string
		have []engine.Have
	}{
		"ada":   {resumeOK, []engine.Have{{Session: mine, Seq: 8}, {Session: other, Seq: 4}}},
		"grace": {resumeInvalid, []engine.Have{{Session: mine, Seq: 8}}},
	} {
		token := r.server.sealResume(operatorSide, "acme", name, places)
		c := r.dial(client.DialOperator, client.Options{Token: r.token("ada"), Resume: token, Have: []engine.Have{{Session: mine, Seq: 8}}})
		r.board.mu.Lock()
		got := r.board.attended[len(r.board.attended)-1].Have
		r.board.mu.Unlock()
		if c.Welcome.Resumed != want.word || len(got) != len(want.have) || got[len(got)-1] != want.have[len(got)-1] || got[0] != want.have[0] {
			t.Errorf("%s: got %q and %v, want %+v", name, c.Welcome.Resumed, got, want)
		}
	}
}

// What a client acknowledges is what its next token says has arrived.
func TestAcknowledgedIsResumed(t *testing.T) {
	paths(t, func(t *testing.T, o Options) {
		o.PingEvery = 400 * time.Millisecond
		r := serve(t, o)
		c := r.seated()
		outlet := r.board.only(t)
		outlet.Notify(engine.Situation{Session: r.board.session, From: 1, State: engine.StateActive})
		for range 3 {
			r.board.say(system, "x")
		}
		token := c.awaitToken()
		if got := r.server.openResume(visitorSide, "acme", token).have; len(got) != 1 || got[0].Seq != 0 {
			t.Errorf("nothing is acknowledged: got %v", got)
		}
		c.text(`{"k":"ctl","t":"ack","d":{"n":3}}`)
		token = c.awaitToken()
		if got := r.server.openResume(visitorSide, "acme", token).have; len(got) != 1 || got[0].Seq != 3 {
			t.Errorf("acknowledged: got %v, want 3", got)
		}
	})
}

// awaitToken reads up to the next ping that brings a token, and answers pings
// without counting.
func (c *rawConn) awaitToken() string {
	c.t.Helper()
	for {
		opcode, payload := c.frame()
		if opcode != rfc6455.OpText {
			c.t.Fatalf("got %d %q", opcode, payload)
		}
		f, err := wire.DecodeServer(payload)
		if err != nil {
			c.t.Fatal(err)
		}
		if f.Type != "ping" {
			continue
		}
		c.text(`{"k":"ctl","t":"pong"}`)
		var d wire.Data
		if err := f.Read(&d); err != nil {
			c.t.Fatal(err)
		}
		if d.Resume != "" {
			return d.Resume
		}
	}
}

// More than was sent cannot have come.
func TestAckOfWhatWasNotSent(t *testing.T) {
	for _, tt := range []struct {
		name string
		say  []string
		want int // 0: it lives on
	}{
		{"none of none", []string{`{"k":"ctl","t":"ack","d":{"n":0}}`}, 0},
		{"all", []string{`{"k":"ctl","t":"ack","d":{"n":2}}`}, 0},
		{"by a pong", []string{`{"k":"ctl","t":"pong","d":{"n":2}}`}, 0},
		{"less than before", []string{`{"k":"ctl","t":"ack","d":{"n":2}}`, `{"k":"ctl","t":"ack","d":{"n":1}}`}, 0},
		{"without a number", []string{`{"k":"ctl","t":"ack"}`, `{"k":"ctl","t":"ack","d":{}}`}, 0},
		{"no number", []string{`{"k":"ctl","t":"ack","d":{"n":"2"}}`}, 0}, // bad_request
		{"one more", []string{`{"k":"ctl","t":"ack","d":{"n":3}}`}, 4509},
		{"one more, by a pong", []string{`{"k":"ctl","t":"pong","d":{"n":3}}`}, 4509},
		{"the most there can be", []string{`{"k":"ctl","t":"ack","d":{"n":9007199254740991}}`}, 4509},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := serve(t, Options{})
			c := r.seated()
			r.board.say(system, "one")
			r.board.say(system, "two")
			for _, text := range tt.say {
				c.text(text)
			}
			if tt.want == 0 {
				c.text(marker)
				c.mark(0)
				return
			}
			if code, bye := c.closed(); code != tt.want || !strings.Contains(bye, `"bad_ack"`) {
				t.Errorf("got %d %s, want %d", code, bye, tt.want)
			}
		})
	}
}

// A ping names the sessions that came further, once; and again as long as a client
// that acknowledges has not got that far.
func TestHeadsOfPings(t *testing.T) {
	a, b := engine.SessionID{15: 1}, engine.SessionID{15: 2}
	s := &stream{}
	heads := func(want ...engine.Have) {
		t.Helper()
		got := s.heads()
		if len(got) != len(want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("got %v, want %v", got, want)
			}
		}
	}
	event := func(id engine.SessionID, seq engine.Seq) {
		s.queued(&engine.Entry{Session: id, Seq: seq, Kind: engine.KindMessageNew})
	}
	s.attached(&engine.Situation{Session: a, From: 8, Head: 6}) // 7 is not for this reader
	heads()
	event(a, 9)
	event(b, 1)
	heads(engine.Have{Session: a, Seq: 9}, engine.Have{Session: b, Seq: 1})
	heads() // said once: this client acknowledges nothing
	if !s.acknowledged(1) {
		t.Fatal("refused")
	}
	heads(engine.Have{Session: b, Seq: 1})
	if !s.acknowledged(2) || s.acknowledged(3) {
		t.Fatal("acknowledged: wrong verdict")
	}
	heads()
	s.queued(&engine.Entry{Session: a, Seq: 10, Kind: engine.KindSessionClosed})
	heads(engine.Have{Session: a, Seq: 10})
	s.acknowledged(3)
	heads()
	if len(s.tracks) != 1 {
		t.Errorf("a closed session is followed on: %v", s.tracks)
	}
}

// An operator may have a thousand chats: a ping leaves none of them out, or the lost
// tail of one would go unnoticed. The token, which has its bound on the wire, names
// the latest.
func TestHeadsOfManySessions(t *testing.T) {
	const many = 1000
	s := &stream{}
	id := func(n int) engine.SessionID { return engine.SessionID{14: byte(n >> 8), 15: byte(n)} }
	for n := range many {
		s.attached(&engine.Situation{Session: id(n), From: 1})
		s.queued(&engine.Entry{Session: id(n), Seq: 1, Kind: engine.KindMessageNew})
	}
	if got := len(s.heads()); got != many {
		t.Errorf("got %d heads, want %d", got, many)
	}
	places := s.places()
	if len(places) != maxPlaces || places[maxPlaces-1].Session != id(many-1) {
		t.Fatalf("got %d places, want the latest %d", len(places), maxPlaces)
	}
	server := &Server{options: Options{ResumeFor: time.Minute, Clock: time.Now, Tokens: newOwnTokens()}}
	if token := server.sealResume(operatorSide, "acme", strings.Repeat("o", 64), places); token == "" || len(token) > 4000 { // a store's tokens are a little longer
		t.Errorf("the resume token has %d bytes", len(token))
	}
}

// Whatever is sent and acknowledged: what the server believes to have arrived did,
// it never goes back, and with everything acknowledged it is everything.
func TestArrivedIsTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &stream{}
		var sent []engine.Have
		last := map[engine.SessionID]engine.Seq{}
		believed := map[engine.SessionID]engine.Seq{}
		truly := func(n uint64) map[engine.SessionID]engine.Seq {
			arrived := map[engine.SessionID]engine.Seq{}
			for _, h := range sent[:n] {
				arrived[h.Session] = h.Seq
			}
			return arrived
		}
		acked := uint64(0)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"event", "event", "ack", "ping"}).Draw(t, "what") {
			case "event":
				id := engine.SessionID{15: byte(rapid.IntRange(1, 4).Draw(t, "session"))}
				last[id] += engine.Seq(rapid.IntRange(1, 3).Draw(t, "step"))
				sent = append(sent, engine.Have{Session: id, Seq: last[id]})
				s.queued(&engine.Entry{Session: id, Seq: last[id], Kind: engine.KindMessageNew})
			case "ack":
				n := uint64(rapid.IntRange(0, len(sent)).Draw(t, "n"))
				acked = max(acked, n)
				if !s.acknowledged(n) {
					t.Fatalf("%d of %d was refused", n, len(sent))
				}
			case "ping":
				s.heads()
			}
			arrived := truly(acked)
			for _, p := range s.places() {
				if p.Seq > arrived[p.Session] || p.Seq < believed[p.Session] {
					t.Fatalf("believed %d, then %d; arrived are %d", believed[p.Session], p.Seq, arrived[p.Session])
				}
				believed[p.Session] = p.Seq
			}
		}
		s.acknowledged(uint64(len(sent)))
		for _, p := range s.places() {
			if p.Seq != last[p.Session] {
				t.Fatalf("all is acknowledged: got %d, want %d", p.Seq, last[p.Session])
			}
		}
	})
}

// A returning client is told of each of its sessions what became of it.
func TestRecovered(t *testing.T) {
	a, b, c, gone := engine.SessionID{15: 1}, engine.SessionID{15: 2}, engine.SessionID{15: 3}, engine.SessionID{15: 4}
	s := &stream{}
	if s.expects([]engine.SessionID{a, b, c}, []engine.SessionID{a, gone, gone, b}, time.Now()) {
		t.Fatal("due at once")
	}
	for _, step := range []struct {
		sit  engine.Situation
		done bool
	}{
		{engine.Situation{Session: a, From: 4, Head: 9}, false},
		{engine.Situation{Session: a, From: 10, Head: 9}, false}, // attached anew: told already
		{engine.Situation{Session: b, From: 6, Head: 5}, false},  // nothing is missing
		{engine.Situation{Session: c, From: 401, Head: 900, Reset: true}, true},
		{engine.Situation{Session: gone, From: 1, Head: 2}, false},
	} {
		if done := s.attached(&step.sit); done != step.done {
			t.Errorf("%v: done %v, want %v", step.sit.Session, done, step.done)
		}
	}
	got := s.recovered()
	if len(got.Gaps) != 1 || got.Gaps[0] != (wire.Gap{Session: a, From: 4, To: 9}) || len(got.Reset) != 1 || got.Reset[0] != c || len(got.Ended) != 1 || got.Ended[0] != gone {
		t.Errorf("got %+v", got)
	}
}
