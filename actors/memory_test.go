package actors_test

import (
	"errors"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/actors"
	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence/storetest"
	"go.uber.org/goleak"
)

// TestMemoryConforms: a Memory is a log like any other, but that it forgets a
// closed session on release.
func TestMemoryConforms(t *testing.T) {
	storetest.Run(t, storetest.Backend{
		New:              func(testing.TB) engine.Log { return actors.NewMemory() },
		ForgetsOnRelease: true,
	})
}

// TestMemoryForgets a closed session on release, one that nobody wrote to, and
// no other.
func TestMemoryForgets(t *testing.T) {
	log := actors.NewMemory()
	ref, visitor := storetest.NewRef("acme"), storetest.NewVisitor()
	term := storetest.Create(t, log, ref, visitor)
	mustAppend(t, log, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, 2), Row: &engine.Row{Ref: ref}})
	log.Release(ref)
	again := storetest.Claim(t, log, engine.Claim{Ref: ref, Tail: 5})
	if again.Err != nil || again.Head.Last != 2 || again.Head.Term <= term || again.Head.Row == nil || len(again.Tail) != 2 {
		t.Fatalf("an open session, released and claimed: got %+v", again)
	}
	mustAppend(t, log, engine.Append{Ref: ref, Term: again.Head.Term, Entries: storetest.Messages(ref, 3, 1), Close: true})
	if entries, err := storetest.ReadFrom(t, log, ref, 0, 10); err != nil || len(entries) != 3 {
		t.Fatalf("closed, not yet released: got %d entries, %v", len(entries), err)
	}
	log.Release(ref)
	log.Release(ref)
	if _, err := storetest.ReadFrom(t, log, ref, 0, 10); !errors.Is(err, engine.ErrUnknown) {
		t.Errorf("closed and released: got %v, want %v", err, engine.ErrUnknown)
	}
	empty := storetest.NewRef("acme")
	storetest.Create(t, log, empty, visitor)
	log.Release(empty)
	if got := storetest.Claim(t, log, engine.Claim{Ref: empty}); !errors.Is(got.Err, engine.ErrUnknown) {
		t.Errorf("never written: got %+v", got)
	}
}

// TestMemoryLetsTextsGo: the garbage collector gets a forgotten session's texts,
// and those that are beyond the last 1,000.
func TestMemoryLetsTextsGo(t *testing.T) {
	log := actors.NewMemory()
	ref := storetest.NewRef("acme")
	term := storetest.Create(t, log, ref, storetest.NewVisitor())
	var mu sync.Mutex
	collected := map[engine.Seq]bool{}
	hold := func(seq engine.Seq) *engine.Entry {
		e := storetest.Message(ref, seq, "text")
		runtime.AddCleanup(e, func(seq engine.Seq) { mu.Lock(); defer mu.Unlock(); collected[seq] = true }, seq)
		return e
	}
	for seq := range engine.Seq(1100) {
		mustAppend(t, log, engine.Append{Ref: ref, Term: term, Entries: []*engine.Entry{hold(seq + 1)}})
	}
	gone := func(from, to engine.Seq) func() bool {
		return func() bool {
			runtime.GC()
			mu.Lock()
			defer mu.Unlock()
			for seq := from; seq <= to; seq++ {
				if !collected[seq] {
					return false
				}
			}
			return true
		}
	}
	waitFor(t, "entries 1 to 100 to be collected", gone(1, 100))
	mu.Lock()
	kept := !collected[101]
	mu.Unlock()
	if !kept {
		t.Error("entry 101 is one of the last 1,000 and is gone")
	}
	mustAppend(t, log, engine.Append{Ref: ref, Term: term, Entries: []*engine.Entry{hold(1101)}, Close: true})
	log.Release(ref)
	waitFor(t, "the forgotten session to be collected", gone(101, 1101))
	runtime.KeepAlive(log)
}

