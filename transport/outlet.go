package transport

import (
	"fmt"
	"slices"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/internal/rfc6455"
	"github.com/parleyhq/parley/transport/wire"
)

var _ engine.Outlet = (*conn)(nil)

// Deliver queues a durable entry; its frame is shared by all who receive it.
func (c *conn) Deliver(e *engine.Entry) bool {
	reader := c.side.sees()
	if !e.IsVisible(reader) {
		return !c.isEnding()
	}
	frame := outFrame{e.Frame(reader, wire.EncodeEntry), rfc6455.OpText}
	c.out.mu.Lock()
	v := c.push(c.introduce(e.Author.Operator, e.Operator), frame)
	if c.stream != nil && (v == queued || v == wake) {
		c.stream.queued(e)
	}
	return c.settle(v)
}

// Notify queues something passing, or drops it when the client is slow.
func (c *conn) Notify(signal engine.Signal) bool {
	frame := outFrame{encodeSignal(signal), rfc6455.OpText}
	lasting := signal.Lasting()
	c.out.mu.Lock()
	if !lasting && c.out.crowded() {
		open := c.out.phase == phaseOpen
		c.out.mu.Unlock()
		c.server.metrics.dropped.Inc()
		return open
	}
	v := c.push(c.introduceAll(signal), frame)
	if sit, ok := signal.(engine.Situation); ok && c.stream != nil && c.stream.attached(&sit) {
		v = c.sayRecovered(v)
	}
	return c.settle(v)
}

// Answer queues the answer to a request; a Welcome becomes the hello.
func (c *conn) Answer(a engine.Answer) bool {
	if a.Err == nil && a.Welcome != nil {
		hello := outFrame{c.hello(&a), rfc6455.OpText}
		c.out.mu.Lock()
		v := c.out.push(&c.server.batches, hello)
		if c.welcomed(a.Welcome) {
			v = c.sayRecovered(v)
		}
		return c.settle(v)
	}
	reader := c.side.sees()
	c.fit(&a)
	frame := outFrame{wire.AppendAnswer(make([]byte, 0, 256), &a, reader), rfc6455.OpText}
	c.out.mu.Lock()
	v := refused
	if a.Targets != nil {
		var named []engine.OperatorID
		for i := range a.Targets {
			named = append(named, a.Targets[i].Operator)
		}
		v = c.introduceEach(named)
	}
	for _, e := range a.Entries {
		if e.IsVisible(reader) {
			v = strongest(v, c.introduce(e.Author.Operator, e.Operator))
		}
	}
	return c.settle(c.push(v, frame))
}

// Close ends the connection, after what waits was written.
func (c *conn) Close(reason engine.Reason) { c.end(endingOf(reason), 0) }

// send queues one frame.
func (c *conn) send(frame outFrame) bool {
	c.out.mu.Lock()
	return c.settle(c.out.push(&c.server.batches, frame))
}

// push queues a frame after others, whose verdict is v. The caller holds the
// outbox's mu.
func (c *conn) push(v verdict, frame outFrame) verdict {
	if v == overflow || v == wakeAndOverflow {
		return v
	}
	return strongest(v, c.out.push(&c.server.batches, frame))
}

// strongest combines the verdicts on two frames queued under one lock: a write
// right that was won must be passed on, and an overflow closes.
func strongest(first, second verdict) verdict {
	switch {
	case first == wake && second == overflow:
		return wakeAndOverflow
	case second == overflow || first == refused:
		return second
	case first == wake:
		return wake
	default:
		return second
	}
}

// settle acts on a verdict and releases the outbox's mu.
func (c *conn) settle(v verdict) bool {
	c.out.mu.Unlock()
	switch v {
	case wake:
		c.wakeWriter()
		return true
	case queued:
		return true
	case overflow:
		c.end(endSlowConsumer, 0)
	case wakeAndOverflow:
		c.end(endSlowConsumer, 0) // queues the goodbye for the writer that is woken here
		c.wakeWriter()
	}
	return false
}

// knownPeople bounds whom a connection remembers to have named; naming somebody
// again does no harm.
const knownPeople = 128

