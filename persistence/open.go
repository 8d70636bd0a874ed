package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/internal/gather"
	"github.com/parleyhq/parley/persistence/keyring"
)

// The parts of a store's directory.
const (
	lockName   = "LOCK"
	storeDir   = "store"
	keyringDir = "keyring"
)

// Open opens the store in a directory, making it if need be: mode 0700, and for
// one process at a time. It frees the key slots of a batch that a crash cut
// short, and starts the writer and the readers; Close ends them.
//
// Errors: ErrLocked, keyring.ErrWrongRoot, ErrLayout, engine.ErrCorrupt.
func Open(dir string, opts Options) (*Store, error) {
	if opts.Root == nil {
		return nil, errors.New("open store: no root key: set Options.Root")
	}
	opts.EnsureDefaults()
	s := &Store{
		opts: opts, dir: dir, cache: opts.cache(), metrics: newMetrics(), durable: pebble.Sync,
		nils: make([]error, engine.MaxInFlight),
		live: map[engine.SessionRef]*session{}, tenants: map[engine.TenantID]*tenant{}, byNumber: map[tenantNumber]*tenant{},
	}
	if opts.SkipSyncForTests {
		s.durable = pebble.NoSync
	}
	if err := s.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open store in %s: %w", dir, err), s.closeFiles())
	}
	opts.warn()
	s.start()
	return s, nil
}

// open opens files in the order of what can be refused before it is written.
func (s *Store) open() error {
	if err := s.makeDirs(); err != nil {
		return err
	}
	if err := s.takeLock(); err != nil {
		return err
	}
	known, err := keyring.Exists(s.opts.FS, s.path(keyringDir))
	if err != nil {
		return err
	}
	if known { // a wrong root key is refused before Pebble touches anything
		if err := s.openRing(); err != nil {
			return err
		}
	}
	if s.db, err = pebble.Open(s.path(storeDir), s.pebbleOptions()); err != nil {
		return err
	}
	if err := s.pair(known); err != nil {
		return err
	}
	if err := s.loadTenants(); err != nil {
		return err
	}
	if err := s.sweepFiles(); err != nil {
		return err
	}
	if err := s.register(); err != nil {
		return err
	}
	return s.Err() // Pebble may have told its logger only
}

func (s *Store) path(part string) string { return s.opts.FS.PathJoin(s.dir, part) }

