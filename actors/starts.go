package actors

import (
	"time"

	"github.com/parleyhq/parley/engine"
)

// A visitor's OpStart names no session, so no session can know its key before one
// is found. While the session that it began is open, that one answers a repetition.
// Afterwards the store says which session it was (Store.Recall), and the draft is
// handed to that one, which finds the first answer in its log: closed or not,
// after a restart or not. Only a key that nobody knows opens a session.

// startKeys are what a visitor's starts began, as far as it is known. Guarded by
// tenancy.mu.
type startKeys struct {
	known   bool      // began is whole
	asOf    time.Time // since when
	asking  bool      // the store has been asked
	stale   bool      // a session has ended since it was asked
	began   map[engine.Tag]began
	waiting []draftPosted // starts to be judged then
	judging int           // answers of the store whose starts are being judged
}

// began is where a start was carried out.
type began struct {
	session engine.SessionID
	log     engine.Log
}

// startsWaiting is how many of a visitor's starts may wait for the store.
const startsWaiting = 64

// forget lets the store be asked again: a session has ended, or has become
// another visitor's, so that the keys that it answered for are in the store only.
func (k *startKeys) forget() {
	k.known, k.stale, k.began = false, k.asking, nil
}

// areNeeded reports that somebody waits for the keys: who has left meanwhile is not
// forgotten yet, else the store would be asked again for the same starts, and again.
func (k *startKeys) areNeeded() bool { return k.asking || k.judging > 0 }

// areKnown reports that began is whole. After a while keys have gone that the
// store has let go of since.
func (k *startKeys) areKnown(now time.Time) bool {
	if k.known && now.Sub(k.asOf) >= forgetEvery {
		k.forget()
	}
	return k.known
}

func (k *startKeys) know(all map[engine.Tag]began, now time.Time) {
	k.known, k.asOf, k.began = true, now, all
}

// startKeyNames is the sort of name that a start's key is.
const startKeyNames = "session.start"

// start carries out a visitor's OpStart: by the session that knows its key, by
// the open one, or by a new one.
func (t *tenancy) start(s *seat, d engine.Draft) *engine.Error {
	return t.begin(draftPosted{seat: s, draft: d})
}

// begin is start, and also for OpContinue, once the session that is continued has
// said what the new one takes over.
func (t *tenancy) begin(item draftPosted) *engine.Error {
	s, d := item.seat, item.draft
	if d.ClientID != "" {
		tag, err := t.sys.cfg.Store.PseudonymOf(t.id, startKeyNames, d.ClientID)
		if err != nil {
			return engine.ErrBusy
		}
		item.tag = tag
	}
	for range 3 { // a session found may end before the post
		h, seats, err := t.whereToStart(&item)
		if h == nil {
			return err
		}
		for _, other := range seats {
			h.tell(attach{seat: other})
		}
		if err := h.post(item); err != engine.ErrClosed {
			return err
		}
		if t.isEnding() { // it was ended by the stop and is still open in the log (I8)
			return engine.ErrBusy
		}
		if !item.again {
			t.visitorDone(s.visitor, h)
		}
	}
	return engine.ErrBusy
}

// whereToStart finds the session for a start; a new one comes with the
// connections to be seated in it. None and no error: the store has to be asked
// first, and the start waits for that.
func (t *tenancy) whereToStart(item *draftPosted) (*handle, []*seat, *engine.Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := item.seat
	v := t.visitor(s.visitor)
	defer t.tidy(s.visitor) // its connection may have gone meanwhile
	item.again = false
	if item.draft.ClientID != "" {
		if !v.keys.areKnown(t.sys.cfg.Clock()) {
			return nil, nil, t.await(v, *item)
		}
		if at, used := v.keys.began[item.tag]; used && (v.open == nil || v.open.ref.Session != at.session) {
			item.again = true
			return t.lookupIn(at.session, at.log), nil, nil
		}
	}
	if v.open != nil {
		return v.open, nil, nil
	}
	if t.suspended.Load() {
		return nil, nil, engine.ErrBusy
	}
	if until := t.bans.until(s.visitor, t.sys.cfg.Clock()); !until.IsZero() {
		return nil, nil, engine.ErrBanned.EndsAt(until)
	}
	if err := t.mayStart(item); err != nil {
		return nil, nil, err
	}
	id := engine.SessionID(t.sys.cfg.NewID(t.sys.cfg.Clock()))
	ref := engine.SessionRef{Tenant: t.id, Session: id}
	v.open = t.sys.newHandle(t, ref, t.log(), &engine.Create{Visitor: s.visitor})
	t.sessions[id] = v.open
	t.sys.sweep.add(v.open)
	return v.open, append([]*seat(nil), v.seats...), nil
}

