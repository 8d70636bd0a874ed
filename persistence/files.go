package persistence

import (
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/keyring"
	"github.com/parleyhq/parley/persistence/seal"
)

// Files lie beside Pebble, one each in the folder files, named for tenant,
// session and file. Each is sealed under a random key of its own, and that key
// lies in the entry of its message and nowhere else: so a file is as readable as
// its message. A redaction seals the log anew without that entry's key, whatever
// copies of the file there are; erasing the session or the visitor takes the keys
// of all its files. No file is ever sealed anew (docs/decisions/0006).
//
// A row a says that an entry holds the file. It is written and removed in the batch
// that brings the entry, or takes its text. What has no row at the start was never
// sent, or was redacted: it is removed.

const filesDir = "files"

// fileChunk is how much of a file is sealed at a time, in bytes.
const fileChunk = 64 << 10

var _ engine.Vault = (*Store)(nil)

// fileKey is the key of row a: tenant, session, file.
func fileKey(dst []byte, tenant tenantNumber, session engine.SessionID, file engine.FileID) []byte {
	dst = scopedKey(dst, kindFile, tenant, session)
	return append(dst, file[:]...)
}

const fileKeyLen = scopedKeyLen + 16

// appendChunkPlace is what binds a part of a file to its place: the file's row, the
// part's number, and whether it is the last one. So parts cannot be exchanged, left
// out or cut off.
func appendChunkPlace(dst, row []byte, number uint32, last bool) []byte {
	dst = append(append(dst, row...), byte(number>>24), byte(number>>16), byte(number>>8), byte(number))
	if last {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func (s *Store) filePath(row []byte) string {
	return s.opts.FS.PathJoin(s.path(filesDir), hex.EncodeToString(row[1:]))
}

// fileRow is the row that a file's name stands for; false for what is not the
// store's.
func fileRow(name string) ([]byte, bool) {
	row, err := hex.DecodeString(name)
	if err != nil || len(row) != fileKeyLen-1 || name != strings.ToLower(name) {
		return nil, false
	}
	return append([]byte{kindFile}, row...), true
}

// CreateFile begins to keep a file: see engine.Vault.
func (s *Store) CreateFile(ref engine.SessionRef, id engine.FileID, bytes int64) (engine.FileWriter, error) {
	unuse, ok := s.use()
	if !ok {
		return nil, ErrStoreClosed
	}
	defer unuse()
	t := s.tenant(ref.Tenant)
	switch {
	case s.Err() != nil:
		return nil, s.Err()
	case t == nil:
		return nil, engine.ErrUnknown
	case t.err != nil:
		return nil, t.err
	case !s.hasRoomFor(bytes):
		return nil, engine.ErrFull
	}
	w := &fileWriter{store: s, row: fileKey(nil, t.number, ref.Session, id), raw: seal.NewKey()}
	w.key = s.cache.Key(&w.raw)
	w.path = s.filePath(w.row)
	var err error
	if w.file, err = s.opts.FS.Create(w.path, vfs.WriteCategoryUnspecified); err != nil {
		return nil, err
	}
	return w, nil
}

// hasRoomFor keeps the reserve free, as the writer does for appends.
func (s *Store) hasRoomFor(bytes int64) bool {
	if s.opts.ReserveBytes < 0 {
		return true
	}
	usage, err := s.opts.FS.GetDiskUsage(s.dir)
	return err != nil || usage.AvailBytes >= uint64(s.opts.ReserveBytes)+uint64(bytes)
}

// OpenFile opens an entry's file: see engine.Vault.
func (s *Store) OpenFile(ref engine.SessionRef, at engine.Attachment) (io.ReadSeekCloser, error) {
	unuse, ok := s.use()
	if !ok {
		return nil, ErrStoreClosed
	}
	defer unuse()
	t := s.tenant(ref.Tenant)
	if t == nil || t.err != nil {
		return nil, engine.ErrNotFound
	}
	var key [seal.KeySize]byte
	if copy(key[:], at.Key.Reveal()) != seal.KeySize || at.Bytes < 1 {
		return nil, engine.ErrCorrupt
	}
	r := &fileReader{store: s, row: fileKey(nil, t.number, ref.Session, at.File), key: s.cache.Key(&key), bytes: at.Bytes, held: -1}
	clear(key[:])
	if err := r.open(); err != nil {
		r.key.Forget()
		return nil, err
	}
	s.reading.add(r)
	// A redaction removes the row first and ends the readers second: either it has
	// found this one, or the row is gone by now.
	if has, err := s.hasRow(r.row); err != nil || !has {
		return nil, errors.Join(engine.ErrNotFound, err, r.Close())
	}
	return r, nil
}

// RemoveFile removes a file that no entry holds: see engine.Vault.
func (s *Store) RemoveFile(ref engine.SessionRef, id engine.FileID) {
	unuse, ok := s.use()
	if !ok {
		return // the next start removes it
	}
	defer unuse()
	t := s.tenant(ref.Tenant)
	if t == nil {
		return
	}
	row := fileKey(nil, t.number, ref.Session, id)
	if has, err := s.hasRow(row); err != nil || has {
		return
	}
	s.dropFile(row)
}

// dropFile ends the reading of a file and removes it. A file that cannot be removed
// is nobody's any more, and the next start tries again.
func (s *Store) dropFile(row []byte) {
	s.reading.end(row)
	if err := s.opts.FS.Remove(s.filePath(row)); err != nil && !isNotExist(err) {
		s.opts.Logger.Warn("a file was not removed; the next start tries again", slog.Any("error", err))
	}
}

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// hasRow reports whether an entry holds the file.
func (s *Store) hasRow(row []byte) (bool, error) {
	value, err := s.get(row)
	return value != nil, err
}

// sweepFiles removes what a crash has left: files that no entry holds. At the start.
func (s *Store) sweepFiles() error {
	names, err := s.opts.FS.List(s.path(filesDir))
	if err != nil {
		return err
	}
	removed := 0
	for _, name := range names {
		row, ours := fileRow(name)
		if !ours {
			continue
		}
		has, err := s.hasRow(row)
		if err != nil {
			return err
		}
		if has {
			continue
		}
		if err := s.opts.FS.Remove(s.filePath(row)); err != nil && !isNotExist(err) {
			return err
		}
		removed++
	}
	if removed == 0 {
		return nil
	}
	s.opts.Logger.Info("removed files that are in no message", slog.Int("files", removed))
	return keyring.SyncDir(s.opts.FS, s.path(filesDir))
}

// reading is who reads files just now, so that a redaction ends it.
type reading struct {
	mu      sync.Mutex
	readers map[string]map[*fileReader]struct{} // guarded by mu; by row
}

func (g *reading) add(r *fileReader) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.readers == nil {
		g.readers = map[string]map[*fileReader]struct{}{}
	}
	of := g.readers[string(r.row)]
	if of == nil {
		of = map[*fileReader]struct{}{}
		g.readers[string(r.row)] = of
	}
	of[r] = struct{}{}
}

func (g *reading) remove(r *fileReader) {
	g.mu.Lock()
	defer g.mu.Unlock()
	of := g.readers[string(r.row)]
	if delete(of, r); len(of) == 0 {
		delete(g.readers, string(r.row))
	}
}

func (g *reading) end(row []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for r := range g.readers[string(row)] {
		r.key.Forget()
	}
}
