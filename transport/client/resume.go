package client

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/wire"
)

// ResumeOptions says how a Resuming client connects and comes back.
type ResumeOptions struct {
	// Options is where to connect and as whom. Raw is not for a Resuming client.
	// Have is where its view begins; a visitor's Token is replaced by what the
	// server hands out.
	Options
	// NewToken is asked for an operator's token when the server refuses the last
	// one, and for the first if Options has none. Nil: a refused token ends the client.
	NewToken func(ctx context.Context) (string, error)
	// Dial opens the transport's connection. Nil: TCP, or TLS for wss, to Addr.
	Dial func(ctx context.Context) (net.Conn, error)
	// Connected is told of each connection, before any of its frames. It runs on
	// the client's goroutine, as do Disconnected and Lost: return soon.
	Connected func(wire.Welcome)
	// Disconnected is told why a connection ended, or could not be made.
	Disconnected func(error)
	// Recovered is told what became of what was missed while there was no connection:
	// its events come by Frames as all others do.
	Recovered func(wire.Missed)
	// Lost is told that a session is no longer readable: what happened in it after
	// the last event that came will not come.
	Lost func(engine.SessionID, error)

	Outbox        int           // drafts without a result; 0 means 1,024
	Window        int           // drafts under way at once; 0 means 1, which keeps their order even when the server asks to try one again
	MinBackoff    time.Duration // 0 means 500 ms: bound of the first wait
	MaxBackoff    time.Duration // 0 means 30 s: bound of all waits, each drawn from zero to its bound
	DialTimeout   time.Duration // 0 means 15 s: for connecting and authenticating
	WriteTimeout  time.Duration // 0 means 10 s: for one frame
	ResultTimeout time.Duration // 0 means 30 s: without a result for so long, a connection is given up
	Silence       time.Duration // 0 means one and a half times the server's ping: without a byte for so long, a connection is given up
	// Random draws from [0, 1), for jitter. Nil means math/rand.
	Random func() float64
}

func (o *ResumeOptions) ensureDefaults() {
	orDefault(&o.Buffer, 1024)
	orDefault(&o.ReadBytes, 4096)
	orDefault(&o.Outbox, 1024)
	orDefault(&o.Window, 1)
	orDefault(&o.MinBackoff, 500*time.Millisecond)
	orDefault(&o.MaxBackoff, 30*time.Second)
	orDefault(&o.DialTimeout, 15*time.Second)
	orDefault(&o.WriteTimeout, 10*time.Second)
	orDefault(&o.ResultTimeout, 30*time.Second)
	if o.Random == nil {
		o.Random = mathrand.Float64
	}
	if o.Connected == nil {
		o.Connected = func(wire.Welcome) {}
	}
	if o.Disconnected == nil {
		o.Disconnected = func(error) {}
	}
	if o.Recovered == nil {
		o.Recovered = func(wire.Missed) {}
	}
	if o.Lost == nil {
		o.Lost = func(engine.SessionID, error) {}
	}
	if o.Dial == nil {
		o.Dial = func(ctx context.Context) (net.Conn, error) {
			socket, _, err := connect(ctx, o.Options)
			return socket, err
		}
	}
}

