package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
	"github.com/parleyhq/parley/transport/client"
	"github.com/parleyhq/parley/transport/wire"
)

// TestKillLosesNothing kills the real server with SIGKILL under load, again and
// again, and compares what clients hold with what the log holds: no
// acknowledged message lost, none doubled, no gap, each reader's order the
// log's. PARLEY_TEST_LONG=1 runs 20 rounds.
func TestKillLosesNothing(t *testing.T) {
	rounds := 4
	if os.Getenv("PARLEY_TEST_LONG") != "" {
		rounds = 20
	}
	h := newCrashHarness(t)
	h.boot()
	const visitors = 6
	for i := range visitors {
		h.people = append(h.people, newChatter(h, fmt.Sprintf("v%d", i)))
	}
	h.operator = newChatter(h, "ada")
	var recovery []time.Duration
	for round := range rounds {
		h.chat(round)
		recovery = append(recovery, h.killAndBoot())
	}
	h.settle()
	acked, kept := h.compare()
	slices.Sort(recovery)
	t.Logf("%d rounds: %d acknowledged, %d in the log, 0 lost, 0 doubled; ready again after %v (median), %v (longest)",
		rounds, acked, kept, recovery[len(recovery)/2].Round(time.Millisecond), recovery[len(recovery)-1].Round(time.Millisecond))
	if acked < rounds*visitors {
		t.Errorf("too little load: only %d messages acknowledged", acked)
	}
}

const crashSecret = "only-for-the-crash-test-0123456789abcdef"

type crashHarness struct {
	t        *testing.T
	dir      string
	listen   string
	metrics  string
	admin    string
	cmd      *exec.Cmd
	people   []*chatter
	operator *chatter
}

func newCrashHarness(t *testing.T) *crashHarness {
	t.Helper()
	h := &crashHarness{t: t, dir: t.TempDir(), listen: freePort(t), metrics: freePort(t), admin: "127.0.0.1:0"}
	tenants := filepath.Join(h.dir, "tenants")
	if err := os.Mkdir(tenants, 0o700); err != nil {
		t.Fatal(err)
	}
	tenant := `id: crash
origins: ["https://shop.example"]
departments: [{id: sales, queue_grace: 1h, offer_timeout: 1h}]
operators: [{id: ada, capacity: 100}]
keys: [{id: k, algorithm: HS256, secret: ` + crashSecret + `}]
limits: {messages_per_second: 100000}
`
	if err := os.WriteFile(filepath.Join(tenants, "crash.yaml"), []byte(tenant), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := h.parley("keys", "new", "--root-key-file", filepath.Join(h.dir, "root.key")).CombinedOutput(); err != nil {
		t.Fatalf("root key: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if h.cmd != nil {
			_ = h.cmd.Process.Kill()
			_ = h.cmd.Wait()
		}
	})
	return h
}

func (h *crashHarness) parley(args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		h.t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Args[0] = "parley"
	return cmd
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// boot starts the server and waits until it is ready.
func (h *crashHarness) boot() {
	h.t.Helper()
	h.cmd = h.parley("serve", "--tenants", filepath.Join(h.dir, "tenants"), "--data", filepath.Join(h.dir, "data"),
		"--root-key-file", filepath.Join(h.dir, "root.key"), "--listen", h.listen, "--admin-listen", h.admin,
		"--metrics-listen", h.metrics, "--log-level", "error")
	h.cmd.Stderr = os.Stderr
	if err := h.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		if res, err := http.Get("http://" + h.metrics + "/readyz"); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			h.t.Fatal("the server did not become ready")
		}
		time.Sleep(5 * time.Millisecond) // between two looks
	}
}

// killAndBoot kills the server while everybody writes, and answers how long it
// took to be ready again.
func (h *crashHarness) killAndBoot() time.Duration {
	h.t.Helper()
	if err := h.cmd.Process.Kill(); err != nil {
		h.t.Fatal(err)
	}
	_ = h.cmd.Wait()
	begun := time.Now()
	for _, p := range append(h.people, h.operator) {
		p.cut()
	}
	h.boot()
	return time.Since(begun)
}

// chat lets everybody write until each has had some messages acknowledged in
// this round, and returns with requests still under way.
func (h *crashHarness) chat(round int) {
	h.t.Helper()
	everybody := append(slices.Clone(h.people), h.operator)
	for _, p := range everybody {
		p.connect()
	}
	h.operator.acceptAll(h.people)
	for _, p := range everybody {
		p.write(round)
	}
	deadline := time.Now().Add(30 * time.Second)
	for _, p := range everybody {
		for p.ackedSince() < 20 {
			if time.Now().After(deadline) {
				h.t.Fatalf("%s: only %d messages acknowledged in round %d", p.name, p.ackedSince(), round)
			}
			time.Sleep(time.Millisecond) // between two looks
		}
	}
}