// mayStart spares a session that would be refused at once.
func (t *tenancy) mayStart(item *draftPosted) *engine.Error {
	d := &item.draft
	department, ok := t.config().Department(d.Department)
	if !ok {
		return engine.ErrBadRequest.In("department")
	}
	if d.Body.Len() > t.config().Limits.MessageBytes {
		return engine.ErrTooLarge
	}
	if fields := engine.CheckForm(d.Form, department.Form, !item.seat.server); d.Op == engine.OpStart && len(fields) > 0 {
		return engine.ErrBadRequest.In(fields...)
	}
	return nil
}

// await lets a start wait until the visitor's keys are known. Call with mu held.
func (t *tenancy) await(v *visitorState, item draftPosted) *engine.Error {
	if len(v.keys.waiting) == startsWaiting || t.isEnding() {
		return engine.ErrBusy
	}
	v.keys.waiting = append(v.keys.waiting, item)
	t.recall(item.seat.visitor, v)
	return nil
}

// recall asks the store for a visitor's keys unless they are known or it has been
// asked. The answer comes on another goroutine. Call with mu held.
func (t *tenancy) recall(visitor engine.VisitorID, v *visitorState) {
	if v.keys.known || v.keys.asking {
		return
	}
	v.keys.asking, v.keys.stale = true, false
	t.sys.recalls.add(1)
	found := map[engine.Tag]began{}
	gather := func(log engine.Log, sessions map[engine.Tag]engine.SessionID) {
		for tag, session := range sessions {
			found[tag] = began{session, log}
		}
	}
	t.sys.cfg.Store.Recall(t.id, visitor, func(kept map[engine.Tag]engine.SessionID, err error) {
		gather(t.sys.cfg.Store, kept)
		t.memory.Recall(t.id, visitor, func(passing map[engine.Tag]engine.SessionID, _ error) {
			gather(t.memory, passing)
			t.recalled(visitor, v, found, err)
			t.sys.recalls.add(-1)
		})
	})
}

// recalled carries out the starts that waited for the keys.
func (t *tenancy) recalled(visitor engine.VisitorID, v *visitorState, found map[engine.Tag]began, err error) {
	t.mu.Lock()
	k := &v.keys
	k.asking = false
	if k.stale && err == nil {
		if len(k.waiting) > 0 {
			t.recall(visitor, v)
		}
		t.tidy(visitor)
		t.mu.Unlock()
		return
	}
	if err == nil {
		k.know(found, t.sys.cfg.Clock())
	}
	waiting := k.waiting
	k.waiting = nil
	k.judging++
	t.mu.Unlock()
	defer t.judged(visitor, v)
	if err != nil {
		t.sys.cfg.Logger.Warn("a visitor's idempotency keys cannot be read", "tenant", string(t.id), "error", err.Error())
	}
	for _, item := range waiting {
		refused := engine.ErrBusy
		if err == nil && !t.isEnding() {
			refused = t.begin(item)
		}
		if refused != nil {
			item.seat.answer(item.draft, engine.Answer{Err: refused})
		}
	}
}

// judged lets go of keys that starts waited for.
func (t *tenancy) judged(visitor engine.VisitorID, v *visitorState) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v.keys.judging--
	t.tidy(visitor)
}

// forgetStart forgets a key that the session it led to does not know.
func (t *tenancy) forgetStart(item *draftPosted) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v := t.visitors[item.seat.visitor]; v != nil {
		delete(v.keys.began, item.tag)
	}
}

// noteStart notes that entries carry out a start, whose key goes into the same
// batch.
func (a *sessionActor) noteStart(item draftPosted, written []*engine.Entry) {
	d := item.draft
	if d.Op != engine.OpStart && d.Op != engine.OpContinue || d.ClientID == "" {
		return
	}
	for _, e := range written {
		if e.ClientID == d.ClientID {
			a.starts = append(a.starts, engine.Start{ClientID: d.ClientID, Tag: item.tag})
			return
		}
	}
}
