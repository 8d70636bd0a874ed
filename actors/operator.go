package actors

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
)

// operatorHandle is an operator's place in the system.
type operatorHandle struct {
	cell
	tenant      *tenancy
	id          engine.OperatorID
	connections atomic.Int64
	lastActive  atomic.Int64 // Unix seconds, to the minute
	revoked     atomic.Int64 // Unix nanoseconds: tokens issued up to then are refused; 0: never
	lines       atomic.Int64 // connections that watch waiting lines
	boards      atomic.Int64 // connections that watch boards or operators
	standing    standing
	state       *operatorState
}

// operatorState is what outlives a panic of the operator's actor: its sessions
// and connections are facts that others told it once. Owned by the actor.
type operatorState struct {
	machine  *operator.Machine // nil before the first turn
	stepping bool              // the machine runs: a panic now leaves it in no state to go on
	intent   engine.IntentInfo // as stored, and as others are told
	meant    engine.IntentInfo // as last declared: stored, or on its way there
	shown    shownIntent       // what connections were told last
	seats    []*operatorSeat
	seated   uint64                     // connections so far
	joined   []engine.SessionID         // takes part in without owning them
	load     loadIs                     // as the router counts
	carried  carried                    // what connections were told of it
	briefs   map[engine.SessionID]brief // of live offers
	done     acts[engine.IntentInfo]    // of the operator's own
	rev      uint64
	serves   []engine.DepartmentID // as configured when the waiting lines were asked for last; empty: all
	held     []heldIntent          // what the machine wants, in order
	storing  bool                  // an intent is on its way to the store: what follows it waits
	calling  bool                  // the store is being handed one
}

// shownIntent is what an operator's connections know of it.
type shownIntent struct {
	intent engine.IntentInfo
	away   bool
}

// operatorSeat is one connection of the operator's.
type operatorSeat struct {
	seat   *seat
	number uint64 // the machine's name for it
	away   bool
	topics []*topic
	have   []engine.Have
	failed bool
}

// connect is the connection as the machine knows it. What its token names is taken
// as it is now.
func (s *operatorSeat) connect() operator.Connect {
	return operator.Connect{
		Connection: s.number, Device: s.seat.device.id, Kind: s.seat.device.kind, Pushable: s.seat.device.pushable,
		Departments: s.seat.principal.Load().Departments,
	}
}

func newOperatorHandle(t *tenancy, id engine.OperatorID) *operatorHandle {
	h := &operatorHandle{tenant: t, id: id, state: &operatorState{}}
	h.cell = cell{rt: t.sys.rt, name: "operator of " + string(t.id), limit: t.sys.cfg.InboxLimit, live: &t.liveOthers}
	h.birth = func() owner { return &operatorActor{h: h, operatorState: h.state} }
	return h
}

func (h *operatorHandle) active(now time.Time) { h.lastActive.Store(minute(now).Unix()) }

// operatorActor runs the rules of an operator's presence (package operator),
// numbers and sends the watch of its own state, and lends its connections to the
// sessions that it owns or takes part in.
type operatorActor struct {
	*operatorState
	h       *operatorHandle
	out     []operator.Effect
	quit    bool
	control []any       // of this turn, not yet handled
	data    []any       // of this turn, not yet handled
	current draftPosted // being handled
}

func (a *operatorActor) turn() verdict {
	now := a.h.tenant.sys.cfg.Clock()
	a.begin(now)
	a.carryOn()
	control, taken := a.h.take(batchLimit)
	a.control, a.data = control, taken
	for len(a.control)+len(a.data) > 0 {
		a.handle(a.next(), now)
	}
	a.current = draftPosted{}
	a.h.recycle(taken)
	a.h.setDeadline(sooner(a.machine.Deadline(), a.sayLoad(now)))
	a.show(now)
	switch {
	case a.quit && !a.storing:
		return end
	case a.h.depth() > 0:
		return again
	}
	return wait
}

// next takes the next item of the batch: control first.
func (a *operatorActor) next() (item any) {
	from := &a.control
	if len(a.control) == 0 {
		from = &a.data
	}
	item, *from = (*from)[0], (*from)[1:]
	a.current, _ = item.(draftPosted)
	return item
}

// fail: state that others told is kept, and so is what was not handled yet; the
// connections are asked to come again for a fresh view.
func (a *operatorActor) fail(any) {
	a.h.putBack(a.control, a.data)
	a.h.ticking.Store(false)
	a.drop()
	if a.calling {
		a.calling = false
		a.h.tell(intentStored{info: a.meant, err: engine.ErrInternal})
	}
	if a.quit {
		a.h.tell(quit{})
	}
	if a.stepping || len(a.held) > 0 { // the next life looks after it, and need not be told
		a.h.tell(tick{})
	}
	rt := a.h.tenant.sys.rt
	for _, s := range a.seats {
		s.failed = true
		rt.safely(&a.h.cell, func() { s.seat.outlet.Close(engine.ReasonFailed) })
	}
	if a.current.seat != nil {
		rt.safely(&a.h.cell, func() { a.current.seat.answer(a.current.draft, engine.Answer{Err: engine.ErrInternal}) })
	}
}

