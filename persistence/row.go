package persistence

import (
	"encoding/binary"
	"time"

	"github.com/parleyhq/parley/engine"
)

// An open session's routing facts, before they are sealed:
//
//	ver 1 | visitor 16 | state 1 | turn 1 | epoch uvarint | department string |
//	started, first queued nanos | priority, boost, weight varints | owner string |
//	offer: session 16, id, epoch uvarints, department string, deadline, waiting nanos |
//	offered to string | declines: count uvarint, each operator string, until nanos |
//	previous visible to all, read by visitor, read by operator uvarints |
//	close by, last activity nanos
//
// The session is in the key.
const rowVersion = 1

func appendRow(b []byte, r *engine.Row) []byte {
	b = append(b, rowVersion)
	b = append(b, r.Visitor[:]...)
	b = append(b, byte(r.State), byte(r.Turn))
	b = binary.AppendUvarint(b, uint64(r.Epoch))
	b = appendString(b, r.Department)
	b = appendTime(appendTime(b, r.Started), r.FirstQueued)
	b = binary.AppendVarint(b, int64(r.Priority))
	b = binary.AppendVarint(b, int64(r.Boost))
	b = binary.AppendVarint(b, int64(r.Weight))
	b = appendString(b, r.Owner)
	b = appendOffer(b, &r.Offer)
	b = appendString(b, r.OfferedTo)
	b = binary.AppendUvarint(b, uint64(len(r.Declines)))
	for _, decline := range r.Declines {
		b = appendTime(appendString(b, decline.Operator), decline.Until)
	}
	for _, seq := range [...]engine.Seq{r.PrevAll, r.ReadVisitor, r.ReadOperator} {
		b = binary.AppendUvarint(b, uint64(seq))
	}
	return appendTime(appendTime(b, r.CloseBy), r.LastActivity)
}

func appendOffer(b []byte, o *engine.Offer) []byte {
	b = append(b, o.Session[:]...)
	b = binary.AppendUvarint(b, uint64(o.ID))
	b = binary.AppendUvarint(b, uint64(o.Epoch))
	b = appendString(b, o.Department)
	return appendTime(appendTime(b, o.Deadline), o.Waiting)
}

func decodeRow(ref engine.SessionRef, plain []byte) (*engine.Row, error) {
	d := decoder{rest: plain}
	d.version(rowVersion)
	r := &engine.Row{Ref: ref, Visitor: d.id()}
	r.State, r.Turn, r.Epoch = engine.State(d.u8()), engine.Turn(d.u8()), engine.Epoch(d.uvarint())
	r.Department = engine.DepartmentID(d.str())
	r.Started, r.FirstQueued = d.time(), d.time()
	r.Priority, r.Boost, r.Weight = int(d.varint()), time.Duration(d.varint()), int(d.varint())
	r.Owner = engine.OperatorID(d.str())
	r.Offer = d.offer()
	r.OfferedTo = engine.OperatorID(d.str())
	for range min(d.uvarint(), uint64(len(d.rest))) { // a decline has at least two bytes
		r.Declines = append(r.Declines, engine.Decline{Operator: engine.OperatorID(d.str()), Until: d.time()})
	}
	r.PrevAll, r.ReadVisitor, r.ReadOperator = engine.Seq(d.uvarint()), engine.Seq(d.uvarint()), engine.Seq(d.uvarint())
	r.CloseBy, r.LastActivity = d.time(), d.time()
	if err := d.finish("row"); err != nil {
		return nil, err
	}
	return r, nil
}

func (d *decoder) offer() (o engine.Offer) {
	o.Session = d.id()
	o.ID, o.Epoch = engine.Seq(d.uvarint()), engine.Epoch(d.uvarint())
	o.Department = engine.DepartmentID(d.str())
	o.Deadline, o.Waiting = d.time(), d.time()
	return o
}
