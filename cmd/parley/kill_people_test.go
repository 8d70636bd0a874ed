package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/auth"
	"github.com/parleyhq/parley/transport/client"
	"github.com/parleyhq/parley/transport/wire"
)

// killOperator takes its share of chats and lets other offers lie.
type killOperator struct {
	// Fixed after construction.
	w     *killWorld
	id    engine.OperatorID
	dept  engine.DepartmentID
	share int
	lost  bool // does not come back after the kill
	watch bool // takes nothing: sees the lines

	c       *client.Client
	have    []engine.Have
	reading sync.WaitGroup

	mu     sync.Mutex
	owned  map[string]bool                  // guarded by mu, as all that follows: what it believes
	offers map[string]wire.Offer            // live, by session
	old    []wire.Offer                     // of before the kill, never answered
	line   map[string]bool                  // of watch
	taken  map[string]engine.Epoch          // acknowledged accepts
	news   chan wire.Offer                  // offers since the last look
	at     time.Time                        // when it came back, by the server's clock
	said   map[string]map[string]engine.Seq // acknowledged messages, by session
}

func newKillOperator(w *killWorld, id engine.OperatorID) *killOperator {
	return &killOperator{
		w: w, id: id, owned: map[string]bool{}, offers: map[string]wire.Offer{}, line: map[string]bool{},
		taken: map[string]engine.Epoch{}, said: map[string]map[string]engine.Seq{},
	}
}

// connect begins a connection and takes what it says at first.
func (o *killOperator) connect(ctx context.Context) error {
	token, err := auth.Sign([]byte(crashSecret), "k", auth.Claims{Tenant: "crash", Operator: o.id, Issued: time.Now(), TTL: time.Hour})
	if err != nil {
		return err
	}
	options := client.Options{Addr: o.w.h.listen, Tenant: "crash", Token: token, Intent: engine.IntentAccepting, Have: o.have, Buffer: 1 << 12}
	c, err := redial(ctx, client.DialOperator, options)
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.c, o.at = c, c.Welcome.ServerTime
	clear(o.owned)
	clear(o.offers)
	clear(o.line)
	o.news = make(chan wire.Offer, 1<<12)
	for _, sid := range c.Welcome.Me.Sessions {
		o.owned[sid] = true
	}
	for _, offer := range c.Welcome.Me.Offers {
		o.offer(offer)
	}
	o.reading.Go(func() { o.read(c) })
	return nil
}

// offer notes a live one. Call with mu held.
func (o *killOperator) offer(offer wire.Offer) {
	o.offers[offer.Session] = offer
	o.news <- offer
}

func (o *killOperator) read(c *client.Client) {
	for frame := range c.Frames() {
		if frame.Kind == "watch" {
			o.w.moved.Add(1)
			o.watched(frame)
		}
	}
	close(o.news)
}

