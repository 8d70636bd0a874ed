package engine

import (
	"testing"
	"time"
)

// What is to be tried again in less than a millisecond is still to be tried again.
func TestARetryIsNeverRoundedAway(t *testing.T) {
	for in, want := range map[time.Duration]time.Duration{
		0: 0, 1: time.Millisecond, 300 * time.Microsecond: time.Millisecond, time.Millisecond: time.Millisecond,
		time.Millisecond + 1: 2 * time.Millisecond, time.Second: time.Second,
	} {
		if got := ErrRateLimited.After(in).Retry; got != want {
			t.Errorf("after %v: got %v, want %v", in, got, want)
		}
	}
}
