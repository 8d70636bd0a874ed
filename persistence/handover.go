package persistence

import (
	"github.com/parleyhq/parley/engine"
)

// A session changes hands when its anonymous visitor proves who it is: its key is
// wrapped under the other visitor's and its rows are filed there, while no entry
// is sealed anew. The slot under the former visitor's key is zeroed afterwards, or
// destroying the new visitor's key would not destroy the session (GDPR Art. 17).
// The steps are those of a redaction, with the same row e, and as safe to be cut
// short:
//
//  1. the new slot, and the new visitor's if it is the first, are synced;
//  2. one batch: the header with the new slot, the rows u, v and i, the append, e;
//  3. the old slot is zeroed and synced, before done; or at the start.

// errBoth is for an append that would need two slots of one key.
var errBoth = engine.ErrFenced.Because("an append removes text or changes the visitor, not both")

// handOver does step 1 and 2 for a part. What was queued before is durable, so
// that the slot can be read.
func (w *writer) handOver(p *part) error {
	if err := w.Err(); err != nil {
		return err
	}
	old := p.held.opened.Load()
	if old.visitor == p.visitor {
		return nil
	}
	t, session := old.tenant, old.session
	key, err := w.ring.Load(old.slot, t.sessionOwner(session, old.visitor, old.generation), old.subject.key)
	if err != nil {
		return err
	}
	defer clear(key[:])
	starts, err := w.startsOf(old)
	if err != nil {
		return err
	}
	owner, err := w.subjectFor(t, p.visitor)
	if err != nil {
		return err
	}
	slot, err := w.slots.Add(t.sessionOwner(session, p.visitor, old.generation), &key, owner.key)
	if err != nil {
		return err
	}
	made := &opened{
		tenant: t, session: session, slot: slot, key: old.key, generation: old.generation,
		visitor: p.visitor, subject: owner, former: old,
	}
	row := scopedKey(nil, kindHeader, t.number, session)
	value, err := made.header(&w.scratchPd.seal, row, header{Visitor: made.visitor})
	if err != nil {
		return err
	}
	w.set(row, value)
	w.set(deadKey(old.slot), nil)
	w.dead = append(w.dead, old.slot)
	w.moveStarts(starts, old, made, p.hour)
	w.refile(old, made)
	old.next.Store(made)
	p.held.opened.Store(made)
	old.subject.key.Forget() // the session has no business with it any more
	return nil
}

// refile moves the rows by which the visitor's sessions are found.
func (w *writer) refile(old, made *opened) {
	number, session := made.tenant.number, made.session
	w.remove(ownedKey(nil, number, old.visitor, session))
	w.set(ownedKey(nil, number, made.visitor, session), nil)
	if w.current(number, old.visitor) == session {
		w.remove(scopedKey(nil, kindCurrent, number, old.visitor))
		w.currents[subjectKey{number, old.visitor}] = engine.SessionID{}
	}
	w.set(scopedKey(nil, kindCurrent, number, made.visitor), session[:])
	w.currents[subjectKey{number, made.visitor}] = session
}