// TestMemoryIsBounded: the last 1,000 entries are kept, with their results.
func TestMemoryIsBounded(t *testing.T) {
	log := actors.NewMemory()
	ref := storetest.NewRef("acme")
	term := storetest.Create(t, log, ref, storetest.NewVisitor())
	for seq := engine.Seq(1); seq <= 2500; seq += 7 {
		entries := storetest.Messages(ref, seq, 7)
		for _, e := range entries {
			e.ClientID = "c" + strconv.FormatUint(uint64(e.Seq), 10)
		}
		mustAppend(t, log, engine.Append{Ref: ref, Term: term, Entries: entries})
	}
	const last = 2506
	for _, c := range []struct {
		after, first engine.Seq
		limit, count int
	}{{0, last - 999, 5000, 1000}, {100, last - 999, 10, 10}, {last - 1000, last - 999, 3, 3}, {last - 2, last - 1, 5, 2}, {last, 0, 5, 0}} {
		got, err := storetest.ReadFrom(t, log, ref, c.after, c.limit)
		if err != nil || len(got) != c.count || c.count > 0 && got[0].Seq != c.first {
			t.Errorf("after %d, up to %d: got %d entries, %v", c.after, c.limit, len(got), err)
		}
	}
	got := storetest.Claim(t, log, engine.Claim{Ref: ref, Tail: 5000})
	if got.Head.Last != last || len(got.Tail) != 1000 || len(got.Head.Results) != 1000 || got.Head.Results[0].Seq != last-999 {
		t.Errorf("claim: last %d, tail %d, results %d", got.Head.Last, len(got.Tail), len(got.Head.Results))
	}
}

// TestMemorySharesNoRow: a row handed in or out can be changed without harm.
func TestMemorySharesNoRow(t *testing.T) {
	log := actors.NewMemory()
	ref := storetest.NewRef("acme")
	term := storetest.Create(t, log, ref, storetest.NewVisitor())
	row := &engine.Row{Ref: ref, Declines: []engine.Decline{{Operator: "ada"}}}
	mustAppend(t, log, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, 1), Row: row})
	for range 2 {
		row.Declines[0].Operator = "changed"
		row = storetest.Claim(t, log, engine.Claim{Ref: ref}).Head.Row
		if got := row.Declines[0].Operator; got != "ada" {
			t.Fatalf("got %s, want ada", got)
		}
	}
}

// TestMemoryCallsBack on another stack, in order, each once, and leaves no
// goroutine behind.
func TestMemoryCallsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := actors.NewMemory()
		var locked sync.Mutex
		var order []int
		locked.Lock() // as a caller might
		note := func(i int) { locked.Lock(); defer locked.Unlock(); order = append(order, i) }
		ref := engine.SessionRef{Tenant: "acme", Session: engine.SessionID{1}}
		log.Claim(engine.Claim{Ref: ref, Create: &engine.Create{}}, func(engine.Head, []*engine.Entry, error) {
			note(0)
			log.ReadFrom(ref, 0, 1, func([]*engine.Entry, error) { note(3) }) // from within a callback
		})
		log.Append([]engine.Append{{Ref: ref, Term: 1}}, func([]error) { note(1) })
		log.ReadFrom(ref, 0, 1, func([]*engine.Entry, error) { note(2) })
		locked.Unlock()
		synctest.Wait() // fails if a goroutine stays
		if len(order) != 4 {
			t.Fatalf("called back %v, want 0 to 3", order)
		}
		for i, got := range order {
			if got != i {
				t.Errorf("called back in the order %v", order)
			}
		}
	})
}

func TestMemoryLeavesNoGoroutine(t *testing.T) {
	mine := goleak.IgnoreCurrent()
	log := actors.NewMemory()
	for range 100 {
		storetest.Create(t, log, storetest.NewRef("acme"), storetest.NewVisitor())
	}
	goleak.VerifyNone(t, mine)
}

func mustAppend(t *testing.T, log engine.Log, a engine.Append) {
	t.Helper()
	if err := storetest.Append(t, log, a)[0]; err != nil {
		t.Fatalf("append: %v", err)
	}
}

func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// BenchmarkMemoryAppend is one entry of a session that already has 1,000.
func BenchmarkMemoryAppend(b *testing.B) {
	log := actors.NewMemory()
	ref := storetest.NewRef("acme")
	term := storetest.Create(b, log, ref, storetest.NewVisitor())
	storetest.Append(b, log, engine.Append{Ref: ref, Term: term, Entries: storetest.Messages(ref, 1, 1000)})
	done := make(chan []error, 1)
	seq := engine.Seq(1000)
	b.ReportAllocs()
	for b.Loop() {
		seq++
		log.Append([]engine.Append{{Ref: ref, Term: term, Entries: []*engine.Entry{{Seq: seq}}}}, func(errs []error) { done <- errs })
		if errs := <-done; errs[0] != nil {
			b.Fatal(errs[0])
		}
	}
}
