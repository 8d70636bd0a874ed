package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/client"
)

// TestReconnectStorm kills a server with many visitors in open sessions and lets
// all of them come back at once: each is resumed where it was. 300 visitors;
// 5,000 with PARLEY_TEST_LONG=1.
func TestReconnectStorm(t *testing.T) {
	visitors := 300
	if os.Getenv("PARLEY_TEST_LONG") != "" {
		visitors = 5000
	}
	h := newCrashHarness(t)
	tenant := filepath.Join(h.dir, "tenants", "crash.yaml")
	text, err := os.ReadFile(tenant)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("queue_grace: 1h"), []byte("queue_grace: 1h, queue_limit: 100000"), 1)
	if err := os.WriteFile(tenant, text, 0o600); err != nil {
		t.Fatal(err)
	}
	h.boot()
	storm := &storm{t: t, h: h, people: make([]stormy, visitors)}
	first := storm.blow("new")
	storm.cut()
	_ = h.cmd.Process.Kill()
	_ = h.cmd.Wait()
	begun := time.Now()
	h.boot()
	ready := time.Since(begun)
	second := storm.blow("resumed")
	t.Logf("%d visitors: new ones were all in after %v (%.0f/s, each with its first message durable); after a kill the server was ready in %v and all were resumed %v later (%.0f handshakes/s, %d dials repeated); the server's peak RSS %d MiB",
		visitors, first.Round(time.Millisecond), float64(visitors)/first.Seconds(), ready.Round(time.Millisecond), second.Round(time.Millisecond),
		float64(visitors)/second.Seconds(), storm.again.Load(), peakRSS(t, h.cmd.Process.Pid)>>20)
	storm.cut()
}

// storm is visitors who come all at once.
type storm struct {
	t      *testing.T
	h      *crashHarness
	people []stormy
	again  atomic.Int64 // dials that had to be repeated
}

type stormy struct {
	c       *client.Client
	token   string
	session engine.SessionID
}

// blow connects everybody at once and answers how long it took until all were in
// their sessions.
func (s *storm) blow(what string) time.Duration {
	s.t.Helper()
	begun := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var coming sync.WaitGroup
	faults := make(chan error, len(s.people))
	for i := range s.people {
		coming.Go(func() {
			if err := s.come(ctx, &s.people[i]); err != nil {
				faults <- err
			}
		})
	}
	coming.Wait()
	select {
	case err := <-faults:
		s.t.Fatalf("%s: %d of %d did not get in, for one: %v", what, len(faults)+1, len(s.people), err)
	default:
	}
	return time.Since(begun)
}

// come connects one visitor, who starts a session, or wants its own resumed
// where it was.
func (s *storm) come(ctx context.Context, p *stormy) error {
	resumed := make(chan bool, 1)
	started := make(chan string, 1)
	o := client.Options{Addr: s.h.listen, Tenant: "crash", Origin: networkOrigin, Token: p.token, Buffer: 1, ReadBytes: 1024, Raw: func(m []byte) {
		switch {
		case bytes.HasPrefix(m, []byte(`{"k":"ctl","t":"resumed"`)):
			select {
			case resumed <- bytes.Contains(m, []byte(`"from":4`)) && bytes.Contains(m, []byte(`"reset":false`)):
			default:
			}
		case bytes.HasPrefix(m, []byte(`{"k":"res"`)):
			select {
			case started <- string(m):
			default:
			}
		}
	}}
	if !p.session.IsZero() {
		o.Have = []engine.Have{{Session: p.session, Seq: 3}} // started, queued, the first message
	}
	var err error
	for p.c = nil; p.c == nil; {
		if p.c, err = client.DialVisitor(ctx, o); err != nil {
			if ctx.Err() != nil {
				return err
			}
			s.again.Add(1)
			time.Sleep(20 * time.Millisecond) // the server's backlog was full
		}
	}
	p.token = p.c.Welcome.Token
	if p.session.IsZero() {
		return p.start(ctx, started)
	}
	if p.c.Welcome.Session != p.session.String() {
		return fmt.Errorf("the hello names session %q, want %s", p.c.Welcome.Session, p.session)
	}
	select {
	case right := <-resumed:
		if !right {
			return fmt.Errorf("session %s was not resumed where it was", p.session)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *stormy) start(ctx context.Context, started <-chan string) error {
	err := p.c.Post(engine.Draft{Op: engine.OpStart, ClientID: "s", Department: "sales", Body: engine.BodyOf("hello")})
	if err != nil {
		return err
	}
	select {
	case result := <-started:
		_, after, ok := strings.Cut(result, `"sid":"`)
		if !ok || len(after) < 26 {
			return fmt.Errorf("start: %d bytes without a session", len(result))
		}
		p.session, err = engine.ParseSessionID(after[:26])
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *storm) cut() {
	var going sync.WaitGroup
	for chunk := range slices.Chunk(s.people, 500) {
		going.Go(func() {
			for i := range chunk {
				chunk[i].c.Abort()
			}
		})
	}
	going.Wait()
}

// peakRSS is the most memory that a process has held, in bytes; 0 if the system
// does not say.
func peakRSS(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	var kib int64
	_, _ = fmt.Sscan(after, &kib)
	return kib << 10
}
