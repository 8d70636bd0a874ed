package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/wire"
)

// talk is one connection of a Resuming client's, driven by its goroutine.
type talk struct {
	r    *Resuming
	c    *Client
	open []engine.SessionID // what the server's hello called open
	bye  *wire.Data
	pace pace

	requests uint64
	hold     time.Time // nothing is sent before: the server asked to wait
	due      time.Time // when every open session must have been resumed; zero: it was looked at
	ended    []engine.SessionID
	behind   []paging // sessions of which a ping said that events were missing
	page     *paging  // of the first of the two lists; nil: none is under way
}

// paging reads what happened in a session after the client saw it last, when the
// session has ended meanwhile: such a session is not resumed.
type paging struct {
	session engine.SessionID
	held    engine.Seq
	before  engine.Seq
	missed  bool           // its events were sent and did not come
	events  []*wire.Server // oldest first
	request string         // empty: to be sent
	sent    time.Time
}

var (
	errSilentServer = errors.New("a request has no result")
	errNotResumed   = errors.New("an open session was not resumed")
)

// resumeWithin is how long the server may take to resume what it called open.
const resumeWithin = 10 * time.Second

// attend talks on one connection until it ends.
func (r *Resuming) attend(ctx context.Context, c *Client) leaving {
	t := &talk{r: r, c: c, open: openSessions(&c.Welcome), due: time.Now().Add(resumeWithin)}
	t.pace.rate = c.Welcome.Limits.MessagesPerSecond
	if c.Welcome.Token != "" {
		r.token = c.Welcome.Token
	}
	r.resume = c.Welcome.Resume
	r.view.resumed = map[engine.SessionID]bool{}
	_, t.ended = r.view.unresumed(t.open)
	r.mu.Lock()
	r.current = c
	r.stats.Connections++
	r.mu.Unlock()
	r.o.Connected(c.Welcome)
	err := t.run(ctx)
	if ctx.Err() != nil {
		_ = c.Close()
	} else {
		c.Abort()
	}
	r.mu.Lock()
	r.current = nil
	for _, p := range r.outbox {
		if p.request != "" {
			p.request, p.before = "", true
		}
	}
	r.mu.Unlock()
	left := leaving{err: err}
	left.heed(c.CloseCode(), t.bye)
	return left
}

