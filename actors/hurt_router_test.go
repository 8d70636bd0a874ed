package actors

import (
	"testing"
	"testing/synctest"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/routing"
)

func queues(s *screen) (all []*engine.Queue) {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, signal := range s.signals {
		if q, ok := signal.(*engine.Queue); ok {
			all = append(all, q)
		}
	}
	return all
}

// a router that panicked numbers from 1 again: watchers need a snapshot.
func TestQueueWatchAfterRouterPanic(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ada := w.operator("ada")
		ada.good(t, ada.do(engine.Draft{Op: engine.OpIntent, Intent: engine.IntentPaused}))
		for range 3 {
			w.visitor("").start("a")
		}
		router := w.sys.tenant("demo").router
		n := len(queues(ada.screen))
		router.tell(routing.Configure{}) // panics: no tenant
		w.visitor("").start("b")
		for i, q := range queues(ada.screen)[n:] {
			if i == 0 && !q.Snapshot {
				t.Errorf("first after the panic: revision %d, snapshot %v", q.Rev, q.Snapshot)
			}
		}
	})
}

// a snapshot that was asked for in the batch of a panic.
func TestQueueSnapshotLostWithRouterPanic(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		router := w.sys.tenant("demo").router
		synctest.Wait()
		router.mu.Lock()
		router.control = append(router.control, routing.Configure{})
		router.mu.Unlock()
		ada := w.operator("ada")
		w.visitor("").start("b")
		if len(queues(ada.screen)) == 0 {
			t.Error("an operator was never shown the waiting lines")
		}
	})
}
