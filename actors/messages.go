package actors

import (
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// What cells are told. The data lane carries drafts, typing and peeks, and is bounded.
// The control lane is bounded by construction: attach and leave once per seat,
// claimed once per life, stored once per append, tick and quit once at a time,
// readBack once per attach, offers and notes once per step of another actor.

// To a session, data lane.
type (
	// draftPosted is what a participant asks for.
	draftPosted struct {
		seat  *seat
		draft engine.Draft
		tag   engine.Tag // of OpStart with a key
		again bool       // OpStart, to a session that is not the visitor's open one: the key is known there
		// of OpContinue to the new session: what the one that it continues hands on
		inherit *session.Inherit
	}
	// typed says that a participant writes.
	typed struct {
		seat *seat
		on   bool
	}
	// peeked is what a visitor has typed and not sent.
	peeked struct {
		seat *seat
		body engine.Body
	}
)

// To a session, control lane.
type (
	attach struct {
		seat *seat
		have engine.Seq
	}
	detach struct{ seat *seat }
	// upgrade says that the session's anonymous visitor has proven who it is; reply
	// has room for one: nil once that is durable.
	upgrade struct {
		from, to engine.VisitorID
		reply    chan *engine.Error
	}
	// claimed answers the claim of one life.
	claimed struct {
		life    uint64
		head    engine.Head
		entries []*engine.Entry
		err     error
	}
	// stored answers an append of one life.
	stored struct {
		life    uint64
		through engine.Seq
		err     error
	}
	// readBack answers an attach's read.
	readBack struct {
		life    uint64
		place   *place
		from    engine.Seq // the first number that was asked for
		head    engine.Seq // the last entry that the reader may see of those asked for
		entries []*engine.Entry
		err     error
	}
	// banned says that the session's visitor was banned, and by whom.
	banned struct{ by engine.Author }
	// order is what the router, or an operator, wants the rules to take.
	order struct{ session.Input }
	// revoke is what an operator to whom it was offered wants.
	revoke session.Revoke
	// inform asks for the session's state.
	inform struct {
		reply func(engine.SessionInfo, *engine.Error)
	}
)

// To an operator, control lane. Drafts come on the data lane.
type (
	attend struct {
		seat    *seat
		request string
		intent  engine.Intent
		have    []engine.Have
		watch   []engine.Topic
	}
	// notice is what a session tells its operator.
	notice struct {
		session.Notify
		served bool // of session.Lost: the session came to its end
	}
	// intentStored answers PutIntent.
	intentStored struct {
		info engine.IntentInfo
		err  error
		// asked is whose draft it was; its seat is nil for a stated intent.
		asked draftPosted
		reply func(engine.IntentInfo, *engine.Error) // to a server of the tenant's; nil: none waits
		tag   engine.Tag                             // of the key under which it was set; zero: none
	}
	// rescoped says that a connection's newer token names other departments or roles.
	rescoped struct{ seat *seat }
	// signOut ends the operator's connections and refuses the tokens issued so
	// far. A key that was seen gets the first answer again.
	signOut struct {
		key   string
		reply func(engine.IntentInfo, *engine.Error)
	}
	// serverIntent is an intent that one of the tenant's servers sets.
	serverIntent struct {
		draft engine.Draft
		reply func(engine.IntentInfo, *engine.Error)
	}
	// noticed is what connections that are good for the department are told: of all, if
	// it names none.
	noticed struct{ notice engine.Notice }
	// loadIs is what the router counts: milli-units, and sessions.
	loadIs struct{ used, open, openCap int }
	// drain says that the system is about to stop.
	drain struct{}
	// evict ends the operator's connections.
	evict       struct{ reason engine.Reason }
	informAbout struct {
		reply func(engine.OperatorInfo, *engine.Error)
	}
)

// To any cell, control lane.
type (
	// tick says that a deadline has come, or that the cell has been idle long.
	tick struct{}
	// reportAgain asks for a report to a router that lost its memory.
	reportAgain struct{ asked uint64 } // comes back in the report; 0: no router waits
	// reconfigured says that the tenant has a newer configuration.
	reconfigured struct{}
	// quit says that the system stops: finish what is in flight and end.
	quit struct{}
)

// minute rounds down: last activity is never finer.
func minute(t time.Time) time.Time { return t.UTC().Truncate(time.Minute) }
