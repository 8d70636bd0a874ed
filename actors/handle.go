package actors

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// handle is a session's place in the system. It lives as long as the session is
// open, or somebody asks for it; the actor behind it comes and goes.
type handle struct {
	cell

	// Fixed after construction.
	sys    *System
	tenant *tenancy
	ref    engine.SessionRef
	log    engine.Log
	create *engine.Create // of a session that starts; nil: it must exist
	since  time.Time      // from when on an absent visitor counts as gone

	// Atomic.
	used    atomic.Int64 // Unix nanoseconds of the last turn
	running atomic.Bool  // an actor holds memory that idleness may give back

	// Owned by the actor of the moment.
	lives  uint64 // claims so far
	panics []time.Time
	unsure []proof // upgrades of an earlier life that may have become durable
	told   told
	// counted is whose conversation the session is known to be the open one of; zero: of nobody's.
	counted engine.VisitorID
	fed     engine.Seq // through which entry Events was told of the log; 0: nothing yet

	// Guarded by tenancy.mu.
	visitor engine.VisitorID // of a session that winds up

	// Guarded by sweeper.mu.
	slot int
}

// told is what operators' actors were last told of the session. It outlives an
// actor that panics between an entry's being durable and its being told.
type told struct {
	owner   engine.OperatorID
	offered []session.Notify // the offers that stand
	members []engine.OperatorID
}

func (t *told) note(n session.Notify) {
	switch n.Note {
	case session.Offered:
		t.offered = append(t.offered, n)
	case session.OfferEnded:
		t.drop(n.Operator, n.Offer.ID)
	case session.Gained:
		t.owner = n.Operator
		t.drop(n.Operator, n.Offer.ID)
	case session.Lost:
		t.owner = ""
	case session.Joined:
		t.members = append(t.without(n.Operator), n.Operator)
	case session.Left:
		t.members = t.without(n.Operator)
	case session.Hushed:
		for i := range t.offered {
			t.offered[i].Brief = t.offered[i].Brief.Hushed()
		}
	default:
	}
}

// drop forgets the offer to an operator; id 0: whichever it was.
func (t *told) drop(operator engine.OperatorID, id engine.Seq) {
	t.offered = slices.DeleteFunc(t.offered, func(o session.Notify) bool {
		return o.Operator == operator && (id == 0 || o.Offer.ID == id)
	})
}

func (t *told) without(member engine.OperatorID) []engine.OperatorID {
	return slices.DeleteFunc(t.members, func(o engine.OperatorID) bool { return o == member })
}

func (s *System) newHandle(t *tenancy, ref engine.SessionRef, log engine.Log, create *engine.Create) *handle {
	h := &handle{sys: s, tenant: t, ref: ref, log: log, create: create, since: s.cfg.Clock()}
	h.cell = cell{rt: s.rt, name: "session " + ref.String(), limit: s.cfg.InboxLimit, live: &t.liveSessions}
	h.birth = func() owner { return newSessionActor(h) }
	h.used.Store(h.since.UnixNano()) // a session is not idle before it began
	return h
}
