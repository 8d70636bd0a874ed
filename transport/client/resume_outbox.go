package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/wire"
)

// pending is a draft without a result.
type pending struct {
	draft   engine.Draft
	done    func(*wire.Server, error) // called once
	request string                    // its id on the present connection; empty: not sent there
	sent    time.Time                 // when, on the present connection
	before  bool                      // sent on an earlier connection, or refused for the moment
}

// ErrOutboxFull is what Do and Post answer when too many drafts have no result.
var ErrOutboxFull = errors.New("the outbox is full")

// Post hands over a draft and does not wait. A state change without a key gets
// one. The draft is sent, and sent again on later connections, until the server
// has answered it; then done is called, on the client's goroutine, with the result
// or with an *engine.Error. A refusal that asks to try again is obeyed and not
// told. When the client ends first, done gets ErrClosed.
func (r *Resuming) Post(d engine.Draft, done func(*wire.Server, error)) error {
	_, err := r.add(d, done)
	return err
}

func (r *Resuming) add(d engine.Draft, done func(*wire.Server, error)) (*pending, error) {
	if d.ClientID == "" && changesState(d.Op) {
		d.ClientID = r.Key()
	}
	p := &pending{draft: d, done: done}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.ended:
		return nil, fmt.Errorf("%s: %w", d.Op, ErrClosed)
	case len(r.outbox) >= r.o.Outbox:
		return nil, fmt.Errorf("%s: %w", d.Op, ErrOutboxFull)
	}
	r.outbox = append(r.outbox, p)
	r.nudge()
	return p, nil
}

func changesState(op engine.Op) bool {
	switch op {
	case engine.OpRead, engine.OpHistory, engine.OpAway, engine.OpExplain, engine.OpDepartments, engine.OpVisitor, engine.OpTargets, engine.OpSessions, engine.OpWatch, engine.OpUnwatch:
		return false
	default:
		return true
	}
}

// nudge tells the goroutine that sends, if there is one, to look.
func (r *Resuming) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Do hands over a draft and waits for its result, over as many connections as it
// takes. When ctx ends first, the draft is withdrawn: it is not sent again, and
// whether it was carried out is unknown.
func (r *Resuming) Do(ctx context.Context, d engine.Draft) (*wire.Server, error) {
	type result struct {
		frame *wire.Server
		err   error
	}
	got := make(chan result, 1)
	p, err := r.add(d, func(frame *wire.Server, err error) { got <- result{frame, err} })
	if err != nil {
		return nil, err
	}
	select {
	case res := <-got:
		return res.frame, res.err
	case <-ctx.Done():
		r.withdraw(p)
		return nil, fmt.Errorf("%s: %w", d.Op, ctx.Err())
	}
}

func (r *Resuming) withdraw(p *pending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outbox = slices.DeleteFunc(r.outbox, func(other *pending) bool { return other == p })
	r.nudge()
}

// Send adds a message and waits until it is durable.
func (r *Resuming) Send(ctx context.Context, session engine.SessionID, text string) (Result, error) {
	return resultOf(r.Do(ctx, engine.Draft{Op: engine.OpMessage, Session: session, Body: engine.BodyOf(text)}))
}

// Start opens a session, or answers the open one. text may be empty.
func (r *Resuming) Start(ctx context.Context, department engine.DepartmentID, text string) (Result, error) {
	return resultOf(r.Do(ctx, engine.Draft{Op: engine.OpStart, Department: department, Body: engine.BodyOf(text)}))
}

// StartWith is Start with what the visitor says before the chat, as Client.StartWith.
func (r *Resuming) StartWith(ctx context.Context, department engine.DepartmentID, form engine.Form, text string) (Result, error) {
	return resultOf(r.Do(ctx, engine.Draft{Op: engine.OpStart, Department: department, Form: &form, Body: engine.BodyOf(text)}))
}

// History answers up to limit events before the given one, as Client.History does.
func (r *Resuming) History(ctx context.Context, session engine.SessionID, before engine.Seq, limit int) ([]*wire.Server, bool, error) {
	frame, err := r.Do(ctx, engine.Draft{Op: engine.OpHistory, Session: session, Before: before, Limit: limit})
	if err != nil {
		return nil, false, err
	}
	return pageOf(frame)
}

func resultOf(frame *wire.Server, err error) (Result, error) {
	if err != nil {
		return Result{}, err
	}
	var data wire.Data
	if err := frame.Read(&data); err != nil {
		return Result{}, err
	}
	session, err := engine.ParseSessionID(data.Session)
	return Result{Session: session, Seq: data.Seq, Epoch: data.Epoch, State: data.State}, err
}

func pageOf(frame *wire.Server) (events []*wire.Server, more bool, err error) {
	var d wire.Data
	if err := frame.Read(&d); err != nil {
		return nil, false, err
	}
	for _, raw := range d.Events {
		event, err := wire.DecodeServer(raw)
		if err != nil {
			return nil, false, err
		}
		events = append(events, event)
	}
	return events, d.More, nil
}
