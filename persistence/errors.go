package persistence

import "errors"

// The answers of a store that answers nothing else any more.
var (
	// ErrStoreClosed is the answer to every call after Close.
	ErrStoreClosed = errors.New("the store is closed")
	// ErrStoreFailed is wrapped by every answer after a write or sync failed,
	// together with the first cause. What was acknowledged before is safe; the
	// process must open the store again, and find out why first.
	ErrStoreFailed = errors.New("the store has failed")
	// ErrLocked is wrapped by Open when another store has the directory open.
	ErrLocked = errors.New("the directory is in use by another process")
	// ErrLayout is wrapped by Open for a directory that this version cannot read,
	// or whose store and keyring do not belong together.
	ErrLayout = errors.New("the directory cannot be opened by this version")
)
