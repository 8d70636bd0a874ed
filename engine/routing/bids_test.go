package routing

import (
	"slices"
	"testing"

	"github.com/parleyhq/parley/engine"
	"pgregory.net/rapid"
)

// TestBids compares the heap with a sorted slice, bids being entered between.
func TestBids(t *testing.T) {
	sessions := make([]*session, 6)
	for i := range sessions {
		sessions[i] = &session{arrival: int64(i / 2), ref: engine.SessionRef{Session: engine.SessionID{15: byte(i)}}}
	}
	operators := []*operator{nil, {id: "ada"}, {id: "bob"}}
	rapid.Check(t, func(t *rapid.T) {
		var heap bids
		var sorted []bid
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				b := bid{rapid.SampledFrom(sessions).Draw(t, "session"), rapid.SampledFrom(operators).Draw(t, "operator"), rapid.Bool().Draw(t, "back")}
				heap.push(b)
				sorted = append(sorted, b)
				slices.SortFunc(sorted, func(a, b bid) int {
					switch {
					case bidLess(&a, &b):
						return -1
					case bidLess(&b, &a):
						return 1
					default:
						return 0
					}
				})
			},
			"pop": func(t *rapid.T) {
				if len(sorted) == 0 {
					return
				}
				if got := heap.pop(); got != sorted[0] {
					t.Fatalf("got %+v, want %+v", got, sorted[0])
				}
				sorted = sorted[1:]
			},
			"": func(t *rapid.T) {
				if len(heap) != len(sorted) {
					t.Fatalf("%d bids, want %d", len(heap), len(sorted))
				}
			},
		})
	})
}
