package transport

import (
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// onlyHears is a connection of which nothing comes. What it is told comes by the channel,
// with when that was.
func onlyHears(t *testing.T, s *Server) (*conn, <-chan heard) {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	c := &conn{server: s, side: visitorSide, socket: ours, ended: endNone}
	c.out.limit = 64 << 10
	first := make(chan heard, 1)
	go func() {
		told := make([]byte, 1<<10)
		n, _ := theirs.Read(told)
		first <- heard{string(told[:n]), time.Now()}
		_, _ = io.Copy(io.Discard, theirs)
	}()
	return c, first
}

type heard struct {
	what string
	at   time.Time
}

// A silent connection ends at the very second in which its token does: whichever was
// set first, and whenever the server pings.
func TestSilentConnectionsEndWithTheirTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(newBoard(), Options{Tenants: testTenants(t), PingEvery: 24 * time.Hour, PongTimeout: time.Hour})
		s.begin()
		defer func() { close(s.stop); s.own.Wait() }()
		began := time.Now()
		type person struct {
			c     *conn
			first <-chan heard
		}
		comes := func(lasts time.Duration) person {
			c, first := onlyHears(t, s)
			c.lastsUntil(began.Add(lasts))
			return person{c, first}
		}
		late, soon, renewed, gone := comes(2*time.Hour), comes(10*time.Second), comes(20*time.Second), comes(15*time.Second)
		for _, p := range []struct {
			person
			at time.Duration
		}{{soon, 10 * time.Second}, {renewed, time.Hour}, {late, 2 * time.Hour}} {
			told := <-p.first
			if got := told.at.Sub(began); got != p.at || !strings.Contains(told.what, `"auth_expired"`) {
				t.Errorf("told after %v: %q, want after %v", got, told.what, p.at)
			}
			if p.c == soon.c {
				renewed.c.lastsUntil(began.Add(time.Hour))
				s.expiries.drop(gone.c)
			}
		}
		gone.c.lastsUntil(began.Add(time.Minute)) // its answer comes when it is taken apart
		if n := len(s.expiries.all); n != 0 {
			t.Errorf("%d connections are kept", n)
		}
	})
}

// A clock that is set forward is noticed when the server looks after its connections.
func TestAClockSetForwardEndsTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := &movedClock{}
		s := NewServer(newBoard(), Options{Tenants: testTenants(t), Clock: clock.now})
		s.begin()
		defer func() { close(s.stop); s.own.Wait() }()
		c, first := onlyHears(t, s)
		c.lastsUntil(clock.now().Add(time.Hour))
		synctest.Wait()
		began := time.Now()
		clock.forward(2 * time.Hour)
		if took := (<-first).at.Sub(began); took > time.Second {
			t.Errorf("noticed after %v", took)
		}
	})
}

// TestExpiriesLaw: whatever is set and dropped, in whatever order, what is due is what
// was last set to a time up to now, once, and the next is the first of the rest.
func TestExpiriesLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, now := newExpiries(), int64(100)
		conns := make([]*conn, 6)
		for i := range conns {
			conns[i] = &conn{}
		}
		model, gone := map[*conn]int64{}, map[*conn]bool{}
		one := func() *conn { return conns[rapid.IntRange(0, len(conns)-1).Draw(t, "conn")] }
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				c, at := one(), rapid.Int64Range(0, 60).Draw(t, "at")
				if at > 0 {
					at += now - 5
				}
				e.set(c, at)
				if delete(model, c); at != 0 && !gone[c] {
					model[c] = at
				}
			},
			"drop": func(*rapid.T) {
				c := one()
				e.drop(c)
				delete(model, c)
				gone[c] = true
			},
			"due": func(t *rapid.T) {
				now += rapid.Int64Range(0, 20).Draw(t, "later")
				ended, next := e.due(time.Unix(now, 0))
				for _, c := range ended {
					if at, there := model[c]; !there || at > now {
						t.Fatalf("taken out at %d, of %d", now, at)
					}
					delete(model, c)
				}
				first := int64(0)
				for _, at := range model {
					if at <= now {
						t.Fatalf("%d was left at %d", at, now)
					}
					if first == 0 || at < first {
						first = at
					}
				}
				if got := next; got.IsZero() != (first == 0) || first != 0 && got.Unix() != first {
					t.Fatalf("next: got %v, want %d", got, first)
				}
			},
		})
	})
}
