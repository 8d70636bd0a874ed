package keyring

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/seal"
)

// FileName is the keyring's file within its directory.
const FileName = "slots"

// writeCategory names the keyring's writes in Pebble's disk statistics; it is
// the only category that a user of the vfs can name.
const writeCategory = vfs.WriteCategoryUnspecified

// growBy is how many empty slots the file grows by, so that most syncs change no
// file size.
const growBy = 1024

// Ring is an open keyring. Its methods are safe from any goroutine.
type Ring struct {
	// Fixed after construction.
	file     vfs.File
	id       ID
	key      *seal.Key // wraps tenant keys
	skipSync bool

	// writing is held while the file is written and synced: the vfs wants one
	// writer at a time. It is taken before mu.
	writing sync.Mutex

	// Guarded by mu.
	mu       sync.Mutex
	stamp    uint64
	capacity uint32   // slots below this number exist in the file
	next     uint32   // slots from this number on were never used
	free     []uint32 // used before, may be used again; descending, the next one last
	live     int
}

// Options of Open.
type Options struct {
	// SkipSyncForTests leaves out every sync: a crash then loses keys.
	SkipSyncForTests bool
}

// Exists reports whether the directory holds a keyring.
func Exists(fsys vfs.FS, dir string) (bool, error) {
	_, err := fsys.Stat(fsys.PathJoin(dir, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Create makes an empty keyring in an existing directory. It appears whole or
// not at all.
func Create(fsys vfs.FS, dir string, root seal.Root) error {
	var id ID
	_, _ = rand.Read(id[:])
	key := seal.NewKey()
	section, err := encodeRoot(root, id, key[:])
	clear(key[:])
	if err != nil {
		return err
	}
	content := make([]byte, pages*pageSize)
	for page := range pages {
		copy(content[page*pageSize:], head{id: id}.encode())
		copy(content[page*pageSize+rootOffset:], section)
	}
	if err := writeFile(fsys, dir, content); err != nil {
		return fmt.Errorf("create keyring in %s: %w", dir, err)
	}
	return nil
}

func writeFile(fsys vfs.FS, dir string, content []byte) error {
	temporary := fsys.PathJoin(dir, FileName+".new")
	file, err := fsys.Create(temporary, writeCategory)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := fsys.Rename(temporary, fsys.PathJoin(dir, FileName)); err != nil {
		return err
	}
	return SyncDir(fsys, dir)
}

// SyncDir makes a directory's entries durable.
func SyncDir(fsys vfs.FS, dir string) error {
	handle, err := fsys.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(handle.Sync(), handle.Close())
}

// Open opens a directory's keyring under its root key. ErrWrongRoot: another
// root key made it. engine.ErrCorrupt: the file is damaged where the whole
// keyring hangs on it. A damaged slot is found when its key is asked for.
func Open(fsys vfs.FS, dir string, root seal.Root, cache *seal.Cache, opts Options) (*Ring, error) {
	file, err := fsys.OpenReadWrite(fsys.PathJoin(dir, FileName), writeCategory)
	if err != nil {
		return nil, fmt.Errorf("open keyring: %w", err)
	}
	r := &Ring{file: file, skipSync: opts.SkipSyncForTests}
	if err := r.readPages(root, cache); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err := r.scan(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return r, nil
}

// readPages takes the newer intact head, and the keyring key from whichever page
// has it.
func (r *Ring) readPages(root seal.Root, cache *seal.Cache) error {
	content := make([]byte, pages*pageSize)
	if _, err := r.file.ReadAt(content, 0); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read keyring: %w", err)
	}
	var newest *head
	var headErr error
	for page := range pages {
		h, err := decodeHead(content[page*pageSize:])
		if err != nil {
			headErr = err
		} else if newest == nil || h.stamp > newest.stamp {
			newest = &h
		}
	}
	if newest == nil {
		return headErr
	}
	r.id, r.stamp = newest.id, newest.stamp
	var rootErr error
	for page := range pages {
		key, err := decodeRoot(root, r.id, content[page*pageSize+rootOffset:(page+1)*pageSize])
		if err == nil {
			r.key = cache.Key(&key)
			clear(key[:])
			return nil
		}
		rootErr = err
	}
	return rootErr
}

// scan finds the free slots and the highest stamp: slots of a batch whose head
// was lost count as well. One pass, 128 MB per million slots.
func (r *Ring) scan() error {
	r.next, r.capacity = firstSlot, firstSlot
	err := r.each(func(number uint32, s *slot) {
		r.capacity = number + 1
		if *s == (slot{}) {
			return
		}
		r.next = number + 1
		switch s.state() {
		case stateFree:
			if s.isBlank() { // else it is damage, and may be somebody's key
				r.free = append(r.free, number)
			}
		case stateLive:
			r.live++
			if s.isIntact() {
				r.stamp = max(r.stamp, s.stamp())
			}
		}
	})
	slices.Reverse(r.free)
	return err
}

// each reads every slot in order.
func (r *Ring) each(visit func(number uint32, s *slot)) error {
	buffer := make([]byte, growBy*slotSize)
	for at := int64(firstSlot) * slotSize; ; at += int64(len(buffer)) {
		n, err := r.file.ReadAt(buffer, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read keyring: %w", err)
		}
		for i := 0; i+slotSize <= n; i += slotSize {
			visit(uint32((at+int64(i))/slotSize), (*slot)(buffer[i:]))
		}
		if n < len(buffer) {
			return nil
		}
	}
}

// ID names this keyring; the store that belongs to it holds the same.
func (r *Ring) ID() ID { return r.id }

// Key wraps tenant keys.
func (r *Ring) Key() *seal.Key { return r.key }

// Stamp is the number of the last batch.
func (r *Ring) Stamp() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stamp
}

// Slots counts the slots that hold a key and those in the file.
func (r *Ring) Slots() (live, capacity int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.live, int(r.capacity - firstSlot)
}

// Close closes the file. Nothing is written: every batch was synced.
func (r *Ring) Close() error {
	r.key.Forget()
	return r.file.Close()
}

func (r *Ring) read(number uint32) (s slot, err error) {
	if number < firstSlot {
		return s, fmt.Errorf("keyring slot %d: %w", number, engine.ErrCorrupt)
	}
	n, err := r.file.ReadAt(s[:], int64(number)*slotSize)
	if n < slotSize && (err == nil || errors.Is(err, io.EOF)) {
		return s, fmt.Errorf("keyring slot %d is beyond the file's end: %w", number, engine.ErrCorrupt)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return s, fmt.Errorf("read keyring slot %d: %w", number, err)
	}
	return s, nil
}

func (r *Ring) sync() error {
	if r.skipSync {
		return nil
	}
	return r.file.SyncData()
}
