package operator_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/operator"
)

// Who is back soon after a start costs its sessions nothing but the word that it is
// there: they were never told that it was missing.
func TestASoonReturnAfterAStart(t *testing.T) {
	d := newDesk(t)
	d.step(operator.Restore{Sessions: []operator.Owned{{Session: sid(1), Epoch: 2}}})
	d.after(grace / 4)
	d.step(connect(1))
	for _, said := range d.heard {
		if said.Gone {
			t.Errorf("its session was told %+v", said)
		}
	}
	if d.m.IsQuiet() || len(d.heard) != 1 {
		t.Errorf("quiet %v, told %+v; want told once that it is there", d.m.IsQuiet(), d.heard)
	}
}

// Each operator's sessions hear of it at its own moment, between a third and two thirds
// of the grace and within 20 s; what they are told is since when it counts. A session
// that it gets to know of meanwhile hears of it with the others.
func TestSessionsHearOfAStartAtDifferentMoments(t *testing.T) {
	moments := map[time.Duration]bool{}
	for _, grace := range []time.Duration{time.Second, 30 * time.Second, 10 * time.Minute} {
		for i := range 100 {
			m := operator.New(engine.OperatorID(fmt.Sprintf("op%d", i)))
			m.Step(operator.Configure{Known: true, Grace: 20 * time.Minute, Shortest: grace}, nine, nil)
			m.Step(operator.Restore{Sessions: []operator.Owned{{Session: sid(1)}}}, nine, nil)
			m.Step(operator.Gained{Session: sid(2)}, nine.Add(time.Millisecond), nil)
			at := m.Deadline()
			part := min(grace/3, 10*time.Second).Truncate(time.Millisecond)
			if after := at.Sub(nine); after < part || after >= 2*part {
				t.Fatalf("grace %s: told after %s", grace, after)
			}
			moments[at.Sub(nine)] = true
			var told []operator.TellOwned
			for _, e := range m.Step(operator.Tick{}, at, nil) {
				if e, is := e.(operator.TellOwned); is {
					told = append(told, e)
				}
			}
			if len(told) != 1 || len(told[0].Sessions) != 2 || !told[0].Gone || !told[0].Since.Equal(nine) {
				t.Fatalf("told %+v", told)
			}
			if next := m.Deadline(); !next.After(at) {
				t.Fatalf("the deadline stands: %v", next)
			}
		}
	}
	if len(moments) < 150 {
		t.Errorf("%d moments for 300 operators", len(moments))
	}
}

// Who signs out, is removed or is there is told at once, quiet or not; a drain that comes
// meanwhile tells nothing: nobody has gone by it.
func TestQuietIsOfThoseWhoAreMissing(t *testing.T) {
	for _, c := range []struct {
		in   operator.Input
		told int
	}{
		{operator.SetIntent{Intent: engine.IntentSignedOut, Cause: engine.CauseSupervisor, By: "sue"}, 1},
		{operator.Configure{Known: false}, 1},
		{operator.Drain{}, 0},
		{connect(1), 1},
	} {
		d := newDesk(t)
		d.step(operator.Restore{Sessions: []operator.Owned{{Session: sid(1)}}}, c.in)
		if len(d.heard) != c.told {
			t.Errorf("%T: told %+v", c.in, d.heard)
		}
	}
}
