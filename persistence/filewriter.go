package persistence

import (
	"errors"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/keyring"
	"github.com/parleyhq/parley/persistence/seal"
)

// fileWriter seals a file's bytes, part by part, as they come. One goroutine uses
// it; it holds one part of the text.
type fileWriter struct {
	store *Store
	row   []byte
	path  string
	raw   [seal.KeySize]byte // becomes part of the entry
	key   *seal.Key
	file  vfs.File // nil once it is closed

	plain  []byte // what is not sealed yet: a part at most
	sealed []byte
	place  []byte
	work   seal.Scratch
	number uint32
	err    error
	done   bool
}

// Write takes bytes. A part is written when more is known to follow it: the last
// one says that it is.
func (w *fileWriter) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 && w.err == nil {
		if len(w.plain) == fileChunk {
			w.err = w.flush(false)
			continue
		}
		n := min(len(p), fileChunk-len(w.plain))
		w.plain = append(w.plain, p[:n]...)
		p = p[n:]
	}
	return total - len(p), w.err
}

func (w *fileWriter) flush(last bool) (err error) {
	unuse, ok := w.store.use()
	if !ok {
		return ErrStoreClosed
	}
	defer unuse()
	w.place = appendChunkPlace(w.place[:0], w.row, w.number, last)
	if w.sealed, err = w.key.Seal(&w.work, w.sealed[:0], w.place, keyGeneration, w.plain); err != nil {
		return err
	}
	clear(w.plain)
	w.plain = w.plain[:0]
	w.number++
	_, err = w.file.Write(w.sealed)
	return err
}

// Commit syncs the file and its name, and answers its key.
func (w *fileWriter) Commit() (engine.Body, error) {
	if w.done {
		return engine.Body{}, errors.New("the file is ended already")
	}
	if w.err == nil {
		w.err = w.flush(true)
	}
	if w.err == nil && !w.store.opts.SkipSyncForTests {
		w.err = w.file.Sync()
	}
	if w.err == nil {
		w.err = w.file.Close()
		w.file = nil
	}
	if w.err == nil {
		w.err = keyring.SyncDir(w.store.opts.FS, w.store.path(filesDir))
	}
	if w.err != nil {
		w.Abort()
		return engine.Body{}, w.err
	}
	key := engine.NewBody(append([]byte(nil), w.raw[:]...))
	w.end()
	return key, nil
}

// Abort removes the file.
func (w *fileWriter) Abort() {
	if w.done {
		return
	}
	if w.file != nil {
		_ = w.file.Close()
	}
	w.end()
	if unuse, ok := w.store.use(); ok { // else the next start removes it
		defer unuse()
		w.store.dropFile(w.row)
	}
}

func (w *fileWriter) end() {
	w.done = true
	w.key.Forget()
	clear(w.raw[:])
	clear(w.plain[:cap(w.plain)])
}
