package persistence

import (
	"bytes"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/parleyhq/parley/engine"
)

// forgetHours is after how many hours a row i is past its time. Hours are rounded
// down, and a session that is seen open at one look may end before the next, an
// hour later: so no key goes before engine.KeysFor.
const (
	forgetHours     = uint32(engine.KeysFor / time.Hour)
	forgetMemoAfter = forgetHours     // of a memo: in its 25th hour
	forgetEndAfter  = forgetHours + 1 // of a start, since its session was last seen open
)

// forgetBatch bounds how many rows one batch of the writer's changes.
const forgetBatch = 500

// ForgetKeys removes the idempotency keys that are past their time at now. It
// returns at once; a reader looks, and the writer removes. To be called about once
// an hour, and before sessions end after the store was opened.
func (s *Store) ForgetKeys(now time.Time) {
	if s.closed.Load() {
		return
	}
	s.readers.do(func() {
		if err := s.forgetKeys(hourOf(now)); err != nil {
			s.opts.Logger.Error("idempotency keys past their time could not be looked for", slog.Any("error", err))
		}
	})
}

func (s *Store) forgetKeys(now uint32) error {
	snapshot := s.db.NewSnapshot()
	defer snapshot.Close()
	it, err := snapshot.NewIter(&pebble.IterOptions{LowerBound: []byte{kindIdem}, UpperBound: []byte{kindIdem + 1}})
	if err != nil {
		return err
	}
	o := &forgetOp{}
	for ok := it.First(); ok && !s.closed.Load(); ok = it.Next() {
		verdict, err := judgeIdem(snapshot, it.Key(), it.Value(), now)
		if err != nil {
			_ = it.Close()
			return err
		}
		if verdict != idemStays {
			o.add(it.Key(), it.Value(), verdict, now)
		}
		if len(o.rows) == forgetBatch {
			s.submit(o)
			o = &forgetOp{}
		}
	}
	if len(o.rows) > 0 {
		s.submit(o)
	}
	return asCorrupt(it.Close())
}

type idemVerdict uint8

const (
	idemStays idemVerdict = iota
	idemGoes
	idemIsOpen // its session is open: its time has not begun
)

// judgeIdem says what becomes of a row i.
func judgeIdem(r pebble.Reader, key, value []byte, now uint32) (idemVerdict, error) {
	session, hour, ok := splitIdem(value)
	number, _, scoped := scopeOf(key)
	switch {
	case !ok || !scoped: // not of this version; nobody can read it
		return idemStays, nil
	case now <= hour:
		return idemStays, nil
	case session.IsZero():
		if now-hour > forgetMemoAfter {
			return idemGoes, nil
		}
		return idemStays, nil
	}
	row, err := getFrom(r, scopedKey(nil, kindOpen, number, session))
	switch {
	case err != nil:
		return idemStays, err
	case row != nil:
		return idemIsOpen, nil
	case now-hour > forgetEndAfter:
		return idemGoes, nil
	}
	return idemStays, nil
}

// forgetOp removes rows i, or sets their hour, unless they changed since they
// were looked at.
type forgetOp struct {
	rows []forgetRow
}

type forgetRow struct {
	key, old, to []byte // to nil: it goes
}

func (o *forgetOp) add(key, value []byte, verdict idemVerdict, now uint32) {
	row := forgetRow{key: bytes.Clone(key), old: bytes.Clone(value)}
	if verdict == idemIsOpen {
		session, _, _ := splitIdem(value)
		row.to = append(appendIdem(nil, session, now), value[idemClear:]...)
	}
	o.rows = append(o.rows, row)
}

func (o *forgetOp) apply(w *writer) bool {
	w.flush() // a row that was queued before is looked at too
	for _, row := range o.rows {
		current, err := w.get(row.key)
		switch {
		case err != nil || !bytes.Equal(current, row.old):
		case row.to == nil:
			w.remove(row.key)
		default:
			w.set(row.key, row.to)
		}
	}
	return false
}

func (o *forgetOp) settle(*writer, error) {}