func orDefault[T int | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// Resuming is a participant who stays connected. It dials again, with full
// jitter, whenever the connection ends and the server does not forbid it; says
// what it holds of each session, so that it gets what it missed; repeats drafts
// without a result under their keys, so that none is lost or doubled; and checks
// every event against the one before it. What comes by Frames is each event
// once and in its session's order, over all connections. Methods may be called
// from any goroutine.
type Resuming struct {
	// Fixed after construction.
	path   string
	o      ResumeOptions
	prefix string // of idempotency keys
	frames chan *wire.Server
	cancel context.CancelFunc
	done   chan struct{}
	wake   chan struct{} // has room for one: the outbox has something to send

	// Owned by run, until done is closed.
	view   *view
	token  string
	resume string // the last resume token
	err    error  // why the client ended

	mu      sync.Mutex
	outbox  []*pending // guarded by mu, in the order in which they were given
	current *Client    // guarded by mu: nil between connections
	stats   Stats      // guarded by mu
	keys    uint64     // guarded by mu
	ended   bool       // guarded by mu: nothing is taken any more
}

// Stats counts what a Resuming client lived through.
type Stats struct {
	Connections int // authenticated
	Repeated    int // drafts sent again
	Doubled     int // events that were held already, and dropped
	Gaps        int // events whose predecessor was missing: the connection was given up
	Resets      int // sessions that the server could not resume: see docs/PROTOCOL.md
	Behind      int // times that a ping said that a session's last events were missing: they were asked for
	Pages       int // of history, read to complete sessions that had ended meanwhile
}

// ResumeVisitor starts a visitor who stays connected until Close.
func ResumeVisitor(o ResumeOptions) *Resuming { return startResuming("/v1/visitor", o) }

// ResumeOperator starts an operator who stays connected until Close.
func ResumeOperator(o ResumeOptions) *Resuming { return startResuming("/v1/operator", o) }

func startResuming(path string, o ResumeOptions) *Resuming {
	o.ensureDefaults()
	var seed [8]byte
	_, _ = rand.Read(seed[:])
	ctx, cancel := context.WithCancel(context.Background())
	r := &Resuming{
		path: path, o: o, prefix: hex.EncodeToString(seed[:]), token: o.Token, resume: o.Resume, view: newView(o.Have),
		frames: make(chan *wire.Server, o.Buffer), cancel: cancel, done: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	go r.run(ctx) // ends with Close, or when the server forbids to come back; Done tells
	return r
}

// Frames is what the server says besides results. An event comes once, after the
// one before it. A control frame "resumed" whose data says reset means that what is
// held of that session is to be dropped: its last events follow, earlier ones
// come by History. Frames is closed when the client ends; until then it must be
// read, by another goroutine than one that waits in Do.
func (r *Resuming) Frames() <-chan *wire.Server { return r.frames }

// Done is closed when the client has ended.
func (r *Resuming) Done() <-chan struct{} { return r.done }

// Err is why the client ended, after Done: ErrClosed, or what the server said.
func (r *Resuming) Err() error {
	<-r.done
	return r.err
}

// Stats is what happened so far.
func (r *Resuming) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats
}

// Connected reports whether there is a connection now.
func (r *Resuming) Connected() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current != nil
}

// Key is a fresh idempotency key.
func (r *Resuming) Key() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys++
	return r.prefix + "-" + strconv.FormatUint(r.keys, 36)
}

// Close ends the client and waits. Drafts without a result answer ErrClosed:
// whether they were carried out is unknown. Idempotent.
func (r *Resuming) Close() error {
	r.cancel()
	for {
		select {
		case <-r.done:
			return nil
		case <-r.frames: // run may wait for room
		}
	}
}

// Typing says that the client's person is, or no longer is, writing. It is
// dropped without a connection.
func (r *Resuming) Typing(session engine.SessionID, on bool) {
	r.mu.Lock()
	c := r.current
	r.mu.Unlock()
	if c != nil {
		_ = c.Typing(session, on)
	}
}

// run connects until the client ends.
func (r *Resuming) run(ctx context.Context) {
	defer close(r.done)
	defer close(r.frames)
	attempt, refusals := 0, 0
	for ctx.Err() == nil {
		begun := time.Now()
		c, err := r.dial(ctx)
		var left leaving
		if err == nil {
			refusals = 0
			left = r.attend(ctx, c)
		} else {
			left = adviceOn(err)
		}
		if ctx.Err() != nil {
			break
		}
		r.o.Disconnected(left.err)
		if left.token {
			refusals++
			left.final = r.o.NewToken == nil || refusals > tokensRefused
			r.token = ""
		}
		if left.final {
			r.end(left.err)
			return
		}
		if time.Since(begun) > r.o.MaxBackoff {
			attempt = 0
		}
		r.pause(ctx, attempt, left.after)
		attempt++
	}
	r.end(ErrClosed)
}

