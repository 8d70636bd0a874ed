package persistence

import (
	"errors"
	"fmt"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/seal"
)

// claimOp is one call of Claim. Its way: the writer gives the term; a session
// that is in memory is read once what was queued before is durable; one that is
// not is loaded by a reader, and comes back to the writer as a loadedOp.
type claimOp struct {
	claim engine.Claim
	done  func(engine.Head, []*engine.Entry, error)
	term  engine.Term
	last  engine.Seq
	held  *session
}

// Claim starts a new term of a session: see engine.Log. engine.ErrErased: its
// keys were destroyed. engine.ErrCorrupt: its log does not open, has a gap, or
// ends before the number it was closed with.
func (s *Store) Claim(claim engine.Claim, done func(engine.Head, []*engine.Entry, error)) {
	if !s.submit(&claimOp{claim: claim, done: done}) {
		go done(engine.Head{}, nil, ErrStoreClosed)
	}
}

func (o *claimOp) fail(err error) { o.done(engine.Head{}, nil, err) }

func (o *claimOp) apply(w *writer) bool {
	held := w.live[o.claim.Ref]
	switch {
	case held == nil && w.draining || w.closed.Load():
		return true // settle refuses it
	case held == nil:
		w.load(o)
		return false
	case held.loading:
		held.waiting = append(held.waiting, o)
		return false
	}
	held.released = false
	held.term = w.nextTerm()
	o.held, o.term, o.last = held, held.term, held.last
	return true
}

// load puts the session on the list, so that nobody else claims it from the
// store, and sends a reader for its log.
func (w *writer) load(o *claimOp) {
	held := &session{ref: o.claim.Ref, loading: true}
	o.held, o.term = held, w.nextTerm()
	w.enlist(held)
	w.loads++
	w.readers.do(func() {
		found, err := w.readSession(o.claim)
		w.queue.Put(&loadedOp{claim: o, found: found, err: err})
	})
}

// settle reads the log of a session that is in memory; all of it up to last is
// durable now.
func (o *claimOp) settle(w *writer, err error) {
	if err == nil && o.held == nil {
		err = ErrStoreClosed
	}
	if err != nil {
		o.fail(err)
		return
	}
	opened, s := o.held.opened.Load(), w.Store
	s.readers.do(func() {
		found, err := s.readLog(o.claim, opened, o.last)
		if errors.Is(err, seal.ErrForgotten) {
			err = engine.ErrFenced // released before it was answered
		}
		if err != nil {
			s.submit(&releaseOp{ref: o.claim.Ref, term: o.term}) // nobody holds the session now
			s.reportCorrupt(err)
			o.fail(err)
			return
		}
		found.head.Term = o.term
		o.done(found.head, found.tail, nil)
	})
}

// loadedOp is a session's log, or its absence, on the way back to the writer.
type loadedOp struct {
	claim   *claimOp
	found   *loaded
	err     error
	applied bool
}

// arrive ends the loading and answers who came meanwhile.
func (o *loadedOp) arrive(w *writer) (waiting []op) {
	held := o.claim.held
	w.loads--
	o.applied = true
	held.loading = false
	waiting, held.waiting = held.waiting, nil
	return waiting
}

func (o *loadedOp) apply(w *writer) bool {
	held, waiting := o.claim.held, o.arrive(w)
	if o.err == nil && o.found.opened == nil {
		o.err = o.create(w)
	}
	if o.err == nil {
		held.term, held.last, held.closed = o.claim.term, o.found.head.Last, o.found.head.Closed
		held.durable.Store(uint64(held.last))
		held.opened.Store(o.found.opened)
	} else {
		w.dismiss(held)
	}
	// Whoever came meanwhile comes now, to the session as it is.
	w.settling = append(w.settling, o)
	for _, late := range waiting {
		w.do(late)
	}
	return false
}

func (o *loadedOp) settle(w *writer, err error) {
	if !o.applied { // the store has failed meanwhile
		for _, late := range o.arrive(w) {
			late.settle(w, err)
		}
	}
	w.endIfDrained()
	if err == nil {
		err = o.err
	}
	if err != nil {
		w.reportCorrupt(err)
		o.claim.fail(err)
		return
	}
	o.found.head.Term = o.claim.term
	o.claim.done(o.found.head, o.found.tail, nil)
}

