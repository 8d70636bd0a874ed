package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/engine/simulate"
)

// simulateCmd runs the rules in virtual time, with everything that can go wrong, and
// checks the invariants at every step.
type simulateCmd struct {
	Events int    `default:"1000000" help:"Run until so many inputs were stepped into sessions, routers and operators."`
	Seed   uint64 `default:"1" help:"What to draw the worlds from: the same seed runs the same worlds."`
	JSON   bool   `name:"json" help:"Print the result as one line of JSON, the last one."`
	Story  string `type:"existingfile" help:"Play the story in this file instead, and tell what happens in it."`
}

// simulated is the result as a machine reads it. An event is one input stepped
// into a session, a router or an operator, with its checks.
type simulated struct {
	Events     int    `json:"events"`
	Violations int    `json:"violations"`
	PerSecond  int64  `json:"events_per_s"`
	Seed       uint64 `json:"seed"`
	Worlds     int    `json:"worlds"`
	Sessions   int    `json:"sessions"`
	Entries    int    `json:"entries"`
	Restarts   int    `json:"restarts"`
	Rests      int    `json:"rests"`
	// Excluded counts sessions that a restart ended instead of bringing back: their
	// transcripts were off, there was nothing to bring them back from.
	Excluded  int    `json:"excluded"`
	Invariant string `json:"invariant,omitempty"`
}

// simulateGC is how much a collection lets the heap grow, in percent: worlds are
// small and short-lived, and would be collected all the time.
const simulateGC = 1600

// Run runs, and fails on a violation.
func (c *simulateCmd) Run(io streams) error {
	if c.Story != "" {
		return c.tell(io)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(simulateGC))
	began := time.Now()
	result := simulate.Run(simulate.Options{Seed: c.Seed, Events: c.Events, Each: onAllCores, Together: worldsTogether()})
	took := time.Since(began)
	said := simulated{
		Events: result.Events, Violations: result.Violations, PerSecond: int64(float64(result.Events) / took.Seconds()), Seed: c.Seed,
		Worlds: result.Worlds, Sessions: result.Sessions, Entries: result.Entries, Restarts: result.Restarts, Rests: result.Rests,
		Excluded: result.Excluded,
	}
	if v := result.Violation; v != nil {
		said.Invariant = v.Invariant
		fmt.Fprintf(io.out, "# %v\n%v", v, result.Story)
	}
	if !c.JSON {
		fmt.Fprintf(io.out, "%d events in %d worlds, %d/s; %d sessions with %d entries, %d restarts, %d off-the-record sessions excluded from their check; %d violations\n",
			said.Events, said.Worlds, said.PerSecond, said.Sessions, said.Entries, said.Restarts, said.Excluded, said.Violations)
	} else if err := json.NewEncoder(io.out).Encode(said); err != nil {
		return err
	}
	if result.Violation != nil {
		return fmt.Errorf("an invariant is broken: %v", result.Violation)
	}
	return nil
}

// worldsTogether is how many worlds are played before their results are taken: many
// enough that no core waits long for the others.
func worldsTogether() int {
	if n := runtime.GOMAXPROCS(0); n > 1 {
		return 32 * n
	}
	return 1
}

// onAllCores calls do with 0 to n-1 on as many goroutines as there are processors. They
// end before it does.
func onAllCores(n int, do func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	all.Wait()
}

// tell plays a kept story.
func (c *simulateCmd) tell(io streams) error {
	text, err := os.ReadFile(c.Story)
	if err != nil {
		return err
	}
	story, err := simulate.ParseStory(string(text))
	if err != nil {
		return wrongUsage("%s: %w", c.Story, err)
	}
	fmt.Fprint(io.out, story.Tell())
	if v := story.Play(); v != nil {
		return fmt.Errorf("an invariant is broken: %v", v)
	}
	return nil
}
