package simulate

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"github.com/parleyhq/parley/engine/invariant"
)

// Story is a world's seed and what happened in it.
type Story struct {
	Seed uint64
	Off  bool // nothing is recorded
	acts []act
}

// Len is how many acts the story has.
func (s *Story) Len() int { return len(s.acts) }

// Play plays the story and answers the first violation, or nil. Every story ends
// with a rest. A panic of a machine is a violation too.
func (s *Story) Play() (v *invariant.Violation) {
	w := newWorld(s.Seed, s.Off)
	defer func() {
		if p := recover(); p != nil {
			v = &invariant.Violation{Invariant: "panic", Detail: fmt.Sprint(p)}
		}
	}()
	for _, x := range s.acts {
		if w.do(x); w.violation != nil {
			return w.violation
		}
	}
	w.rest()
	return w.violation
}

// Tell plays the story and tells, in lines, every input and effect: for whoever has
// to understand a violation.
func (s *Story) Tell() string {
	var tale strings.Builder
	w := newWorld(s.Seed, s.Off)
	w.tale = &tale
	for _, x := range s.acts {
		w.tell("--- %s %d %d %d", deedNames[x.deed], x.a, x.b, x.c)
		if w.do(x); w.violation != nil {
			break
		}
	}
	if w.violation == nil {
		w.tell("--- rest")
		w.rest()
	}
	if w.violation != nil {
		w.tell("=== %v", w.violation)
	}
	return tale.String()
}

// playLimit bounds how often a story is played to shorten it.
const playLimit = 4000

// Shorten leaves out acts while the story still breaks the same invariant: halves
// first, then single acts (delta debugging; Zeller and Hildebrandt 2002).
func (s *Story) Shorten() *Story {
	first := s.Play()
	if first == nil {
		return s
	}
	short := &Story{Seed: s.Seed, Off: s.Off, acts: slices.Clone(s.acts)}
	plays := 0
	fails := func(acts []act) bool {
		plays++
		v := (&Story{Seed: s.Seed, Off: s.Off, acts: acts}).Play()
		return v != nil && v.Invariant == first.Invariant
	}
	for size := max(1, len(short.acts)/2); size >= 1 && plays < playLimit; {
		left := false
		for from := 0; from < len(short.acts) && plays < playLimit; {
			until := min(from+size, len(short.acts))
			without := slices.Concat(short.acts[:from], short.acts[until:])
			if fails(without) {
				short.acts, left = without, true
			} else {
				from = until
			}
		}
		if size == 1 && !left {
			break
		}
		if size = size / 2; size == 0 {
			size = 1
		}
	}
	return short
}

// String is the story as it is kept: one act per line.
func (s *Story) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "world %d", s.Seed)
	if s.Off {
		b.WriteString(" off")
	}
	b.WriteByte('\n')
	for _, x := range s.acts {
		fmt.Fprintf(&b, "%s %d %d %d\n", deedNames[x.deed], x.a, x.b, x.c)
	}
	return b.String()
}

// ParseStory reads what String wrote; lines that begin with # are remarks.
func ParseStory(text string) (*Story, error) {
	s := &Story{}
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if _, err := fmt.Sscanf(line, "world %d", &s.Seed); err == nil {
			s.Off = strings.HasSuffix(line, " off")
			continue
		}
		var name string
		var x act
		if _, err := fmt.Sscanf(line, "%s %d %d %d", &name, &x.a, &x.b, &x.c); err != nil {
			return nil, fmt.Errorf("line %d: want a deed and three numbers", n)
		}
		i := slices.Index(deedNames[:], name)
		if i < 0 {
			return nil, fmt.Errorf("line %d: no deed %q", n, name)
		}
		x.deed = deed(i)
		s.acts = append(s.acts, x)
	}
	return s, lines.Err()
}
