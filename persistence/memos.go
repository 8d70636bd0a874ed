package persistence

import (
	"encoding/binary"
	"fmt"

	"github.com/parleyhq/parley/engine"
)

// What is done outside a session has no log that would say so: its row i holds
// the first answer, sealed under the tenant's row key, behind the clear part that
// starts.go draws. It is written in the batch of what was done. Sealed is
//
//	ver 1 | digest u64 | at nanos | result string
//
// Owner and tag are keyed digests: of the operator, or of a word for all who ban, and
// of operation and key.
const memoVersion = 1

func appendMemo(b []byte, m engine.Memo) []byte {
	b = binary.BigEndian.AppendUint64(append(b, memoVersion), m.Digest)
	return appendString(appendTime(b, m.At), m.Result)
}

func decodeMemo(plain []byte) (m engine.Memo, err error) {
	d := decoder{rest: plain}
	d.version(memoVersion)
	if digest := d.take(8); digest != nil {
		m.Digest = binary.BigEndian.Uint64(digest)
	}
	m.At, m.Result = d.time(), append([]byte(nil), d.bytes()...)
	return m, d.finish("memo")
}

// writeMemo files what was done under a key of its owner's; nil: there was none.
func (w *writer) writeMemo(t *tenant, owner [16]byte, m *engine.Memo) error {
	if m == nil {
		return nil
	}
	key := idemKey(nil, t.number, owner, m.Tag)
	value := appendIdem(nil, engine.SessionID{}, hourOf(m.At))
	value, err := t.row.Seal(&w.scratchPd.seal, value, placeOf(key, value), keyGeneration, appendMemo(nil, *m))
	if err != nil {
		return err
	}
	w.set(key, value)
	return nil
}

// Memos yields what was done in an operator's name under idempotency keys that are
// kept, in no order, until yield says no. It is for the start. Rows that do not
// open are left out; the error then says how many, and is engine.ErrCorrupt.
func (s *Store) Memos(name engine.TenantID, operator engine.OperatorID, yield func(engine.Memo) bool) error {
	return s.memosOf(name, func(t *tenant) [16]byte { return t.tag(operator) }, yield)
}

func (s *Store) memosOf(name engine.TenantID, owner func(*tenant) [16]byte, yield func(engine.Memo) bool) error {
	return s.ofTenant(name, func(t *tenant) error {
		damaged, more := 0, true
		err := s.idemRows(s.db, t.number, owner(t), func(key, value []byte) {
			if !more {
				return
			}
			m, err := s.openMemo(t, key, value)
			if err != nil {
				s.reportCorrupt(err)
				damaged++
				return
			}
			more = yield(m)
		})
		return countDamaged(err, damaged, "memos")
	})
}

func (s *Store) openMemo(t *tenant, key, value []byte) (engine.Memo, error) {
	if _, _, ok := splitIdem(value); !ok {
		return engine.Memo{}, fmt.Errorf("memo of tenant %s: %w", t.name, engine.ErrCorrupt)
	}
	work := s.scratch()
	defer s.giveBack(work)
	plain, err := t.row.Open(&work.seal, work.plain[:0], placeOf(key, value[:idemClear]), keyGeneration, value[idemClear:])
	if err != nil {
		return engine.Memo{}, notOpened(fmt.Sprintf("memo of tenant %s", t.name), err)
	}
	work.plain = plain
	m, err := decodeMemo(plain)
	m.Tag = engine.Tag(key[scopedKeyLen:])
	return m, err
}
