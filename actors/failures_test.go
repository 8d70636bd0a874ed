package actors

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
)

// What users of other systems reported of waiting lines that operators cannot see,
// as stories. The others of that collection are beside the rules that kill them.

// waiting is what a client has of the waiting lines after all that it was shown. A
// revision that does not follow the one before is a hole.
func (s *screen) waiting(t *testing.T) []engine.SessionID {
	t.Helper()
	time.Sleep(lineWindow) // of the bubble
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	rows, rev, begun := map[engine.SessionID]bool{}, uint64(0), false
	for _, signal := range s.signals {
		q, ok := signal.(*engine.Queue)
		switch {
		case !ok:
			continue
		case q.Snapshot:
			clear(rows)
		case begun && q.Rev != rev+1:
			t.Errorf("the watch goes from revision %d to %d", rev, q.Rev)
		}
		rev, begun = q.Rev, true
		for _, row := range q.Rows {
			rows[row.Session] = true
		}
		for _, id := range q.Gone {
			delete(rows, id)
		}
	}
	return sorted(slices.Collect(maps.Keys(rows))...)
}

func sorted(ids ...engine.SessionID) []engine.SessionID {
	slices.SortFunc(ids, func(a, b engine.SessionID) int { return slices.Compare(a[:], b[:]) })
	return ids
}

func (p *person) declare(t *testing.T, intent engine.Intent) {
	t.Helper()
	p.good(t, p.do(engine.Draft{Op: engine.OpIntent, Intent: intent}))
}

// A new chat is not visible to agents until they toggle their status or reload.
func TestFailure06_new_chat_is_seen_without_a_reload(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ada, grace := w.operator("ada"), w.operator("grace")
		ada.declare(t, engine.IntentPaused)
		grace.good(t, grace.do(engine.Draft{Op: engine.OpAway, On: true}))
		var waiting []engine.SessionID
		for range 3 {
			waiting = append(waiting, w.visitor("").start("hello").Session)
		}
		for name, operator := range map[string]*person{"paused": ada, "away": grace} {
			if got := operator.waiting(t); !slices.Equal(got, sorted(waiting...)) {
				t.Errorf("the one who is %s sees %d of %d who wait", name, len(got), len(waiting))
			}
		}
	})
}

// Who waits vanishes from an agent's view after away and available; only a manager
// finds them.
func TestFailure07_the_line_stays_through_away_and_back(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ada := w.operator("ada")
		ada.declare(t, engine.IntentPaused)
		first := w.visitor("").start("first").Session
		for _, change := range []func(){
			func() { ada.good(t, ada.do(engine.Draft{Op: engine.OpAway, On: true})) },
			func() { ada.good(t, ada.do(engine.Draft{Op: engine.OpAway, On: false})) },
			func() { ada.declare(t, engine.IntentSignedOut) },
			func() { ada.declare(t, engine.IntentPaused) },
		} {
			change()
			time.Sleep(time.Second)
			if got := ada.waiting(t); !slices.Equal(got, []engine.SessionID{first}) {
				t.Fatalf("sees %d who wait, want the one who does", len(got))
			}
		}
		second := w.visitor("").start("second").Session
		if got := ada.waiting(t); !slices.Equal(got, sorted(first, second)) {
			t.Fatalf("sees %d who wait, want two", len(got))
		}
		ada.declare(t, engine.IntentAccepting)
		again := w.operator("ada")
		if a, b := ada.waiting(t), again.waiting(t); !slices.Equal(a, b) {
			t.Errorf("an old connection sees %d who wait, a new one %d", len(a), len(b))
		}
	})
}

// Two tabs start at the same moment and the visitor has two sessions.
func TestFailure27_two_starts_at_once(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		first := w.visitor("")
		tabs := []*person{first, w.visitor(first.token), w.visitor(first.token), w.visitor(first.token)}
		for round := range 20 {
			requests := make([]string, 2*len(tabs))
			var posts sync.WaitGroup
			for i := range requests { // each tab's key, and each again
				tab := tabs[i%len(tabs)]
				requests[i] = w.request()
				d := engine.Draft{Op: engine.OpStart, Request: requests[i], ClientID: fmt.Sprintf("key %d of %d", i%len(tabs), round), Body: engine.BodyOf("hello")}
				posts.Go(func() {
					if err := tab.seat.Post(d); err != nil {
						tab.screen.Answer(engine.Answer{Request: d.Request, Err: err})
					}
				})
			}
			posts.Wait()
			found := map[engine.SessionID]int{}
			for i, request := range requests {
				found[tabs[i%len(tabs)].good(t, request).Session]++
			}
			if len(found) != 1 {
				t.Fatalf("round %d: the visitor has %d sessions: %v", round, len(found), found)
			}
			for id := range found {
				if said := w.visibleTo(id, engine.VisibleToAll); len(said) != 2+len(tabs) { // started, queued, and each key's text once
					t.Fatalf("round %d: %d entries, want %d", round, len(said), 2+len(tabs))
				}
				first.close(id)
			}
		}
	})
}
