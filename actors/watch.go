package actors

import (
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/invariant"
	"github.com/parleyhq/parley/engine/session"
)

// watch checks what must always hold of a session while it runs: its entries as they
// are numbered and its routing facts as they change, before either is stored or told.
// It costs as much as the change. Owned by the session's actor.
type watch struct {
	ref    engine.SessionRef // whose actor it is; fixed for its life
	log    invariant.Log
	before *engine.Row // as last reported; nil: not yet
	moved  bool        // the facts have changed in this turn
	broken *invariant.Violation
	over   engine.Seq // the entry after which it takes no messages; 0: it does
	// unrecorded: transcripts are off. Fixed for the actor's life.
	unrecorded bool
}

// resume begins with a session as its log left it.
func (w *watch) resume(ref engine.SessionRef, s *session.Session, unrecorded bool) {
	row := s.Row()
	*w = watch{ref: ref, log: invariant.Resume(&row, s.Last(), s.HeadFor(engine.VisibleToAll)), unrecorded: unrecorded}
	w.found(invariant.CheckRow(&row))
	w.found(invariant.CheckRef(ref, row.Ref))
}

// effect looks at what a step has come to.
func (w *watch) effect(effect session.Effect) {
	switch e := effect.(type) {
	case session.Write:
		w.found(w.log.Add(e.Entry))
		if w.over == 0 && w.log.Closed() {
			w.over = e.Entry.Seq
		}
		w.found(invariant.CheckRef(w.ref, engine.SessionRef{Tenant: w.ref.Tenant, Session: e.Entry.Session}))
	case session.Report:
		w.found(invariant.CheckRow(e.Row))
		w.found(invariant.CheckRef(w.ref, e.Row.Ref))
		if w.before != nil {
			w.found(invariant.CheckChange(w.before, e.Row))
		}
		if w.unrecorded {
			w.found(invariant.CheckUnrecorded(e.Row))
		}
		w.before, w.moved = e.Row, true
	default:
	}
}

// end looks at what a turn has come to: deadline is when the session wants to be told
// the time next.
func (w *watch) end(deadline time.Time) {
	if w.moved {
		w.moved = false
		w.found(invariant.CheckDeadline(w.before, deadline))
	}
}

// isOver reports whether the session takes no more messages, by what is durable through
// an entry.
func (w *watch) isOver(through engine.Seq) bool { return w.over != 0 && w.over <= through }

// found keeps the first violation: what follows may be its consequence.
func (w *watch) found(v *invariant.Violation) {
	if w.broken == nil {
		w.broken = v
	}
}
