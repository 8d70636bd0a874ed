package persistence

import (
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/parleyhq/parley/engine"
)

// An open session's routing facts, before they are sealed:
//
//	ver 2 | visitor 16 | state 1 | turn 1 | epoch uvarint | department string |
//	started, first queued nanos | priority, boost, weight varints | owner string |
//	offers: count uvarint, each session 16, id, epoch uvarints, department string,
//	deadline, waiting nanos, operator string | declines: count uvarint, each operator string, until nanos |
//	previous visible to all, read by visitor, read by operator uvarints |
//	close by, last activity nanos | service: length uvarint, JSON
//
// The session is in the key. Version 1 had one offer, with its operator after it,
// and no service.
const rowVersion = 2

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
	b = binary.AppendUvarint(b, uint64(len(r.Offers)))
	for i := range r.Offers {
		b = appendString(appendOffer(b, &r.Offers[i].Offer), r.Offers[i].Operator)
	}
	b = binary.AppendUvarint(b, uint64(len(r.Declines)))
	for _, decline := range r.Declines {
		b = appendTime(appendString(b, decline.Operator), decline.Until)
	}
	for _, seq := range [...]engine.Seq{r.PrevAll, r.ReadVisitor, r.ReadOperator} {
		b = binary.AppendUvarint(b, uint64(seq))
	}
	b = appendTime(appendTime(b, r.CloseBy), r.LastActivity)
	service, err := json.Marshal(&r.Service)
	if err != nil { // times and closed words only: it cannot fail
		panic("persistence: a session's service: " + err.Error())
	}
	return append(binary.AppendUvarint(b, uint64(len(service))), service...)
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
	version := d.u8()
	if version != 1 && version != rowVersion {
		d.fail()
	}
	r := &engine.Row{Ref: ref, Visitor: d.id()}
	r.State, r.Turn, r.Epoch = engine.State(d.u8()), engine.Turn(d.u8()), engine.Epoch(d.uvarint())
	r.Department = engine.DepartmentID(d.str())
	r.Started, r.FirstQueued = d.time(), d.time()
	r.Priority, r.Boost, r.Weight = int(d.varint()), time.Duration(d.varint()), int(d.varint())
	r.Owner = engine.OperatorID(d.str())
	if version == 1 {
		r.Offers = d.firstOffer()
	} else {
		r.Offers = d.offers()
	}
	for range min(d.uvarint(), uint64(len(d.rest))) { // a decline has at least two bytes
		r.Declines = append(r.Declines, engine.Decline{Operator: engine.OperatorID(d.str()), Until: d.time()})
	}
	r.PrevAll, r.ReadVisitor, r.ReadOperator = engine.Seq(d.uvarint()), engine.Seq(d.uvarint()), engine.Seq(d.uvarint())
	r.CloseBy, r.LastActivity = d.time(), d.time()
	if version > 1 {
		d.json(&r.Service)
	}
	if err := d.finish("row"); err != nil {
		return nil, err
	}
	return r, nil
}

func (d *decoder) offers() (offers []engine.LiveOffer) {
	for range min(d.uvarint(), uint64(len(d.rest))) {
		offers = append(offers, engine.LiveOffer{Offer: d.offer(), Operator: engine.OperatorID(d.str())})
	}
	return offers
}

// firstOffer reads what version 1 held: one offer, or an empty one.
func (d *decoder) firstOffer() []engine.LiveOffer {
	o := engine.LiveOffer{Offer: d.offer(), Operator: engine.OperatorID(d.str())}
	if o.Operator == "" {
		return nil
	}
	return []engine.LiveOffer{o}
}

func (d *decoder) offer() (o engine.Offer) {
	o.Session = d.id()
	o.ID, o.Epoch = engine.Seq(d.uvarint()), engine.Epoch(d.uvarint())
	o.Department = engine.DepartmentID(d.str())
	o.Deadline, o.Waiting = d.time(), d.time()
	return o
}