// run ends with the connection, or with why it is given up.
func (t *talk) run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		next, err := t.send(time.Now())
		if err != nil {
			return err
		}
		timer.Reset(max(time.Until(next), 0))
		select {
		case frame, open := <-t.c.Frames():
			if !open {
				return t.c.Err()
			}
			if err := t.take(ctx, frame); err != nil {
				return err
			}
		case <-t.r.wake:
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// send sends what may be sent now, and answers when to look again.
func (t *talk) send(now time.Time) (next time.Time, err error) {
	next = now.Add(t.r.o.ResultTimeout)
	if !t.due.IsZero() {
		if now.Before(t.due) {
			next = earlier(next, t.due)
		} else if missing, _ := t.r.view.unresumed(t.open); len(missing) > 0 {
			return next, fmt.Errorf("session %s: %w", missing[0], errNotResumed)
		} else {
			t.due = time.Time{}
		}
	}
	if now.Before(t.hold) {
		return earlier(next, t.hold), nil
	}
	if err := t.sendPage(now, &next); err != nil {
		return next, err
	}
	return t.sendDrafts(now, next)
}

func (t *talk) sendDrafts(now, next time.Time) (time.Time, error) {
	r := t.r
	for {
		r.mu.Lock()
		window := r.outbox[:min(len(r.outbox), r.o.Window)]
		for _, p := range window {
			if late := p.sent.Add(r.o.ResultTimeout); p.request == "" {
				continue
			} else if now.Before(late) {
				next = earlier(next, late)
			} else {
				r.mu.Unlock()
				return next, fmt.Errorf("%s: %w", p.draft.Op, errSilentServer)
			}
		}
		at := slices.IndexFunc(window, func(p *pending) bool { return p.request == "" })
		wait := time.Duration(0)
		if at >= 0 {
			wait = t.pace.wait(now)
		}
		if at < 0 || wait > 0 {
			r.mu.Unlock()
			if wait > 0 {
				next = earlier(next, now.Add(wait))
			}
			return next, nil
		}
		p := window[at]
		p.request, p.sent = t.request(), now
		if p.before {
			r.stats.Repeated++
		}
		d := p.draft
		d.Request = p.request
		r.mu.Unlock()
		t.pace.took(now)
		if err := t.c.Post(d); err != nil {
			return next, err
		}
	}
}

func (t *talk) request() string {
	t.requests++
	return "r" + strconv.FormatUint(t.requests, 36)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// take handles one frame.
func (t *talk) take(ctx context.Context, f *wire.Server) error {
	switch {
	case f.Kind == "res":
		return t.result(ctx, f)
	case f.Kind == "evt":
		return t.event(ctx, f)
	case f.Kind == "ctl" && f.Type == "resumed":
		var d wire.Data
		if err := f.Read(&d); err != nil {
			return err
		}
		news, err := t.r.view.begin(f, &d)
		switch {
		case err != nil:
			return err
		case !news:
			return nil
		case d.Reset:
			t.r.count(func(s *Stats) { s.Resets++ })
		}
	case f.Kind == "ctl" && f.Type == "ping":
		return t.pinged(f)
	case f.Kind == "ctl" && f.Type == "recovered":
		var missed wire.Missed
		if err := f.Read(&missed); err != nil {
			return err
		}
		t.r.o.Recovered(missed)
		return nil
	case f.Kind == "ctl" && f.Type == "bye":
		t.bye = &wire.Data{}
		if err := f.Read(t.bye); err != nil {
			return err
		}
	}
	return t.r.emit(ctx, f)
}

func (t *talk) event(ctx context.Context, f *wire.Server) error {
	fresh, err := t.r.view.event(f)
	switch {
	case err != nil:
		t.r.count(func(s *Stats) { s.Gaps++ })
		return err
	case !fresh:
		t.r.count(func(s *Stats) { s.Doubled++ })
		return nil
	}
	return t.r.emit(ctx, f)
}

func (r *Resuming) count(what func(*Stats)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	what(&r.stats)
}

// emit hands a frame over; whoever is slow to take it slows the server down.
func (r *Resuming) emit(ctx context.Context, f *wire.Server) error {
	select {
	case r.frames <- f:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// result takes the answer to a draft or to a page.
func (t *talk) result(ctx context.Context, f *wire.Server) error {
	if t.page != nil && t.page.request == f.Request {
		return t.paged(ctx, f)
	}
	r := t.r
	r.mu.Lock()
	at := slices.IndexFunc(r.outbox, func(p *pending) bool { return p.request == f.Request })
	if at < 0 { // withdrawn
		r.mu.Unlock()
		return nil
	}
	p := r.outbox[at]
	if t.again(f) {
		p.request, p.before = "", true
		r.mu.Unlock()
		return nil
	}
	r.outbox = slices.Delete(r.outbox, at, at+1)
	r.mu.Unlock()
	if f.OK {
		p.done(f, nil)
	} else {
		p.done(f, f.Refusal.Err())
	}
	return nil
}

// again obeys a refusal that asks to try again later.
func (t *talk) again(f *wire.Server) bool {
	if f.OK || f.Refusal.Retry <= 0 {
		return false
	}
	t.hold = time.Now().Add(time.Duration(f.Refusal.Retry) * time.Millisecond)
	return true
}

// sendPage asks for the next page of the first session that has ended.
func (t *talk) sendPage(now time.Time, next *time.Time) error {
	if t.page == nil && len(t.behind) > 0 {
		p := t.behind[0]
		p.held = t.r.view.last[p.session]
		t.behind, t.page = t.behind[1:], &p
	}
	if t.page == nil {
		if len(t.ended) == 0 {
			return nil
		}
		session := t.ended[0]
		t.ended = t.ended[1:]
		t.page = &paging{session: session, held: t.r.view.last[session]}
	}
	p := t.page
	if p.request != "" {
		late := p.sent.Add(t.r.o.ResultTimeout)
		*next = earlier(*next, late)
		if !now.Before(late) {
			return fmt.Errorf("history: %w", errSilentServer)
		}
		return nil
	}
	p.request, p.sent = t.request(), now
	t.pace.took(now)
	t.r.count(func(s *Stats) { s.Pages++ })
	return t.c.Post(engine.Draft{Op: engine.OpHistory, Request: p.request, Session: p.session, Before: p.before})
}

// paged takes a page. With the last one, the events come out in order.
func (t *talk) paged(ctx context.Context, f *wire.Server) error {
	p := t.page
	p.request = ""
	if t.again(f) {
		return nil
	}
	if !f.OK {
		t.lost(f.Refusal.Err())
		return nil
	}
	events, more, err := pageOf(f)
	if err != nil {
		return err
	}
	p.events = append(events, p.events...)
	if more && len(events) > 0 && events[0].Prev > p.held {
		p.before = events[0].Seq
		return nil
	}
	t.page = nil
	t.r.view.resumed[p.session] = true
	for _, e := range p.events {
		if e.Seq <= p.held {
			continue
		}
		if p.missed {
			t.c.came.Add(1) // as if it had come by itself
		}
		err := t.event(ctx, e)
		if errors.Is(err, errGap) { // the server keeps no more than this
			t.page = p
			t.lost(err)
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lost gives up a session that cannot be read any more. One that was called open
// and of which nothing ever came had nothing to lose: the server stopped before
// its beginning was durable, and whatever was to begin it is sent again.
func (t *talk) lost(err error) {
	session := t.page.session
	t.page = nil
	held := t.r.view.last[session]
	t.r.view.forget(session)
	if held > 0 {
		t.r.o.Lost(session, err)
	}
}

// pace keeps a client with a long outbox within the server's rate, with some room
// for what else it says: the server closes who persists in exceeding it.
type pace struct {
	rate float64   // messages per second that the server allows; 0: any
	next time.Time // when the bucket would be empty of what was sent
}

// paceBurst is what may be sent at once; the server allows four seconds' worth.
const paceBurst = 3 * time.Second

func (p *pace) wait(now time.Time) time.Duration {
	if p.rate <= 0 || p.next.Before(now) {
		return 0
	}
	return p.next.Sub(now) - paceBurst
}

func (p *pace) took(now time.Time) {
	if p.rate <= 0 {
		return
	}
	if p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(time.Duration(float64(time.Second) / (0.9 * p.rate)))
}