// introduce queues a people frame for each operator whom this connection has not
// heard of: names are looked up when they are sent and are kept nowhere. The
// caller holds the outbox's mu.
func (c *conn) introduce(first, second engine.OperatorID) verdict {
	v := refused
	for _, id := range [...]engine.OperatorID{first, second} {
		if id == "" || slices.Contains(c.introduced, id) {
			continue
		}
		if len(c.introduced) == knownPeople {
			c.introduced = slices.Delete(c.introduced, 0, knownPeople/2)
		}
		c.introduced = append(c.introduced, id)
		if operator, known := c.configured().Operator(id); known {
			v = c.push(v, outFrame{wire.AppendPerson(nil, id, operator.Name), rfc6455.OpText})
		}
	}
	return v
}

// introduceAll queues people frames for whom a signal names. The caller holds the
// outbox's mu.
func (c *conn) introduceAll(signal engine.Signal) verdict {
	shown, ok := signal.(*engine.OperatorsShown)
	if !ok {
		return c.introduce(namedBy(signal))
	}
	named := make([]engine.OperatorID, len(shown.Rows))
	for i := range shown.Rows {
		named[i] = shown.Rows[i].Operator
	}
	return c.introduceEach(named)
}

// introduceEach queues one people frame for those whom this connection has not heard
// of. The caller holds the outbox's mu.
func (c *conn) introduceEach(named []engine.OperatorID) verdict {
	var fresh []engine.OperatorID
	for _, id := range named {
		if _, known := c.tenant.Operator(id); known && !slices.Contains(c.introduced, id) {
			fresh = append(fresh, id)
		}
	}
	if len(fresh) == 0 {
		return refused
	}
	c.introduced = append(c.introduced, fresh...)
	c.introduced = c.introduced[max(len(c.introduced)-knownPeople, 0):]
	frame := wire.AppendPeople(nil, fresh, func(id engine.OperatorID) string {
		o, _ := c.tenant.Operator(id)
		return o.Name
	})
	return c.push(refused, outFrame{frame, rfc6455.OpText})
}

// namedBy is whom a signal names.
func namedBy(signal engine.Signal) (first, second engine.OperatorID) {
	switch s := signal.(type) {
	case engine.Typing:
		return s.Author.Operator, ""
	case engine.Presence:
		return s.Author.Operator, ""
	case engine.ReadMoved:
		return s.Author.Operator, ""
	case engine.Situation:
		return s.Owner, ""
	case engine.Me:
		return s.Intent.By, ""
	case engine.IntentChanged:
		return s.Intent.By, ""
	default:
		return "", ""
	}
}

// fit drops the oldest entries of an answer that would not fit a quarter of the
// outbox. The client gets the earlier ones by asking again: prev and more show
// that there are some.
func (c *conn) fit(a *engine.Answer) {
	room := c.out.limit / 4
	for i := len(a.Entries) - 1; i >= 0; i-- {
		room -= 512 + 2*a.Entries[i].Body.Len()
		if room < 0 && i < len(a.Entries)-1 {
			a.Entries = a.Entries[i+1:]
			a.More = true
			return
		}
	}
}

func (c *conn) hello(a *engine.Answer) []byte {
	if at := a.Welcome.Expires; !at.IsZero() {
		c.lastsUntil(at)
	}
	resume, resumed := c.pass, ""
	if c.side == visitorSide { // on the connection's own goroutine: a token may be sealed here
		c.who = string(a.Welcome.Visitor[:])
		c.returned.judged(c.who)
		resume = c.server.sealResume(c.side, c.tenant.ID, c.who, nil)
	}
	if c.returned != nil {
		resumed = c.returned.word
	}
	return wire.AppendHello(make([]byte, 0, 1024), &wire.Hello{
		Resume: resume, Resumed: resumed,
		Request: a.Request, Conn: c.id, Tenant: c.tenant, Operator: c.operator, Welcome: a.Welcome,
		Now: c.server.now(), FrameBytes: c.server.options.FrameBytes, PingEvery: c.server.options.PingEvery,
	})
}

// encodeSignal encodes a signal; what many are shown alike is encoded once.
func encodeSignal(signal engine.Signal) []byte {
	if queue, ok := signal.(*engine.Queue); ok {
		return queue.Frame(func(q *engine.Queue) []byte { return wire.AppendSignal(nil, q) })
	}
	return wire.AppendSignal(make([]byte, 0, 160), signal)
}

func typeOf(value any) string { return fmt.Sprintf("%T", value) }
