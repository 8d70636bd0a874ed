package simulate_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/parleyhq/parley/engine/simulate"
)

// TestWorlds runs a few seeds: a million events, or with PARLEY_TEST_LONG=1 a hundred
// million. PARLEY_SEED runs another one, PARLEY_TELL=1 tells the story of a violation.
func TestWorlds(t *testing.T) {
	seeds, events := []uint64{0, 1, 2, 3}, 250_000
	switch {
	case os.Getenv("PARLEY_TEST_LONG") != "":
		events = 25_000_000
	case slow:
		events = 50_000
	}
	if n, err := strconv.Atoi(os.Getenv("PARLEY_EVENTS")); err == nil {
		events = n
	}
	if seed, err := strconv.ParseUint(os.Getenv("PARLEY_SEED"), 10, 64); err == nil {
		seeds = []uint64{seed}
	}
	for _, seed := range seeds {
		result := simulate.Run(simulate.Options{Seed: seed, Events: events, Long: os.Getenv("PARLEY_WHOLE_STORY") != ""})
		t.Logf("%d events in %d worlds: %d sessions, %d entries, %d restarts, %d rests, %v", result.Events, result.Worlds, result.Sessions, result.Entries, result.Restarts, result.Rests, result.Kinds)
		if result.Violation != nil {
			if os.Getenv("PARLEY_TELL") != "" {
				t.Log(last(result.Story.Tell(), 500))
			}
			t.Fatalf("seed %d, after %d events in world %d: %v\n%v", seed, result.Events, result.Worlds, result.Violation, result.Story)
		}
	}
}

// last is the end of a tale, its lines cut short.
func last(tale string, lines int) string {
	all := strings.Split(tale, "\n")
	all = all[max(0, len(all)-lines):]
	for i, line := range all {
		all[i] = line[:min(len(line), 900)]
	}
	return strings.Join(all, "\n")
}

// TestHunt lists what many worlds break: PARLEY_HUNT=events.
func TestHunt(t *testing.T) {
	events, _ := strconv.Atoi(os.Getenv("PARLEY_HUNT"))
	if events == 0 {
		t.Skip("PARLEY_HUNT is not set")
	}
	seen := map[string]int{}
	for seed := range uint64(1000) {
		result := simulate.Run(simulate.Options{Seed: seed + 100, Events: events / 1000, Long: true})
		if v := result.Violation; v != nil {
			what := v.Invariant + " " + digits.ReplaceAllString(v.Detail, "N")
			if seen[what]++; seen[what] == 1 {
				t.Logf("seed %d: %s, %d acts", seed+100, what, result.Story.Len())
			}
		}
	}
	for what, n := range seen {
		t.Logf("%d times %s", n, what)
	}
}

var digits = regexp.MustCompile("[0-9]+")
