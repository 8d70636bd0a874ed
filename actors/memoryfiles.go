package actors

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"io"

	"github.com/parleyhq/parley/engine"
)

// DefaultMemoryFiles is how many bytes of files a Memory holds, of all sessions
// together, unless it is told otherwise.
const DefaultMemoryFiles = 64 << 20

var _ engine.Vault = (*Memory)(nil)

// fileAt is a file's address.
type fileAt struct {
	ref engine.SessionRef
	id  engine.FileID
}

// memoryFile is a whole file. Its bytes do not change.
type memoryFile struct {
	key   []byte
	bytes []byte
}

// CreateFile implements engine.Vault: no byte of the file gets to a disk (I15).
// Its room is taken at once.
func (m *Memory) CreateFile(ref engine.SessionRef, id engine.FileID, bytes int64) (engine.FileWriter, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sessions[ref] == nil {
		return nil, engine.ErrUnknown
	}
	if m.fileBytes+bytes > m.fileLimit {
		return nil, engine.ErrFull
	}
	m.fileBytes += bytes
	return &memoryWriter{memory: m, at: fileAt{ref, id}, room: bytes}, nil
}

// OpenFile implements engine.Vault. A reader holds the bytes until it is closed.
func (m *Memory) OpenFile(ref engine.SessionRef, at engine.Attachment) (io.ReadSeekCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.files[fileAt{ref, at.File}]
	switch {
	case f == nil:
		return nil, engine.ErrNotFound
	case subtle.ConstantTimeCompare(f.key, at.Key.Reveal()) != 1 || int64(len(f.bytes)) != at.Bytes:
		return nil, engine.ErrCorrupt
	}
	return &memoryReader{Reader: bytes.NewReader(f.bytes), memory: m, at: fileAt{ref, at.File}, file: f}, nil
}

// RemoveFile implements engine.Vault.
func (m *Memory) RemoveFile(ref engine.SessionRef, id engine.FileID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dropFile(fileAt{ref, id})
}

// dropFile forgets a file. Call with mu held.
func (m *Memory) dropFile(at fileAt) {
	if f := m.files[at]; f != nil {
		m.fileBytes -= int64(len(f.bytes))
		delete(m.files, at)
	}
}

// dropFilesOf forgets the files of entries that are dropped or lose their text. Call
// with mu held.
func (m *Memory) dropFilesOf(ref engine.SessionRef, entries []*engine.Entry) {
	for _, e := range entries {
		if e.File != nil {
			m.dropFile(fileAt{ref, e.File.File})
		}
	}
}

// dropSession forgets all files of a session. Call with mu held.
func (m *Memory) dropSession(ref engine.SessionRef) {
	for at := range m.files {
		if at.ref == ref {
			m.dropFile(at)
		}
	}
}

// memoryWriter collects a file.
type memoryWriter struct {
	memory *Memory
	at     fileAt
	room   int64 // taken in the memory's total
	bytes  []byte
	done   bool
}

func (w *memoryWriter) Write(p []byte) (int, error) {
	if int64(len(w.bytes)+len(p)) > w.room {
		return 0, engine.ErrFull
	}
	if w.bytes == nil {
		w.bytes = make([]byte, 0, min(w.room, 64<<10))
	}
	w.bytes = append(w.bytes, p...)
	return len(p), nil
}

func (w *memoryWriter) Commit() (engine.Body, error) {
	key := make([]byte, 16)
	_, _ = rand.Read(key)
	w.memory.mu.Lock()
	defer w.memory.mu.Unlock()
	if w.done {
		return engine.Body{}, engine.ErrInternal
	}
	w.done = true
	w.memory.fileBytes -= w.room
	if w.memory.sessions[w.at.ref] == nil { // it ended meanwhile
		return engine.Body{}, engine.ErrUnknown
	}
	w.memory.dropFile(w.at)
	w.memory.fileBytes += int64(len(w.bytes))
	w.memory.files[w.at] = &memoryFile{key: key, bytes: w.bytes}
	return engine.NewBody(key), nil
}

func (w *memoryWriter) Abort() {
	w.memory.mu.Lock()
	defer w.memory.mu.Unlock()
	if !w.done {
		w.done = true
		w.memory.fileBytes -= w.room
	}
}

// memoryReader reads a file for as long as it is there.
type memoryReader struct {
	*bytes.Reader
	memory *Memory
	at     fileAt
	file   *memoryFile
}

func (r *memoryReader) Read(p []byte) (int, error) {
	r.memory.mu.Lock()
	there := r.memory.files[r.at] == r.file
	r.memory.mu.Unlock()
	if !there {
		return 0, engine.ErrErased
	}
	return r.Reader.Read(p)
}

// WriteTo hides the embedded reader's, which would not look whether the file is
// there.
func (r *memoryReader) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{r})
}

func (r *memoryReader) Close() error { return nil }