// create makes the session: its key slot, the visitor's if it is the first, and
// their rows. All of it is in this batch, whose one sync per file it shares.
func (o *loadedOp) create(w *writer) error {
	claim := o.claim.claim
	if claim.Create == nil {
		return fmt.Errorf("session %s: %w", claim.Ref, engine.ErrUnknown)
	}
	if w.full {
		return engine.ErrFull
	}
	t, err := w.tenantFor(claim.Ref.Tenant)
	if err != nil {
		return err
	}
	visitor := claim.Create.Visitor
	owner, err := w.subjectFor(t, visitor)
	if err != nil {
		return fmt.Errorf("visitor of session %s: %w", claim.Ref, err)
	}
	key := seal.NewKey()
	slot, err := w.slots.Add(t.sessionOwner(claim.Ref.Session, visitor, keyGeneration), &key, owner.key)
	if err != nil {
		return err
	}
	made := &opened{
		tenant: t, session: claim.Ref.Session, slot: slot, key: w.cache.Key(&key), generation: keyGeneration,
		visitor: visitor, subject: owner,
	}
	clear(key[:])
	if err := w.writeCreated(made); err != nil {
		return err
	}
	o.found.opened, o.found.head = made, engine.Head{Visitor: visitor}
	return nil
}

// subjectFor finds the visitor's key, or makes it. The store is asked here and
// not by a reader: another session of the visitor may have been created since.
// A visitor whose key was erased gets a new one and nothing back.
func (w *writer) subjectFor(t *tenant, visitor engine.VisitorID) (subject, error) {
	at := subjectKey{t.number, visitor}
	if made, ok := w.newSubjects[at]; ok {
		key, err := made.key.Clone() // each session forgets its own
		return subject{slot: made.slot, key: key}, err
	}
	found, err := w.loadSubject(w.db, t, visitor)
	if err == nil || !isGone(err) {
		return found, err
	}
	key := seal.NewKey()
	defer clear(key[:])
	slot, err := w.slots.Add(t.subjectOwner(visitor), &key, t.kek)
	if err != nil {
		return subject{}, err
	}
	made := subject{slot: slot, key: w.cache.Key(&key)}
	w.newSubjects[at] = made
	row := scopedKey(nil, kindSubject, t.number, visitor)
	value, err := made.profile(&w.scratchPd.seal, row, profile{})
	if err != nil {
		return subject{}, err
	}
	w.set(row, value)
	return made, nil
}

func (w *writer) writeCreated(o *opened) error {
	number := o.tenant.number
	key := scopedKey(nil, kindHeader, number, o.session)
	value, err := o.header(&w.scratchPd.seal, key, header{Visitor: o.visitor})
	if err != nil {
		return err
	}
	w.set(key, value)
	w.set(ownedKey(nil, number, o.visitor, o.session), nil)
	w.set(scopedKey(nil, kindCurrent, number, o.visitor), o.session[:])
	w.currents[subjectKey{number, o.visitor}] = o.session
	return nil
}

// Release ends the session's term after what was queued before it: see
// engine.Log.
func (s *Store) Release(ref engine.SessionRef) { s.submit(&releaseOp{ref: ref}) }

type releaseOp struct {
	ref  engine.SessionRef
	term engine.Term // 0: whatever it is
	held *session
}

func (o *releaseOp) apply(w *writer) bool {
	held := w.live[o.ref]
	switch {
	case held == nil:
		return false
	case held.loading:
		held.waiting = append(held.waiting, o)
		return false
	case o.term != 0 && o.term != held.term:
		return false
	}
	held.released, held.term = true, 0
	o.held = held
	return true
}

// settle drops the keys once all entries are durable, unless the session was
// claimed again meanwhile.
func (o *releaseOp) settle(w *writer, err error) {
	if err == nil && o.held.released {
		w.dismiss(o.held)
	}
}
