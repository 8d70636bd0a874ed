package actors

import (
	"sync/atomic"

	"github.com/parleyhq/parley/engine"
)

// seat is one connection's way into the system: an engine.Seat for a visitor,
// an operator or, without a lasting connection, a server of the tenant's.
type seat struct {
	// Fixed after construction.
	sys      *System
	tenant   *tenancy
	author   engine.Author
	reader   engine.Visibility
	visitor  engine.VisitorID // of AuthorVisitor
	origin   string           // of AuthorVisitor: what its token is bound to
	verified bool             // of AuthorVisitor: it has proven who it is
	server   bool             // of AuthorVisitor: a server of the tenant's speaks for it
	desk     *operatorHandle  // of AuthorOperator
	device   device
	outlet   engine.Outlet

	// Atomic.
	left      atomic.Bool
	revoked   atomic.Bool                           // of AuthorVisitor: it was signed out
	good      atomic.Pointer[good]                  // of AuthorOperator: see isGoodFor
	recent    atomic.Pointer[handle]                // the session last posted to
	principal atomic.Pointer[engine.Principal]      // of AuthorOperator: what its token allows; never nil there
	granted   atomic.Uint32                         // of AuthorVisitor: engine.Rights that its signed token gives it
	claims    atomic.Pointer[engine.IdentityChange] // of AuthorVisitor: what its signed token says about it; nil: nothing
}

// device is what an operator's connection says of where it is.
type device struct {
	id, kind string
	pushable bool
}

// Post implements engine.Seat. Any goroutine.
func (s *seat) Post(d engine.Draft) *engine.Error {
	switch {
	case s.left.Load():
		return engine.ErrClosed
	case s.tenant.isEnding():
		return engine.ErrBusy
	case s.revoked.Load():
		return engine.ErrForbidden
	case s.desk != nil && s.desk.isRevoked(*s.principal.Load(), s.sys.cfg.Clock()):
		return engine.ErrForbidden
	}
	switch d.Op {
	case engine.OpStart:
		if s.author.Kind != engine.AuthorVisitor {
			return engine.ErrForbidden
		}
		return s.tenant.start(s, d)
	case engine.OpDepartments:
		return s.listDepartments(d)
	case engine.OpSessions:
		return s.listServed(d)
	case engine.OpBan:
		return s.ban(d)
	case engine.OpVisitor:
		return s.askAboutVisitor(d)
	case engine.OpIntent, engine.OpAway:
		desk, err := s.deskOf(d)
		if err != nil {
			return err
		}
		return desk.post(draftPosted{seat: s, draft: d})
	case engine.OpWatch, engine.OpUnwatch:
		if s.desk == nil {
			return engine.ErrForbidden
		}
		return s.desk.post(draftPosted{seat: s, draft: d})
	case engine.OpAccept, engine.OpReject:
		if s.desk == nil {
			return engine.ErrForbidden
		}
	default:
	}
	s.stamp()
	return s.postTo(d.Session, draftPosted{seat: s, draft: d})
}

// postTo finds the session and hands it the item, starting its actor if need be.
func (s *seat) postTo(id engine.SessionID, item any) *engine.Error {
	if id.IsZero() {
		return engine.ErrBadRequest.In("sid")
	}
	if h := s.recent.Load(); h != nil && h.ref.Session == id {
		if err := h.post(item); err != engine.ErrClosed {
			return err
		}
	}
	for range 3 { // a handle found may end before the post: the next look-up starts a new one
		h := s.tenant.lookup(id)
		s.recent.Store(h)
		if err := h.post(item); err != engine.ErrClosed {
			return err
		}
	}
	return engine.ErrBusy
}

// repost sends a draft on from a session's ended life to its next. The ended
// handle is not closed until its inbox is empty, so it must not be found again.
func (s *seat) repost(d engine.Draft, ended *handle) {
	s.recent.CompareAndSwap(ended, nil)
	if s.tenant.isEnding() {
		s.answer(d, engine.Answer{Err: engine.ErrBusy})
		return
	}
	var err *engine.Error
	if d.Op == engine.OpStart { // it names no session: the visitor's open one, or a new one
		err = s.tenant.start(s, d)
	} else {
		err = s.postTo(d.Session, draftPosted{seat: s, draft: d})
	}
	if err != nil {
		s.answer(d, engine.Answer{Err: err})
	}
}

// Signal implements engine.Seat.
func (s *seat) Signal(id engine.SessionID, signal engine.Signal) {
	var item any
	switch signal := signal.(type) {
	case engine.Typing:
		item = typed{s, signal.On}
	case engine.Peek:
		if s.author.Kind != engine.AuthorVisitor || !s.tenant.config().Peek {
			return
		}
		item = peeked{s, signal.Body}
	default:
		return
	}
	if s.left.Load() || s.tenant.isEnding() {
		return
	}
	s.stamp()
	if h := s.tenant.known(id); h != nil {
		_ = h.post(item) // dropped when busy: the next keystroke repeats it
	}
}

// Leave implements engine.Seat.
func (s *seat) Leave() {
	if s.left.Swap(true) {
		return
	}
	switch {
	case s.desk != nil:
		s.desk.connections.Add(-1)
		s.desk.tell(detach{s})
	case s.author.Kind == engine.AuthorVisitor:
		for _, h := range s.tenant.depart(s) {
			if h != nil {
				h.tell(detach{s})
			}
		}
	default:
	}
}

// stamp notes an operator's last activity; the visitor's is the session's business.
func (s *seat) stamp() {
	if s.desk != nil {
		s.desk.active(s.sys.cfg.Clock())
	}
}

// answer answers a draft, if it asked for an answer.
func (s *seat) answer(d engine.Draft, a engine.Answer) {
	if d.Request == "" {
		return
	}
	a.Request, a.Op = d.Request, d.Op
	if a.Session.IsZero() {
		a.Session = d.Session
	}
	s.outlet.Answer(a)
}
