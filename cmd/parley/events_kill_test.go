package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/parleyhq/parley/actors"
	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/persistence"
	"github.com/parleyhq/parley/persistence/seal"
)

// A host that embeds the engine takes its events (actors.Config.Events), in a process
// of its own that is killed again and again: what was acknowledged to a visitor comes
// to the host, in the session's order and under the same id each time.

// eventHost is that process: eventhost DIR. It writes what it takes to DIR/events, a
// line per event, and what its visitors were answered to DIR/acked.
func eventHost() {
	if err := runEventHost(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const eventGuests = 4 // sessions of a life of the host

func runEventHost(dir string) error {
	root, err := seal.RootFromFile(filepath.Join(dir, "root.key"))
	if err != nil {
		return err
	}
	taken, err := openLines(filepath.Join(dir, "events"))
	if err != nil {
		return err
	}
	acked, err := openLines(filepath.Join(dir, "acked"))
	if err != nil {
		return err
	}
	tenants, err := engine.NewTenants(&engine.Tenant{ID: "acme", Transcripts: true, Departments: []engine.Department{{ID: "sales"}}})
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	store, err := persistence.Open(filepath.Join(dir, "data"), persistence.Options{Root: root, Logger: logger, Registerer: prometheus.NewRegistry()})
	if err != nil {
		return err
	}
	sys, err := actors.Start(actors.Config{
		Store: store, Tenants: tenants, Logger: logger, Registerer: prometheus.NewRegistry(),
		Events: &actors.Events{Deliver: func(_ context.Context, e actors.Event) error {
			if rand.IntN(50) == 0 {
				return errors.New("not now")
			}
			return taken.add(e.ID + " " + e.Entry.Kind.String())
		}},
	})
	if err != nil {
		return err
	}
	tenant, _ := tenants.Tenant("acme")
	for range eventGuests {
		g := &eventGuest{acked: acked}
		seat, err := sys.Visit(context.Background(), engine.Visit{Request: "hi", Tenant: tenant}, g)
		if err != nil {
			return err
		}
		g.seat.Store(&seat)
		_ = seat.Post(engine.Draft{Op: engine.OpStart, Request: "start", ClientID: "start", Department: "sales", Body: engine.BodyOf("hello")})
	}
	fmt.Println("serving")
	select {} // until it is killed
}

// eventGuest is a visitor who writes its next message when the last was acknowledged.
type eventGuest struct {
	acked *lines
	seat  atomic.Pointer[engine.Seat]
	said  int // owned by the session's answers, which come one at a time
}

func (g *eventGuest) Deliver(*engine.Entry) bool { return true }
func (g *eventGuest) Notify(engine.Signal) bool  { return true }
func (g *eventGuest) Close(engine.Reason)        {}

func (g *eventGuest) Answer(a engine.Answer) bool {
	if a.Err != nil || a.Seq == 0 {
		return true
	}
	if err := g.acked.add("acme/" + a.Session.String() + "/" + strconv.FormatUint(uint64(a.Seq), 10)); err != nil {
		panic(err)
	}
	g.said++
	key := strconv.Itoa(g.said)
	seat, session := *g.seat.Load(), a.Session
	go func() { // an outlet does not call back
		time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
		_ = seat.Post(engine.Draft{Op: engine.OpMessage, Request: key, ClientID: key, Session: session, Body: engine.BodyOf("message " + key)})
	}()
	return true
}

// lines is a file to which whole lines are added, each by one write: a kill leaves
// none in halves.
type lines struct{ file *os.File }

func openLines(name string) (*lines, error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return &lines{file}, err
}

func (l *lines) add(line string) error {
	_, err := l.file.WriteString(line + "\n")
	return err
}

func linesOf(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(name)
	must(t, err)
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// startEventHost runs the process until it serves.
func startEventHost(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	host := exec.Command(self, dir)
	host.Args[0] = "eventhost"
	host.Env = append(os.Environ(), "GORACE="+quickExit)
	var wrong bytes.Buffer
	host.Stderr = &wrong
	out, err := host.StdoutPipe()
	must(t, err)
	must(t, host.Start())
	t.Cleanup(func() { _ = host.Process.Kill(); _ = host.Wait() })
	said := make([]byte, 16)
	if n, err := out.Read(said); err != nil || string(said[:n]) != "serving\n" {
		_ = host.Process.Kill()
		_ = host.Wait()
		t.Fatalf("the host said %q: %v\n%s", said[:n], err, wrong.String())
	}
	return host
}

// taken follows the host's events of all its lives.
type taken struct {
	kinds   map[string]string // by id
	through map[string]uint64 // by session: the highest number that came
}

// take judges one event: a session's numbers may come again, but never leave one out.
func (k *taken) take(line string) error {
	id, kind, _ := strings.Cut(line, " ")
	at := strings.LastIndexByte(id, '/')
	number, err := strconv.ParseUint(id[at+1:], 10, 64)
	if err != nil {
		return err
	}
	if before, known := k.kinds[id]; known && before != kind {
		return fmt.Errorf("event %s is %s, and was %s", id, kind, before)
	}
	session := id[:at]
	if number > k.through[session]+1 {
		return fmt.Errorf("event %s came after number %d", id, k.through[session])
	}
	k.kinds[id] = kind
	k.through[session] = max(k.through[session], number)
	return nil
}

// eventPatience is how long nothing that is missing may come: longer than the pause
// after an event that the host did not take (1 s, then 2 s).
const eventPatience = 10 * time.Second

func TestEventsOutliveKills(t *testing.T) {
	rounds := 4
	if os.Getenv("PARLEY_TEST_LONG") != "" {
		rounds = 30
	}
	dir := t.TempDir()
	must(t, seal.GenerateRootFile(filepath.Join(dir, "root.key")))
	for range rounds {
		host := startEventHost(t, dir)
		time.Sleep(time.Duration(100+rand.IntN(300)) * time.Millisecond) // how long it lives
		must(t, host.Process.Kill())
		_ = host.Wait()
	}
	acked := linesOf(t, filepath.Join(dir, "acked"))
	startEventHost(t, dir) // what is left comes in its last life
	k := &taken{}
	left, moved := len(acked)+1, time.Now()
	for left > 0 {
		time.Sleep(50 * time.Millisecond) // between two looks
		k.kinds, k.through = map[string]string{}, map[string]uint64{}
		for _, line := range linesOf(t, filepath.Join(dir, "events")) {
			must(t, k.take(line))
		}
		missing := slices.DeleteFunc(slices.Clone(acked), func(id string) bool { return k.kinds[id] != "" })
		if len(missing) < left {
			left, moved = len(missing), time.Now()
		}
		if left > 0 && time.Since(moved) > eventPatience {
			t.Fatalf("%d of %d acknowledged entries have not come to the host, and none in the last %v; the first: %s", left, len(acked), eventPatience, missing[0])
		}
	}
	if len(k.through) < rounds*eventGuests || len(acked) < rounds*eventGuests {
		t.Errorf("%d sessions and %d acknowledgements in %d rounds: nothing was tried", len(k.through), len(acked), rounds)
	}
	t.Logf("%d kills, %d sessions, %d entries acknowledged, %d came to the host", rounds, len(k.through), len(acked), len(k.kinds))
}
