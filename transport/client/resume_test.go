package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/internal/rfc6455"
	"github.com/parleyhq/parley/transport/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const sid = "01JTDKRQGG000000000000001A"

func session(t *testing.T) engine.SessionID {
	t.Helper()
	id, err := engine.ParseSessionID(sid)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// stage is a server whose every word the test speaks.
type stage struct {
	t     *testing.T
	calls chan net.Conn

	mu    sync.Mutex
	dials []time.Time // guarded by mu
	fail  int         // guarded by mu: so many of the next dials are refused
}

// dialled notes a dial, and reports whether it is to be refused.
func (s *stage) dialled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dials = append(s.dials, time.Now())
	s.fail--
	return s.fail >= 0
}

// peer is the server's end of one connection, after the handshake.
type peer struct {
	t      *testing.T
	socket net.Conn
	reader *rfc6455.Reader
	buffer []byte
	auth   *wire.Auth
}

// play runs a test in a bubble of virtual time, with a client that it closes.
func play(t *testing.T, o ResumeOptions, test func(*stage, *Resuming)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{t: t, calls: make(chan net.Conn)}
		o.Tenant, o.Origin = "acme", "https://shop.example"
		o.Dial = func(ctx context.Context) (net.Conn, error) {
			if s.dialled() {
				return nil, errors.New("refused")
			}
			near, far := net.Pipe()
			select {
			case s.calls <- far:
				return near, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		r := ResumeVisitor(o)
		defer func() { _ = r.Close() }()
		test(s, r)
	})
}

// answer takes the next connection as far as its auth.
func (s *stage) answer() *peer {
	s.t.Helper()
	p := &peer{t: s.t, socket: <-s.calls}
	br := bufio.NewReader(p.socket)
	request, err := http.ReadRequest(br)
	if err != nil {
		s.t.Fatal(err)
	}
	p.raw("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " +
		rfc6455.Accept(request.Header.Get("Sec-WebSocket-Key")) + "\r\n\r\n")
	p.reader = rfc6455.NewReader(br, rfc6455.ServerSide, 128, 1<<16, func(byte, []byte) error { return errors.New("control") })
	p.auth = p.next().Auth
	return p
}

// seat answers auth as well; more is what the hello holds besides.
func (s *stage) seat(more string) *peer {
	s.t.Helper()
	p := s.answer()
	p.say(`{"k":"res","id":"auth","ok":true,"d":{"visitor":"%s","token":"pass","limits":{"ping_s":20,"messages_per_second":10}%s}}`, sid, more)
	return p
}

