package actors

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/engine"
)

// A ban is a tenant's and hangs on a visitor's id. It is in memory from the moment
// it is asked for, so that nothing begins meanwhile, durable before it is answered,
// and then ends the visitor's open session. A crash between the two is made good at
// the start (endBanned). It ends by the clock: nobody has to do anything.

// bans are a tenant's.
type bans struct {
	// Atomic.
	some atomic.Int64 // how many there are: most tenants have none

	// Guarded by mu.
	mu      sync.RWMutex
	all     map[engine.VisitorID]engine.Ban
	acts    acts[engine.Ban]
	storing map[engine.VisitorID]*banStoring
}

// banStoring are the orders about one visitor that the store has not answered yet.
type banStoring struct {
	count int
	last  *banAct    // the one that counts, if it is taken; nil: it was not
	kept  engine.Ban // what is durable
}

// banAct is what is done under one key.
type banAct = act[engine.Ban]

type banReply = func(engine.Ban, *engine.Error)

// banOrder is a ban as somebody asks for it who may.
type banOrder struct {
	engine.BanOrder
	visitor engine.VisitorID
	by      engine.Author
	key     string // empty: none
}

// digest tells apart what is asked for under one key.
func (o *banOrder) digest() uint64 {
	text := append([]byte{byte(o.Days), byte(o.Days >> 8), byte(o.Reason)}, o.visitor[:]...)
	return engine.NewBody(text).Digest()
}

// of is a visitor's ban that runs at now; without Until: none does.
func (b *bans) of(visitor engine.VisitorID, now time.Time) engine.Ban {
	if b.some.Load() == 0 {
		return engine.Ban{}
	}
	b.mu.RLock()
	ban := b.all[visitor]
	b.mu.RUnlock()
	if !ban.Holds(now) {
		return engine.Ban{}
	}
	return ban
}

// until is until when a visitor is banned; zero: it is not.
func (b *bans) until(visitor engine.VisitorID, now time.Time) time.Time {
	return b.of(visitor, now).Until
}

// set notes a ban, or that there is none. Call with mu held.
func (b *bans) set(visitor engine.VisitorID, ban engine.Ban) {
	if b.all == nil {
		b.all = map[engine.VisitorID]engine.Ban{}
	}
	if b.all[visitor] = ban; ban.Until.IsZero() {
		delete(b.all, visitor)
	}
	b.some.Store(int64(len(b.all)))
}

// banKeyNames are the sort of name that a ban's key is, with who used it.
const banKeyNames = "visitor.ban by "

// banKey is the tag of an order's key; zero without one.
func (t *tenancy) banKey(o *banOrder) (tag engine.Tag, refused *engine.Error) {
	switch {
	case o.key == "":
		return tag, nil
	case len(o.key) > engine.MaxClientID:
		return tag, engine.ErrBadRequest.In("idem")
	}
	who := " server" // no operator's id has a space
	if o.by.Kind == engine.AuthorOperator {
		who = string(o.by.Operator)
	}
	id, err := t.sys.cfg.Store.PseudonymOf(t.id, banKeyNames+who, o.key)
	if err != nil {
		return tag, engine.ErrBusy
	}
	return id, nil
}

// ban carries an order out. reply is called once: when it is durable, or with why
// it is not. Any goroutine.
func (t *tenancy) ban(o banOrder, reply banReply) {
	if fields := o.Faults(); fields != nil {
		reply(engine.Ban{}, engine.ErrBadRequest.In(fields...))
		return
	}
	tag, refused := t.banKey(&o)
	if refused != nil {
		reply(engine.Ban{}, refused)
		return
	}
	now, b := t.sys.cfg.Clock(), &t.bans
	b.mu.Lock()
	d := b.acts[tag]
	switch {
	case o.key == "", d == nil, !d.holds(now):
		refused := t.order(&o, tag, now, reply)
		b.mu.Unlock()
		if refused != nil {
			reply(engine.Ban{}, refused)
		}
	case d.digest != o.digest():
		b.mu.Unlock()
		reply(engine.Ban{}, engine.ErrIdemConflict)
	case d.stored:
		b.mu.Unlock()
		reply(d.result, nil) // it does not change any more
	default:
		d.waiting = append(d.waiting, reply)
		b.mu.Unlock()
	}
}

