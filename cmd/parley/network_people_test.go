package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/client"
	"github.com/parleyhq/parley/transport/wire"
)

// device is one of somebody's: a resuming client, and all that it was shown.
type device struct {
	// Fixed after construction.
	w        *world
	way      func(context.Context) (net.Conn, error) // to the server
	name     string
	operator engine.OperatorID // empty: a visitor's
	ring     *keyRing          // of a visitor
	window   int
	slow     bool // reads late now and then
	rng      *rand.Rand
	r        *client.Resuming
	reading  sync.WaitGroup

	mu      sync.Mutex
	views   map[engine.SessionID]*shown // guarded by mu, as all that follows
	order   []engine.SessionID          // of views, as they came
	offers  []wire.Offer
	numbers int
	stopped bool // slow no more
	away    bool // out of the network
	socket  net.Conn
}

// shown is what a device was shown of a session.
type shown struct {
	from   engine.Seq // what came before is dropped, since a reset
	events []*wire.Server
	closed bool
}

func (w *world) device(name string, operator engine.OperatorID, ring *keyRing, rng *rand.Rand) *device {
	return &device{
		w: w, way: w.clients.Dial, name: name, operator: operator, ring: ring, window: []int{1, 1, 8, 64}[rng.IntN(4)], slow: rng.IntN(4) == 0,
		rng: rand.New(rand.NewPCG(rng.Uint64(), 4)), views: map[engine.SessionID]*shown{},
	}
}

// connect begins the device's life: for a visitor's second device, when the first
// has the visitor's token.
func (d *device) connect() {
	random := rand.New(rand.NewPCG(d.rng.Uint64(), 5))
	o := client.ResumeOptions{
		Options: client.Options{Addr: "127.0.0.1:80", Origin: networkOrigin, Tenant: networkTenant, Device: d.name, Buffer: 16},
		Dial:    d.dial, Window: d.window, Outbox: 4096, MaxBackoff: 10 * time.Second, Random: random.Float64,
		Lost: func(session engine.SessionID, err error) {
			d.w.fault("%s: session %s cannot be read: %v", d.name, session, err)
		},
	}
	if d.operator != "" {
		o.Intent = engine.IntentAccepting
		o.NewToken = func(context.Context) (string, error) { return operatorToken(d.operator) }
		o.Connected = func(w wire.Welcome) { d.offered(w.Me.Offers...) }
		d.r = client.ResumeOperator(o)
	} else {
		o.Connected = func(w wire.Welcome) { d.ring.put(w.Token) }
		if strings.HasSuffix(d.name, "/0") {
			d.r = client.ResumeVisitor(o)
		} else {
			<-d.ring.given
			o.Token = d.ring.token
			d.r = client.ResumeVisitor(o)
		}
	}
	d.reading.Go(d.read)
}

// read journals what comes, until the client ends.
func (d *device) read() {
	pauses := rand.New(rand.NewPCG(d.w.seed, 6))
	for f := range d.r.Frames() {
		if d.slow && !d.isStopped() && pauses.IntN(20) == 0 {
			time.Sleep(time.Duration(pauses.Int64N(int64(d.w.pace.late))))
		}
		switch {
		case f.Kind == "evt":
			d.saw(f)
		case f.Kind == "ctl" && f.Type == "resumed":
			d.resumed(f)
		case f.Kind == "watch" && f.Type == "offer.new":
			var o wire.Offer
			if f.Read(&o) == nil {
				d.offered(o)
			}
		}
	}
}

func (d *device) isStopped() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stopped
}

func (d *device) offered(offers ...wire.Offer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.offers = append(d.offers, offers...)
}

// view is what is shown of a session. Call with mu held.
func (d *device) view(text string) *shown {
	id, err := engine.ParseSessionID(text)
	if err != nil {
		d.w.fault("%s: a frame of session %q", d.name, text)
	}
	v := d.views[id]
	if v == nil {
		v = &shown{}
		d.views[id] = v
		d.order = append(d.order, id)
	}
	return v
}

func (d *device) saw(f *wire.Server) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.view(f.Session)
	v.events = append(v.events, f)
	v.closed = v.closed || f.Type == "session.closing" || f.Type == "session.closed"
}

