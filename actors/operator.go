package actors

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
	"github.com/parleyhq/parley/engine/session"
)

// operatorHandle is an operator's place in the system.
type operatorHandle struct {
	cell
	tenant      *tenancy
	id          engine.OperatorID
	connections atomic.Int64
	lastActive  atomic.Int64 // Unix seconds, to the minute
	revoked     atomic.Int64 // Unix nanoseconds: tokens issued up to then are refused; 0: never
	state       *operatorState
}

// operatorState is what outlives a panic of the operator's actor: its sessions
// and connections are facts that others told it once. Owned by the actor.
type operatorState struct {
	intent   engine.IntentInfo
	seats    []*operatorSeat
	sessions []engine.SessionID // owned
	offers   []engine.Offer     // live
	done     map[engine.Tag]*done
	used     int
	rev      uint64
	storing  int  // intents on their way to the store
	routable bool // as last reported to the router
}

// operatorSeat is one connection of the operator's.
type operatorSeat struct {
	seat   *seat
	away   bool
	queue  bool                          // has had its snapshot of the waiting lines
	asked  bool                          // a snapshot is on its way
	shown  map[engine.SessionID]struct{} // waiting sessions it was shown; nil where its token names no departments
	have   []engine.Have
	failed bool
}

func newOperatorHandle(t *tenancy, id engine.OperatorID) *operatorHandle {
	h := &operatorHandle{tenant: t, id: id, state: &operatorState{}}
	h.cell = cell{rt: t.sys.rt, name: "operator of " + string(t.tenant.ID), limit: t.sys.cfg.InboxLimit, live: &t.sys.liveOthers}
	h.birth = func() owner { return &operatorActor{h: h, operatorState: h.state} }
	return h
}

func (h *operatorHandle) active(now time.Time) { h.lastActive.Store(minute(now).Unix()) }

// operatorActor owns the operator's presence (its sockets, intent and whether
// it is away), numbers and sends the watch of its own state, and lends its
// connections to the sessions it owns.
type operatorActor struct {
	*operatorState
	h       *operatorHandle
	quit    bool
	control []any       // of this turn, not yet handled
	data    []any       // of this turn, not yet handled
	current draftPosted // being handled
}