// order has the store keep a ban, or says why it may not be. Call with bans.mu held, so
// that of two orders the one that counts is the one that is kept.
func (t *tenancy) order(o *banOrder, tag engine.Tag, now time.Time, reply banReply) *engine.Error {
	b := &t.bans
	made, refused := o.Over(b.all[o.visitor], o.by, now)
	if refused != nil {
		return refused
	}
	d := &banAct{digest: o.digest(), at: now, result: made, waiting: []banReply{reply}}
	b.begin(o.visitor, d)
	var memo *engine.Memo
	if o.key != "" {
		b.acts.remember(tag, d, now)
		memo = d.memo(tag, made)
	}
	visitor := o.visitor
	t.sys.cfg.Store.PutBan(t.id, visitor, made, memo, func(err error) {
		if err != nil {
			t.sys.cfg.Logger.Error("a ban cannot be stored", "tenant", string(t.id), "error", err.Error())
			answerAll(b.failed(visitor, d, tag), engine.Ban{}, storeRefusal(err))
			return
		}
		if made.Holds(now) {
			t.endSessionsOf(visitor, made)
		}
		answerAll(b.stored(visitor, d), made, nil)
	})
	return nil
}

// begin notes an order that goes to the store. Call with mu held.
func (b *bans) begin(visitor engine.VisitorID, d *banAct) {
	s := b.storing[visitor]
	if s == nil {
		if b.storing == nil {
			b.storing = map[engine.VisitorID]*banStoring{}
		}
		s = &banStoring{kept: b.all[visitor]}
		b.storing[visitor] = s
	}
	s.count, s.last = s.count+1, d
	b.set(visitor, d.result)
}

// end notes that the store has answered an order. Call with mu held.
func (b *bans) end(visitor engine.VisitorID) {
	if s := b.storing[visitor]; s.count > 1 {
		s.count--
		return
	}
	delete(b.storing, visitor)
}

func (b *bans) stored(visitor engine.VisitorID, d *banAct) (waiting []banReply) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.storing[visitor]
	if s.kept = d.result; s.last == nil {
		b.set(visitor, d.result)
	}
	b.end(visitor)
	waiting, d.waiting, d.stored = d.waiting, nil, true
	return waiting
}

// failed takes back what the store did not take, unless another order came since.
func (b *bans) failed(visitor engine.VisitorID, d *banAct, tag engine.Tag) (waiting []banReply) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.storing[visitor]; s.last == d {
		s.last = nil
		b.set(visitor, s.kept)
	}
	b.end(visitor)
	if b.acts[tag] == d {
		delete(b.acts, tag)
	}
	waiting, d.waiting = d.waiting, nil
	return waiting
}

// storeRefusal is a store's error as who asked may know it.
func storeRefusal(err error) *engine.Error {
	var refusal *engine.Error
	if errors.As(err, &refusal) {
		return refusal
	}
	return engine.ErrBusy
}

// endSessionsOf ends the open session of a visitor who was banned.
func (t *tenancy) endSessionsOf(visitor engine.VisitorID, ban engine.Ban) {
	if t.isEnding() { // the next start does
		return
	}
	for _, h := range t.sessionsOf(visitor) {
		if item := (banned{by: ban.By}); !h.tell(item) {
			t.tellSession(h.ref.Session, item)
		}
	}
}

// recoverBans takes up who is banned and under which keys, and lets go of bans that
// are over.
func (t *tenancy) recoverBans(now time.Time) error {
	b := &t.bans
	err := t.sys.cfg.Store.Bans(t.id, func(id engine.VisitorID, ban engine.Ban) bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.set(id, ban)
		return true
	})
	if err != nil {
		return err
	}
	err = t.sys.cfg.Store.BanMemos(t.id, func(m engine.Memo) bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.acts.recover(m, now)
		return true
	})
	t.forgetBans(now)
	return err
}

// endBanned ends the sessions that a crash has left open between a ban and their end.
// To be called once the open sessions are known.
func (t *tenancy) endBanned() {
	now := t.sys.cfg.Clock()
	for id, ban := range t.bans.running(now) {
		t.endSessionsOf(id, ban)
	}
}

func (b *bans) running(now time.Time) map[engine.VisitorID]engine.Ban {
	b.mu.RLock()
	defer b.mu.RUnlock()
	running := map[engine.VisitorID]engine.Ban{}
	for id, ban := range b.all {
		if ban.Holds(now) {
			running[id] = ban
		}
	}
	return running
}

// forgetBans lets go of bans that are over (GDPR Art. 5(1)(e)). What is not taken is
// tried again an hour later, and at the next start.
func (t *tenancy) forgetBans(now time.Time) {
	b := &t.bans
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, ban := range b.all {
		if !ban.Holds(now) && b.storing[id] == nil {
			b.set(id, engine.Ban{})
			t.sys.cfg.Store.PutBan(t.id, id, engine.Ban{}, nil, func(error) {})
		}
	}
}
