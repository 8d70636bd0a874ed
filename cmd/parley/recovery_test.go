package main

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/session"
	"github.com/parleyhq/parley/persistence"
	"github.com/parleyhq/parley/persistence/seal"
)

// recoverySize is what a data folder holds.
type recoverySize struct {
	owned, waiting, unattended, operators int
	grace                                 time.Duration
}

// TestRecoveryAtSize starts the real server on a data folder full of open sessions whose
// people do not come back: each owned one is written as detached once, and before its
// operator's grace is over, at a rate that leaves the disk to others. It logs how long
// the start took and what it cost. PARLEY_TEST_LONG=1 takes 100,000 sessions.
func TestRecoveryAtSize(t *testing.T) {
	size := recoverySize{owned: 500, waiting: 400, unattended: 100, operators: 10, grace: 6 * time.Second}
	if os.Getenv("PARLEY_TEST_LONG") != "" {
		size = recoverySize{owned: 50_000, waiting: 40_000, unattended: 10_000, operators: 1000, grace: 2 * time.Minute}
	}
	h := newCrashHarness(t)
	size.configure(t, h)
	size.fill(t, h)
	begun := time.Now()
	h.boot()
	ready := time.Since(begun)
	first, last, rss := time.Duration(0), time.Duration(0), 0.0
	for detached := 0.0; int(detached) < size.owned; {
		now := h.figures()
		detached = now[`parley_entries_total{kind="session.detached"}`]
		rss = max(rss, now["process_resident_memory_bytes"])
		if last = time.Since(begun); detached > 0 && first == 0 {
			first = last
		}
		if last > ready+size.grace {
			t.Fatalf("%v of %d owned sessions are detached when the grace is over", detached, size.owned)
		}
		time.Sleep(20 * time.Millisecond) // between two looks
	}
	now := h.figures()
	if got := int(now[`parley_entries_total{kind="session.detached"}`]); got != size.owned {
		t.Errorf("%d entries session.detached for %d owned sessions", got, size.owned)
	}
	t.Logf("%d owned, %d waiting, %d unattended, %d operators: ready after %v; detached from %v to %v; %.0f entries and %.0f bytes appended; %.0f MB resident at most",
		size.owned, size.waiting, size.unattended, size.operators, ready.Round(time.Millisecond), first.Round(time.Millisecond), last.Round(time.Millisecond),
		now["parley_append_entries_total"], now["parley_append_bytes_total"], rss/1e6)
}

func (size recoverySize) configure(t *testing.T, h *crashHarness) {
	t.Helper()
	var file strings.Builder
	fmt.Fprintf(&file, "id: crash\norigins: [%q]\nkeys: [{id: k, algorithm: HS256, secret: %s}]\n", networkOrigin, crashSecret)
	fmt.Fprintf(&file, "departments: [{id: sales, queue_limit: 1000000, queue_grace: 1h, visitor_grace: 1h, operator_grace: %v, silence: {visitor_warn: 0s, visitor_close: 0s, operator_nudge: 0s, idle_after: 0s}}]\noperators:\n", size.grace)
	for i := range size.operators {
		fmt.Fprintf(&file, "- {id: op%d, capacity: 100}\n", i)
	}
	if err := os.WriteFile(filepath.Join(h.dir, "tenants", "crash.yaml"), []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// fill writes the sessions as their rules do.
func (size recoverySize) fill(t *testing.T, h *crashHarness) {
	t.Helper()
	_, tenants, err := readTenants(filepath.Join(h.dir, "tenants"))
	if err != nil {
		t.Fatal(err)
	}
	root, err := seal.RootFromFile(filepath.Join(h.dir, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	store, err := persistence.Open(filepath.Join(h.dir, "data"), persistence.Options{Root: root, MemTableBytes: memTableBytes})
	if err != nil {
		t.Fatal(err)
	}
	tenant, _ := tenants.Tenant("crash")
	rules := session.Rules{Keeps: true, Department: tenant.Department, Operator: tenant.Operator, BodyBytes: 8192}
	numbers := make(chan int)
	var writers sync.WaitGroup
	for range 256 { // they end with the numbers
		writers.Go(func() {
			for n := range numbers {
				if err := size.write(store, rules, n); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for n := range size.owned + size.waiting + size.unattended {
		numbers <- n
	}
	close(numbers)
	writers.Wait()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// write is one session's life so far.
func (size recoverySize) write(store *persistence.Store, rules session.Rules, n int) error {
	now := time.Now()
	ref := engine.SessionRef{Tenant: "crash", Session: engine.SessionID(ulid.MustNew(ulid.Timestamp(now), rand.Reader))}
	s := session.New(ref, engine.VisitorID(ulid.MustNew(ulid.Timestamp(now), rand.Reader)), rules)
	author := engine.Author{Kind: engine.AuthorVisitor}
	inputs := []session.Input{
		session.Present{On: true},
		session.Ask{By: author, Draft: engine.Draft{Op: engine.OpStart, ClientID: "start", Body: engine.BodyOf("good day")}},
	}
	switch {
	case n < size.owned:
		owner := engine.OperatorID(fmt.Sprintf("op%d", n%size.operators))
		inputs = append(inputs, session.Offer{Operator: owner, Epoch: 1, Number: 1, Direct: true, Why: &engine.Decision{}},
			session.Ask{By: engine.Author{Kind: engine.AuthorOperator, Operator: owner}, Draft: engine.Draft{Op: engine.OpMessage, ClientID: "hello", Body: engine.BodyOf("hello")}})
	case n >= size.owned+size.waiting:
		inputs = append(inputs, session.Defer{Epoch: 1, Cause: engine.CauseNobody})
	}
	var entries []*engine.Entry
	for _, in := range inputs {
		for _, effect := range s.Step(in, now, nil) {
			if write, is := effect.(session.Write); is {
				entries = append(entries, write.Entry)
			}
		}
	}
	done := make(chan error, 1)
	store.Claim(engine.Claim{Ref: ref, Create: &engine.Create{Visitor: s.Visitor()}}, func(head engine.Head, _ []*engine.Entry, err error) {
		if err != nil {
			done <- err
			return
		}
		store.Append([]engine.Append{{Ref: ref, Term: head.Term, Entries: entries, Row: s.TakeRow()}}, func(errs []error) { done <- errs[0] })
	})
	err := <-done
	store.Release(ref)
	return err
}

// figures are the server's metrics, by name and labels.
func (h *crashHarness) figures() map[string]float64 {
	h.t.Helper()
	res, err := http.Get("http://" + h.metrics + "/metrics")
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	all := map[string]float64{}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		name, value, found := strings.Cut(lines.Text(), " ")
		var f float64
		if _, err := fmt.Sscan(value, &f); found && err == nil {
			all[name] = f
		}
	}
	return all
}
