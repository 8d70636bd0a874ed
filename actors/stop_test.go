package actors

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// What is told to a session that a stop has ended starts another life of it. Nobody
// tells that one to quit: it must not be what the stop waits for in vain.
func TestALifeBegunDuringAStopEndsByItself(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		visitor, operator := talking(w)
		visitor.seat.Leave()
		operator.seat.Leave()
		synctest.Wait()
		tenancy := w.sys.tenant(w.tenant.ID)
		w.sys.stopping.Store(true)
		tenancy.lookup(visitor.id).tell(quit{})
		synctest.Wait()
		tenancy.lookup(visitor.id).tell(detach{operator.seat.(*seat)})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := tenancy.liveSessions.wait(ctx); err != nil {
			t.Errorf("sessions: %v", err)
		}
		w.sys.stopping.Store(false) // for the world's own stop
	})
}
