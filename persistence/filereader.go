package persistence

import (
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/seal"
)

// fileReader opens a file's parts one at a time, as they are asked for. One
// goroutine uses it. What it hands over has been checked.
type fileReader struct {
	store *Store
	row   []byte
	key   *seal.Key // forgotten when the file is removed meanwhile
	bytes int64
	file  vfs.File

	at     int64  // of the next Read
	held   int64  // which part is in plain; -1: none
	plain  []byte // a part's text
	sealed []byte
	place  []byte
	work   seal.Scratch
}

// open checks that the file is as long as it has to be.
func (r *fileReader) open() (err error) {
	fs, path := r.store.opts.FS, r.store.filePath(r.row)
	if r.file, err = fs.Open(path); err != nil {
		if isNotExist(err) {
			return engine.ErrNotFound
		}
		return err
	}
	info, err := r.file.Stat()
	if err == nil && info.Size() != r.offset(r.parts()-1)+int64(r.key.SealedLen(r.partLen(r.parts()-1))) {
		err = r.damaged()
	}
	if err != nil {
		_ = r.file.Close()
	}
	return err
}

func (r *fileReader) parts() int64 { return (r.bytes + fileChunk - 1) / fileChunk }

// partLen is how much text a part has.
func (r *fileReader) partLen(part int64) int { return int(min(r.bytes-part*fileChunk, fileChunk)) }

func (r *fileReader) offset(part int64) int64 { return part * int64(r.key.SealedLen(fileChunk)) }

// Read hands over checked bytes. engine.ErrErased: the file was removed meanwhile.
func (r *fileReader) Read(p []byte) (int, error) {
	if r.at >= r.bytes {
		return 0, io.EOF
	}
	part := r.at / fileChunk
	if part != r.held {
		if err := r.load(part); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.plain[r.at-part*fileChunk:])
	r.at += int64(n)
	return n, nil
}

func (r *fileReader) load(part int64) error {
	unuse, ok := r.store.use()
	if !ok {
		return ErrStoreClosed
	}
	defer unuse()
	r.held = -1
	size := r.key.SealedLen(r.partLen(part))
	if cap(r.sealed) < size {
		r.sealed = make([]byte, size)
	}
	r.sealed = r.sealed[:size]
	if _, err := r.file.ReadAt(r.sealed, r.offset(part)); err != nil {
		return fmt.Errorf("read a file: %w", err)
	}
	r.place = appendChunkPlace(r.place[:0], r.row, uint32(part), part == r.parts()-1)
	plain, err := r.key.Open(&r.work, r.plain[:0], r.place, keyGeneration, r.sealed)
	switch {
	case errors.Is(err, seal.ErrForgotten):
		return engine.ErrErased
	case err != nil || len(plain) != r.partLen(part):
		return r.damaged()
	}
	r.plain, r.held = plain, part
	return nil
}

func (r *fileReader) damaged() error {
	err := fmt.Errorf("a file: %w", engine.ErrCorrupt)
	r.store.corrupt(err)
	return err
}

// Seek moves the next Read.
func (r *fileReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.bytes
	}
	if offset < 0 {
		return r.at, errors.New("a file has nothing before its beginning")
	}
	r.at = offset
	return offset, nil
}

// Close forgets the key and the text.
func (r *fileReader) Close() error {
	if r.file == nil {
		return nil
	}
	r.store.reading.remove(r)
	r.key.Forget()
	clear(r.plain[:cap(r.plain)])
	err := r.file.Close()
	r.file = nil
	return err
}
