package actors

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/parleyhq/parley/engine"
)

// Upload implements engine.FileExchange. It runs on the caller's goroutine and
// holds one part of the file at a time.
func (s *System) Upload(ctx context.Context, tenant engine.TenantID, id engine.FileID, token string, from io.Reader) error {
	t, c, err := s.openLink(tenant, id, fileUpload, token)
	if err != nil {
		return err
	}
	d, whole, refused := s.locker.take(id, s.cfg.Clock())
	if refused != nil {
		return refused
	}
	if d.ref != (engine.SessionRef{Tenant: tenant, Session: c.session}) || d.Author != c.author {
		return s.giveBack(d, whole, engine.ErrNotFound)
	}
	if whole { // a repetition, because the answer was lost: the same bytes are fine
		if err := newIntake(&d.File, from).run(ctx, discard{}); err != nil {
			return err
		}
		return s.tellUploaded(ctx, t, d)
	}
	key, err := receive(ctx, d, from)
	if err != nil {
		return s.giveBack(d, false, err)
	}
	if !s.locker.filled(d, key) { // the session has ended, or the time
		d.vault.RemoveFile(d.ref, id)
		return engine.ErrNotFound
	}
	return s.tellUploaded(ctx, t, d)
}

func (s *System) giveBack(d *deposit, whole bool, err error) error {
	if !whole {
		s.locker.spoilt(d)
	}
	return err
}

// tellUploaded makes the session's rules count on the file. Without an answer in
// time the upload may be repeated.
func (s *System) tellUploaded(ctx context.Context, t *tenancy, d *deposit) error {
	ask := uploaded{file: d.File.ID, key: d.key, reply: make(chan *engine.Error, 1)}
	if _, err := t.ask(d.ref.Session, ask); err != nil {
		return err
	}
	select {
	case refused := <-ask.reply:
		switch {
		case refused == nil:
			return nil
		case !errors.Is(refused, engine.ErrBusy):
			s.locker.drop(d)
		}
		return refused
	case <-ctx.Done():
		return engine.ErrBusy
	}
}

// receive takes a file's bytes into its vault. Whatever is wrong with them, nothing
// is left.
func receive(ctx context.Context, d *deposit, from io.Reader) (engine.Body, error) {
	in := newIntake(&d.File, from)
	if err := in.begin(ctx); err != nil {
		return engine.Body{}, err
	}
	w, err := d.vault.CreateFile(d.ref, d.File.ID, d.File.Bytes)
	if err != nil {
		return engine.Body{}, err
	}
	defer w.Abort() // after Commit it does nothing
	if err := in.run(ctx, w); err != nil {
		return engine.Body{}, err
	}
	return w.Commit()
}

// intake reads a file and compares it with what was announced: its type by the
// beginning, before a byte is kept, its length at each part, its sum at the end.
type intake struct {
	want *engine.File
	from io.Reader
	sum  hash.Hash
	head []byte // read and not passed on yet
	came int64
}

func newIntake(want *engine.File, from io.Reader) *intake {
	return &intake{want: want, from: from, sum: sha256.New()}
}

// begin reads and judges the first bytes.
func (in *intake) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return engine.ErrBusy
	}
	head := make([]byte, min(engine.SniffBytes, in.want.Bytes))
	n, err := io.ReadFull(in.from, head)
	if err != nil {
		return cutShort(err)
	}
	in.head = head[:n]
	if refused := engine.SniffFile(in.head, in.want.Media); refused != nil {
		return refused
	}
	return nil
}

// run passes all bytes on.
func (in *intake) run(ctx context.Context, to io.Writer) error {
	buffer := make([]byte, 32<<10)
	for next := in.head; ; {
		if in.came += int64(len(next)); in.came > in.want.Bytes {
			return engine.ErrFileMismatch.Because("more bytes came than were announced")
		}
		in.sum.Write(next)
		if _, err := to.Write(next); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return engine.ErrBusy
		}
		n, err := in.from.Read(buffer)
		next = buffer[:n]
		switch {
		case err == nil:
			continue
		case !errors.Is(err, io.EOF):
			return cutShort(err)
		case n > 0:
			continue // the end is told again
		}
		break
	}
	if in.came != in.want.Bytes || [sha256.Size]byte(in.sum.Sum(nil)) != in.want.Sum {
		return engine.ErrFileMismatch
	}
	return nil
}

// cutShort is an upload whose end never came.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return engine.ErrFileMismatch.Because("fewer bytes came than were announced")
	}
	return fmt.Errorf("%w: the bytes of a file: %w", engine.ErrBadRequest, err)
}

// discard is a vault for bytes that are there already.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
