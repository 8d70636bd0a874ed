package actors

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

// deltas are the changes of lines that a connection was shown, without the whole.
func (p *person) deltas() (all []*engine.Queue) {
	for _, q := range queues(p.screen) {
		if !q.Snapshot {
			all = append(all, q)
		}
	}
	return all
}

// enter begins a session in a department's line.
func (w *world) enter(d engine.DepartmentID) *person {
	w.t.Helper()
	v := w.visitor("")
	v.id = v.good(w.t, v.do(engine.Draft{Op: engine.OpStart, Department: d})).Session
	synctest.Wait()
	return v
}

// inHall is a world in which nobody takes chats and all windows are over.
func inHall(t *testing.T, test func(w *world, ada, grace *person)) {
	inWorld(t, noSilence, func(w *world) {
		ada, grace := w.scoped("ada"), w.scoped("grace")
		time.Sleep(2 * lineWindow)
		test(w, ada, grace)
	})
}

// A change of a quiet line goes out at once, what follows it in one frame for all.
func TestChangesOfALineGather(t *testing.T) {
	inHall(t, func(w *world, ada, grace *person) {
		first := w.enter("sales")
		if got := ada.deltas(); len(got) != 1 || len(got[0].Rows) != 1 || got[0].Rows[0].Session != first.id {
			t.Fatalf("the first: got %+v, want its row at once", got)
		}
		var more []engine.SessionID
		for range 20 {
			more = append(more, w.enter("sales").id)
		}
		passing := w.enter("sales")
		passing.close(passing.id)
		first.close(first.id)
		if got := len(ada.deltas()); got != 1 {
			t.Errorf("%d frames within the window, want 1", got)
		}
		elsewhere := w.enter("support") // a quiet line
		if got := ada.deltas(); len(got) != 2 || len(got[1].Rows) != 1 || got[1].Rows[0].Session != elsewhere.id {
			t.Fatalf("another line: got %d frames, want its row at once", len(got))
		}
		time.Sleep(lineWindow)
		got := ada.deltas()
		if len(got) != 3 {
			t.Fatalf("%d frames after the window, want 3", len(got))
		}
		var rows []engine.SessionID
		for _, row := range got[2].Rows {
			rows = append(rows, row.Session)
		}
		if !slices.Equal(rows, more) || !slices.Equal(got[2].Gone, []engine.SessionID{first.id}) {
			t.Errorf("gathered: got %d rows and %v gone, want %d and the first; nobody was ever shown %v", len(rows), got[2].Gone, len(more), passing.id)
		}
		if l := got[2].Lines(); len(l) != 1 || l[0].Department != "sales" || l[0].Length != len(more) {
			t.Errorf("figures: got %+v", l)
		}
		if others := grace.deltas(); !slices.Equal(others, got) {
			t.Errorf("grace sees the same and got frames of her own: %v and %v", others, got)
		}
		time.Sleep(time.Minute)
		if n := len(ada.deltas()); n != 3 {
			t.Errorf("%d frames of nothing", n-3)
		}
	})
}

// Who sees nothing of a change hears nothing of it, and misses no revision.
func TestAChangeElsewhereIsNoFrame(t *testing.T) {
	inHall(t, func(w *world, _, _ *person) {
		narrow := w.scoped("ada", "support")
		for range 5 {
			w.enter("sales")
			time.Sleep(lineWindow)
		}
		if got := narrow.deltas(); len(got) != 0 {
			t.Errorf("got %d frames of another department's line", len(got))
		}
		own := w.enter("support")
		equal(t, "its own line", narrow.line(t), []engine.SessionID{own.id})
	})
}

// The right to a row is judged when it leaves, not when it began to gather (I10), and
// who has lost it is shown the whole anew.
func TestGatheredRowsAreJudgedWhenTheyLeave(t *testing.T) {
	inHall(t, func(w *world, ada, _ *person) {
		w.enter("sales")
		hidden, seen := w.enter("sales"), w.enter("support")
		later := w.enter("support")
		p := engine.Principal{Operator: "ada", Departments: []engine.DepartmentID{"support"}, Issued: time.Now(), Expires: time.Now().Add(time.Hour)}
		if _, err := ada.seat.Renew(engine.Renewal{Principal: p}); err != nil {
			t.Fatal(err)
		}
		equal(t, "narrowed", ada.line(t), sorted(seen.id, later.id))
		for _, q := range queues(ada.screen) {
			if slices.ContainsFunc(q.Rows, func(row engine.QueueRow) bool { return row.Session == hidden.id }) {
				t.Error("a row that gathered while she had a wider token reached her")
			}
		}
		hidden.close(hidden.id)
		w.enter("sales")
		equal(t, "what goes on elsewhere", ada.line(t), sorted(seen.id, later.id))
	})
}

// A watcher that has missed a revision is shown the whole.
func TestAMissedRevisionIsMadeGood(t *testing.T) {
	inHall(t, func(w *world, ada, _ *person) {
		first := w.enter("sales")
		desk := w.sys.tenant("demo").operator("ada")
		watching := desk.lines.Swap(0) // the next change does not go to her
		time.Sleep(lineWindow)
		second := w.enter("sales")
		desk.lines.Store(watching)
		time.Sleep(lineWindow)
		third := w.enter("sales")
		equal(t, "line", ada.line(t), []engine.SessionID{first.id, second.id, third.id})
		if all := queues(ada.screen); !all[len(all)-1].Snapshot {
			t.Errorf("got %+v, want the whole", all[len(all)-1])
		}
	})
}

// Offers do not gather: whoever is free is offered the chat within the moment that the
// line's change waits for its window.
func TestOffersDoNotGather(t *testing.T) {
	inHall(t, func(w *world, _, grace *person) {
		for range 3 {
			w.enter("sales")
		}
		grace.declare(t, engine.IntentAccepting)
		synctest.Wait()
		if n := countSignals[engine.OfferNew](grace.screen); n != 3 {
			t.Errorf("%d offers at once, want 3", n)
		}
		if n := len(grace.deltas()); n != 1 {
			t.Errorf("%d changes of the line by then, want the first alone", n)
		}
	})
}

// Who goes within the window in which it came has gone for those whose first picture
// of the line was made in between.
func TestWhoWasInASnapshotIsSaidToHaveGone(t *testing.T) {
	inHall(t, func(w *world, _, _ *person) {
		first := w.enter("sales")
		passing := w.enter("sales")
		late := w.scoped("grace")
		if all := queues(late.screen); len(all) != 1 || len(all[0].Rows) != 2 {
			t.Fatalf("the whole: got %+v, want both", all)
		}
		passing.close(passing.id)
		equal(t, "line", late.line(t), []engine.SessionID{first.id})
	})
}

// A router that panics in the turn in which gathered changes are due begins anew, and
// the changes that gather then go out in time.
func TestGatheredChangesAfterARouterPanic(t *testing.T) {
	inHall(t, func(w *world, ada, _ *person) {
		first, second := w.enter("sales"), w.enter("sales")
		router := w.sys.tenant("demo").router
		router.lines.timer.Stop() // it comes in one batch with what ends the router
		router.mu.Lock()
		router.control = append(router.control, routing.Configure{}) // no tenant: it panics
		router.mu.Unlock()
		router.tell(linesDue{})
		time.Sleep(2 * lineWindow)
		third, fourth := w.enter("sales"), w.enter("sales")
		time.Sleep(2 * lineWindow)
		for _, id := range []engine.SessionID{first.id, second.id, third.id, fourth.id} {
			if !slices.Contains(ada.line(t), id) {
				t.Errorf("session %v is in no frame", id)
			}
		}
	})
}
