package engine

import "time"

// Claim asks the store for a session's log.
type Claim struct {
	Ref    SessionRef
	Create *Create // non-nil: make the session if the store does not know it
	Tail   int     // how many of the last entries to return
}

// Create is what a new session needs besides its address. It is idempotent.
type Create struct {
	Visitor VisitorID // whose keys protect it
}

// Head is what a claim yields.
type Head struct {
	Term     Term
	Last     Seq       // the last durable entry; 0 for a new session
	Visitor  VisitorID // whom the session belongs to
	Row      *Row      // routing facts; nil for a new or a closed session
	Closed   bool
	Results  []Result  // what must be remembered of entries: see ResultOf
	Activity time.Time // of a closed session: the visitor's last activity, to the minute; zero if unknown
	Filed    *Filed    // of a closed session: what it is found by; nil if it was closed before that was kept
	Identity *Entry    // the last entry of KindAttrsSet, whose Body is there; nil: none
	Form     *Entry    // the last entry of KindFormFilled, whose Body is there; nil: none
}

// Result is what must be remembered of an entry: what was done under an
// idempotency key, which messages there are and which of them were removed.
type Result struct {
	Author     Author
	ClientID   string // empty: nobody can ask for it again
	Kind       Kind
	Seq        Seq
	Target     Seq // of KindMessageEdited, KindMessageRedacted
	At         time.Time
	Visibility Visibility
	Format     Format // FormatRedacted: the text was removed, and Digest tells nothing of it
	Digest     uint64 // Body.Digest; of FormatFile FileDigest; of KindSessionStarted: of the department's id
	File       FileID // of FormatFile
	FileBytes  int64  // of FormatFile
}

// ResultOf is what must be remembered of an entry; false: nothing.
func ResultOf(e *Entry) (Result, bool) {
	switch e.Kind {
	case KindMessageNew, KindMessageEdited, KindMessageRedacted, KindFormFilled:
	default:
		if e.ClientID == "" {
			return Result{}, false
		}
	}
	r := Result{
		Author: e.Author, ClientID: e.ClientID, Kind: e.Kind, Seq: e.Seq, Target: e.Target, At: e.At,
		Visibility: e.Visibility, Format: e.Format, Digest: e.Body.Digest(),
	}
	if e.File != nil {
		r.File, r.FileBytes, r.Digest = e.File.File, e.File.Bytes, FileDigest(e.File.File)
	}
	if e.Kind == KindSessionStarted {
		r.Digest = digestOf(e.Department)
	}
	return r, true
}

// FileDigest tells files apart as Body.Digest does texts: a client names its file
// by its id, and the entry has more.
func FileDigest(id FileID) uint64 { return digestOf(id[:]) }

// Append asks the store to add entries to one session's log, all or none.
type Append struct {
	Ref     SessionRef
	Term    Term
	Entries []*Entry // contiguous; the first must follow the log's last
	Row     *Row     // new routing facts; nil: unchanged
	Starts  []Start  // idempotency keys of OpStart that entries of this append carry
	// Redact lists messages, forms, and entries of KindAttrsSet, of this append or earlier, whose text, and whose edits' text, becomes unreadable in
	// the store with this append, in every copy of it: the session's key changes and
	// the rest is sealed anew. They stay in the log as FormatRedacted without Body.
	Redact []Seq
	// Visitor is whose session it is from here on, because its visitor has proven
	// who it is; zero: unchanged. The store files it under that visitor, whose keys
	// protect it now, and the former visitor's no longer do. It comes with a Row and
	// without Redact; the caller sees to it that the visitor has no other open session.
	Visitor VisitorID
	// Tell keeps a mark with the session, in the same batch, that somebody outside is
	// to be told of these entries; it stays until the store hears that all were taken.
	Tell  bool
	Filed *Filed // of Close: what the session is found by from here on
	Close bool   // the session is over: the routing facts go. A closed session takes only such appends
	// Activity is the visitor's last activity, kept with the visitor when the session closes.
	Activity time.Time
}

// Log is a store of session logs. All methods return at once; done is called
// later, once, on a goroutine of the store's, and must not block. Safe from any
// goroutine. package actors says what else it needs of a store.
type Log interface {
	// Claim starts a new term: appends of older terms are refused from now on,
	// after those that were queued before it. ErrUnknown: no such session and no
	// Create. The entries are the last Tail ones, oldest first.
	Claim(claim Claim, done func(Head, []*Entry, error))
	// Append adds entries, each Append conditional on its term and next number.
	// done gets one error per Append, in order, after the sync; nil means durable.
	// ErrFenced: a newer term exists, or the numbers do not follow. ErrFull: out
	// of space, may be tried again later. Any other error is sticky.
	Append(appends []Append, done func([]error))
	// ReadFrom reads up to limit durable entries numbered above after, oldest
	// first. It needs no claim; an erased or unknown session is ErrUnknown.
	ReadFrom(ref SessionRef, after Seq, limit int, done func([]*Entry, error))
	// Release ends the session's term: its keys leave memory. Idempotent.
	Release(ref SessionRef)
}
