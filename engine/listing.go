package engine

import (
	"bytes"
	"slices"
	"time"
)

// Filed is what a closed session is found by. It is sealed under the session's
// key: what destroys that takes it along (GDPR Art. 17).
type Filed struct {
	Department DepartmentID
	Owner      OperatorID // the last one; empty: nobody ever had it
	Tags       []string
	Ended      time.Time // UTC, whole milliseconds
	Cause      Cause     // of its end
	Verified   bool      // its visitor had proven who it is
}

// Bounds of a listing.
const (
	MaxListed   = 100  // sessions of one page
	MaxExamined = 2000 // sessions looked at for one page: what is rare takes more pages, never longer ones
	MaxCounted  = 1000 // sessions of one visitor that are counted
)

// SessionQuery asks for a tenant's sessions, newest first. Zero fields ask for
// nothing in particular.
type SessionQuery struct {
	Departments []DepartmentID // of one of these
	States      []State
	Operator    OperatorID // whose it is, or was last
	Visitor     VisitorID
	Tag         string
	Only        SessionID // this one
	From, To    time.Time // it began at From or later, and before To; to the millisecond
	// Before is where the page before ended: only sessions that sort before it. It
	// need not exist. What begins meanwhile sorts after it, so pages have no gap and
	// nothing twice.
	Before SessionID
	Limit  int // 1 to MaxListed
}

// ListedSession is a session as a listing shows it: its durable facts, and no text.
type ListedSession struct {
	Session  SessionID
	Visitor  VisitorID
	State    State
	Began    time.Time // to the millisecond: of the id
	Priority int       // of an open one
	Filed              // Ended and Cause of a closed one
}

// SessionPage is the answer to a SessionQuery.
type SessionPage struct {
	Sessions []ListedSession // newest first
	// Next is the Before of the page that follows; zero: there is none. A page may
	// hold less than was asked for, or nothing, and still have a next one.
	Next SessionID
}

// Wants reports whether the query asks for such a session, as far as its facts tell.
func (q *SessionQuery) Wants(s *ListedSession) bool {
	switch {
	case q.Departments != nil && !slices.Contains(q.Departments, s.Department):
		return false
	case q.States != nil && !slices.Contains(q.States, s.State):
		return false
	case !q.Only.IsZero() && q.Only != s.Session:
		return false
	case q.Operator != "" && q.Operator != s.Owner:
		return false
	case !q.Visitor.IsZero() && q.Visitor != s.Visitor:
		return false
	case q.Tag != "" && !slices.Contains(s.Tags, q.Tag):
		return false
	case !q.From.IsZero() && s.Began.Before(q.From.Truncate(time.Millisecond)), !q.To.IsZero() && !s.Began.Before(q.To.Truncate(time.Millisecond)):
		return false
	}
	return true
}

// ListedRow is an open session as a listing shows it.
func ListedRow(r *Row) ListedSession {
	return ListedSession{
		Session: r.Ref.Session, Visitor: r.Visitor, State: r.State, Began: ID(r.Ref.Session).Time(), Priority: r.Priority,
		Filed: Filed{Department: r.Department, Owner: r.Owner, Tags: r.Service.Tags, Verified: r.Service.Verified},
	}
}

// ListedFiled is a closed session as a listing shows it.
func ListedFiled(id SessionID, visitor VisitorID, f Filed) ListedSession {
	return ListedSession{Session: id, Visitor: visitor, State: StateClosed, Began: ID(id).Time(), Filed: f}
}

// Bounds are the ids between which the query's sessions lie: from first on, and
// before end. A zero end has no bound.
func (q *SessionQuery) Bounds() (first, end SessionID) {
	first, end = SessionID(idAt(q.From)), SessionID(idAt(q.To))
	if !q.Only.IsZero() {
		first, end = q.Only, q.Only
		for i := len(end) - 1; i >= 0; i-- { // its successor
			if end[i]++; end[i] != 0 {
				break
			}
		}
		return first, end
	}
	if !q.Before.IsZero() && (end.IsZero() || bytes.Compare(q.Before[:], end[:]) < 0) {
		end = q.Before
	}
	return first, end
}

// idAt is the first id of its millisecond.
func idAt(at time.Time) (id ID) {
	if at.IsZero() || at.UnixMilli() <= 0 {
		return id
	}
	ms := uint64(at.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	return id
}

// VisitorInfo is the answer to OpVisitor: what a visitor is to whoever may see one
// of its sessions. It holds no address and no page.
type VisitorInfo struct {
	Visitor  VisitorID
	Verified bool      // it has proven who it is
	Since    time.Time // when the first of its sessions began that are kept; zero: none is
	Session  SessionID // of Identity
	Identity *Identity // what that session holds about it; nil: nothing
	Sessions int       // that are kept; MaxCounted: at least so many
	Last     []ListedSession
	Ban      Ban
}

// MaxLast is how many of a visitor's sessions a VisitorInfo names.
const MaxLast = 20
