package routing

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestOrder compares the tree with a sorted slice.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := newOrder(func(a, b int) bool { return a < b })
		needs := map[int]int{}
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			item := rapid.IntRange(0, 50).Draw(t, "item")
			_, known := needs[item]
			switch {
			case rapid.Bool().Draw(t, "remove"):
				if got := o.remove(item); got != known {
					t.Fatalf("remove %d: got %v, want %v", item, got, known)
				}
				delete(needs, item)
			case !known:
				needs[item] = rapid.IntRange(0, 9).Draw(t, "need")
				o.insert(item, needs[item], int64(needs[item]))
			}
			agree(t, &o, needs)
		}
	})
}

func agree(t *rapid.T, o *order[int], needs map[int]int) {
	var got, want []int
	o.each(func(item int) bool { got = append(got, item); return true })
	for item := range needs {
		want = append(want, item)
	}
	slices.Sort(want)
	if !slices.Equal(got, want) || o.size != len(want) {
		t.Fatalf("got %v (%d), want %v", got, o.size, want)
	}
	limit := rapid.IntRange(-1, 10).Draw(t, "limit")
	odd := func(item int) bool { return item%2 == 1 }
	at := slices.IndexFunc(want, func(item int) bool { return needs[item] <= limit && odd(item) })
	first, found := o.first(limit, odd)
	if found != (at >= 0) || found && first != want[at] {
		t.Fatalf("first with need up to %d of %v: got %d, %v", limit, needs, first, found)
	}
	var within, fit []int
	o.within(limit, func(item int) bool { within = append(within, item); return len(within) < 3 })
	for i, item := range want {
		if needs[item] <= limit && len(fit) < 3 {
			fit = append(fit, item)
		}
		if got := o.before(item); got != i {
			t.Fatalf("before %d of %v: got %d, want %d", item, want, got, i)
		}
	}
	if !slices.Equal(within, fit) {
		t.Fatalf("within %d of %v: got %v, want %v", limit, needs, within, fit)
	}
	oldest := int64(1 << 40)
	for _, need := range needs {
		oldest = min(oldest, int64(need))
	}
	if got, found := o.oldest(); found != (len(needs) > 0) || found && got != oldest {
		t.Fatalf("oldest of %v: got %d, %v", needs, got, found)
	}
	least, found := o.min()
	if found != (len(want) > 0) || found && least != want[0] {
		t.Fatalf("min of %v: got %d, %v", want, least, found)
	}
}

// TestOrderStaysShallow: ascending insertions, the order in which sessions come,
// must not make a list of the tree.
func TestOrderStaysShallow(t *testing.T) {
	o := newOrder(func(a, b int) bool { return a < b })
	const n = 100_000
	for i := range n {
		o.insert(i, i, 0)
	}
	var depth func(n *node[int]) int
	depth = func(n *node[int]) int {
		if n == nil {
			return 0
		}
		return 1 + max(depth(n.left), depth(n.right))
	}
	if got := depth(o.root); got > 80 {
		t.Errorf("depth %d of %d items, want about 2·ln n = 23 to 45", got, n)
	}
}
