package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
)

// TestKillAmongOffers kills the real server with SIGKILL among live offers, waiting
// lines and owned chats, starts it on the same data and lets people come back. It
// wants each session that was acknowledged in one place (I4), one owner an epoch
// (I1), no offer of before (recovery, 3.5.9), the lines in their order (I6) and
// every acknowledged message where it was.
//
// 100 chats are owned and about as many offered; with PARLEY_TEST_LONG=1 it is 1,000
// of each, then 20 rounds at random moments of the build-up.
func TestKillAmongOffers(t *testing.T) {
	if os.Getenv("PARLEY_TEST_LONG") == "" {
		killRound(t, killSize{operators: 40, grace: 2 * time.Second, orders: 10}, rand.New(rand.NewPCG(1, 1)))
		return
	}
	t.Run("1000", func(t *testing.T) {
		killRound(t, killSize{operators: 400, grace: 20 * time.Second, orders: 100}, rand.New(rand.NewPCG(2, 2)))
	})
	for round := range 20 {
		t.Run(fmt.Sprintf("round %d", round), func(t *testing.T) {
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			size := killSize{operators: 100, grace: 4 * time.Second, orders: 20, early: true, twice: round%2 == 1}
			killRound(t, size, rand.New(rand.NewPCG(seed, 3)))
		})
	}
}

// killSize is how large a round is and how it goes.
type killSize struct {
	operators int
	grace     time.Duration // of an operator whose connection is lost
	orders    int           // places of the line that are tried one after the other
	early     bool          // killed at a random moment of the build-up
	twice     bool          // killed again while it recovers
}

const (
	killCapacity = 5 // chats of one operator
	killLines    = 2 // departments, half of the operators each
)

// visitors are so many that every slot is taken and a line is left: half of the
// slots by chats, half by offers.
func (s killSize) visitors() int { return s.operators * 11 / 2 }

// share is how many chats an operator takes: half of its slots.
func (s killSize) share(operator int) int { return killCapacity/2 + operator/killLines%2 }

func killRound(t *testing.T, size killSize, rng *rand.Rand) {
	w := newKillWorld(t, size)
	w.boot()
	built := make(chan time.Duration, 1)
	w.build(built)
	if size.early {
		select {
		case took := <-built:
			built <- took
		case <-time.After(200*time.Millisecond + time.Duration(rng.Int64N(int64(2*time.Second)))):
		}
	} else {
		took := <-built
		w.settle()
		t.Logf("built in %v: %d sessions, %d owned, %d offers live", took.Round(time.Millisecond), len(w.started()), w.owned(), w.offers())
	}
	w.account("built")
	w.chatter()
	ready := w.kill()
	if size.twice {
		time.Sleep(time.Duration(rng.Int64N(int64(200 * time.Millisecond)))) // a moment of the recovery
		ready = w.kill()
	}
	begun := time.Now()
	w.comeBack()
	back := time.Since(begun)
	w.awaitLost()
	w.settle()
	settled := time.Since(begun)
	w.account("back")
	w.check()
	w.lateAccepts()
	ordered := w.checkOrder()
	t.Logf("%d acknowledged sessions, %d chats and %d messages; %d offers of before refused; ready %v after the kill, all back %v later, settled %v later; %d places of the lines tried",
		len(w.started()), w.accepted(), w.messages(), w.late, ready.Round(time.Millisecond), back.Round(time.Millisecond), settled.Round(time.Millisecond), ordered)
}

// account logs what the server has written to sockets since it began, and why it
// ended connections.
func (w *killWorld) account(when string) {
	all := w.h.figures()
	var ended string
	for name, n := range all {
		if reason, is := strings.CutPrefix(name, "parley_bye_total"); is && n > 0 {
			ended += fmt.Sprintf(" %s %.0f", reason, n)
		}
	}
	w.h.t.Logf("%s: %.0f frames of %.1f MB written, %d to operators' watches; connections ended:%s", when,
		all["parley_ws_frames_out_total"], all["parley_ws_out_bytes_total"]/1e6, w.moved.Load(), cmp.Or(ended, " none"))
}