// settle connects everybody once more and has every open request answered.
func (h *crashHarness) settle() {
	h.t.Helper()
	for _, p := range append(slices.Clone(h.people), h.operator) {
		p.connect()
		p.resend()
	}
}

// compare reads each session's log from the start and compares.
func (h *crashHarness) compare() (acked, kept int) {
	h.t.Helper()
	logs := map[string][]*wire.Server{}
	for _, p := range h.people {
		logs[p.session.String()] = p.wholeLog()
	}
	byKey := map[string]engine.Seq{}
	for sid, log := range logs {
		for i, e := range log {
			if i > 0 && e.Prev != log[i-1].Seq {
				h.t.Errorf("session %s: event %d says that %d came before it, but %d did", sid, e.Seq, e.Prev, log[i-1].Seq)
			}
			if e.Type == "message.new" {
				if _, twice := byKey[e.Client]; twice {
					h.t.Errorf("session %s: message %s is in the log twice", sid, e.Client)
				}
				byKey[e.Client] = e.Seq
				kept++
			}
		}
	}
	for _, p := range append(slices.Clone(h.people), h.operator) {
		p.mu.Lock()
		for key, seq := range p.acks {
			acked++
			if got, ok := byKey[key]; !ok {
				h.t.Errorf("%s: message %s was acknowledged and is lost", p.name, key)
			} else if got != seq {
				h.t.Errorf("%s: message %s was acknowledged as %d and is %d", p.name, key, seq, got)
			}
		}
		h.sawAll(p, logs)
		p.mu.Unlock()
	}
	return acked, kept
}

// sawAll wants what a person was shown, over all its connections, to be the log:
// each once, in order.
func (h *crashHarness) sawAll(p *chatter, logs map[string][]*wire.Server) {
	for sid, seen := range p.seen {
		var want []engine.Seq
		for _, e := range logs[sid] {
			want = append(want, e.Seq)
		}
		if p.name == "ada" { // sees operators' entries too
			want = nil
			for seq := range engine.Seq(len(seen)) {
				want = append(want, seq+1)
			}
		}
		if n := min(len(seen), len(want)); !slices.Equal(seen[:n], want[:n]) || n < len(want) {
			h.t.Errorf("%s was shown %v of session %s, want %v", p.name, seen, sid, want)
		}
	}
}

// chatter is a person who keeps a journal across connections.
type chatter struct {
	h       *crashHarness
	name    string
	c       *client.Client
	token   string
	session engine.SessionID
	writers sync.WaitGroup
	n       int // messages so far: the next key

	mu    sync.Mutex
	open  map[string]engine.SessionID // keys without an answer
	acks  map[string]engine.Seq
	base  int
	seen  map[string][]engine.Seq
	owned map[string]bool
	offer chan *wire.Server
}

func newChatter(h *crashHarness, name string) *chatter {
	return &chatter{
		h: h, name: name, open: map[string]engine.SessionID{}, acks: map[string]engine.Seq{},
		seen: map[string][]engine.Seq{}, owned: map[string]bool{}, offer: make(chan *wire.Server, 100),
	}
}

func (p *chatter) have() []engine.Have {
	p.mu.Lock()
	defer p.mu.Unlock()
	var have []engine.Have
	for sid, seqs := range p.seen {
		id, err := engine.ParseSessionID(sid)
		if err != nil {
			p.h.t.Fatal(err)
		}
		have = append(have, engine.Have{Session: id, Seq: seqs[len(seqs)-1]})
	}
	return have
}

func (p *chatter) connect() {
	p.h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	o := client.Options{Addr: p.h.listen, Tenant: "crash", Token: p.token, Have: p.have(), Buffer: 1 << 16}
	var err error
	if p.name == "ada" {
		o.Intent = engine.IntentAccepting
		if o.Token, err = auth.Sign([]byte(crashSecret), "k", auth.Claims{Tenant: "crash", Operator: "ada", Issued: time.Now(), TTL: time.Hour}); err != nil {
			p.h.t.Fatal(err)
		}
		p.c, err = client.DialOperator(ctx, o)
	} else {
		o.Origin = "https://shop.example"
		p.c, err = client.DialVisitor(ctx, o)
	}
	if err != nil {
		p.h.t.Fatalf("%s: %v", p.name, err)
	}
	p.writers.Go(func() { p.listen(p.c) })
	if p.name == "ada" {
		return
	}
	p.token = p.c.Welcome.Token
	if p.session.IsZero() {
		r, err := p.c.Start(ctx, "sales", "hello from "+p.name)
		if err != nil {
			p.h.t.Fatalf("%s: %v", p.name, err)
		}
		p.session = r.Session
	}
}