// resumed takes a reset, which is right only when the gap is too long to fill.
func (d *device) resumed(f *wire.Server) {
	var data wire.Data
	if err := f.Read(&data); err != nil {
		d.w.fault("%s: %v", d.name, err)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.view(f.Session)
	if !data.Reset {
		return
	}
	held := v.from
	if n := len(v.events); n > 0 {
		held = v.events[n-1].Seq
	}
	if gap := int(data.Head) - int(held); gap <= engine.MaxCatchUp {
		d.w.fault("%s: session %s was reset at %d although only %d events were missing", d.name, f.Session, data.Head, gap)
	}
	v.from, v.events = data.From, nil
}

// current is the newest session that takes messages, as far as the device knows.
func (d *device) current(rng *rand.Rand) (engine.SessionID, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var open []engine.SessionID
	for _, id := range d.order {
		if !d.views[id].closed {
			open = append(open, id)
		}
	}
	if len(open) == 0 {
		return engine.SessionID{}, false
	}
	if d.operator == "" {
		return open[len(open)-1], true
	}
	return open[rng.IntN(len(open))], true
}

// post sends a draft with a key and journals what the server says of it.
func (d *device) post(draft engine.Draft) *utterance {
	d.mu.Lock()
	d.numbers++
	u := &utterance{by: d, key: d.name + "#" + strconv.Itoa(d.numbers), op: draft.Op, number: d.numbers, session: draft.Session}
	d.mu.Unlock()
	d.w.mu.Lock()
	d.w.posted[u.key] = u
	d.w.mu.Unlock()
	draft.ClientID = u.key
	if err := d.r.Post(draft, func(f *wire.Server, err error) { d.told(u, f, err) }); err != nil {
		d.w.mu.Lock()
		u.refused = err
		d.w.mu.Unlock()
	}
	return u
}

func (d *device) told(u *utterance, f *wire.Server, err error) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if err != nil {
		if !errors.Is(err, client.ErrClosed) { // else it is unknown
			u.refused = err
		}
		return
	}
	var data wire.Data
	if err := f.Read(&data); err != nil {
		u.refused = err
		return
	}
	u.session, _ = engine.ParseSessionID(data.Session)
	u.seq, u.acked = data.Seq, true
}

// act does one random thing.
func (d *device) act() {
	if d.operator != "" && d.answerOffer() {
		return
	}
	session, open := d.current(d.rng)
	dice := d.rng.IntN(100)
	switch {
	case !open && d.operator == "":
		text := ""
		if dice < 70 {
			text = d.text()
		}
		d.post(engine.Draft{Op: engine.OpStart, Department: "sales", Body: engine.BodyOf(text)})
	case !open:
	case dice < 2:
		d.post(engine.Draft{Op: engine.OpClose, Session: session})
	case dice < 6:
		d.r.Typing(session, dice%2 == 0)
	case dice < 10:
		_ = d.r.Post(engine.Draft{Op: engine.OpRead, Session: session, Seq: engine.Seq(d.rng.IntN(100))}, func(*wire.Server, error) {})
	case dice < 14:
		for range 10 {
			d.say(session)
		}
	default:
		d.say(session)
	}
}

func (d *device) say(session engine.SessionID) {
	d.post(engine.Draft{Op: engine.OpMessage, Session: session, Body: engine.BodyOf(d.text())})
}

// text is mostly short.
func (d *device) text() string {
	size := 1 + d.rng.IntN(80)
	if d.rng.IntN(30) == 0 {
		size = 4000
	}
	return strings.Repeat("x", size)
}

// answerOffer takes or declines the oldest offer, or lets it lie.
func (d *device) answerOffer() bool {
	d.mu.Lock()
	if len(d.offers) == 0 {
		d.mu.Unlock()
		return false
	}
	o := d.offers[0]
	d.offers = slices.Clone(d.offers[1:])
	d.mu.Unlock()
	session, number, ok := wire.ParseOfferID(o.ID)
	if !ok {
		d.w.fault("%s: offer %q", d.name, o.ID)
		return true
	}
	draft := engine.Draft{Op: engine.OpAccept, Session: session, Offer: number, Epoch: o.Epoch}
	switch d.rng.IntN(12) {
	case 0:
		draft.Op = engine.OpReject
	case 1:
		return true
	}
	d.post(draft)
	return true
}

// live acts until the time is over.
func (d *device) live(until time.Time, flood bool) {
	if d.ring != nil && !strings.HasSuffix(d.name, "/0") {
		time.Sleep(time.Duration(d.rng.Int64N(int64(5 * d.w.pace.act))))
	}
	for time.Now().Before(until) {
		time.Sleep(time.Duration(d.rng.Int64N(int64(d.w.pace.act))))
		d.act()
		if flood && d.flood() {
			flood = false
		}
	}
}

// flood writes more than can be replayed while another device is away, so that
// this one must be reset. It reports whether there was such a device.
func (d *device) flood() bool {
	session, open := d.current(d.rng)
	victim := d.w.other(d, session)
	if !open || victim == nil {
		return false
	}
	victim.leave(true)
	var last *utterance
	for range engine.MaxCatchUp + 10 + d.rng.IntN(100) {
		last = d.post(engine.Draft{Op: engine.OpMessage, Session: session, Body: engine.BodyOf("x")})
	}
	for range 120 { // the rest of the round, if it has to be
		if d.w.isAnswered(last) {
			break
		}
		time.Sleep(time.Second)
	}
	victim.leave(false)
	return true
}

// other is another device that knows a session.
func (w *world) other(than *device, session engine.SessionID) *device {
	for _, d := range w.devices {
		d.mu.Lock()
		knows := d.views[session] != nil
		d.mu.Unlock()
		if d != than && knows {
			return d
		}
	}
	return nil
}

func (w *world) isAnswered(u *utterance) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return u.acked || u.refused != nil
}

// leave takes the device out of the network, or lets it back.
func (d *device) leave(away bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.away = away
	if conn, ok := d.socket.(*memoryConn); ok && away {
		conn.link.cut()
	}
}

// dial connects, unless the device is away.
func (d *device) dial(ctx context.Context) (net.Conn, error) {
	d.mu.Lock()
	away := d.away
	d.mu.Unlock()
	if away {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	conn, err := d.way(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil && d.away {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	d.socket = conn
	return conn, err
}
