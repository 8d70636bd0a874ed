package transport

import "time"

// limiter allows a rate of messages with a burst of four seconds' worth: the
// generic cell rate algorithm, whose whole state is one moment. The zero value
// allows everything from a full bucket on.
type limiter struct {
	free int64 // Unix nanoseconds at which the bucket is full again
}

const burstSeconds = 4

// take takes one message out of the bucket, or answers how long to wait for
// one. perSecond 0 allows nothing.
func (l *limiter) take(now time.Time, perSecond float64) time.Duration {
	if perSecond <= 0 {
		return time.Second
	}
	each := int64(float64(time.Second) / perSecond)
	depth := max(burstSeconds*int64(time.Second), each)
	free := max(l.free, now.UnixNano()) + each
	if wait := free - depth - now.UnixNano(); wait > 0 {
		return time.Duration(wait)
	}
	l.free = free
	return 0
}

// isFull reports that nothing was taken lately.
func (l *limiter) isFull(now time.Time) bool { return l.free <= now.UnixNano() }
