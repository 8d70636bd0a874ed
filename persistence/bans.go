package persistence

import "github.com/parleyhq/parley/engine"

// A visitor's ban, before it is sealed:
//
//	ver 1 | reason 1 | by kind 1 | until, at nanos | by operator string | department string (ver 2)
//
// One without a department is written as version 1.
//
// It is kept under the visitor's id and not under its key, so that it outlives the
// visitor's erasure until it ends by itself: no text is in it, and who a
// pseudonym was is known to nobody then (GDPR Art. 17(3)(e), 6(1)(f)).
const (
	banVersion    = 1
	banOfVersion2 = 2
)

func appendBan(b []byte, ban engine.Ban) []byte {
	version := byte(banVersion)
	if ban.Department != "" {
		version = banOfVersion2
	}
	b = append(b, version, byte(ban.Reason), byte(ban.By.Kind))
	b = appendString(appendTime(appendTime(b, ban.Until), ban.At), ban.By.Operator)
	if version == banOfVersion2 {
		b = appendString(b, ban.Department)
	}
	return b
}

func decodeBan(plain []byte) (ban engine.Ban, err error) {
	d := decoder{rest: plain}
	version := d.u8()
	if version != banVersion && version != banOfVersion2 {
		d.fail()
	}
	ban.Reason, ban.By.Kind = engine.BanReason(d.u8()), engine.AuthorKind(d.u8())
	ban.Until, ban.At = d.time(), d.time()
	ban.By.Operator = engine.OperatorID(d.str())
	if version == banOfVersion2 {
		ban.Department = engine.DepartmentID(d.str())
	}
	return ban, d.finish("ban")
}

// bansName is whose the keys are under which bans were made: not one operator's,
// because servers make them as well.
const bansName = "visitor.ban"

// PutBan keeps a visitor's ban, in place of the one before; one without Until takes
// it away. In the same batch goes the idempotency key under which it was made, if
// memo is not nil. done is called as by Log's methods; nil means durable.
func (s *Store) PutBan(name engine.TenantID, visitor engine.VisitorID, ban engine.Ban, memo *engine.Memo, done func(error)) {
	lifts := ban.Until.IsZero()
	s.put(&putOp{tenant: name, frees: lifts, done: done, write: func(w *writer, t *tenant) error {
		key := scopedKey(nil, kindBan, t.number, visitor)
		if lifts {
			w.remove(key)
		} else if err := w.setSealed(t, key, appendBan(nil, ban)); err != nil {
			return err
		}
		return w.writeMemo(t, t.pseudonym(bansName, ""), memo)
	}})
}

// Bans yields every ban of a tenant's visitors, over or not, in no order, until
// yield says no. It is for the start. Rows that do not open are left out; the error
// then says how many, and is engine.ErrCorrupt.
func (s *Store) Bans(name engine.TenantID, yield func(engine.VisitorID, engine.Ban) bool) error {
	return eachRow(s, name, kindBan, "bans", ofVisitor(decodeBan), yield)
}

// BanMemos yields the idempotency keys that are kept of bans, as Memos does those of
// an operator.
func (s *Store) BanMemos(name engine.TenantID, yield func(engine.Memo) bool) error {
	return s.memosOf(name, func(t *tenant) [16]byte { return t.pseudonym(bansName, "") }, yield)
}