// listen journals what the person is shown, until the connection ends.
func (p *chatter) listen(c *client.Client) {
	for frame := range c.Frames() {
		switch {
		case frame.Kind == "evt":
			p.mu.Lock()
			p.seen[frame.Session] = append(p.seen[frame.Session], frame.Seq)
			p.mu.Unlock()
		case frame.Kind == "watch" && frame.Type == "offer.new":
			p.offer <- frame
		}
	}
}

// acceptAll takes offers until every session is the operator's.
func (p *chatter) acceptAll(people []*chatter) {
	p.h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for len(p.owned) < len(people) {
		select {
		case frame := <-p.offer:
			var o struct {
				Offer string       `json:"offer_id"`
				Epoch engine.Epoch `json:"ep"`
			}
			if err := frame.Read(&o); err != nil {
				p.h.t.Fatal(err)
			}
			sid, seq, ok := wire.ParseOfferID(o.Offer)
			if !ok {
				p.h.t.Fatalf("offer id %q", o.Offer)
			}
			if _, err := p.c.Accept(ctx, sid, seq, o.Epoch); err != nil && !errors.Is(err, engine.ErrOfferGone) {
				p.h.t.Fatalf("accept: %v", err)
			} else if err == nil {
				p.owned[sid.String()] = true
			}
		case <-ctx.Done():
			p.h.t.Fatalf("only %d of %d chats were offered", len(p.owned), len(people))
		}
	}
}

// write starts writing to every session of the person's, and repeats first what
// had no answer. It ends with the connection.
func (p *chatter) write(round int) {
	c := p.c
	p.mu.Lock()
	p.base = len(p.acks)
	p.mu.Unlock()
	sessions := []engine.SessionID{p.session}
	if p.name == "ada" {
		sessions = nil
		for _, v := range p.h.people {
			sessions = append(sessions, v.session)
		}
	}
	p.writers.Go(func() {
		if !p.repeat(c) {
			return
		}
		for i := 0; ; i++ {
			p.n++
			key := fmt.Sprintf("%s-%d-%d", p.name, round, p.n)
			if !p.post(c, key, sessions[i%len(sessions)]) {
				return
			}
		}
	})
}

// post sends one message and journals its acknowledgement; false when the
// connection is gone, which leaves the message open.
func (p *chatter) post(c *client.Client, key string, session engine.SessionID) bool {
	p.mu.Lock()
	p.open[key] = session
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	frame, err := c.Do(ctx, engine.Draft{Op: engine.OpMessage, Session: session, ClientID: key, Body: engine.BodyOf("text of " + key)})
	if err != nil {
		var refused *engine.Error
		if errors.As(err, &refused) {
			p.h.t.Errorf("%s: message %s refused: %v", p.name, key, err)
		}
		return false
	}
	var d wire.Data
	if err := frame.Read(&d); err != nil {
		p.h.t.Error(err)
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, key)
	p.acks[key] = d.Seq
	return true
}

// repeat sends again, with the same keys, what had no answer.
func (p *chatter) repeat(c *client.Client) bool {
	p.mu.Lock()
	open := make(map[string]engine.SessionID, len(p.open))
	for key, session := range p.open {
		open[key] = session
	}
	p.mu.Unlock()
	for key, session := range open {
		if !p.post(c, key, session) {
			return false
		}
	}
	return true
}

func (p *chatter) ackedSince() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.acks) - p.base
}

// cut ends the connection as a crash does and waits for the person's goroutines.
func (p *chatter) cut() {
	p.c.Abort()
	p.writers.Wait()
}

func (p *chatter) resend() {
	p.h.t.Helper()
	if !p.repeat(p.c) || len(p.open) > 0 {
		p.h.t.Errorf("%s: %d messages have no answer", p.name, len(p.open))
	}
}

// wholeLog reads the session's history, page by page, as its visitor may.
func (p *chatter) wholeLog() []*wire.Server {
	p.h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var log []*wire.Server
	var before engine.Seq
	for {
		page, more, err := p.c.History(ctx, p.session, before, 100)
		if err != nil {
			p.h.t.Fatalf("%s: history: %v", p.name, err)
		}
		log = append(page, log...)
		if !more {
			break
		}
		before = log[0].Seq
	}
	// What was said last is on its way to the screen: wait for it.
	deadline := time.Now().Add(10 * time.Second)
	for p.last() < log[len(log)-1].Seq && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond) // between two looks
	}
	return log
}

func (p *chatter) last() engine.Seq {
	p.mu.Lock()
	defer p.mu.Unlock()
	seqs := p.seen[p.session.String()]
	if len(seqs) == 0 {
		return 0
	}
	return seqs[len(seqs)-1]
}