func (o *killOperator) watched(frame *wire.Server) {
	var d struct {
		wire.Offer
		Owned bool `json:"owned"`
		Rows  []struct {
			Session string `json:"sid"`
		} `json:"rows"`
		Gone []string `json:"gone"`
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if frame.Watch == "queue" && !o.watch {
		return
	}
	if err := frame.Read(&d); err != nil {
		o.w.h.t.Errorf("%s: %s: %v", o.id, frame.Type, err)
		return
	}
	switch frame.Type {
	case "offer.new":
		o.offer(d.Offer)
	case "offer.revoked":
		delete(o.offers, d.Session)
	case "mine.changed":
		if d.Session != "" {
			delete(o.offers, d.Session)
			delete(o.owned, d.Session)
			if d.Owned {
				o.owned[d.Session] = true
			}
		}
	case "snapshot", "delta":
		if frame.Type == "snapshot" {
			clear(o.line)
		}
		for _, row := range d.Rows {
			o.line[row.Session] = true
		}
		for _, sid := range d.Gone {
			delete(o.line, sid)
		}
	}
}

// serve accepts offers until it has its share, and greets in each chat. It ends
// with the connection at the latest.
func (o *killOperator) serve(ctx context.Context) {
	for n := 0; n < o.share; {
		var offer wire.Offer
		var open bool
		select {
		case offer, open = <-o.news:
		case <-ctx.Done():
		}
		if !open {
			return
		}
		sid, number, _ := wire.ParseOfferID(offer.ID)
		r, err := o.c.Accept(ctx, sid, number, offer.Epoch)
		switch {
		case err == nil:
			n++
			o.mu.Lock()
			o.taken[offer.Session] = r.Epoch
			o.mu.Unlock()
			o.say(ctx, sid, "hello")
		case !errors.Is(err, engine.ErrOfferGone) && !isCut(err):
			o.w.h.t.Errorf("%s: accept: %v", o.id, err)
		}
	}
}

// say sends one message and journals its acknowledgement; false at the end of the connection.
func (o *killOperator) say(ctx context.Context, sid engine.SessionID, text string) bool {
	key := fmt.Sprintf("%s-%s", o.id, text)
	frame, err := o.c.Do(ctx, engine.Draft{Op: engine.OpMessage, Session: sid, ClientID: key, Body: engine.BodyOf(text)})
	if err != nil {
		if !isCut(err) {
			o.w.h.t.Errorf("%s: message to %s: %v", o.id, sid, err)
		}
		return false
	}
	var d wire.Data
	if err := frame.Read(&d); err != nil {
		o.w.h.t.Error(err)
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.said[sid.String()] == nil {
		o.said[sid.String()] = map[string]engine.Seq{}
	}
	o.said[sid.String()][key] = d.Seq
	return true
}

// cut ends the connection; offers that were never answered are kept for later.
func (o *killOperator) cut() {
	if o.c == nil {
		return
	}
	o.have = o.c.Have()
	o.c.Abort()
	o.reading.Wait()
	o.c = nil
	o.mu.Lock()
	defer o.mu.Unlock()
	for sid, offer := range o.offers {
		if _, taken := o.taken[sid]; !taken {
			o.old = append(o.old, offer)
		}
	}
}

// killVisitor has one session.
type killVisitor struct {
	w       *killWorld
	dept    engine.DepartmentID
	c       *client.Client
	token   string
	reading sync.WaitGroup
	resumed chan wire.Data

	mu      sync.Mutex
	session engine.SessionID // acknowledged; guarded by mu
}

func (v *killVisitor) connect(ctx context.Context) error {
	o := client.Options{Addr: v.w.h.listen, Tenant: "crash", Origin: networkOrigin, Token: v.token, Buffer: 64, ReadBytes: 1024}
	if v.c != nil {
		o.Have = v.c.Have()
	}
	c, err := redial(ctx, client.DialVisitor, o)
	if err != nil {
		return err
	}
	v.c, v.token, v.resumed = c, c.Welcome.Token, make(chan wire.Data, 8)
	v.reading.Go(func() {
		for frame := range c.Frames() {
			var d wire.Data
			if frame.Kind == "ctl" && frame.Type == "resumed" && json.Unmarshal(frame.Data, &d) == nil {
				select {
				case v.resumed <- d:
				default:
				}
			}
		}
		close(v.resumed)
	})
	return nil
}

// come starts the session; the first message is in it.
func (v *killVisitor) come(ctx context.Context) {
	if err := v.connect(ctx); err != nil {
		if !v.w.killed.Load() {
			v.w.h.t.Errorf("a visitor: %v", err)
		}
		return
	}
	r, err := v.c.Start(ctx, v.dept, "good day")
	switch {
	case err == nil:
		v.mu.Lock()
		v.session = r.Session
		v.mu.Unlock()
	case !isCut(err):
		v.w.h.t.Errorf("start: %v", err)
	}
}

// comeBack wants the session resumed where it was.
func (v *killVisitor) comeBack(ctx context.Context) error {
	if v.session.IsZero() {
		return nil
	}
	if err := v.connect(ctx); err != nil {
		return err
	}
	if got := v.c.Welcome.Session; got != v.session.String() {
		return fmt.Errorf("the hello names session %q, want %s", got, v.session)
	}
	select {
	case d, open := <-v.resumed:
		if !open || d.Reset {
			return fmt.Errorf("session %s: resumed with reset: %v, connection open: %v", v.session, d.Reset, open)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("session %s is not resumed: %w", v.session, ctx.Err())
	}
}

func (v *killVisitor) cut() {
	if v.c != nil {
		v.c.Abort()
		v.reading.Wait()
	}
}

// isCut reports that a request ended with its connection or its time: it was not refused.
func isCut(err error) bool {
	var refused *engine.Error
	return !errors.As(err, &refused)
}

// redial tries until it is let in: when all come at once the backlog is full, and a
// server that starts does not listen yet.
func redial(ctx context.Context, dial func(context.Context, client.Options) (*client.Client, error), o client.Options) (*client.Client, error) {
	for {
		c, err := dial(ctx, o)
		if err == nil || ctx.Err() != nil || !isCut(err) {
			return c, err
		}
		time.Sleep(20 * time.Millisecond) // before the next try
	}
}