func (s *Store) makeDirs() error {
	fs := s.opts.FS
	for _, dir := range []string{s.dir, s.path(storeDir), s.path(keyringDir), s.path(filesDir)} {
		if err := fs.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if fs == vfs.Default { // a directory that existed keeps its mode otherwise
		if err := os.Chmod(s.dir, 0o700); err != nil {
			return err
		}
	}
	return errors.Join(keyring.SyncDir(fs, s.dir), keyring.SyncDir(fs, fs.PathDir(s.dir)))
}

func (s *Store) takeLock() (err error) {
	if s.lock, err = s.opts.FS.Lock(s.path(lockName)); err != nil {
		return fmt.Errorf("%w: %w", ErrLocked, err)
	}
	return nil
}

func (s *Store) openRing() (err error) {
	s.ring, err = keyring.Open(s.opts.FS, s.path(keyringDir), s.opts.Root, s.cache, keyring.Options{SkipSyncForTests: s.opts.SkipSyncForTests})
	return err
}

// pair checks that store and keyring belong together, or makes a new pair.
func (s *Store) pair(known bool) error {
	format, err := s.get([]byte{kindFormat})
	switch {
	case err != nil:
		return err
	case format == nil:
		return s.found(known)
	case len(format) != 17 || format[0] != layoutVersion:
		return fmt.Errorf("%w: the store has layout %d, this version reads %d", ErrLayout, format[0], layoutVersion)
	case !known:
		return fmt.Errorf("%w: the store has records but its keyring is missing: restore the keyring", ErrLayout)
	case keyring.ID(format[1:]) != s.ring.ID():
		return fmt.Errorf("%w: the keyring belongs to another store", ErrLayout)
	}
	if err := s.reconcile(); err != nil {
		return err
	}
	return s.buryLeft()
}

// found makes a new store, with the keyring that an earlier try may have left.
func (s *Store) found(known bool) error {
	if !known {
		if err := keyring.Create(s.opts.FS, s.path(keyringDir), s.opts.Root); err != nil {
			return err
		}
		if err := s.openRing(); err != nil {
			return err
		}
	}
	if s.ring.Stamp() != 0 {
		return fmt.Errorf("%w: the keyring holds keys but the store is empty: restore the store, or remove the keyring", ErrLayout)
	}
	id := s.ring.ID()
	return s.db.Set([]byte{kindFormat}, append([]byte{layoutVersion}, id[:]...), pebble.Sync)
}

// reconcile frees what a crash between the keyring's sync and the store's left
// over, and takes on the keyring's stamp, so that the next crash is told apart.
func (s *Store) reconcile() error {
	value, err := s.get([]byte{kindStamp})
	if err != nil {
		return err
	}
	had := uint64(0)
	if len(value) == 8 {
		had = binary.BigEndian.Uint64(value)
	}
	if last := s.ring.Stamp(); last < had {
		s.opts.Logger.Warn("the keyring is older than the store: keys made since are missing",
			slog.Uint64("keyring_batch", last), slog.Uint64("store_batch", had))
	}
	freed, stamp, err := s.ring.Reconcile(had)
	if err != nil {
		return err
	}
	if freed > 0 {
		s.opts.Logger.Info("freed key slots of a batch that was cut short", slog.Int("slots", freed))
	}
	if stamp == had {
		return nil
	}
	return s.db.Set([]byte{kindStamp}, binary.BigEndian.AppendUint64(nil, stamp), pebble.Sync)
}

func (s *Store) loadTenants() error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{kindTenant}, UpperBound: []byte{kindTenant + 1}})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		t, err := loadTenant(s.cache, s.ring, engine.TenantID(it.Key()[1:]), it.Value())
		if err != nil {
			return errors.Join(err, it.Close())
		}
		if t.err != nil {
			s.corrupt(t.err)
		}
		s.keepTenant(t)
	}
	return it.Close()
}

func (s *Store) keepTenant(t *tenant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenants[t.name], s.byNumber[t.number] = t, t
}

// start starts the goroutines. Close ends them and waits.
func (s *Store) start() {
	s.queue = gather.New[op](s.opts.Linger)
	s.readers = newReaders(readerCount)
	w := newWriter(s)
	s.written.Go(w.run)
}

// Close refuses new calls, carries out those that wait, commits, and closes the
// files. It must not be called from a done or a yield. Every later call is answered ErrStoreClosed. Idempotent: a second Close
// answers what the first did.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.unregister()
		s.closed.Store(true)
		s.queue.Put(&drainOp{})
		s.written.Wait()
		s.readers.close()
		s.using.Lock()
		defer s.using.Unlock()
		s.closeErr = s.closeFiles()
		s.forgetAll()
	})
	return s.closeErr
}

// closeFiles closes whatever was opened, in the opposite order.
func (s *Store) closeFiles() error {
	s.unregister()
	var errs []error
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	for _, file := range []io.Closer{ringCloser{s.ring}, s.lock} {
		if file != nil {
			errs = append(errs, file.Close())
		}
	}
	return errors.Join(errs...)
}

type ringCloser struct{ ring *keyring.Ring }

func (c ringCloser) Close() error {
	if c.ring == nil {
		return nil
	}
	return c.ring.Close()
}

func (s *Store) forgetAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, held := range s.live {
		if o := held.opened.Load(); o != nil {
			o.forget()
		}
	}
	clear(s.live)
}

// get copies a value; nil if there is none.
func (s *Store) get(key []byte) ([]byte, error) { return getFrom(s.db, key) }

func getFrom(r pebble.Reader, key []byte) ([]byte, error) {
	value, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, asCorrupt(err)
	}
	return append([]byte{}, value...), closer.Close()
}

// asCorrupt gives Pebble's checksum errors the engine's kind.
func asCorrupt(err error) error {
	if pebble.IsCorruptionError(err) {
		return fmt.Errorf("%w: %w", engine.ErrCorrupt, err)
	}
	return err
}