// tokensRefused is how many tokens in a row may be refused.
const tokensRefused = 3

// end answers whoever waits; nothing is taken from now on.
func (r *Resuming) end(err error) {
	r.err = err
	r.mu.Lock()
	r.ended = true
	left := r.outbox
	r.outbox = nil
	r.mu.Unlock()
	for _, p := range left {
		p.done(nil, fmt.Errorf("%s: %w", p.draft.Op, ErrClosed))
	}
}

// pause waits before the next attempt: what the server asked for, then a random
// part of a bound that doubles, so that many clients do not come back at once.
func (r *Resuming) pause(ctx context.Context, attempt int, after time.Duration) {
	bound := r.o.MaxBackoff
	if attempt < 20 {
		bound = min(bound, r.o.MinBackoff<<attempt)
	}
	wait := time.NewTimer(after + time.Duration(r.o.Random()*float64(bound)))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
}

// dial makes one authenticated connection.
func (r *Resuming) dial(ctx context.Context) (*Client, error) {
	ctx, cancel := context.WithTimeout(ctx, r.o.DialTimeout)
	defer cancel()
	o := r.o.Options
	o.Raw, o.Have, o.Resume = nil, r.view.have(), r.resume
	if r.token == "" && r.o.NewToken != nil {
		token, err := r.o.NewToken(ctx)
		if err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
		r.token = token
	}
	o.Token = r.token
	bare, err := r.o.Dial(ctx)
	if err != nil {
		return nil, err
	}
	socket := &watched{Conn: bare, write: r.o.WriteTimeout}
	stop := context.AfterFunc(ctx, func() { _ = bare.SetDeadline(time.Unix(1, 0)) })
	c, err := open(socket, hostOf(o), r.path, o)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = bare.Close()
		return nil, errors.Join(ctx.Err(), err)
	}
	silence := r.o.Silence
	if silence == 0 {
		silence = time.Duration(c.Welcome.Limits.PingSeconds) * time.Second * 3 / 2
	}
	socket.silence.Store(int64(silence))
	c.pings = true
	c.begin()
	return c, nil
}

func hostOf(o Options) string {
	addr := strings.TrimPrefix(strings.TrimPrefix(o.Addr, "wss://"), "ws://")
	return strings.TrimSuffix(addr, "/")
}

// leaving is why a connection ended and what the server said about coming back.
type leaving struct {
	err   error
	final bool // do not come back
	token bool // come back with another token only
	after time.Duration
}

// adviceOn judges a connection that could not be made.
func adviceOn(err error) leaving {
	l := leaving{err: err}
	var refusal *engine.Error
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &untrusted):
		l.final = true
	case !errors.As(err, &refusal):
	case errors.Is(refusal, engine.ErrAuthInvalid), errors.Is(refusal, engine.ErrAuthExpired):
		l.token = true
	case refusal.Retry > 0, errors.Is(refusal, engine.ErrInternal):
		l.after = refusal.Retry
	default:
		l.final = true
	}
	return l
}

// heed takes the server's goodbye: its words, or its close code alone.
func (l *leaving) heed(code int, bye *wire.Data) {
	if bye != nil {
		l.after = time.Duration(bye.Retry) * time.Millisecond
		l.final, l.token = bye.Reconnect == "no", bye.Reconnect == "with_new_token"
		return
	}
	switch {
	case code == 4501 || code == 1011: // too slow to authenticate; the server failed
	case code == 4500:
		l.token = true
	case code >= 4500 && code < 5000, code == 1002, code == 1003, code == 1007, code == 1009:
		l.final = true
	}
}