func (a *operatorActor) turn() verdict {
	now := a.h.tenant.sys.cfg.Clock()
	control, taken := a.h.take(batchLimit)
	a.control, a.data = control, taken
	for len(a.control)+len(a.data) > 0 {
		a.handle(a.next(), now)
	}
	a.current = draftPosted{}
	a.h.recycle(taken)
	a.route()
	switch {
	case a.quit && a.storing == 0:
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
	a.drop()
	if a.quit {
		a.h.tell(quit{})
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
		a.leave(item.seat)
	case draftPosted:
		a.draft(item, now)
	case intentStored:
		a.intentStored(item)
	case notice:
		a.notice(item)
	case queueShown:
		a.showQueue(item.queue)
	case rescoped:
		a.rescope(item.seat)
	case signOut:
		a.signOut(item, now)
	case loadIs:
		a.load(item)
	case reportAgain:
		a.reportAgain()
	case informAbout:
		item.reply <- a.info()
	case quit:
		a.quit = true
	}
}

// reportAgain tells a router that lost its memory everything, and asks it for the
// waiting lines, which it numbers from the start.
func (a *operatorActor) reportAgain() {
	a.h.tenant.router.tell(routing.OperatorIs{Operator: a.h.id, Routable: a.routable})
	for _, s := range a.seats {
		s.queue, s.asked = false, true
	}
	if len(a.seats) > 0 {
		a.h.tenant.router.tell(routing.WatchQueue{Operator: a.h.id})
	}
}

// attend seats a connection: welcome first, then the sessions it owns, then the
// waiting lines.
func (a *operatorActor) attend(item attend, now time.Time) {
	if item.seat.left.Load() {
		return
	}
	if a.h.isRevoked(*item.seat.principal.Load(), now) { // since Attend looked
		item.seat.outlet.Close(engine.ReasonSignedOut)
		return
	}
	s := &operatorSeat{seat: item.seat, have: item.have}
	a.seats = append(a.seats, s)
	unstated := a.intent.Intent == engine.IntentNone || a.intent.Intent == engine.IntentSignedOut
	if unstated && item.intent != engine.IntentNone {
		a.setIntent(engine.IntentInfo{Intent: item.intent, Cause: engine.CauseManual, By: a.h.id, Device: item.device, At: now})
	}
	me := a.me()
	welcome := &engine.Welcome{Me: &me, Expires: item.seat.principal.Load().Expires}
	s.seat.outlet.Answer(engine.Answer{Request: item.request, Welcome: welcome})
	for _, id := range a.sessions {
		a.lend(s, id)
	}
	s.asked = true
	a.h.tenant.router.tell(routing.WatchQueue{Operator: a.h.id})
}

// lend seats a connection in a session that the operator owns.
func (a *operatorActor) lend(s *operatorSeat, id engine.SessionID) {
	var have engine.Seq
	for _, h := range s.have {
		if h.Session == id {
			have = h.Seq
		}
	}
	a.h.tenant.lookup(id).tell(attach{seat: s.seat, have: have})
}

// leave takes a connection away. The sessions hear of it too. With the last one
// gone, live offers end at once: nobody is there to accept.
func (a *operatorActor) leave(s *seat) {
	before := len(a.seats)
	a.seats = slices.DeleteFunc(a.seats, func(o *operatorSeat) bool { return o.seat == s })
	if len(a.seats) == before {
		return
	}
	for _, id := range a.sessions {
		a.h.tenant.lookup(id).tell(detach{s})
	}
	if len(a.seats) == 0 {
		a.revokeOffers(engine.CauseOperatorLost)
	}
}

func (a *operatorActor) revokeOffers(cause engine.Cause) {
	for _, o := range a.offers {
		a.h.tenant.lookup(o.Session).tell(revoke{operator: a.h.id, cause: cause})
	}
}

func (a *operatorActor) draft(item draftPosted, now time.Time) {
	switch d := item.draft; d.Op {
	case engine.OpIntent:
		if d.Intent == engine.IntentNone {
			item.seat.answer(d, engine.Answer{Err: engine.ErrBadRequest.In("intent")})
			return
		}
		tag, known := a.once(intentKeyNames, d.ClientID, uint64(d.Intent), now, func(info engine.IntentInfo, refused *engine.Error) {
			item.seat.answer(d, engine.Answer{Err: refused, Intent: info})
		})
		if known {
			return
		}
		info := engine.IntentInfo{Intent: d.Intent, Cause: engine.CauseManual, By: a.h.id, Device: item.seat.device, At: now}
		a.storeIntent(info, intentStored{asked: item, tag: tag})
	case engine.OpAway:
		for _, s := range a.seats {
			if s.seat == item.seat {
				s.away = d.On
			}
		}
		a.tellMe(func(rev uint64) engine.Signal {
			return engine.IntentChanged{Rev: rev, Intent: a.intent, Away: a.away()}
		})
		item.seat.answer(d, engine.Answer{})
	default:
		item.seat.answer(d, engine.Answer{Err: engine.ErrUnknownOp})
	}
}

// setIntent stores the intent before it takes effect: it survives restarts.
func (a *operatorActor) setIntent(info engine.IntentInfo) { a.storeIntent(info, intentStored{}) }

// storeIntent tells the actor then.
func (a *operatorActor) storeIntent(info engine.IntentInfo, then intentStored) {
	a.storing++
	info.At = info.At.UTC().Truncate(time.Millisecond)
	if at := a.h.revoked.Load(); at != 0 {
		info.Revoked = time.Unix(0, at).UTC()
	}
	a.h.tenant.sys.cfg.Store.PutIntent(a.h.tenant.tenant.ID, a.h.id, info, a.memo(then.tag, info), func(err error) {
		then.info, then.err = info, err
		a.h.tell(then)
	})
	a.handed(then.tag)
}

func (a *operatorActor) intentStored(item intentStored) {
	a.storing--
	if item.err != nil {
		a.h.tenant.sys.cfg.Logger.Warn("an operator's intent was not stored", "tenant", string(a.h.tenant.tenant.ID), "error", item.err.Error())
		if item.asked.seat != nil {
			item.asked.seat.answer(item.asked.draft, engine.Answer{Err: engine.ErrBusy})
		}
		item.signOut.answer(signedOut{err: engine.ErrBusy})
		a.did(item.tag, engine.IntentInfo{}, engine.ErrBusy)
		return
	}
	a.intent = item.info
	if item.info.Intent == engine.IntentSignedOut {
		a.revokeOffers(engine.CauseOperatorSignedOut)
	}
	a.tellMe(func(rev uint64) engine.Signal {
		return engine.IntentChanged{Rev: rev, Intent: a.intent, Away: a.away()}
	})
	if item.asked.seat != nil {
		item.asked.seat.answer(item.asked.draft, engine.Answer{Intent: item.info})
	}
	item.signOut.answer(signedOut{info: item.info})
	a.did(item.tag, item.info, nil)
}

// notice takes what a session tells its operator.
func (a *operatorActor) notice(n notice) {
	id := n.Offer.Session
	switch n.Note {
	case session.Offered:
		a.offers = append(a.dropOffer(id), n.Offer)
		a.tellMe(func(rev uint64) engine.Signal { return engine.OfferNew{Rev: rev, Offer: n.Offer} })
		if len(a.seats) == 0 { // the last connection went while the offer was on its way
			a.revokeOffers(engine.CauseOperatorLost)
		} else if a.intent.Intent == engine.IntentSignedOut { // it signed out meanwhile
			a.revokeOffers(engine.CauseOperatorSignedOut)
		}
	case session.OfferEnded:
		a.offers = a.dropOffer(id)
		a.tellMe(func(rev uint64) engine.Signal {
			return engine.OfferRevoked{Rev: rev, Session: id, ID: n.Offer.ID, Cause: n.Cause}
		})
	case session.Gained:
		a.offers = a.dropOffer(id)
		a.own(id)
	case session.Lost:
		a.sessions = slices.DeleteFunc(a.sessions, func(s engine.SessionID) bool { return s == id })
		a.tellMe(func(rev uint64) engine.Signal { return engine.MineChanged{Rev: rev, Session: id, Used: a.used} })
	}
}

func (a *operatorActor) own(id engine.SessionID) {
	if slices.Contains(a.sessions, id) {
		return
	}
	a.sessions = append(a.sessions, id)
	a.tellMe(func(rev uint64) engine.Signal {
		return engine.MineChanged{Rev: rev, Session: id, Owned: true, Used: a.used}
	})
	for _, s := range a.seats {
		a.lend(s, id)
	}
}

// load takes what the router counts; it alone adds up.
func (a *operatorActor) load(item loadIs) {
	if a.used == item.used {
		return
	}
	a.used = item.used
	a.tellMe(func(rev uint64) engine.Signal { return engine.MineChanged{Rev: rev, Used: a.used} })
}

func (a *operatorActor) dropOffer(id engine.SessionID) []engine.Offer {
	return slices.DeleteFunc(a.offers, func(o engine.Offer) bool { return o.Session == id })
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

// away: the operator is away if all connections are.
func (a *operatorActor) away() bool {
	return len(a.seats) > 0 && !slices.ContainsFunc(a.seats, func(s *operatorSeat) bool { return !s.away })
}

// route tells the router whether chats may be offered, when that has changed.
func (a *operatorActor) route() {
	routable := len(a.seats) > 0 && a.intent.Intent == engine.IntentAccepting && !a.away()
	if routable != a.routable {
		a.routable = routable
		a.h.tenant.router.tell(routing.OperatorIs{Operator: a.h.id, Routable: routable})
	}
}

func (a *operatorActor) capacity() int {
	o, _ := a.h.tenant.tenant.Operator(a.h.id)
	return o.Capacity * engine.DefaultWeight
}

func (a *operatorActor) me() engine.Me {
	return engine.Me{
		Rev: a.rev, Operator: a.h.id, Intent: a.intent, Away: a.away(), Used: a.used, Capacity: a.capacity(),
		Sessions: slices.Clone(a.sessions), Offers: slices.Clone(a.offers),
	}
}

func (a *operatorActor) info() engine.OperatorInfo {
	info := engine.OperatorInfo{
		Operator: a.h.id, Connections: len(a.seats), Intent: a.intent, Away: a.away(), Used: a.used,
		Capacity: a.capacity(), Sessions: slices.Clone(a.sessions),
	}
	if at := a.h.lastActive.Load(); at != 0 {
		info.LastActivity = time.Unix(at, 0).UTC()
	}
	return info
}
