package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
)

// patience is how long an answer may take before the test gives up.
const patience = 20 * time.Second

// Claimed is what a claim answered.
type Claimed struct {
	Head engine.Head
	Tail []*engine.Entry
	Err  error
}

// Claim claims and waits for the answer.
func Claim(t testing.TB, log engine.Log, claim engine.Claim) Claimed {
	t.Helper()
	answer := make(chan Claimed, 1)
	log.Claim(claim, func(head engine.Head, tail []*engine.Entry, err error) { answer <- Claimed{head, tail, err} })
	return wait(t, "claim", answer)
}

// Append appends and waits for the answer.
func Append(t testing.TB, log engine.Log, appends ...engine.Append) []error {
	t.Helper()
	return wait(t, "append", StartAppend(log, appends...))
}

// StartAppend appends; the answer comes later.
func StartAppend(log engine.Log, appends ...engine.Append) <-chan []error {
	answer := make(chan []error, 1)
	log.Append(appends, func(errs []error) { answer <- append([]error(nil), errs...) })
	return answer
}

// ReadFrom reads and waits for the answer.
func ReadFrom(t testing.TB, log engine.Log, ref engine.SessionRef, after engine.Seq, limit int) ([]*engine.Entry, error) {
	t.Helper()
	type read struct {
		entries []*engine.Entry
		err     error
	}
	answer := make(chan read, 1)
	log.ReadFrom(ref, after, limit, func(entries []*engine.Entry, err error) { answer <- read{entries, err} })
	got := wait(t, "read", answer)
	return got.entries, got.err
}

func wait[T any](t testing.TB, what string, answer <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-answer:
	case <-time.After(patience):
		t.Fatalf("no answer to %s within %v", what, patience)
	}
	return got
}

// NewRef makes up a session of a tenant.
func NewRef(tenant engine.TenantID) engine.SessionRef {
	return engine.SessionRef{Tenant: tenant, Session: engine.SessionID(newID())}
}

// NewVisitor makes up a visitor.
func NewVisitor() engine.VisitorID { return engine.VisitorID(newID()) }

func newID() (id engine.ID) {
	for i := range id {
		id[i] = byte(rand.Uint32())
	}
	return id
}

// Create claims a session that is not there yet.
func Create(t testing.TB, log engine.Log, ref engine.SessionRef, visitor engine.VisitorID) engine.Term {
	t.Helper()
	got := Claim(t, log, engine.Claim{Ref: ref, Create: &engine.Create{Visitor: visitor}})
	if got.Err != nil {
		t.Fatalf("create session: %v", got.Err)
	}
	return got.Head.Term
}

var testTime = time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.UTC)

// Message makes a message entry.
func Message(ref engine.SessionRef, seq engine.Seq, text string) *engine.Entry {
	return &engine.Entry{
		Session: ref.Session, Seq: seq, PrevAll: seq - 1, Epoch: 1, At: testTime.Add(time.Duration(seq) * time.Second),
		Author: engine.Author{Kind: engine.AuthorVisitor}, Kind: engine.KindMessageNew, Body: engine.BodyOf(text),
	}
}

// Messages makes entries first to first+count-1.
func Messages(ref engine.SessionRef, first engine.Seq, count int) (entries []*engine.Entry) {
	for i := range count {
		seq := first + engine.Seq(i)
		entries = append(entries, Message(ref, seq, fmt.Sprintf("message %d", seq)))
	}
	return entries
}

// Same says how two entries differ, or nothing.
func Same(got, want *engine.Entry) error {
	switch {
	case got.Session != want.Session || got.Seq != want.Seq || got.PrevAll != want.PrevAll || got.Epoch != want.Epoch:
		return fmt.Errorf("got %v prev %d epoch %d, want %v prev %d epoch %d", got, got.PrevAll, got.Epoch, want, want.PrevAll, want.Epoch)
	case !got.At.Equal(want.At) || !got.Deadline.Equal(want.Deadline):
		return fmt.Errorf("entry %d: got at %v deadline %v, want %v %v", got.Seq, got.At, got.Deadline, want.At, want.Deadline)
	case got.Author != want.Author || got.Kind != want.Kind || got.Cause != want.Cause || got.Visibility != want.Visibility:
		return fmt.Errorf("entry %d: got %v %v %v %v, want %v %v %v %v", got.Seq,
			got.Author, got.Kind, got.Cause, got.Visibility, want.Author, want.Kind, want.Cause, want.Visibility)
	case got.ClientID != want.ClientID || got.Department != want.Department || got.Operator != want.Operator || got.Offer != want.Offer:
		return fmt.Errorf("entry %d: got %q %q %q %d, want %q %q %q %d", got.Seq,
			got.ClientID, got.Department, got.Operator, got.Offer, want.ClientID, want.Department, want.Operator, want.Offer)
	case got.Target != want.Target || got.Format != want.Format:
		return fmt.Errorf("entry %d: got target %d format %v, want %d %v", got.Seq, got.Target, got.Format, want.Target, want.Format)
	case (got.File == nil) != (want.File == nil):
		return fmt.Errorf("entry %d: got a file %v, want %v", got.Seq, got.File != nil, want.File != nil)
	case got.File != nil && (got.File.File != want.File.File || got.File.Bytes != want.File.Bytes || string(got.File.Key.Reveal()) != string(want.File.Key.Reveal())):
		return fmt.Errorf("entry %d: its files differ", got.Seq)
	case !sameAttrs(got.Attrs, want.Attrs):
		return fmt.Errorf("entry %d: attributes: got %+v, want %+v", got.Seq, got.Attrs, want.Attrs)
	case string(got.Body.Reveal()) != string(want.Body.Reveal()):
		return fmt.Errorf("entry %d: bodies differ: got %v, want %v", got.Seq, got.Body, want.Body)
	}
	return nil
}

func (s *suite) claim(claim engine.Claim) Claimed { s.Helper(); return Claim(s, s.log, claim) }

func (s *suite) create(ref engine.SessionRef) engine.Term {
	s.Helper()
	return Create(s, s.log, ref, NewVisitor())
}

// append appends to one session and wants an error of that kind, or none.
func (s *suite) append(a engine.Append, want error) {
	s.Helper()
	s.wantErr(Append(s, s.log, a)[0], want)
}

func (s *suite) wantErr(got, want error) {
	s.Helper()
	if !errors.Is(got, want) {
		s.Fatalf("got error %v, want %v", got, want)
	}
}

// wantLog wants the session's log to be these entries and no others.
func (s *suite) wantLog(ref engine.SessionRef, want []*engine.Entry) {
	s.Helper()
	got, err := ReadFrom(s, s.log, ref, 0, len(want)+1)
	s.wantErr(err, nil)
	s.wantEntries(got, want)
}

func (s *suite) wantEntries(got, want []*engine.Entry) {
	s.Helper()
	if len(got) != len(want) {
		s.Fatalf("got %d entries, want %d", len(got), len(want))
	}
	for i := range got {
		if err := Same(got[i], want[i]); err != nil {
			s.Fatal(err)
		}
	}
}

func sameAttrs(got, want *engine.AttrsFact) bool {
	if got == nil || want == nil {
		return got == want
	}
	return got.Basis == want.Basis && got.Source == want.Source && slices.Equal(got.Names, want.Names)
}
