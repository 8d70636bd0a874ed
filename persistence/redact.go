package persistence

import (
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/keyring"
	"github.com/parleyhq/parley/persistence/seal"
)

// A redaction changes the session's key (GDPR Art. 16, 17): the rest of the log
// is sealed anew under the next generation, and the slot of the old key is zeroed,
// so that the removed text is unreadable in every log file, table and backup that
// still holds its ciphertext. The steps, each safe to be cut short:
//
//  1. the new key's slot is synced, as for a new session;
//  2. one batch: all entries sealed anew, the header with the new slot, the
//     append itself, and a row e that names the old slot;
//  3. the old slot is zeroed and synced, before done; at start, instead, for
//     every row e that is left. Files of the removed messages are deleted; at
//     start, instead, all that have no row a.

// redact does step 1 and 2 for a part whose session has no entries under way. It
// runs on the writer: a redaction is rare, and about half a microsecond an entry.
func (w *writer) redact(p *part) error {
	if err := w.Err(); err != nil {
		return err
	}
	old := p.held.opened.Load()
	made, err := w.rekey(old)
	if err != nil {
		return err
	}
	rows := w.db.NewBatch() // joins the batch only when it is whole
	defer rows.Close()
	files, err := w.reseal(rows, p, old, made)
	if err != nil {
		made.key.Forget()
		return err
	}
	key := scopedKey(nil, kindHeader, made.tenant.number, made.session)
	value, err := made.header(&w.scratchPd.seal, key, header{Visitor: made.visitor})
	if err != nil {
		return err
	}
	w.set(key, value)
	w.set(deadKey(old.slot), nil)
	if err := w.batch.Apply(rows, nil); err != nil {
		return err
	}
	w.dead = append(w.dead, old.slot)
	w.deadFiles = append(w.deadFiles, files...)
	old.next.Store(made)
	p.held.opened.Store(made)
	return nil
}

// rekey draws the session's next key.
func (w *writer) rekey(old *opened) (*opened, error) {
	key := seal.NewKey()
	defer clear(key[:])
	generation := old.generation + 1
	slot, err := w.slots.Add(old.tenant.sessionOwner(old.session, old.visitor, generation), &key, old.subject.key)
	if err != nil {
		return nil, err
	}
	return &opened{
		tenant: old.tenant, session: old.session, slot: slot, key: w.cache.Key(&key), generation: generation,
		visitor: old.visitor, subject: old.subject, former: old,
	}, nil
}

// reseal seals every entry of the log under the new key, the redacted ones
// without their text. It answers the rows of the files that go with it.
func (w *writer) reseal(rows *pebble.Batch, p *part, old, made *opened) (files [][]byte, err error) {
	work := w.scratch()
	defer w.giveBack(work)
	var failed error
	last, err := w.scan(w.db, old, p.ref, 0, p.held.last, func(e *engine.Entry) bool {
		if slices.ContainsFunc(p.redact, e.HoldsTextOf) {
			if e.File != nil {
				row := fileKey(nil, made.tenant.number, made.session, e.File.File)
				files = append(files, row)
				_ = rows.Delete(row, nil) // the batch is in memory
			}
			e = e.Redacted()
		}
		var value []byte
		work.key = recordKey(work.key[:0], made.tenant.number, made.session, e.Seq)
		work.plain = appendEntry(work.plain[:0], e)
		if value, failed = made.key.Seal(&work.seal, nil, work.key, made.generation, work.plain); failed == nil {
			failed = rows.Set(work.key, value, nil)
		}
		return failed == nil
	})
	if err == nil && failed == nil && last != p.held.last {
		failed = engine.ErrCorrupt
	}
	if failed != nil {
		err = failed
	}
	return files, err
}

// sealAgain seals an entry that its caller sealed before a redaction. Both keys
// are in memory while the session is claimed, so this cannot fail but by a fault
// of memory; the store then stops rather than keep what nobody can read.
func (w *writer) sealAgain(p *part, now *opened, seq engine.Seq, sealed []byte) []byte {
	work := w.scratch()
	defer w.giveBack(work)
	work.key = recordKey(work.key[:0], now.tenant.number, now.session, seq)
	plain, err := p.opened.key.Open(&work.seal, work.plain[:0], work.key, p.opened.generation, sealed)
	if err == nil {
		work.plain = plain
		sealed, err = now.key.Seal(&work.seal, nil, work.key, now.generation, plain)
	}
	if err != nil {
		w.fail(err)
	}
	return sealed
}

// bury is step 3. The row e may go without a sync: doing it twice is harmless.
func (w *writer) bury() {
	if len(w.dead) == 0 {
		return
	}
	if err := w.ring.Free(w.dead...); err != nil {
		w.fail(err)
		return
	}
	for _, slot := range w.dead {
		if err := w.db.Delete(deadKey(slot), pebble.NoSync); err != nil {
			w.fail(err)
		}
	}
}

// buryLeft is step 3 of redactions that a crash cut short.
func (s *Store) buryLeft() error {
	var slots []keyring.Ref
	err := s.rows([]byte{kindDead}, []byte{kindDead + 1}, func(key, _ []byte) bool {
		if len(key) == 1+8 {
			slots = append(slots, readRef(key[1:]))
		}
		return true
	})
	if err != nil || len(slots) == 0 {
		return err
	}
	if err := s.ring.Free(slots...); err != nil {
		return err
	}
	return s.db.DeleteRange([]byte{kindDead}, []byte{kindDead + 1}, pebble.Sync)
}

func deadKey(slot keyring.Ref) []byte { return appendRef([]byte{kindDead}, slot) }
