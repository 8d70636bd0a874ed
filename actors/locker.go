package actors

import (
	"sync"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
)

// locker holds the files that are announced and are no message yet. It outlives
// the lives of sessions' actors and dies with the process: the keys of these
// files are nowhere else, so what was never sent cannot be read after a restart.
type locker struct {
	mu    sync.Mutex
	files map[engine.FileID]*deposit // guarded by mu
}

// deposit is one such file.
type deposit struct {
	// Fixed after construction.
	session.Announced // but its Key
	ref               engine.SessionRef
	vault             engine.Vault

	// Guarded by locker.mu.
	state depositState
	key   engine.Body // of depositWhole
	held  bool        // its message is numbered: the log knows whether it is durable
}

type depositState uint8

const (
	depositEmpty  depositState = iota // no byte has come, or all were refused
	depositComing                     // one upload goes on
	depositWhole                      // all bytes are there, verified
)

// heldTooLong is for how long after its end a file whose message is numbered is
// remembered: the session's actor settles that much earlier, if it can at all.
const heldTooLong = 10 * time.Minute

func (l *locker) add(d *deposit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.files == nil {
		l.files = map[engine.FileID]*deposit{}
	}
	l.files[d.File.ID] = d
}

// take finds an announced file for an upload. Whole: its bytes are there already.
func (l *locker) take(id engine.FileID, now time.Time) (d *deposit, whole bool, err *engine.Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d = l.files[id]
	switch {
	case d == nil, !now.Before(d.Until), d.held:
		return nil, false, engine.ErrNotFound
	case d.state == depositComing:
		return nil, false, engine.ErrBusy
	case d.state == depositWhole:
		return d, true, nil
	}
	d.state = depositComing
	return d, false, nil
}

// filled ends an upload that succeeded. False: the file was forgotten meanwhile.
func (l *locker) filled(d *deposit, key engine.Body) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.files[d.File.ID] != d {
		return false
	}
	d.state, d.key = depositWhole, key
	return true
}

// spoilt ends an upload that did not succeed: it may be tried again.
func (l *locker) spoilt(d *deposit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d.state = depositEmpty
}

// hold keeps a file whose message is numbered, until the log has it.
func (l *locker) hold(id engine.FileID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if d := l.files[id]; d != nil {
		d.held = true
	}
}

// sent forgets a file whose message is durable: the log has its key.
func (l *locker) sent(id engine.FileID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.files, id)
}

// of lists a session's files, for a new life of its actor, which knows what became
// of those whose messages were numbered.
func (l *locker) of(ref engine.SessionRef, isSent func(engine.FileID) bool) (all []session.Announced) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, d := range l.files {
		switch {
		case d.ref != ref:
		case isSent(id):
			delete(l.files, id)
		default:
			d.held = false
			a := d.Announced
			a.Key = d.key
			all = append(all, a)
		}
	}
	return all
}

// drop forgets one file and removes its bytes, unless its message is numbered.
func (l *locker) drop(gone *deposit) {
	l.dropAll(func(d *deposit) bool { return d == gone && !d.held })
}

// dropSession does so with all files of a session that ends.
func (l *locker) dropSession(ref engine.SessionRef) {
	l.dropAll(func(d *deposit) bool { return d.ref == ref })
}

// sweep does so with the files that were not sent in time.
func (l *locker) sweep(now time.Time) {
	l.dropAll(func(d *deposit) bool {
		return !d.held && !now.Before(d.Until) || !now.Before(d.Until.Add(heldTooLong))
	})
}

// dropAll forgets files and removes what bytes of them have come. An upload that goes
// on finds out by itself. What is held may be in the log: its bytes stay, and the
// next start looks whether they are.
func (l *locker) dropAll(match func(*deposit) bool) {
	var whole []*deposit
	l.mu.Lock()
	for id, d := range l.files {
		if !match(d) {
			continue
		}
		delete(l.files, id)
		if d.state == depositWhole && !d.held {
			whole = append(whole, d)
		}
	}
	l.mu.Unlock()
	for _, d := range whole { // the vault may wait for a disk
		d.vault.RemoveFile(d.ref, d.File.ID)
	}
}
