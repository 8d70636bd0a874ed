package gather

import (
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestNothingIsLost: what each producer put comes once, in its order.
func TestNothingIsLost(t *testing.T) {
	const producers, each = 8, 2000
	q := New[[2]int](50 * time.Microsecond)
	var all sync.WaitGroup
	for p := range producers {
		all.Go(func() {
			for i := range each {
				if !q.Put([2]int{p, i}) {
					t.Error("refused before Close")
				}
			}
		})
	}
	go func() { all.Wait(); q.Close() }()
	var next [producers]int
	for {
		items, open := q.Take()
		if !open {
			break
		}
		for _, item := range items {
			if item[1] != next[item[0]] {
				t.Fatalf("producer %d: got %d, want %d", item[0], item[1], next[item[0]])
			}
			next[item[0]]++
		}
	}
	for p, got := range next {
		if got != each {
			t.Errorf("producer %d: got %d items, want %d", p, got, each)
		}
	}
	if q.Put([2]int{}) {
		t.Error("accepted after Close")
	}
}

// TestLoneWriterDoesNotWait: lingering needs a larger batch before.
func TestLoneWriterDoesNotWait(t *testing.T) {
	q := New[int](time.Hour)
	for i := range 3 {
		q.Put(i)
		if items, _ := q.Take(); len(items) != 1 || items[0] != i {
			t.Fatalf("got %v, want one item: %d", items, i)
		}
	}
	q.Put(1)
	q.Put(2)
	q.Take()
	q.Put(3)
	go q.Put(4)
	if items, _ := q.Take(); len(items) != 2 {
		t.Errorf("after a batch of two: got %d items, want to wait for two", len(items))
	}
}

func TestCloseHandsOutTheRest(t *testing.T) {
	q := New[int](0)
	q.Put(1)
	q.Close()
	q.Close()
	if items, open := q.Take(); !open || len(items) != 1 {
		t.Errorf("got %v, %v, want the one item", items, open)
	}
	if _, open := q.Take(); open {
		t.Error("still open")
	}
}