func (p *peer) raw(text string) {
	p.t.Helper()
	if _, err := p.socket.Write([]byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) say(format string, args ...any) {
	p.t.Helper()
	payload := fmt.Sprintf(format, args...)
	p.raw(string(append(rfc6455.AppendHeader(nil, rfc6455.OpText, len(payload)), payload...)))
}

func (p *peer) event(seq, prev int) {
	p.t.Helper()
	p.say(`{"k":"evt","t":"message.new","sid":"%s","seq":%d,"prev":%d}`, sid, seq, prev)
}

func (p *peer) resumed(from, to int, reset bool) {
	p.t.Helper()
	p.say(`{"k":"ctl","t":"resumed","sid":"%s","d":{"head":%d,"from":%d,"to":%d,"reset":%t}}`, sid, to, from, to, reset)
}

// next is what the client says next.
func (p *peer) next() *wire.Frame {
	p.t.Helper()
	message, err := p.reader.Next(func() *[]byte { return &p.buffer })
	if err != nil {
		p.t.Fatalf("the client said nothing: %v", err)
	}
	var frame wire.Frame
	if err := wire.Decode(*message, &frame); err != nil {
		p.t.Fatalf("decode %s: %v", *message, err)
	}
	return &frame
}

// gone waits until the client gives the connection up.
func (p *peer) gone() {
	p.t.Helper()
	var one [1]byte
	for {
		if _, err := p.socket.Read(one[:]); err != nil {
			return
		}
	}
}

func (p *peer) close(code int) {
	payload := rfc6455.AppendClose(nil, code, "")
	p.raw(string(append(rfc6455.AppendHeader(nil, rfc6455.OpClose, len(payload)), payload...)))
	p.gone()
	_ = p.socket.Close()
}

func (p *peer) ok(frame *wire.Frame, seq int) {
	p.t.Helper()
	p.say(`{"k":"res","id":"%s","ok":true,"d":{"sid":"%s","seq":%d}}`, frame.Request, sid, seq)
}

// shows wants the next events' numbers.
func shows(t *testing.T, r *Resuming, want ...engine.Seq) {
	t.Helper()
	synctest.Wait()
	var got []engine.Seq
	for len(r.Frames()) > 0 {
		if f := <-r.Frames(); f.Kind == "evt" {
			got = append(got, f.Seq)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("events: got %v, want %v", got, want)
	}
}

// A draft whose result was lost is repeated under its key, and answered once.
func TestRepeatsWithTheSameKey(t *testing.T) {
	play(t, ResumeOptions{}, func(s *stage, r *Resuming) {
		results := 0
		if err := r.Post(engine.Draft{Op: engine.OpMessage, Session: session(t), Body: engine.BodyOf("hi")}, func(f *wire.Server, err error) {
			if results++; err != nil || !f.OK {
				t.Errorf("got %v, %v", f, err)
			}
		}); err != nil {
			t.Fatal(err)
		}
		p := s.seat("")
		first := p.next()
		_ = p.socket.Close() // the result is lost
		p = s.seat("")
		if p.auth.Token != "pass" || p.auth.Anonymous {
			t.Errorf("auth: got %+v, want the token of the first hello", p.auth)
		}
		second := p.next()
		if second.Draft.ClientID != first.Draft.ClientID || first.Draft.ClientID == "" {
			t.Errorf("keys: got %q and %q, want one", first.Draft.ClientID, second.Draft.ClientID)
		}
		p.ok(second, 1)
		p.ok(second, 1) // a second answer finds nobody
		synctest.Wait()
		if stats := r.Stats(); results != 1 || stats.Repeated != 1 || stats.Connections != 2 {
			t.Errorf("got %d results, %+v", results, stats)
		}
	})
}

// The order of drafts stays, though the server asks to try one again.
func TestRetryKeepsOrder(t *testing.T) {
	play(t, ResumeOptions{}, func(s *stage, r *Resuming) {
		for i := range 3 {
			_ = r.Post(engine.Draft{Op: engine.OpMessage, Session: session(t), ClientID: fmt.Sprint(i), Body: engine.BodyOf("x")}, func(*wire.Server, error) {})
		}
		p := s.seat("")
		begun := time.Now()
		p.say(`{"k":"res","id":"%s","ok":false,"e":{"code":"unavailable","retry_after_ms":700}}`, p.next().Request)
		for i := range 3 {
			frame := p.next()
			if frame.Draft.ClientID != fmt.Sprint(i) {
				t.Errorf("got %q, want %d", frame.Draft.ClientID, i)
			}
			p.ok(frame, i+1)
		}
		if waited := time.Since(begun); waited < 700*time.Millisecond {
			t.Errorf("tried again after %v, want at least 700ms", waited)
		}
	})
}

// A refusal that is final is told; the next draft follows.
func TestFinalRefusal(t *testing.T) {
	play(t, ResumeOptions{}, func(s *stage, r *Resuming) {
		var told error
		_ = r.Post(engine.Draft{Op: engine.OpMessage, Session: session(t), Body: engine.BodyOf("x")}, func(_ *wire.Server, err error) { told = err })
		p := s.seat("")
		p.say(`{"k":"res","id":"%s","ok":false,"e":{"code":"session_closed","seq":9}}`, p.next().Request)
		synctest.Wait()
		if !errors.Is(told, engine.ErrClosed) {
			t.Errorf("got %v, want session_closed", told)
		}
	})
}

// An event without its predecessor is not shown: the client comes back for it.
func TestGap(t *testing.T) {
	play(t, ResumeOptions{}, func(s *stage, r *Resuming) {
		p := s.seat("")
		p.resumed(1, 2, false)
		p.event(1, 0)
		p.event(2, 1)
		p.event(2, 1) // doubled
		p.event(5, 4)
		p.gone()
		shows(t, r, 1, 2)
		p = s.seat(`,"session":"` + sid + `"`)
		if want := []engine.Have{{Session: session(t), Seq: 2}}; !slices.Equal(p.auth.Have, want) {
			t.Errorf("have: got %v, want %v", p.auth.Have, want)
		}
		p.resumed(3, 5, false)
		p.event(4, 2) // 3 is not for this reader
		p.event(5, 4)
		shows(t, r, 4, 5)
		if stats := r.Stats(); stats.Gaps != 1 || stats.Doubled != 1 || stats.Resets != 0 {
			t.Errorf("got %+v", stats)
		}
	})
}

// Numbers that are not for this reader are no gap; events that are, are one,
// unless the server says that it resets.
func TestResumedFurtherOn(t *testing.T) {
	play(t, ResumeOptions{Options: Options{Have: []engine.Have{{Session: session(t), Seq: 3}}}}, func(s *stage, r *Resuming) {
		p := s.seat(`,"session":"` + sid + `"`)
		p.resumed(6, 6, false)
		p.event(6, 3)
		shows(t, r, 6)
		p.resumed(9, 9, false)
		p.event(9, 8)
		p.gone()
		p = s.seat(`,"session":"` + sid + `"`)
		p.resumed(600, 601, true)
		p.event(600, 599)
		p.event(601, 600)
		shows(t, r, 600, 601)
		if stats := r.Stats(); stats.Gaps != 1 || stats.Resets != 1 {
			t.Errorf("got %+v", stats)
		}
	})
}

// What happened in a session that ended meanwhile is read from its history.
func TestEndedSessionIsCompleted(t *testing.T) {
	play(t, ResumeOptions{Options: Options{Have: []engine.Have{{Session: session(t), Seq: 2}}}}, func(s *stage, r *Resuming) {
		p := s.seat("")
		page := func(frame *wire.Frame, more bool, seqs ...int) {
			var events []string
			for _, seq := range seqs {
				kind := "message.new"
				if seq == 6 {
					kind = "session.closed"
				}
				events = append(events, fmt.Sprintf(`{"k":"evt","t":"%s","sid":"%s","seq":%d,"prev":%d}`, kind, sid, seq, seq-1))
			}
			p.say(`{"k":"res","id":"%s","ok":true,"d":{"events":[%s],"more":%t}}`, frame.Request, strings.Join(events, ","), more)
		}
		first := p.next()
		if first.Draft.Op != engine.OpHistory || first.Draft.Before != 0 {
			t.Fatalf("got %+v, want the end of the history", first.Draft)
		}
		page(first, true, 5, 6)
		second := p.next()
		if second.Draft.Before != 5 {
			t.Fatalf("before: got %d, want 5", second.Draft.Before)
		}
		page(second, true, 2, 3, 4)
		shows(t, r, 3, 4, 5, 6)
		_ = p.socket.Close()
		if p = s.seat(""); len(p.auth.Have) > 0 { // nothing follows the end
			t.Errorf("have: got %v, want none", p.auth.Have)
		}
	})
}

// A session that cannot be read any more is told of.
func TestLostSession(t *testing.T) {
	var lost []engine.SessionID
	o := ResumeOptions{Lost: func(id engine.SessionID, err error) {
		if errors.Is(err, engine.ErrErased) {
			lost = append(lost, id)
		}
	}}
	o.Have = []engine.Have{{Session: session(t), Seq: 2}}
	play(t, o, func(s *stage, _ *Resuming) {
		p := s.seat("")
		p.say(`{"k":"res","id":"%s","ok":false,"e":{"code":"erased"}}`, p.next().Request)
		synctest.Wait()
		if !slices.Equal(lost, []engine.SessionID{session(t)}) {
			t.Errorf("got %v", lost)
		}
	})
}

// An open session that the server forgets to resume is asked for again.
func TestNotResumed(t *testing.T) {
	play(t, ResumeOptions{}, func(s *stage, _ *Resuming) {
		p := s.seat(`,"session":"` + sid + `"`)
		begun := time.Now()
		p.gone()
		if waited := time.Since(begun); waited != resumeWithin {
			t.Errorf("waited %v, want %v", waited, resumeWithin)
		}
		s.seat("")
	})
}

// A server that falls silent, and one that owes a result, are given up.
func TestSilence(t *testing.T) {
	play(t, ResumeOptions{}, func(s *stage, r *Resuming) {
		p := s.seat("")
		begun := time.Now()
		p.gone()
		if waited := time.Since(begun); waited != 30*time.Second { // 3/2 of the ping
			t.Errorf("waited %v for a byte, want 30s", waited)
		}
		_ = r.Post(engine.Draft{Op: engine.OpMessage, Session: session(t), Body: engine.BodyOf("x")}, func(*wire.Server, error) {})
		p = s.seat("")
		p.next()
		begun = time.Now()
		time.Sleep(20 * time.Second)
		p.say(`{"k":"eph","t":"typing","d":{}}`)
		p.gone()
		if waited := time.Since(begun); waited != 30*time.Second {
			t.Errorf("waited %v for a result, want 30s", waited)
		}
	})
}

// Each wait is a random part of a bound that doubles.
func TestBackoff(t *testing.T) {
	play(t, ResumeOptions{MinBackoff: time.Second, MaxBackoff: 5 * time.Second, Random: func() float64 { return 0.5 }}, func(s *stage, _ *Resuming) {
		first := s.answer() // no dial is under way when the next are to be refused
		s.mu.Lock()
		s.fail = 5
		s.mu.Unlock()
		_ = first.socket.Close()
		_ = s.answer().socket.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		var waits []time.Duration
		for i := 1; i < len(s.dials); i++ {
			waits = append(waits, s.dials[i].Sub(s.dials[i-1]))
		}
		want := []time.Duration{time.Second / 2, time.Second, 2 * time.Second, 5 * time.Second / 2, 5 * time.Second / 2, 5 * time.Second / 2}
		if !slices.Equal(waits, want) {
			t.Errorf("got %v, want %v", waits, want)
		}
	})
}

// The server's word on coming back is kept, in words or by the close code alone.
func TestAdvice(t *testing.T) {
	for _, c := range []struct {
		name  string
		leave func(*peer)
		ends  bool
		after time.Duration
	}{
		{"bye yes", func(p *peer) {
			p.say(`{"k":"ctl","t":"bye","d":{"reason":"slow_consumer","reconnect":"yes"}}`)
			p.close(4001)
		}, false, 0},
		{"bye after", func(p *peer) {
			p.say(`{"k":"ctl","t":"bye","d":{"reason":"shutdown","reconnect":"after","retry_after_ms":4000}}`)
			p.close(4000)
		}, false, 4 * time.Second},
		{"bye no", func(p *peer) {
			p.say(`{"k":"ctl","t":"bye","d":{"reason":"signed_out","reconnect":"no"}}`)
			p.close(4504)
		}, true, 0},
		{"4000", func(p *peer) { p.close(4000) }, false, 0},
		{"4501", func(p *peer) { p.close(4501) }, false, 0},
		{"4504", func(p *peer) { p.close(4504) }, true, 0},
		{"1009", func(p *peer) { p.close(1009) }, true, 0},
		{"1011", func(p *peer) { p.close(1011) }, false, 0},
		{"cut", func(p *peer) { _ = p.socket.Close() }, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			play(t, ResumeOptions{Random: func() float64 { return 0 }}, func(s *stage, r *Resuming) {
				p := s.seat("")
				begun := time.Now()
				c.leave(p)
				if c.ends {
					for range r.Frames() { //nolint:revive // until it ends
					}
					<-r.Done()
					return
				}
				s.seat("")
				if waited := time.Since(begun); waited != c.after {
					t.Errorf("came back after %v, want %v", waited, c.after)
				}
			})
		})
	}
}

// A refused auth ends the client, or asks for another token.
func TestRefusedAuth(t *testing.T) {
	refuse := func(p *peer, code string) {
		p.say(`{"k":"res","id":"auth","ok":false,"e":{"code":"%s"}}`, code)
		p.gone()
	}
	tokens := 0
	o := ResumeOptions{NewToken: func(context.Context) (string, error) { tokens++; return fmt.Sprint("token ", tokens), nil }}
	play(t, o, func(s *stage, r *Resuming) {
		refuse(s.answer(), "auth_expired")
		if p := s.seat(""); p.auth.Token != "token 2" || tokens != 2 {
			t.Errorf("got %q after %d tokens, want the second", p.auth.Token, tokens)
		}
	})
	play(t, ResumeOptions{}, func(s *stage, r *Resuming) {
		refuse(s.answer(), "origin_not_allowed")
		if err := r.Err(); !errors.Is(err, engine.ErrOriginNotAllowed) {
			t.Errorf("got %v", err)
		}
		if err := r.Post(engine.Draft{Op: engine.OpRead}, nil); !errors.Is(err, ErrClosed) {
			t.Errorf("a draft after the end: got %v, want ErrClosed", err)
		}
	})
}

// The outbox is bounded; a draft whose caller gave up is withdrawn; Close answers
// what is left.
func TestOutbox(t *testing.T) {
	play(t, ResumeOptions{Outbox: 2}, func(s *stage, r *Resuming) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := r.Send(ctx, session(t), "given up"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		left := 0
		for range 2 {
			_ = r.Post(engine.Draft{Op: engine.OpMessage, Session: session(t), Body: engine.BodyOf("x")}, func(_ *wire.Server, err error) {
				if errors.Is(err, ErrClosed) {
					left++
				}
			})
		}
		if err := r.Post(engine.Draft{Op: engine.OpMessage}, nil); !errors.Is(err, ErrOutboxFull) {
			t.Errorf("got %v, want ErrOutboxFull", err)
		}
		p := s.seat("")
		if frame := p.next(); frame.Draft.Body.Len() != 1 {
			t.Errorf("got a body of %d bytes: the draft was not withdrawn", frame.Draft.Body.Len())
		}
		go p.gone()
		_ = r.Close()
		if left != 2 {
			t.Errorf("got %d drafts answered, want 2", left)
		}
		_ = p.socket.Close()
	})
}

// A long outbox is sent at the pace that the server allows.
func TestPace(t *testing.T) {
	play(t, ResumeOptions{}, func(s *stage, r *Resuming) {
		for range 100 {
			_ = r.Post(engine.Draft{Op: engine.OpMessage, Session: session(t), Body: engine.BodyOf("x")}, func(*wire.Server, error) {})
		}
		p := s.seat("") // 10 a second, and 40 at once
		begun := time.Now()
		for i := range 100 {
			if allowed := 40 + int(10*time.Since(begun).Seconds()); i >= allowed {
				t.Fatalf("message %d came after %v", i+1, time.Since(begun))
			}
			p.ok(p.next(), i+1)
		}
		if took := time.Since(begun); took > 9*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
