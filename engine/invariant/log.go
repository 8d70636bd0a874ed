package invariant

import (
	"fmt"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Log follows one session's entries in the order of their numbers. The zero Log is
// that of a session without entries.
type Log struct {
	last    engine.Seq
	prevAll engine.Seq
	epoch   engine.Epoch
	granted engine.Epoch // the epoch of the last assignment
	closing engine.Seq
	ended   engine.Seq
	// offers that stand, by the entries that made them.
	offers []madeOffer
}

type madeOffer struct {
	id       engine.Seq
	operator engine.OperatorID
	deadline time.Time
}

// Resume is the Log of a session that is restored from its row, whose last entry is
// numbered last; prevAll is the last one that all may see.
func Resume(row *engine.Row, last, prevAll engine.Seq) Log {
	l := Log{last: last, prevAll: prevAll, epoch: row.Epoch, granted: row.Epoch}
	switch row.State {
	case engine.StateClosing:
		l.closing = last
	case engine.StateClosed:
		l.closing, l.ended = last, last
	default:
	}
	for i := range row.Offers {
		o := &row.Offers[i]
		l.offers = append(l.offers, madeOffer{o.ID, o.Operator, o.Deadline})
	}
	return l
}

// Add takes the next entry in and says which invariant it breaks, or nil.
func (l *Log) Add(e *engine.Entry) *Violation {
	if e.Seq != l.last+1 {
		return of(e, "I11", "entry %d follows %d", e.Seq, l.last)
	}
	if e.PrevAll != l.prevAll {
		return of(e, "I11", "entry %d names %d as the one before it that all may see, that is %d", e.Seq, e.PrevAll, l.prevAll)
	}
	l.last = e.Seq
	if e.Visibility == engine.VisibleToAll {
		l.prevAll = e.Seq
	}
	if e.Epoch < l.epoch {
		return of(e, "I1", "entry %d is of epoch %d after %d", e.Seq, e.Epoch, l.epoch)
	}
	l.epoch = e.Epoch
	return l.kind(e)
}

func (l *Log) kind(e *engine.Entry) *Violation {
	switch e.Kind {
	case engine.KindMessageNew, engine.KindMessageEdited, engine.KindFormFilled:
		if l.closing != 0 {
			return of(e, "I3", "message %d after the closing entry %d", e.Seq, l.closing)
		}
	case engine.KindSessionClosing, engine.KindSessionRefused:
		if l.closing != 0 {
			return of(e, "I3", "entry %d closes again what %d closed", e.Seq, l.closing)
		}
		l.closing = e.Seq
	case engine.KindSessionClosed:
		if l.ended != 0 {
			return of(e, "I3", "entry %d ends again what %d ended", e.Seq, l.ended)
		}
		l.ended = e.Seq
		if l.closing == 0 {
			l.closing = e.Seq
		}
		if len(l.offers) > 0 {
			return of(e, "I12", "entry %d ends a session with %d live offers", e.Seq, len(l.offers))
		}
	case engine.KindSessionAssigned:
		return l.assigned(e)
	case engine.KindOfferMade:
		if l.closing != 0 {
			return of(e, "I12", "offer %d of a closed session", e.Seq)
		}
		l.offers = append(l.offers, madeOffer{e.Seq, e.Operator, e.Deadline})
	case engine.KindOfferEnded:
		return l.offerEnded(e)
	case engine.KindSessionQueued, engine.KindSessionRequeued, engine.KindSessionDetached, engine.KindSessionRestored, engine.KindSessionUnattended, engine.KindTransferStarted:
		if l.closing != 0 {
			return of(e, "I3", "entry %d (%v) reopens what %d closed", e.Seq, e.Kind, l.closing)
		}
	default:
	}
	return nil
}

// assigned: one owner per epoch, and none after the end.
func (l *Log) assigned(e *engine.Entry) *Violation {
	switch {
	case l.closing != 0:
		return of(e, "I3", "assignment %d after the closing entry %d", e.Seq, l.closing)
	case e.Operator == "":
		return of(e, "I1", "assignment %d to nobody", e.Seq)
	case e.Epoch <= l.granted:
		return of(e, "I1", "assignment %d is the second of epoch %d", e.Seq, e.Epoch)
	}
	l.granted = e.Epoch
	for i, o := range l.offers {
		if o.id == e.Offer {
			if o.operator != e.Operator {
				return of(e, "I1", "assignment %d to somebody else than offer %d", e.Seq, e.Offer)
			}
			if !o.deadline.IsZero() && e.At.After(o.deadline) {
				return of(e, "I13", "assignment %d by offer %d, which had run out", e.Seq, e.Offer)
			}
			l.offers = append(l.offers[:i], l.offers[i+1:]...)
			break
		}
	}
	return nil
}

func (l *Log) offerEnded(e *engine.Entry) *Violation {
	for i, o := range l.offers {
		if o.id != e.Offer {
			continue
		}
		l.offers = append(l.offers[:i], l.offers[i+1:]...)
		if e.Cause == engine.CauseMissed && e.At.Before(o.deadline) {
			return of(e, "I13", "offer %d was missed before its deadline", e.Offer)
		}
		if o.operator != e.Operator {
			return of(e, "I1", "offer %d ended for somebody else than it was made to", e.Offer)
		}
		return nil
	}
	return of(e, "I4", "entry %d ends offer %d, which does not stand", e.Seq, e.Offer)
}

// Last is the number of the last entry.
func (l *Log) Last() engine.Seq { return l.last }

// Offers is how many offers stand.
func (l *Log) Offers() int { return len(l.offers) }

// Closed reports whether no message may follow.
func (l *Log) Closed() bool { return l.closing != 0 }

func of(e *engine.Entry, invariant, format string, args ...any) *Violation {
	return &Violation{Invariant: invariant, Session: e.Session, Detail: fmt.Sprintf(format, args...)}
}
