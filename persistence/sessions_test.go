package persistence

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/storetest"
)

// manySessions fills a store with closed sessions, one a second, of which every
// thousandth is of a department of its own.
func manySessions(t testing.TB, s *Store, count int) {
	t.Helper()
	begun := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	const workers = 32
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := w; i < count; i += workers {
				ref := storetest.RefAt("acme", begun.Add(time.Duration(i)*time.Second))
				one := engine.ListedSession{
					Visitor: storetest.NewVisitor(), State: engine.StateClosed,
					Filed: engine.Filed{Department: "sales", Owner: "ada", Tags: []string{"vip"}, Ended: begun, Cause: engine.CauseManual},
				}
				if i%1000 == 0 {
					one.Department = "rare"
				}
				storetest.Listed(t, s, ref, one)
				s.Release(ref)
			}
		})
	}
	all.Wait()
}

// A page looks at no more sessions than it may, however rare what is asked for, and
// the pages together find all of it.
func TestListingIsBounded(t *testing.T) {
	s := openTest(t, testDir, Options{FS: vfs.NewMem(), SkipSyncForTests: true})
	const count = 2*engine.MaxExamined + 500
	manySessions(t, s, count)
	q := engine.SessionQuery{Departments: []engine.DepartmentID{"rare"}, Limit: 50}
	var sizes []int
	found := 0
	for {
		page, err := s.sessions("acme", &q)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(page.Sessions))
		found += len(page.Sessions)
		if page.Next.IsZero() {
			break
		}
		q.Before = page.Next
	}
	if found != (count+999)/1000 || len(sizes) != 3 {
		t.Errorf("got %d sessions on pages of %v, want %d on 3", found, sizes, (count+999)/1000)
	}
}

// A header of before says nothing of what its session is found by; it is listed where
// nobody asks for that.
func TestListingOfOldHeaders(t *testing.T) {
	s := openTest(t, testDir, Options{FS: vfs.NewMem()})
	ref := storetest.NewRef("acme")
	a := engine.Append{Ref: ref, Term: storetest.Create(t, s, ref, storetest.NewVisitor()), Entries: storetest.Messages(ref, 1, 1), Close: true}
	if err := storetest.Append(t, s, a)[0]; err != nil {
		t.Fatal(err)
	}
	for want, q := range map[int]engine.SessionQuery{1: {Limit: 5}, 0: {Limit: 5, Departments: []engine.DepartmentID{"sales"}}} {
		if page, err := s.sessions("acme", &q); err != nil || len(page.Sessions) != want {
			t.Errorf("%+v: got %d, %v, want %d", q, len(page.Sessions), err, want)
		}
	}
}

// BenchmarkSessions is a page of 50 among 100,000 closed sessions
// (PARLEY_TEST_LONG=1; else among 5,000): the newest, from the middle, of one visitor,
// and of a department that every thousandth is of.
func BenchmarkSessions(b *testing.B) {
	count := 5000
	if os.Getenv("PARLEY_TEST_LONG") != "" {
		count = 100_000
	}
	s := openTest(b, b.TempDir(), Options{SkipSyncForTests: true})
	manySessions(b, s, count)
	middle, err := s.sessions("acme", &engine.SessionQuery{To: time.Date(2026, 1, 1, 0, 0, count/2, 0, time.UTC), Limit: 1})
	if err != nil {
		b.Fatal(err)
	}
	for name, q := range map[string]engine.SessionQuery{
		"newest": {}, "middle": {Before: middle.Sessions[0].Session}, "visitor": {Visitor: middle.Sessions[0].Visitor},
		"rare": {Departments: []engine.DepartmentID{"rare"}},
	} {
		b.Run(fmt.Sprintf("%s-of-%d", name, count), func(b *testing.B) {
			b.ReportAllocs()
			q.Limit = 50
			for b.Loop() {
				if page, err := s.sessions("acme", &q); err != nil || name != "rare" && len(page.Sessions) == 0 {
					b.Fatal(len(page.Sessions), err)
				}
			}
		})
	}
}
