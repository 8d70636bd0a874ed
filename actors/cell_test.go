package actors

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// once is an owner whose cell ends with what it takes first.
type once struct {
	c     *cell
	taken *int
}

func (o once) turn() verdict {
	control, _ := o.c.take(0)
	*o.taken += len(control)
	return end
}

func (once) fail(any) {}

// Who posts and is slow to wake the actor may find that a turn under way has taken
// the item and ended the cell: no process may begin then, for nobody would end it.
func TestALateWakeOfAnEndedCellStartsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := newMetrics(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		rt := newRuntime(slog.New(slog.DiscardHandler), m)
		var live liveCount
		var taken, births int
		c := &cell{rt: rt, name: "once", live: &live}
		c.birth = func() owner { births++; return once{c, &taken} }
		c.tell("first")
		synctest.Wait()
		if taken != 1 || live.n != 0 || c.tell("late") {
			t.Fatalf("%d taken, %d live: the cell has not ended", taken, live.n)
		}
		c.wake()
		synctest.Wait()
		if births != 1 {
			t.Errorf("%d processes began, want 1", births)
		}
		rt.system.Shutdown()
		time.Sleep(time.Minute) // Proto.Actor's dead-letter throttle ends with its window
	})
}
