package simulate

import (
	"math/rand/v2"
	"time"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/engine/invariant"
)

// Options says what to run. The zero Options runs a thousand events of seed 0.
type Options struct {
	Seed   uint64
	Events int // stops after so many; 0 means 1,000
	Acts   int // of one world, before the next begins; 0 means 3,000
	// KeepGoing runs on after a violation, with the next world, and counts them.
	KeepGoing bool
	// Long leaves a failing story as long as it is: shortening takes many runs.
	Long bool
}

// Result is what came of a run.
type Result struct {
	Seed       uint64
	Events     int // inputs stepped into machines
	Worlds     int
	Sessions   int                 // begun
	Entries    int                 // written, those that a power cut took included
	Restarts   int                 // of a session, a router, an operator or all
	Excluded   int                 // sessions that no restart was checked of: nothing is recorded, they ended with their process
	Rests      int                 // times when all mail had arrived and all was checked
	Kinds      map[engine.Kind]int // of the entries
	Causes     map[engine.Cause]int
	Done       map[engine.Op]int // answered, by what was asked for
	Refused    map[engine.Op]int
	Violations int
	Violation  *invariant.Violation // the first; nil: none
	Story      *Story               // of the first
}

// defaultActs keeps stories short enough to be shortened, and worlds small
// enough for full scans.
const defaultActs = 3000

// offEvery: every so many worlds, one has transcripts off.
const offEvery = 6

// Run runs worlds of one seed after another until there were enough events, or a
// violation. The same Options give the same Result.
func Run(o Options) Result {
	if o.Events <= 0 {
		o.Events = 1000
	}
	if o.Acts <= 0 {
		o.Acts = defaultActs
	}
	result := Result{Seed: o.Seed, Kinds: map[engine.Kind]int{}, Causes: map[engine.Cause]int{}, Done: map[engine.Op]int{}, Refused: map[engine.Op]int{}}
	acts := make([]act, 0, o.Acts)
	var spare []*house
	for result.Events < o.Events && (result.Violations == 0 || o.KeepGoing) {
		seed := worldSeed(o.Seed, result.Worlds)
		off := result.Worlds%offEvery == offEvery-1
		w := newWorld(seed, off)
		w.spare = spare
		r := rand.New(rand.NewPCG(seed, 2))
		acts = acts[:0]
		for len(acts) < o.Acts && w.violation == nil && result.Events+w.events < o.Events {
			x := w.draw(r)
			if n := len(acts); n < maxOperators { // most come to work in the morning
				x = act{connect, uint8(n), x.b, 0x18}
			}
			acts = append(acts, x)
			w.do(x)
		}
		w.rest()
		spare = append(w.spare, w.houses...)
		result.add(w)
		if w.violation != nil {
			result.Violations++
			if result.Story == nil {
				result.Violation = w.violation
				result.Story = &Story{Seed: seed, Off: off, acts: append([]act(nil), acts...)}
				if !o.Long {
					result.Story = result.Story.Shorten()
				}
			}
		}
	}
	return result
}

func (r *Result) add(w *world) {
	r.Events += w.events
	r.Worlds++
	r.Sessions += len(w.houses)
	r.Restarts += w.restarts
	r.Excluded += w.excluded
	r.Rests += w.rests
	for i, n := range w.tally.kinds {
		r.Entries += n
		count(r.Kinds, engine.Kind(i), n)
	}
	for i := range w.tally.causes {
		count(r.Causes, engine.Cause(i), w.tally.causes[i])
		count(r.Done, engine.Op(i), w.tally.done[i])
		count(r.Refused, engine.Op(i), w.tally.refused[i])
	}
}

// tally counts what happens in a world, by numbers of the vocabulary.
type tally struct{ kinds, causes, done, refused [256]int }

func count[K comparable](all map[K]int, k K, n int) {
	if n > 0 {
		all[k] += n
	}
}

// worldSeed spreads the seeds of a run's worlds (SplitMix64's finaliser).
func worldSeed(seed uint64, world int) uint64 {
	z := seed*0x9e3779b97f4a7c15 + uint64(world)*0xbf58476d1ce4e5b9
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Lasted is how much virtual time a story takes.
func (s *Story) Lasted() time.Duration {
	w := newWorld(s.Seed, s.Off)
	for _, x := range s.acts {
		w.do(x)
	}
	return w.now.Sub(start)
}