func (a *operatorActor) handle(item any, now time.Time) {
	switch item := item.(type) {
	case attend:
		a.attend(item, now)
	case detach:
		a.leave(item.seat, now)
	case draftPosted:
		a.draft(item, now)
	case intentStored:
		a.intentStored(item, now)
	case notice:
		a.notice(item, now)
	case *linesShown:
		a.showLines(item)
	case boardsShown:
		a.showBoards(item.view)
	case rescoped:
		a.rescope(item.seat, now)
	case signOut:
		a.signOut(item, now)
	case serverIntent:
		a.serverIntent(item, now)
	case loadIs:
		a.loaded(item)
	case reconfigured:
		a.reconfigure(now)
	case noticed:
		a.say(item.notice)
	case drain:
		a.step(operator.Drain{}, now)
		a.say(engine.Notice{Kind: engine.NoticeGoingAway})
	case evict:
		a.evict(item.reason)
	case tick:
		a.h.ticking.Store(false)
		a.step(operator.Tick{}, now)
	case reportAgain:
		a.reportAgain(now)
	case informAbout:
		item.reply(a.info(), nil)
	case quit:
		a.quit = true
	}
}

// reportAgain tells a router that lost its memory everything, and asks it for the
// waiting lines, which it numbers from the start.
func (a *operatorActor) reportAgain(now time.Time) {
	a.step(operator.Again{}, now)
	a.watchAnew()
}

// watchAnew asks for the waiting lines as they are: what was shown is no longer what
// is to be seen.
func (a *operatorActor) watchAnew() {
	for _, s := range a.seats {
		for _, t := range s.watched() {
			a.watch(s, t)
		}
		a.ask(s)
	}
}

// reconfigure takes a newer configuration over. Who is no longer in it is sent away.
func (a *operatorActor) reconfigure(now time.Time) {
	settings := operator.SettingsOf(a.h.tenant.config(), a.h.id)
	a.step(settings, now)
	if settings.Known {
		a.prune()
		if !slices.Equal(a.serves, settings.Operator.Departments) {
			a.serves = settings.Operator.Departments
			a.watchAnew()
		}
		a.say(engine.Notice{Kind: engine.NoticeConfigChanged, Rev: a.h.tenant.config().Revision})
		return
	}
	a.evict(engine.ReasonSignedOut)
}

// evict ends the connections.
func (a *operatorActor) evict(reason engine.Reason) {
	for _, s := range a.seats {
		s.failed = true
		s.seat.outlet.Close(reason)
	}
}

// loaded takes what the router counts; it alone adds up.
func (a *operatorActor) loaded(item loadIs) {
	if a.load == item {
		return
	}
	a.load = item
	a.tellMine(engine.SessionID{}, false)
}

// tellMine says that a session came or went, or, without one, what the load is.
func (a *operatorActor) tellMine(id engine.SessionID, owned bool) {
	l := a.load
	a.tellMe(func(rev uint64) engine.Signal {
		return engine.MineChanged{Rev: rev, Session: id, Owned: owned, Used: l.used, Open: l.open, OpenCap: l.openCap}
	})
}

// tellMe numbers a delta of the operator's own state and sends it to every connection.
func (a *operatorActor) tellMe(signal func(rev uint64) engine.Signal) {
	a.rev++
	for _, s := range a.seats {
		if !s.failed {
			s.failed = !s.seat.outlet.Notify(signal(a.rev))
		}
	}
}

func (a *operatorActor) capacity() int {
	o, _ := a.h.tenant.config().Operator(a.h.id)
	return o.Capacity * engine.DefaultWeight
}

func (a *operatorActor) me(to *seat) engine.Me {
	offers := a.machine.Offers(nil)
	return engine.Me{
		Breathing: a.breathing(), Briefs: a.briefsOf(offers, to),
		Rev: a.rev, Operator: a.h.id, Intent: a.intent, Away: a.machine.Away(), Used: a.load.used, Capacity: a.capacity(),
		Open: a.load.open, OpenCap: a.load.openCap, Sessions: a.machine.Sessions(nil), Offers: offers,
	}
}

func (a *operatorActor) info() engine.OperatorInfo {
	declared, _ := a.h.tenant.config().Operator(a.h.id)
	info := engine.OperatorInfo{
		Operator: a.h.id, Connections: len(a.seats), Intent: a.intent, Away: a.machine.Away(), Used: a.load.used,
		Capacity: a.capacity(), Open: a.load.open, OpenCap: declared.OpenCap, Sessions: a.machine.Sessions(nil),
	}
	if at := a.h.lastActive.Load(); at != 0 {
		info.LastActivity = time.Unix(at, 0).UTC()
	}
	return info
}

// owns reports whether a session is the operator's.
func (a *operatorActor) owns(id engine.SessionID) bool {
	return slices.Contains(a.machine.Sessions(nil), id)
}

// parts lists the sessions that the operator owns or takes part in.
func (a *operatorActor) parts() []engine.SessionID {
	return append(a.machine.Sessions(nil), a.joined...)
}
