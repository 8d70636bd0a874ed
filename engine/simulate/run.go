package simulate

import (
	"math/rand/v2"
	"slices"
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
	// Each calls do with 0 to n-1, in any order and at the same time if it likes, and
	// returns when all have returned. nil: one after another.
	Each     func(n int, do func(i int))
	Together int // worlds that Each is given at a time; 0 means 1
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
// violation. The same Options give the same Result, however many run together.
func Run(o Options) Result {
	o.ensureDefaults()
	result := Result{Seed: o.Seed, Kinds: map[engine.Kind]int{}, Causes: map[engine.Cause]int{}, Done: map[engine.Op]int{}, Refused: map[engine.Op]int{}}
	stages := make([]stage, o.Together)
	for result.wants(&o) {
		first := result.Worlds
		o.Each(len(stages), func(i int) {
			stages[i].play(&o, first+i, o.Events-result.Events)
		})
		for i := range stages {
			if !result.wants(&o) {
				break
			}
			if i > 0 && result.Events+stages[i].acted >= o.Events { // it knew nothing of those before it
				stages[i].play(&o, first+i, o.Events-result.Events)
			}
			result.take(&o, &stages[i])
		}
	}
	return result
}

func (o *Options) ensureDefaults() {
	if o.Events <= 0 {
		o.Events = 1000
	}
	if o.Acts <= 0 {
		o.Acts = defaultActs
	}
	if o.Each == nil {
		o.Together, o.Each = 1, func(n int, do func(i int)) {
			for i := range n {
				do(i)
			}
		}
	}
	o.Together = max(o.Together, 1)
}

func (r *Result) wants(o *Options) bool {
	return r.Events < o.Events && (r.Violations == 0 || o.KeepGoing)
}

// stage is where a world is played, and after it others.
type stage struct {
	world *world
	acts  []act
	acted int      // events until the final rest
	spare []*house // of the world before
}

// play plays the run's n-th world, until there were so many events.
func (s *stage) play(o *Options, n, events int) {
	seed := worldSeed(o.Seed, n)
	if s.world != nil {
		s.spare = append(s.world.spare, s.world.houses...)
	}
	w := newWorld(seed, n%offEvery == offEvery-1)
	w.spare = s.spare
	s.world, s.acts = w, s.acts[:0]
	r := rand.New(rand.NewPCG(seed, 2))
	for len(s.acts) < o.Acts && w.violation == nil && w.events < events {
		x := w.draw(r)
		if n := len(s.acts); n < maxOperators { // most come to work in the morning
			x = act{connect, uint8(n), x.b, 0x18}
		}
		s.acts = append(s.acts, x)
		w.do(x)
	}
	s.acted = w.events
	w.rest()
}

// take adds what came of a world.
func (r *Result) take(o *Options, s *stage) {
	seed, w := worldSeed(o.Seed, r.Worlds), s.world
	r.add(w)
	if w.violation == nil {
		return
	}
	if r.Violations++; r.Story != nil {
		return
	}
	r.Violation = w.violation
	r.Story = &Story{Seed: seed, Off: w.off, acts: slices.Clone(s.acts)}
	if !o.Long {
		r.Story = r.Story.Shorten()
	}
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
