package actors

import (
	"context"
	"strconv"
	"time"

	"github.com/parleyhq/parley/engine"
)

// Events hands what happens to an embedding host, in process: every entry of every
// session's log, once it is durable. Entries of one session come in the order of their
// numbers, one at a time; sessions do not wait for one another. Each comes at least
// once: one whose Deliver failed comes again, and so do, after a restart, those that
// the store still has marked as not taken. A host that is slow or fails never holds up
// a chat: what it has not taken stays in the log and is read again from there.
//
// Where transcripts are off, entries come without what people wrote, and what was not
// taken goes with the process, or once there are 1,000 more.
type Events struct {
	// Deliver takes an event. nil: taken, it does not come again unless the process
	// ends now. Any error, and a panic: it comes again, after a pause that grows from
	// 1 s to 1 min. ctx ends after Timeout and when the System stops.
	Deliver func(ctx context.Context, e Event) error
	// From answers the last event of a session that the host has taken. It is asked
	// after a restart, once per session that is not known to be taken whole, and then
	// delivery goes on after that. nil: such a session is told from its beginning; the
	// host knows what it has by Event.ID.
	From func(ref engine.SessionRef) (engine.Seq, error)
	// Parallel is how many sessions are delivered at the same time. A Deliver that
	// does not return when its ctx ends holds one of these. 0 means 64.
	Parallel int
	Timeout  time.Duration // of one Deliver; 0 means 10 s
}

// EventBacklog is how many entries of a session are kept in memory for the host.
const EventBacklog = 64

// Event is an entry for an embedding host.
type Event struct {
	ID    string // tenant/session/number: always the same for an entry
	Ref   engine.SessionRef
	Entry *engine.Entry // shared: not to be changed
}

func newEvent(ref engine.SessionRef, e *engine.Entry) Event {
	return Event{ID: string(ref.Tenant) + "/" + ref.Session.String() + "/" + strconv.FormatUint(uint64(e.Seq), 10), Ref: ref, Entry: e}
}

// The pauses between two tries.
const (
	eventPause     = time.Second
	eventPauseMost = time.Minute
)

// eventRest is how long nothing must have happened in a session before the store hears
// that the host has everything.
const eventRest = 30 * time.Second

// eventStore is what Events need of a Store: *persistence.Store is one. Of a store
// that is not, what was not taken is not known after a restart.
type eventStore interface {
	// Told says that a session's entries up to through were taken.
	Told(ref engine.SessionRef, through engine.Seq, done func(error))
	// Untold yields a tenant's sessions of which not all were.
	Untold(tenant engine.TenantID, yield func(engine.SessionID) bool) error
}

func (e *Events) ensureDefaults() {
	if e.Parallel <= 0 {
		e.Parallel = 64
	}
	if e.Timeout <= 0 {
		e.Timeout = 10 * time.Second
	}
}

// recoverEvents takes up what of a tenant was not taken before the start.
func (s *System) recoverEvents(t *tenancy) error {
	store, ok := s.cfg.Store.(eventStore)
	if s.feed == nil || !ok {
		return nil
	}
	return store.Untold(t.id, func(session engine.SessionID) bool {
		s.feed.resume(engine.SessionRef{Tenant: t.id, Session: session}, s.cfg.Store)
		return true
	})
}

// feedFrom is what a life's first look at its log tells the feed: what became durable
// in the life before, which ended before it could say so.
func (a *sessionActor) feedFrom() {
	if a.sys.feed == nil {
		return
	}
	durable := a.rules.Durable()
	if a.h.fed > 0 && a.h.fed < durable {
		a.sys.feed.more(a.h, durable, nil)
	}
	a.h.fed = durable
}

// feedEntry tells the feed of a durable entry.
func (a *sessionActor) feedEntry(e *engine.Entry) {
	if a.sys.feed != nil {
		a.sys.feed.more(a.h, e.Seq, e)
		a.h.fed = e.Seq
	}
}
