package simulate_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/engine/simulate"
)

// TestStories plays what was found once. Each says in its first line what it was.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.story")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d stories, error %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			story, err := simulate.ParseStory(string(text))
			if err != nil {
				t.Fatal(err)
			}
			if v := story.Play(); v != nil {
				t.Errorf("%v\n%s", v, last(story.Tell(), 40))
			}
			again, err := simulate.ParseStory(story.String())
			if err != nil || again.String() != story.String() || again.Len() != story.Len() {
				t.Errorf("written and read again it is another story (error %v)", err)
			}
		})
	}
}

func TestStoryErrors(t *testing.T) {
	for _, text := range []string{"world 1\ndance 1 2 3", "world 1\ndeliver 1", "deliver 1 2 900", "deliver"} {
		if _, err := simulate.ParseStory(text); err == nil || !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("%q: got error %v", text, err)
		}
	}
}

// TestSameSeedSameWorld: a violation can be told by its seed.
func TestSameSeedSameWorld(t *testing.T) {
	o := simulate.Options{Seed: 42, Events: 30_000}
	a, b := simulate.Run(o), simulate.Run(o)
	if a.Events != b.Events || a.Entries != b.Entries || a.Sessions != b.Sessions || a.Restarts != b.Restarts {
		t.Errorf("got %+v, then %+v", a, b)
	}
}

// TestTogetherIsOneAfterAnother: a run is the same, however many worlds are played at a time.
func TestTogetherIsOneAfterAnother(t *testing.T) {
	o := simulate.Options{Seed: 42, Events: 60_000}
	want := simulate.Run(o)
	o.Together = 7
	o.Each = func(n int, do func(i int)) {
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() { do(i) })
		}
		all.Wait()
	}
	if got := simulate.Run(o); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestWorldsAreConfigured: a world's configurations are ones that a server accepts.
func TestWorldsAreConfigured(t *testing.T) {
	for seed := range uint64(300) {
		for i, tenant := range simulate.Plans(seed) {
			if err := tenant.Validate(); err != nil {
				t.Fatalf("world %d, plan %d: %v", seed, i, err)
			}
		}
	}
}
